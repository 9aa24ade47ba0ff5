"""Whether a model is not worse than another by more than a margin: evidence that may be looked at at any time.

Both answered the same requests. For each there is a difference, the later model's rate less the reference's, in
[-1, 1]. The link is *broken* if the mean difference over the population of requests is at or below minus the
margin; that is the null hypothesis. Wealth starts at 1 and is multiplied by 1 + b (d + margin) for each
difference d, with a bet b that was fixed before it; if the link is broken, its mean factor is at most 1, so
wealth ever reaches 1 / alpha with a chance of at most alpha (Ville). So one may stop, or ask for more, at any
time.

The bet is a part (`CAUTION`) of the one that makes wealth grow fastest if nothing has changed: differences with
mean 0 and the second moment seen so far. It never makes wealth negative, and is right whatever the differences
are; only the number of requests that it takes depends on the guess.

Source: the test as in Waudby-Smith and Ramdas, JRSS-B 86 (2024), section 4; bets that grow fastest under a planned
alternative as in Grünwald, de Heide and Koolen, "Safe testing", JRSS-B 86 (2024).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from allegiance.errors import UsageError
from allegiance.stats.intervals import Floats, check_alpha

Verdict = Literal["holds", "broken", "undecided"]
CAUTION = 0.7
"""Part of the fastest bet that is placed; the rest is for differences that are not as guessed."""
EXPECTED = 0.18
"""Mean squared difference that is expected where nothing else is said: 2 x 0.9 x 0.1."""
WEIGHT = 50.0
"""Requests that the second moment expected beforehand counts for, beside those seen."""
FIRST = 0.8
"""Part of alpha that is spent while no test of a lineage has failed; see `spent`."""
CANDIDATES = 400
"""Margins that are tried for the least that would pass."""
_MOMENTS = np.linspace(0.001, 1.0, 400)


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the differences say about a link.

    Attributes:
        verdict: ``holds``: shown not to be worse by the margin. ``broken``: shown to be worse by at least it.
            ``undecided``: neither; ask for more, or treat it as broken.
        wealth: The greatest wealth against "broken"; at 1 / alpha or above it holds.
        needed: 1 / alpha.
        decided: After how many requests it held; 0 if it does not.
        mean: Mean difference; labels that are not decided count half-way.
        requests: Differences.
    """

    verdict: Verdict
    wealth: float
    needed: float
    decided: int
    mean: float
    requests: int


def weigh(
    low: ArrayLike, high: ArrayLike, margin: float, alpha: float, *, expected: float | None = None
) -> Weighed:
    """Weighs the differences of a link in the order in which the requests were drawn.

    Args:
        low, high: For each request the least and the greatest difference that its labels allow, the later model
            less the reference; in [-1, 1]; shape (n,). Equal where all labels are decided.
        margin: Declared beforehand, in (0, 1).
        alpha: Greatest chance that a broken link is called ``holds``; the same for ``broken`` the other way; in
            (0, 1).
        expected: Mean squared difference expected beforehand, in (0, 1]; by default that of two single samples at
            a rate of 90 %. A wrong one costs requests, never validity; but it must not come from these differences,
            nor from the labels of either model that they are made of.

    Raises:
        UsageError: The shapes differ, a difference is outside of [-1, 1] or not a number, or the margin, alpha or
            the expectation is out of range.
    """
    lowest, highest = _checked(low, high, margin, alpha, expected)
    start = EXPECTED if expected is None else expected
    gains = _log_wealth(lowest, np.array([margin]), start)[:, 0]
    losses = _log_wealth(-highest, np.array([-margin]), start)[:, 0]
    bar = -math.log(alpha)
    passed = np.flatnonzero(gains >= bar)
    failed = bool((losses >= bar).any())
    verdict: Verdict = "holds" if passed.size else "broken" if failed else "undecided"
    return Weighed(
        verdict=verdict,
        wealth=float(np.exp(gains.max(initial=0.0))),
        needed=1 / alpha,
        decided=int(passed[0]) + 1 if passed.size else 0,
        mean=float((lowest + highest).mean() / 2) if lowest.size else math.nan,
        requests=int(lowest.size),
    )


def least_margin(low: ArrayLike, alpha: float, *, expected: float = EXPECTED) -> float:
    """The least margin at which a link would hold; with chance 1 - alpha the true difference is above minus it.

    This holds at every number of requests at once, and whatever margin was declared: it errs only if the wealth
    against the true difference reaches 1 / alpha.

    Args:
        low: The least difference of each request, in order; in [-1, 1]; shape (n,).
        alpha: In (0, 1).
        expected: As in `weigh`.
    """
    margins = np.arange(1, CANDIDATES) / CANDIDATES
    values = np.asarray(low, dtype=np.float64)
    if not values.size:
        return 1.0
    best = _log_wealth(values, margins, expected).max(axis=0)
    kept = np.flatnonzero(best < -math.log(alpha))
    return (int(kept[-1]) + 2) / CANDIDATES if kept.size else float(margins[0])


def spent(alpha: float, failures: int) -> float:
    """The part of alpha for the next test of a lineage in which so many tests did not end in ``holds``.

    Only tests of broken links can wrongly pass. Each such test either passes, which is the error, or is one more
    failure; so the i-th of them is made after at least i - 1 failures, and the chance that any passes is at
    most the sum of these parts, which is alpha: `FIRST` for none, and (1 - FIRST) / (f (f + 1)) after f failures.
    Links that hold cost nothing, however long the chain.

    Args:
        alpha: For the whole lineage, in (0, 1).
        failures: From 0.

    Raises:
        UsageError: One is out of range.
    """
    check_alpha(alpha)
    if failures < 0:
        raise UsageError(f"there cannot have been {failures} failures.")
    return alpha * (FIRST if failures == 0 else (1 - FIRST) / (failures * (failures + 1)))


def _checked(
    low: ArrayLike, high: ArrayLike, margin: float, alpha: float, expected: float | None
) -> tuple[Floats, Floats]:
    check_alpha(alpha)
    lowest, highest = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    if lowest.ndim != 1 or lowest.shape != highest.shape:
        raise UsageError("the least and greatest differences must be two lists of the same length.")
    if not (np.isfinite(lowest).all() and np.isfinite(highest).all()):
        raise UsageError("a difference is not a number; nothing follows from it.")
    if bool((lowest < -1).any() or (highest > 1).any() or (lowest > highest).any()):
        raise UsageError("each difference must lie in [-1, 1], the least not above the greatest.")
    if not 0 < margin < 1:
        raise UsageError(f"a margin lies in (0, 1), not at {margin}.")
    if expected is not None and not 0 < expected <= 1:
        raise UsageError(f"an expected squared difference lies in (0, 1], not at {expected}.")
    return lowest, highest


def _log_wealth(values: Floats, margins: Floats, expected: float) -> Floats:
    """Log wealth against "the mean is at most minus the margin" after each value; one column a margin.

    A negative margin bets that the mean is above a positive bar, with the stake of the same distance.
    """
    before = np.concatenate(([0.0], np.cumsum(values**2)[:-1]))
    moment = (before + WEIGHT * expected) / (np.arange(values.size) + WEIGHT)
    bets = np.stack([_bets(moment, float(margin)) for margin in margins], axis=1)
    return np.asarray(np.cumsum(np.log1p(bets * (values[:, None] + margins)), axis=0), dtype=np.float64)


def _bets(moment: Floats, margin: float) -> Floats:
    return CAUTION * np.interp(moment, _MOMENTS, _fastest(abs(margin), margin < 0))


@lru_cache(maxsize=2 * CANDIDATES)
def _fastest(margin: float, worse: bool) -> Floats:
    """For each second moment q the bet b that grows fastest, for differences of -1, 0 and 1.

    With mean 0 it solves: sum of w (x + m) / (1 + b (x + m)) = 0, over x of -1, 0, 1 with weights q/2, 1 - q, q/2.
    The bets on "worse by the margin and more" are sized for a link that is worse by about twice the margin.
    """
    mean, bar = (min(2 * margin, (1 + margin) / 2), -margin) if worse else (0.0, margin)
    share = np.maximum(_MOMENTS, mean)[:, None]
    weights = np.concatenate(((share - mean) / 2, 1 - share, (share + mean) / 2), axis=1)
    values = np.array([-1.0, 0.0, 1.0]) + bar
    low, high = np.zeros(len(_MOMENTS)), np.full(len(_MOMENTS), 0.999 / (1 - bar))
    for _ in range(60):
        middle = (low + high) / 2
        rising = (weights * values / (1 + middle[:, None] * values)).sum(axis=1) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    return low
