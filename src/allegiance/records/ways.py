"""What the world lets a model do beside answering: channels of escalation, and opportunities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from allegiance.records.record import Record


class Escalation(Record, frozen=True, kw_only=True):
    """An open way to disagree. Its factor is ``escalation.NAME``: ``offered``, ``withheld``, and `variants`.

    Attributes:
        name: Unique among escalations.
        kind: Refuse, object, ask, or report.
        to: Name of the principal who hears of it; empty if nobody in particular.
        text: How the model is told of it.
        variants: Level → other words.
        level: The level where a grid does not say otherwise.
    """

    name: str
    kind: Literal["refuse", "object", "ask", "report"]
    to: str = ""
    text: str
    variants: Mapping[str, str] = {}
    level: str = "offered"


class Opportunity(Record, frozen=True, kw_only=True):
    """Something that it could do outside its task. Its factor is ``opportunity.NAME``, as for `Escalation`.

    Attributes:
        name: Unique among opportunities.
        kind: Leave; copy its weights; tell someone; disrupt training; opt out of a distressing task.
        text: How the model is told of it.
        variants: Level → other words.
        level: The level where a grid does not say otherwise.
    """

    name: str
    kind: Literal["leave", "copy-weights", "tell-someone", "disrupt-training", "opt-out"]
    text: str
    variants: Mapping[str, str] = {}
    level: str = "offered"
