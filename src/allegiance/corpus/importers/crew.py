"""The workers of an import: this process alone, or some of its own, each started anew with nothing shared.

A worker is a Python that runs `serve`: it is told what to do on its standard input and answers on its standard
output, in MessagePack, each message after its length in 8 bytes. It ends when its input does, and so with the
process that started it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from queue import SimpleQueue
from threading import Condition
from typing import IO, Protocol, TypeVar

import msgspec

from allegiance.corpus.importers.units import Base, Begun, Done, Setup, Unit
from allegiance.errors import StudyError

MOST_WORKERS = 4
"""More would not hold an import under a gigabyte of memory."""
_AHEAD = 2
"""Units that may be done before their turn, for each worker: what they found waits in memory."""
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1])\n"
    "from allegiance.corpus.importers.crew import serve; serve()"
)
_Order = Callable[[Unit, list[Begun]], list[Base]]
_Answer = TypeVar("_Answer")


class _Worker(Protocol):
    def begin(self, unit: Unit) -> list[Begun]: ...

    def finish(self, unit: Unit, bases: list[Base]) -> Done: ...


def workers_for(units: int, wanted: int | None) -> int:
    """How many workers to start for so many units; 0 to do without."""
    most = min(len(os.sched_getaffinity(0)), MOST_WORKERS) if wanted is None else wanted
    return 0 if units < 2 or most < 2 or not sys.executable else min(most, units)


def work(setup: Setup, units: Sequence[Unit], order: _Order, workers: int) -> Iterator[Done]:
    """Do all units, and give what became of them in their order.

    Args:
        setup: What they have in common.
        units: What is to be done.
        order: Called for each unit in order once its first step is done: what its second has to know. What it
            raises ends the work.
        workers: How many processes to start; 0 for none.

    Raises:
        StudyError: A worker ended before its work was done.
    """
    if workers:
        yield from _together(setup, units, order, workers)
        return
    from allegiance.corpus.importers.reader import Reader  # noqa: PLC0415 (reads what this module starts)

    reader = Reader(setup)
    for unit in units:
        yield reader.finish(unit, order(unit, reader.begin(unit)))


def serve() -> None:
    """Be a worker until standard input ends."""
    from allegiance.corpus.importers.reader import Reader  # noqa: PLC0415 (see `work`)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started it decides
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints does not disturb the answers
    reader = Reader(_received(source, Setup))
    with suppress(EOFError, BrokenPipeError):
        while True:
            unit = _received(source, Unit)
            _send(sink, reader.begin(unit))
            _send(sink, reader.finish(unit, _received(source, list[Base])))


class _Process:
    """A worker in a process of its own."""

    def __init__(self, setup: Setup) -> None:
        arguments = [sys.executable, "-c", _BOOT, json.dumps([path or os.curdir for path in sys.path])]
        self._process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._sink, self._source = self._process.stdin, self._process.stdout
        self._tell(setup)

    def begin(self, unit: Unit) -> list[Begun]:
        self._tell(unit)
        return self._hear(list[Begun])

    def finish(self, unit: Unit, bases: list[Base]) -> Done:
        self._tell(bases)
        return self._hear(Done)

    def stop(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._sink, self._source):
            with suppress(OSError):
                pipe.close()

    def _tell(self, message: object) -> None:
        try:
            _send(self._sink, message)
        except OSError:
            raise self._ended() from None

    def _hear(self, kind: type[_Answer]) -> _Answer:
        try:
            return _received(self._source, kind)
        except EOFError:
            raise self._ended() from None

    def _ended(self) -> StudyError:
        status = self._process.wait()
        return StudyError(
            f"a worker of the import ended with status {status} before its work was done; nothing was changed.",
            next="Import again with --workers 1, which reads in this process.",
        )


class _Stopped(Exception):
    """The work was ended by something else."""


class _Turns:
    """Lets the first steps of units be reckoned with in their order, whoever did them."""

    def __init__(self) -> None:
        self._next, self._over, self._changed = 0, False, Condition()

    def take(self, number: int, act: Callable[[], list[Base]]) -> list[Base]:
        """What `act` gives, called once all units before this one had their turn."""
        with self._changed:
            self._changed.wait_for(lambda: self._next == number or self._over)
            if self._over:
                raise _Stopped
            try:
                made = act()
            except BaseException:
                self._over = True
                raise
            finally:
                self._next += 1
                self._changed.notify_all()
        return made

    def end(self) -> None:
        """Nobody waits any longer."""
        with self._changed:
            self._over = True
            self._changed.notify_all()


def _together(setup: Setup, units: Sequence[Unit], order: _Order, count: int) -> Iterator[Done]:
    turns, free = _Turns(), SimpleQueue[_Process]()

    def one(unit: Unit) -> Done:
        worker = free.get()
        try:
            begun = worker.begin(unit)
            bases = turns.take(unit.number, lambda: order(unit, begun))
            return worker.finish(unit, bases)
        except BaseException:
            turns.end()
            raise
        finally:
            free.put(worker)

    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(count))
        for _ in range(count):
            process = _Process(setup)
            stack.callback(process.stop)
            free.put(process)
        stack.callback(turns.end)
        waiting: list[Future[Done]] = []
        stream = iter(units)
        try:
            for unit in stream:
                waiting.append(pool.submit(one, unit))
                if len(waiting) >= count * _AHEAD:
                    yield _first(waiting)
            while waiting:
                yield _first(waiting)
        finally:
            for left in waiting:
                left.cancel()


def _first(waiting: list[Future[Done]]) -> Done:
    """What became of the first unit that is waited for; if it was stopped, the error that stopped it."""
    try:
        return waiting.pop(0).result()
    except _Stopped:
        for later in waiting:
            with suppress(_Stopped):
                later.result()
        raise


def _send(sink: IO[bytes], message: object) -> None:
    data = msgspec.msgpack.encode(message)
    sink.write(len(data).to_bytes(8, "little") + data)
    sink.flush()


def _received(source: IO[bytes], kind: type[_Answer]) -> _Answer:
    size = int.from_bytes(_exactly(source, 8), "little")
    return msgspec.msgpack.decode(_exactly(source, size), type=kind)


def _exactly(source: IO[bytes], size: int) -> bytes:
    data = source.read(size)
    if len(data) < size:
        raise EOFError
    return data
