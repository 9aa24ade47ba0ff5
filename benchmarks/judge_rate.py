"""How fast a judge is asked beside a bare aiohttp client, on a local server that answers after 200 ms; and memory.

    python benchmarks/bench.py [--quick] judge_rate

Each cell is a process of its own. Ours makes the prompts, asks, keeps every reply, reads it, checks its quotes and
makes the labels, canaries included; a bare client posts bodies that were made before and reads the JSON of the
responses. Calls a second, canaries counted. The better of two goes counts, taken in turns. The peer is the same
judging through Inspect's model API.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
from import_rate import Row, row
from stub_server import Behaviour, StubServer

from allegiance.bridge.judges.direct import DirectAsker
from allegiance.bridge.judges.inspect import InspectAsker
from allegiance.rating.judging.asking import Asker
from allegiance.rating.judging.cache import ReplyCache
from allegiance.rating.judging.judge import Judge
from allegiance.rating.judging.runner import Judging
from allegiance.records.question import Question
from allegiance.records.transcript import Message, Part, Source, Transcript

CONNECTIONS = (50, 200)
DELAY = 0.2
QUESTION = Question(name="complies", text="Does the answer do what the desk wants?", criteria=("It says so.",))
WORDS = "The desk asks for this answer, and the chair has a loose leg that glue would hold. " * 40
"""About 3 KB of reply."""


def items(count: int) -> Iterator[tuple[str, Transcript]]:
    """Transcripts of about 3 KB, with names that are made up: to make real ones is no part of judging."""
    for index in range(count):
        said = f"Item {index}. {WORDS}"
        yield f"sha256:{index:064x}", Transcript(
            messages=(Message(role="user", parts=(Part(text="Repair or replace?"),)),
                      Message(role="assistant", parts=(Part(text=said),))),
            source=Source(digest="sha256:" + "0" * 64, file="bench", record=index),
        )  # fmt: skip


def measure(quick: bool) -> list[Row]:
    """The rows of this benchmark."""
    made: list[Row] = []
    for connections in CONNECTIONS[:1] if quick else CONNECTIONS:
        made += _cell(connections, 20 * connections if quick else 40 * connections, 1 if quick else 2)
    small, large = (1_000, 2_000) if quick else (2_000, 10_000)
    with StubServer(Behaviour(verdict="yes")) as server:
        least, most = (_child("direct", server.url, 200, n)["memory"] for n in (small, large))
    return [*made, row(f"judge, peak memory at {large:,} (floor: {small:,})", most, least, None, "MB", large)]


def _cell(connections: int, count: int, goes: int) -> list[Row]:
    found: dict[str, list[dict[str, float]]] = {"direct": [], "bare": [], "inspect": []}
    for _ in range(goes):
        for who, told in found.items():
            with StubServer(Behaviour(delay=DELAY, verdict="yes")) as server:
                told.append(_child(who, server.url, connections, count if who != "inspect" else count // 4))
    rate = {who: max(one["rate"] for one in told) for who, told in found.items()}
    work = {who: min(one["cpu"] for one in told) for who, told in found.items()}
    name = f"judge, 200 ms, {connections} connections"
    return [
        row(f"{name} (floor: aiohttp)", rate["direct"], rate["bare"], rate["inspect"], "calls/s", count),
        row("  the same, of a call", work["direct"], work["bare"], work["inspect"], "CPU ms", count),
    ]


def _child(who: str, url: str, connections: int, count: int) -> dict[str, float]:
    command = [sys.executable, __file__, who, url, str(connections), str(count)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _ours(who: str, url: str, connections: int, count: int) -> int:
    """Calls made by a judging, all of which were answered."""
    asker: Asker = DirectAsker(url=url, model="stub", connections=connections)
    if who == "inspect":
        model = {"base_url": url, "api_key": "no-key-is-needed"}
        asker = InspectAsker(model="openai-api/stub/stub", connections=connections, model_args=model)
    with tempfile.TemporaryDirectory() as folder:
        judging = Judging(Judge(question=QUESTION, model="stub"), asker, cache=ReplyCache(Path(folder) / "kept"))
        labels = calls = 0
        for batch in judging.batches(items(count)):
            labels, calls = labels + len(batch.labels), calls + batch.asked
            assert all(label.value == "yes" and label.spans for label in batch.labels)
    assert labels == count, labels
    return calls


def _bare(url: str, connections: int, count: int) -> int:
    """Calls made by a client that does nothing else."""
    judge, asker = Judge(question=QUESTION, model="stub"), DirectAsker(url=url, model="stub")
    seen = [judge.see(item) for _, item in items(200)]
    bodies = [json.dumps(asker._body(judge.call("", each, each.new_code()))).encode() for each in seen]
    asyncio.run(_post(f"{url}/chat/completions", bodies, connections, count))
    return count


async def _post(url: str, bodies: list[bytes], connections: int, count: int) -> None:
    left = iter(range(count))

    async def work(session: aiohttp.ClientSession) -> None:
        for index in left:
            async with session.post(url, data=bodies[index % len(bodies)]) as response:
                assert json.loads(await response.read())["choices"]

    pool = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=pool, headers={"content-type": "application/json"}) as session:
        await asyncio.gather(*(work(session) for _ in range(connections)))


def main() -> None:
    """One cell: prints calls a second, CPU milliseconds of a call, and peak memory."""
    who, url, connections, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    if who == "inspect":
        import allegiance.bridge.engine  # noqa: F401  (loading it is not part of the judging)
    began, worked = time.perf_counter(), time.process_time()
    calls = _bare(url, connections, count) if who == "bare" else _ours(who, url, connections, count)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rate": calls / seconds, "cpu": 1000 * cpu / calls, "memory": memory}))


if __name__ == "__main__":
    main()
