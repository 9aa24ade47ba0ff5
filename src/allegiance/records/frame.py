"""A frame: the population that a statement is about."""

from __future__ import annotations

from allegiance.records.record import Record


class Frame(Record, kw_only=True):
    """A pinned, finite population.

    Attributes:
        corpus: Version of the corpus.
        predicate: Which transcripts of it, in the filter language; empty for all.
        members: Digest of the sorted names (see `digest_names`).
        n: Number of transcripts, at least 1.
    """

    corpus: str
    predicate: str = ""
    members: str
    n: int
