"""An import whose files are read by an engine of `corpus.bulk`, on this machine or on a cluster.

Names depend on what stands before a part of a file, so parts of JSONL are read twice: once to count and check, and
once, when all before them is known, to be stored. The segments are those of an import by `crew`, byte for byte;
like there, what a failed import has staged is part of nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from allegiance.corpus.bulk import Engine, each
from allegiance.corpus.importers.reader import BY_LINE, Reader
from allegiance.corpus.importers.units import Base, Begun, Done, Piece, Setup, Stamp, Unit
from allegiance.errors import ImportRefused, StudyError

_HERE = "allegiance.corpus.importers.engined"


class _Order(msgspec.Struct, frozen=True):
    """A unit, and what its second step has to know; None for the first."""

    unit: Unit
    bases: list[Base] | None = None


def work(
    setup: Setup, units: Sequence[Unit], order: Callable[[Unit, list[Begun]], list[Base]], engine: Engine
) -> Iterator[Done]:
    """Do all units, and give what became of them in their order; as `crew.work`.

    Raises:
        StudyError: The engine kept losing its workers, or they do not see the files.
    """
    shared = msgspec.msgpack.encode(setup)
    read = [unit for unit in units if any(piece.kind in BY_LINE for piece in unit.pieces)]
    begun = {unit.number: [Begun() for _ in unit.pieces] for unit in units}
    asked = [msgspec.msgpack.encode(_Order(unit)) for unit in read]
    for at, answer in each(engine, f"{_HERE}:begin", shared, asked):
        begun[read[at].number] = msgspec.msgpack.decode(answer, type=list[Begun])
    asked = [msgspec.msgpack.encode(_Order(unit, order(unit, begun.pop(unit.number)))) for unit in units]
    waiting: dict[int, Done] = {}
    turn = 0
    for at, answer in each(engine, f"{_HERE}:finish", shared, asked):
        waiting[at] = msgspec.msgpack.decode(answer, type=Done)
        while turn in waiting:
            yield waiting.pop(turn)
            turn += 1


def begin(shared: bytes, order: bytes) -> bytes:
    """What a worker does in the first step."""
    unit = _here(msgspec.msgpack.decode(order, type=_Order).unit)
    return msgspec.msgpack.encode(Reader(_setup(shared)).begin(unit))


def finish(shared: bytes, order: bytes) -> bytes:
    """What a worker does in the second step, which begins with the first."""
    told = msgspec.msgpack.decode(order, type=_Order)
    setup, unit = _setup(shared), _here(told.unit)
    # A worker that was thought lost may still write: each try has names of its own.
    reader = Reader(msgspec.structs.replace(setup, tag=f"{setup.tag}-{os.urandom(6).hex()}"))
    reader.begin(unit)
    assert told.bases is not None
    return msgspec.msgpack.encode(reader.finish(unit, told.bases))


@lru_cache(maxsize=1)
def _setup(shared: bytes) -> Setup:
    return msgspec.msgpack.decode(shared, type=Setup)


def _here(unit: Unit) -> Unit:
    """The unit with its files as this machine knows them."""
    return Unit(unit.number, tuple(msgspec.structs.replace(piece, stamp=_stamp(piece)) for piece in unit.pieces))


def _stamp(piece: Piece) -> Stamp:
    """The stamp of a file here; device and inode differ between machines, size and time do not."""
    try:
        with Path(piece.path).open("rb") as file:
            here = Stamp.of(file.fileno())
    except OSError:
        raise StudyError(
            "a worker does not find this file.",
            where=piece.path,
            next="Files to import must be at the same path on every machine of a cluster.",
        ) from None
    if (here.size, here.changed) != (piece.stamp.size, piece.stamp.changed):
        raise ImportRefused("the file changed while it was read.", where=piece.name, next="Import it again.")
    return here
