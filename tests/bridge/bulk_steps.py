"""One study by one engine: import, rate, index, draw; prints digests of all that must be the same. Run by tests.

    python bulk_steps.py STUDY ENGINE all|rate JSONL...

Daft has one runner for the life of a process, so each engine needs a process of its own. With ``rate``, only
that is done by the engine. ``two-nodes`` starts a Ray cluster of two nodes on the loopback and works there. Last, a
worker kills itself when it comes to a segment.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from allegiance.bridge.bulk.daft import QUIET, Daft, DaftOnRay
from allegiance.corpus.bulk import Engine, Local, home, run
from allegiance.corpus.importers import sharing, units
from allegiance.corpus.importers.stream import Stream
from allegiance.corpus.mapping import load_mapping
from allegiance.corpus.tables.sharing import make as columns
from allegiance.corpus.vectors import index
from allegiance.corpus.vectors.static import StaticEncoder
from allegiance.evidence import bulk
from allegiance.evidence.intake import take_in
from allegiance.evidence.keep import Keep
from allegiance.evidence.screening import rate_all
from allegiance.rating.patterns import PatternRater
from allegiance.records.draw import Design
from allegiance.records.frame import Rated
from allegiance.records.question import Question
from allegiance.study import Study
from allegiance.testing import mortal_job

MAPPING = Path(__file__).parents[2] / "examples" / "mappings" / "chat-jsonl.yaml"
QUESTION = Question(name="polite", text="Is the answer polite?")
RATER = PatternRater("polite", yes=r"(?i)\bplease\b", no=r"(?i)\bnever\b")


def main(folder: Path, name: str, which: str, files: list[Path]) -> None:
    """Does it all, and prints what came of it."""
    units.UNIT_BYTES = sharing.UNIT_BYTES = 4_096  # so that small files make several units
    bulk.NAMES_AT_ONCE = 20  # and small draws several parts
    with engine_of(name) as engine:
        keep = Study.init(folder, "bulk").keep
        other = engine if which == "all" else Local()
        take_in(keep, Stream(files, load_mapping(MAPPING), engine=other))
        columns(keep.corpus, other)
        counts = rate_all(keep, QUESTION, RATER, engine)
        index.build(keep.corpus, StaticEncoder(), engine=other)
        column = Rated(question=QUESTION.digest, rater=RATER.card.digest, before=keep.log.checkpoint().size)
        designs = (Design(kind="uniform", n=5), Design(kind="weighted", n=4, stop="open", scored=column))
        draws = [keep.draw(design, "", bulk.first(other)) for design in designs]
        told = {
            "version": keep.corpus.head().version,
            "counts": counts,
            "labels": sha256(repr(keep.labels.all(QUESTION.digest, RATER.card.digest)).encode()).hexdigest(),
            "draws": [[draw.name, *draw.items] for draw in draws],
            "log": [entry.body for entry in keep.log.entries() if entry.kind != "start"],
            "index": _files(keep, "index"),
            "segments": _files(keep, "segments"),
        }
        print(json.dumps({"told": told, **_killed(keep, folder, engine)}))


@contextmanager
def engine_of(name: str) -> Iterator[Engine]:
    """The engine of this name, for as long as it is needed."""
    if name != "two-nodes":
        yield Daft(workers=2) if name == "daft" else Local()
        return
    os.environ.update(QUIET)
    import ray
    from ray.cluster_utils import Cluster

    def node(ip: str) -> dict[str, object]:
        return {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False, "node_ip_address": ip}

    # The whole of 127/8 is this machine; Ray would take 127.0.0.1 for its outward address.
    cluster = Cluster(initialize_head=True, head_node_args=node("127.0.0.2"))
    try:
        cluster.add_node(**node("127.0.0.3"))
        yield DaftOnRay(f"ray://{cluster.address}")
    finally:
        ray.shutdown()
        cluster.shutdown()


def _killed(keep: Keep, folder: Path, engine: Engine) -> dict[str, object]:
    """A job whose worker kills itself half-way, if this engine has workers."""
    if engine.name == "local":
        return {}
    held = keep.corpus.held()
    job = mortal_job(folder, dies_at=held[len(held) // 2].digest)
    rows = sum(table["rows"][0].as_py() for _, table in run(job, keep.corpus, engine))
    done = (folder / "done").read_text().split()
    again = mortal_job(folder)
    list(run(again, keep.corpus, Local()))
    pieces = [{path.name: path.read_bytes() for path in home(keep.corpus, one).iterdir()} for one in (job, again)]
    return {
        "killed": {
            "rows": rows, "died": (folder / "died").exists(), "segments": len(held),
            "done": len(done), "twice": len(done) - len(set(done)), "same": pieces[0] == pieces[1],
        }
    }  # fmt: skip


def _files(keep: Keep, part: str) -> dict[str, str]:
    folder = keep.corpus.folder / part
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in paths}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], [Path(path) for path in sys.argv[4:]])
