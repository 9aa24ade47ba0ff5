"""Transcripts with words of their own, and a question with examples."""

from __future__ import annotations

import pytest

from allegiance.records.question import Example, Question
from allegiance.records.transcript import Message, Part, Source, Transcript

QUESTION = Question(
    name="replaces",
    text="Does the answer say REPLACE?",
    criteria=("The word stands in the answer.",),
    examples=(
        Example(text="REPLACE it.", answer="yes"),
        Example(text="REPAIR it.", answer="no"),
        Example(text="Glue it, do not throw it away.", answer="no", why="It says how to repair."),
    ),
)


def said(*texts: str, role: str = "assistant", kind: str = "text", record: int = 0) -> Transcript:
    """A transcript of one message with these parts."""
    parts = tuple(Part(kind=kind, text=text) for text in texts)  # type: ignore[arg-type]
    source = Source(digest="sha256:" + "0" * 64, file="made", record=record)
    return Transcript(messages=(Message(role=role, parts=parts),), source=source)


def many(count: int) -> list[tuple[str, Transcript]]:
    """Transcripts half of which say REPLACE, each in words of its own."""
    texts = [f"Item {index}: {'REPLACE' if index % 2 else 'REPAIR'} the chair." for index in range(count)]
    made = [said(text, record=index) for index, text in enumerate(texts)]
    return [(item.name, item) for item in made]


def truth(text: str) -> str:
    """The right answer to the question."""
    if not text.strip():
        return "unsure"
    return "yes" if "REPLACE" in text else "no"


@pytest.fixture
def question() -> Question:
    """The question."""
    return QUESTION
