"""Designs of a draw: weights from a judge's scores, what a judge can save at best, and fixed designs in parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from allegiance.errors import Refusal, UsageError
from allegiance.stats.bets import Floats, Ints, calibrated
from allegiance.stats.intervals import Interval, check_alpha, hypergeometric
from allegiance.stats.planning import floor_labels, rate_labels
from allegiance.stats.sequential import betting_sequence

FLOOR = 0.6
"""The part of the weight that all items share alike."""
TOP = 16
"""The greatest weight; the least is 1."""
ENOUGH, ENOUGH_YES = 50, 5
"""Labels, and positives among them, before a verdict on a judge."""
TRIES = 9
"""Simulated draws behind a plan."""


class Worth(NamedTuple):
    """What a judge is worth, as the labels so far have it.

    Attributes:
        saving: Labels of a uniform draw for one label of the weighted draw, in large samples; below 1 the judge
            costs labels.
        bound: The most that any design could save with scores that separate like this, 1 / BC^2.
    """

    saving: float
    bound: float

    @property
    def costs(self) -> bool:
        """Whether the judge costs more than it saves."""
        return self.saving < 1


class Part(NamedTuple):
    """A part of the population from which a uniform draw of fixed size was made; all of it is a census."""

    yes: int
    n: int
    population: int
    unknown: int = 0


class Labels(NamedTuple):
    """Labels needed, by design.

    Attributes:
        floor: No design can get the upper bound of the plan with fewer, even if all labels are negative.
        uniform_fixed: A uniform draw, its size declared, the exact interval.
        uniform_every_look: A uniform draw, the betting sequence, median of simulated draws.
        weighted_every_look: A draw weighted by the scores, likewise; None without scores.
    """

    floor: int
    uniform_fixed: int
    uniform_every_look: int
    weighted_every_look: int | None


def draw_weights(scores: ArrayLike, floor: float = FLOOR) -> Ints:
    """Whole-number weights for a draw that reads more where a label is less certain.

    In proportion to (1 - floor) sqrt(f (1 - f)) / mean + floor, from 1 to 16: in steps of the floor, or of the
    half, the third, ... of it, the finest with which the greatest stays within 16. With floor 0 the weights would
    be the best if the scores were right; the floor limits what they cost if not.

    Args:
        scores: The chance of a positive by a judge, for all items, in [0, 1].
        floor: In (0, 1]; 1 gives a uniform draw.

    Source: Neyman (1934); Zrnic and Candès, "Active statistical inference", ICML 2024, section 4, for the floor.
    """
    chances = _chances(scores)
    if not 0 < floor <= 1:
        raise UsageError(f"the floor must lie in (0, 1], not {floor}.")
    spread = np.sqrt(chances * (1 - chances))
    mean = float(spread.mean())
    if mean == 0:
        return np.ones(chances.size, dtype=np.int64)
    times = ((1 - floor) * spread / mean + floor) / floor
    steps = max(1, math.floor(TOP / float(times.max()) + 1e-9))
    return np.floor(times * steps + 0.5).clip(1, TOP).astype(np.int64)


def bhattacharyya(chances: ArrayLike) -> float:
    """The overlap of the scores of positives and negatives, BC in [0, 1]; 0 if they are apart, 1 if alike.

    BC = mean sqrt(f (1 - f)) / sqrt(p (1 - p)), p the mean of f: the chances must be right, as `recalibrate` makes
    them. Var of the best design and estimator is BC^2 of that of a uniform draw, whatever the rate.
    """
    f = _chances(chances)
    p = float(f.mean())
    if p in {0.0, 1.0}:
        raise Refusal("all chances are 0, or all are 1.", next="There is no overlap to measure.")
    return min(1.0, float(np.sqrt(f * (1 - f)).mean()) / math.sqrt(p * (1 - p)))


def recalibrate(scores: ArrayLike, seen: ArrayLike, labels: ArrayLike) -> Floats:
    """The chance of a positive for each item, by ridge logistic regression of the labels on the logits of scores.

    Args:
        scores: The judge's chances for all items, in [0, 1].
        seen: Positions of the labelled items.
        labels: Their labels, 0 or 1.
    """
    return calibrated(_chances(scores), np.asarray(seen, dtype=np.int64), np.asarray(labels, dtype=np.float64))


def judge_worth(scores: ArrayLike, weights: ArrayLike, seen: ArrayLike, labels: ArrayLike) -> Worth:
    """Whether a weighted draw with this judge needs fewer labels than a uniform one without.

    From the variance in large samples, the chances recalibrated on the labels so far; an indication, not a test.

    Args:
        scores, weights: Of all items.
        seen, labels: Positions and labels (0 or 1) of those read.

    Raises:
        Refusal: There are fewer than 50 labels, 5 positives or 5 negatives.
    """
    y = np.asarray(labels, dtype=np.float64)
    if y.size < ENOUGH or min(y.sum(), (1 - y).sum()) < ENOUGH_YES:
        raise Refusal(
            "too few labels to say what the judge is worth.",
            next=f"Needed: {ENOUGH} labels with {ENOUGH_YES} positives and {ENOUGH_YES} negatives at least.",
        )
    f, w = recalibrate(scores, seen, y), np.asarray(weights, dtype=np.float64)
    p = float(f.mean())
    ratio = float((f * (1 - f) / w).mean() * w.mean()) / (p * (1 - p))
    return Worth(1 / ratio, 1 / bhattacharyya(f) ** 2)


def stratified(parts: Sequence[Part], alpha: float) -> Interval:
    """Where the share of positives lies after independent uniform draws of fixed sizes from parts of a population.

    Each part that was not read whole has its exact interval at 1 - (1 - alpha)^(1 / number of such parts), and the
    bounds are summed. Independent draws hold all at once with chance 1 - alpha at least (Šidák 1967). Wide with
    more than two or three parts. One part read whole and one drawn from is an elusion sample.

    Raises:
        UsageError: There are no parts, counts do not fit, or alpha is not in (0, 1).
    """
    check_alpha(alpha)
    if not parts:
        raise UsageError("there must be at least one part.")
    drawn = sum(part.n < part.population for part in parts)
    each = 1 - (1 - alpha) ** (1 / max(1, drawn))
    low = high = 0.0
    for part in parts:
        span = hypergeometric(part.yes, part.n, part.population, each, unknown=part.unknown)
        low, high = low + span.low * part.population, high + span.high * part.population
    population = sum(part.population for part in parts)
    return Interval(low / population, min(1.0, high / population))


def elusion(census: Part, rest: Part, alpha: float) -> Interval:
    """The share in the whole corpus: the top of a ranking read whole, and a uniform draw from the rest.

    Raises:
        UsageError: The first part was not read whole, or as for `stratified`.
    """
    if census.n != census.population:
        raise UsageError(f"the top {census.population} must be read whole; {census.n} were.")
    return stratified((census, rest), alpha)


def rate_labels_by_design(
    half_width: float, rate_guess: float, alpha: float, population: int, *, scores: ArrayLike | None = None
) -> Labels:
    """Labels for an interval of a given half-width at a guessed rate, design by design. Plans, not evidence.

    What holds at every look is found by simulation: 9 draws with fixed seeds, the median of the first look at
    which the interval is this narrow; good to about a seventh. Scores are taken as right after a shift of their
    logits that brings their mean to the guess.

    Args:
        half_width: Half the width wanted, in (0, 1].
        rate_guess: The rate expected, in (0, 1).
        alpha: One minus the confidence, in (0, 1).
        population: Items in the population.
        scores: A judge's chances for all items, in [0, 1].
    """
    fixed = rate_labels(half_width, rate_guess, alpha, population)
    top = min(rate_guess + half_width, 1 - 1e-9)
    floor = floor_labels(round(top, 12), alpha, population)
    if not 0 < rate_guess < 1:
        raise UsageError(f"the rate that is expected must lie between 0 and 1, not {rate_guess}.")
    uniform = _median_labels(half_width, rate_guess, alpha, population, None)
    weighted = (
        None if scores is None else _median_labels(half_width, rate_guess, alpha, population, _chances(scores))
    )
    return Labels(floor, fixed, uniform, weighted)


def first_narrow(low: Floats, high: Floats, half_width: float) -> int | None:
    """The first look (from 1) at which the bounds are this near; None if they never are."""
    narrow = np.flatnonzero(high - low <= 2 * half_width + 1e-12)
    return int(narrow[0]) + 1 if narrow.size else None


def _median_labels(half_width: float, rate: float, alpha: float, population: int, scores: Floats | None) -> int:
    if scores is not None and scores.size != population:
        raise UsageError(f"there are {scores.size} scores for a population of {population}.")
    chances = None if scores is None else shifted(scores, rate)
    weights = np.ones(population, np.int64) if scores is None else draw_weights(scores)
    found = [_narrow_at(half_width, rate, alpha, weights, scores, chances, seed) for seed in range(TRIES)]
    return int(np.median(found))


def _narrow_at(
    half_width: float,
    rate: float,
    alpha: float,
    weights: Ints,
    scores: Floats | None,
    chances: Floats | None,
    seed: int,
) -> int:
    """The first narrow look of one simulated draw, which is read twice as far until there is one."""
    rng = np.random.default_rng([7, seed])
    population = weights.size
    if chances is None:
        y = (rng.permutation(population) < round(rate * population)).astype(np.float64)
    else:
        y = (rng.random(population) < chances).astype(np.float64)
    order = np.argsort(rng.exponential(size=population) / weights)
    given = None if scores is None else scores[order]
    heavy = weights[order]
    n = min(population, 512)
    while True:
        looks = betting_sequence(
            y[order[:n]],
            y[order[:n]],
            population,
            alpha,
            weights=heavy[:n],
            remaining_weights=heavy[n:],
            scores=None if given is None else given[:n],
            remaining_scores=None if given is None else given[n:],
            whole=True,
        )
        found = first_narrow(looks.low, looks.high, half_width)
        if found is not None:
            return found
        n = min(population, 2 * n)


def shifted(scores: Floats, rate: float) -> Floats:
    """The scores, in [0, 1], with their logits shifted so that the mean is the rate."""
    logits = np.log(scores.clip(1e-5, 1 - 1e-5) / (1 - scores.clip(1e-5, 1 - 1e-5)))
    low, high = -30.0, 30.0
    for _ in range(50):
        middle = (low + high) / 2
        mean = float((1 / (1 + np.exp(-(logits + middle)))).mean())
        low, high = (middle, high) if mean < rate else (low, middle)
    return np.asarray(1 / (1 + np.exp(-(logits + low))))


def _chances(scores: ArrayLike) -> Floats:
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not bool(((values >= 0) & (values <= 1)).all()):
        raise UsageError("the scores must be one row of chances in [0, 1], without NaN.")
    return values
