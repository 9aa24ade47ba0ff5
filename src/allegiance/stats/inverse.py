"""The declared rule "read until k positives are found": exact bounds for the share."""

from __future__ import annotations

from allegiance.errors import UsageError
from allegiance.stats.intervals import TIE, Interval, check_alpha, greatest, tail


def read_until(k: int, n: int, population: int, alpha: float, *, rank_high: int | None = None) -> Interval:
    """Where the share of positives lies, after a uniform draw was read until the k-th positive, at rank n.

    Exact and equal-tailed: it holds every number M of positives under which neither a k-th positive as early as
    this, nor one as late, is less likely than alpha / 2 (negative hypergeometric law). The rule and k must have
    been declared before the first label was seen. For "I stopped when I had enough" use `betting_interval`.

    Args:
        k: Positives that end the reading, from 1.
        n: Items read.
        population: Items in the population.
        alpha: One minus the confidence, in (0, 1).
        rank_high: Where labels are unknown: the rank of the k-th label that is not a decided no, at most `n`. The
            upper bound is taken from it. Default: `n`.

    Raises:
        UsageError: The numbers do not fit each other, or alpha is not in (0, 1).

    Source: Haldane, Biometrika 33 (1945); Johnson, Kemp and Kotz, "Univariate discrete distributions" (2005),
    section 6.2.2.
    """
    check_alpha(alpha)
    early = n if rank_high is None else rank_high
    if not 1 <= k <= early <= n <= population:
        raise UsageError(
            f"the numbers do not fit: k={k}, rank_high={early}, n={n}, population={population}.",
            next="Needed: 1 <= k <= rank_high <= n <= population.",
        )
    bar = alpha / 2 * (1 - TIE)
    # The k-th positive comes at rank n or before if n items hold k or more: negatives <= n - k.
    negatives = greatest(lambda m: tail(n - k, m, n, population) >= bar, n - k, population - k)
    # It comes at this rank or after if one item fewer holds less than k.
    most = greatest(lambda m: tail(k - 1, m, early - 1, population) >= bar, k, population - (early - k))
    return Interval((population - negatives) / population, most / population)
