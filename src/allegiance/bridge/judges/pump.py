"""Many calls at a time, from a program that is not asynchronous: taken as there is room, given back as they end."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from allegiance.errors import RunError
from allegiance.rating.judging.asking import Ask, Said

Call = Callable[[Ask], Awaitable[Said]]
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


class _Flow:
    """The calls that are under way."""

    call: Call

    def __init__(self, loop: asyncio.AbstractEventLoop, connections: int) -> None:
        self._loop, self._connections = loop, connections
        self._under: set[asyncio.Task[Said]] = set()
        self._ended: deque[asyncio.Task[Said]] = deque()
        self._some: asyncio.Future[None] | None = None
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
            if not self._ended:
                self._wait()
            yield from self._given_back()

    def _given_back(self) -> Iterator[Said]:
        """What has ended: first the replies, so that none is lost, then an error if there was one."""
        error: BaseException | None = None
        while self._ended:
            task = self._ended.popleft()
            if (raised := task.exception()) is None:
                yield self._counted(task.result())
            error = raised or error
        if error is not None:
            raise error

    async def close(self) -> None:
        """Gives up what is under way."""
        under = [*self._under, *self._ended]
        for task in under:
            task.cancel()
        await asyncio.gather(*under, return_exceptions=True)

    def _begin(self, call: Ask) -> None:
        task = self._loop.create_task(_as_coroutine(self.call(call)))
        self._under.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[Said]) -> None:
        self._under.discard(task)
        self._ended.append(task)
        if self._some is not None and not self._some.done():
            self._some.set_result(None)

    def _wait(self) -> None:
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


async def _as_coroutine(call: Awaitable[Said]) -> Said:
    return await call


@asynccontextmanager
async def always(call: Call) -> AsyncIterator[Call]:
    """A client that needs no opening."""
    yield call


def _refuse_nested() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RunError("a judge cannot be asked from inside an event loop, as in a notebook's cell.", where="judge",
                   next="Call it in a thread: await asyncio.to_thread(...)")  # fmt: skip
