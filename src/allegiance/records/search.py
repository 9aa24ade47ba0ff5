"""A search: a query and its ranked hits. It supports "at least k exist", never a rate."""

from __future__ import annotations

from allegiance.records.record import Record


class Search(Record, kw_only=True):
    """One search as it was made.

    Attributes:
        query: As typed.
        kind: How it was answered, for example ``substring``.
        corpus: Version that was searched.
        predicate: Filter that was on, empty for none.
        searched: Number of transcripts looked through.
        hits: Names of all hits in rank order.
    """

    query: str
    kind: str
    corpus: str
    predicate: str = ""
    searched: int = 0
    hits: tuple[str, ...] = ()
