"""Files behind a URL that the user named: fetched whole into a private folder for as long as they are imported.

Nothing else is ever fetched: a URL inside a file is only text. Names of remote files are labels; the copies are
named by us. A zip archive is read through our own checks (see `archive`), member by member.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from allegiance.corpus.archive import Archive, Limits
from allegiance.corpus.glob import capture
from allegiance.corpus.importers.source import SUFFIXES
from allegiance.corpus.needs import need
from allegiance.errors import AllegianceError, ImportRefused, MissingExtra

_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_ZIP = "zip://"
_UNSAFE = re.compile(r"[^\w.=@+-]+")
_CHUNK = 1 << 20
_FORBIDDEN = ("reference", "generic", "dir", "git", "github", "jupyter", "dask", "libarchive", "tar")
"""Kinds of URL that stand for other URLs, run something, or open archives that we do not check."""


def is_url(text: str) -> bool:
    """Whether this names something elsewhere, and no path."""
    return _URL.match(text) is not None


@contextmanager
def local(named: Sequence[str], limits: Limits | None = None) -> Iterator[list[Path]]:
    """Paths for what was named: paths as they are; what URLs name as copies, which are gone afterwards.

    Args:
        named: Paths, and URLs such as ``s3://bucket/logs/``, ``https://host/file.jsonl``, ``file:///path`` and
            ``zip://MEMBERS::URL or path``, in which MEMBERS is a name or a pattern.
        limits: What is fetched at most: `Limits.total_bytes` from each URL.

    Raises:
        ImportRefused: A URL cannot be read, or holds no files that we look for. Says which, without its query.
        MissingExtra: The packages that read such URLs are not installed.
    """
    if not any(map(is_url, named)):
        yield [Path(one) for one in named]
        return
    with tempfile.TemporaryDirectory(prefix="allegiance-") as folder:
        made = []
        for number, one in enumerate(named):
            into = Path(folder, str(number))
            made.append(_fetched(one, into, limits or Limits()) if is_url(one) else Path(one))
        yield made


def shown(url: str) -> str:
    """A URL for people: without user, password, query and fragment, where keys may stand."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def _fetched(url: str, into: Path, limits: Limits) -> Path:
    if url.startswith("file://") and "::" not in url:
        return Path(urlsplit(url).path)
    into.mkdir()
    if url.startswith(_ZIP):
        return _unzipped(url, into, limits)
    return _copied(url, into, limits)


def _unzipped(url: str, into: Path, limits: Limits) -> Path:
    """The members that a URL names, each as a file."""
    members, mark, archive = url.removeprefix(_ZIP).partition("::")
    if not mark or not archive:
        raise ImportRefused(
            "this URL does not say which archive.", where=shown(url), next="Write zip://MEMBERS::ARCHIVE."
        )
    holder = into / "archive"
    holder.mkdir()
    path = _copied(archive, holder, limits) if is_url(archive) else Path(archive)
    try:
        with path.open("rb") as file:
            _take_members(Archive(file, path.name, limits), members or "*", into / "members", url)
    except OSError as error:
        raise ImportRefused(f"it cannot be opened: {error.strerror}.", where=str(path)) from None
    return into / "members"


def _take_members(archive: Archive, wanted: str, into: Path, url: str) -> None:
    into.mkdir()
    names = [name for name in archive.names() if not name.endswith("/")]
    fits = [
        name for name in names if name == wanted or (wanted == "*" and _looked_for(name)) or _fits(wanted, name)
    ]
    for number, name in enumerate(fits):
        (into / f"{number:05}-{_safe(name.rpartition('/')[2])}").write_bytes(archive.read(name))
    if not fits:
        raise ImportRefused(f"the archive has no member {wanted!r} that we look for.", where=shown(url))


def _fits(pattern: str, name: str) -> bool:
    return "*" in pattern and capture(pattern, name) is not None


def _copied(url: str, into: Path, limits: Limits) -> Path:
    """A file, or all files that we look for below a folder."""
    need("fsspec", "remote")
    if "::" in url or urlsplit(url).scheme in _FORBIDDEN:
        raise ImportRefused("this kind of URL is not read.", where=shown(url), next="Name the file itself.")
    import fsspec  # noqa: PLC0415 (an extra)

    with _reaching(url):
        system, path = fsspec.core.url_to_fs(url)
        found = [path] if system.isfile(path) else sorted(name for name in system.find(path) if _looked_for(name))
        if not found:
            raise ImportRefused("there are no logs or transcripts there.", where=shown(url))
        left = limits.total_bytes
        for name in found:
            target = _target(into, name, path)
            with system.open(name, "rb") as remote, target.open("xb") as copy:
                left -= _copy(remote, copy, left, shown(url))
    return target if len(found) == 1 and found[0] == path else into


def _copy(remote: BinaryIO, copy: BinaryIO, left: int, where: str) -> int:
    size = 0
    while chunk := remote.read(_CHUNK):
        size += len(chunk)
        if size > left:
            raise ImportRefused("there is more there than the limit lets in.", where=where, next="Name less of it.")
        copy.write(chunk)
    return size


def _target(into: Path, name: str, root: str) -> Path:
    """Where the copy of a remote file goes: under its name below the root, made safe."""
    below = name[len(root) :] if name.startswith(root) else name
    steps = [_safe(step) for step in below.split("/") if step] or [_safe(name.rpartition("/")[2])]
    target = into.joinpath(*steps)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _safe(name: str) -> str:
    made = _UNSAFE.sub("-", name)[-120:]
    return f"-{made}" if made.strip(".") == "" else made


def _looked_for(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


@contextmanager
def _reaching(url: str) -> Iterator[None]:
    """Says whatever goes wrong on the way in a sentence, without what a key may stand in."""
    try:
        yield
    except AllegianceError:
        raise
    except ImportError as error:
        raise MissingExtra(str(error.name or "for URLs of this kind"), "remote") from None
    except Exception as error:  # each kind of store has errors of its own
        why = " ".join(str(error).split()).replace(url, shown(url))
        why = re.sub(r"\?\S+", "", re.sub(r"//[^/@\s]+@", "//", why))[:200]
        raise ImportRefused(
            f"it cannot be read: {type(error).__name__}{': ' if why else ''}{why}.",
            where=shown(url),
            next="Check the address and your access; then import again.",
        ) from None
