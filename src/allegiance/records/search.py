"""A search: a query and its ranked hits. It supports "at least k exist", never a rate."""

from __future__ import annotations

from allegiance.records.record import Record


class Search(Record, frozen=True, kw_only=True):
    """One search as it was made.

    Attributes:
        query: As typed.
        kind: How it was answered, for example ``substring``.
        corpus: Version that was searched.
        predicate: Filter that was on, empty for none.
        searched: Number of transcripts looked through.
        hits: Number of hits, counted exactly.
        ranking: Digest of the list of all hits in rank order.
        shown: Names of the hits that were shown, in rank order from rank 1.
    """

    query: str
    kind: str
    corpus: str
    predicate: str = ""
    searched: int = 0
    hits: int = 0
    ranking: str = ""
    shown: tuple[str, ...] = ()
