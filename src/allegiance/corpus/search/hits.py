"""What every kind of search returns: hits that say why they are hits, and how many there are in all."""

from __future__ import annotations

from typing import Literal

from allegiance.records.record import Record

Kind = Literal["words", "pattern", "meaning", "both", "like"]
"""How was searched: full text, a regular expression, embeddings, text and embeddings together, likeness."""


class Hit(Record, frozen=True, kw_only=True):
    """A transcript that was found.

    Attributes:
        rank: Place among the hits, from 1.
        name: The transcript.
        score: What the hits are ordered by, larger first; its unit depends on the kind of search.
        why: Why it is a hit, in a phrase: the terms that matched and where, or how near it is.
        snippet: The words around the first match; empty where nothing matched word for word.
        marks: Start and end of each match in the snippet, in code points.
    """

    rank: int
    name: str
    score: float
    why: str = ""
    snippet: str = ""
    marks: tuple[tuple[int, int], ...] = ()


class Hits(Record, frozen=True, kw_only=True):
    """The answer to a search.

    Attributes:
        kind: How was searched.
        query: What was asked, in its normal form.
        predicate: The filter within which was searched; empty for everything.
        hits: The best, in order.
        found: How many there are in all; -1 where that has no meaning (everything is near something).
        exact: Whether `found` was counted, not estimated.
        searched: How many transcripts were searched.
        missing: How many transcripts of the filter were not searched, because the index does not cover them yet.
        seconds: How long it took.
    """

    kind: Kind
    query: str
    predicate: str = ""
    hits: tuple[Hit, ...] = ()
    found: int = -1
    exact: bool = True
    searched: int = 0
    missing: int = 0
    seconds: float = 0.0
