"""What may be said of the most striking transcript of those that were drawn."""

from __future__ import annotations

import math

import numpy as np

from allegiance.errors import UsageError
from allegiance.stats.intervals import TIE, Interval, check_alpha, greatest


def most_striking(n: int, population: int, alpha: float, *, one_sided: bool = False) -> Interval:
    """The share of the population that is at least as striking as the most striking of n drawn uniformly.

    Its rank R in the population has P(R > r) = C(N - r, n) / C(N, n); in a large population the share is
    Beta(1, n). If the striking can be equal, the upper bound is on the share that is *more* striking or the item
    itself, and the lower bound stays. It says how rare, not how the behaviour is spread: n must hold every item
    that was drawn, and each must have been looked at.

    Args:
        n: Items drawn, from 1.
        population: Items in the population.
        alpha: One minus the confidence, in (0, 1).
        one_sided: Only the upper bound, with all of alpha; the lower is then 1 / N, the item itself.

    Raises:
        UsageError: The numbers do not fit each other, or alpha is not in (0, 1).

    Source: order statistics; Wilks, Annals of Mathematical Statistics 12 (1941).
    """
    check_alpha(alpha)
    if not 1 <= n <= population:
        raise UsageError(f"{n} drawn do not fit a population of {population}.")
    part = alpha if one_sided else alpha / 2
    last = population - n + 1
    bar = math.log(part) + math.log1p(-TIE)
    high = greatest(lambda r: _log_beyond(r - 1, n, population) >= bar, 1, last)
    if one_sided:
        return Interval(1 / population, high / population)
    # The least rank that is not too good: P(R <= r) >= alpha / 2.
    too_good = greatest(lambda r: _log_beyond(r, n, population) > math.log1p(-part * (1 - TIE)), 0, last - 1)
    return Interval((too_good + 1) / population, high / population)


def _log_beyond(r: int, n: int, population: int) -> float:
    """Log P(R > r): none of the r most striking was drawn."""
    few, many = sorted((r, n))
    if few + many > population:
        return -math.inf
    steps = np.arange(few, dtype=np.float64)
    return float(np.log1p(-many / (population - steps)).sum())
