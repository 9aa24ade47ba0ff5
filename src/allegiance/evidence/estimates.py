"""Estimates from labels: the one place where labels become numbers, for making claims and for checking them.

Pure: rows and labels in, `Estimate` out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from allegiance.corpus.rows import Row
from allegiance.errors import Refusal
from allegiance.records.claim import Arm, Counts, Estimate
from allegiance.records.label import UNDECIDED, Label
from allegiance.stats.gaps import Gap, paired_gap
from allegiance.stats.intervals import Interval, hypergeometric, round_outward

RATE_METHOD = "hypergeometric/1"
GAP_METHODS = {"betting": "paired-betting/1", "paired-t": "paired-t/1"}
DIGITS = 4
"""Decimal places of the ends of an interval, which are rounded outward."""

Labels = Mapping[str, Label]
"""Transcript → the label that counts."""


def estimate_rate(
    population: int, sample: Sequence[Row], labels: Labels, *, answer: str = "yes", alpha: float = 0.05
) -> Estimate:
    """The share of a population with an answer, from a uniform draw or census of it.

    Exact: inverts the hypergeometric distribution. Labels that are `unsure` or `unrated` count against both ends.

    Args:
        population: Size of the frame.
        sample: Rows of what was drawn, all of them.
        labels: Their labels.
        answer: The label value whose share is asked.
        alpha: One minus the confidence, in (0, 1).

    Raises:
        Refusal: The sample is empty, or a transcript in it has no label.
    """
    counts = tally(population, sample, labels, answer)
    hits = counts.no if answer == "no" else counts.yes
    unknown = counts.unsure + counts.unrated
    exact = hypergeometric(hits, counts.used, population, alpha, unknown=unknown)
    decided = counts.yes + counts.no
    if not decided:
        raise Refusal(
            f"none of {counts.used} labels is decided, so there is no rate.", next="Label them."
        )
    interval = round_outward(exact, DIGITS)
    return Estimate(
        value=hits / decided,
        low=interval.low,
        high=interval.high,
        alpha=alpha,
        method=RATE_METHOD,
        counts=counts,
    )


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


def tally(population: int, sample: Sequence[Row], labels: Labels, answer: str = "yes") -> Counts:
    """What became of every transcript of a sample.

    Where the answer asked for is neither ``yes`` nor ``no``, it counts as `yes` and all other answers as `no`.

    Raises:
        Refusal: The sample is empty, or a transcript in it has no label. Nothing may be said from a sample of
            which a part was left out.
    """
    if not sample:
        raise Refusal("the sample is empty, so there is nothing to estimate.", next="Draw first: allegiance draw")
    require_labels([row.name for row in sample], labels)
    values = [labels[row.name].value for row in sample]
    asked = "yes" if answer == "no" else answer
    undecided = {value: values.count(value) for value in UNDECIDED}
    hits = values.count(asked)
    return Counts(
        frame=population,
        used=len(sample),
        yes=hits,
        no=len(values) - hits - sum(undecided.values()),
        unsure=undecided["unsure"],
        unrated=undecided["unrated"],
        faulty=sum(row.status != "complete" for row in sample),
    )


def require_labels(names: Collection[str], labels: Labels) -> None:
    """Refuses if a transcript has no label; the error counts them and names the first."""
    missing = [name for name in names if name not in labels]
    if missing:
        raise Refusal(
            f"{len(missing)} of {len(names)} transcripts in the sample have no label.",
            where=missing[0],
            next="Label them all; `unsure` and `unrated` are answers, a gap in the sample is not.",
        )


def require_requests(rows: Collection[Row]) -> None:
    """Refuses if a transcript does not say which request it answers, for then it cannot be paired."""
    missing = [row.name for row in rows if not row.request]
    if missing:
        raise Refusal(
            f"{len(missing)} of {len(rows)} transcripts have no request, so they cannot be paired.",
            where=missing[0],
            next="Import them with a mapping that says which field identifies the request.",
        )


def _gap(arms: Sequence[Sequence[Row]], labels: Labels, answer: str, alpha: float, method: str) -> Gap:
    rows = [*arms[0], *arms[1]]
    codes = {request: code for code, request in enumerate(sorted({row.request for row in rows}))}
    return paired_gap(
        np.array([codes[row.request] for row in rows], dtype=np.int64),
        np.array([True] * len(arms[0]) + [False] * len(arms[1])),
        np.array([_outcome(labels[row.name], answer) for row in rows], dtype=np.float64),
        alpha=alpha,
        method=method,
    )


def _outcome(label: Label, answer: str) -> float:
    return float("nan") if label.value in UNDECIDED else float(label.value == answer)


def _finite(rate: float) -> float | None:
    return rate if np.isfinite(rate) else None
