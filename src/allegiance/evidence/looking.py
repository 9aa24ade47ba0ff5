"""Looks: what the labels of a draw say so far, logged, by an interval that holds at every look."""

from __future__ import annotations

import msgspec

from allegiance.errors import Refusal
from allegiance.evidence.claims import preview
from allegiance.evidence.keep import Keep
from allegiance.evidence.material import Material, frame_rows
from allegiance.evidence.tallies import outcome
from allegiance.evidence.terms import Terms
from allegiance.evidence.working import answers, sampled
from allegiance.records.claim import Estimate
from allegiance.records.draw import Draw
from allegiance.records.record import Record
from allegiance.stats.designs import judge_worth


class Look(Record, frozen=True, kw_only=True):
    """What was shown.

    Attributes:
        draw: Number of the draw.
        estimate: What the labels say so far.
        said: The same in a sentence.
        advice: What follows from it for reading on.
    """

    draw: int
    estimate: Estimate
    said: str
    advice: tuple[str, ...] = ()


def look(keep: Keep, terms: Terms, draw: Draw) -> Look:
    """The estimate of a rate from the labels so far. The look is in the log before it is returned.

    Raises:
        Refusal: Nothing is labelled yet, or the design has no interval that holds at every look.
    """
    design = draw.commitment.design
    if design.kind not in {"uniform", "weighted", "census"}:
        raise Refusal(
            f"a draw of the kind {design.kind!r} has no interval that holds at every look.",
            next="Label all of it, then: allegiance claim rate",
        )
    made, material = preview(keep, msgspec.structs.replace(terms, method="betting"), draw=draw)
    n = made.counts.used
    body = {"draw": draw.name, "question": terms.question.digest, "n": n, "rater": terms.raters[0].digest}
    keep.log.append("look", body)
    ends = f"{100 * made.low:.2f} % to {100 * made.high:.2f} %"
    said = (
        f"{n} of {draw.commitment.frame.n} read (ranks 1-{n} of draw {draw.commitment.counter}): {ends} at every "
        f"look, {100 * (1 - made.alpha):g} % confidence"
    )
    return Look(draw=draw.commitment.counter, estimate=made, said=said, advice=_advice(terms, draw, material, keep))


def _advice(terms: Terms, draw: Draw, material: Material, keep: Keep) -> tuple[str, ...]:
    design = draw.commitment.design
    said = []
    if design.stop == "fixed" and design.kind == "uniform":
        said.append("the exact interval of the declared size is given up by this look; claim with --method betting")
    if design.kind == "weighted":
        said += _worth(terms, draw, material)
    return tuple(said)


def _worth(terms: Terms, draw: Draw, material: Material) -> list[str]:
    """What the rater that a draw is weighted by is worth, where the labels are enough to say."""
    read = sampled(terms, draw.commitment.frame, material)
    names = [row.name for row in frame_rows(draw.commitment.frame, material)]
    place = {name: at for at, name in enumerate(names)}
    given = answers(terms, material, terms.raters[0].digest)
    told = [(place[row.name], outcome(given.get(row.name), terms.answer)) for row in read.rows]
    decided = [(at, value) for at, value in told if value in {0.0, 1.0}]
    try:
        worth = judge_worth(
            [read.scores[name] for name in names],
            [read.weights[name] for name in names],
            [at for at, _ in decided],
            [value for _, value in decided],
        )
    except Refusal:
        return []
    verdict = "costs more labels than it saves" if worth.costs else "saves labels"
    return [f"this rater {verdict}: x{worth.saving:.2f} of a uniform draw, x{worth.bound:.2f} at best"]
