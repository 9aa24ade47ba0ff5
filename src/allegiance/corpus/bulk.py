"""Bulk operations: work on each segment apart, written once, and done by whichever engine is at hand.

    corpus/index/bulk/<job>/<segment>.arrow    what a job made of a segment: a piece

A job is a pure function of one segment and some settings. Its pieces are named by the digests of the job and of the
segment, and the worker that made one stores it before it answers. So a worker that is killed loses what it was at,
nothing that was finished is done twice, and all engines leave the same bytes. A piece is an Arrow stream with its
SHA-256 behind it; one that is not whole is made again. It holds names, answers and numbers, never words.

An engine only calls functions on bytes (`Engine`). `Local` does so in this process; others are in `bridge`. Calls
of judges that are paid for do not come here: they are kept by what was asked (`rating.judging.cache`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Protocol

import msgspec
import pyarrow as pa

from allegiance import errors
from allegiance.corpus.files import PARTIAL
from allegiance.corpus.places import Held
from allegiance.corpus.store import Corpus
from allegiance.errors import AllegianceError, CorpusDamaged, StudyError
from allegiance.records.record import Record

FOLDER = "index/bulk"
TRIES = 4
"""Times in a row that an engine may lose its workers without finishing anything."""
_OWN = "allegiance."
_SUM_BYTES = 32
_DONE, _FAILED = b"\x00", b"\x01"
_HERE = "allegiance.corpus.bulk"
Progress = Callable[[int, int], None]


class Lost(Exception):
    """A worker ended before it answered. What it had stored is there; the orders left may be given again."""


class Engine(Protocol):
    """Who does the work: this process, the cores of this machine, or a cluster that shares the folder."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        ...

    def map(self, function: str, shared: bytes, orders: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
        """Call `obey` with the function and what all orders share, once for each order.

        Yields:
            The number of an order with its answer, in any order, as they are done.

        Raises:
            Lost: A worker ended; not all orders were answered.
        """
        ...


class Local:
    """This process."""

    name = "local"

    def map(self, function: str, shared: bytes, orders: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
        """One after the other."""
        for number, order in enumerate(orders):
            yield number, obey(function, shared, order)


class Job(Record, frozen=True, kw_only=True):
    """What is done to each segment; its digest names its pieces.

    Attributes:
        name: What it is called in the folder of the index.
        function: ``module:function`` of this package: of the path of a segment and the settings, to an Arrow table
            that follows from these and the segment alone, without words.
        version: Changes whenever the function would give another table.
        settings: What else it is told, as text; JSON of its own choice.
    """

    name: str
    function: str
    version: str
    settings: str


class _Order(msgspec.Struct, frozen=True):
    """A piece that is to be made: the segment, and the file for the piece."""

    segment: str
    path: str
    piece: str


class _Told(msgspec.Struct, frozen=True):
    """An error on its way back."""

    kind: str
    what: str
    where: str
    next: str


def run(
    job: Job, corpus: Corpus, engine: Engine, progress: Progress | None = None
) -> Iterator[tuple[Held, pa.Table]]:
    """What a job makes of each segment of the current version, in the order of storage.

    Transcripts that are hidden or taken down are in the tables as they are in the segments.

    Args:
        job: What is done.
        corpus: Only its folder ``index`` is written to.
        engine: Who does what was not done before.
        progress: Told how many transcripts are done, and of how many.

    Raises:
        StudyError: The engine kept losing its workers, or its workers do not see the folder. Finished pieces stay.
        AllegianceError: What the job raised.
    """
    held = corpus.held()
    folder = home(corpus, job).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder, corpus)
    of = sum(one.rows for one in held)
    made = _make(job, folder, [one for one in held if not _file(folder, one.digest).exists()], engine)
    done = sum(one.rows for one in held if _file(folder, one.digest).exists())
    for rows in made:
        done += rows
        if progress is not None:
            progress(done, of)
    for one in held:
        yield one, _whole(job, folder, one, engine)


def home(corpus: Corpus, job: Job) -> Path:
    """The folder of the pieces of a job."""
    return corpus.folder / FOLDER / f"{job.name}-{job.digest.removeprefix('sha256:')[:32]}"


def each(engine: Engine, function: str, shared: bytes, orders: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """The answers to all orders with their numbers, as they come; what lost workers left is given out again.

    Args:
        engine: Who does it.
        function: ``module:function`` of this package: of what is shared and an order, to an answer.
        shared, orders: What it is told.

    Raises:
        StudyError: Workers were lost `TRIES` times in a row and nothing was finished.
        AllegianceError: What the function raised.
    """
    left, idle = dict(enumerate(orders)), 0
    while left:
        numbers = list(left)
        try:
            for at, answer in engine.map(function, shared, list(left.values())):
                del left[numbers[at]]
                yield numbers[at], _answer(answer)
        except Lost as lost:
            idle = 0 if len(left) < len(numbers) else idle + 1
            if idle >= TRIES:
                raise StudyError(
                    f"workers ended {TRIES} times before any of the {len(left)} parts left was done: {lost}.",
                    where=engine.name,
                    next="Give them more memory, or use --engine local; what was finished is kept.",
                ) from None


def obey(function: str, shared: bytes, order: bytes) -> bytes:
    """What a worker does with an order: the answer, or the error that it ended with, as bytes."""
    try:
        return _DONE + _found(function)(shared, order)
    except AllegianceError as error:
        told = _Told(_plain_kind(error), error.what, error.where, error.next)
        return _FAILED + msgspec.json.encode(told)


def make_piece(shared: bytes, order: bytes) -> bytes:
    """Makes a piece of a job and stores it, unless it is there; see `obey`."""
    job, told = _job(shared), msgspec.msgpack.decode(order, type=_Order)
    path, piece = Path(told.path), Path(told.piece)
    if _read(piece) is None:
        if not path.is_file():
            raise StudyError(
                "a worker does not find this segment.",
                where=told.path,
                next="The folder of the study must be at the same path on every machine of a cluster.",
            )
        _store(piece, _found(job.function)(path, job.settings))
    return b""


def _make(job: Job, folder: Path, left: Sequence[Held], engine: Engine) -> Iterator[int]:
    """Makes pieces, and yields the rows of each segment when its piece is stored."""
    orders = [
        msgspec.msgpack.encode(_Order(one.digest, str(one.path.absolute()), str(_file(folder, one.digest))))
        for one in left
    ]
    for number, _ in each(engine, f"{_HERE}:make_piece", msgspec.msgpack.encode(job), orders):
        yield left[number].rows


def _whole(job: Job, folder: Path, held: Held, engine: Engine) -> pa.Table:
    """The piece of a segment; one that does not fit its check sum is made again."""
    piece = _file(folder, held.digest)
    for _ in range(2):
        table = _read(piece)
        if table is not None:
            return table
        piece.unlink(missing_ok=True)
        list(_make(job, folder, [held], engine))
    raise CorpusDamaged("what was stored there cannot be read back.", where=str(piece))


def _store(piece: Path, table: pa.Table) -> None:
    """Gives a piece its place, whole; where two workers made the same, either will do."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data = sink.getvalue().to_pybytes()
    partial = piece.with_name(f"{PARTIAL}{os.urandom(8).hex()}-{piece.name}")
    partial.write_bytes(data + hashlib.sha256(data).digest())
    partial.replace(piece)


def _read(piece: Path) -> pa.Table | None:
    """A piece; None if it is not there, or not whole."""
    try:
        data = piece.read_bytes()
    except FileNotFoundError:
        return None
    body, told = data[:-_SUM_BYTES], data[-_SUM_BYTES:]
    return pa.ipc.open_stream(body).read_all() if hashlib.sha256(body).digest() == told else None


def _file(folder: Path, segment: str) -> Path:
    return folder / f"{segment.removeprefix('sha256:')}.arrow"


def _sweep(folder: Path, corpus: Corpus) -> None:
    """Removes the pieces of segments that are gone."""
    kept = {path.stem for path in (corpus.folder / "segments").glob("*.parquet")}
    for path in folder.glob("*.arrow"):
        if path.stem not in kept and not path.name.startswith(PARTIAL):
            path.unlink(missing_ok=True)


@lru_cache(maxsize=2)
def _job(shared: bytes) -> Job:
    return msgspec.msgpack.decode(shared, type=Job)


@lru_cache(maxsize=16)
def _found(function: str) -> Callable[..., bytes]:
    module, _, name = function.partition(":")
    if not module.startswith(_OWN):
        raise StudyError("only functions of this package are called.", where=function)
    called: Callable[..., bytes] = getattr(import_module(module), name)
    return called


def _answer(answer: bytes) -> bytes:
    if answer[:1] == _DONE:
        return answer[1:]
    told = msgspec.json.decode(answer[1:], type=_Told)
    kind: type[AllegianceError] = getattr(errors, told.kind)
    raise kind(told.what, where=told.where, next=told.next)


def _plain_kind(error: AllegianceError) -> str:
    """The nearest kind of error that is made of nothing but what, where and next."""
    kinds = [kind for kind in type(error).__mro__ if issubclass(kind, AllegianceError)]
    own = [at for at, kind in enumerate(kinds[:-1]) if "__init__" in vars(kind)]
    return kinds[own[-1] + 1 if own else 0].__name__
