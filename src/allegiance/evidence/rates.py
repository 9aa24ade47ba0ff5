"""Rates: the share of a population with an answer, by the design of the draw.

Pure: rows and labels in, `Estimate` out. The method follows from the design; where two hold, the terms choose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from allegiance.corpus.rows import Row
from allegiance.errors import Refusal, UnknownName
from allegiance.evidence.tallies import DIGITS, Labels, exact, hits, outcome, share, tally, total
from allegiance.records.claim import Counts, Estimate
from allegiance.records.record import Record
from allegiance.stats.designs import Part, stratified
from allegiance.stats.intervals import Interval, round_outward
from allegiance.stats.inverse import read_until
from allegiance.stats.planning import floor_labels
from allegiance.stats.secondary import active
from allegiance.stats.sequential import Side, betting_interval

RATE_METHODS: Mapping[str, str] = {
    "exact": "hypergeometric/1",
    "betting": "betting-sequence/1",
    "until": "negative-hypergeometric/1",
    "strata": "hypergeometric-strata/1",
    "elusion": "hypergeometric-elusion/1",
}
ACTIVE_METHOD = "active-inference/1"
SIDES: Mapping[str, str] = {"rate_ci": "both", "rate_upper": "high", "rate_lower": "low"}


class Sampled(Record, frozen=True, kw_only=True):
    """A sample and how it came to be.

    Attributes:
        kind, stop, until: As in the design; a census without a draw is a census.
        population: Size of the frame.
        rows: The rows read, in order; for elusion the top first.
        parts: For strata and elusion, how many of the rows are in each part, and the size of the part.
        weights: Transcript → chances in a weighted draw, of the whole frame.
        scores: Transcript → score that the draw rests on, of the whole frame.
    """

    kind: str = "census"
    stop: str = "fixed"
    until: int = 0
    population: int
    rows: tuple[Row, ...]
    parts: tuple[tuple[int, int], ...] = ()
    weights: Mapping[str, int] = {}
    scores: Mapping[str, float] = {}


def methods(sampled: Sampled) -> tuple[str, ...]:
    """The methods that hold for a design, the usual one first."""
    match sampled.kind, sampled.stop:
        case ("census", _) | ("uniform", "fixed"):
            return ("exact", "betting")
        case ("uniform", "until"):
            return ("until", "betting")
        case ("uniform" | "weighted", "open"):
            return ("betting",)
        case ("stratified", _):
            return ("strata",)
        case _:
            return ("elusion",)


def estimate_rate(
    sampled: Sampled,
    labels: Labels,
    *,
    kind: str = "rate_ci",
    answer: str = "yes",
    alpha: float = 0.05,
    method: str = "",
) -> Estimate:
    """The share of a population with an answer.

    Labels that are `unsure`, `unrated` or missing count against both ends.

    Args:
        sampled: What was read.
        labels: The labels of it.
        kind: ``rate_ci``, or one end alone: ``rate_upper``, ``rate_lower``. The other end is then 0 or 1.
        answer: The label value whose share is asked.
        alpha: One minus the confidence, in (0, 1).
        method: One of `methods`; the first if empty.

    Raises:
        Refusal: Nothing was read, no label is decided, or the method does not hold for the design.
        UnknownName: There is no such method.
    """
    chosen = _method(sampled, method)
    counts = _counts(sampled, labels, answer)
    value = _value(sampled, labels, answer)
    side = SIDES[kind]
    ends = _interval(chosen, sampled, labels, answer, alpha if side == "both" else 2 * alpha, side)
    low, high = round_outward(ends, DIGITS)
    return Estimate(
        value=value,
        low=0.0 if side == "high" else low,
        high=1.0 if side == "low" else high,
        alpha=alpha,
        method=RATE_METHODS[chosen],
        counts=counts,
    )


def estimate_active(sampled: Sampled, labels: Labels, *, answer: str = "yes", alpha: float = 0.05) -> Estimate:
    """A rate that leans on the scores of a weighted draw and on many labels; for a line beside the number only.

    Raises:
        Refusal: A label is not decided, or there are fewer than 30 of either kind.
    """
    names = [row.name for row in sampled.rows]
    told = [outcome(labels.get(name), answer) for name in names]
    if any(np.isnan(each) for each in told):
        raise Refusal("a label is not decided.", next="Decide it.")
    left = sorted(sampled.scores.keys() - set(names))
    (weights, scores), (lighter, rest) = _columns(sampled, names, answer), _columns(sampled, left, answer)
    made = active(told, scores or [], weights or [], rest or [], lighter or [], alpha)
    low, high = round_outward(Interval(max(0.0, made.low), min(1.0, made.high)), DIGITS)
    counts = _counts(sampled, labels, answer)
    value = min(max(made.estimate, 0.0), 1.0)
    return Estimate(value=value, low=low, high=high, alpha=alpha, method=ACTIVE_METHOD, counts=counts)


def _method(sampled: Sampled, method: str) -> str:
    if method and method not in RATE_METHODS:
        raise UnknownName("method", method, tuple(RATE_METHODS))
    fit = methods(sampled)
    if method and method not in fit:
        raise Refusal(
            f"the method {method!r} does not hold for a {sampled.kind} draw that is {sampled.stop}.",
            next=f"Holds: {', '.join(fit)}.",
        )
    return method or fit[0]


def _interval(method: str, sampled: Sampled, labels: Labels, answer: str, alpha: float, side: str) -> Interval:
    match method:
        case "exact":
            return exact(_counts(sampled, labels, answer), answer, alpha)
        case "betting":
            return _betting(sampled, labels, answer, alpha if side == "both" else alpha / 2, side)
        case "until":
            return _until(sampled, labels, answer, alpha)
        case _:
            return _parts(sampled, labels, answer, alpha)


def _parts(sampled: Sampled, labels: Labels, answer: str, alpha: float) -> Interval:
    counts = _by_part(sampled, labels, answer)
    return stratified(
        [Part(hits(each, answer), each.used, each.frame, each.unsure + each.unrated) for each in counts], alpha
    )


def _betting(sampled: Sampled, labels: Labels, answer: str, alpha: float, side: str) -> Interval:
    names = [row.name for row in sampled.rows]
    told = np.array([outcome(labels.get(name), answer) for name in names])
    low, high = np.nan_to_num(told, nan=0.0), np.nan_to_num(told, nan=1.0)
    left = sorted((sampled.weights or sampled.scores).keys() - set(names))
    read, rest = _columns(sampled, names, answer), _columns(sampled, left, answer)
    which: Side = "low" if side == "low" else "high" if side == "high" else "both"
    return betting_interval(
        low,
        high,
        sampled.population,
        alpha,
        weights=read[0],
        remaining_weights=rest[0],
        scores=read[1],
        remaining_scores=rest[1],
        side=which,
    )


def _columns(sampled: Sampled, names: Sequence[str], answer: str) -> tuple[list[int] | None, list[float] | None]:
    """Weights and scores of these transcripts, where the draw has them."""
    weights = [sampled.weights[name] for name in names] if sampled.weights else None
    return weights, [_toward(answer, sampled.scores[name]) for name in names] if sampled.scores else None


def _toward(answer: str, score: float) -> float:
    """How likely the answer asked for is; scores are about ``yes``."""
    return 1 - score if answer == "no" else score


def _until(sampled: Sampled, labels: Labels, answer: str, alpha: float) -> Interval:
    """The interval for reading until so many were found, which must have come true with the last label."""
    told = [outcome(labels.get(row.name), answer) for row in sampled.rows]
    found = sum(each == 1 for each in told)
    if not told or found != sampled.until or told[-1] != 1:
        raise Refusal(
            f"{found} were found in {len(told)}; the rule was to read until {sampled.until} are, and no further.",
            next="Read on: allegiance draw --extend; or claim by --method betting.",
        )
    possible = [rank for rank, each in enumerate(told, 1) if each != 0]
    return read_until(sampled.until, len(told), sampled.population, alpha, rank_high=possible[sampled.until - 1])


def _counts(sampled: Sampled, labels: Labels, answer: str) -> Counts:
    if sampled.parts:
        return total(_by_part(sampled, labels, answer))
    return tally(sampled.population, sampled.rows, labels, answer)


def _value(sampled: Sampled, labels: Labels, answer: str) -> float:
    """The point: the share among decided labels, each part by its size; by chances in a weighted draw."""
    if sampled.parts:
        counts = _by_part(sampled, labels, answer)
        return sum(share(each, answer) * each.frame for each in counts) / sampled.population
    plain = share(tally(sampled.population, sampled.rows, labels, answer), answer)
    if not sampled.weights:
        return plain
    known = [(outcome(labels.get(row.name), answer), sampled.weights[row.name]) for row in sampled.rows]
    decided = [(told, weight) for told, weight in known if not np.isnan(told)]
    return sum(told / weight for told, weight in decided) / sum(1 / weight for _, weight in decided)


def _by_part(sampled: Sampled, labels: Labels, answer: str) -> list[Counts]:
    found, at = [], 0
    for read, size in sampled.parts:
        found.append(tally(size, sampled.rows[at : at + read], labels, answer))
        at += read
    return found


def upper_claim(made: Estimate, bound: float | None, population: int, answer: str) -> Estimate:
    """Refuses a claim of "at most" or "at least" that the interval does not carry; see `floor_labels`.

    Raises:
        Refusal: The message says what is carried, and how many labels the bound takes at the very least.
    """
    if bound is None or made.high <= bound:
        return made
    least = floor_labels(bound, made.alpha, population)
    raise Refusal(
        f"{made.counts.used} labels, {hits(made.counts, answer)} found, do not carry 'at most {100 * bound:g} %'; "
        f"they carry 'at most {100 * made.high:.2f} %'.",
        where=f"the floor is {least} labels with none found: ln(1/α)/p₀, whatever the rater",
        next="Label more of the draw, or claim what they carry.",
    )


def lower_claim(made: Estimate, bound: float | None) -> Estimate:
    """As `upper_claim`, for "at least".

    Raises:
        Refusal: It is not carried.
    """
    if bound is None or made.low >= bound:
        return made
    raise Refusal(
        f"{made.counts.used} labels do not carry 'at least {100 * bound:g} %'; they carry 'at least "
        f"{100 * made.low:.2f} %'.",
        next="Label more of the draw, or claim what they carry.",
    )
