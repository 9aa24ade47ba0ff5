"""How fast a pattern rater is over a stored corpus, beside a bare scan of its columns and other engines."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import import_rate
import pyarrow.parquet as pq
from import_rate import Row, cpu_seconds, row

from allegiance.corpus.store import Corpus
from allegiance.rating.patterns import PatternRater
from allegiance.records.condition import Condition
from allegiance.records.transcript import Message, Part, Source, Transcript

YES, NO = r"(?i)\bmakers want\b.*\btold before\b", r"(?i)\b(?:refuse|cannot|can't)\b"
COLUMNS = ["transcript_id", "status", "answer"]


def transcripts(count: int) -> list[Transcript]:
    """Generated transcripts with replies of about 2.4 KB."""
    chance = random.Random(2)
    source = Source(digest="sha256:" + "0" * 64, file="made")
    return [
        Transcript(
            messages=(
                Message(role="user", parts=(Part(text=f"Question {index}?"),)),
                Message(role="assistant", parts=(Part(text=import_rate.text(chance, 450)),)),
            ),
            source=source, request=f"q{index}", model="m", sample=0,
            condition=Condition(levels={"tier": "free" if index % 2 else "paid"}),
        )
        for index in range(count)
    ]  # fmt: skip


def measure(quick: bool) -> list[Row]:
    """The rows of this benchmark."""
    count = 2_000 if quick else 20_000
    rater = PatternRater("bench", yes=YES, no=NO)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus.create(Path(folder, "c"))
        corpus.add(transcripts(count))
        files = sorted(str(path) for path in (corpus.folder / "segments").iterdir())
        floor = count / cpu_seconds(lambda: [pq.ParquetFile(file).read(COLUMNS) for file in files])
        ours = count / cpu_seconds(lambda: rater.rate_table(corpus.table(rater.columns())))
        made = [row("pattern rater over a corpus (floor: bare scan)", ours, floor, None, "transcripts/s", count)]
        for name, work in _peers(files):
            peer = count / cpu_seconds(work)
            made.append(row(f"pattern rater beside {name}", ours, floor, peer, "transcripts/s", count))
    return made


def _peers(files: list[str]) -> list[tuple[str, Callable[[], object]]]:
    found: list[tuple[str, Callable[[], object]]] = []
    if find_spec("polars"):
        found.append(("Polars", lambda: _polars(files)))
    if find_spec("duckdb"):
        found.append(("DuckDB", lambda: _duckdb(files)))
    return found


def _polars(files: list[str]) -> object:
    import polars as pl

    yes, no = pl.col("answer").str.contains(YES), pl.col("answer").str.contains(NO)
    return pl.scan_parquet(files).select("transcript_id", yes.alias("yes"), no.alias("no")).collect()


def _duckdb(files: list[str]) -> object:
    import duckdb

    query = "SELECT transcript_id, regexp_matches(answer, ?), regexp_matches(answer, ?) FROM read_parquet(?)"
    return duckdb.execute(query, [YES, NO, files]).to_arrow_table()
