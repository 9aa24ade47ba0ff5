"""A draw: transcripts chosen by a probability design that was announced before anyone read them."""

from __future__ import annotations

from typing import Literal

from allegiance.records.canonical import digest
from allegiance.records.frame import Frame, Rated
from allegiance.records.record import Record

ALGORITHM = "ticket/1"
DesignKind = Literal["uniform", "census", "weighted", "stratified", "elusion"]
Stop = Literal["fixed", "open", "until"]


class Stratum(Record, frozen=True, kw_only=True):
    """A part of the frame, and how many are drawn from it. Fields as in `Frame`."""

    predicate: str
    rated: tuple[Rated, ...] = ()
    n: int


class Design(Record, frozen=True, kw_only=True):
    """How transcripts are chosen.

    Attributes:
        kind: ``uniform``, without replacement; ``weighted`` by a rater's score, without replacement;
            ``stratified``, uniform within each stratum; ``elusion``, all of the `top` by a rater's score and a
            uniform draw from the rest; ``census``, all of the frame.
        n: Number to draw, declared before the first is read; 0 for a census, the sum of the strata for a stratified
            draw, those from the rest for elusion. Where reading goes on (`stop`), how many are drawn to begin with.
        stop: ``fixed``: all that were declared are labelled, and nothing is concluded before. ``open``: reading
            goes on as long as one likes, and every look is allowed for. ``until``: reading goes on until `until`
            have been found, which was declared.
        until: How many to find; 0 unless `stop` says so.
        top: For elusion, how many of the highest scores are all taken.
        scored: For a weighted draw and for elusion, whose scores.
        scores: Digest of those scores, as `scores_digest` of the evidence room makes it.
        strata: The parts of a stratified draw; they cover the frame and do not overlap.
    """

    kind: DesignKind = "uniform"
    n: int = 0
    stop: Stop = "fixed"
    until: int = 0
    top: int = 0
    scored: Rated | None = None
    scores: str = ""
    strata: tuple[Stratum, ...] = ()


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
        items: Names in the order of reading; the item of rank r is ``items[r - 1]``. It grows where reading goes
            on.
    """

    commitment: Commitment
    seed: str
    items: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the draw, which stays when it grows: the digest of its commitment."""
        return digest(self.commitment)
