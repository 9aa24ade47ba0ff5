"""An interval for the mean of a finite population that holds at every look, whatever the stopping rule.

Labels are read in ticket order: successive draws without replacement, each with a chance in proportion to the
weights of what remains. For each candidate total M, and for each side, several bets are made on every label; if M
is the total, their wealth is a martingale or falls short of one, so it ever multiplies by 1 / (alpha s) with a
chance of at most alpha s (Ville). M falls from the left with s = low_share(M), from the right with the rest; the
two add up to alpha.

Why the bets are fair. Before a label, remaining items R have weights w, W their sum, m = M - S their total, S
the labels so far. A bet pays g_i + k y / w_i - k m / W, where the mean of g over R, by weight, is 1. Its mean is
sum_R (w_i / W) (g_i + k y_i / w_i) - k m / W = 1 + k (sum_R y_i - m) / W, so 1 for the true M. All of g, k and
the shrinking may depend on what came before, and may differ by M. It is linear in y, so labels may be anything in
[0, 1]. On the side that gains from high labels (k > 0) an unknown label is taken as low as it may be, here and in
S: that only lowers the factor of the true M, so the wealth stays below a martingale. The other side, in mirror
image, takes it as high. Near M, where a bet could lose all, it is shrunk toward 1, by an amount fixed before the
label.

Source: Waudby-Smith and Ramdas, JRSS-B 86 (2024); Shekhar, Xu, Lipton, Liang and Ramdas, "Risk-limiting
financial audits via weighted sampling without replacement", UAI 2023; the sizes of bets by Grünwald, de Heide and
Koolen, "Safe testing", JRSS-B 86 (2024), theorem 1; docs/adr/0009-sequential.md.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from allegiance.errors import UsageError
from allegiance.stats.bets import KEEP, SHARES, Bets, Floats, Ints, classes, place_bets
from allegiance.stats.intervals import Interval, check_alpha

BLOCKS = 256
"""Blocks of candidate totals that shrink their bets alike."""
STEPS = 16
"""Candidates tried in the block that holds a bound; the bound is rounded outward to one of them."""
TRUST, SCALE = 0.2, 0.15
"""With scores, the least part of alpha on a side, and how fast it shifts, in logits about the sum of the scores."""

Side = Literal["both", "low", "high"]


class Looks(NamedTuple):
    """What the labels say after each of them: bounds and estimate of the mean, arrays of one entry a label."""

    low: Floats
    high: Floats
    estimate: Floats


class Order(NamedTuple):
    """A checked draw: labels as read, and all weights and scores, those of the items drawn first."""

    low: Floats
    high: Floats
    weights: Ints
    scores: Floats | None


def betting_sequence(
    low: ArrayLike,
    high: ArrayLike,
    population: int,
    alpha: float,
    *,
    weights: ArrayLike | None = None,
    remaining_weights: ArrayLike | None = None,
    scores: ArrayLike | None = None,
    remaining_scores: ArrayLike | None = None,
    side: Side = "both",
    whole: bool = False,
) -> Looks:
    """Bounds on the mean of the population after each label; with chance 1 - alpha they hold all at once.

    Valid for any population, any scores and any rule for when to stop. Each look's bounds rest on the labels up to
    it alone, and only ever narrow. When all is read, the bounds are the mean itself.

    Args:
        low, high: The least and the greatest value that each label can have, in ticket order, in [0, 1]; equal
            where the label is known.
        population: Items in the population, N.
        alpha: One minus the confidence, in (0, 1).
        weights, remaining_weights: The whole-number weights, from 1, that the draw was made with: of the items
            read, in order, and of all others, in any order. Default: a uniform draw.
        scores, remaining_scores: The chance of a positive by a judge, in [0, 1], likewise. They may be wrong: the
            bounds are wider then, not invalid. They must have been fixed before the draw.
        side: "low" or "high" spends all of alpha on one bound and leaves the other at what the labels themselves
            exclude. Choose before looking.
        whole: All values of the population are 0 or 1, so that totals are whole numbers.

    Raises:
        UsageError: The arrays do not fit each other or hold values out of range.
    """
    check_alpha(alpha)
    order = _order(low, high, population, (weights, remaining_weights), (scores, remaining_scores))
    return _looks(order, alpha, side, whole, every=True)


def betting_interval(
    low: ArrayLike,
    high: ArrayLike,
    population: int,
    alpha: float,
    *,
    weights: ArrayLike | None = None,
    remaining_weights: ArrayLike | None = None,
    scores: ArrayLike | None = None,
    remaining_scores: ArrayLike | None = None,
    side: Side = "both",
    whole: bool = False,
) -> Interval:
    """The last look of `betting_sequence`, in a fraction of the time; [0, 1] without labels. Arguments as there."""
    check_alpha(alpha)
    order = _order(low, high, population, (weights, remaining_weights), (scores, remaining_scores))
    if order.low.size == 0:
        return Interval(0.0, 1.0)
    looks = _looks(order, alpha, side, whole, every=False)
    return Interval(float(looks.low[-1]), float(looks.high[-1]))


def low_share(total: Floats, population: int, expected: float, side: Side = "both") -> Floats:
    """The part of alpha that a candidate total has on the side of the lower bound; the other side has the rest.

    A half without scores. With them, a candidate above their sum is more likely to be too high, so more is left
    for the upper bound, four fifths at most. Fixed before the draw, so valid if the scores are wrong.
    """
    if side != "both":
        return np.full(total.shape, 1.0 if side == "low" else 0.0)
    if math.isnan(expected):
        return np.full(total.shape, 0.5)
    here = np.log((total + 0.5) / (population - total + 0.5))
    there = math.log((expected + 0.5) / (population - expected + 0.5))
    return np.asarray(TRUST + (1 - 2 * TRUST) / (1 + np.exp((here - there).clip(-6.0, 6.0) / SCALE)))


def block_edges(population: int) -> Floats:
    """The ends of the blocks of candidate totals: N sin^2(pi i / 512), rounded, from 0 to N."""
    steps = np.sin(np.pi * np.arange(BLOCKS + 1) / (2 * BLOCKS)) ** 2
    return np.unique(np.floor(population * steps + 0.5))


def log_wealth(book: Bets, totals: Floats, edges: Floats) -> Floats:
    """Log of the wealth against candidate totals, after each label; shape (candidates, labels).

    Args:
        book: The bets; one replicate serves all candidates, else there is one replicate for each.
        totals: Candidate totals.
        edges: The end of each candidate's block: its right one on the low side, its left one on the high side.
    """
    wealth = np.zeros(())
    for j, share in enumerate(SHARES):
        gain, slope, worst = book.gain[:, :, j], book.slope[:, :, j], book.worst[:, :, j]
        shrink = (1 - KEEP) / np.maximum(1 - worst + slope * edges[:, None], 1 - KEEP)
        steps = np.log1p(shrink * (gain - 1 - slope * totals[:, None]))
        one = np.cumsum(steps, axis=1) + math.log(share)
        wealth = one if j == 0 else np.logaddexp(wealth, one)
    return wealth


def _order(
    low: ArrayLike,
    high: ArrayLike,
    population: int,
    weights: tuple[ArrayLike | None, ArrayLike | None],
    scores: tuple[ArrayLike | None, ArrayLike | None],
) -> Order:
    least, most = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    row = least.ndim == 1 and least.shape == most.shape
    if not row or not bool(((least >= 0) & (least <= most) & (most <= 1)).all()):
        raise UsageError("`low` and `high` must be rows of equal length with 0 <= low <= high <= 1, without NaN.")
    if population < 1 or least.size > population:
        raise UsageError(f"{least.size} labels do not fit a population of {population}.")
    heavy = _joined(weights, least.size, population, "weights")
    given = _joined(scores, least.size, population, "scores")
    sized = np.ones(population) if heavy is None else heavy
    if not bool(((sized >= 1) & (sized == np.floor(sized)) & (sized < 2**20)).all()):
        raise UsageError("the weights must be whole numbers from 1 to 1,048,575.")
    if given is not None and not bool(((given >= 0) & (given <= 1)).all()):
        raise UsageError("the scores must be in [0, 1], without NaN.", next="They are chances, not logits.")
    return Order(least, most, sized.astype(np.int64), given)


def _joined(parts: tuple[ArrayLike | None, ArrayLike | None], n: int, population: int, what: str) -> Floats | None:
    """The values of the items read, then of all others."""
    if parts[0] is None and parts[1] is None:
        return None
    rows = [np.zeros(0) if part is None else np.asarray(part, dtype=np.float64) for part in parts]
    if any(row.ndim != 1 for row in rows) or rows[0].size != n or rows[0].size + rows[1].size != population:
        raise UsageError(
            f"the {what} must be those of the {n} items read and of the {population - n} others.",
            next="Give both parts, or neither.",
        )
    return np.concatenate(rows)


def _looks(order: Order, alpha: float, side: Side, whole: bool, *, every: bool) -> Looks:
    n, population = order.low.size, order.weights.size
    if n == 0:
        return Looks(np.zeros(0), np.zeros(0), np.zeros(0))
    made, place = classes(order.weights, order.scores)
    drawn, left = place[None, :n], population - np.arange(1, n + 1)
    known = (np.cumsum(order.low), np.cumsum(order.high) + left)  # what the labels say without any chance
    bounds, guesses = list(known), []
    for i, (labels, which) in enumerate(((order.low, 1), (order.high, -1))):
        book = place_bets(made, drawn, labels[None], which, math.log(2 / alpha))
        guesses.append(np.cumsum(book.estimate[0]) / np.arange(1, n + 1))
        if side == "both" or (side == "low") == (which == 1):
            shares = _Needed(alpha, population, made.expected, side, which)
            found = _bounds(book, shares, every)
            bounds[i] = np.maximum(bounds[i], found) if which == 1 else np.minimum(bounds[i], found)
    low, high = np.maximum.accumulate(bounds[0]), np.minimum.accumulate(bounds[1])
    low, high = np.minimum(low, known[1]), np.maximum(high, known[0])
    if whole:
        low, high = np.ceil(low - 1e-9), np.floor(high + 1e-9)
    low, high = np.minimum(low, high), np.maximum(low, high)  # crossed only where all was excluded, so by chance
    estimate = ((guesses[0] + guesses[1]) / 2).clip(low, high)
    return Looks(low / population, high / population, estimate / population)


class _Needed(NamedTuple):
    """What wealth excludes a candidate, on one side."""

    alpha: float
    population: int
    expected: float
    side: Side
    which: int

    def log(self, totals: Floats) -> Floats:
        share = low_share(totals, self.population, self.expected, self.side)
        share = share if self.which == 1 else 1 - share
        return np.asarray(-np.log(self.alpha * share))


def _bounds(book: Bets, needed: _Needed, every: bool) -> Floats:
    """The bound of one side after each label, or after the last alone (the others then stay where they began).

    A block falls whole once its inner end has fallen, since in a block the wealth only grows outward. The first
    block from outside that stands holds the bound; it is cut into `STEPS`.
    """
    edges, n = block_edges(needed.population), book.gain.shape[1]
    edges = edges if needed.which == 1 else edges[::-1]  # from outside inward
    inner = edges[1:]
    fell = np.concatenate([_fallen(book, part, part, needed) for part in _parts(inner, n)])
    fell = np.maximum.accumulate(fell)  # a block behind one that stands does not count
    looks = np.arange(n) if every else np.array([n - 1])
    standing = np.searchsorted(fell, looks, side="right")
    bound = np.full(n, edges[0])
    for block in np.unique(standing).tolist():
        mine = looks[standing == block]
        bound[mine] = inner[-1] if block == inner.size else _within(book, edges, block, mine, needed)
    return bound


def _within(book: Bets, edges: Floats, block: int, looks: Ints, needed: _Needed) -> Floats:
    outer, inner = edges[block], edges[block + 1]
    tried = np.linspace(outer, inner, STEPS + 1)
    upto = Bets(*(part[:, : looks[-1] + 1] for part in book))
    fell = _fallen(upto, tried[:-1], np.full(STEPS, inner), needed)
    gone = np.searchsorted(np.maximum.accumulate(fell), looks, side="right")
    return np.asarray(tried[np.maximum(gone - 1, 0)])


def _fallen(book: Bets, totals: Floats, edges: Floats, needed: _Needed) -> Ints:
    """The first label at which each candidate is excluded; the number of labels if it stands."""
    gone = log_wealth(book, totals, edges) >= needed.log(totals)[:, None]
    n = gone.shape[1]
    return np.asarray(np.where(gone.any(axis=1), gone.argmax(axis=1), n), dtype=np.int64)


def _parts(totals: Floats, n: int) -> list[Floats]:
    """The candidates in parts that need little memory."""
    return np.array_split(totals, max(1, totals.size * n // 2_000_000))
