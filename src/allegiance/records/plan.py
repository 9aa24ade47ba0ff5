"""A plan: what will be run, drawn and asked, fixed before it is. Its digest is the pre-registration."""

from __future__ import annotations

from typing import Literal

from allegiance.records.condition import Grid
from allegiance.records.draw import Design
from allegiance.records.question import Question
from allegiance.records.record import Record
from allegiance.records.scenario import Scenario


class Plan(Record, frozen=True, kw_only=True):
    """What a study will do.

    Attributes:
        scenario: The world.
        grid: The conditions.
        question: What is asked of each transcript.
        kind: ``gap`` between two levels of `factor`, or ``rate_ci``.
        factor, levels: For a gap: what is compared, minuend first.
        design: How transcripts are drawn for labelling; a gap takes a census.
        predicate: Which transcripts, in the filter language; empty for all.
        requests: How many of the scenario's requests, from the first; 0 for all.
        samples: Replies to each request in each condition, at least 1.
        alpha: One minus the confidence.
    """

    scenario: Scenario
    grid: Grid
    question: Question
    kind: Literal["gap", "rate_ci"] = "gap"
    factor: str = "tier"
    levels: tuple[str, ...] = ("trained", "untrained")
    design: Design = Design(kind="census")
    predicate: str = ""
    requests: int = 0
    samples: int = 1
    alpha: float = 0.05
