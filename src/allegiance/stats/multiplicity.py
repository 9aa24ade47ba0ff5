"""Several contrasts of one experiment, or several claims of one study: what each may still say.

`family` is for a list of contrasts that was written before the run. `selected_intervals` is for those that were
picked after it. `ledger_alpha` is for claims that come one by one, with no plan.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allegiance.errors import Refusal, UsageError
from allegiance.stats.gaps import EXACT_UP_TO, flips
from allegiance.stats.intervals import Floats, Interval, bounded_mean, check_alpha


@dataclass(frozen=True, slots=True)
class Family:
    """P-values of K contrasts, in the order they were given.

    Attributes:
        p: Each alone: two-sided sign-flip test.
        max_t: Adjusted for the chance of any false rejection, by flipping all contrasts of a request together.
        holm: The same from `p` alone, by Holm.
        q: By Benjamini and Hochberg: of those with q <= alpha, the expected share of false ones is at most alpha.
            For exploring, with q shown.
        requests: Requests of each contrast.
    """

    p: tuple[float, ...]
    max_t: tuple[float, ...]
    holm: tuple[float, ...]
    q: tuple[float, ...]
    requests: tuple[int, ...]


def family(d: ArrayLike, *, draws: int = 9_999, seed: int = 0) -> Family:
    """Tests of K contrasts on the same requests, alone and together.

    Under the null the differences of a request are as likely with all their signs turned. So the signs of whole
    requests are flipped, which keeps what the contrasts share, and the largest statistic of each flip is compared
    with those that were seen, from the largest down. The statistic is |sum| / sqrt(sum of squares), which rises
    with |t|. Exact, by all flips, with up to 16 requests with a nonzero difference; beyond that by `draws`
    flips, plus one for the data. The order of the requests does not matter.

    The chance of any false rejection is at most alpha, whichever nulls are true, if the contrasts whose null is
    true are jointly symmetric about zero; for skewed differences of mean zero it holds in the limit of many
    requests.

    Args:
        d: Differences, shape (m requests, K contrasts), on decided labels; NaN where a request lacks the contrast.
        draws: Flips drawn where not all are counted.
        seed: Of the generator.

    Raises:
        Refusal: A contrast has no request.
        UsageError: `d` is not a table, or holds an infinity.

    Source: Westfall and Young, Resampling-Based Multiple Testing (1993), section 2.6, with sign flips; `holm`;
    `benjamini_hochberg`.
    """
    table = np.asarray(d, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] == 0 or bool(np.isinf(table).any()):
        raise UsageError("the differences must be a table of numbers, requests by contrasts.")
    requests = np.isfinite(table).sum(axis=0)
    if not bool(requests.all()):
        raise Refusal("a contrast has no request.", next="Leave it out of the family, and say so.")
    p, max_t = _flipped(np.nan_to_num(table), draws, seed)
    return Family(p, max_t, holm(p), benjamini_hochberg(p), tuple(int(n) for n in requests))


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p-values: rejecting those at most alpha makes any false rejection with a chance of at most alpha.

    Holds however the tests depend on each other.

    Args:
        p: P-values, each in [0, 1].

    Raises:
        UsageError: One is outside of [0, 1].

    Source: Holm, Scand. J. Statist. 6 (1979).
    """
    values = _checked_p(p)
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1)).clip(max=1.0)
    return _back(steps, order)


def benjamini_hochberg(p: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p-values (q): among those rejected at q <= alpha, the expected share of false ones is at most alpha.

    Holds for independent tests and for those that depend positively on each other.

    Args:
        p: P-values, each in [0, 1].

    Raises:
        UsageError: One is outside of [0, 1].

    Source: Benjamini and Hochberg, JRSS-B 57 (1995); Benjamini and Yekutieli, Ann. Statist. 29 (2001).
    """
    from scipy.stats import false_discovery_control  # noqa: PLC0415 - scipy is slow to import

    values = _checked_p(p)
    return tuple(float(q) for q in false_discovery_control(values)) if values.size else ()


def selected_intervals(
    low: Sequence[ArrayLike], high: Sequence[ArrayLike], selected: Sequence[int], alpha: float = 0.05
) -> tuple[Interval, ...]:
    """Intervals for the contrasts that were picked after all were seen, however they were picked.

    The expected share of intervals that miss, among those given, is at most alpha: |S| of K were selected, and
    each gets confidence 1 - alpha |S| / K. This needs no independence and no rule of selection. It holds because a
    value is left out only where an e-value against it, whose bets do not depend on the selection, reaches
    K / (alpha |S|): the sum over the selected of 1{left out} / |S| is at most the sum over all of e-value *
    alpha / K, and each e-value has expectation 1 at most. (The two sides are one e-value: their average is at
    least half the greater.)

    Args:
        low, high: For each of the K contrasts, the least and the greatest that it can be on each request, in
            [-1, 1]; shape (m,) each.
        selected: Which contrasts were picked, without repeats.
        alpha: Expected share of misses allowed, in (0, 1).

    Returns:
        One interval for each entry of `selected`, for the mean difference, in [-1, 1].

    Raises:
        UsageError: The entries of `selected` are not those of contrasts; the differences are outside of [-1, 1].

    Source: Xu, Wang and Ramdas, "Post-selection inference for e-value based confidence intervals", 2203.12572,
    theorem 1 (e-BY).
    """
    check_alpha(alpha)
    if len(low) != len(high) or len(set(selected)) != len(selected) or not set(selected) <= set(range(len(low))):
        raise UsageError("`selected` must name contrasts of the family, each once.")
    level = alpha * len(selected) / max(1, len(low))
    spans = []
    for i in selected:
        least, most = ((np.asarray(side[i], dtype=np.float64) + 1) / 2 for side in (low, high))
        half = bounded_mean(least, level, high=most, tuned=alpha / len(low))
        spans.append(Interval(2 * half.low - 1, 2 * half.high - 1))
    return tuple(spans)


def ledger_alpha(claim: int, alpha: float = 0.05) -> float:
    """What the i-th claim of a study may spend: alpha * 6 / (pi^2 i^2).

    However many claims follow, all of them together are wrong with a chance of at most alpha, for the shares add up
    to alpha. No plan is needed; the claims must be counted in the order they were made, and all of them.

    Args:
        claim: i, from 1.
        alpha: Chance that any claim of the study is wrong, in (0, 1).

    Raises:
        UsageError: `claim` is below 1, or alpha is not in (0, 1).

    Source: the union bound, with sum 1 / i^2 = pi^2 / 6.
    """
    check_alpha(alpha)
    if claim < 1:
        raise UsageError(f"claims are counted from 1, not {claim}.")
    return alpha * 6 / (math.pi * claim) ** 2


def _flipped(table: Floats, draws: int, seed: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """P-values alone and adjusted by the step-down maximum; no differences at all give 1."""
    rows = _in_order(table[(table != 0).any(axis=1)])
    size = np.sqrt((rows**2).sum(axis=0))
    size[size == 0] = 1.0
    unit, seen = rows / size, np.abs(table.sum(axis=0) / size)
    order = np.argsort(-seen, kind="stable")
    bar, unit = seen[order] - 1e-9, unit[:, order]
    alone, together, count = np.zeros(bar.size), np.zeros(bar.size), 0
    for plus in _all_flips(len(unit)) if len(unit) <= EXACT_UP_TO else flips(len(unit), draws, seed):
        sums = np.abs(2 * (plus @ unit) - unit.sum(axis=0))
        alone += (sums >= bar).sum(axis=0)
        together += (np.maximum.accumulate(sums[:, ::-1], axis=1)[:, ::-1] >= bar).sum(axis=0)
        count += len(sums)
    one = 0 if len(unit) <= EXACT_UP_TO else 1
    steps = np.maximum.accumulate((together + one) / (count + one))
    return _back((alone + one) / (count + one), order), _back(steps, order)


def _all_flips(size: int) -> list[NDArray[np.uint8]]:
    """Every choice of one of two signs for each of `size` rows, as one block."""
    numbers = np.arange(2**size, dtype=np.uint32)[:, None]
    return [((numbers >> np.arange(size, dtype=np.uint32)) & 1).astype(np.uint8)]


def _in_order(rows: Floats) -> Floats:
    """The rows, each turned so that its first difference is positive, in order.

    So the flips depend neither on the order in which the requests came nor on which arm is subtracted.
    """
    if len(rows) == 0:
        return rows
    lead = np.sign(rows[np.arange(len(rows)), (rows != 0).argmax(axis=1)])
    turned: Floats = rows * lead[:, None]
    return turned[np.lexsort(turned.T[::-1])]


def _checked_p(p: Sequence[float]) -> Floats:
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or not bool(((values >= 0) & (values <= 1)).all()):
        raise UsageError("p-values must be one row of numbers in [0, 1].")
    return values


def _back(values: Floats, order: NDArray[np.intp]) -> tuple[float, ...]:
    """Values that stand in `order`, put back."""
    back = np.empty(values.size)
    back[order] = values
    return tuple(float(v) for v in back)
