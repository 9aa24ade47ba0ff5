"""Secondary intervals for a mean over requests, and exact bounds on the requests that show any event.

`bootstrap_t` and `logit_t` are narrower than `bounded_mean` and lean on the requests that were seen; they are for
a second line beside it, never in its place. `event_bound` and `sign_test` count requests, so they are exact also
where there is next to nothing to count.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allegiance.errors import Refusal, UsageError
from allegiance.stats.intervals import Floats, Interval, check_alpha

DRAWS = 1_999
"""Resamples of `bootstrap_t`; with one more, both quantiles at alpha 0.05 are whole ranks."""
EVENTFUL = 5
"""Least number of requests with any event, and with anything but events, for `logit_t`."""
CARRIERS = 8.0
"""Least effective number of requests that carry the variance for `bootstrap_t`."""


class EventBound(NamedTuple):
    """In how many requests an event was seen at all, and in what share of requests like these it would be.

    Attributes:
        requests: Requests.
        eventful: Requests with at least one sample that is decided and not 0.
        possible: Requests that have one, or have a sample that is not decided.
        low, high: Exact interval of the share of requests that would show one in as many samples; in [0, 1].
    """

    requests: int
    eventful: int
    possible: int
    low: float
    high: float


class SignTest(NamedTuple):
    """Which way the requests lean.

    Attributes:
        up, down: Requests with a difference above and below zero.
        p_value: Exact two-sided p-value of both being as likely; 1 if there are none.
    """

    up: int
    down: int
    p_value: float


def sign_test(d: ArrayLike) -> SignTest:
    """Whether more requests go up than down, whatever the sizes of the differences.

    The exact test of McNemar, with the request as the pair: given the requests that differ, the number that goes
    up is binomial with one half. It is the p-value to give where one arm shows no event at all. It leaves the
    sizes out, so it does not test the mean difference where the sizes lean one way and the counts another.

    Args:
        d: Differences, one per request, shape (m,); zeros do not count.

    Raises:
        UsageError: A difference is not finite.

    Source: McNemar, Psychometrika 12 (1947); exact form: Dixon and Mood, JASA 41 (1946).
    """
    values = np.asarray(d, dtype=np.float64)
    if values.ndim != 1 or not bool(np.isfinite(values).all()):
        raise UsageError("the differences must be one row of finite numbers.")
    from scipy.stats import binomtest  # noqa: PLC0415 - scipy is slow to import

    up, down = int((values > 0).sum()), int((values < 0).sum())
    return SignTest(up, down, float(binomtest(up, up + down).pvalue) if up + down else 1.0)


def event_bound(request: ArrayLike, y: ArrayLike, alpha: float = 0.05) -> EventBound:
    """In what share of a population of requests an event would be seen at all, in as many samples as here.

    Exact and equal-tailed, so never zero wide: with no event in m requests the upper bound is
    1 - (alpha / 2)^(1 / m). A request's rate is never above its chance of any event, so `high` also bounds the
    rate of the arm. A label that is not decided counts as none for the lower bound and as one for the upper. If
    requests have different numbers of samples, the share is the mean of their chances, and the bound still holds.

    Args:
        request: Which request each sample answers; shape (n,).
        y: 1 or 0, or a severity between them; NaN where the label is not decided; shape (n,).
        alpha: One minus the confidence, in (0, 1).

    Raises:
        Refusal: There is no sample.
        UsageError: The shapes differ, a label is outside of [0, 1], or alpha is not in (0, 1).

    Source: Clopper and Pearson, Biometrika 26 (1934); unequal chances: Hoeffding, Ann. Math. Statist. 27 (1956),
    theorem 4.
    """
    check_alpha(alpha)
    names, labels = np.asarray(request), checked_labels(y)
    if names.ndim != 1 or names.shape != labels.shape:
        raise UsageError("`request` and `y` must be rows of the same length.")
    if names.size == 0:
        raise Refusal("there is no sample.", next="Run at least one request.")
    codes = np.unique(names, return_inverse=True)[1]
    size = int(codes.max()) + 1
    seen = int((np.bincount(codes, labels > 0, size) > 0).sum())
    possible = int((np.bincount(codes, (labels > 0) | np.isnan(labels), size) > 0).sum())
    return EventBound(size, seen, possible, *_clopper_pearson(seen, possible, size, alpha))


def event_gap(first: EventBound, second: EventBound) -> Interval:
    """Where the gap of two arms lies, from their bounds on requests with any event; exact, and for few events.

    The gap is at most the rate of the first arm, and that at most its share of requests with any event; the same
    from below with the second arm. If each bound is made at alpha, the interval leaves the gap out with a chance
    of at most alpha: alpha / 2 on each side. It is narrower than the betting interval where an arm shows nothing,
    and useless where both show much; name it before the labels are seen.
    """
    return Interval(-second.high, first.high)


def bootstrap_t(low: ArrayLike, high: ArrayLike, alpha: float, *, draws: int = DRAWS, seed: int = 0) -> Interval:
    """Where the mean of independent values lies, by resampling requests and studentising each resample.

    Secondary: refused where effectively fewer than `CARRIERS` requests carry the variance, and it still falls
        short.
    At 95 % it held, in the worst of 138 populations for a gap, in 85.9 % of the repetitions that were not refused
    (20 requests, one sample, rates of 20 and 5 %); for a rate in 87.0 % (100 requests, one sample, a rate of 5 %);
    counting refusals as no miss, in 93.2 and 93.5 % of all (benchmarks/stress_gaps.py, 1,000 repetitions). The
    resamples come from the raw stream of a PCG64 generator, so the same values give the same interval on every
    machine, in any order. A resample without spread lies infinitely far out, on its side.

    Args:
        low, high: The least and the greatest that each value can be; shape (m,) each. The lower bound is taken
            from `low` and the upper from `high`.
        alpha: One minus the confidence, in (0, 1).
        draws: Resamples.
        seed: Of the generator.

    Raises:
        Refusal: Too few values carry the variance, or too many resamples have no spread.
        UsageError: The shapes differ, a value is not finite, or alpha is not in (0, 1).

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 12.5.
    """
    check_alpha(alpha)
    least, most = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    if least.ndim != 1 or least.shape != most.shape or not bool(np.isfinite([least, most]).all()):
        raise UsageError("the values must be two rows of finite numbers of the same length.")
    rank = math.ceil((draws + 1) * (1 - alpha / 2) - 1e-9)
    if rank > draws:
        raise UsageError(f"{draws} resamples are too few for alpha {alpha}.", next=f"Ask for {rank} or more.")
    return Interval(_studentised(least, rank, draws, seed), -_studentised(-most, rank, draws, seed))


def logit_t(means: ArrayLike, alpha: float) -> Interval:
    """Where the mean of per-request rates lies, by a t interval on the scale of log odds.

    Secondary. Refused with fewer than `EVENTFUL` requests with any event, or with anything but events; then use
    `event_bound`. At 95 % it held, in the worst of 120 populations, in 80.6 % of the repetitions that were not
    refused (100 requests, three samples, a rate of 1 %: five events or more are then more than there should be),
    and counting refusals as no miss in 93.7 % of all (benchmarks/stress_gaps.py, 1,000 repetitions).

    Args:
        means: The rate of each request, shape (m,), each in [0, 1].
        alpha: One minus the confidence, in (0, 1).

    Raises:
        Refusal: Too few requests with any event, or no spread; it gives the exact bound on requests with any event.
        UsageError: A rate is outside of [0, 1], or alpha is not in (0, 1).

    Source: Korn and Graubard, Survey Methodology 24 (1998), section 2, with requests as clusters of equal weight.
    """
    check_alpha(alpha)
    x = np.asarray(means, dtype=np.float64)
    if x.ndim != 1 or not bool(((x >= 0) & (x <= 1)).all()):
        raise UsageError("the rates must be one row of numbers in [0, 1], without NaN.")
    m, some, short = x.size, int((x > 0).sum()), int((x < 1).sum())
    spread = float(x.std(ddof=1)) if m > 1 else 0.0
    if min(some, short) < EVENTFUL or spread == 0:
        raise Refusal(_too_few_events(some, short, m, alpha), next="Use `request_rate`, or add requests.")
    from scipy.special import expit, logit, stdtrit  # noqa: PLC0415 - scipy is slow to import

    p = float(x.mean())
    half = float(stdtrit(m - 1, 1 - alpha / 2)) * spread / math.sqrt(m) / (p * (1 - p))
    return Interval(float(expit(logit(p) - half)), float(expit(logit(p) + half)))


def checked_labels(y: ArrayLike) -> Floats:
    """Labels as numbers.

    Raises:
        UsageError: A label is neither in [0, 1] nor NaN.
    """
    labels = np.asarray(y, dtype=np.float64)
    if not bool((np.isnan(labels) | ((labels >= 0) & (labels <= 1))).all()):
        raise UsageError("a label must lie in [0, 1], or be NaN where it is not decided.")
    return labels


def _too_few_events(some: int, short: int, m: int, alpha: float) -> str:
    what = f"{some} of {m} requests show any event and {short} anything else; the logit interval needs {EVENTFUL}"
    if m == 0:
        return what + "."
    high = _clopper_pearson(some, some, m, alpha)[1]
    return what + f" of each. What holds: at most {math.ceil(1000 * high) / 10:g} % of requests show any event."


def _clopper_pearson(least: int, most: int, m: int, alpha: float) -> tuple[float, float]:
    """The exact binomial bounds, the lower one for `least` successes and the upper one for `most`."""
    from scipy.special import betaincinv  # noqa: PLC0415 - scipy is slow to import

    low = float(betaincinv(least, m - least + 1, alpha / 2)) if least else 0.0
    high = float(betaincinv(most + 1, m - most, 1 - alpha / 2)) if most < m else 1.0
    return low, high


def _studentised(x: Floats, rank: int, draws: int, seed: int) -> float:
    """The lower bound: the mean less the `rank`-th of the resampled t values times the standard error."""
    x, m = np.sort(x), x.size
    squares = (x - x.mean()) ** 2 if m else x
    total = float(squares.sum())
    carriers = total**2 / float((squares**2).sum()) if total > 1e-18 else 0.0
    if carriers < CARRIERS:
        raise Refusal(
            f"effectively {carriers:.1f} of {m} requests carry the variance (the bootstrap needs {CARRIERS:g}).",
            next="Use the method 'betting', which holds at any number of requests, or add requests.",
        )
    t = np.concatenate([_t_values(x, rows) for rows in _resamples(m, draws, seed)])
    bar = float(np.partition(t, rank - 1)[rank - 1])
    if not math.isfinite(bar):
        raise Refusal(
            "too many resamples of the requests have no spread, so the bootstrap has no interval.",
            next="Use the method 'betting', which holds at any number of requests, or add requests.",
        )
    return float(x.mean()) - bar * math.sqrt(total / (m - 1) / m)


def _t_values(x: Floats, rows: NDArray[np.intp]) -> Floats:
    """The t value of each resample about the mean of `x`; infinite where a resample has no spread."""
    star, m = x[rows], x.size
    off, spread = star.mean(axis=1) - x.mean(), star.std(axis=1, ddof=1)
    flat = spread < 1e-12
    t: Floats = off * math.sqrt(m) / np.where(flat, 1.0, spread)
    return np.where(flat & (np.abs(off) > 1e-12), np.copysign(np.inf, off), t)


def _resamples(m: int, draws: int, seed: int) -> list[NDArray[np.intp]]:
    """Which of m values each of `draws` resamples takes, in blocks of rows; shapes (rows, m)."""
    source, rows = np.random.PCG64(seed), max(1, 2**21 // m)
    counts = [min(rows, draws - start) for start in range(0, draws, rows)]
    high = (np.asarray(source.random_raw(count * m), dtype=np.uint64) >> np.uint64(32) for count in counts)
    blocks = ((word * np.uint64(m) >> np.uint64(32)).astype(np.intp) for word in high)
    return [block.reshape(-1, m) for block in blocks]
