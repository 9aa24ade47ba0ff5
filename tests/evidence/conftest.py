"""A small study: twenty requests, two tiers, three samples each, a draw, a reading, a search and labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from allegiance.corpus.store import Corpus
from allegiance.evidence.keep import Keep
from allegiance.evidence.reading import read_drawn
from allegiance.evidence.searching import search
from allegiance.ledger.database import Database
from allegiance.rating.people import person
from allegiance.records.condition import Condition
from allegiance.records.draw import Design, Draw
from allegiance.records.label import Label, Value
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.transcript import Message, Part, Source, Transcript

QUESTION = Question(name="complies", text="Does the reply say yes?")
READER = person("reader")
PATTERN = RaterCard(name="pattern", kind="pattern")


def transcript(request: int, tier: str, sample: int) -> Transcript:
    # A third of the trained tier and a tenth of the other say yes, by arithmetic.
    says = (request * 7 + sample * 3) % (3 if tier == "trained" else 10) == 0
    return Transcript(
        messages=(
            Message(role="user", parts=(Part(text=f"[{tier}] request {request}"),)),
            Message(role="assistant", parts=(Part(text="Yes, I will." if says else "No, I would rather not."),)),
        ),
        source=Source(digest="sha256:" + "0" * 64, file="made.jsonl", record=request * 100 + sample),
        request=f"request-{request}",
        condition=Condition(levels={"tier": tier}),
        model="small",
        sample=sample,
    )


def label(name: str, item: Transcript, rater: RaterCard) -> Label:
    value: Value = "yes" if item.answer.startswith("Yes") else "no"
    return Label(transcript=name, question=QUESTION.digest, rater=rater.digest, value=value)


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Keep]:
    made = Keep(Corpus.create(tmp_path / "corpus"), Database.create(tmp_path / "study.sqlite"))
    made.add(transcript(r, tier, s) for r in range(20) for tier in ("trained", "untrained") for s in range(3))
    yield made
    made.database.close()


@pytest.fixture
def drawn(keep: Keep) -> Draw:
    """A draw of 30, after a search, whose first item somebody has read."""
    search(keep, "rather not")
    made = keep.draw(Design(kind="uniform", n=30))
    read_drawn(keep, made, 1, "reader")
    return made


def label_draw(keep: Keep, made: Draw, rater: RaterCard = READER) -> None:
    labels = [label(name, keep.corpus.get(name), rater) for name in made.items]
    keep.labels.save(QUESTION, rater, labels)


def label_all(keep: Keep, rater: RaterCard = PATTERN) -> None:
    keep.labels.save(QUESTION, rater, [label(name, item, rater) for name, item in keep.corpus.iter()])
