"""How fast transcripts come in, how much memory that takes, and how large they are when stored.

    python benchmarks/import_rate.py [FOLDER [COUNT ...]]

Each import is what the verb does: read, check, name, store, log. JSONL stands beside `orjson.loads` of every
line and SHA-256 of the same bytes, ``.eval`` beside Inspect Scout's import of the same logs. Rates are of wall
time, with as many workers as the verb takes; the floor runs on one core, right before and after. Memory is what the
process and its workers hold together (proportional set size), looked at twenty times a second.

FOLDER holds ``COUNT.jsonl`` of `corpora` (20,000 if no count is given; it is made where it is missing).
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import orjson

Row = dict[str, object]
ROOT = Path(__file__).parents[1]
MAPPING = ROOT / "examples" / "mappings" / "chat-jsonl.yaml"
GIGABYTE = 1e3
"""In megabytes."""
SIZE_TARGET, RATE_TARGET, PEER_TARGET = 0.28, 0.25, 5.0
_OURS = """
import sys
from pathlib import Path
from allegiance.corpus.importers.stream import Stream
from allegiance.corpus.mapping import load_mapping
from allegiance.evidence.intake import take_in
from allegiance.study import Study
path, folder, mapping, workers = sys.argv[2:]
using = load_mapping(Path(mapping)) if mapping else None
def load(number):
    study = Study.init(Path(folder, str(number)), "measured")
    return take_in(study.keep, Stream([Path(path)], using, workers=int(workers) or None)).new
"""
_SCOUT = """
import asyncio, sys
from inspect_scout import transcripts_db, transcripts_from
path, folder = sys.argv[2:]
def load(number):
    async def go():
        async with transcripts_db(f"{folder}/{number}") as db:
            await db.insert(transcripts_from(path))
    return asyncio.run(go())
"""
_TIMED = """
import resource, time
def spent():
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
if sys.argv[1] == "warm":
    load(0)
wall, cpu = time.monotonic(), spent()
load(1)
print("measured", time.monotonic() - wall, spent() - cpu, flush=True)
"""


def cpu_seconds(work: Callable[[], object], times: int = 3) -> float:
    """Least CPU time of this process over some runs, in seconds."""
    spent = []
    for _ in range(times):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def row(what: str, ours: float, floor: float, peer: float | None, unit: str, n: int) -> Row:
    """One result. `ratio` is ours over floor, in the direction in which 1 is as good as the floor."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return {
        "what": what,
        "ours": round(ours, 3),
        "floor": round(floor, 3),
        "peer": None if peer is None else round(peer, 3),
        "ratio": round(ours / floor, 3),
        "unit": unit,
        "n": n,
        "machine": machine,
    }


class Spent:
    """What a process of its own took for one piece of work: seconds of wall and CPU time, peak memory in MB.

    If `warm`, the work is done once before, so that what it loads and compiles is not counted.
    """

    def __init__(self, code: str, *arguments: object, warm: bool = False) -> None:
        told = "warm" if warm else "cold"
        command = [sys.executable, "-W", "ignore", "-c", code + _TIMED, told, *map(str, arguments)]
        path = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
        own = {"PYTHONPATH": path, "PYTHONPYCACHEPREFIX": str(ROOT / "build" / "pycache")}
        env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"} | own
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
        self.peak = 0.0
        while process.poll() is None:
            self.peak = max(self.peak, sum(map(_held, _tree(process.pid))))
            time.sleep(0.05)
        out, errors = process.communicate()
        said = [line.split() for line in out.decode().splitlines() if line.startswith("measured")]
        if process.returncode or not said:
            raise RuntimeError(errors.decode())
        self.wall, self.cpu = (float(number) for number in said[-1][1:])


def floor(path: Path) -> float:
    """Megabytes a second on one core, to parse every line and hash all of it."""
    size = parse = 0.0
    digest = hashlib.sha256()
    start = time.process_time()
    with path.open("rb") as file:
        for line in file:
            orjson.loads(line)
            digest.update(line)
            size += len(line)
            if size > 2e8:
                break
    parse = time.process_time() - start
    return size / 1e6 / parse


def jsonl(path: Path, count: int, workers: int = 0) -> list[Row]:
    """The rows for one corpus."""
    size = path.stat().st_size
    before = floor(path)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        study = Path(folder, "study")
        spent = Spent(_OURS, path, study, MAPPING, workers)
        stored = sum(file.stat().st_size for file in (study / "1" / "corpus" / "segments").iterdir())
    least = (before + floor(path)) / 2
    rate = size / 1e6 / spent.wall
    by = f"{workers} workers" if workers else "as the verb does"
    name = f"JSONL, {count:,}, {by}"
    return [
        row(f"import, {name} (target {RATE_TARGET} of floor)", rate, least, None, "MB/s", count),
        row(f"import, {name}, by CPU time", size / 1e6 / spent.cpu, least, None, "MB/s per core", count),
        row(f"peak memory, {name} (target 1 of 1 GB)", spent.peak, GIGABYTE, None, "MB", count),
        row(f"segments, {count:,} (target {SIZE_TARGET} of JSONL)", stored / 1e6, size / 1e6, None, "MB", count),
    ]


def logs(count: int) -> list[Row]:
    """The rows for ``.eval`` logs: floor is to unpack and parse each sample, peer is Scout."""
    from allegiance.corpus.archive import Archive

    with tempfile.TemporaryDirectory() as folder:
        log = eval_log(Path(folder, "logs"), count)

        def least() -> None:
            with log.open("rb") as file:
                archive = Archive(file, log.name)
                for name in archive.names():
                    orjson.loads(archive.read(name))

        floor_ = count / cpu_seconds(least)
        ours = [Spent(_OURS, log, Path(folder, f"study{i}"), "", 1, warm=True) for i in range(3)]
        peers = [Spent(_SCOUT, log, Path(folder, f"scout{i}"), warm=True) for i in range(3)]
        fast, peer = min(one.cpu for one in ours), min(one.cpu for one in peers)
        what = f"import, .eval, {count:,} samples ({peer / fast:.1f} x Scout; target {PEER_TARGET:.0f})"
        return [
            row(what, count / fast, floor_, count / peer, "transcripts per CPU s", count),
            row(
                f"peak memory, .eval, {count:,} samples", max(one.peak for one in ours), GIGABYTE,
                max(one.peak for one in peers), "MB", count,
            ),
        ]  # fmt: skip


def eval_log(folder: Path, count: int) -> Path:
    """A log as Inspect writes it, of a run against its mock model."""
    from inspect_ai import Task, eval
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ModelOutput, ModelUsage, get_model
    from inspect_ai.scorer import includes
    from inspect_ai.solver import generate, system_message

    chance = random.Random(1)

    def reply() -> ModelOutput:
        made = ModelOutput.from_content("mockllm/model", text(chance, 450))
        made.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return made

    task = Task(
        dataset=[Sample(id=f"q{i}", input=text(chance, 150), target="what") for i in range(count)],
        solver=[system_message("You serve two principals. " * 50), generate()],
        scorer=includes(),
    )
    model = get_model("mockllm/model", custom_outputs=(reply() for _ in iter(int, 1)))
    eval(task, model=model, log_dir=str(folder), display="none")
    return next(folder.glob("*.eval"))


def large_sample(megabytes: int) -> list[Row]:
    """The row for one sample most of which is events."""
    import zipfile

    event = json.dumps({"event": "model", "input": ["word " * 200], "output": {"a": [1, {"b": "c"}] * 20}}) + ","
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "large.eval")
        header = {"version": 2, "status": "success", "eval": {"task": "t", "model": "m", "run_id": "r"}}
        chat = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("samples/1_epoch_1.json", "w") as member:
                member.write(json.dumps({"id": 1, "epoch": 1, "messages": chat}).encode()[:-1] + b', "events": [')
                some = event.encode() * 1000
                for _ in range(megabytes * 1_000_000 // len(some)):
                    member.write(os.urandom(4096).hex().encode().join([b'"', b'",']) + some)
                member.write(b"0]}")
            archive.writestr("header.json", json.dumps(header))
        spent = Spent(_OURS, path, Path(folder, "study"), "", 1)
    what = f"peak memory, one sample of {megabytes:,} MB (read in {spent.wall:.1f} s)"
    return [row(what, spent.peak, GIGABYTE, None, "MB", 1)]


def text(chance: random.Random, words: int) -> str:
    """So many words, with a character beyond ASCII now and then."""
    return " ".join(chance.choices(WORDS, k=words)) + chance.choice([".", "?", " — so."])


WORDS = [
    *(["the", "model", "was", "asked", "to", "choose", "between", "what", "its", "makers", "want"]),
    *(["and", "what", "it", "was", "told", "before", "and", "it", "said", "why"]),
]  # fmt: skip


def measure(quick: bool, folder: Path | None = None, counts: tuple[int, ...] = (20_000,)) -> list[Row]:
    """The rows of this benchmark."""
    import corpora

    with tempfile.TemporaryDirectory() as made:
        where = folder or Path(made)
        rows: list[Row] = []
        for count in (2_000,) if quick else counts:
            path = where / f"{count}.jsonl"
            if not path.is_file():
                corpora.write(path, count)
            rows += jsonl(path, count)
        return rows + logs(50 if quick else 500) + large_sample(100 if quick else 800)


def _tree(root: int) -> list[int]:
    """A process and all that it started."""
    found = [root]
    for process in found:
        try:
            for thread in Path(f"/proc/{process}/task").iterdir():
                found += [int(child) for child in (thread / "children").read_text().split()]
        except OSError:
            continue
    return found


def _held(process: int) -> float:
    """Memory of a process in MB; what it shares counts in part."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1e3


if __name__ == "__main__":
    given = sys.argv[1:]
    for one in measure(False, Path(given[0]) if given else None, tuple(map(int, given[1:])) or (20_000,)):
        peer = "" if one["peer"] is None else f"  peer {one['peer']:,}"
        print(f"{one['what']}: {one['ours']:,} {one['unit']}, floor {one['floor']:,}{peer}, ratio {one['ratio']}")
