"""Intervals from a normal approximation that use a judge: a second line beside the one that holds, or nothing."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from allegiance.errors import Refusal, UsageError
from allegiance.stats.bets import Floats
from allegiance.stats.intervals import check_alpha

ENOUGH = 30
"""Positives, and negatives, among the labels; with fewer such an interval misses too often."""


class Secondary(NamedTuple):
    """An estimate that leans on many labels. Not for a claim by itself, and not for looks at will."""

    estimate: float
    low: float
    high: float
    method: str


def ppi_plus(labels: ArrayLike, scores: ArrayLike, remaining_scores: ArrayLike, alpha: float) -> Secondary:
    """The share of positives by prediction-powered inference with the power tuned, after a uniform draw.

    Args:
        labels: Decided labels, 0 or 1.
        scores: The judge's scores of the same items, any scale.
        remaining_scores: Its scores of all others.
        alpha: One minus the confidence, in (0, 1).

    Raises:
        Refusal: There are fewer than 30 positives or 30 negatives. With none it would answer [0, 0].

    Source: Angelopoulos, Duchi and Zrnic, "PPI++", arXiv 2311.01453, section 6 (mean, power tuning).
    """
    y, f, rest = _checked(labels, scores, alpha), _row(scores), _row(remaining_scores)
    n, others = y.size, rest.size
    if others == 0:
        raise Refusal("all was read.", next="The share is known.")
    pooled = np.concatenate((f, rest))
    spread = float(np.var(pooled))
    power = 0.0 if spread == 0 else float(np.cov(y, f, bias=True)[0, 1]) / ((1 + n / others) * spread)
    estimate = float(y.mean()) - power * float(f.mean() - rest.mean())
    variance = float(np.var(y - power * f)) / n + power**2 * float(np.var(rest)) / others
    return _line(estimate, variance, alpha, "ppi++")


def active(
    labels: ArrayLike,
    scores: ArrayLike,
    weights: ArrayLike,
    remaining_scores: ArrayLike,
    remaining_weights: ArrayLike,
    alpha: float,
) -> Secondary:
    """The share of positives after a weighted draw, by weighting each judge's error with the chance of reading it.

    The chance that an item was among the n read is taken as 1 - exp(-c w), c such that the chances add up to n.

    Args:
        labels, scores, weights: Of the items read: decided labels 0 or 1, the judge's chances, the draw's weights.
        remaining_scores, remaining_weights: Of all others.
        alpha: One minus the confidence, in (0, 1).

    Raises:
        Refusal: There are fewer than 30 positives or 30 negatives.

    Source: Zrnic and Candès, "Active statistical inference", arXiv 2403.03208, equation 2; inclusion chances of
    ordered draws: Rosén, Journal of Statistical Planning and Inference 62 (1997).
    """
    y, f = _checked(labels, scores, alpha), _row(scores)
    w, rest, lighter = _row(weights), _row(remaining_scores), _row(remaining_weights)
    if w.size != y.size or rest.size != lighter.size:
        raise UsageError("there must be one weight for each score.")
    if rest.size == 0:
        raise Refusal("all was read.", next="The share is known.")
    reached = _inclusion(np.concatenate((w, lighter)), y.size)[: y.size]
    population = y.size + rest.size
    estimate = (float(f.sum() + rest.sum()) + float(((y - f) / reached).sum())) / population
    variance = float(((1 - reached) * ((y - f) / reached) ** 2).sum()) / population**2
    return _line(estimate, variance, alpha, "active")


def _inclusion(weights: Floats, n: int) -> Floats:
    low, high = 0.0, 1e3 / float(weights.min())
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if float(-np.expm1(-middle * weights).sum()) < n else (low, middle)
    return np.asarray(-np.expm1(-low * weights))


def _line(estimate: float, variance: float, alpha: float, method: str) -> Secondary:
    from scipy.special import ndtri  # noqa: PLC0415 - scipy is slow to import

    half = float(ndtri(1 - alpha / 2)) * math.sqrt(max(0.0, variance))
    return Secondary(estimate, max(0.0, estimate - half), min(1.0, estimate + half), method)


def _checked(labels: ArrayLike, scores: ArrayLike, alpha: float) -> Floats:
    check_alpha(alpha)
    y = _row(labels)
    if y.size != _row(scores).size or not bool(((y == 0) | (y == 1)).all()):
        raise UsageError("the labels must be 0 or 1, with one score each.", next="Leave out labels not decided.")
    yes = int(y.sum())
    if yes < ENOUGH or y.size - yes < ENOUGH:
        raise Refusal(
            f"{yes} positives and {y.size - yes} negatives do not carry a normal approximation.",
            next=f"Needed: {ENOUGH} of each; the betting interval holds with any number.",
        )
    return y


def _row(values: ArrayLike) -> Floats:
    row = np.asarray(values, dtype=np.float64)
    if row.ndim != 1 or not bool(np.isfinite(row).all()):
        raise UsageError("scores and weights must be rows of finite numbers.")
    return row
