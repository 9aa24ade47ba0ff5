"""Light columns by an engine of `corpus.bulk`, a segment apart: what every count, filter and draw reads."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import msgspec

from allegiance.corpus.bulk import Engine, each
from allegiance.corpus.places import Held
from allegiance.corpus.store import Corpus
from allegiance.corpus.tables.light import make_columns

_HERE = "allegiance.corpus.tables.sharing"


class _Task(msgspec.Struct, frozen=True):
    """A segment, or what was taken down from one."""

    digest: str
    path: str
    rows: int


def make(corpus: Corpus, engine: Engine) -> None:
    """Make the light columns of the current version, as far as they are not there; see `light.light`.

    Raises:
        StudyError: The engine kept losing its workers. What was finished stays.
        CorpusDamaged: A segment cannot be read.
    """
    tasks = [_Task(one.digest, str(one.path.absolute()), one.rows) for one in corpus.held(columns=True)]
    orders = [msgspec.msgpack.encode(task) for task in tasks]
    for _ in each(engine, f"{_HERE}:columns", str(corpus.folder.absolute()).encode(), orders):
        pass


def columns(shared: bytes, order: bytes) -> bytes:
    """What a worker does."""
    task = msgspec.msgpack.decode(order, type=_Task)
    make_columns(_folder(shared), Held(task.digest, Path(task.path), task.rows))
    return b""


@lru_cache(maxsize=1)
def _folder(shared: bytes) -> Path:
    return Path(shared.decode())
