"""Indexing by meaning on an engine of `corpus.bulk`: each segment apart, into the folder where `index` looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from allegiance.corpus.bulk import Engine, each
from allegiance.corpus.places import Held
from allegiance.errors import InputError
from allegiance.records.encoder import Encoder

_HERE = "allegiance.corpus.vectors.sharing"


class _Task(msgspec.Struct, frozen=True):
    """What all segments of an index have in common; the encoder must have this digest wherever it is loaded."""

    folder: str
    encoder: str
    digest: str


def make(
    folder: Path, held: Sequence[Held], encoder: Encoder, engine: Engine, progress: Callable[[int], object]
) -> None:
    """Index segments into a folder, whose centre is there already; what others have finished stays.

    Args:
        folder: The folder of the index.
        held: The segments.
        encoder: What makes vectors of passages; workers load one of the same name.
        engine: Who does it.
        progress: Told how many transcripts of those given are done.

    Raises:
        StudyError: The engine kept losing its workers. Finished segments stay indexed.
        InputError: The encoder is another one on a worker.
    """
    name = "static" if encoder.name.startswith("wordllama") else "minilm"
    shared = msgspec.msgpack.encode(_Task(str(folder.absolute()), name, encoder.digest))
    done = 0
    orders = [str(one.path.absolute()).encode() for one in held]
    for at, _ in each(engine, f"{_HERE}:shelve", shared, orders):
        done += held[at].rows
        progress(done)


def shelve(shared: bytes, order: bytes) -> bytes:
    """What a worker does: the folder of one segment, which appears whole."""
    from allegiance.corpus.vectors import index  # noqa: PLC0415  (it starts this)

    task, path = _task(shared), Path(order.decode())
    if not (Path(task.folder) / path.stem).is_dir():
        index.make_shelf(path, Path(task.folder), _encoder(task.encoder, task.digest))
    return b""


@lru_cache(maxsize=1)
def _task(shared: bytes) -> _Task:
    return msgspec.msgpack.decode(shared, type=_Task)


@lru_cache(maxsize=1)
def _encoder(name: str, digest: str) -> Encoder:
    from allegiance.corpus.vectors.encoders import find_encoder  # noqa: PLC0415  (it knows the index)

    found = find_encoder(name)
    if found.digest != digest:
        raise InputError(
            f"a worker has other weights for {found.name}.",
            next="Install the same on every machine of the cluster.",
        )
    return found
