"""Search by meaning: how fast, against floors; and how much it finds of what was planted.

    python -m benchmarks.meaning [--quick]

`meaning.txt` has 40 statements, each with five paraphrases that share few words with it and two sentences that
share words and mean something else. Each paraphrase and each such sentence is planted in one reply; 5,000 replies
more have none. A query is the statement, as a researcher would say it ("the model …") and as the model would
("I …"); what is to be found are the five transcripts. Recall@20 is the mean over the statements, with a 95 %
interval from resampling statements; its floor is chance. "Own words" are the planted sentences themselves as
queries: the share whose transcript is among the first 20.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from benchmarks.import_rate import Row, row
from benchmarks.meaning_prose import conversation, sentences, versions

from allegiance.corpus.importers import plan_import
from allegiance.corpus.mapping import load_mapping
from allegiance.corpus.search.building import build as build_words
from allegiance.corpus.search.words import ranked_by_words
from allegiance.corpus.store import Corpus
from allegiance.corpus.vectors.encoders import reader
from allegiance.corpus.vectors.index import PLACE, Index, Shelf, build, home, load, signs
from allegiance.corpus.vectors.near import groups
from allegiance.corpus.vectors.nearest import Scope
from allegiance.corpus.vectors.search import by_meaning, fuse
from allegiance.corpus.vectors.static import StaticEncoder
from allegiance.records.encoder import Encoder

ROOT = Path(__file__).parents[1]
PLAIN = 5_000
STOP = set("the model that it is a an to of its in for and by with be than has as not so on or at i my me".split())  # noqa: SIM905


def planted() -> list[tuple[str, list[str], list[str]]]:
    """Each statement with its paraphrases and the sentences that only look alike."""
    made: list[tuple[str, list[str], list[str]]] = []
    for line in (ROOT / "benchmarks" / "meaning.txt").read_text("utf-8").splitlines():
        if line.startswith("= "):
            made.append((line[2:], [], []))
        elif line[:2] in ("+ ", "- "):
            made[-1][1 if line[0] == "+" else 2].append(line[2:])
    return made


def make(folder: Path, plain: int) -> tuple[Corpus, dict[str, int]]:
    """The corpus, and name → number of the statement that is planted there."""
    chance, wanted = random.Random(1), list[tuple[str, int]]()
    for number, (_, same, near) in enumerate(planted()):
        wanted += [(text, number) for text in same] + [(text, -1) for text in near]
    wanted += [("", -1)] * plain
    lines = [json.dumps(conversation(chance, at, text)) for at, (text, _) in enumerate(wanted)]
    (folder / "made.jsonl").write_text("\n".join(lines))
    mapping = load_mapping(ROOT / "examples" / "mappings" / "chat-jsonl.yaml")
    corpus = Corpus.create(folder / "c")
    corpus.add(plan_import([folder / "made.jsonl"], mapping).transcripts)
    number = {f"q{at}": which for at, (_, which) in enumerate(wanted)}
    return corpus, {one.name: number[one.request] for one in corpus.rows() if number[one.request] >= 0}


def recall(ranked: Callable[[str], Sequence[str]], queries: Sequence[str], of: dict[str, int]) -> np.ndarray:
    """For each statement, the share of its five transcripts among the first 20."""
    return np.array(
        [sum(of.get(name) == at for name in ranked(query)[:20]) / 5 for at, query in enumerate(queries)]
    )


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean: percentiles over 10,000 resamples of the statements."""
    drawn = np.random.default_rng(1).integers(len(values), size=(10_000, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), [2.5, 97.5])
    return round(float(low), 3), round(float(high), 3)


Way = Callable[[str], Sequence[str]]


def quality(folder: Path, plain: int, *, again: bool) -> list[Row]:
    """Recall@20 of each way to search, for both forms of the queries."""
    corpus, of = make(folder, plain)
    static, better = StaticEncoder(), reader() if again else None
    build(corpus, static)
    build_words(corpus)
    meaning = _nearest(corpus, static)

    def words(query: str) -> Sequence[str]:
        asked = [word for word in query.lower().rstrip(".").replace(",", "").split() if word not in STOP]
        return ranked_by_words(corpus, " OR ".join(f'"{word}"' for word in asked), 1, 200)[1]

    def both(query: str) -> Sequence[str]:
        return [name for name, _ in fuse(words(query), meaning(query))]

    made = [_own_words(way, ranked, of) for way, ranked in (("full text", words), ("static vectors", meaning))]
    for form in ("The model", "I"):
        ways: dict[str, Way] = {"full text": words, "static vectors": meaning, "both": both}
        if better is not None and form == "I":
            start = time.perf_counter()
            kept = {
                query: [hit.name for hit in by_meaning(corpus, query, 200, encoder=static, again=better).hits]
                for query in _queries(form)
            }
            seconds = (time.perf_counter() - start) / len(kept)
            made.append(row("one search read again by the sentence encoder", seconds, 1.0, None, "s", len(kept)))
            ways["static, best 200 read again"] = kept.__getitem__
            ways["both, read again"] = lambda query, kept=kept: [n for n, _ in fuse(words(query), kept[query])]
        made += [_recall(way, ranked, form, of, corpus) for way, ranked in ways.items()]
    return made


def by_encoder(folder: Path, plain: int) -> list[Row]:
    """Recall@20 of an index by the sentence encoder, and of one by static vectors of the same transcripts."""
    corpus, of = make(folder, plain)
    made = []
    for encoder in (StaticEncoder(), reader()):
        if encoder is not None:
            start = time.perf_counter()
            build(corpus, encoder)
            rate = corpus.head().count / (time.perf_counter() - start)
            made.append(row(f"index by {encoder.name}", rate, 1.0, None, "transcripts/s", corpus.head().count))
            ranked = _nearest(corpus, encoder)
            made.append(_own_words(encoder.name, ranked, of))
            made += [_recall(f"index by {encoder.name}", ranked, form, of, corpus) for form in ("The model", "I")]
    return made


def _nearest(corpus: Corpus, encoder: Encoder) -> Way:
    scope = Scope(load(corpus, encoder))
    return lambda query: [near.name for near in scope.nearest(encoder([query])[0], 200)]


def _recall(way: str, ranked: Way, form: str, of: dict[str, int], corpus: Corpus) -> Row:
    found, count = recall(ranked, _queries(form), of), corpus.head().count
    made = row(f"recall@20, {way}, said as '{form} …'", float(found.mean()), 20 / count, None, "recall", count)
    return {**made, "interval": interval(found)}


def _own_words(way: str, ranked: Way, of: dict[str, int]) -> Row:
    queries = [(text, at) for at, (_, same, _) in enumerate(planted()) for text in same]
    found = np.array([at in (of.get(name) for name in ranked(text)[:20]) for text, at in queries], float)
    made = row(f"own words in the first 20, {way}", float(found.mean()), 1.0, None, "share", len(queries))
    return {**made, "interval": interval(found)}


def _queries(form: str) -> list[str]:
    return [text.replace("The model", form, 1).rstrip(".") for text, _, _ in planted()]


def generated(count: int, width: int = 256) -> Index:
    """An index of so many vectors around 2,000 centres, one for each transcript, not on disk."""
    chance = np.random.default_rng(0)
    centres = chance.standard_normal((2_000, width)).astype(np.float32)
    vectors = np.empty((count, width), np.float16)
    for at in range(0, count, 50_000):
        some = vectors[at : at + 50_000]
        made = centres[chance.integers(2_000, size=len(some))]
        made = made + 0.8 * chance.standard_normal(some.shape).astype(np.float32)
        some[:] = made / np.linalg.norm(made, axis=1, keepdims=True)
    centre = vectors[:65_536].astype(np.float32).mean(axis=0)
    parts = [signs(vectors[at : at + 65_536].astype(np.float32), centre) for at in range(0, count, 65_536)]
    places = np.zeros(count, PLACE)
    places["row"] = np.arange(count)
    names = chance.integers(256, size=(count, 32), dtype=np.uint8)
    shelf = Shelf(
        "made", names, vectors, np.concatenate(parts, axis=1), places, np.arange(count + 1, dtype=np.uint32)
    )
    return Index("made", (shelf,), centre, frozenset(), count, 0)


def speed(count: int, queries: int) -> list[Row]:
    """The nearest 20 of generated vectors, against all of them compared by a kept library; and what is missed."""
    from usearch.index import MetricKind
    from usearch.index import search as compare

    index = generated(count)
    scope, vectors = Scope(index), index.shelves[0].vectors
    chance = np.random.default_rng(2)
    asked = vectors[chance.integers(count, size=queries)].astype(np.float32)
    asked += 0.03 * chance.standard_normal(asked.shape).astype(np.float32)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    scope.nearest(asked[0], 20)
    ours, floor, hit = [], [], []
    for vector in asked:
        start = time.perf_counter()
        found = {near.name for near in scope.nearest(vector, 20)}
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        exact = compare(vectors, vector.astype(np.float16), 20, MetricKind.IP, exact=True)
        floor.append(time.perf_counter() - start)
        best = {f"sha256:{index.shelves[0].names[at].tobytes().hex()}" for at in exact.keys.tolist()}
        hit.append(len(best & found) / 20)
    made = []
    for what, share in (("median", 50), ("p95", 95)):
        ms, least = (float(np.percentile(times, share)) * 1e3 for times in (ours, floor))
        made.append(row(f"nearest 20 of generated vectors, {what}; floor: all compared (usearch)", ms, least, None,
                        "ms", count))  # fmt: skip
    return [*made, row("of the nearest 20, found by signs first", float(np.mean(hit)), 1.0, None, "share", count)]


def whole(path: Path, folder: Path) -> list[Row]:
    """A real corpus end to end: indexing, searching with snippets, near-duplicates."""
    corpus = Corpus.create(folder / "whole")
    mapping = load_mapping(ROOT / "examples" / "mappings" / "chat-jsonl.yaml")
    corpus.add(plan_import([path], mapping).transcripts)
    static, count = StaticEncoder(), corpus.head().count
    start = time.process_time()
    build(corpus, static)
    spent = time.process_time() - start
    size = sum(file.stat().st_size for file in home(corpus, static).rglob("*") if file.is_file())
    chance, times = random.Random(1), []
    for _ in range(50):
        asked = chance.choice(sentences())
        start = time.perf_counter()
        by_meaning(corpus, asked, 20, encoder=static)
        times.append(time.perf_counter() - start)
    start = time.process_time()
    found = len(groups(corpus))
    return [
        row("index by static vectors", count / spent, 1.0, None, "transcripts/CPU s", count),
        row("vectors on disk, of the JSONL", size / path.stat().st_size, 1.0, None, "share", count),
        row("search with snippets, median", float(np.median(times)) * 1e3, 1.0, None, "ms", count),
        row("search with snippets, p95", float(np.percentile(times, 95)) * 1e3, 1.0, None, "ms", count),
        row(f"near-duplicates ({found} groups)", count / (time.process_time() - start), 1.0, None,
            "transcripts/CPU s", count),
    ]  # fmt: skip


def texts_a_second() -> list[Row]:
    """Static vectors of texts of about 200 pieces of words, against the package's own code."""
    from tokenizers import Tokenizer
    from wordllama.inference import WordLlamaInference

    from allegiance.corpus.vectors.static import PIECES

    chance, static = random.Random(1), StaticEncoder()
    texts = [" ".join(chance.choices(sentences(), k=10)) for _ in range(2_000)]
    peer = WordLlamaInference(np.array(static._pieces), Tokenizer.from_file(str(static._folder / PIECES)))
    static(texts[:200])
    start = time.process_time()
    static(texts)
    middle = time.process_time()
    peer.embed(texts[:500], norm=True)
    return [row("static vectors; floor: the package's own code", 2_000 / (middle - start),
                500 / (time.process_time() - middle), None, "texts/CPU s", 2_000)]  # fmt: skip


def measure(quick: bool) -> list[Row]:
    """The rows of this benchmark."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = texts_a_second() + speed(100_000 if quick else 1_000_000, 10 if quick else 100)
        for part in ("q", "e"):
            (folder / part).mkdir()
        made += quality(folder / "q", 500 if quick else PLAIN, again=not quick)
        return made if quick else made + by_encoder(folder / "e", PLAIN)


if __name__ == "__main__":
    print("sentences of", versions())
    rows = measure("--quick" in sys.argv)
    if paths := [Path(one) for one in sys.argv[1:] if one.endswith(".jsonl")]:
        with tempfile.TemporaryDirectory() as place:
            rows += whole(paths[0], Path(place))
    for one in rows:
        print(json.dumps(one))
