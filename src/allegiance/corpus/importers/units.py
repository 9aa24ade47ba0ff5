"""How an import is shared out: parts of files, the units of work they make up, and what becomes of each.

The parts follow from the files alone, never from how many workers there are, so that the same import gives the same
segments however it is run. All of this goes between processes as MessagePack.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from allegiance.corpus.archive import Limits
from allegiance.corpus.mapping import Mapping_
from allegiance.errors import AllegianceError, CorpusDamaged, ImportRefused, MappingError, NotCanonical
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard

UNIT_BYTES = 32 << 20
"""Bytes of a unit of work, more or less."""
Kind = Literal["lines", "own", "members", "whole"]
_ERRORS = (MappingError, NotCanonical, CorpusDamaged, ImportRefused)


class Stamp(msgspec.Struct, frozen=True):
    """What tells that a file was replaced or changed."""

    device: int
    inode: int
    size: int
    changed: int

    @classmethod
    def of(cls, descriptor: int) -> Stamp:
        """That of an open file."""
        told = os.fstat(descriptor)
        return cls(told.st_dev, told.st_ino, told.st_size if stat.S_ISREG(told.st_mode) else -1, told.st_mtime_ns)


class Piece(msgspec.Struct, frozen=True):
    """A part of a file.

    Attributes:
        file: Index of the file in the import.
        path, name, root: As in `Candidate`.
        stamp: The file as it was.
        kind: ``lines``: the lines of JSONL that start at some bytes, by a mapping. ``own``: the same of what we
            exported. ``members``: some samples of an ``.eval`` log. ``whole``: the file, whatever it is.
        start, end: Bytes, or indices of samples; half-open.
        first, last: Whether it is the first, and the last part of the file.
    """

    file: int
    path: str
    name: str
    root: str
    stamp: Stamp
    kind: Kind = "whole"
    start: int = 0
    end: int = 0
    first: bool = True
    last: bool = True


class Unit(msgspec.Struct, frozen=True):
    """Parts that one worker reads into segments of their own."""

    number: int
    pieces: tuple[Piece, ...]


class Setup(msgspec.Struct, frozen=True):
    """What all units have in common.

    Attributes:
        mapping, limits, skip_bad: As in `plan_import`.
        files: Path, name and root of every file of the import.
        folder, tag: Where segments are staged, and the start of their names.
    """

    mapping: Mapping_ | None
    limits: Limits
    skip_bad: bool
    files: tuple[tuple[str, str, str], ...]
    folder: str
    tag: str


class Bad(msgspec.Struct, frozen=True):
    """A record that could not be read; see `Reject`. `line` counts from the start of the part."""

    member: str
    line: int
    reason: str
    record: str = ""


class Failure(msgspec.Struct, frozen=True):
    """An error that concerns a whole file. ``{line}`` in `what` stands for `line`, counted from where it starts."""

    kind: str
    what: str
    where: str
    next: str
    line: int = 0

    @classmethod
    def of(cls, error: AllegianceError, line: int = 0) -> Failure:
        """That of an error."""
        kind = next((known for known in _ERRORS if isinstance(error, known)), ImportRefused)
        return cls(kind.__name__, error.what, error.where, error.next, line)

    def error(self, lines_before: int) -> AllegianceError:
        """The error again."""
        kind = next(known for known in _ERRORS if known.__name__ == self.kind)
        what = self.what.replace("{line}", str(lines_before + self.line)) if self.line else self.what
        return kind(what, where=self.where, next=self.next)


class Begun(msgspec.Struct, frozen=True):
    """A part of which everything was read but what depends on the parts before it.

    Attributes:
        lines, records: How many there are in it, blank lines counted as lines.
        keys: 16 bytes for each row whose sample index is to be counted, see `Rows.repeats`.
        announced: How many records the file says that it has; -1 if it does not say.
        bad: What could not be read.
        failure: Why nothing of the file can be kept.
    """

    lines: int = 0
    records: int = 0
    keys: bytes = b""
    announced: int = -1
    bad: tuple[Bad, ...] = ()
    failure: Failure | None = None


class Base(msgspec.Struct, frozen=True):
    """What a part has to know of the file before it can be named. `samples` are 64-bit integers."""

    digest: str = ""
    records: int = 0
    samples: bytes = b""


class Given(msgspec.Struct, frozen=True):
    """A label that came with a row: `card` is an index into the part's cards, `row` into the unit's rows."""

    card: int
    row: int
    value: str
    score: float | None
    raw: str
    exact: Label | None = None


class Read(msgspec.Struct, frozen=True):
    """A part that was read. `digest` and `format` are empty where they were known before, or it was not read."""

    rows: int
    bad: tuple[Bad, ...] = ()
    format: str = ""
    digest: str = ""
    note: str = ""
    skipped: str = ""
    failure: Failure | None = None
    cards: tuple[tuple[Question, RaterCard], ...] = ()
    labels: tuple[Given, ...] = ()


class Staged(msgspec.Struct, frozen=True):
    """A segment that nobody sees yet: its file, and what it will be called."""

    file: str
    digest: str
    rows: int
    bytes: int


class Done(msgspec.Struct, frozen=True):
    """A unit that was read and stored out of sight. `names` are 32 bytes a row."""

    staged: tuple[Staged, ...]
    names: bytes
    pieces: tuple[Read, ...]


def packed(pieces: Iterable[Piece], sizes: Iterable[int]) -> Iterator[Unit]:
    """Units of parts in their order, each of about `UNIT_BYTES` of the sizes given for the parts."""
    held: list[Piece] = []
    size = number = 0
    for piece, weight in zip(pieces, sizes, strict=True):
        if held and size + weight > UNIT_BYTES:
            yield Unit(number, tuple(held))
            held, size, number = [], 0, number + 1
        held.append(piece)
        size += weight
    if held:
        yield Unit(number, tuple(held))
