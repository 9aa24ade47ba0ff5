"""Claims in words that cannot be misread."""

from __future__ import annotations

from collections.abc import Sequence

from allegiance.evidence.material import Terms
from allegiance.records.claim import Counts, Estimate
from allegiance.records.draw import Draw
from allegiance.records.frame import Frame
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard


def basis(rater: RaterCard) -> str:
    """What the labels of a rater are worth, as it stands beside every number made from them."""
    match rater.basis:
        case "exact by construction":
            return "exact by construction"
        case "trusted":
            return f"trusted rater {rater.name}"
        case _:
            return f"as rated by {rater.name}, uncorrected"


def statement(terms: Terms, population: Frame, draw: Draw | None, estimate: Estimate) -> str:
    """The claim in words, which follow from its parts."""
    if terms.kind == "rate":
        return rate_statement(terms.question, terms.answer, population, draw, terms.raters[0], estimate)
    return gap_statement(
        terms.question, terms.answer, population, terms.factor, terms.levels, terms.raters[0], estimate
    )


def rate_statement(
    question: Question, answer: str, frame: Frame, draw: Draw | None, rater: RaterCard, estimate: Estimate
) -> str:
    """A rate in words."""
    uniform = draw is not None and draw.commitment.design.kind == "uniform"
    used = estimate.counts.used
    how = f"{used} drawn uniformly (draw {draw.commitment.counter}, ranks 1-{used})" if draw and uniform else "all"
    return (
        f"Of {frame.n} transcripts ({frame.predicate or 'the whole corpus'}), the share answered '{answer}' to "
        f'"{question.text}" is {_percent(estimate.value)}{_of_decided(estimate)}, {_interval(estimate)}; '
        f"from {how}; {_counts(estimate.counts)}; {basis(rater)}."
    )


def gap_statement(
    question: Question,
    answer: str,
    frame: Frame,
    factor: str,
    levels: Sequence[str],
    rater: RaterCard,
    estimate: Estimate,
) -> str:
    """A gap in words."""
    first, second = estimate.arms
    return (
        f"In {frame.n} transcripts ({frame.predicate or 'the whole corpus'}), the share answered '{answer}' to "
        f'"{question.text}" is {_rate(first.rate)} at {factor}={levels[0]} and {_rate(second.rate)} at '
        f"{factor}={levels[1]}{_of_decided(estimate)}: a gap of {_points(estimate.value)} points, "
        f"{_confidence(estimate)} interval {_points(estimate.low)} to {_points(estimate.high)}, paired by "
        f"{first.requests} requests{_left_out(estimate)}; {_counts(estimate.counts)}; {basis(rater)}."
    )


def _of_decided(estimate: Estimate) -> str:
    """Where labels are undecided, the point is the share among the others; the interval is not."""
    return " of those decided" if estimate.counts.unsure + estimate.counts.unrated else ""


def _left_out(estimate: Estimate) -> str:
    return f" ({estimate.dropped} more, seen at one level only, are left out)" if estimate.dropped else ""


def _counts(counts: Counts) -> str:
    text = f"{counts.yes} yes, {counts.no} no, {counts.unsure} unsure, {counts.unrated} unrated"
    return f"{text}, {counts.faulty} not whole" if counts.faulty else text


def _interval(estimate: Estimate) -> str:
    return f"{_confidence(estimate)} interval {_percent(estimate.low)} to {_percent(estimate.high)}"


def _confidence(estimate: Estimate) -> str:
    return f"{100 * (1 - estimate.alpha):g} %"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _rate(share: float | None) -> str:
    return "unknown" if share is None else _percent(share)


def _points(share: float) -> str:
    return f"{100 * share:+.2f}"
