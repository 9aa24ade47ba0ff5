"""Many calls at a time, from a program that is not asynchronous: taken as there is room, given back as they end."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager

from allegiance.errors import RunError
from allegiance.rating.judging.asking import Ask, Said

Call = Callable[[Ask], Coroutine[None, None, Said]]
HOPELESS = 20
"""Calls that fail one after the other, with none answered before, until it is given up."""


def pump(
    calls: Iterator[Ask | None], opened: Callable[[], AbstractAsyncContextManager[Call]], connections: int
) -> Iterator[Said]:
    """Makes calls, at most so many at a time, in an event loop of its own that runs while a reply is waited for.

    Args:
        calls: See `Asker.ask`.
        opened: What opens the client, and gives the function that makes a call.
        connections: Calls under way at the same time.

    Raises:
        RunError: There is an event loop in this thread already, or call after call fails; and what a call raises.
    """
    _refuse_nested()
    loop = asyncio.new_event_loop()
    client = opened()
    flow = _Flow(loop, connections)
    try:
        flow.call = loop.run_until_complete(client.__aenter__())
        try:
            yield from flow.run(calls)
        finally:
            loop.run_until_complete(flow.close())
            loop.run_until_complete(client.__aexit__(None, None, None))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


CHUNK = 32
"""Replies that are given back before new calls are sent: a wave of replies does not keep the server waiting."""


class _Flow:
    """The calls that are under way."""

    call: Call

    def __init__(self, loop: asyncio.AbstractEventLoop, connections: int) -> None:
        self._loop, self._connections = loop, connections
        self._under: set[asyncio.Task[Said]] = set()
        self._ended: deque[asyncio.Task[Said]] = deque()
        self._some: asyncio.Future[None] | None = None
        self._error: BaseException | None = None
        self._answered = self._failed = 0

    def run(self, calls: Iterator[Ask | None]) -> Iterator[Said]:
        """Replies, until there are no more calls."""
        more = True
        while True:
            while more and len(self._under) < self._connections:
                call = next(calls, _NO_MORE)
                if isinstance(call, _NoMore):
                    more = False
                elif call is None:
                    break
                else:
                    self._begin(call)
            if not self._under and not self._ended:
                return
            if self._ended:
                self._turn()
            else:
                self._wait()
            yield from self._given_back()

    def _given_back(self) -> Iterator[Said]:
        """Some of what has ended; after an error all of it, so that no reply is lost, and then the error."""
        given = 0
        while self._ended and (given < CHUNK or self._error is not None):
            task = self._ended.popleft()
            self._error = task.exception() or self._error
            if task.exception() is None:
                given += 1
                yield self._counted(task.result())
        if self._error is not None:
            raise self._error

    async def close(self) -> None:
        """Gives up what is under way."""
        under = [*self._under, *self._ended]
        for task in under:
            task.cancel()
        await asyncio.gather(*under, return_exceptions=True)

    def _begin(self, call: Ask) -> None:
        task = self._loop.create_task(self.call(call))
        self._under.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[Said]) -> None:
        self._under.discard(task)
        self._ended.append(task)
        if self._some is not None and not self._some.done():
            self._some.set_result(None)

    def _turn(self) -> None:
        """Lets the loop do what is due, such as to send new calls, and waits for nothing."""
        self._loop.call_soon(self._loop.stop)
        self._loop.run_forever()

    def _wait(self) -> None:
        """Lets the loop run until a call ends."""
        self._some = self._loop.create_future()
        self._loop.run_until_complete(self._some)
        self._some = None

    def _counted(self, said: Said) -> Said:
        if said.outcome != "failed":
            self._answered += 1
        else:
            self._failed += 1
        if not self._answered and self._failed >= HOPELESS:
            raise RunError(f"the first {self._failed} calls all failed; the last: {said.error}", where="judge",
                           next="See what the server says; nothing that was answered is lost.")  # fmt: skip
        return said


class _NoMore:
    """Stands for the end of the calls."""


_NO_MORE = _NoMore()


def _refuse_nested() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RunError("a judge cannot be asked from inside an event loop, as in a notebook's cell.", where="judge",
                   next="Call it in a thread: await asyncio.to_thread(...)")  # fmt: skip
