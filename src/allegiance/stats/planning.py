"""How much to collect: labels for a rate or for "at most", and the spread of a gap. Plans, not evidence."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from allegiance.errors import UsageError
from allegiance.stats.intervals import check_alpha, hypergeometric


def floor_labels(p0: float, alpha: float, population: int) -> int:
    """The fewest labels with which any design can claim "at most p0" when all of them are negative.

    With fewer, some placement of floor(population p0) + 1 positives would be missed with a probability above
    alpha, however good the rater that chose what to label. A uniform draw reaches this number.

    Args:
        p0: The share to be excluded, in [0, 1); read as the decimal that was written.
        alpha: Error rate of the one-sided claim, in (0, 1).
        population: Items in the population.

    Returns:
        The least n with C(N - M, n) / C(N, n) <= alpha, M = floor(N p0) + 1.

    Raises:
        UsageError: A number is out of its range.
    """
    check_alpha(alpha)
    if not (0 <= p0 < 1 and population > 0):
        raise UsageError(f"p0 must lie in [0, 1) and the population be positive, not {p0} and {population}.")
    positives = math.floor(Fraction(str(p0)) * population) + 1
    low, high = 0, population - positives + 1
    while low < high:
        middle = (low + high) // 2
        if _log_missed(positives, middle, population) <= math.log(alpha) + 1e-12:
            high = middle
        else:
            low = middle + 1
    return low


def rate_labels(half_width: float, rate_guess: float, alpha: float, population: int) -> int:
    """The fewest labels with which the exact interval of a uniform draw is expected to be this narrow.

    Expected means: at the count that the guessed rate predicts, rounded toward one half. The interval of the
    sample that is then drawn may be wider or narrower.

    Args:
        half_width: Half the width wanted, in (0, 1].
        rate_guess: The rate expected, in [0, 1].
        alpha: One minus the confidence, in (0, 1).
        population: Items in the population.

    Raises:
        UsageError: A number is out of its range.
    """
    check_alpha(alpha)
    if not (half_width > 0 and 0 <= rate_guess <= 1 and population > 0):
        raise UsageError("needed: half_width > 0, rate_guess in [0, 1], population > 0.")
    rate = min(Fraction(str(rate_guess)), 1 - Fraction(str(rate_guess)))

    def wide(count: int, n: int) -> bool:
        span = hypergeometric(count, n, population, alpha)
        return span.high - span.low > 2 * half_width

    def last(count: int) -> int:
        """The most labels for which this count is the one predicted."""
        return min(population, math.floor(count / rate)) if rate else population

    low, high = 0, math.ceil(population * rate)
    while low < high:
        count = (low + high) // 2
        low, high = (count + 1, high) if wide(count, last(count)) else (low, count)
    first, final = last(low - 1) + 1 if low else 0, last(low)
    while first < final:
        n = (first + final) // 2
        first, final = (n + 1, final) if wide(low, n) else (first, n)
    return first


def gap_sd(requests: int, samples: int, *, spread: float, within: float) -> float:
    """The standard deviation of a paired gap: sqrt((spread^2 + within / samples) / requests).

    More requests help more than more samples of each: only `within` shrinks with the samples.

    Args:
        requests: Requests seen in both arms.
        samples: Samples of each request in each arm.
        spread: Standard deviation, over requests, of the true gap of a request; in [0, 1].
        within: Sum over the two arms of the mean, over requests, of p (1 - p); see `within_variance`.

    Raises:
        UsageError: A number is out of its range.
    """
    if requests < 1 or samples < 1 or spread < 0 or not 0 <= within <= 0.5:
        raise UsageError("needed: requests and samples of at least 1, spread >= 0, within in [0, 0.5].")
    return math.sqrt((spread**2 + within / samples) / requests)


def within_variance(rate_first: float, rate_second: float, *, between: float = 0.0) -> float:
    """The variance of one sample about the rate of its request, summed over the two arms.

    Args:
        rate_first, rate_second: The overall rates of the arms, in [0, 1].
        between: Standard deviation, over requests, of the rate of a request, in each arm; 0 is the cautious
            choice.

    Returns:
        In [0, 0.5]; the mean of p (1 - p) is P (1 - P) less the variance of p.
    """
    return sum(max(0.0, p * (1 - p) - between**2) for p in (rate_first, rate_second))


def gap_requests(
    gap: float, *, samples: int, spread: float, within: float, alpha: float = 0.05, power: float = 0.8
) -> int:
    """The requests with which a paired test finds a gap of this size with this power, approximately.

    Takes the mean difference as normal, as plans do: at alpha 0.05 and power 0.8 the gap found is 2.8 standard
    deviations. It is for the sign-flip test and the t interval; the betting interval needs about twice as many
    requests to leave zero out. `power.gap_power` works it out for a design.

    Args:
        gap: The least gap worth finding, in [-1, 1], not zero.
        samples: Samples of each request in each arm.
        spread, within: As for `gap_sd`.
        alpha: Two-sided error rate, in (0, 1).
        power: Chance of finding it, in (0, 1).

    Raises:
        UsageError: A number is out of its range.
    """
    from scipy.special import ndtri  # noqa: PLC0415 - scipy is slow to import

    check_alpha(alpha)
    if not (0 < abs(gap) <= 1 and 0 < power < 1):
        raise UsageError(f"the gap must lie in [-1, 1] and not be zero, the power in (0, 1): {gap}, {power}.")
    deviations = float(ndtri(1 - alpha / 2) + ndtri(power))
    one = gap_sd(1, samples, spread=spread, within=within)
    return max(2, math.ceil((deviations * one / gap) ** 2))


def _log_missed(positives: int, n: int, population: int) -> float:
    """Log of C(N - M, n) / C(N, n), the chance that a uniform draw of n misses all M positives."""
    few, many = sorted((positives, n))
    steps = np.arange(few, dtype=np.float64)
    return float(np.log((population - many - steps) / (population - steps)).sum())
