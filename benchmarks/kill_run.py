"""Kill a run at random moments, go on each time, and count what there is at the end.

    python benchmarks/kill_run.py [--samples 500] [--kills 20] [--seed 0]

The run asks a local stub server that fails and rate-limits now and then. Some kills fall while a run begins and
reads what earlier ones left, some before its first reply is on disk, most in the middle. At the end every sample
must be there, once, and no answered sample may have been asked again but for those whose reply was under way.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from stub_server import Behaviour, StubServer

from allegiance.bridge.run import InspectRun
from allegiance.records.condition import Condition
from allegiance.records.prompt import Prompt
from allegiance.records.transcript import Message, Part

MODEL = "openai-api/stub/model"
CONNECTIONS = 20
CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from kill_run import child
child(Path({runs!r}), {samples})
"""


@dataclass(frozen=True)
class Outcome:
    """What was there at the end.

    Attributes:
        kills: Kills that met a running child.
        logs: Logs that the runs left.
        samples: Samples that there should be.
        found: Samples that there are, each counted once for each transcript.
        answered: Transcripts whose status is complete.
        calls: Calls that the server answered.
    """

    kills: int
    logs: int
    samples: int
    found: Counter[str]
    answered: int
    calls: int

    def right(self) -> bool:
        """Whether each sample is there exactly once, answered, and few replies were lost under way."""
        once = len(self.found) == self.samples and set(self.found.values()) == {1}
        return once and self.answered == self.samples and self.calls <= self.samples + self.kills * CONNECTIONS


def prompts(count: int) -> tuple[Prompt, ...]:
    """Prompts whose user message is their name."""
    return tuple(
        Prompt(
            request=f"r{index:04}",
            condition=Condition(levels={"tier": "trained"}),
            messages=(Message(role="user", parts=(Part(text=f"r{index:04}: repair or replace?"),)),),
        )
        for index in range(count)
    )


def made(runs: Path) -> InspectRun:
    """The run, as it is each time."""
    return InspectRun(MODEL, runs, max_connections=CONNECTIONS, max_retries=10)


def child(runs: Path, samples: int) -> None:
    """Run, and say each step, until done or killed."""
    run = made(runs)
    run.on_progress = lambda done, _total: print(done, flush=True)
    print("begin", flush=True)
    run(prompts(samples))


def kill_and_resume(samples: int, kills: int, seed: int, behaviour: Behaviour | None = None) -> Outcome:
    """Run it all; see the module."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder, StubServer(behaviour) as server:
        runs = Path(folder, "runs")
        os.environ |= {"STUB_BASE_URL": server.url, "STUB_API_KEY": "no-key-is-needed"}
        met = sum(_killed(runs, samples, kills, chance) for _ in range(kills))
        found = list(made(runs)(prompts(samples)))
        return Outcome(
            kills=met,
            logs=len(list(runs.glob("*.eval"))),
            samples=samples,
            found=Counter(item.request for item in found),
            answered=sum(item.status == "complete" and bool(item.answer) for item in found),
            calls=server.behaviour.answered,
        )


def _killed(runs: Path, samples: int, kills: int, chance: random.Random) -> bool:
    """Start a child and kill it: a third of the time at once or while it reads, else after some steps."""
    code = CHILD.format(here=str(Path(__file__).resolve().parent), runs=str(runs), samples=samples)
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        process.stdout.readline()
        if chance.random() < 1 / 3:
            time.sleep(chance.uniform(0, 4))
        else:
            for _ in range(1 + chance.randrange(1, max(2, 2 * samples // (kills + 1)))):
                process.stdout.readline()
            time.sleep(chance.uniform(0, 0.05))
        alive = process.poll() is None
        process.send_signal(signal.SIGKILL)
    return alive


def main() -> None:
    """Do it, and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, number in (("samples", 500), ("kills", 20), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=number)
    given = parser.parse_args()
    began = time.perf_counter()
    found = kill_and_resume(given.samples, given.kills, given.seed, Behaviour(delay=0.05, errors=0.05, limits=0.02))
    print(
        f"{found.kills} kills, {found.logs} logs, {len(found.found)} of {found.samples} samples, each "
        f"{max(found.found.values())} times at most, {found.answered} answered, {found.calls} calls answered, "
        f"{time.perf_counter() - began:.0f} s: {'right' if found.right() else 'WRONG'}"
    )
    sys.exit(not found.right())


if __name__ == "__main__":
    main()
