"""Searching: words in transcripts, by a scan of everything, counted exactly and entered in the log."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from allegiance.corpus.predicate import parse
from allegiance.evidence.keep import Keep
from allegiance.evidence.reading import log_search
from allegiance.evidence.splits import visible
from allegiance.records.canonical import digest
from allegiance.records.record import Record
from allegiance.records.search import Search

CONTEXT = 60
"""Code points of context on each side of a hit in a snippet."""


class Hit(Record, frozen=True, kw_only=True):
    """A hit: its rank from 1, the transcript, how often the words occur, and the first place."""

    rank: int
    name: str
    occurrences: int
    snippet: str


def search(keep: Keep, query: str, predicate: str = "", limit: int = 20) -> tuple[int, Search, list[Hit]]:
    """Looks for these words, ignoring case, in all messages. Most occurrences first, then by name.

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
