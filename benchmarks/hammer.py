"""Hammer the log: many processes append at once while they are killed with SIGKILL and started again.

    python benchmarks/hammer.py [--workers 8] [--events 10000] [--kills 200] [--seed 0] [--folder DIR]

After `append` has returned, a worker notes the event in a file of its own and syncs that: an acknowledgement. At
the end every acknowledged event must be in the log where it was said to be, the entries must be numbered without
gaps, and fsck must find nothing. Prints counts and the rate as JSON, also to build/bench/hammer.json; exit status 1
if anything is wrong. An event that was saved, and whose worker died before it could note that, is appended again:
it is counted as `twice`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

from allegiance.errors import StudyError
from allegiance.ledger.database import Database
from allegiance.ledger.log import Log

OUT = Path(__file__).resolve().parent.parent / "build" / "bench" / "hammer.json"
FORK = multiprocessing.get_context("fork")


def acknowledged(path: Path) -> list[tuple[int, int]]:
    """Number of the event and of its log entry, for each acknowledgement; a half line is none."""
    if not path.is_file():
        return []
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    pairs = (line.split(b" ") for line in whole.split(b"\n") if line)
    return [(int(event), int(seq)) for event, seq in pairs]


def work(folder: Path, worker: int, events: int) -> None:
    """Appends what this worker has not had acknowledged yet, in order."""
    log, path = Log(Database(folder / "study.sqlite")), folder / f"acknowledged-{worker}"
    start = len(acknowledged(path))
    side = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.ftruncate(side, path.read_bytes().rfind(b"\n") + 1)
    for event in range(start, events):
        body = {"reader": f"worker {worker}", "predicate": "", "corpus": "", "n": event}
        while True:
            try:
                seq = log.append("filter", body).seq
                break
            except StudyError as error:
                if "busy" not in error.what:
                    raise
                os.write(sys.stderr.fileno(), b"busy\n")
        os.write(side, f"{event} {seq}\n".encode())
        os.fsync(side)


def run(folder: Path, workers: int, events: int, kills: int, chance: random.Random) -> dict[str, float]:
    """Lets the workers run, kills one of them whenever the log has grown by another share, and starts it again."""

    def start(worker: int) -> BaseProcess:
        process = FORK.Process(target=work, args=(folder, worker, events))
        process.start()
        return process

    at = sorted(chance.randrange(workers * events) for _ in range(kills))
    running, done, killed = {worker: start(worker) for worker in range(workers)}, 0, 0
    read = dict.fromkeys(range(workers), 0)
    while running:
        time.sleep(0.002 + chance.random() / 200)
        done += _grown(folder, read)
        ended = {worker: process for worker, process in running.items() if not process.is_alive()}
        for worker, process in ended.items():
            if process.exitcode:
                raise SystemExit(f"worker {worker} ended with {process.exitcode}")
            del running[worker]
        if killed < kills and at[killed] <= done and running:
            victim = chance.choice(sorted(running))
            running[victim].kill()
            running[victim].join()
            running[victim] = start(victim)
            killed += 1
    return {"kills": killed}


def _grown(folder: Path, read: dict[int, int]) -> int:
    """How many acknowledgements came in since the last look."""
    new = 0
    for worker, start in read.items():
        path = folder / f"acknowledged-{worker}"
        if path.is_file():
            with path.open("rb") as side:
                side.seek(start)
                lines = side.read().rpartition(b"\n")[0]
            read[worker] = start + len(lines) + 1 if lines else start
            new += lines.count(b"\n") + 1 if lines else 0
    return new


def judge(folder: Path, workers: int, events: int) -> tuple[dict[str, int], list[str]]:
    """What is in the log, and what is wrong."""
    log = Log(Database(folder / "study.sqlite"))
    entries = log.entries()
    said = {entry.seq: (entry.body["reader"], entry.body["n"]) for entry in entries}
    wrong = [*log.fsck(), *Database(folder / "study.sqlite").fsck()]
    wrong += ["the entries are not numbered without gaps"] if list(said) != list(range(len(said))) else []
    total = 0
    for worker in range(workers):
        pairs = acknowledged(folder / f"acknowledged-{worker}")
        total += len(pairs)
        wrong += [
            f"event {event} of worker {worker} is lost"
            for event, seq in pairs
            if said.get(seq) != (f"worker {worker}", event)
        ]
        wrong += [f"worker {worker} is out of order"] if pairs != sorted(pairs, key=lambda pair: pair[1]) else []
    wrong += [f"{workers * events - total} events were not acknowledged"] if total != workers * events else []
    return {"acknowledged": total, "entries": len(entries), "twice": len(entries) - total}, wrong


def main() -> None:
    """Hammer, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("workers", 8), ("events", 10_000), ("kills", 200), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--folder", type=Path, default=None, help="an empty folder; else one of its own")
    parser.add_argument("--quiet", action="store_true", help="write nothing to build/bench")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        folder = given.folder or Path(own)
        Database.create(folder / "study.sqlite").close()
        start = time.perf_counter()
        told = run(folder, given.workers, given.events, given.kills, random.Random(given.seed))
        seconds = time.perf_counter() - start
        counts, wrong = judge(folder, given.workers, given.events)
    figures = {"workers": given.workers, **told, **counts, "seconds": round(seconds, 1)}
    figures |= {"events a second": round(counts["entries"] / seconds, 1), "wrong": wrong[:20]}
    if not given.quiet:
        OUT.parent.mkdir(parents=True, exist_ok=True)
        OUT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
