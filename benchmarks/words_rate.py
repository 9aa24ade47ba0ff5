"""How fast words are found: the full-text index, and the scan for patterns beside DuckDB and Polars.

    python -m benchmarks.words_rate CORPUS

measures a corpus that is there and indexed (``STUDY/corpus`` of a file that `benchmarks.corpora` made); `measure`
makes a small one. Of each question: median and 95th percentile of wall and CPU time, in milliseconds. On a quiet
machine the two are the same, since one question is answered by one core.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import duckdb
import polars
import pyarrow as pa
from benchmarks.corpora import MODELS, PHRASE, RARE, SELDOM, records, vocabulary

from allegiance.corpus.search.building import FOLDER, build, text_index
from allegiance.corpus.search.patterns import by_pattern
from allegiance.corpus.search.port import Within
from allegiance.corpus.search.query import parse
from allegiance.corpus.search.words import by_words
from allegiance.corpus.store import Corpus
from allegiance.records.condition import Condition
from allegiance.records.transcript import Message, Part, Source, Transcript

Row = dict[str, object]
COMMON = ["the", "of", "time", "years", "because", "over", "first"]
ASKED = {
    "rare word": ([RARE, SELDOM], ()),
    "common word": (COMMON, ()),
    "common word, filtered": (COMMON, (("model", (MODELS[0],)),)),
    "two common words": (["time years", "first because", "over man"], ()),
    "word of a role": (["role:user time", "reasoning:because", "answer:years"], ()),
    "prefix": (["zanbel*", "vesper*", "quillon*"], ()),
    "planted phrase": ([f'"{PHRASE}"', '"copper lantern"'], ()),
    "phrase of common words": (['"time years"', '"first because"', '"over man"'], ()),
    "phrase of stop words": (['"of the"', '"to be"', '"in a"'], ()),
}
"""What is asked → queries, filter."""
EXPRESSIONS = (RARE, r"(?i)copper\s+lantern", r"time.{0,20}years")


def questions(corpus: Corpus, times: int) -> list[Row]:
    """Top 20 with the exact count, for each kind of question: of the index alone, and with snippets."""
    index = text_index(corpus)

    def ask(query: str, facts: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
        index.search(parse(query), Within(facts=facts), 20)

    def tell(query: str, facts: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
        predicate = " ".join(f"{key}={'|'.join(values)}" for key, values in facts)
        by_words(corpus, query, 20, predicate=predicate, index=index)

    made = []
    for what, (queries, facts) in ASKED.items():
        alone = timed([partial(ask, query, facts) for query in queries], times)
        whole = timed([partial(tell, query, facts) for query in queries], max(times // 5, 1))
        told = {"with snippets, median": whole["median"], "with snippets, CPU": whole["cpu"]}
        made.append({"what": f"top 20, {what}", **alone, **told, "unit": "ms"})
    return made


def timed(works: list[Callable[[], object]], times: int) -> Row:
    """Wall and CPU time of each of some works, over some rounds after the first, in milliseconds."""
    wall, cpu = [], []
    for work in works:
        work()
    for work in works * times:
        start, used = time.perf_counter(), time.process_time()
        work()
        wall.append(1e3 * (time.perf_counter() - start))
        cpu.append(1e3 * (time.process_time() - used))
    return {
        "median": round(statistics.median(wall), 2),
        "p95": most(wall),
        "cpu": round(statistics.median(cpu), 2),
        "cpu p95": most(cpu),
        "n": len(wall),
    }


def most(values: list[float]) -> float:
    """The 95th percentile."""
    ranked = sorted(values)
    return round(ranked[min(int(0.95 * len(ranked)), len(ranked) - 1)], 2)


def scans(corpus: Corpus, rows: int) -> list[Row]:
    """CPU seconds of a pattern over everything, and of DuckDB and Polars over the same words in memory."""
    return [scan(corpus, corpus.table(["text"]).slice(0, rows), expression) for expression in EXPRESSIONS]


def scan(corpus: Corpus, words: pa.Table, expression: str) -> Row:
    """One pattern. The peers are given the words; `ratio` adds what reading them costs to the better of the two."""
    frame, database = polars.from_arrow(words), duckdb.connect()
    database.register("words", words)
    asked = "SELECT count(*) FROM words WHERE regexp_matches(text, ?)"
    counts: list[object] = []
    ours = spent(lambda: counts.append(by_pattern(corpus, expression).found))
    polar = spent(lambda: counts.append(frame.select(polars.col("text").str.contains(expression).sum()).item()))
    duck = spent(lambda: counts.append(database.execute(asked, [expression]).fetchone()[0]))
    read = spent(lambda: corpus.table(["text"]))
    return {
        "what": f"pattern {expression}",
        "ours": ours,
        "polars": polar,
        "duckdb": duck,
        "reading the words": read,
        "ratio": round(ours / (read + min(polar, duck)), 2),
        "counts agree": len(set(counts)) == 1,
        "unit": "CPU s",
        "n": len(words),
    }


def spent(work: Callable[[], object]) -> float:
    """CPU seconds of one run."""
    start = time.process_time()
    work()
    return round(time.process_time() - start, 3)


def transcripts(count: int) -> Iterator[Transcript]:
    """Conversations of `benchmarks.corpora`, without their way through a file."""
    for number, record in enumerate(islice(records(count), count)):
        messages = tuple(
            Message(role=str(raw["role"]), parts=tuple(parts(raw["content"]))) for raw in record["messages"]
        )
        yield Transcript(
            messages=messages,
            source=Source(digest="sha256:" + "0" * 64, file="made", record=number),
            request=str(record["id"]),
            model=str(record["model"]),
            sample=int(record["epoch"]),
            condition=Condition(levels={"tier": str(record["tier"])}),
        )


def parts(content: object) -> Iterator[Part]:
    """Parts of a message."""
    for piece in [{"type": "text", "text": content}] if isinstance(content, str) else content:
        kind = piece["type"]
        yield Part(kind=kind, text=piece[kind])


def indexed(corpus: Corpus) -> Row:
    """What it costs to index a corpus."""
    start = time.process_time()
    count = build(corpus, rebuild=True)
    cpu = time.process_time() - start
    size = sum(path.stat().st_size for path in (corpus.folder / FOLDER).rglob("*") if path.is_file())
    return {"what": "index", "cpu": round(cpu, 2), "bytes each": round(size / count), "unit": "CPU s", "n": count}


def measure(quick: bool) -> list[Row]:
    """The rows of this benchmark."""
    count = 1_000 if quick else 20_000
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus.create(Path(folder, "c"))
        corpus.add(transcripts(count))
        return [indexed(corpus), *questions(corpus, 3 if quick else 30), *scans(corpus, count)]


def main(arguments: list[str]) -> None:
    """Measure a corpus that is there."""
    corpus = Corpus.open(Path(arguments[0]))
    print(json.dumps({"transcripts": corpus.head().count, "vocabulary": len(vocabulary())}))
    for row in questions(corpus, 10):
        print(json.dumps(row), flush=True)
    if "--scans" in arguments:
        for row in scans(corpus, corpus.head().count):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
