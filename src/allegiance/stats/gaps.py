"""The gap between two arms that saw the same requests, and the rate of one arm. The unit is the request.

Repeated samples of one request are nested in it: they make its mean more precise, they are no further
requests. The interval is about the population that the requests were drawn from, so the requests must be
independent of each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allegiance.errors import Refusal, UnknownName, UsageError
from allegiance.stats.clusters import bootstrap_t, checked_labels
from allegiance.stats.intervals import Floats, Interval, bounded_mean, check_alpha

METHODS = ("betting", "paired-t", "bootstrap-t")
EXACT_UP_TO = 16
"""Nonzero differences up to which `sign_flip` counts all flips."""
T_REQUESTS = 50
"""Least number of requests for `paired-t`."""
T_CARRIERS = 20.0
"""Least effective number of requests that carry the variance, (sum of squares)^2 / sum of fourth powers."""
T_SQUARES = 4.0
"""Least sum of squared deviations for `paired-t`."""
T_ADDED = 2.0
"""Added to the sum of squares, as if two more requests had each missed the mean by one."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap between two arms, first minus second.

    Attributes:
        value: Mean over requests of the difference of the two arm means, decided labels only; in [-1, 1].
        low, high: The interval, in [-1, 1]; labels that are not decided count at their worst for each bound.
        rate_first, rate_second: Mean over the same requests of each arm's mean; their difference is `value`.
        requests: Requests seen in both arms; the interval is about all of them.
        dropped: Requests seen in one arm only, left out of everything else here.
        samples_first, samples_second: Decided labels of the paired requests.
        unknown_first, unknown_second: Labels of the paired requests that are not decided.
        p_value: Of the two-sided sign-flip test that the differences are symmetric about zero.
        method: Name of the method that made the interval.
    """

    value: float
    low: float
    high: float
    rate_first: float
    rate_second: float
    requests: int
    dropped: int
    samples_first: int
    samples_second: int
    unknown_first: int
    unknown_second: int
    p_value: float
    method: str


class RequestRate(NamedTuple):
    """The rate of one arm, each request counting once.

    Attributes:
        value: Mean over requests of the share among decided labels; in [0, 1].
        low, high: The interval; labels that are not decided count at their worst for each bound.
        requests: Requests; the interval is about all of them.
        samples: Decided labels.
        unknown: Labels that are not decided.
    """

    value: float
    low: float
    high: float
    requests: int
    samples: int
    unknown: int


class ArmMeans(NamedTuple):
    """One arm, request by request.

    Attributes:
        items, decided: Labels, and those of them that are decided.
        mean: Of the decided labels; NaN if there are none.
        low, high: The least and the greatest mean that the labels could have; NaN if there are none.
    """

    items: Floats
    decided: Floats
    mean: Floats
    low: Floats
    high: Floats

    def only(self, keep: NDArray[np.bool_]) -> ArmMeans:
        """The same for some of the requests."""
        return ArmMeans(*(part[keep] for part in self))


def paired_gap(
    request: ArrayLike, first: ArrayLike, y: ArrayLike, *, alpha: float = 0.05, method: str = "betting"
) -> Gap:
    """How much higher the rate is in the first arm than in the second, over a population of requests.

    Each request that was seen in both arms gives one difference, of its mean in the first arm and its mean in
    the second. Requests without a decided label in one of the arms drop out of the point estimate but stay in
    the interval, at their worst.

    Methods: ``betting`` is `bounded_mean` of (difference + 1) / 2, valid at every number of requests.
    ``paired-t`` is the t interval with m - 1 degrees of freedom, narrower, valid in the limit of many
    requests, and refused where simulation shows that it may not hold (docs/statistics.md). ``bootstrap-t`` is
    a second line for fewer requests; see `bootstrap_t` for what it lacks.

    Args:
        request: Which request each sample answers, as integer codes; shape (n,).
        first: True where the sample belongs to the first arm; shape (n,).
        y: 1 or 0, or a severity between them; NaN where the label is not decided; shape (n,).
        alpha: One minus the confidence, in (0, 1).
        method: ``betting``, ``paired-t`` or ``bootstrap-t``.

    Raises:
        Refusal: No request was seen in both arms; none has decided labels in both; or the conditions of
            the method do not hold.
        UsageError: The shapes differ, a label is outside of [0, 1], or alpha is not in (0, 1).
        UnknownName: There is no such method.

    Source: the unit and the pairing as in Miller, "Adding error bars to evals", 2411.00640 (2024), sections
    2-4; the interval as in `bounded_mean`.
    """
    check_alpha(alpha)
    if method not in METHODS:
        raise UnknownName("method", method, METHODS)
    a, b, dropped = _pairs(request, first, y)
    both = (a.decided > 0) & (b.decided > 0)
    if not bool(both.any()):
        raise Refusal("no request has a decided label in both arms.", next="Label at least one sample of each arm.")
    d = a.mean[both] - b.mean[both]
    span = difference_interval(a.low - b.high, a.high - b.low, alpha, method)
    value = float(d.mean())
    return Gap(
        value=value,
        low=min(span.low, value),
        high=max(span.high, value),
        rate_first=float(a.mean[both].mean()),
        rate_second=float(b.mean[both].mean()),
        requests=a.items.size,
        dropped=dropped,
        samples_first=int(a.decided.sum()),
        samples_second=int(b.decided.sum()),
        unknown_first=int((a.items - a.decided).sum()),
        unknown_second=int((b.items - b.decided).sum()),
        p_value=sign_flip(d),
        method=method,
    )


def difference_interval(low: Floats, high: Floats, alpha: float, method: str = "betting") -> Interval:
    """Where the mean of independent differences in [-1, 1] lies.

    Args:
        low, high: The least and the greatest that each difference can be; shape (m,) each.
        alpha: One minus the confidence, in (0, 1).
        method: ``betting``, ``paired-t`` or ``bootstrap-t``; see `paired_gap`.

    Raises:
        Refusal: The conditions of the method do not hold.
        UsageError: A difference is outside of [-1, 1], or the bounds do not fit each other.
        UnknownName: There is no such method.
    """
    if method not in METHODS:
        raise UnknownName("method", method, METHODS)
    if method == "betting":
        half = bounded_mean((low + 1) / 2, alpha, high=(high + 1) / 2)
        return Interval(2 * half.low - 1, 2 * half.high - 1)
    if method == "bootstrap-t":
        span = bootstrap_t(low, high, alpha)
        return Interval(max(-1.0, span.low), min(1.0, span.high))
    return Interval(max(-1.0, _t_bound(low, alpha, -1)), min(1.0, _t_bound(high, alpha, +1)))


def request_rate(request: ArrayLike, y: ArrayLike, alpha: float = 0.05) -> RequestRate:
    """How often, over a population of requests, each request counting once however often it was sampled.

    The interval is `bounded_mean` of the per-request means. Requests without a decided label drop out of the
    point estimate but stay in the interval, as 0 for the lower bound and as 1 for the upper.

    Args:
        request: Which request each sample answers, as integer codes; shape (n,).
        y: 1 or 0, or a severity between them; NaN where the label is not decided; shape (n,).
        alpha: One minus the confidence, in (0, 1).

    Raises:
        Refusal: There is no decided label.
        UsageError: The shapes differ, a label is outside of [0, 1], or alpha is not in (0, 1).
    """
    check_alpha(alpha)
    codes, labels = _codes_and_labels(request, y)
    arm = arm_means(codes, labels, int(codes.max()) + 1 if codes.size else 0)
    known = arm.decided > 0
    if not bool(known.any()):
        raise Refusal("there is no decided label.", next="Label at least one sample.")
    value = float(arm.mean[known].mean())
    span = bounded_mean(arm.low, alpha, high=arm.high)
    unknown = int((arm.items - arm.decided).sum())
    return RequestRate(value, span.low, span.high, arm.items.size, int(arm.decided.sum()), unknown)


def sign_flip(d: ArrayLike, *, draws: int = 9_999, seed: int = 0) -> float:
    """How often the mean difference would be as far from zero, were either sign of each as likely.

    Exact, by all flips, with up to 16 nonzero differences. Beyond that by `draws` flips from the raw stream of
    a PCG64 generator, which is the same on every machine, plus one for the data. Ties count as extreme. The
    order of the differences does not matter.

    Args:
        d: Differences, one per request; shape (m,).
        draws: Flips drawn where not all are counted.
        seed: Of the generator.

    Returns:
        The two-sided p-value, in (0, 1]; 1 if no difference is nonzero.

    Raises:
        UsageError: A difference is not finite.

    Source: Fisher, The Design of Experiments (1935), section 21; +1: Phipson and Smyth, SAGMB 9 (2010).
    """
    values = np.asarray(d, dtype=np.float64)
    if values.ndim != 1 or not bool(np.isfinite(values).all()):
        raise UsageError("the differences must be one row of finite numbers.")
    sizes = np.sort(np.abs(values[values != 0]))
    bar = abs(float(values.sum())) - 1e-9 * float(sizes.sum())
    if sizes.size <= EXACT_UP_TO:
        sums = np.zeros(1)
        for size in sizes:
            sums = np.concatenate((sums + size, sums - size))
        return float((np.abs(sums) >= bar).mean())
    return (1 + _extreme_flips(sizes, bar, draws, seed)) / (draws + 1)


def flips(size: int, draws: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """`draws` random choices of one of two signs for each of `size` requests, in blocks of shape (rows, size).

    From the raw stream of a PCG64 generator, so they are the same on every machine; 1 is plus, 0 is minus.
    """
    source, words = np.random.PCG64(seed), max(1, -(-size // 64))
    rows = max(1, 2**21 // (64 * words))
    for start in range(0, draws, rows):
        count = min(rows, draws - start)
        raw = np.asarray(source.random_raw(count * words), dtype="<u8").view(np.uint8).reshape(count, -1)
        yield np.unpackbits(raw, axis=1, count=size, bitorder="little")


def _extreme_flips(sizes: Floats, bar: float, draws: int, seed: int) -> int:
    """How many of `draws` random choices of signs give a sum at least `bar` from zero."""
    total = float(sizes.sum())
    return sum(int((np.abs(2 * (plus @ sizes) - total) >= bar).sum()) for plus in flips(sizes.size, draws, seed))


def _pairs(request: ArrayLike, first: ArrayLike, y: ArrayLike) -> tuple[ArmMeans, ArmMeans, int]:
    """Both arms of the requests that were seen in both, and how many were seen in one only."""
    codes, labels = _codes_and_labels(request, y)
    side = np.asarray(first, dtype=np.bool_)
    if side.shape != codes.shape:
        raise UsageError("`first` must have one entry for each label.")
    size = int(codes.max()) + 1 if codes.size else 0
    a, b = arm_means(codes[side], labels[side], size), arm_means(codes[~side], labels[~side], size)
    paired = (a.items > 0) & (b.items > 0)
    if not bool(paired.any()):
        raise Refusal("no request was seen in both arms.", next="Run the same requests in both arms.")
    return a.only(paired), b.only(paired), size - int(paired.sum())


def _codes_and_labels(request: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.intp], Floats]:
    """Requests renumbered from 0 without holes, and checked labels."""
    names, labels = np.asarray(request), checked_labels(y)
    if names.ndim != 1 or names.shape != labels.shape:
        raise UsageError("`request` and `y` must be rows of the same length.")
    codes: NDArray[np.intp] = np.unique(names, return_inverse=True)[1].astype(np.intp)
    return codes, labels


def arm_means(codes: NDArray[np.intp], labels: Floats, size: int) -> ArmMeans:
    """What one arm says of each of `size` requests, from the requests and the labels of its samples."""
    known = ~np.isnan(labels)
    items = np.bincount(codes, minlength=size).astype(np.float64)
    decided = np.bincount(codes[known], minlength=size).astype(np.float64)
    total = np.bincount(codes[known], labels[known], minlength=size)
    with np.errstate(invalid="ignore"):
        return ArmMeans(items, decided, total / decided, total / items, (total + items - decided) / items)


def _t_bound(d: Floats, alpha: float, sign: int) -> float:
    """One bound of the t interval at alpha / 2, its sum of squares enlarged by `T_ADDED`.

    Refused where few requests carry the variance, or where the sum of squares is so small that requests too rare
    to have been seen could move the mean by more than the half-width: with none among m, the share of such
    requests can be 3.7 / m.
    """
    spread = (d - d.mean()) ** 2
    squares = float(spread.sum())
    carriers = squares**2 / float((spread**2).sum()) if squares > 0 else 0.0
    if d.size < T_REQUESTS or carriers < T_CARRIERS or squares < T_SQUARES:
        raise Refusal(
            f"the paired t interval is not known to hold here: {d.size} requests (needs {T_REQUESTS}), of which "
            f"effectively {carriers:.1f} carry the variance (needs {T_CARRIERS:g}), with a sum of squares of "
            f"{squares:.2f} (needs {T_SQUARES:g}).",
            next="Use the method 'betting', which holds at any number of requests, or add requests.",
        )
    from scipy.special import stdtrit  # noqa: PLC0415 - scipy is slow to import

    error = math.sqrt((squares + T_ADDED) / (d.size - 1) / d.size)
    return float(d.mean()) + sign * float(stdtrit(d.size - 1, 1 - alpha / 2)) * error
