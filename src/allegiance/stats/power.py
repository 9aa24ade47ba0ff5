"""How likely a design is to find a gap: requests, samples of each, and how alike the samples of a request are.

A request has a rate of its own in each arm. Over requests, the rates of an arm have a beta distribution with the
mean and the correlation of samples that are stated; the two rates of a request are tied by a normal copula. The
differences of requests are then independent, and with k samples each takes one of 2 k + 1 values. So a study is a
count of each value. Counts are drawn (or, with one sample, counted out) and put to the decision that a claim makes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from allegiance.errors import UnknownName, UsageError
from allegiance.stats.gaps import METHODS, T_ADDED, T_CARRIERS, T_REQUESTS, T_SQUARES
from allegiance.stats.intervals import ENDS, Floats, _bets, check_alpha

STUDIES = 4_000
"""Studies that are simulated for each design."""
EXACT_UP_TO = 200
"""Requests up to which a design with one sample is counted out and not simulated."""
MOST_REQUESTS = 100_000
MOST_SAMPLES = 100
LEAST_BOUND = 1e-4
"""The least lower bound that leaves zero out once a claim has rounded it outward to four decimals."""
LEAST_ICC = 1e-6
"""Below this, requests do not differ."""
_PARTS = 800


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is thought to be true.

    Attributes:
        first, second: The rates of the two arms, in [0, 1]; the gap is `first` less `second`, and not zero.
        icc: Correlation of two samples of one request in one arm, in [0, 1): the share of the variance of a label
            that lies between requests. Its root times sqrt(p (1 - p)) is the standard deviation of their rates.
        alike: Correlation of the two arms over requests, on the scale of the normal copula, in [0, 1]: 1 if the
            requests that are high in one arm are high in the other.
    """

    first: float
    second: float
    icc: float = 0.3
    alike: float = 0.5

    def __post_init__(self) -> None:
        rates = 0 <= self.first <= 1 and 0 <= self.second <= 1 and self.first != self.second
        if not (rates and 0 <= self.icc < 1 and 0 <= self.alike <= 1):
            raise UsageError(
                f"no gap can be planned with the rates {self.first:g} and {self.second:g}, icc {self.icc:g} and "
                f"alike {self.alike:g}.",
                next="Needed: two different rates in [0, 1], icc in [0, 1), alike in [0, 1].",
            )


class Power(NamedTuple):
    """How likely a design is to find the gap.

    Attributes:
        requests: Requests seen in both arms.
        samples: Samples of each request in each arm.
        power: Share of studies whose interval leaves zero out on the right side.
        error: Its Monte Carlo standard error; 0 if it was counted out.
    """

    requests: int
    samples: int
    power: float
    error: float

    @property
    def calls(self) -> int:
        """Replies that the design takes, both arms together."""
        return 2 * self.requests * self.samples


def gap_power(
    setting: Setting, requests: int, samples: int, *, alpha: float = 0.05, method: str = "betting"
) -> Power:
    """The power of a design: exact with one sample and up to 200 requests, else from 4,000 simulated studies.

    Found means that the interval a claim would publish leaves zero out on the right side. For ``paired-t`` a study
    in which that interval is refused has not found it.

    Args:
        setting: What is thought to be true.
        requests: Requests seen in both arms.
        samples: Samples of each request in each arm.
        alpha: One minus the confidence of the interval, in (0, 1).
        method: ``betting`` or ``paired-t``; see `gaps.paired_gap`.

    Raises:
        UsageError: A number is out of its range.
        UnknownName: There is no such method.
    """
    check_alpha(alpha)
    if method not in METHODS:
        raise UnknownName("method", method, METHODS)
    if not (1 <= requests <= MOST_REQUESTS and 1 <= samples <= MOST_SAMPLES):
        raise UsageError(f"needed: 1 to {MOST_REQUESTS:,} requests and 1 to {MOST_SAMPLES} samples of each.")
    if samples == 1 and requests <= EXACT_UP_TO:
        return Power(requests, 1, exact_power(setting, requests, alpha=alpha, method=method), 0.0)
    return simulated_power(setting, requests, samples, alpha=alpha, method=method)


def simulated_power(
    setting: Setting, requests: int, samples: int, *, alpha: float = 0.05, method: str = "betting", seed: int = 0
) -> Power:
    """As `gap_power`, always from `STUDIES` simulated studies; the same seed gives the same number."""
    law = difference_law(setting, samples)
    counts = np.random.default_rng(seed).multinomial(requests, law, STUDIES).astype(np.float64)
    share = float(_found(counts, _values(setting, samples), alpha, method).mean())
    return Power(requests, samples, share, math.sqrt(share * (1 - share) / STUDIES))


def exact_power(setting: Setting, requests: int, *, alpha: float = 0.05, method: str = "betting") -> float:
    """As `gap_power`, for one sample of each request: summed over all outcomes of a study.

    The difference of a request is then -1, 0 or 1, and a study is a count of each.
    """
    law = difference_law(setting, 1)
    more, fewer = np.meshgrid(np.arange(requests + 1), np.arange(requests + 1), indexing="ij")
    kept = more + fewer <= requests
    counts = np.stack((fewer[kept], requests - more[kept] - fewer[kept], more[kept]), axis=1).astype(np.float64)
    logs = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, requests + 1)))))
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(counts > 0, counts * np.log(law), 0.0)
    chances = np.exp(logs[requests] - logs[counts.astype(np.intp)].sum(axis=1) + terms.sum(axis=1))
    return float(chances[_found(counts, _values(setting, 1), alpha, method)].sum())


def least_requests(
    setting: Setting, samples: int, *, power: float = 0.8, alpha: float = 0.05, method: str = "betting"
) -> Power | None:
    """The smallest design with these samples that reaches a power; None if it takes more than 100,000 requests.

    To within one per cent of the requests, and the Monte Carlo error of the power.

    Raises:
        UsageError: A number is out of its range.
    """
    if not 0 < power < 1:
        raise UsageError(f"the power must lie between 0 and 1, not {power:g}.")

    def at(requests: int) -> Power:
        return gap_power(setting, requests, samples, alpha=alpha, method=method)

    low, high = 0, at(8)
    while high.power < power:
        if high.requests == MOST_REQUESTS:
            return None
        low, high = high.requests, at(min(MOST_REQUESTS, high.requests * 2))
    while high.requests - low > max(1, high.requests // 100):
        middle = at((low + high.requests) // 2)
        low, high = (low, middle) if middle.power >= power else (middle.requests, high)
    return high


def same_calls(
    setting: Setting, calls: int, samples: Sequence[int], *, alpha: float = 0.05, method: str = "betting"
) -> list[Power]:
    """The power of about the same number of calls, spent as many requests or as many samples of few."""
    sizes = [(max(1, calls // (2 * k)), k) for k in samples]
    return [gap_power(setting, requests, k, alpha=alpha, method=method) for requests, k in sizes]


def icc_of(between: float, first: float, second: float) -> float:
    """The correlation of samples that goes with a standard deviation of the rates of requests.

    Args:
        between: That standard deviation, over requests, in either arm; in [0, 0.5].
        first, second: The rates of the arms; the correlation is that at their mean.

    Raises:
        UsageError: No rates with this mean differ so much.
    """
    mean = (first + second) / 2
    most = mean * (1 - mean)
    if not 0 <= between**2 < most:
        raise UsageError(
            f"rates with a mean of {mean:g} cannot have a standard deviation of {between:g}.",
            next=f"It lies below {math.sqrt(max(0.0, most)):.2f}.",
        )
    return between**2 / most


@lru_cache(maxsize=64)
def difference_law(setting: Setting, samples: int) -> Floats:
    """The chance of each difference of the two counts of one request, from -samples to samples.

    By quadrature over 800 equal parts of the higher arm's rates, and in each the chances of the other's parts.
    """
    if setting.first < setting.second:
        return difference_law(replace(setting, first=setting.second, second=setting.first), samples)[::-1]
    from scipy.special import ndtr, ndtri  # noqa: PLC0415 - scipy is slow to import

    at, edges = ndtri((np.arange(_PARTS) + 0.5) / _PARTS), ndtri(np.arange(_PARTS + 1) / _PARTS)
    rest = max(math.sqrt(1 - setting.alike**2), 1e-9)
    weights = np.diff(ndtr((edges - setting.alike * at[:, None]) / rest), axis=1)
    first = _binomial(_rates(setting.first, setting.icc), samples)
    given = weights @ _binomial(_rates(setting.second, setting.icc), samples)
    joint = first.T @ given / _PARTS
    gaps = np.subtract.outer(np.arange(samples + 1), np.arange(samples + 1)) + samples
    law: Floats = np.zeros(2 * samples + 1)
    np.add.at(law, gaps, joint)
    return law


def _rates(mean: float, icc: float) -> Floats:
    """The mean rate within each of as many equal parts of the beta distribution; their mean is that of all."""
    from scipy.special import betainc, betaincinv  # noqa: PLC0415 - scipy is slow to import

    if icc < LEAST_ICC or mean in {0, 1}:
        return np.full(_PARTS, mean)
    a, b = mean * (1 - icc) / icc, (1 - mean) * (1 - icc) / icc
    share = np.arange(_PARTS + 1) / _PARTS
    below, above = (
        betaincinv(a, b, share),
        betaincinv(b, a, 1 - share),
    )  # their sum is 1, and each is precise near 0
    low = _PARTS * mean * np.diff(betainc(a + 1, b, below))
    high = 1 + _PARTS * (1 - mean) * np.diff(betainc(b + 1, a, above))
    rates: Floats = np.where(below[1:] < 0.5, low, high).clip(0.0, 1.0)
    return rates


def _binomial(rates: Floats, samples: int) -> Floats:
    """The chance of each count for each rate; shape (rates, samples + 1)."""
    k = np.arange(samples + 1)
    ways = np.array([math.comb(samples, int(x)) for x in k], dtype=np.float64)
    chances: Floats = ways * rates[:, None] ** k * (1 - rates[:, None]) ** (samples - k)
    return chances


def _values(setting: Setting, samples: int) -> Floats:
    """The differences in order, turned so that the gap is upward."""
    sign = 1 if setting.first > setting.second else -1
    values: Floats = sign * np.arange(-samples, samples + 1) / samples
    return values


def _found(counts: Floats, values: Floats, alpha: float, method: str) -> NDArray[np.bool_]:
    """Whether the published interval lies above zero, for counts of each value in each study; shape (studies,)."""
    return (_betting_found if method == "betting" else _t_found)(counts, values, alpha)


def _betting_found(counts: Floats, values: Floats, alpha: float) -> NDArray[np.bool_]:
    """As `intervals.bounded_mean` decides: all candidates up to a gap of zero, and a little beyond, fall."""
    x, zero = (values + 1) / 2, int(np.searchsorted(ENDS, 0.5))
    bets, shares = _bets(int(counts[0].sum()), alpha)
    ends = [*ENDS[: zero + 1].tolist(), (LEAST_BOUND + 1) / 2]
    found = np.ones(len(counts), dtype=np.bool_)
    for row, end in enumerate(ends):
        used = np.isfinite(shares[row])
        with np.errstate(divide="ignore"):
            gains = np.log1p(bets[row][used][:, None] * (x / end - 1))
        wealth = counts @ gains.clip(min=-1e30).T + shares[row][used]  # a value never seen has no weight
        found &= np.logaddexp.reduce(wealth, axis=1) >= math.log(2 / alpha)
    return found


def _t_found(counts: Floats, values: Floats, alpha: float) -> NDArray[np.bool_]:
    """As `gaps.difference_interval` decides with ``paired-t``; where that refuses, nothing is found."""
    from scipy.special import stdtrit  # noqa: PLC0415 - scipy is slow to import

    m = float(counts[0].sum())
    mean = counts @ values / m
    spread = (values - mean[:, None]) ** 2
    squares, fourth = (counts * spread).sum(axis=1), (counts * spread**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        carriers = np.where(squares > 0, squares**2 / fourth, 0.0)
        error = np.sqrt((squares + T_ADDED) / (m - 1) / m)
    allowed = (m >= T_REQUESTS) & (carriers >= T_CARRIERS) & (squares >= T_SQUARES)
    found: NDArray[np.bool_] = allowed & (mean - stdtrit(m - 1, 1 - alpha / 2) * error >= LEAST_BOUND)
    return found
