"""A gap from a rater's labels, corrected in each arm by an audit of some of them by a trusted rater.

Two phases. Every transcript of both arms has a label of the rater. Then some are drawn for audit, by arm and by the
rater's label, with known chances, and get a trusted label. What the audit finds in an arm corrects that arm
alone: a rater whose errors differ between the arms would otherwise make a gap or hide one.

The value of a request in an arm is the rater's mean plus a correction for each of the rater's labels: if at
least one of its a transcripts with that label was drawn, it is a (mean trusted label of those drawn - the
rater's label) / P, with P the chance that at least one is, else nothing. Of a request's transcripts with a
label, those drawn are a uniform choice given their number. So the correction has the right expectation whatever
the rater's errors are, and dividing by P, not by the chance of each transcript, keeps it small.

The betting interval is `bounded_mean` of the differences of the two arms' values, brought to [0, 1] by the
least and greatest value that the chances and the numbers of samples allow. It holds if the requests are
independent of each other. Drawn independently, so are the values. With fixed numbers, look at the wealth given
all labels, the rater's and the trusted rater's. Given also how many were drawn of each request, the factors of
the requests are independent, and the expectation of each is linear in the corrections for "some drawn": up in
the first arm where the rater says no and in the second where it says yes, down in the other two, for every
request alike. Numbers drawn without replacement are negatively associated, so the wealth has at most the
expectation that it has under independence, which is that of bets on the true differences, at most 1. (A smaller
share than the chance declared is refused, so the range is known beforehand.)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allegiance.errors import Refusal, UnknownName, UsageError
from allegiance.stats.clusters import checked_labels
from allegiance.stats.intervals import Floats, Interval, bounded_mean, check_alpha

METHODS = ("betting", "two-phase-t")
DESIGNS = ("independent", "fixed")
T_REQUESTS = 50
"""Least number of requests for `two-phase-t`."""
T_AUDITED = 20
"""Least number of audited transcripts in a stratum of which not all are audited, for `two-phase-t`."""


class Chances(NamedTuple):
    """Chance with which a transcript of one arm is drawn for audit, by the rater's label; each in (0, 1].

    With the design ``independent`` exactly this; with ``fixed`` at least this.

    Attributes:
        no, yes: Of transcripts that the rater calls no (0) and yes (1).
        undecided: Of transcripts that the rater left undecided.
    """

    no: float
    yes: float
    undecided: float = 1.0


class AuditedArm(NamedTuple):
    """One arm.

    Attributes:
        rate: Mean over requests, corrected by the audit; cut off at 0 and 1.
        rater_rate: The same from the rater's decided labels alone; NaN if no request has one.
        samples, audited: Transcripts of the paired requests, and those of them that were drawn for audit.
        missed: Audited transcripts that the rater calls no and the trusted rater yes.
        overcalled: The other way round.
        undecided: Audited transcripts that the trusted rater left undecided.
    """

    rate: float
    rater_rate: float
    samples: int
    audited: int
    missed: int
    overcalled: int
    undecided: int


@dataclass(frozen=True, slots=True)
class AuditedGap:
    """A gap, first arm minus second, by the trusted rater's standard.

    Attributes:
        value: Corrected by the audit, arm by arm; in [-1, 1].
        low, high: The interval for the gap over a population of requests, in [-1, 1].
        first, second: The arms.
        requests: Requests seen in both arms.
        dropped: Requests seen in one arm only, left out of everything else here.
        method: Name of the method that made the interval.
    """

    value: float
    low: float
    high: float
    first: AuditedArm
    second: AuditedArm
    requests: int
    dropped: int
    method: str


class _Stratum(NamedTuple):
    """Transcripts of one arm and rater's label: by request, how many, how many audited, and sums over the audited.

    `low`, `mid`, `high` are sums of trusted labels with the undecided ones at 0, at `guess`, and at 1.
    """

    guess: float
    chance: float
    items: Floats
    audited: Floats
    low: Floats
    mid: Floats
    high: Floats


def audited_gap(
    request: ArrayLike,
    first: ArrayLike,
    rater: ArrayLike,
    trusted: ArrayLike,
    audited: ArrayLike,
    chances: tuple[Chances, Chances],
    *,
    design: Literal["independent", "fixed"] = "independent",
    alpha: float = 0.05,
    method: str = "betting",
) -> AuditedGap:
    """How much higher the trusted rater's rate is in the first arm than in the second, from an audit of a part.

    ``betting`` holds at every number of requests, whatever the rater's errors; the page above says why. The smaller
    the chances, the wider it gets: about as 1 / chance where a request has one sample.

    ``two-phase-t`` is secondary and narrower: stratum means of trusted labels weighted by the strata, and a t
    interval over requests of their linearised values, with 2 added to the sum of squares and four made-up audits
    to each stratum. It is refused below `T_REQUESTS` and `T_AUDITED`; in the worst of 39 populations it held in
    94.9 % of 1,000 repetitions, ``betting`` in 99.6 % in the worst of 48 (benchmarks/stress_gaps.py).

    Args:
        request: Which request each transcript answers; shape (n,).
        first: True where it belongs to the first arm; shape (n,).
        rater: The rater's label: 1, 0, or NaN where it is not decided; shape (n,).
        trusted: The trusted label, in [0, 1]; NaN where there is none; read only where `audited`; shape (n,).
        audited: True where the transcript was drawn for audit; shape (n,). One that the trusted rater could not
            decide stays drawn, and counts at its worst for each bound.
        chances: Of the first and of the second arm, declared before the audit.
        design: ``independent``: each transcript by its own chance. ``fixed``: in each stratum (arm and rater's
            label, over all requests) a uniform draw without replacement of at least chance x size, rounded up.
        alpha: One minus the confidence, in (0, 1).
        method: ``betting`` or ``two-phase-t``.

    Raises:
        Refusal: No request was seen in both arms; the audit has fewer transcripts than `chances` says; or the
            conditions of ``two-phase-t`` do not hold.
        UsageError: The shapes differ, a label or a chance is out of its range, or alpha is.
        UnknownName: There is no such method or design.

    Source: difference estimators in two phases: Särndal, Swensson and Wretman, Model Assisted Survey Sampling
    (1992), section 9.6; negative association: Joag-Dev and Proschan, Ann. Statist. 11 (1983), 3.1(a) and
    property P6; the interval as in `bounded_mean`.
    """
    check_alpha(alpha)
    _check_names(method, design)
    table = _table(request, first, rater, trusted, audited)
    arms = [_strata(table, side, chances[1 - side]) for side in (1, 0)]
    items = [_items(arm) for arm in arms]
    paired = (items[0] > 0) & (items[1] > 0)
    if not bool(paired.any()):
        raise Refusal("no request was seen in both arms.", next="Run the same requests in both arms.")
    for stratum in (*arms[0], *arms[1]):
        _check_drawn(stratum, design)
    value, span = _FITS[method](arms, paired, design, alpha)
    low, high = max(-1.0, min(span.low, value)), min(1.0, max(span.high, value))
    told = [_told(table, side, arm, paired, design, method) for side, arm in zip((1, 0), arms, strict=True)]
    return AuditedGap(value, low, high, told[0], told[1], int(paired.sum()), int((~paired).sum()), method)


def _items(arm: list[_Stratum]) -> Floats:
    """Transcripts of an arm, by request."""
    total: Floats = np.sum([s.items for s in arm], axis=0)
    return total


class _Table(NamedTuple):
    codes: NDArray[np.intp]
    side: NDArray[np.bool_]
    rater: Floats
    trusted: Floats
    audited: NDArray[np.bool_]
    size: int


def _table(
    request: ArrayLike, first: ArrayLike, rater: ArrayLike, trusted: ArrayLike, audited: ArrayLike
) -> _Table:
    names, side, drawn = np.asarray(request), np.asarray(first, dtype=np.bool_), np.asarray(audited, dtype=np.bool_)
    cheap, dear = checked_labels(rater), checked_labels(trusted)
    if names.ndim != 1 or not names.shape == side.shape == cheap.shape == dear.shape == drawn.shape:
        raise UsageError("the columns must be rows of the same length.")
    if not bool((np.isnan(cheap) | (cheap == 0) | (cheap == 1)).all()):
        raise UsageError("the rater's label must be 1, 0 or NaN.", next="Round a score before the audit is drawn.")
    codes = np.unique(names, return_inverse=True)[1].astype(np.intp)
    return _Table(codes, side, cheap, dear, drawn, int(codes.max()) + 1 if codes.size else 0)


def _strata(table: _Table, side: int, chances: Chances) -> list[_Stratum]:
    """The strata of one arm: the rater's no, yes, and undecided (taken for no before the audit)."""
    mine = table.side == bool(side)
    undecided = np.isnan(table.rater)
    picks = (table.rater == 0, table.rater == 1, undecided)
    return [
        _stratum(table, mine & pick, guess, chance)
        for pick, guess, chance in zip(picks, (0.0, 1.0, 0.0), chances, strict=True)
    ]


def _stratum(table: _Table, pick: NDArray[np.bool_], guess: float, chance: float) -> _Stratum:
    if not 0 < chance <= 1:
        raise UsageError(f"a chance of audit must lie in (0, 1], not {chance}.", next="Audit some of each stratum.")
    drawn = pick & table.audited
    codes, y = table.codes[drawn], table.trusted[drawn]

    def total(fill: float) -> Floats:
        return np.bincount(codes, np.where(np.isnan(y), fill, y), table.size).astype(np.float64)

    items = np.bincount(table.codes[pick], minlength=table.size).astype(np.float64)
    count = np.bincount(codes, minlength=table.size).astype(np.float64)
    return _Stratum(guess, chance, items, count, total(0.0), total(guess), total(1.0))


def _check_names(method: str, design: str) -> None:
    if method not in METHODS:
        raise UnknownName("method", method, METHODS)
    if design not in DESIGNS:
        raise UnknownName("design", design, DESIGNS)


def _check_drawn(s: _Stratum, design: str) -> None:
    """Refuses where the number drawn belies the chance: fewer than were fixed, or once in a million draws."""
    from scipy.special import bdtr  # noqa: PLC0415 - scipy is slow to import

    items, drawn = float(s.items.sum()), float(s.audited.sum())
    if design == "fixed" or s.chance == 1:
        belied = drawn < math.ceil(s.chance * items - 1e-9)
    else:
        below = float(bdtr(drawn, int(items), s.chance))
        belied = min(below, 1 - (float(bdtr(drawn - 1, int(items), s.chance)) if drawn else 0.0)) < 1e-6
    if belied:
        raise Refusal(
            f"{drawn:g} of {items:g} transcripts of a stratum were drawn for audit, and the chance declared is "
            f"{s.chance:g}.",
            next="Count every transcript that was drawn, also where the trusted rater could not decide.",
        )


def _any_drawn(s: _Stratum, design: str) -> Floats:
    """By request, the chance that at least one of its transcripts in the stratum is drawn; 1 if it has none."""
    if design == "independent":
        return np.where(s.items > 0, 1 - (1 - s.chance) ** s.items, 1.0)
    from scipy.stats import hypergeom  # noqa: PLC0415 - scipy is slow to import

    total, drawn = int(s.items.sum()), int(s.audited.sum())
    sizes, at = np.unique(s.items, return_inverse=True)
    chance = [1.0 if a == 0 else float(hypergeom.sf(0, total, int(a), drawn)) for a in sizes.tolist()]
    return np.array(chance)[at]


def _value(arm: list[_Stratum], which: Literal["low", "mid", "high"], design: str) -> Floats:
    """By request, the corrected mean of one arm; NaN where the arm has no transcript."""
    total, items = np.zeros(arm[0].items.size), np.zeros(arm[0].items.size)
    for s in arm:
        found = getattr(s, which) / np.maximum(s.audited, 1) - s.guess
        total += s.items * (s.guess + np.where(s.audited > 0, found, 0.0) / _any_drawn(s, design))
        items += s.items
    with np.errstate(invalid="ignore"):
        return total / items


@lru_cache(maxsize=256)
def _reach(items: int, chances: tuple[float, ...]) -> tuple[float, float]:
    """Least and greatest value of an arm with so many transcripts, however the rater labels them."""
    counts = np.arange(items + 1, dtype=np.float64)
    no, yes, undecided = (
        np.divide(counts, 1 - (1 - chance) ** counts, out=np.zeros(items + 1), where=counts > 0)
        for chance in chances
    )
    i, j = np.meshgrid(np.arange(items + 1), np.arange(items + 1), indexing="ij")
    rest = items - i - j
    most = np.where(rest >= 0, no[i] + undecided[j] + rest, 0.0).max()
    return float((counts - yes).min()) / items, float(most) / items


def _reaches(arm: list[_Stratum], paired: NDArray[np.bool_]) -> Iterator[tuple[float, float]]:
    chances = tuple(s.chance for s in arm)
    items = _items(arm)[paired]
    return (_reach(int(n), chances) for n in np.unique(items))


def _betting(
    arms: list[list[_Stratum]], paired: NDArray[np.bool_], design: str, alpha: float
) -> tuple[float, Interval]:
    """The mean of the differences, cut off at ±1, and its interval."""
    first, second = (list(_reaches(arm, paired)) for arm in arms)
    least = min(r[0] for r in first) - max(r[1] for r in second)
    most = max(r[1] for r in first) - min(r[0] for r in second)
    low = (_value(arms[0], "low", design) - _value(arms[1], "high", design))[paired]
    high = (_value(arms[0], "high", design) - _value(arms[1], "low", design))[paired]
    mid = (_value(arms[0], "mid", design) - _value(arms[1], "mid", design))[paired]
    scale = most - least
    unit = [np.clip((part - least) / scale, 0, 1) for part in (low, high)]
    span = bounded_mean(unit[0], alpha, high=unit[1])
    value = min(1.0, max(-1.0, float(mid.mean())))
    return value, Interval(least + scale * span.low, least + scale * span.high)


def _linear(arm: list[_Stratum], paired: NDArray[np.bool_], which: str) -> tuple[Floats, float]:
    """By request, the linearised value of one arm, and what four made-up audits a stratum add to its variance."""
    items = _items(arm)[paired]
    total, added = np.zeros(items.size), 0.0
    for s in arm:
        here, drawn, sums = s.items[paired] / items, s.audited[paired], getattr(s, which)[paired]
        if not here.sum():
            continue
        n = float(drawn.sum())
        if n < T_AUDITED and n < s.items[paired].sum():
            raise Refusal(
                f"a stratum has {n:g} audited transcripts; the two-phase t interval needs {T_AUDITED}, or all.",
                next="Use the method 'betting', or audit more.",
            )
        weight = float((drawn / items).sum())
        mean = float((sums / items).sum()) / weight
        total += here * mean + (sums - drawn * mean) / items * float(here.sum()) / weight
        if n < s.items[paired].sum():
            held = (mean * n + 2) / (n + 4)
            added += float(here.mean()) ** 2 * max(0.0, held * (1 - held) - mean * (1 - mean)) / n
    return total, added


def _two_phase_t(
    arms: list[list[_Stratum]], paired: NDArray[np.bool_], design: str, alpha: float
) -> tuple[float, Interval]:
    """The difference of the arms' rates by stratum means, and the t interval of its linearised values."""
    from scipy.special import stdtrit  # noqa: PLC0415 - scipy is slow to import

    m = int(paired.sum())
    if m < T_REQUESTS:
        raise Refusal(
            f"the two-phase t interval needs {T_REQUESTS} requests, not {m}.", next="Use the method 'betting'."
        )
    ends = []
    for mine, other, sign in (("low", "high", -1), ("high", "low", 1)):
        (a, more), (b, yet) = _linear(arms[0], paired, mine), _linear(arms[1], paired, other)
        squares = float(((a - b - (a - b).mean()) ** 2).sum()) + 2
        error = math.sqrt(squares / (m - 1) / m + more + yet)
        ends.append(float((a - b).mean()) + sign * float(stdtrit(m - 1, 1 - alpha / 2)) * error)
    value = float(_linear(arms[0], paired, "mid")[0].mean() - _linear(arms[1], paired, "mid")[0].mean())
    return value, Interval(ends[0], ends[1])


_FITS = {"betting": _betting, "two-phase-t": _two_phase_t}


def _told(
    table: _Table, side: int, arm: list[_Stratum], paired: NDArray[np.bool_], design: str, method: str
) -> AuditedArm:
    """What is reported of an arm."""
    if method == "betting":
        rate = float(_value(arm, "mid", design)[paired].mean())
    else:
        rate = float(_linear(arm, paired, "mid")[0].mean())
    no, yes, _ = arm
    decided = no.items + yes.items
    has = paired & (decided > 0)
    rater_rate = float((yes.items[has] / decided[has]).mean()) if bool(has.any()) else math.nan
    drawn = (table.side == bool(side)) & paired[table.codes] & table.audited
    cheap, dear = table.rater[drawn], table.trusted[drawn]
    return AuditedArm(
        rate=min(1.0, max(0.0, rate)),
        rater_rate=rater_rate,
        samples=int(_items(arm)[paired].sum()),
        audited=int(drawn.sum()),
        missed=int(((cheap == 0) & (dear > 0.5)).sum()),
        overcalled=int(((cheap == 1) & (dear < 0.5)).sum()),
        undecided=int(np.isnan(dear).sum()),
    )
