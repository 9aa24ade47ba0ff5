"""A frame: the population that a statement is about."""

from __future__ import annotations

from allegiance.records.record import Record


class Rated(Record, frozen=True, kw_only=True):
    """The answers of one rater to one question, pinned: a column that a filter or a design may use.

    Attributes:
        question: Digest of the question.
        rater: Digest of the rater's card.
        before: Only labels that were saved before the log entry of this number; of each transcript, the last.
    """

    question: str
    rater: str
    before: int


class Frame(Record, frozen=True, kw_only=True):
    """A pinned, finite population.

    Attributes:
        corpus: Version of the corpus.
        predicate: Which transcripts of it, in the filter language; empty for all.
        rated: For each field of the filter that is ``QUESTION@RATER``, in order of the fields, whose answers it
            means.
        members: Digest of the sorted names (see `digest_names`).
        columns: Digest of the columns of all members (request, model, condition, …), so that none can change later.
        n: Number of transcripts, at least 1.
    """

    corpus: str
    predicate: str = ""
    rated: tuple[Rated, ...] = ()
    members: str
    columns: str
    n: int
