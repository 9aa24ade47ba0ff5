"""Searching for words: the full-text index finds and counts, the stored words say why and where."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

from allegiance.corpus import segments
from allegiance.corpus.places import Held
from allegiance.corpus.predicate import Predicate
from allegiance.corpus.predicate import parse as parse_filter
from allegiance.corpus.rows import ROW_COLUMNS, rows
from allegiance.corpus.search.building import lacking, text_index
from allegiance.corpus.search.hits import Hit, Hits
from allegiance.corpus.search.port import TextIndex, Within
from allegiance.corpus.search.query import Query, leaves, parse
from allegiance.corpus.search.telling import tell
from allegiance.corpus.store import Corpus
from allegiance.errors import UnknownName


def by_words(
    corpus: Corpus,
    query: str,
    limit: int = 20,
    among: Collection[str] | None = None,
    predicate: str = "",
    index: TextIndex | None = None,
) -> Hits:
    """The best hits of a query (see `query`) by BM25, summed over the places of each word; ties by name.

    All hits are counted. What the index does not cover is not searched, and counted in `Hits.missing`.

    Args:
        corpus: The corpus.
        query: What is asked.
        limit: How many hits to return.
        among: Names to search among; None for all.
        predicate: A filter over what is known of transcripts; labels are not known here (give names instead).
        index: The index, where it is open already.

    Raises:
        UsageError: The query is malformed; a caret shows where.
        UnknownName: The filter has a field that no transcript has.
        MissingExtra: The engine is not installed.
    """
    return ranked_by_words(corpus, query, limit, 0, among, predicate, index)[0]


def ranked_by_words(
    corpus: Corpus,
    query: str,
    limit: int = 20,
    depth: int = 0,
    among: Collection[str] | None = None,
    predicate: str = "",
    index: TextIndex | None = None,
) -> tuple[Hits, tuple[str, ...]]:
    """As `by_words`, with the names of the best hits in order, `depth` of them where there are so many."""
    started = time.perf_counter()
    asked = parse(query)
    ready = index or text_index(corpus)
    chosen, left = parse_filter(predicate), lacking(corpus, ready)
    hidden = corpus.head().withdrawn
    held = frozenset(each.digest for each in corpus.held())
    _require_known(chosen, ready, covered=not left)
    within = Within(facts=chosen.terms, among=among, without=hidden, segments=held)
    found = ready.search(asked, within, max(limit, depth))
    hits = Hits(
        kind="words",
        query=str(asked),
        predicate=str(chosen),
        hits=tuple(_hit(corpus, asked, rank, hit) for rank, hit in enumerate(found.ranked[:limit], 1)),
        found=found.count,
        searched=found.searched,
        missing=_missing(left, chosen, among, hidden),
        seconds=time.perf_counter() - started,
    )
    return hits, tuple(name for name, _ in found.ranked)


def _hit(corpus: Corpus, asked: Query, rank: int, hit: tuple[str, float]) -> Hit:
    name, score = hit
    told = tell(corpus.get(name).messages, list(leaves(asked)))
    return Hit(rank=rank, name=name, score=score, why=told.why, snippet=told.snippet, marks=told.marks)


def _require_known(chosen: Predicate, index: TextIndex, *, covered: bool) -> None:
    """A field that no transcript has is a mistake; where some are not indexed yet, nobody can know."""
    known = index.facts()
    for key, _ in chosen.terms:
        if covered and known and key not in known:
            raise UnknownName("field", key, sorted(known), where="filter")


def _missing(
    left: Sequence[Held], chosen: Predicate, among: Collection[str] | None, without: Collection[str]
) -> int:
    """How many transcripts that the filter passes are in segments that are not indexed."""
    if not left:
        return 0
    if not chosen.terms and among is None and not without:
        return sum(each.rows for each in left)
    there = rows(segments.table([each.path for each in left], ROW_COLUMNS, without))
    return sum(chosen.matches(row.fields()) and (among is None or row.name in among) for row in there)
