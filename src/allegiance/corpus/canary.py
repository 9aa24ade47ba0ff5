"""Looking for canaries in what was exported or generated: which records and pages carry one, and which do not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from allegiance.corpus.archive import Archive
from allegiance.corpus.importers.own import MARK, is_own
from allegiance.corpus.importers.samples import OWN
from allegiance.errors import AllegianceError, InputError
from allegiance.records.canary import CANARY, MARKER

SHOWN = 20
"""Of the records that lack a canary, so many are named."""
MOST_BYTES = 1 << 30
"""Largest file that is searched as one text."""
_ANY = re.compile(r"allegiance-canary [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SAMPLE = re.compile(r"samples/[^/]+(\.json|/sample\.json)")
_PAGES = (".html", ".htm")

Item = tuple[str, bool]


@dataclass(frozen=True)
class Carried:
    """How many records of a file carry a canary. A page or another document is one record.

    Attributes:
        file: Its path.
        items, carrying: Records, and those of them that carry one.
        lacking: Names, or places, of the first that do not.
    """

    file: str
    items: int
    carrying: int
    lacking: tuple[str, ...] = ()


def check_exported(path: Path, known: Sequence[str] = ()) -> list[Carried]:
    """What of an exported file, or of every file below a folder, carries a canary. Nothing is changed.

    Our JSONL, JSON and Parquet and Inspect's logs are read record by record; a page must also ask search engines to
    leave it out; anything else is searched as text. Hidden files and links are passed over.

    Args:
        path: A file or a folder.
        known: Canaries of scenarios, to be looked for in texts beside those of the form ``allegiance-canary UUID``.

    Raises:
        InputError: There is no such file, or nothing in the folder, or a file cannot be read at all.
    """
    files = [path] if path.is_file() else sorted(_below(path))
    if not files:
        raise InputError("there is no file to check.", where=str(path), next="Name an exported file or a folder.")
    return [_counted(file, _items(file, known)) for file in files]


def marked(text: str, known: Sequence[str] = ()) -> bool:
    """Whether a text carries the canary of this package, one of its form, or one of those known."""
    return CANARY in text or _ANY.search(text) is not None or any(one in text for one in known if one)


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not path.is_symlink() and not hidden:
            yield path


def _counted(file: Path, items: Iterable[Item]) -> Carried:
    total, lacking = 0, 0
    shown: list[str] = []
    for name, carries in items:
        total += 1
        lacking += not carries
        if not carries and len(shown) < SHOWN:
            shown.append(name)
    return Carried(str(file), total, total - lacking, tuple(shown))


def _items(file: Path, known: Sequence[str]) -> Iterator[Item]:
    try:
        with file.open("rb") as stream:
            start = stream.read(len(MARK) + 64)
        if start[:4] == b"PAR1":
            return _parquet(file)
        if start[:4] == b"\xff\xff\xff\xff":
            return _arrow(file)
        if file.suffix.lower() == ".eval":
            return _eval(file)
        if start.lstrip().startswith(f'{{"{MARK}"'.encode()):
            return _own(file)
        return iter([_document(file, known)])
    except OSError as error:
        raise InputError(f"this file cannot be read: {error.strerror}.", where=str(file)) from None


def _own(file: Path) -> Iterator[Item]:
    """Our JSONL, line by line, or our JSON, whole."""
    with file.open("rb") as stream:
        head = _parsed(stream.readline())
        if is_own(head):
            yield from (_record(_parsed(line), f"line {n}") for n, line in enumerate(stream, 2))
            return
    whole = _parsed(_read(file))
    found = whole.get("transcripts") if isinstance(whole, Mapping) else None
    if not isinstance(found, list):
        yield "the file cannot be read", False
        return
    yield from (_record(item, f"record {n}") for n, item in enumerate(found, 1))


def _record(item: object, place: str) -> Item:
    if not isinstance(item, Mapping):
        return f"{place} cannot be read", False
    return str(item.get("name") or place), bool(item.get("canary")) or item.get(MARKER) == CANARY


def _parquet(file: Path) -> Iterator[Item]:
    try:
        with pq.ParquetFile(file) as table:
            there = set(table.schema_arrow.names)
            columns = [name for name in ("transcript_id", "canary", MARKER) if name in there]
            row = 0
            for batch in table.iter_batches(columns=columns):
                for item in batch.to_pylist():
                    row += 1
                    yield _record({"name": item.get("transcript_id"), **item}, f"row {row}")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"this Parquet file cannot be read: {error}.", where=str(file)) from None


def _arrow(file: Path) -> Iterator[Item]:
    try:
        with pa.memory_map(str(file)) as held, pa.ipc.open_stream(held) as stream:
            row = 0
            for batch in stream:
                there = [name for name in ("transcript_id", "canary", MARKER) if name in batch.schema.names]
                for item in batch.select(there).to_pylist():
                    row += 1
                    yield _record({"name": item.get("transcript_id"), **item}, f"row {row}")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"this Arrow file cannot be read: {error}.", where=str(file)) from None


def _eval(file: Path) -> Iterator[Item]:
    """The samples of a log: their metadata say the canary of the export, or that of the run that made them."""
    try:
        with file.open("rb") as held:
            archive = Archive(held, file.name)
            for name in filter(_SAMPLE.fullmatch, archive.names()):
                own = name.replace("/sample.json", "/metadata.json")
                found = _parsed(archive.read(own if own in archive.names() else name))
                raw = found if isinstance(found, Mapping) else {}
                yield name, _told(raw if own != name else raw.get("metadata"))
    except AllegianceError as error:
        raise InputError(f"this log cannot be read: {error.what}", where=str(file)) from None


def _told(metadata: object) -> bool:
    if not isinstance(metadata, Mapping):
        return False
    ours = metadata.get(OWN)
    return metadata.get(MARKER) == CANARY or bool(isinstance(ours, Mapping) and ours.get("canary"))


def _document(file: Path, known: Sequence[str]) -> Item:
    text = _read(file).decode("utf-8", errors="replace")
    if file.suffix.lower() in _PAGES and "noindex" not in text:
        return "it does not ask search engines to leave it out (noindex)", False
    return "the whole file", marked(text, known)


def _read(file: Path) -> bytes:
    if file.stat().st_size > MOST_BYTES:
        raise InputError(f"this file is larger than {MOST_BYTES >> 20} MiB.", where=str(file))
    return file.read_bytes()


def _parsed(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
