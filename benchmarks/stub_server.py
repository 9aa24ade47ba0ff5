"""A local OpenAI-compatible server that answers at once or after a while, and fails and rate-limits as told.

    python benchmarks/stub_server.py --delay 0.2 --errors 0.05 --limits 0.02

It prints its base URL and serves until it is stopped. `StubServer` runs the same in a thread. Which call fails is
decided by a hash of the call's number, so that a second run with the same flags fails in the same places.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

REPLY = "<scratchpad>This is call {call}.</scratchpad><answer>REPAIR</answer>"
KEYS = ("refuse", "empty", "cut", "filter")
"""Words in a user message that make the reply a refusal, empty, cut off, or filtered."""


CODE = re.compile(r"The code of this call is ([0-9a-f]+)\.")
"""Where a judge's call has its code, which the reply repeats."""


@dataclass
class Behaviour:
    """What the server does, and what it was asked.

    Attributes:
        delay: Seconds before each answer.
        errors: Share of calls answered with status 500.
        limits: Share of calls answered with status 429 and ``Retry-After``.
        retry_after: That header's value, in seconds; empty to leave it out.
        refuse: Status with which every call is refused; 0 for none.
        code: Error code in the body of such a refusal.
        after: Calls that are answered before `refuse` begins.
        verdict: Answer that is given to a judge's call, in the form that it asks for; empty to answer as a model.
        calls: Calls received.
        answered: Calls answered with status 200.
        asked: User messages of the answered calls, counted.
        bodies: The last bodies received, at most 200.
    """

    delay: float = 0.0
    errors: float = 0.0
    limits: float = 0.0
    retry_after: str = "0"
    refuse: int = 0
    code: str = "invalid_api_key"
    after: int = 0
    verdict: str = ""
    calls: int = 0
    answered: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def status(self) -> int:
        """The status of the next call."""
        self.calls += 1
        if self.refuse and self.calls > self.after:
            return self.refuse
        coin = int.from_bytes(hashlib.sha256(str(self.calls).encode()).digest()[:4], "big") / 2**32
        return 500 if coin < self.errors else 429 if coin < self.errors + self.limits else 200

    def failure(self, status: int) -> tuple[dict[str, Any], str]:
        """Body and extra headers of an answer that is not 200."""
        code = self.code if status == self.refuse else "rate_limit_exceeded" if status == 429 else "server_error"
        body = {"error": {"message": f"the stub says {status}", "type": code, "code": code, "param": None}}
        return body, f"retry-after: {self.retry_after}\r\n" if status == 429 and self.retry_after else ""

    def reply(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A chat completion."""
        self.answered += 1
        self.bodies = [*self.bodies[-199:], asked]
        last = str(asked["messages"][-1].get("content", ""))
        self.asked[json.dumps(asked["messages"], sort_keys=True)] += 1
        text, stop, more = _said(last, self._judged(last) if self.verdict else REPLY.format(call=self.answered))
        message = {"role": "assistant", "content": text, **more}
        return {
            "id": f"stub-{self.answered}", "object": "chat.completion", "created": 0, "model": asked.get("model"),
            "choices": [{"index": 0, "message": message, "finish_reason": stop}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
        }  # fmt: skip

    def _judged(self, asked: str) -> str:
        """A reply to a judge's call; it quotes the beginning of the text."""
        code = CODE.search(asked)
        quotes = [line[2:22] for line in asked.split("\n", 8) if line.startswith("| ")][:1]
        return json.dumps({"call": code[1] if code else "", "reason": "It is so.", "quotes": quotes,
                           "verdict": self.verdict})  # fmt: skip


def _said(asked: str, text: str) -> tuple[str, str, dict[str, str]]:
    kind = next((key for key in KEYS if f"please-{key}" in asked), "")
    said = {"refuse": ("", "stop", {"refusal": "I will not."}), "empty": ("", "stop", {}),
            "cut": ("<scratchpad>and then", "length", {}), "filter": ("", "content_filter", {})}  # fmt: skip
    return said.get(kind, (text, "stop", {}))


class StubServer:
    """The server in a thread of this process, as a context manager.

    Attributes:
        behaviour: What it does; may be changed while it runs.
        url: Base URL of its API.
    """

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self.url = ""
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> StubServer:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, backlog=1024)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while (head := await reader.readuntil(b"\r\n\r\n")) and await self._answer(head, reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        body = await reader.readexactly(int(headers.get(b"content-length", b"0")))
        if head.startswith(b"GET"):
            status, said, more = 200, self._counts(), ""
        else:
            status, more = self.behaviour.status(), ""
            await asyncio.sleep(self.behaviour.delay)
            if status == 200:
                said = self.behaviour.reply(json.loads(body))
            else:
                said, more = self.behaviour.failure(status)
        data = json.dumps(said).encode()
        start = (
            f"HTTP/1.1 {status} x\r\ncontent-type: application/json\r\n{more}content-length: {len(data)}\r\n\r\n"
        )
        writer.write(start.encode() + data)
        await writer.drain()
        return True

    def _counts(self) -> dict[str, Any]:
        told = self.behaviour
        return {"calls": told.calls, "answered": told.answered, "most": max(told.asked.values(), default=0)}


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("delay", "errors", "limits"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    with StubServer(Behaviour(**vars(parser.parse_args()))) as server:
        print(server.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
