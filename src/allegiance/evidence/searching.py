"""Searching: for words, patterns and meaning. Every search is in the log with its hits before they are shown.

In a study that is split, the half that waits to confirm is left out. All hits of words and patterns are counted; of
their order the first `PINNED`, or those that are shown, are pinned by a digest (see docs/formats.md).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib.util import find_spec
from typing import get_args

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from allegiance.corpus.bulk import Engine
from allegiance.corpus.needs import need
from allegiance.corpus.predicate import parse
from allegiance.corpus.search.building import build
from allegiance.corpus.search.hits import Hits, Kind
from allegiance.corpus.search.patterns import ranked_by_pattern
from allegiance.corpus.search.query import parse as parse_query
from allegiance.corpus.search.words import ranked_by_words
from allegiance.errors import Refusal, UsageError
from allegiance.evidence.keep import Keep
from allegiance.evidence.rated import rated_fields
from allegiance.evidence.reading import log_search
from allegiance.evidence.splits import locked, visible
from allegiance.records.canonical import digest
from allegiance.records.record import Record
from allegiance.records.search import Search
from allegiance.records.split import half

CONTEXT = 60
"""Code points of context on each side of a hit in a snippet."""
PINNED, SHOWN = 100, 1_000
"""Hits whose order a search for words or a pattern pins, if no more are shown; and how many can be shown."""
KINDS: tuple[Kind, ...] = get_args(Kind)
Progress = Callable[[int, int], None]


class Asked(Record, frozen=True, kw_only=True):
    """What is looked for.

    Attributes:
        kind: How.
        query: Words in the query language, an expression, or a text; for ``like``, the name of a transcript.
        predicate: Filter, empty for none; it may ask for answers of raters.
        place: Where an expression looks: ``text``, ``answer`` or ``reasoning``.
        limit: How many hits to show, at most `SHOWN`.
    """

    kind: Kind
    query: str
    predicate: str = ""
    place: str = "text"
    limit: int = 20


class Looked(Record, frozen=True, kw_only=True):
    """A search that was made: its number in this study, its record as logged, and its hits."""

    number: int
    made: Search
    hits: Hits


class Hit(Record, frozen=True, kw_only=True):
    """A hit of a scan: its rank from 1, the transcript, how often the words occur, and the first place."""

    rank: int
    name: str
    occurrences: int
    snippet: str


def ready() -> bool:
    """Whether full-text search is installed."""
    return find_spec("tantivy") is not None


def index(
    keep: Keep,
    kind: Kind = "words",
    progress: Progress = lambda _done, _all: None,
    *,
    rebuild: bool = False,
    engine: Engine | None = None,
) -> int:
    """Brings what a kind of search needs up to the newest version; see `building.build` and `vectors.index.build`.

    An engine makes the index by meaning, a segment apart; that of words has one writer, this process.

    Returns:
        How many transcripts were indexed now; by words and by meaning where both are needed.
    """
    done = build(keep.corpus, progress, rebuild=rebuild) if kind in {"words", "both"} else 0
    if kind not in {"meaning", "both", "like"}:
        return done
    from allegiance.corpus.vectors import encoders  # noqa: PLC0415  (slow to import)
    from allegiance.corpus.vectors import index as vectors  # noqa: PLC0415

    return done + vectors.build(keep.corpus, encoders.of_index(keep.corpus), progress, engine)


def look(keep: Keep, asked: Asked, progress: Progress = lambda _done, _all: None) -> Looked:
    """Searches, and logs it.

    Raises:
        UsageError: The query is malformed; a caret shows where.
        UnknownName: The filter names a field, question or rater that there is not.
        Refusal: It asks for the half that waits to confirm.
        MissingExtra: The engine of this kind of search is not installed.
    """
    if not 1 <= asked.limit <= SHOWN:
        raise UsageError(f"{asked.limit} hits cannot be shown.", next=f"Show 1 to {SHOWN}.")
    chosen = visible(keep, asked.predicate)
    before = keep.corpus.head().version
    hits, ranked = _found(keep, msgspec.structs.replace(asked, predicate=chosen), progress)
    hits = msgspec.structs.replace(hits, predicate=chosen)
    made = Search(
        query=hits.query,
        kind=hits.kind,
        corpus=before,
        predicate=chosen,
        searched=hits.searched,
        hits=hits.found if hits.found >= 0 else hits.searched,
        ranking=digest(list(ranked)),
        shown=tuple(hit.name for hit in hits.hits),
    )
    return Looked(number=log_search(keep, made), made=made, hits=hits)


def _found(keep: Keep, asked: Asked, progress: Progress) -> tuple[Hits, tuple[str, ...]]:
    """The hits, and the names whose order is pinned."""
    if asked.kind == "words":
        parse_query(asked.query)  # what is malformed is said before anything is built
        rated = bool(rated_fields(parse(asked.predicate)))
        among, predicate = (_names(keep, asked.predicate), "") if rated else (None, asked.predicate)
        return ranked_by_words(keep.corpus, asked.query, asked.limit, PINNED, among, predicate)
    among = _names(keep, asked.predicate) if asked.predicate else None
    if asked.kind == "pattern":
        return ranked_by_pattern(keep.corpus, asked.query, asked.limit, PINNED, among, asked.place, progress)
    hits = _by_meaning(keep, asked, among)
    return hits, tuple(hit.name for hit in hits.hits)


def _by_meaning(keep: Keep, asked: Asked, among: Collection[str] | None) -> Hits:
    """Hits by vectors; loaded only when they are asked for."""
    if not asked.query.strip():
        raise UsageError("there is nothing to search for.", where="query")
    from allegiance.corpus.vectors import search as vectors  # noqa: PLC0415  (slow to import)

    if asked.kind == "meaning":
        found = vectors.by_meaning(keep.corpus, asked.query, asked.limit, among)
    elif asked.kind == "both":
        need("tantivy", "search")
        found = vectors.by_both(keep.corpus, asked.query, asked.limit, among)
    else:
        found = vectors.more_like(keep.corpus, _seen(keep, asked.query), asked.limit, among)
    return found


def _names(keep: Keep, predicate: str) -> frozenset[str]:
    return frozenset(row.name for row in keep.select(predicate))


def _seen(keep: Keep, name: str) -> str:
    """The full name of a transcript, unless it is hidden."""
    full = keep.corpus.resolve(name)
    if locked(keep.log.entries()) and half(keep.corpus.get(full).request or full) == "confirm":
        raise Refusal(
            "this transcript is in the half to confirm, which is hidden until it is unlocked.", where=full
        )
    return full


def search(keep: Keep, query: str, predicate: str = "", limit: int = 20) -> tuple[int, Search, list[Hit]]:
    """Looks for these characters, ignoring case, in all messages, by a scan. Most occurrences first, then by name.

    What there is where full-text search is not installed.

    Returns:
        The number of the search in this study, its record as logged, and the hits that are shown.
    """
    chosen = parse(visible(keep, predicate))
    rows = {row.name for row in keep.select(str(chosen))}
    table = keep.corpus.table(("transcript_id", "text"))
    table = table.filter(pc.is_in(table["transcript_id"], pa.array(sorted(rows), pa.large_string())))
    counts = pc.count_substring(table["text"], query, ignore_case=True)
    found = [(-n, name, text) for name, text, n in _columns(table, counts) if n]
    ranked = sorted(found, key=lambda hit: hit[:2])
    names = [name for _, name, _ in ranked]
    made = Search(
        query=query,
        kind="substring",
        corpus=keep.corpus.head().version,
        predicate=str(chosen),
        searched=table.num_rows,
        hits=len(names),
        ranking=digest(names),
        shown=tuple(names[:limit]),
    )
    number = log_search(keep, made)
    return number, made, [_hit(rank, hit, query) for rank, hit in enumerate(ranked[:limit], 1)]


def _columns(table: pa.Table, counts: pa.ChunkedArray) -> zip[tuple[str, str, int]]:
    return zip(table["transcript_id"].to_pylist(), table["text"].to_pylist(), counts.to_pylist(), strict=True)


def _hit(rank: int, hit: tuple[int, str, str], query: str) -> Hit:
    count, name, text = hit
    # casefold can change lengths, lower seldom does; a snippet may be a few characters off, a hit never is.
    at = max(text.lower().find(query.lower()), 0)
    start, end = max(at - CONTEXT, 0), at + len(query) + CONTEXT
    return Hit(rank=rank, name=name, occurrences=-count, snippet=" ".join(text[start:end].split()))
