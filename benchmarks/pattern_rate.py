"""How fast a pattern rater is over a stored corpus, beside a bare scan of its columns and other engines."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import import_rate
import pyarrow as pa
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
        reading = cpu_seconds(lambda: corpus.table(COLUMNS))
        table, floor = corpus.table(COLUMNS), count / reading
        ours = count / cpu_seconds(lambda: rater.rate_table(corpus.table(rater.columns())))
        made = [row("pattern rater over a corpus (floor: reading it)", ours, floor, None, "transcripts/s", count)]
        for name, work in _peers(table):
            peer = count / (reading + cpu_seconds(work))
            made.append(row(f"pattern rater beside {name}", ours, peer, peer, "transcripts/s", count))
        if find_spec("inspect_scout"):
            made.append(_beside_scout(corpus, rater, count))
    return made


def _beside_scout(corpus: Corpus, rater: PatternRater, count: int) -> Row:
    """One expression over the same transcripts; the whole of Scout's scan, reading and results included.

    The ratio is how many times as many transcripts a CPU second rates here; the least that is asked for is 100.
    """
    alone = PatternRater("bench", yes=YES)
    ours = count / cpu_seconds(lambda: alone.rate_table(corpus.table(alone.columns())))
    script = Path(__file__).with_name("scout_scan.py")
    done = subprocess.run(
        [sys.executable, str(script), str(corpus.folder / "segments"), YES],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, scanned = done.stdout.split()[-2:]
    peer = int(scanned) / float(seconds)
    return row("pattern rater beside Scout's grep scanner", ours, peer, peer, "transcripts/CPU s", int(scanned))


def _peers(table: pa.Table) -> list[tuple[str, Callable[[], object]]]:
    """The same two expressions by other engines, over the same words; what reading them costs is added to each."""
    found: list[tuple[str, Callable[[], object]]] = []
    if find_spec("polars"):
        found.append(("Polars", lambda: _polars(table)))
    if find_spec("duckdb"):
        found.append(("DuckDB", lambda: _duckdb(table)))
    return found


def _polars(table: pa.Table) -> object:
    import polars as pl

    yes, no = pl.col("answer").str.contains(YES), pl.col("answer").str.contains(NO)
    return pl.from_arrow(table).lazy().select("transcript_id", yes.alias("yes"), no.alias("no")).collect()  # type: ignore[union-attr]


def _duckdb(table: pa.Table) -> object:
    import duckdb

    query = "SELECT transcript_id, regexp_matches(answer, ?), regexp_matches(answer, ?) FROM kept"
    with duckdb.connect() as connection:
        connection.register("kept", table)
        return connection.sql(query, params=[YES, NO]).to_arrow_table()
