"""Reading an import of any size: its files are shared out to workers, and only names and counts come back.

What is read goes into segments that nobody sees yet (see `corpus.adding`). Order and content follow from the files
alone, not from the number of workers.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from allegiance.corpus.archive import Limits
from allegiance.corpus.bulk import Engine
from allegiance.corpus.digests import Digests
from allegiance.corpus.importers import crew, engined
from allegiance.corpus.importers.found import FileReport, ImportedLabel, Progress, Reject
from allegiance.corpus.importers.plan import NOT_READ, check_any, found_under, refusal
from allegiance.corpus.importers.repeats import KEY, Repeats
from allegiance.corpus.importers.sharing import Shared, shared
from allegiance.corpus.importers.source import Candidate, open_file
from allegiance.corpus.importers.units import Bad, Base, Begun, Done, Given, Piece, Setup, Staged, Unit, packed
from allegiance.corpus.mapping import Mapping_
from allegiance.errors import AllegianceError, ImportRefused
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard

_Cards = tuple[tuple[Question, RaterCard], ...]


@dataclass
class _File:
    """A file that is being read."""

    candidate: Candidate
    shared: Shared | None = None
    digest: Future[str] | None = None
    lines: int = 0
    records: int = 0
    kept: int = 0
    announced: int = -1
    format: str = ""
    note: str = ""
    sha256: str = ""
    skipped: str = ""
    failure: str = ""
    rejects: list[Reject] = field(default_factory=list)
    repeats: Repeats = field(default_factory=Repeats)

    @property
    def whole(self) -> bool:
        """Whether it is read in one part, which says itself what it is."""
        return self.shared is not None and all(piece.kind == "whole" for piece in self.shared.pieces)

    def report(self) -> FileReport:
        """What became of it."""
        name = self.candidate.name
        if self.failure:
            return FileReport(name, NOT_READ, 0, 0, "", self.failure)
        if self.skipped:
            return FileReport(name, NOT_READ, 0, 0, self.sha256, self.skipped)
        return FileReport(name, self.format, self.kept + len(self.rejects), self.kept, self.sha256, self.note)


class Stream:
    """An import that is read as it is stored: go through `staged` once, then ask what it found."""

    def __init__(
        self,
        paths: Sequence[Path],
        mapping: Mapping_ | None = None,
        *,
        skip_bad: bool = False,
        progress: Progress | None = None,
        limits: Limits | None = None,
        workers: int | None = None,
        engine: Engine | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            paths, mapping, skip_bad, limits: As in `plan_import`.
            progress: Told as it goes: name of the file, bytes read so far, bytes in all.
            workers: How many processes read; None for as many as there are cores, but 4 at most; 1 for none beside
                this one. The result is the same.
            engine: Who reads instead of processes of this one; the result is the same.

        Raises:
            ImportRefused: There is no such file, or a directory without any that can be read.
        """
        self._paths, self._mapping, self._skip_bad = paths, mapping, skip_bad
        self._progress, self._limits, self._workers = progress, limits or Limits(), workers
        self._engine = engine
        found, self._aside = found_under(paths)
        self._files = [_File(candidate) for candidate in found]
        self._spans: list[tuple[int, int]] = []
        self._labels = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the object)
        self._labelled = self._rows = 0

    def staged(self, folder: Path) -> Iterator[tuple[Sequence[Staged], Digests]]:
        """Read everything, and give the segments of it in order, with the names of their rows.

        Args:
            folder: Where they are staged; the caller removes them if it does not reveal them.

        Raises:
            ImportRefused: A file or record cannot be read (unless bad ones are to be skipped).
            MappingError: The mapping does not fit the data, or any file.
        """
        with ThreadPoolExecutor(1) as hasher:
            units = self._units(hasher)
            told = tuple((str(f.candidate.path), f.candidate.name, str(f.candidate.root)) for f in self._files)
            setup = Setup(self._mapping, self._limits, self._skip_bad, told, str(folder), str(os.getpid()))
            size = sum(file.shared.size for file in self._files if file.shared)
            read = 0
            try:
                for unit, done in zip(units, self._work(setup, units), strict=True):
                    self._take(unit, done)
                    read += sum(self._bytes(piece) for piece in unit.pieces)
                    if self._progress is not None:
                        self._progress(unit.pieces[-1].name, read, size)
                    yield done.staged, np.frombuffer(done.names, np.uint8).reshape(-1, 32)
            finally:
                hasher.shutdown(wait=False, cancel_futures=True)
            self._close()

    @property
    def files(self) -> list[FileReport]:
        """One report a file."""
        return [*self._aside, *(file.report() for file in self._files)]

    @property
    def rejects(self) -> list[Reject]:
        """Records that were left out; empty unless bad records were to be skipped."""
        made = []
        for file in self._files:
            made += [Reject(file.candidate.name, "", 0, file.failure)] if file.failure else file.rejects
        return made

    def dropped(self) -> NDArray[np.bool_]:
        """For each row that was staged: whether its file turned out to be damaged."""
        failed = [bool(self._files[file].failure) for file, _ in self._spans]
        return np.repeat(np.array(failed, bool), [rows for _, rows in self._spans])

    def file_of(self, row: int) -> str:
        """The name of the file that a staged row came from."""
        at = int(np.searchsorted(np.cumsum([rows for _, rows in self._spans]), row, "right"))
        return self._files[self._spans[at][0]].candidate.name

    def labels(self, names: Digests) -> Iterator[ImportedLabel]:
        """The labels that came with what was read, but for damaged files; `names` are those of all rows staged."""
        self._labels.seek(0)
        for _ in range(self._labelled):
            size = int.from_bytes(self._labels.read(8), "little")
            file, start, cards, given = msgspec.msgpack.decode(
                self._labels.read(size), type=tuple[int, int, _Cards, tuple[Given, ...]]
            )
            if not self._files[file].failure:
                for label in given:
                    name = f"sha256:{names[start + label.row].tobytes().hex()}"
                    yield ImportedLabel(name, *cards[label.card], label.value, label.score, label.raw, label.exact)

    def _units(self, hasher: ThreadPoolExecutor) -> list[Unit]:
        pieces: list[Piece] = []
        sizes: list[int] = []
        for number, file in enumerate(self._files):
            try:
                file.shared = shared(number, file.candidate, self._mapping, self._limits)
            except ImportRefused as error:
                self._fail(file, error)
                continue
            file.format, file.skipped = file.shared.format, file.shared.skipped
            pieces += file.shared.pieces
            sizes += file.shared.sizes
            if not file.whole or file.skipped:
                file.digest = hasher.submit(_digest, file.candidate)
        return list(packed(pieces, sizes))

    def _work(self, setup: Setup, units: Sequence[Unit]) -> Iterator[Done]:
        if self._engine is not None:
            return engined.work(setup, units, self._order, self._engine)
        return crew.work(setup, units, self._order, crew.workers_for(len(units), self._workers))

    def _order(self, unit: Unit, begun: Sequence[Begun]) -> list[Base]:
        """What the parts of a unit have to know, given all parts before them."""
        made = []
        for piece, told in zip(unit.pieces, begun, strict=True):
            file = self._files[piece.file]
            if told.failure is not None:
                self._fail(file, told.failure.error(file.lines))
            self._refuse(file, told.bad, file.lines)
            if told.announced >= 0:
                file.announced = told.announced
            samples = file.repeats.numbered(np.frombuffer(told.keys, KEY))
            digest = "" if file.digest is None else file.digest.result()
            made.append(Base(digest, file.records, samples.astype(np.int64).tobytes()))
            file.lines += told.lines
            file.records += told.records
            if piece.last and piece.kind == "own" and file.records != file.announced and not file.failure:
                self._fail(file, _cut_short(file))
        return made

    def _take(self, unit: Unit, done: Done) -> None:
        for piece, read in zip(unit.pieces, done.pieces, strict=True):
            file = self._files[piece.file]
            if read.failure is not None:
                self._fail(file, read.failure.error(0))
            self._refuse(file, read.bad, 0)
            file.kept += read.rows
            if piece.kind == "whole":
                file.format, file.sha256 = read.format, read.digest
                file.note, file.skipped = read.note, read.skipped
            self._spans.append((piece.file, read.rows))
            if read.labels:
                self._keep((piece.file, self._rows, read.cards, read.labels))
        self._rows += len(done.names) // 32

    def _keep(self, labels: tuple[int, int, _Cards, tuple[Given, ...]]) -> None:
        data = msgspec.msgpack.encode(labels)
        self._labels.write(len(data).to_bytes(8, "little") + data)
        self._labelled += 1

    def _fail(self, file: _File, error: AllegianceError) -> None:
        """Nothing of a file is kept; or, unless bad ones are to be skipped, the import ends."""
        if not self._skip_bad or not isinstance(error, ImportRefused):
            raise error
        file.failure = file.failure or error.what

    def _refuse(self, file: _File, bad: Sequence[Bad], lines: int) -> None:
        for one in bad:
            line = one.line + lines if one.line else 0
            found = Reject(file.candidate.name, one.member, line, one.reason, one.record)
            if not self._skip_bad:
                raise refusal(found)
            file.rejects.append(found)

    def _bytes(self, piece: Piece) -> int:
        """Bytes of the file that a part stands for."""
        whole = self._files[piece.file].shared
        if whole is None or piece.kind != "members":
            return piece.end - piece.start
        weights = dict(zip(whole.pieces, whole.sizes, strict=True))
        return whole.size * weights[piece] // max(1, sum(whole.sizes))

    def _close(self) -> None:
        for file in self._files:
            if file.digest is not None and not file.failure:
                file.sha256 = file.digest.result()
        check_any(self._mapping, self.files, self.rejects, self._paths)


def _digest(candidate: Candidate) -> str:
    with open_file(candidate.path, candidate.name) as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _cut_short(file: _File) -> ImportRefused:
    return ImportRefused(
        f"it is truncated: it announces {file.announced:,} transcripts and holds {file.records:,}.",
        where=file.candidate.name,
        next="Copy it again.",
    )
