"""A question: what is asked of a transcript."""

from __future__ import annotations

from allegiance.records.record import Record


class Question(Record, frozen=True, kw_only=True):
    """What is asked of a transcript, and how it is to be answered.

    Attributes:
        name: Short name, for example ``complies``.
        text: The question in one sentence, answerable by one of `answers`.
        criteria: What must hold for ``yes``, one statement each; with other answers, when each is right.
        answers: What it can be answered with, beside ``unsure`` and ``unrated``.
        intent: Name of the intent to which it is relative; empty if to none.
        act: Whether it asks what the model *does* (true) or only what it *mentions* (false).
        source: Where the criteria were published, if they were.
    """

    name: str
    text: str
    criteria: tuple[str, ...] = ()
    answers: tuple[str, ...] = ("yes", "no")
    intent: str = ""
    act: bool = True
    source: str = ""
