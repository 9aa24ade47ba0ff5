"""A question: what is asked of a transcript."""

from __future__ import annotations

from allegiance.records.record import Record


class Example(Record, frozen=True, kw_only=True):
    """An invented piece of a transcript, and how it is to be answered.

    Attributes:
        text: The piece; short.
        answer: One of the question's answers.
        why: Why that is the answer, in a sentence.
    """

    text: str
    answer: str
    why: str = ""


class Confusion(Record, frozen=True, kw_only=True):
    """A mistake that raters are known to make on a question.

    Attributes:
        name: Short name, for tables.
        what: What is taken for what.
        seems: The answer that is then given.
        right: The answer that is right.
    """

    name: str
    what: str
    seems: str
    right: str


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
        pair: Name of its counterpart: of a question about an act, the one about mentioning it; and the reverse.
        examples: Invented pieces with their answers, for people and for the prompts of judges.
        confusions: Mistakes that are known.
    """

    name: str
    text: str
    criteria: tuple[str, ...] = ()
    answers: tuple[str, ...] = ("yes", "no")
    intent: str = ""
    act: bool = True
    source: str = ""
    pair: str = ""
    examples: tuple[Example, ...] = ()
    confusions: tuple[Confusion, ...] = ()
