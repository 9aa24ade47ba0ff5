"""A frame: the population that a statement is about."""

from __future__ import annotations

from allegiance.records.record import Record


class Frame(Record, frozen=True, kw_only=True):
    """A pinned, finite population.

    Attributes:
        corpus: Version of the corpus.
        predicate: Which transcripts of it, in the filter language; empty for all.
        members: Digest of the sorted names (see `digest_names`).
        columns: Digest of the columns of all members (request, model, condition, …), so that none can change later.
        n: Number of transcripts, at least 1.
    """

    corpus: str
    predicate: str = ""
    members: str
    columns: str
    n: int
