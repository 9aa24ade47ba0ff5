"""A job of `corpus.bulk` whose worker kills itself: for tests of what an engine does with that."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from allegiance.corpus.bulk import Job


def mortal_job(folder: Path, *, dies_at: str = "") -> Job:
    """A job that counts rows, and leaves a line in a file for each segment that it has done.

    Args:
        folder: Where it leaves ``done``, and ``died`` once it has.
        dies_at: Digest of the segment at which its process kills itself, the first time; else it does not.
    """
    settings = {"folder": str(folder.absolute()), "dies_at": dies_at.removeprefix("sha256:")}
    return Job(
        name="mortal", function="allegiance.testing.mortal:count_rows", version="1", settings=json.dumps(settings)
    )


def count_rows(path: Path, settings: str) -> pa.Table:
    """What a worker does."""
    told = json.loads(settings)
    folder = Path(told["folder"])
    died = folder / "died"
    if path.stem == told["dies_at"] and not died.exists():
        died.write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)
    made = pa.table({"rows": [pq.read_metadata(path).num_rows]})
    with (folder / "done").open("a") as file:
        file.write(f"{path.stem}\n")
    return made
