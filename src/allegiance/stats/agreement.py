"""Agreement of raters: Cohen's kappa, Krippendorff's alpha, Gwet's AC1, and where each can lie.

All three are 1 - Do / De: the disagreement that is seen over the disagreement that chance would make. They differ
in De. None of them says by itself how good a rater is; at rare answers kappa and alpha are low and AC1 is high for
the same raters, so they stand beside each other and beside the counts.

The ranges take intervals for the parts, Do and the shares of the answers, and give the least and the greatest that
the coefficient can be within them. If the intervals hold together with chance 1 - alpha, so does the range.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from allegiance.errors import UsageError
from allegiance.stats.intervals import Floats, Interval

MOST_ANSWERS = 12
"""Most answers that a range is worked out for."""


def raw_agreement(counts: ArrayLike) -> float:
    """The mean over items of the share of pairs of raters that agree; NaN if no item has two.

    Args:
        counts: How many raters gave each answer to each item, shape (items, answers).
    """
    apart = disagreements(counts)
    return 1 - float(apart.mean()) if apart.size else float("nan")


def disagreements(counts: ArrayLike) -> Floats:
    """For each item that two raters or more answered, the share of pairs of raters that differ; in [0, 1]."""
    table = _counts(counts)
    table = table[table.sum(axis=1) > 1]
    size = table.sum(axis=1)
    return np.asarray(1 - (table * (table - 1)).sum(axis=1) / (size * (size - 1)))


def cohen_kappa(table: ArrayLike) -> float:
    """Cohen's kappa of two raters; NaN where chance alone would agree.

    Args:
        table: Items that the first rater gave answer i and the second answer j, shape (k, k); counts or shares.

    Source: Cohen, Educational and Psychological Measurement 20 (1960), equation 1.
    """
    found = _square(table)
    expected = 1 - float(found.sum(axis=1) @ found.sum(axis=0))
    return _coefficient(1 - float(np.trace(found)), expected)


def krippendorff_alpha(counts: ArrayLike) -> float:
    """Krippendorff's alpha for answers without order, any number of raters, answers missing at will.

    Args:
        counts: How many raters gave each answer to each item, shape (items, answers). Items with fewer than two
            do not count.

    Returns:
        At most 1; NaN if all answers are the same one, or no item has two.

    Source: Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C.
    """
    table = _counts(counts)
    table = table[table.sum(axis=1) > 1]
    size, totals = table.sum(axis=1), table.sum(axis=0)
    n = float(totals.sum())
    if n == 0:
        return float("nan")
    seen = float(((size**2 - (table**2).sum(axis=1)) / (size - 1)).sum()) / n
    expected = float(n**2 - (totals**2).sum()) / (n * (n - 1))
    return _coefficient(seen, expected)


def gwet_ac1(counts: ArrayLike) -> float:
    """Gwet's AC1 for answers without order, any number of raters, answers missing at will.

    Args:
        counts: As for `krippendorff_alpha`; an item with one answer counts for the shares of the answers.

    Source: Gwet, British Journal of Mathematical and Statistical Psychology 61 (2008), section 4.
    """
    table = _counts(counts)
    table = table[table.sum(axis=1) > 0]
    apart = disagreements(table)
    if not apart.size:
        return float("nan")
    shares = (table / table.sum(axis=1, keepdims=True)).mean(axis=0)
    return _coefficient(float(apart.mean()), 1 - _ac1_chance(shares))


def kappa_range(disagree: Interval, first: Sequence[Interval], second: Sequence[Interval]) -> Interval:
    """Where Cohen's kappa lies, given where the disagreement and both raters' shares of each answer lie.

    With two answers the three are tied: the shares p and q of one answer cannot be further apart than the
    disagreement, and the disagreement is at most p + q and 2 - p - q. That is used, and it matters where an answer
    is rare.

    Args:
        disagree: Share of items on which they differ.
        first, second: Share of each answer by each rater, in the same order; two answers or more.
    """
    _check_shares(first, second)
    if len(first) == 2:
        return _kappa_of_two(disagree, _tied(first), _tied(second))
    corners = _corners(first)
    most = max(_pour(corner, second) for corner in corners)
    least = min(-_pour(-corner, second) for corner in corners)
    return _range(disagree, 1 - most, 1 - least)


def alpha_range(disagree: Interval, shares: Sequence[Interval]) -> Interval:
    """Where Krippendorff's alpha of very many items lies (Scott's pi), given disagreement and pooled shares.

    Args:
        disagree: Mean share of pairs of raters that differ.
        shares: Mean share of each answer over all raters; two answers or more.
    """
    _check_shares(shares)
    if len(shares) == 2:
        return _pooled_two(disagree, _tied(shares), _scott)
    least, most = _squares(shares)
    return _range(disagree, 1 - most, 1 - least)


def ac1_range(disagree: Interval, shares: Sequence[Interval]) -> Interval:
    """Where Gwet's AC1 of very many items lies; arguments as for `alpha_range`."""
    _check_shares(shares)
    if len(shares) == 2:
        return _pooled_two(disagree, _tied(shares), _gwet)
    least, most = _squares(shares)
    return _range(disagree, 1 - (1 - least) / (len(shares) - 1), 1 - (1 - most) / (len(shares) - 1))


def _coefficient(seen: float, expected: float) -> float:
    return 1 - seen / expected if expected > 1e-12 else float("nan")


def _ac1_chance(shares: Floats) -> float:
    return float((shares * (1 - shares)).sum()) / max(1, shares.size - 1)


def _scott(share: float) -> float:
    return 2 * share * (1 - share)


def _gwet(share: float) -> float:
    return 1 - 2 * share * (1 - share)


def _range(disagree: Interval, least: float, most: float) -> Interval:
    """1 - Do / De for De between `least` and `most`, never below -1."""
    low = 1 - disagree.high / least if least > 1e-12 else -1.0
    high = 1 - disagree.low / most if most > 1e-12 else 1.0
    return Interval(max(-1.0, min(low, high)), min(1.0, high))


def _kappa_of_two(disagree: Interval, first: Interval, second: Interval) -> Interval:
    """Looks where the least and greatest can be: the corners, and along the lines where a tie begins to bind."""

    def value(p: float, q: float, apart: float) -> float:
        chance = p + q - 2 * p * q
        return 1 - apart / chance if chance > 1e-12 else float("nan")

    places = list(product(first, second))
    for total in (disagree.high, 2 - disagree.high):
        places += [(p, total - p) for p in _within(first, total - second.high, total - second.low, total / 2)]
    for gap in (disagree.low, -disagree.low):
        places += [(p, p - gap) for p in _within(first, second.low + gap, second.high + gap, (1 + gap) / 2)]
    low = [value(p, q, max(min(disagree.high, p + q, 2 - p - q), abs(p - q))) for p, q in places]
    high = [value(p, q, max(disagree.low, abs(p - q))) for p, q in places]
    return _ends(low, high)


def _pooled_two(disagree: Interval, share: Interval, expected: Callable[[float], float]) -> Interval:
    def value(s: float, apart: float) -> float:
        return 1 - apart / expected(s) if expected(s) > 1e-12 else float("nan")

    places = [*share, *_within(share, 0.0, 1.0, 0.5)]
    places += [s for cut in (disagree.high / 2, 1 - disagree.high / 2) for s in _within(share, cut, cut, cut)]
    low = [value(s, min(disagree.high, 2 * s, 2 - 2 * s)) for s in places]
    high = [value(s, min(disagree.low, 2 * s, 2 - 2 * s)) for s in places]
    return _ends(low, high)


def _ends(low: Sequence[float], high: Sequence[float]) -> Interval:
    """The least and greatest of what is defined; where nothing is (both raters give one answer only), -1 to 1."""
    lows, highs = np.array(low), np.array(high)
    if np.isnan(lows).all() or np.isnan(highs).all():
        return Interval(-1.0, 1.0)
    least = 0.0 if np.isnan(lows).any() else 1.0  # no answers at all but one: the limit is nought
    most = 1.0 if np.isnan(highs).any() else -1.0
    return Interval(max(-1.0, min(least, float(np.nanmin(lows)))), min(1.0, max(most, float(np.nanmax(highs)))))


def _within(span: Interval, low: float, high: float, best: float) -> list[float]:
    """The ends of the overlap of two spans, and the point of it nearest to `best`; nothing if there is none."""
    least, most = max(span.low, low), min(span.high, high)
    return [least, most, min(max(best, least), most)] if least <= most else []


def _tied(shares: Sequence[Interval]) -> Interval:
    """The share of the first of two answers, by its own interval and by that of the other."""
    first, other = shares
    low, high = max(first.low, 1 - other.high), min(first.high, 1 - other.low)
    return Interval(low, high) if low <= high else first


def _corners(box: Sequence[Interval]) -> list[Floats]:
    """Shares at their ends, but for one that makes them add up to one."""
    found = []
    for free, span in enumerate(box):
        others = [each for i, each in enumerate(box) if i != free]
        for ends in product(*others):
            rest = 1 - sum(ends)
            if span.low - 1e-12 <= rest <= span.high + 1e-12:
                found.append(np.insert(np.array(ends), free, rest))
    return found or [np.array([(each.low + each.high) / 2 for each in box])]


def _pour(worth: Floats, box: Sequence[Interval]) -> float:
    """The greatest sum of worth times share, for shares in the box that add up to one."""
    low, high = np.array([each.low for each in box]), np.array([each.high for each in box])
    left, total = 1 - float(low.sum()), float(worth @ low)
    for i in np.argsort(-worth):
        take = min(left, float(high[i] - low[i]))
        total, left = total + float(worth[i]) * take, left - take
    return total


def _squares(box: Sequence[Interval]) -> tuple[float, float]:
    """The least and greatest sum of squares of shares in the box that add up to one."""
    low, high = np.array([each.low for each in box]), np.array([each.high for each in box])
    under, over = 0.0, 1.0
    for _ in range(60):
        level = (under + over) / 2
        under, over = (level, over) if float(np.clip(level, low, high).sum()) < 1 else (under, level)
    return float((np.clip(over, low, high) ** 2).sum()), max(float((c**2).sum()) for c in _corners(box))


def _counts(counts: ArrayLike) -> Floats:
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or not bool((np.isfinite(table) & (table >= 0)).all()):
        raise UsageError("the counts must be a table of items by answers, none below zero.")
    return table


def _square(table: ArrayLike) -> Floats:
    found = np.asarray(table, dtype=np.float64)
    if found.ndim != 2 or found.shape[0] != found.shape[1] or not bool((np.isfinite(found) & (found >= 0)).all()):
        raise UsageError("the table must have a row and a column for each answer, none below zero.")
    if found.sum() == 0:
        raise UsageError("the table is empty.")
    return np.asarray(found / found.sum())


def _check_shares(*boxes: Sequence[Interval]) -> None:
    if any(not 2 <= len(box) <= MOST_ANSWERS for box in boxes) or len({len(box) for box in boxes}) != 1:
        raise UsageError(f"there must be 2 to {MOST_ANSWERS} answers, the same for both.")
