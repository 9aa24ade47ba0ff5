"""A draw: transcripts chosen by a probability design that was announced before anyone read them."""

from __future__ import annotations

from typing import Literal

from allegiance.records.frame import Frame
from allegiance.records.record import Record

ALGORITHM = "ticket/1"
DesignKind = Literal["uniform", "census"]


class Design(Record, frozen=True, kw_only=True):
    """How transcripts are chosen.

    Attributes:
        kind: ``uniform``, without replacement; ``census``, all of the frame.
        n: Number to draw, declared before the first is read; 0 for a census.
    """

    kind: DesignKind = "uniform"
    n: int = 0


class Commitment(Record, frozen=True, kw_only=True):
    """What is fixed before the seed exists; the seed is derived from it, so there is no free choice of seed.

    Attributes:
        counter: This is the k-th draw of the study, from 1. A draw that was thrown away leaves a gap.
        frame: The population.
        design: The design.
        algorithm: How tickets are made.
    """

    counter: int
    frame: Frame
    design: Design
    algorithm: str


class Draw(Record, frozen=True, kw_only=True):
    """The outcome of a draw.

    Attributes:
        commitment: What was fixed beforehand.
        seed: Derived from it, 64 hex digits.
        items: Names in ticket order; the item of rank r is ``items[r - 1]``.
    """

    commitment: Commitment
    seed: str
    items: tuple[str, ...]
