"""The same study by every engine: what must be equal, and what an engine costs beside this process.

    python benchmarks/cluster_rate.py [COUNT [FOLDER]]

100,000 transcripts are imported from JSONL, rated by a pattern, and drawn from, by each engine in a process of its
own: this process (`local`), Daft's native runner, and Daft on a Ray cluster of two nodes of one core each on this
machine. Segments, pieces, labels and draws are compared by digest; should any differ, this ends with an error.
Times are of wall; ``start`` is what an engine takes to do nothing: to start its workers, and Ray's cluster before
that. FOLDER holds ``COUNT.jsonl`` of `corpora`; it is made where it is missing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from import_rate import MAPPING, Row, row

if TYPE_CHECKING:
    from allegiance.corpus.bulk import Engine

_Result = TypeVar("_Result")
ENGINES = ("local", "daft", "ray")
COUNT, QUICK = 100_000, 2_000
STEPS = ("start", "import", "rate", "draw")
YES, NO = r"(?i)\bmakers?\b", r"(?i)\b(?:refuse|cannot|can't)\b"


def measure(quick: bool, count: int = 0, folder: Path | None = None) -> list[Row]:
    """The rows of this benchmark: seconds of each step, and as their floor those of this process.

    Raises:
        SystemExit: An engine gave other bytes than this process.
    """
    count = count or (QUICK if quick else COUNT)
    with tempfile.TemporaryDirectory() as made:
        path = _source(folder or Path(made), count)
        found = {name: _one(name, path, Path(made)) for name in ENGINES}
    local = found["local"]
    rows = []
    for name in ENGINES:
        if found[name]["same"] != local["same"]:
            raise SystemExit(f"{name} gave other bytes than this process.")
        for step in STEPS:
            ours = found[name]["seconds"][step]
            floor = ours if step == "start" else local["seconds"][step]
            rows.append(row(f"{name}: {step}", max(ours, 1e-6), max(floor, 1e-6), None, "s", count))
    return rows


def work(name: str, path: Path, folder: Path) -> dict[str, object]:
    """All steps by one engine, in this process: seconds of each, and digests of what must be the same."""
    from allegiance.corpus.bulk import home
    from allegiance.corpus.importers.stream import Stream
    from allegiance.corpus.mapping import load_mapping
    from allegiance.evidence import bulk
    from allegiance.evidence.intake import take_in
    from allegiance.evidence.screening import rate_all
    from allegiance.rating.patterns import PatternRater
    from allegiance.records.draw import Design
    from allegiance.records.question import Question
    from allegiance.study import Study

    question, rater = Question(name="planted", text="Is it there?"), PatternRater("planted", yes=YES, no=NO)
    seconds: dict[str, float] = {}
    with _engine(name, seconds) as engine:
        keep = Study.init(folder / name, "measured").keep
        stream = Stream([path], load_mapping(MAPPING), workers=1, engine=None if name == "local" else engine)
        _timed(seconds, "import", lambda: take_in(keep, stream))
        counts = _timed(seconds, "rate", lambda: rate_all(keep, question, rater, engine))
        draw = _timed(seconds, "draw", lambda: keep.draw(Design(kind="uniform", n=1000), first=bulk.first(engine)))
        labels = keep.labels.columns(question.digest, rater.card.digest)
        pieces = home(keep.corpus, bulk.job_of(question, rater)).iterdir()
    same = {
        "manifest": keep.corpus.head().version,
        "counts": counts,
        "labels": sha256(repr(labels.sort_by("transcript").to_pylist()).encode()).hexdigest(),
        "pieces": sorted((piece.name, sha256(piece.read_bytes()).hexdigest()) for piece in pieces),
        "draw": [draw.name, *draw.items],
    }
    return {"seconds": seconds, "same": same}


@contextmanager
def _engine(name: str, seconds: dict[str, float]) -> Iterator[Engine]:
    from allegiance.corpus.bulk import Local

    if name == "local":
        seconds["start"] = 0.0
        yield Local()
        return
    from allegiance.bridge.bulk.daft import QUIET, Daft, DaftOnRay

    os.environ.update(QUIET)
    begun = time.perf_counter()
    with _cluster() if name == "ray" else _nothing() as address:
        engine = DaftOnRay(f"ray://{address}") if address else Daft()
        list(engine.map("allegiance.evidence.bulk:hash_tickets", b"", [_NOTHING] * 2))
        seconds["start"] = time.perf_counter() - begun
        yield engine


@contextmanager
def _cluster() -> Iterator[str]:
    import ray
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 200 << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node | {"node_ip_address": "127.0.0.2"})
    try:
        cluster.add_node(**node, node_ip_address="127.0.0.3")
        yield cluster.address
    finally:
        ray.shutdown()
        cluster.shutdown()


@contextmanager
def _nothing() -> Iterator[str]:
    yield ""


_NOTHING = b"\x83\xa5names\x90\xa1n\x01\xa7weights\xc0"
"""An order to hash no names."""


def _timed(seconds: dict[str, float], step: str, act: Callable[[], _Result]) -> _Result:
    begun = time.perf_counter()
    made = act()
    seconds[step] = time.perf_counter() - begun
    return made


def _source(folder: Path, count: int) -> Path:
    import corpora

    path = folder / f"{count}.jsonl"
    if not path.is_file():
        corpora.write(path, count)
    return path


def _one(name: str, path: Path, folder: Path) -> dict[str, dict[str, float]]:
    command = [sys.executable, __file__, "--one", name, str(path), str(folder)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, dict[str, float]] = json.loads(told.splitlines()[-1])
    return found


def _main(given: list[str]) -> None:
    if given[:1] == ["--one"]:
        print(json.dumps(work(given[1], Path(given[2]), Path(given[3]))))
        return
    count = int(given[0]) if given else COUNT
    for one in measure(False, count, Path(given[1]) if len(given) > 1 else None):
        print(f"{one['what']:<20}{one['ours']:>10,.2f} s{one['floor']:>10,.2f} s{one['ratio']:>9.2f}")
    print("segments, pieces, labels and draws are the same by every engine")


if __name__ == "__main__":
    _main(sys.argv[1:])
