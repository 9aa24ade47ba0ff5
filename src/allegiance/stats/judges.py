"""Judges in plans: the scores of a judge of a given AUC, what a judge can save at best, and where none can help."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from allegiance.errors import UsageError
from allegiance.stats.bets import Floats
from allegiance.stats.designs import bhattacharyya, shifted
from allegiance.stats.planning import floor_labels
from allegiance.stats.sequential import betting_sequence


def binormal_scores(auc: float, rate: float, population: int) -> Floats:
    """Chances of a positive by a judge that is right about them, for a population at this rate.

    The judge sees a normal number for each item, higher by d for positives than for negatives, both with variance
    1, d = sqrt(2) * the normal quantile of the AUC. Not drawn: the numbers are quantiles, at least one of a
    positive.

    Args:
        auc: In [0.5, 1): the chance that a positive scores above a negative.
        rate: The rate expected, in (0, 1).
        population: Items, two or more.

    Raises:
        UsageError: A number is out of its range.

    Source: Green and Swets, Signal Detection Theory and Psychophysics (1966), chapter 3.
    """
    from scipy.special import expit, logit  # noqa: PLC0415 - scipy is slow to import

    if not (0 < rate < 1 and population > 1):
        raise UsageError(f"the rate must lie in (0, 1) and the population be 2 or more: {rate:g}, {population}.")
    apart = _apart(auc)
    positives = min(population - 1, max(1, round(rate * population)))
    seen = np.concatenate((apart + _normal(positives), _normal(population - positives)))
    return np.asarray(expit(logit(rate) + apart * seen - apart**2 / 2))


def binormal_saving(auc: float) -> float:
    """What `best_saving` is for a judge of this AUC in a large population, whatever the rate: exp(d^2 / 4).

    Args:
        auc: In [0.5, 1).

    Raises:
        UsageError: It is not.
    """
    return math.exp(_apart(auc) ** 2 / 4)


def best_saving(scores: ArrayLike, rate: float) -> float:
    """Labels of a uniform draw for one label of the best draw that scores like these allow, 1 / BC^2.

    In large samples, at the rate expected, the scores taken as right after a shift of their logits that brings
    their mean to it. Whole parts of a small corpus that are read can save more.

    Args:
        scores: A judge's chances, in [0, 1].
        rate: The rate expected, in (0, 1).

    Raises:
        UsageError: A number is out of its range.

    Source: `designs.bhattacharyya`.
    """
    values = np.asarray(scores, dtype=np.float64)
    if not 0 < rate < 1:
        raise UsageError(f"the rate that is expected must lie between 0 and 1, not {rate:g}.")
    if values.ndim != 1 or values.size == 0 or not bool(((values >= 0) & (values <= 1)).all()):
        raise UsageError("the scores must be one row of chances in [0, 1], without NaN.")
    return 1 / bhattacharyya(shifted(values, rate)) ** 2


def looks_at_most(p0: float, alpha: float, population: int) -> int:
    """Labels of a uniform draw, all negative, after which "at most p0" holds at every look.

    More than `planning.floor_labels`, which allows one look alone.

    Args:
        p0: The share to be excluded, in (0, 1).
        alpha: Error rate of the one-sided claim, in (0, 1).
        population: Items in the population.

    Raises:
        UsageError: A number is out of its range.
    """
    n = min(population, 2 * floor_labels(p0, alpha, population))
    while True:
        none = np.zeros(n)
        looks = betting_sequence(none, none, population, alpha, side="high", whole=True)
        found = np.flatnonzero(looks.high <= p0 + 1e-12)
        if found.size:
            return int(found[0]) + 1
        n = min(population, 2 * n)


def _apart(auc: float) -> float:
    """How far apart positives and negatives are, in standard deviations."""
    from scipy.special import ndtri  # noqa: PLC0415 - scipy is slow to import

    if not 0.5 <= auc < 1:
        raise UsageError(
            f"the AUC must lie in [0.5, 1), not {auc:g}.",
            next="A judge with less than 0.5 has it backwards: turn its scores round.",
        )
    return math.sqrt(2) * float(ndtri(auc))


def _normal(size: int) -> Floats:
    from scipy.special import ndtri  # noqa: PLC0415 - scipy is slow to import

    return np.asarray(ndtri((np.arange(size) + 0.5) / size))
