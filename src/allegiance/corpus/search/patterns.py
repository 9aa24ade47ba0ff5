"""Searching by a regular expression: everything is read, a few segments in memory at a time, and counted.

Expressions are RE2, run by Arrow: no backreferences and no look-around, and time linear in the text whatever the
expression. The other factor is the size of the expression, repeats written out; it is bounded, so none can hang.
Who interrupts waits for one piece of `PIECE` transcripts. See ADR 7 for the engine.
"""

from __future__ import annotations

import heapq
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from threading import Event
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from allegiance.corpus import segments
from allegiance.corpus.places import Held
from allegiance.corpus.search.hits import Hit, Hits
from allegiance.corpus.search.telling import around
from allegiance.corpus.store import Corpus
from allegiance.errors import UnknownName, UsageError

COLUMNS: Mapping[str, str] = {"text": "text", "answer": "answer", "reasoning": "reasoning"}
"""Where an expression can look → the column. ``text``: all words of a conversation, parts joined by blank lines."""
LONGEST, LARGEST = 4_000, 250
"""Characters of an expression, and its characters with counted repeats written out, at most."""
PATIENCE = 3600.0
"""Seconds after which a search is given up."""
PIECE = 256
"""Transcripts that are searched in one go."""
Progress = Callable[[int, int], None]

_PLAIN = re.compile(r"[\w\s\"'`,;:!@#%&=<>/~-]+", re.ASCII)


_SIGN = re.compile(
    r"\\Q.*?(?:\\E|$)|\\[pP]\{\^?\w+\}|\\x\{\w+\}|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]"
    r"|(?P<open>\()|(?P<close>\))|(?P<count>\{(?P<least>\d{1,4})(?:,(?P<most>\d{0,4}))?\})|.",
    re.DOTALL,
)


class _Found(NamedTuple):
    """A hit while others may come: more matches first, then by name."""

    matches: int
    name: str
    text: str

    @property
    def order(self) -> tuple[int, str]:
        return -self.matches, self.name


class _Asked(NamedTuple):
    """What is looked for, and where; `names` and `hidden` say which transcripts count."""

    pattern: str
    column: str
    names: pa.Array | None
    hidden: Collection[str]
    limit: int


class _Part(NamedTuple):
    """What a piece has: how many rows were searched and hit, and the best."""

    searched: int
    hits: int
    best: list[_Found]


def by_pattern(
    corpus: Corpus,
    pattern: str,
    limit: int = 20,
    among: Collection[str] | None = None,
    place: str = "text",
    progress: Progress = lambda _done, _all: None,
    patience: float = PATIENCE,
) -> Hits:
    """The transcripts in which an expression matches: most matches first, then by name. All are counted.

    Args:
        corpus: The corpus.
        pattern: An RE2 expression; ``(?i)`` at its start ignores case.
        limit: How many hits to return.
        among: Names to search among; None for all.
        place: Where to look, one of `COLUMNS`.
        progress: Is told how many transcripts are searched, and of how many.
        patience: Seconds after which to give up.

    Raises:
        UsageError: This is not an RE2 expression, it would match everything, or it takes too long.
        UnknownName: There is no such place.
    """
    return ranked_by_pattern(corpus, pattern, limit, 0, among, place, progress, patience)[0]


def ranked_by_pattern(
    corpus: Corpus,
    pattern: str,
    limit: int = 20,
    depth: int = 0,
    among: Collection[str] | None = None,
    place: str = "text",
    progress: Progress = lambda _done, _all: None,
    patience: float = PATIENCE,
) -> tuple[Hits, tuple[str, ...]]:
    """As `by_pattern`, with the names of the best hits in order, `depth` of them where there are so many."""
    started = time.perf_counter()
    check_pattern(pattern)
    if place not in COLUMNS:
        raise UnknownName("place for a pattern", place, list(COLUMNS))
    names = None if among is None else pa.array(sorted(among), pa.large_string())
    asked = _Asked(pattern, COLUMNS[place], names, frozenset(corpus.head().withdrawn), max(limit, depth))
    held, searched, count = corpus.held(), 0, 0
    best: list[_Found] = []
    of = sum(each.rows for each in held)
    for part in _parts(held, lambda each, stop: _segment(each, stop, asked)):
        searched, count = searched + part.searched, count + part.hits
        if part.best:
            best = heapq.nsmallest(asked.limit, [*best, *part.best], key=lambda hit: hit.order)
        progress(searched, of)
        if time.perf_counter() - started > patience:
            raise _slow(searched, of, patience)
    hits = Hits(
        kind="pattern",
        query=pattern if place == "text" else f"{place}:/{pattern}/",
        hits=tuple(_hit(rank, hit, pattern, place) for rank, hit in enumerate(best[:limit], 1)),
        found=count,
        searched=searched,
        seconds=time.perf_counter() - started,
    )
    return hits, tuple(hit.name for hit in best)


def check_pattern(pattern: str) -> None:
    """Refuses what is not an RE2 expression, and what matches everything.

    Raises:
        UsageError: It is one of these; where it is known, a caret shows the place.
    """
    if len(pattern) > LONGEST:
        raise UsageError(f"the expression has {len(pattern)} characters, and can have {LONGEST}.", where="pattern")
    if (size := written_out(pattern)) > LARGEST:
        raise UsageError(
            f"with its counted repeats written out this expression has {size} signs, and can have {LARGEST}.",
            where="pattern",
            next="Leave the counts out: .* in place of .{0,900}.",
        )
    try:
        empty = pc.match_substring_regex(pa.array([""]), pattern)[0].as_py()
    except (pa.ArrowException, UnicodeEncodeError) as error:
        raise _refused(pattern, str(error)) from None
    if empty:
        raise UsageError(
            "the expression matches where there is nothing, and so everywhere.",
            where="pattern",
            next="Ask for at least one character: + in place of *.",
        )


def _slow(searched: int, of: int, patience: float) -> UsageError:
    return UsageError(
        f"this expression is too slow: {searched} of {of} transcripts in {patience:g} seconds.",
        where="pattern",
        next="Leave counted repeats out, or search among fewer: --where FILTER.",
    )


def written_out(pattern: str) -> int:
    """The signs of an expression, where those that are repeated a counted number of times count as often."""
    groups, last = [0], 0
    for sign in _SIGN.finditer(pattern):
        if sign["open"]:
            groups.append(0)
            last = 0
        elif sign["close"] and len(groups) > 1:
            last = groups.pop()
            groups[-1] += last
        elif sign["count"]:
            more = last * (max(int(sign["least"]), int(sign["most"] or 0), 1) - 1)
            groups[-1] += more
            last += more
        else:
            last = 1
            groups[-1] += 1
    return sum(groups)


def _refused(pattern: str, told: str) -> UsageError:
    """The engine says what is wrong and quotes the piece; the caret stands under its first occurrence."""
    said = told.removeprefix("Invalid regular expression: ")
    what, _, piece = said.rpartition(": ")
    at = pattern.find(piece) if what and piece else len(pattern)
    shown = "".join(" " if sign.isspace() else sign if sign.isprintable() else "\ufffd" for sign in pattern)
    return UsageError(
        f"this is not an RE2 expression: {said}.\n  {shown}\n  {' ' * max(at, 0)}^",
        where="pattern",
        next="RE2 has no backreferences and no look-around.",
    )


def _parts(held: Sequence[Held], work: Callable[[Held, Event], Iterator[_Part]]) -> Iterator[_Part]:
    """What each piece of each segment has; a thread for each core, each with a segment of its own."""
    workers, stop = max(1, min(4, cpu_count() or 1)), Event()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for start in range(0, len(held), workers):
                for parts in pool.map(lambda each: list(work(each, stop)), held[start : start + workers]):
                    yield from parts
        finally:
            stop.set()


def _segment(held: Held, stop: Event, asked: _Asked) -> Iterator[_Part]:
    table = segments.table([held.path], ("transcript_id", asked.column), asked.hidden)
    for batch in table.to_batches(max_chunksize=PIECE):
        if stop.is_set():
            return
        yield _piece(pa.Table.from_batches([batch]), asked)


def _piece(table: pa.Table, asked: _Asked) -> _Part:
    if asked.names is not None:
        table = table.filter(pc.is_in(table["transcript_id"], asked.names))
    matched = table.filter(pc.fill_null(_match(table[asked.column], asked.pattern), False))
    counts = pc.count_substring_regex(matched[asked.column], asked.pattern).to_pylist()
    ranked = zip(counts, matched["transcript_id"].to_pylist(), range(len(counts)), strict=True)
    best = heapq.nsmallest(asked.limit, ranked, key=lambda hit: (-hit[0], hit[1]))
    found = [_Found(n, name, matched[asked.column][at].as_py()) for n, name, at in best]
    return _Part(table.num_rows, matched.num_rows, found)


def _match(texts: pa.ChunkedArray, pattern: str) -> pa.ChunkedArray:
    """Plain words are looked for without an expression, which is several times as fast."""
    if _PLAIN.fullmatch(pattern):
        return pc.match_substring(texts, pattern)
    return pc.match_substring_regex(texts, pattern)


def _hit(rank: int, hit: _Found, pattern: str, place: str) -> Hit:
    start, end = first_match(hit.text, pattern)
    low, high = around(hit.text, start, end)
    return Hit(
        rank=rank,
        name=hit.name,
        score=float(hit.matches),
        why=f"{hit.matches} matches in {place}" if hit.matches != 1 else f"1 match in {place}",
        snippet=hit.text[low:high],
        marks=((start - low, end - low),),
    )


def first_match(text: str, pattern: str) -> tuple[int, int]:
    """Start and end of the first match of an expression in a text that has one, in code points."""
    column, whole = pa.array([text], pa.large_string()), text.encode()
    at = int(pc.find_substring_regex(column, pattern)[0].as_py())
    # The engine tells where a match begins; its length is what goes when it is taken away.
    left = pc.replace_substring_regex(column, pattern, "", max_replacements=1)[0].as_py()
    length = len(whole) - len(left.encode())
    return len(whole[:at].decode()), len(whole[: at + length].decode())
