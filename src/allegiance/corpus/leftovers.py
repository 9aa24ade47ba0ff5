"""What a corpus no longer needs: found first, shown, and then removed.

Everything that a version needs stays, if the version is the current one or one that the caller names. Of other
versions the manifest stays; where segments of theirs go, ``corpus/collected.json`` says so before they do.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from allegiance.corpus.files import PARTIAL, write_whole
from allegiance.records.manifest import Manifest

if TYPE_CHECKING:
    from allegiance.corpus.store import Corpus

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Leftover:
    """A file or folder that nothing needs: its path, its size in bytes, and what it is."""

    path: Path
    bytes: int
    what: str


@dataclass(frozen=True)
class Leftovers:
    """What can go: files and folders, and the versions that cannot be read any more when they are gone."""

    found: tuple[Leftover, ...] = ()
    versions: tuple[str, ...] = ()


def leftovers(corpus: Corpus, needed: Collection[str] = ()) -> Leftovers:
    """What nothing needs. Changes nothing.

    Args:
        corpus: Where.
        needed: Versions that must stay readable beside the current one.
    """
    collected = corpus.collected()
    kept, others = set(), {}
    for number, version in enumerate(corpus.versions()):
        hexes = now(corpus, version)
        if number == 0 or (version in needed and version not in collected):
            kept |= hexes
        else:
            others[version] = hexes
    given_up = tuple(version for version, hexes in others.items() if version not in collected and hexes - kept)
    found = [*_segments(corpus, kept, set().union(*others.values())), *_indexes(corpus, kept)]
    return Leftovers(tuple(found), given_up)


def collect(corpus: Corpus, needed: Callable[[], Collection[str]]) -> Leftovers:
    """Remove what nothing needs, holding the lock of the writer.

    Args:
        corpus: Where.
        needed: Asked once the lock is held, for the versions that must stay readable.

    Returns:
        What was removed.
    """
    with corpus.writing():
        made = leftovers(corpus, needed())
        if made.versions:
            told = {"versions": sorted({*corpus.collected(), *made.versions})}
            write_whole(corpus.folder / "collected.json", json.dumps(told).encode() + b"\n")
        for each in made.found:
            remove(each.path)
    return made


def drop_indexes(folder: Path, kept: Collection[str]) -> list[Path]:
    """Delete every index that may cover a segment beyond those kept; returns what went.

    What has the digest of a segment in its name covers that segment alone, and stays if it is kept. A folder with
    anything in it whose name says nothing may cover many, and goes whole. All of it is derived and made again.

    Args:
        folder: The folder of the corpus.
        kept: Digests of segments in hex, without ``sha256:``.
    """
    gone = []
    for kind in sorted((folder / "index").glob("*")):
        for path in _covering(kind, set(kept)):
            remove(path)
            gone.append(path)
    return gone


def finish_purges(folder: Path, manifest: Manifest) -> list[Path]:
    """Delete what a take-down still has to delete; returns what went. The lock must be held."""
    old = {purge.segment for purge in manifest.purged}
    paths = [folder / "segments" / f"{hex_of(digest)}.parquet" for digest in sorted(old)]
    there = [path for path in paths if path.exists()]
    if not there:
        return []
    living = {path.stem for path in (folder / "segments").glob("*.parquet")} | {
        hex_of(purge.columns) for purge in manifest.purged
    }
    gone = drop_indexes(folder, living - {path.stem for path in there})
    for path in there:  # last, so that a segment that is still there says that this is not done
        path.unlink()
    return [*gone, *there]


def remove(path: Path) -> None:
    """Delete a file, or a folder with all that is in it; that it is gone already is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def now(corpus: Corpus, version: str) -> set[str]:
    """The digests, in hex, of the segments from which a version is read today, there or not."""
    gone = {purge.segment: purge.into for purge in corpus.newest().purged}
    made = set()
    for segment in corpus.manifest(version).segments:
        digest = segment.digest
        while digest in gone:
            digest = gone[digest]
        made |= {hex_of(digest)} if digest else set()
    return made


def hex_of(digest: str) -> str:
    """A digest without its head."""
    return digest.removeprefix("sha256:")


def _segments(corpus: Corpus, kept: set[str], old: set[str]) -> Iterator[Leftover]:
    for path in sorted((corpus.folder / "segments").iterdir()):
        if path.name.startswith(PARTIAL):
            yield Leftover(path, _size(path), "left by a writer that was stopped")
        elif path.stem not in kept:
            what = "of versions that nothing needs" if path.stem in old else "not part of any version"
            yield Leftover(path, _size(path), what)
    columns = {hex_of(purge.columns) for purge in corpus.newest().purged}
    for folder, names in (("withdrawn", columns), ("versions", {hex_of(one) for one in corpus.versions()})):
        for path in sorted((corpus.folder / folder).glob("*")):
            if path.stem not in names:
                yield Leftover(path, _size(path), "not part of any version")
    for path in sorted(corpus.folder.glob(f"{PARTIAL}*")):
        yield Leftover(path, _size(path), "left by a writer that was stopped")


def _covering(path: Path, kept: set[str]) -> list[Path]:
    """What must go of an index so that it covers the kept segments alone."""
    named = set(_DIGEST.findall(path.name))
    if named or not path.is_dir():
        return [] if named and named <= kept else [path]
    entries = sorted(path.iterdir())
    if any(not entry.is_dir() and not _DIGEST.search(entry.name) for entry in entries):
        return [path]
    return [gone for entry in entries for gone in _covering(entry, kept)]


def _indexes(corpus: Corpus, kept: set[str]) -> Iterator[Leftover]:
    """Indexes of segments that go, and what stopped builders left."""
    known = kept | {hex_of(purge.columns) for purge in corpus.newest().purged}
    known |= {hex_of(version) for version in corpus.versions()}
    waiting = sorted((corpus.folder / "index").glob("*"))
    while waiting:
        path = waiting.pop()
        named = set(_DIGEST.findall(path.name))
        if path.name.startswith(PARTIAL) or not named <= known:
            yield Leftover(path, _size(path), "an index of what is not there")
        elif path.is_dir() and not named:
            waiting += sorted(path.iterdir())


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files if not file.is_dir())
