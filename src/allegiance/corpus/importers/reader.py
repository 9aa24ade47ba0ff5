"""Reading one unit of an import and staging its segments: what a worker does, in this process or in one of its own.

It goes in two steps. `Reader.begin` reads the lines of JSONL and checks them. `Reader.finish` is then told what
stood before them in the file, names what was read, reads all other files, and writes the segments.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
import pyarrow as pa

from allegiance.corpus import segments
from allegiance.corpus.archive import Limits
from allegiance.corpus.building import Rows
from allegiance.corpus.importers import inspect_log, own
from allegiance.corpus.importers.foreign import Foreign
from allegiance.corpus.importers.found import Kept, Reject, Verdict
from allegiance.corpus.importers.lines import Values, lines
from allegiance.corpus.importers.plan import DOES_NOT_FIT, read_records
from allegiance.corpus.importers.source import Candidate, SourceFile, open_file, opened
from allegiance.corpus.importers.units import (
    Bad,
    Base,
    Begun,
    Done,
    Failure,
    Given,
    Piece,
    Read,
    Setup,
    Staged,
    Stamp,
    Unit,
)  # fmt: skip
from allegiance.corpus.mapping_apply import Applied, Quick, applied
from allegiance.errors import AllegianceError, ImportRefused
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.transcript import Source

BY_LINE = ("lines", "own")
"""Kinds of parts that are read in the first step."""
_MOST_BYTES = 16 << 20
"""Bytes of messages after which a row group ends, however few rows it has."""
Named = tuple[bytes, pa.RecordBatch]
"""Names as 32 bytes a row, and the rows."""


@dataclass
class _Part:
    """What was found so far in a part of a file."""

    rows: Rows = field(default_factory=Rows)
    done: int = 0
    bad: list[Bad] = field(default_factory=list)
    cards: dict[tuple[str, str], int] = field(default_factory=dict)
    asked: list[tuple[Question, RaterCard]] = field(default_factory=list)
    labels: list[Given] = field(default_factory=list)
    failure: Failure | None = None

    def take(self, found: Kept | Quick, *, here: bool) -> None:
        """Take in what was read of a record."""
        row = self.done + len(self.rows)
        if isinstance(found, Quick):
            self.rows.add_plain(found.chat, found.item, found.metadata, here=here)
        else:
            self.rows.add(found.transcript, here=here)
        self.labels += [self._given(verdict, row) for verdict in found.verdicts]

    def refuse(self, found: Reject) -> None:
        """Take in that a record could not be read."""
        self.bad.append(Bad(found.member, found.line, found.reason, found.record))

    def flushed(self) -> Iterator[Named]:
        """The rows so far, which are then no longer held."""
        rows, self.rows = self.rows, Rows()
        self.done += len(rows)
        yield from _bytes(rows, Base())

    def _given(self, said: Verdict, row: int) -> Given:
        key = (said.question.digest, said.rater.digest)
        if key not in self.cards:
            self.cards[key] = len(self.asked)
            self.asked.append((said.question, said.rater))
        return Given(self.cards[key], row, said.value, said.score, said.raw, said.exact)


class _Take(Protocol):
    def __call__(self, value: object, line: int, index: int) -> None: ...


class Reader:
    """Reads units. Between `begin` and `finish` of a unit it holds what was read of it."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        files = [Candidate(Path(path), name, Path(root)) for path, name, root in setup.files]
        self._foreign = Foreign.among(files, setup.limits)
        self._parts: list[_Part] = []

    def begin(self, unit: Unit) -> list[Begun]:
        """The first step: for each part, what the parts after it have to know."""
        self._parts = [_Part() for _ in unit.pieces]
        return [
            self._begun(piece, part) if piece.kind in BY_LINE else Begun()
            for piece, part in zip(unit.pieces, self._parts, strict=True)
        ]

    def finish(self, unit: Unit, bases: list[Base]) -> Done:
        """The second step: names what was read, reads the rest, and writes it to segments that nobody sees yet."""
        names: list[bytes] = []
        reads: list[Read] = []

        def batches() -> Iterator[pa.RecordBatch]:
            for told, batch in _regrouped(self._named(unit, bases, reads)):
                names.append(told)
                yield batch

        tag = f"{self._setup.tag}-{unit.number}"
        staged = tuple(
            Staged(path.name, segment.digest, segment.rows, segment.bytes)
            for path, segment in segments.stage(Path(self._setup.folder), tag, batches())
        )
        self._parts = []
        return Done(staged, b"".join(names), tuple(reads))

    def _begun(self, piece: Piece, part: _Part) -> Begun:
        at = records = 0
        announced = -1
        try:
            with _same(piece, "", self._setup.limits) as source:
                take = self._by_mapping(source, part) if piece.kind == "lines" else _of_ours(source, part)
                values = Values(piece.name)
                for line in lines(source.file, piece.start, piece.end, source.limits.record_bytes):
                    at += 1
                    value = values.at(line, at, source.limits.record_bytes)
                    if value is None:
                        continue
                    if piece.kind == "own" and piece.first and announced < 0:
                        announced = own.announced(value, piece.name)
                        continue
                    take(value, at, records)
                    records += 1
                    if part.bad and not self._setup.skip_bad:
                        break
        except AllegianceError as error:
            part.rows, part.labels = Rows(), []
            return Begun(at, records, failure=Failure.of(error, at))
        return Begun(at, records, part.rows.repeats().tobytes(), announced, tuple(part.bad))

    def _by_mapping(self, source: SourceFile, part: _Part) -> _Take:
        assert self._setup.mapping is not None
        use = applied(self._setup.mapping, source.name, str(source.root))
        assert use is not None
        use.counting = False

        def take(value: object, line: int, index: int) -> None:
            if isinstance(value, Reject):
                return part.refuse(value)
            place = Source(digest="", file=source.name, record=index, format=use.mapping.format)
            try:
                for one in _mapped(use, value, place):
                    part.take(one, here=True)
            except ValueError as error:
                part.refuse(Reject(source.name, "", line, f"{error}."))

        return take

    def _named(self, unit: Unit, bases: list[Base], reads: list[Read]) -> Iterator[Named]:
        """The rows of a unit, and in `reads` what became of each part."""
        before = 0
        for piece, part, base in zip(unit.pieces, self._parts, bases, strict=True):
            if piece.kind in BY_LINE:
                yield from _bytes(part.rows, base)
                told = Read(len(part.rows))
            else:
                told = yield from self._read(piece, part, base)
                told = msgspec.structs.replace(told, rows=part.done, bad=tuple(part.bad), failure=part.failure)
            labels = tuple(msgspec.structs.replace(label, row=label.row + before) for label in part.labels)
            reads.append(msgspec.structs.replace(told, cards=tuple(part.asked), labels=labels))
            part.rows = Rows()
            before += told.rows

    def _read(self, piece: Piece, part: _Part, base: Base) -> Generator[Named, None, Read]:
        """The rows of a part that was not read before, and what there is to tell of it."""
        told = Read(0)
        mapping = self._setup.mapping
        try:
            if piece.kind == "members":
                with _same(piece, base.digest, self._setup.limits) as source:
                    use = None if mapping is None else applied(mapping, source.name, str(source.root))
                    log = inspect_log.EvalLog(source, use)
                    yield from self._rows(log.some(piece.start, piece.end, last=piece.last), part)
                return told
            with opened(Candidate(Path(piece.path), piece.name, Path(piece.root)), self._setup.limits) as source:
                told = Read(0, digest=source.digest)
                read = read_records(source, mapping, self._foreign)
                if read is None:
                    return msgspec.structs.replace(told, skipped=DOES_NOT_FIT)
                told = msgspec.structs.replace(told, format=read.format, note=read.note)
                yield from self._rows(read.records, part)
        except AllegianceError as error:
            part.failure = Failure.of(error)
        return told

    def _rows(self, found: Iterable[Kept | Reject], part: _Part) -> Iterator[Named]:
        """The rows of what is read, as it is read; ends early at a record that is not to be left out."""
        for one in found:
            if isinstance(one, Reject):
                part.refuse(one)
                if not self._setup.skip_bad:
                    break
            else:
                part.take(one, here=False)
                if len(part.rows) >= segments.GROUP_ROWS or part.rows.bytes >= _MOST_BYTES:
                    yield from part.flushed()
        yield from part.flushed()


def _mapped(use: Applied, value: object, place: Source) -> list[Kept] | list[Quick]:
    quick = use.quick(value, place)
    # A record is kept whole or not at all.
    return list(use.kept(value, place)) if quick is None else [quick]


def _of_ours(source: SourceFile, part: _Part) -> _Take:
    def take(value: object, line: int, index: int) -> None:
        found = value if isinstance(value, Reject) else own.record(value, line, source.name)
        if isinstance(found, Reject):
            part.refuse(found)
        else:
            part.take(found, here=False)

    return take


def _bytes(rows: Rows, base: Base) -> Iterator[Named]:
    samples = np.frombuffer(base.samples, np.int64).tolist()
    for names, batch in rows.batches(base.digest, base.records, samples):
        yield names.tobytes(), batch


def _regrouped(stream: Iterable[Named]) -> Iterator[Named]:
    """The same rows, with small groups joined to larger ones."""
    held: list[Named] = []
    count = size = 0
    for names, batch in stream:
        if held and (count + batch.num_rows > segments.GROUP_ROWS or size + batch.nbytes > _MOST_BYTES):
            yield _joined(held)
            held, count, size = [], 0, 0
        held.append((names, batch))
        count, size = count + batch.num_rows, size + batch.nbytes
    if held:
        yield _joined(held)


def _joined(held: list[Named]) -> Named:
    if len(held) == 1:
        return held[0]
    [batch] = pa.Table.from_batches([batch for _, batch in held]).combine_chunks().to_batches()
    return b"".join(names for names, _ in held), batch


@contextmanager
def _same(piece: Piece, digest: str, limits: Limits) -> Iterator[SourceFile]:
    """The file of a part, if it is still the one that was looked at, and for as long as it stays so."""
    with open_file(Path(piece.path), piece.name) as file:
        if Stamp.of(file.fileno()) == piece.stamp:
            yield SourceFile(file, piece.name, digest, piece.stamp.size, Path(piece.root), limits)
        if Stamp.of(file.fileno()) != piece.stamp:
            raise ImportRefused(
                "the file changed while it was read.",
                where=piece.name,
                next="Import it when nothing writes to it any more.",
            )
