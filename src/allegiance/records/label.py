"""A label: what a rater said of a transcript."""

from __future__ import annotations

from typing import Literal, get_args

from allegiance.records.record import Record

Value = Literal["yes", "no", "unsure", "unrated"]
VALUES: tuple[Value, ...] = get_args(Value)
"""The menu of a question that is answered by yes or no. ``unrated`` is never ``no``."""

UNDECIDED: tuple[Value, ...] = ("unsure", "unrated")
"""What every question can be answered with besides its own answers."""


class Span(Record, frozen=True, kw_only=True):
    """A stretch of a transcript: message, part, and code points ``start <= i < end`` of that part's text."""

    message: int
    part: int
    start: int
    end: int
    text: str


class Label(Record, frozen=True, kw_only=True):
    """One answer of one rater about one transcript.

    Attributes:
        transcript: Name of the occurrence.
        question: Digest of the question.
        rater: Digest of the rater's card.
        value: One of the question's answers (usually ``yes`` or ``no``), ``unsure`` (looked and could not tell), or
            ``unrated`` (did not or could not rate).
        score: Strength, if the rater gives one; finite.
        spans: Quotes that support it.
        raw: What the rater said, as it said it.
        note: A person's remark.
        revision: 0 for the first answer of this rater on this question; then 1, 2, … The last one counts.
        seconds: How long a person had the transcript open before answering; finite, from 0.
        blind: What was hidden from a person meanwhile, beside the answers of others: empty, or ``condition``.
    """

    transcript: str
    question: str
    rater: str
    value: str
    score: float | None = None
    spans: tuple[Span, ...] = ()
    raw: str = ""
    note: str = ""
    revision: int = 0
    seconds: float | None = None
    blind: str = ""
