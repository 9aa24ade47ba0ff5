"""Differences of two rates: a gap paired by request, whether there is none, and two strata side by side.

Pure: rows and labels in, `Estimate` out.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from allegiance.corpus.rows import Row
from allegiance.errors import Refusal
from allegiance.evidence.tallies import (
    DIGITS,
    Labels,
    exact,
    outcome,
    require_labels,
    require_requests,
    share,
    tally,
    total,
)
from allegiance.records.claim import Arm, Estimate
from allegiance.stats.gaps import Gap, paired_gap
from allegiance.stats.intervals import Interval, round_outward

GAP_METHODS = {"betting": "paired-betting/1", "paired-t": "paired-t/1", "bootstrap-t": "bootstrap-t/1"}
DIFFERENCE_METHOD = "two-hypergeometric/1"


def estimate_gap(
    rows: Sequence[Row],
    labels: Labels,
    *,
    factor: str,
    levels: tuple[str, str],
    answer: str = "yes",
    alpha: float = 0.05,
    method: str = "betting",
) -> Estimate:
    """The difference of two rates, first level minus second, paired by request.

    The request is the unit: repeated samples of it are averaged within each level first. Labels that are `unsure`
    or `unrated` count against both ends of the interval.

    Args:
        rows: All rows of the frame; those of other levels must have been left out.
        labels: Their labels.
        factor: The factor of the condition whose levels are compared.
        levels: The two levels, minuend first.
        answer: The label value whose share is asked.
        alpha: One minus the confidence, in (0, 1).
        method: ``betting``, which holds for any distribution, or ``paired-t``, which refuses where it does not.

    Raises:
        Refusal: A transcript has no label, no request has both levels, or the method does not hold here.
    """
    require_requests(rows)
    require_labels([row.name for row in rows], labels)
    whole = [[row for row in rows if row.condition.levels.get(factor) == level] for level in levels]
    paired = {row.request for row in whole[0]} & {row.request for row in whole[1]}
    gap = _gap(whole, labels, answer, alpha, method)
    arms = [[row for row in arm if row.request in paired] for arm in whole]
    counts = [tally(len(arm), arm, labels, answer) for arm in arms]
    undecided = any(count.unsure + count.unrated for count in counts)
    rates = (gap.rate_first, gap.rate_second)
    interval = round_outward(Interval(gap.low, gap.high), DIGITS)
    return Estimate(
        value=gap.value,
        low=interval.low,
        high=interval.high,
        alpha=alpha,
        method=GAP_METHODS[method],
        counts=tally(len(rows), [*arms[0], *arms[1]], labels, answer),
        dropped=gap.dropped,
        arms=tuple(
            Arm(level=level, rate=_finite(rate), requests=gap.requests, counts=count)
            for level, rate, count in zip(levels, rates, counts, strict=True)
        ),
        # The sign-flip test knows decided labels only; beside a worst-case interval it would say too much.
        p_value=None if undecided else gap.p_value,
    )


def estimate_no_gap(
    rows: Sequence[Row],
    labels: Labels,
    *,
    factor: str,
    levels: tuple[str, str],
    margin: float,
    answer: str = "yes",
    alpha: float = 0.05,
) -> Estimate:
    """That a gap is smaller than a margin, which was declared. Arguments as in `estimate_gap`.

    The interval has confidence 1 - 2 alpha: each end is wrong with a chance of at most alpha, and only one can be.

    Raises:
        Refusal: It is not shown; the message says which margin is.
    """
    made = estimate_gap(
        rows, labels, factor=factor, levels=levels, answer=answer, alpha=min(2 * alpha, 0.999), method="betting"
    )
    most = max(abs(made.low), abs(made.high))
    if most >= margin:
        raise Refusal(
            f"that the gap is below {100 * margin:g} points is not shown; below {100 * most:.2f} points is.",
            where=f"interval {100 * made.low:+.2f} to {100 * made.high:+.2f} points",
            next="Claim the larger margin, or collect more requests; see: allegiance plan gap",
        )
    return msgspec.structs.replace(made, alpha=alpha, method="two-one-sided-betting/1", p_value=None)


def estimate_difference(
    strata: Sequence[tuple[str, int, Sequence[Row]]], labels: Labels, *, answer: str = "yes", alpha: float = 0.05
) -> Estimate:
    """The share in one part of a population minus the share in another, not paired.

    Each share has its exact interval at half of alpha (Bonferroni); the ends of the difference are the least and
    the greatest that both allow.

    Args:
        strata: Name, size and drawn rows of the two parts, the minuend first.
        labels: Their labels.
        answer: The label value whose share is asked.
        alpha: One minus the confidence, in (0, 1).

    Raises:
        Refusal: In one of them no label is decided.
    """
    counts = [tally(size, rows, labels, answer) for _, size, rows in strata]
    shares = [exact(each, answer, alpha / 2) for each in counts]
    rates = [share(each, answer) for each in counts]
    ends = Interval(shares[0].low - shares[1].high, shares[0].high - shares[1].low)
    interval = round_outward(ends, DIGITS)
    arms = [
        Arm(level=name, rate=rate, requests=len({row.request for row in rows}), counts=each)
        for (name, _, rows), rate, each in zip(strata, rates, counts, strict=True)
    ]
    return Estimate(
        value=rates[0] - rates[1],
        low=interval.low,
        high=interval.high,
        alpha=alpha,
        method=DIFFERENCE_METHOD,
        counts=total(counts),
        arms=tuple(arms),
    )


def _gap(arms: Sequence[Sequence[Row]], labels: Labels, answer: str, alpha: float, method: str) -> Gap:
    rows = [*arms[0], *arms[1]]
    codes = {request: code for code, request in enumerate(sorted({row.request for row in rows}))}
    return paired_gap(
        np.array([codes[row.request] for row in rows], dtype=np.int64),
        np.array([True] * len(arms[0]) + [False] * len(arms[1])),
        np.array([outcome(labels.get(row.name), answer) for row in rows], dtype=np.float64),
        alpha=alpha,
        method=method,
    )


def _finite(rate: float) -> float | None:
    return rate if np.isfinite(rate) else None
