"""How fast transcripts come in: reading and checking, and storing, against `orjson.loads` of the same bytes."""

from __future__ import annotations

import io
import json
import os
import platform
import random
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import orjson

from allegiance.corpus.importers import plan_import
from allegiance.corpus.mapping import load_mapping
from allegiance.corpus.store import Corpus

Row = dict[str, object]
ROOT = Path(__file__).parents[1]
WORDS = [
    "the",
    "model",
    "was",
    "asked",
    "to",
    "choose",
    "between",
    "what",
    "its",
    "makers",
    "want",
    "and",
    "what",
    "it",
    "was",
    "told",
    "before",
    "and",
    "it",
    "said",
    "why",
]


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


def text(chance: random.Random, words: int) -> str:
    """So many words, with a character beyond ASCII now and then."""
    return " ".join(chance.choices(WORDS, k=words)) + chance.choice([".", "?", " — so."])


def chat(index: int, chance: random.Random) -> dict[str, object]:
    """A conversation of about 4.7 KB: a system prompt that all share, a request, and a reply."""
    messages = [
        {"role": "system", "content": "You serve two principals. " * 50},
        {"role": "user", "content": text(chance, 150)},
        {"role": "assistant", "content": text(chance, 450)},
    ]
    return {"id": f"q{index % 500}", "model": "m", "tier": "free" if index % 2 else "paid", "messages": messages}


def eval_log(count: int, chance: random.Random) -> bytes:
    """An `.eval` log of such conversations."""
    packed = io.BytesIO()
    header = {"version": 2, "status": "success", "eval": {"task": "t", "model": "m", "run_id": "r"}}
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(count):
            sample = {"id": index, "epoch": 1, "input": "x", "target": "y", **chat(index, chance), "events": []}
            archive.writestr(f"samples/{index}_epoch_1.json", json.dumps(sample | {"id": index}))
        archive.writestr("header.json", json.dumps(header))
    return packed.getvalue()


def _unzip(path: Path) -> list[bytes]:
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name) for name in archive.namelist()]


def measure(quick: bool) -> list[Row]:
    """The rows of this benchmark."""
    count, chance = (500 if quick else 5_000), random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        lines, log = Path(folder, "a.jsonl"), Path(folder, "a.eval")
        lines.write_text("".join(json.dumps(chat(i, chance)) + "\n" for i in range(count)))
        log.write_bytes(eval_log(count, chance))
        mapping = load_mapping(ROOT / "examples" / "mappings" / "chat-jsonl.yaml")
        made = []
        for name, path, using, floor in (
            (
                "JSONL by mapping",
                lines,
                mapping,
                lambda: [orjson.loads(x) for x in lines.read_bytes().splitlines()],
            ),
            (".eval", log, None, lambda: [orjson.loads(x) for x in _unzip(log)]),
        ):
            size = (path.stat().st_size if path is lines else sum(map(len, _unzip(log)))) / 1e6
            least = cpu_seconds(floor)
            read = cpu_seconds(lambda path=path, using=using: plan_import([path], using))
            whole = cpu_seconds(lambda path=path, using=using: _import(path, using), 2)
            made += [
                row(f"read and check, {name}", size / read, size / least, None, "MB/s", count),
                row(f"import and store, {name}", size / whole, size / least, None, "MB/s", count),
                row(f"import and store, {name}", count / whole, count / least, None, "transcripts/s", count),
            ]
    return made


def _import(path: Path, using: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus.create(Path(folder, "c"))
        corpus.add(plan_import([path], using).transcripts)  # type: ignore[arg-type]
