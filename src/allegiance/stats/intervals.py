"""Intervals for one rate that hold at the sample size at hand, whatever the rate.

`hypergeometric` is for a uniform draw without replacement from a population of known size; `bounded_mean` is
for independent values in [0, 1] of any distribution. Both err on the wide side when they err.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allegiance.errors import UsageError

Floats = NDArray[np.float64]

RATIO = 3.0
"""Neighbouring bets of `bounded_mean` differ at most by this factor."""
SLACK = 0.7
"""What the mixture of bets is expected to cost, in nats; it sets the smallest bet. Any value is valid."""
ENDS: Floats = np.append(1 / (1 + np.exp(-np.linspace(-16.0, 16.0, 47))), 1.0)
"""Right ends of the blocks of candidate means that share their bets."""
TIE = 1e-9
"""A tail this close to alpha / 2, relatively, is taken as equal to it, so the candidate stays in."""


class Interval(NamedTuple):
    """A closed interval, in [0, 1] for a rate and in [-1, 1] for a gap."""

    low: float
    high: float


def hypergeometric(yes: int, n: int, population: int, alpha: float, *, unknown: int = 0) -> Interval:
    """Where the share of positives of a finite population lies, after a uniform draw without replacement.

    Exact and equal-tailed: it holds every share M / population under which neither tail of the count is less
    likely than alpha / 2, and the observed share itself. A census gives the share. In expectation over draws
    it covers at least 1 - alpha for every population.

    Args:
        yes: Positives in the sample.
        n: Items drawn, those without a decided label included; `n` must not depend on what was seen.
        population: Items in the population.
        alpha: One minus the confidence, in (0, 1).
        unknown: Items drawn that have no decided label: negatives for the lower bound, positives for the
            upper.

    Raises:
        UsageError: The counts do not fit each other, or alpha is not in (0, 1).

    Source: Clopper and Pearson, Biometrika 26 (1934), with the hypergeometric law in place of the binomial;
    Buonaccorsi, The American Statistician 41 (1987). Worst case for missing labels: Bañuelos and Stark,
    "Limiting risk by turning manifest phantoms into evil zombies" (2012).
    """
    check_alpha(alpha)
    if not (yes >= 0 and unknown >= 0 and yes + unknown <= n <= population and population > 0):
        raise UsageError(
            f"the counts do not fit: yes={yes}, unknown={unknown}, n={n}, population={population}.",
            next="Needed: 0 <= yes, 0 <= unknown, yes + unknown <= n <= population, 0 < population.",
        )
    if n == 0:
        return Interval(0.0, 1.0)
    floor = alpha / 2 * (1 - TIE)
    top = yes + unknown
    most = greatest(lambda m: tail(top, m, n, population) >= floor, top, population - n + top)
    fewest = greatest(lambda m: tail(n - yes, m, n, population) >= floor, n - yes, population - yes)
    return Interval(min((population - fewest) / population, yes / n), max(most / population, top / n))


def bounded_mean(
    x: ArrayLike, alpha: float, *, high: ArrayLike | None = None, tuned: float | None = None
) -> Interval:
    """Where the mean of independent values in [0, 1] lies, whatever their common distribution.

    Holds with probability at least 1 - alpha at every sample size. It tests each candidate mean m by betting
    against it. If the mean is at most m, the product over the values of 1 + c (x_i / m - 1) has expectation at
    most 1 for each bet c in [0, 1], and so has an average over several bets; m is excluded once that average
    reaches 2 / alpha (Markov). The upper bound is one minus the lower bound of 1 - x. The order of the values
    does not matter. The bets depend on m, alpha and the number of values only.

    Args:
        x: The values, shape (n,), each in [0, 1].
        alpha: One minus the confidence, in (0, 1).
        high: The same items with every unknown part taken as high as it can be, shape (n,), ``high >= x``;
            the upper bound is taken from it and the lower from `x`. Default: `x`.
        tuned: The alpha that the bets are made for; it must not depend on the values. Default: `alpha`. Needed
            where `alpha` itself depends on them, as in `multiplicity.selected_intervals`.

    Returns:
        The interval; [0, 1] if there are no values.

    Raises:
        UsageError: A value is outside of [0, 1] or is NaN; the shapes differ; alpha is not in (0, 1).

    Source: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", JRSS-B 86
    (2024), section 4, with fixed mixtures over bets (Orabona and Jun, "Tight concentrations and confidence
    sequences from the regret of universal portfolio", 2021) in place of predicted bets; see
    docs/adr/0006-intervals.md.
    """
    check_alpha(alpha)
    least = _checked(x)
    most = least if high is None else _checked(high)
    if least.shape != most.shape or bool((most < least).any()):
        raise UsageError("`high` must have the shape of `x` and be nowhere below it.")
    if least.size == 0:
        return Interval(0.0, 1.0)
    aim = alpha if tuned is None else tuned
    check_alpha(aim)
    return Interval(_lower_mean(least, alpha, aim), 1.0 - _lower_mean(1.0 - most, alpha, aim))


def round_outward(interval: Interval, digits: int = 3) -> Interval:
    """The narrowest interval with bounds of this many decimals that holds the given one.

    A bound within 1e-9 of such a decimal counts as that decimal, so that 0.3 does not become 0.299.
    """
    scale = 10.0**digits
    low = math.floor(interval.low * scale + 1e-9 * scale) / scale
    high = math.ceil(interval.high * scale - 1e-9 * scale) / scale
    return Interval(low + 0.0, high + 0.0)


def check_alpha(alpha: float) -> None:
    """Whether alpha is usable.

    Raises:
        UsageError: It is not in (0, 1).
    """
    if not 0 < alpha < 1:
        raise UsageError(f"alpha must lie between 0 and 1, not {alpha}.", next="0.05 means 95 % confidence.")


def tail(k: int, positives: int, n: int, population: int) -> float:
    """P(X <= k) for the number X of positives among n drawn without replacement.

    Sums ratios of neighbouring probabilities outward from the mode, so nothing underflows. Leaves out only
    values more than 20 sqrt(n) from the mean, which have total probability below 2 exp(-800) (Hoeffding 1963,
    section 6).
    """
    mean, reach = n * positives / population, 20 * math.sqrt(n) + 1
    least, most = max(0, n + positives - population), min(n, positives)
    first, last = max(least, math.floor(mean - reach)), min(most, math.ceil(mean + reach))
    if not first <= k < last:
        return float(k >= last)
    x = np.arange(first, last, dtype=np.float64)
    up = (positives - x) * (n - x) / ((x + 1) * (population - positives - n + x + 1))
    logs = np.concatenate(([0.0], np.cumsum(np.log(up))))
    weights = np.exp(logs - logs.max())
    return float(weights[: k - first + 1].sum() / weights.sum())


def greatest(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The greatest integer in [low, high] that `holds`; low does, and it turns false at most once."""
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _checked(x: ArrayLike) -> Floats:
    values = np.asarray(x, dtype=np.float64)
    if values.ndim != 1 or not bool(((values >= 0) & (values <= 1)).all()):
        raise UsageError("the values must be one row of numbers in [0, 1], without NaN.")
    return values


def _lower_mean(x: Floats, alpha: float, tuned: float) -> float:
    """The lower bound at alpha / 2: no mean below it survives the bets, which are made for `tuned`.

    In a block of candidates the bets are fixed and the wealth falls as the candidate grows. So a block falls
    whole if its right end does, and the first block that stands holds the bound; it is cut into 16, nine times.
    """
    values, counts = np.unique(x, return_counts=True)
    weights = counts.astype(np.float64)
    target = math.log(2 / alpha)
    bets, shares = _bets(x.size, tuned)

    def stands(block: int) -> bool:
        row = slice(block, block + 1)
        return bool(_wealth(ENDS[row], bets[row], shares[row], values, weights)[0] < target)

    block = next(filter(stands, range(ENDS.size)))  # the last stands: no value lies above a mean of 1
    low, high, row = (float(ENDS[block - 1]) if block else 0.0), float(ENDS[block]), slice(block, block + 1)
    for _ in range(9):
        grid = np.linspace(low, high, 17)
        fallen = int((_wealth(grid[1:-1], bets[row], shares[row], values, weights) >= target).sum())
        low, high = float(grid[fallen]), float(grid[fallen + 1])
    return low


def _wealth(m: Floats, bets: Floats, shares: Floats, values: Floats, counts: Floats) -> Floats:
    """Log of the averaged wealth against each candidate mean.

    Shapes: m (b,), bets and log shares (b, c) or (1, c), values and counts (v,); the answer (b,).
    """
    with np.errstate(divide="ignore"):
        gains = np.log1p(bets[:, :, None] * (values / m[:, None] - 1)[:, None, :])
    wealth: Floats = np.logaddexp.reduce(gains @ counts + shares, axis=1)
    return wealth


@lru_cache(maxsize=64)
def _bets(n: int, alpha: float) -> tuple[Floats, Floats]:
    """The bets and the logs of their shares, one row for each block; unused places have no share.

    The smallest bet is the best one against values of the greatest variance that the mean allows, m (1 - m);
    from there the bets grow to 1. The j-th smallest has a share in proportion to 1 / sqrt(j).
    """
    ends = ENDS[:-1]
    smallest = np.sqrt(2 * (math.log(2 / alpha) + SLACK) * ends / (n * (1 - ends))).clip(max=1.0)
    rows = [_ladder(c) for c in (*smallest.tolist(), 1.0)]
    width = max(len(row) for row in rows)
    bets, shares = np.zeros((len(rows), width)), np.full((len(rows), width), -np.inf)
    for i, row in enumerate(rows):
        share = 1 / np.sqrt(np.arange(1, len(row) + 1))
        bets[i, : len(row)] = row
        shares[i, : len(row)] = np.log(share / share.sum())
    return bets, shares


def _ladder(smallest: float) -> Floats:
    """Bets from the smallest to 1, evenly spaced in their logs."""
    steps = math.ceil(math.log(1 / smallest) / math.log(RATIO) - 1e-9)
    return np.geomspace(smallest, 1.0, steps + 1) if steps else np.ones(1)
