"""How often a rater is right, from trusted labels of a draw: shares within a class whose size is not known."""

from __future__ import annotations

from typing import NamedTuple

from allegiance.errors import UsageError
from allegiance.stats.intervals import Interval, check_alpha

ENOUGH = 30
"""Trusted labels of each answer before a share within it is worth much."""


class Found(NamedTuple):
    """What was drawn of a class.

    Attributes:
        hits, misses: Items of the class with the property, and without it.
        maybe_hits, maybe_misses: Items that may belong to the class, with and without the property.
    """

    hits: int
    misses: int
    maybe_hits: int = 0
    maybe_misses: int = 0


def class_share(found: Found, alpha: float) -> Interval:
    """The share of a class of a finite population that has a property, after a uniform draw from the population.

    Sensitivity is such a share: among items that the trusted rater calls yes, those that the other calls yes. How
    many of the population belong to the class is not known. Given how many of the class were drawn, they are a
    uniform choice from it, so the hits are hypergeometric with an unknown class size; the binomial tails are at
    least as heavy, up to one case on either side, for which the union bound stands in. Items whose class is not
    known count where they make the interval wider. With nothing drawn of the class it is [0, 1].

    Args:
        found: What was drawn of the class.
        alpha: One minus the confidence, in (0, 1).

    Raises:
        UsageError: A count is below zero, or alpha is not in (0, 1).

    Source: Clopper and Pearson, Biometrika 26 (1934); that it holds without replacement: Uhlmann, Metrika 10
    (1966), and for one hit the union bound. Enumerated for all small populations in the tests.
    """
    check_alpha(alpha)
    if min(found) < 0:
        raise UsageError(f"no count can be below zero: {tuple(found)}.")
    hits, misses, also_hits, also_misses = found
    low = _least(hits, hits + misses + also_misses, alpha / 2)
    return Interval(low, 1 - _least(misses, hits + misses + also_hits, alpha / 2))


def ratio(part: Interval, rest: Interval) -> Interval:
    """part / (part + rest), wherever the two lie in their intervals; [0, 1] where both may be nothing."""
    low = part.low / (part.low + rest.high) if part.low + rest.high > 0 else 0.0
    high = part.high / (part.high + rest.low) if part.high + rest.low > 0 else 1.0
    return Interval(low, high)


def overlap(part: Interval, rest: Interval, known: float) -> Interval:
    """Positive agreement, 2 part / (known + part + rest).

    Args:
        part: Share that both raters call yes.
        rest: Share that the one calls yes and the other does not.
        known: Share that the other calls yes, which is known.
    """
    low = 2 * part.low / (known + part.low + rest.high) if known + part.low + rest.high > 0 else 0.0
    high = 2 * part.high / (known + part.high + rest.low) if known + part.high + rest.low > 0 else 1.0
    return Interval(low, min(1.0, high))


def more_labels(seen: int, labelled: int, wanted: int = ENOUGH) -> int:
    """About how many more labels of a like draw bring a class to `wanted`; from a share of 1 / labelled if none."""
    if seen >= wanted or labelled == 0:
        return 0 if seen >= wanted else wanted
    return -(-(wanted - seen) * labelled // max(seen, 1))


def _least(hits: int, n: int, tail: float) -> float:
    """The lower bound: the exact binomial one, or for a single hit the smaller one of the union bound."""
    from scipy.special import betaincinv  # noqa: PLC0415 - scipy is slow to import

    if hits == 0:
        return 0.0
    exact = float(betaincinv(hits, n - hits + 1, tail))
    return min(exact, tail / n) if hits == 1 else exact
