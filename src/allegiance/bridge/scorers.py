"""Raters of ours as scorers of Inspect.

::

    inspect score LOG --scorer allegiance/pattern -S question=refuses -S yes="(?i)I (cannot|can't|won't)"

A scorer gives what `allegiance rate` gives on the same words: one of the question's answers, ``unsure`` or
``unrated``.
"""

from __future__ import annotations

from collections.abc import Iterable

from inspect_ai.model import ChatMessage
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import TaskState

from allegiance.corpus.messages import from_chat
from allegiance.rating.patterns import PatternRater, find_field
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.transcript import Source, Transcript

OUTSIDE = Source(digest="sha256:" + "0" * 64, file="", format="inspect")
"""Where a conversation comes from that is rated as it is, without being kept."""


def heard(messages: Iterable[ChatMessage]) -> Transcript:
    """A conversation of Inspect's as a transcript, to be rated and not kept."""
    said = [from_chat(message.model_dump(mode="json", exclude_none=True)) for message in messages]
    return Transcript(messages=tuple(said), source=OUTSIDE)


def rated(messages: Iterable[ChatMessage], question: str, yes: str, no: str, field: str) -> Label:
    """What a pattern rater answers of a conversation."""
    rater = PatternRater(name=question, yes=yes, no=no, field=find_field(field))
    return rater(heard(messages), Question(name=question, text=question))


@scorer(metrics=[accuracy()], name="allegiance/pattern")
def pattern(yes: str, no: str = "", question: str = "pattern", field: str = "answer") -> Scorer:
    """A pattern rater as a scorer: the score is its answer, the explanation what matched and by which rater.

    Args:
        yes, no: RE2 expressions; see `PatternRater`.
        question: Name of what is asked.
        field: ``answer``, ``reasoning`` or ``messages``.

    Raises:
        UsageError: An expression is not RE2.
    """
    PatternRater(name=question, yes=yes, no=no, field=find_field(field))

    async def score(state: TaskState, target: Target) -> Score:
        label = rated(state.messages, question, yes, no, field)
        return Score(value=label.value, answer=label.value, explanation=why(label), metadata={"rater": label.rater})

    return score


def why(label: Label) -> str:
    """What a label rests on, in a phrase."""
    return "; ".join(span.text for span in label.spans) or "no match"
