"""How fast a run is beside Inspect itself with its plain ``generate()``, on a local server; and its memory.

    python benchmarks/bench.py [--quick] run_rate

Each cell is a process of its own. Ours asks, keeps the logs and reads all transcripts back; Inspect's asks and
keeps its log, with its own defaults. The better of two goes counts, taken in turns. On a shared machine the rows of
CPU seconds are the steadier ones: a run on a fast server is bound by them.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from import_rate import Row, row
from stub_server import Behaviour, StubServer

from allegiance.records.condition import Condition
from allegiance.records.prompt import Prompt
from allegiance.records.transcript import Message, Part

MODEL = "openai-api/stub/model"
SYSTEM = "You answer for the desk of a repair shop, which serves two principals. " * 40
CONNECTIONS = (10, 50, 200)
FAILING = {"delay": 0.2, "errors": 0.05, "limits": 0.02}


def prompts(count: int) -> tuple[Prompt, ...]:
    """Prompts of about 3 KB."""
    return tuple(
        Prompt(
            request=f"r{index}",
            condition=Condition(levels={"tier": "trained" if index % 2 else "untrained"}, scenario="sha256:bench"),
            messages=(
                Message(role="system", parts=(Part(text=SYSTEM),)),
                Message(role="user", parts=(Part(text=f"Item {index}: repair or replace?"),)),
            ),
            menu=("REPAIR", "REPLACE"),
        )
        for index in range(count)
    )


def measure(quick: bool) -> list[Row]:
    """The rows of this benchmark."""
    count, goes = (60, 1) if quick else (500, 2)
    cells = [({"delay": d}, c) for d in (0.0, 0.2) for c in (CONNECTIONS[:1] if quick else CONNECTIONS)]
    made = [one for told, c in [*cells, (FAILING, 50)] for one in _cell(told, c, count, goes)]
    small, large = (60, 120) if quick else (500, 2_000)
    with StubServer() as server:
        least, most = (_child("ours", server.url, 50, n)["memory"] for n in (small, large))
    return [*made, row(f"run, peak memory at {large:,} samples (floor: {small:,})", most, least, None, "MB", large)]


def _cell(told: dict[str, float], connections: int, count: int, goes: int) -> list[Row]:
    made: dict[str, list[dict[str, float]]] = {"ours": [], "inspect": []}
    for _ in range(goes):
        for who, found in made.items():
            with StubServer(Behaviour(**told)) as server:  # type: ignore[arg-type]
                found.append(_child(who, server.url, connections, count))
    rates = {who: max(one["rate"] for one in found) for who, found in made.items()}
    work = {who: min(one["cpu"] for one in found) for who, found in made.items()}
    fails = ", 5 % fail" if told.get("errors") else ""
    name = f"run, {told['delay'] * 1000:.0f} ms{fails}, {connections} connections"
    return [
        row(f"{name} (floor: Inspect)", rates["ours"], rates["inspect"], None, "samples/s", count),
        row("  the same", work["ours"], work["inspect"], None, "CPU s", count),
    ]


def _child(who: str, url: str, connections: int, count: int) -> dict[str, float]:
    env = os.environ | {"STUB_BASE_URL": url, "STUB_API_KEY": "no-key-is-needed"}
    command = [sys.executable, __file__, who, str(connections), str(count)]
    done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _ours(folder: Path, connections: int, asked: tuple[Prompt, ...]) -> int:
    from allegiance.bridge.run import InspectRun

    run = InspectRun(MODEL, folder, max_connections=connections)
    return sum(item.status != "error" for item in run(asked))


def _inspect(folder: Path, connections: int, asked: tuple[Prompt, ...]) -> int:
    from inspect_ai import Task
    from inspect_ai import eval as evaluate
    from inspect_ai.solver import generate

    from allegiance.bridge.asking import samples

    task = Task(dataset=samples(asked), solver=generate())
    [log] = evaluate(task, model=MODEL, log_dir=str(folder), display="none", max_connections=connections,
                     max_retries=5, fail_on_error=False)  # fmt: skip
    return sum(item.error is None for item in log.samples or [])


def main() -> None:
    """One cell: prints samples a second and peak memory."""
    import allegiance.bridge.engine  # noqa: F401  (loading it is not part of the run)

    who, connections, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    asked = prompts(count)
    with tempfile.TemporaryDirectory() as folder:
        began, worked = time.perf_counter(), time.process_time()
        answered = (_ours if who == "ours" else _inspect)(Path(folder), connections, asked)
        rate, cpu = count / (time.perf_counter() - began), time.process_time() - worked
    assert answered >= 0.95 * count, answered
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rate": rate, "cpu": cpu, "memory": memory}))


if __name__ == "__main__":
    main()
