"""Sharing an import out: which parts a file is read in."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from allegiance.corpus.archive import Limits
from allegiance.corpus.importers import inspect_log, own
from allegiance.corpus.importers.lines import first_line_from
from allegiance.corpus.importers.plan import DOES_NOT_FIT
from allegiance.corpus.importers.source import Candidate, SourceFile, open_file
from allegiance.corpus.importers.units import UNIT_BYTES, Kind, Piece, Stamp
from allegiance.corpus.mapping import Mapping_
from allegiance.corpus.mapping_apply import applied
from allegiance.errors import ImportRefused

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_OWN_LINE = f'{{"{own.MARK}"'.encode()


@dataclass(frozen=True)
class Shared:
    """A file in parts.

    Attributes:
        pieces: Its parts in order; none if it is not read.
        sizes: Bytes that each takes to read.
        size: Bytes of the file.
        format: What it is read as, where that is known already.
        skipped: Why it is not read.
    """

    pieces: tuple[Piece, ...]
    sizes: tuple[int, ...]
    size: int
    format: str = ""
    skipped: str = ""


def shared(number: int, candidate: Candidate, mapping: Mapping_ | None, limits: Limits) -> Shared:
    """The parts of a file of this number in the import.

    Raises:
        ImportRefused: It cannot be opened, is no regular file, is empty, or is a damaged archive.
        MappingError: The mapping cannot be applied.
    """
    with open_file(candidate.path, candidate.name) as file:
        stamp = Stamp.of(file.fileno())
        if stamp.size < 0:
            raise ImportRefused("this is not a regular file.", where=candidate.name)
        if stamp.size == 0:
            raise ImportRefused("the file is empty; there are no transcripts in it.", where=candidate.name)
        source = SourceFile(file, candidate.name, "", stamp.size, candidate.root, limits)
        kind, start = _kind(source, mapping)
        use = mapping if kind in ("lines", "members") else None
        if use is not None and applied(use, candidate.name, str(candidate.root)) is None:
            return Shared((), (), stamp.size, skipped=DOES_NOT_FIT)
        spans = list(_spans(source, kind, start))
    made = tuple(
        Piece(
            number, str(candidate.path), candidate.name, str(candidate.root), stamp, kind, first, end,
            index == 0, index == len(spans) - 1,
        )
        for index, (first, end, _) in enumerate(spans)
    )  # fmt: skip
    format_ = {"own": "allegiance-jsonl", "members": inspect_log.EVAL}.get(kind, "")
    if kind == "lines" and mapping is not None:
        format_ = mapping.format
    return Shared(made, tuple(size for _, _, size in spans), stamp.size, format_)


def _kind(source: SourceFile, mapping: Mapping_ | None) -> tuple[Kind, int]:
    """How a file is read, and at which byte its text starts."""
    head = source.file.read(len(_OWN_LINE) + 16)
    source.file.seek(0)
    start = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    wide = head.startswith(_WIDE) or 0 in head[:2]
    chats = mapping is not None and mapping.format != "inspect"
    if mapping is not None and mapping.format == "jsonl" and not wide:
        return "lines", start
    suffix = Path(source.name).suffix.lower()
    if not chats and suffix != ".json" and head[start:].startswith(_OWN_LINE):
        return "own", start
    if not chats and (head[:2] == b"PK" or suffix == ".eval") and source.size >= UNIT_BYTES:
        return "members", 0
    return "whole", 0


def _spans(source: SourceFile, kind: Kind, start: int) -> Iterator[tuple[int, int, int]]:
    """Start, end and weight of each part."""
    if kind == "members":
        yield from _members(source)
    elif kind == "whole":
        yield 0, source.size, source.size
    else:
        count = max(1, -(-source.size // UNIT_BYTES))
        cuts = [first_line_from(source.file, source.size * part // count, start) for part in range(count)]
        for at, end in zip(cuts, [*cuts[1:], source.size], strict=True):
            if at < end or count == 1:
                yield at, end, end - at


def _members(source: SourceFile) -> Iterator[tuple[int, int, int]]:
    sizes = inspect_log.EvalLog(source).sizes()
    start = size = 0
    for index, one in enumerate(sizes):
        if size and size + one > UNIT_BYTES:
            yield start, index, size
            start, size = index, 0
        size += one
    yield start, len(sizes), size
