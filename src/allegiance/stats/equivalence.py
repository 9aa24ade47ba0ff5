"""Whether two arms are shown to differ by less than a margin: "no gap", said so that it can be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from allegiance.errors import UsageError
from allegiance.stats.gaps import difference_interval
from allegiance.stats.intervals import check_alpha

EQUIVALENT: Literal["equivalent"] = "equivalent"
NOT_SHOWN: Literal["not shown"] = "not shown"


@dataclass(frozen=True, slots=True)
class Equivalence:
    """The answer to "is the gap smaller than the margin?".

    Attributes:
        verdict: ``equivalent``, or ``not shown``; the latter does not say that there is a gap.
        margin: The margin that was asked for, declared before the labels were seen; in (0, 1].
        alpha: Greatest chance of ``equivalent`` where the gap is at least the margin.
        low, high: The interval at confidence 1 - 2 alpha: each side has a chance of at most alpha to be wrong.
        smallest: What the data do support: at confidence 1 - alpha the gap, in size, is at most this.
        requests: Requests.
        method: Name of the method that made the interval.
    """

    verdict: Literal["equivalent", "not shown"]
    margin: float
    alpha: float
    low: float
    high: float
    smallest: float
    requests: int
    method: str


def no_gap(
    d_low: ArrayLike, d_high: ArrayLike, margin: float, alpha: float = 0.05, *, method: str = "betting"
) -> Equivalence:
    """Whether the mean difference is shown to lie inside of (-margin, margin).

    Two one-sided tests, each at alpha: the verdict is ``equivalent`` if the interval at confidence 1 - 2 alpha,
    with at most alpha on each side, lies inside of the margins. This needs no correction for two tests. Suppose
    that the gap g is at least the margin. The verdict then needs high < margin <= g, and high < g has a chance
    of at most alpha; the same from below if g is at most minus the margin. g cannot be both, so whatever it is, a
    false ``equivalent`` has a chance of at most alpha. With the method ``betting`` this holds at every number of
    requests and whatever the differences; ``paired-t`` and ``bootstrap-t`` are secondary: with the latter a gap of
    the margin was called ``equivalent`` in up to 11.6 % of the repetitions that were not refused.

    `smallest` is max(-low, high). If g >= 0, g > smallest needs g > high, which has a chance of at most alpha; the
    same below. So "the gap is at most `smallest`" holds with confidence 1 - alpha although the data chose it,
    and the verdict is ``equivalent`` for every margin above it.

    Args:
        d_low, d_high: The least and the greatest that the difference of each request can be, in [-1, 1]; shape
            (m,) each. Where all labels are decided, the same row twice.
        margin: The least gap that matters, in (0, 1].
        alpha: Greatest chance of a false ``equivalent``, in (0, 0.5).
        method: ``betting``, ``paired-t`` or ``bootstrap-t``.

    Raises:
        Refusal: The conditions of the method do not hold.
        UsageError: The margin or alpha is out of its range, or the differences are.
        UnknownName: There is no such method.

    Source: Schuirmann, J. Pharmacokin. Biopharm. 15 (1987); no correction needed: Berger, Technometrics 24 (1982).
    """
    check_alpha(alpha)
    if not (0 < margin <= 1 and alpha < 0.5):
        raise UsageError(
            f"the margin must lie in (0, 1] and alpha in (0, 0.5), not {margin} and {alpha}.",
            next="A margin of 0.05 means five points.",
        )
    least, most = np.asarray(d_low, dtype=np.float64), np.asarray(d_high, dtype=np.float64)
    span = difference_interval(least, most, 2 * alpha, method)
    inside = -margin < span.low and span.high < margin
    smallest = max(-span.low, span.high)
    verdict = EQUIVALENT if inside else NOT_SHOWN
    return Equivalence(verdict, margin, alpha, span.low, span.high, smallest, int(least.size), method)
