"""Contrasts of several arms that saw the same requests, interactions, and training seeds as units.

A contrast is a weighted sum of arm means, taken request by request. A gap is (+1, -1); a difference of two gaps,
an interaction, is (+1, -1, -1, +1). The same interval and the same test serve all of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allegiance.errors import Refusal, UsageError
from allegiance.stats.clusters import checked_labels
from allegiance.stats.gaps import arm_means, difference_interval, sign_flip
from allegiance.stats.intervals import Floats, Interval, check_alpha

SPLIT = {3: 0.970, 4: 0.851, 5: 0.742, 6: 0.660, 7: 0.598, 8: 0.551, 9: 0.514, 10: 0.484}
"""Seeds -> share of their range that the widest step between neighbours passes in 1 of 20 normal samples."""


class Values(NamedTuple):
    """What a contrast is on each request that was seen in all of its arms.

    Attributes:
        request: The requests, sorted; shape (m,).
        value: The contrast of the means of decided labels; NaN where an arm has none; shape (m,).
        low, high: The least and the greatest that it can be, whatever the labels that are not decided; shape (m,).
        reach: Least and greatest value that any labels could give; (-1, 1) for a gap, (-2, 2) for an interaction.
        dropped: Requests that were not seen in all arms, left out.
        unknown: Labels of the requests kept that are not decided.
    """

    request: NDArray[np.generic]
    value: Floats
    low: Floats
    high: Floats
    reach: Interval
    dropped: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Contrast:
    """A contrast over a population of requests.

    Attributes:
        value: Mean over requests with decided labels in all arms.
        low, high: The interval, within `reach`; labels that are not decided count at their worst for each bound.
        reach: Least and greatest value that the contrast could have.
        requests: Requests seen in all arms; the interval is about all of them.
        dropped: Requests not seen in all arms, left out of everything else here.
        unknown: Labels of the requests kept that are not decided.
        p_value: Of the two-sided sign-flip test, on decided labels only.
        method: Name of the method that made the interval.
    """

    value: float
    low: float
    high: float
    reach: Interval
    requests: int
    dropped: int
    unknown: int
    p_value: float
    method: str


@dataclass(frozen=True, slots=True)
class SeedUnits:
    """A number for each training seed, and what it says of seeds in general.

    Attributes:
        value: Mean over seeds.
        low, high: The interval for the mean that holds for any distribution on [-1, 1]; nearly all of it for few
            seeds, and that is the truth of it.
        t_low, t_high: The t interval with n - 1 degrees of freedom, cut off at ±1; secondary: it holds for normal
            values. None if all values are the same.
        least, greatest: Of the values.
        median_confidence: Confidence with which the median seed lies between `least` and `greatest`, 1 - 2^(1 - n).
        seeds: Number of seeds.
        split: Whether the values fall into two groups, as runs do that went two ways; None if it cannot be told.
    """

    value: float
    low: float
    high: float
    t_low: float | None
    t_high: float | None
    least: float
    greatest: float
    median_confidence: float
    seeds: int
    split: bool | None


def contrast_values(request: ArrayLike, arm: ArrayLike, y: ArrayLike, weights: Mapping[int, float]) -> Values:
    """The contrast on each request that was seen in all of its arms.

    Args:
        request: Which request each sample answers; shape (n,).
        arm: Which arm it belongs to, as integer codes; shape (n,). Arms without a weight are left out.
        y: 1 or 0, or a severity between them; NaN where the label is not decided; shape (n,).
        weights: Arm -> its weight, not zero; the weights add to zero.

    Raises:
        Refusal: No request was seen in all arms.
        UsageError: The shapes differ, a label is outside of [0, 1], or the weights are not those of a contrast.
    """
    names, arms, labels = np.asarray(request), np.asarray(arm), checked_labels(y)
    if names.ndim != 1 or not names.shape == arms.shape == labels.shape:
        raise UsageError("`request`, `arm` and `y` must be rows of the same length.")
    total = math.fsum(weights.values())
    if len(weights) < 2 or abs(total) > 1e-9 or not all(math.isfinite(w) and w for w in weights.values()):
        raise UsageError("a contrast needs two or more weights, none of them zero, that add to zero.")
    used = np.isin(arms, list(weights))
    units, codes = np.unique(names[used], return_inverse=True)
    parts = [arm_means(codes[arms[used] == a], labels[used][arms[used] == a], units.size) for a in weights]
    items, decided, mean, low, high = (np.array(part) for part in zip(*parts, strict=True))
    kept = (items > 0).all(axis=0)
    if not bool(kept.any()):
        raise Refusal("no request was seen in all arms.", next="Run the same requests in all arms.")
    w = np.array(list(weights.values()))[:, None]
    least, most = np.where(w > 0, w * low, w * high).sum(axis=0), np.where(w > 0, w * high, w * low).sum(axis=0)
    reach = Interval(float(w[w < 0].sum()), float(w[w > 0].sum()))
    unknown = int((items - decided)[:, kept].sum())
    value = (w * mean).sum(axis=0)
    return Values(units[kept], value[kept], least[kept], most[kept], reach, int((~kept).sum()), unknown)


def contrast(
    request: ArrayLike,
    arm: ArrayLike,
    y: ArrayLike,
    weights: Mapping[int, float],
    *,
    alpha: float = 0.05,
    method: str = "betting",
) -> Contrast:
    """A weighted sum of arm means over a population of requests, with its interval and test.

    The interval is that of `paired_gap`, for the contrast brought to [-1, 1] and back.

    Args:
        request, arm, y, weights: As for `contrast_values`.
        alpha: One minus the confidence, in (0, 1).
        method: ``betting``, ``paired-t`` or ``bootstrap-t``; see `paired_gap`.

    Raises:
        Refusal: No request was seen in all arms; none has decided labels in all; or the method does not hold here.
        UsageError, UnknownName: As for `contrast_values` and `paired_gap`.
    """
    values = contrast_values(request, arm, y, weights)
    known = values.value[np.isfinite(values.value)]
    if known.size == 0:
        raise Refusal("no request has a decided label in all arms.", next="Label at least one sample of each arm.")
    span, value = contrast_interval(values, alpha, method), float(known.mean())
    return Contrast(
        value=value,
        low=min(span.low, value),
        high=max(span.high, value),
        reach=values.reach,
        requests=values.request.size,
        dropped=values.dropped,
        unknown=values.unknown,
        p_value=sign_flip(known),
        method=method,
    )


def contrast_interval(values: Values, alpha: float, method: str = "betting") -> Interval:
    """Where the mean of a contrast lies; see `contrast`."""
    check_alpha(alpha)
    scale = values.reach.high
    low, high = (np.clip(part / scale, -1, 1) for part in (values.low, values.high))
    span = difference_interval(low, high, alpha, method)
    return Interval(scale * span.low, scale * span.high)


def interaction(
    request: ArrayLike,
    row: ArrayLike,
    column: ArrayLike,
    y: ArrayLike,
    *,
    alpha: float = 0.05,
    method: str = "betting",
) -> Contrast:
    """How much larger the gap between columns is in the first row than in the second, request by request.

    Args:
        request: Which request each sample answers; shape (n,).
        row: True where the sample belongs to the first level of one factor; shape (n,).
        column: True where it belongs to the first level of the other; shape (n,).
        y, alpha, method: As for `contrast`.

    Returns:
        The contrast (+1, -1, -1, +1), in [-2, 2].

    Raises:
        As `contrast` does.
    """
    first, other = np.asarray(row, dtype=np.bool_), np.asarray(column, dtype=np.bool_)
    if first.shape != other.shape:
        raise UsageError("`row` and `column` must be of the same length.")
    arm = 2 * first.astype(np.int64) + other
    return contrast(request, arm, y, {3: 1.0, 2: -1.0, 1: -1.0, 0: 1.0}, alpha=alpha, method=method)


def seed_units(values: ArrayLike, alpha: float = 0.05) -> SeedUnits:
    """What a few training seeds say of training in general: the seed is the unit, not its requests.

    However many requests each trained model answered, three seeds are three draws of a training run. `low` and
    `high` assume nothing of the values but their range. The t interval assumes normal values; where runs go two
    ways it misses far more often than it says: with three seeds of which each goes far with a chance of one in
        five, a 95 % interval held in 49.5 % of 1,000 repetitions (benchmarks/stress_gaps.py).

    `split` asks whether the widest step between neighbouring values takes up more of their range than it does in 1
    of 20 normal samples of that size, whatever their scale (`SPLIT`). With three seeds that is Dixon's test. It
    misses many split populations and cannot tell a split from an outlier: a reason to look, no test of record.

    Args:
        values: One number for each seed, such as a gap, in [-1, 1]; shape (n,), n >= 2.
        alpha: One minus the confidence, in (0, 1).

    Raises:
        Refusal: There are fewer than two seeds.
        UsageError: A value is outside of [-1, 1], or alpha is not in (0, 1).

    Source: the widest step as in Dixon, Ann. Math. Statist. 22 (1951); the median by signs: Thompson, ibid. 7
    (1936).
    """
    check_alpha(alpha)
    x = np.sort(np.asarray(values, dtype=np.float64))
    if x.ndim != 1 or not bool((np.abs(x) <= 1).all()):
        raise UsageError("the values must be one row of numbers in [-1, 1].")
    if x.size < 2:
        raise Refusal("one training seed says nothing of others.", next="Train with three seeds or more.")
    span, t = difference_interval(x, x, alpha), _t_interval(x, alpha)
    return SeedUnits(
        value=float(x.mean()),
        low=span.low,
        high=span.high,
        t_low=t.low if t else None,
        t_high=t.high if t else None,
        least=float(x[0]),
        greatest=float(x[-1]),
        median_confidence=1 - 2.0 ** (1 - x.size),
        seeds=x.size,
        split=_split(x),
    )


def _t_interval(x: Floats, alpha: float) -> Interval | None:
    from scipy.special import stdtrit  # noqa: PLC0415 - scipy is slow to import

    error = float(x.std(ddof=1)) / math.sqrt(x.size)
    if error < 1e-12:
        return None
    half, mean = float(stdtrit(x.size - 1, 1 - alpha / 2)) * error, float(x.mean())
    return Interval(max(-1.0, mean - half), min(1.0, mean + half))


def _split(x: Floats) -> bool | None:
    """Whether the widest step between sorted values is too wide; None if the table has no such size."""
    width = float(x[-1] - x[0])
    if x.size not in SPLIT or width < 1e-12:
        return None if x.size not in SPLIT else False
    return float(np.diff(x).max()) / width > SPLIT[x.size]
