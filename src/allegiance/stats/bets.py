"""The bets of the betting sequence: what is thought of the items that remain, and what is staked on it.

Items with one weight and scores near each other form a class; all that is computed is computed for classes.
Everything has a leading axis of replicates, so that one call serves a draw (one replicate) or a simulation.
Any belief and any bet is valid; good ones give narrow bounds. Why, and every constant, step by step:
docs/statistics.md, "Betting sequence, step by step".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BINS = 16
"""Bins of scores, each with about the same total weight."""
HORIZONS = (75.0, 450.0, 1800.0, 7200.0)
"""Each bet is sized to decide at about this many labels."""
SHARES = (0.08, 0.77, 0.12, 0.03)
"""The part of the wealth that starts on each bet."""
REFITS = (10, 25, 50, 75, 100, 150, 200, 300, 400, 600)
"""Labels after which the belief is fitted anew; then 800, 1200, 1600, 2400, ... (times 4/3 and 3/2 in turn)."""
RECALIBRATE = 25
"""Labels before which the scores are believed as they are."""
CLIP = 1e-5
"""Scores are kept this far from 0 and 1."""
SPREAD = (3.0, 1.0)
"""Standard deviations of the prior of intercept and slope, about 0 and 1."""
BLEND = 0.01
"""The part of each class's chance that is the mean over all classes."""
FIRST_GUESS = 0.1
"""The chance of each item before ten labels, without scores."""
KEEP = 0.02
"""No label may leave less than this part of the wealth of a bet."""
FIT_STEPS, HALVINGS, SIZE_STEPS = 20, 12, 3


class Classes(NamedTuple):
    """The population in classes: weight and number of items of each, and the logit of its mean score, if any."""

    weights: Floats
    counts: Floats
    logits: Floats | None
    expected: float
    """The sum of the scores: positives if they are right. NaN without scores."""


class Bets(NamedTuple):
    """Each bet at each label, as a line in the candidate total M; all of shape (replicates, labels, horizons).

    Its factor is ``gain - slope M``; no label could have made it less than ``worst - slope M``.
    """

    gain: Floats
    slope: Floats
    worst: Floats
    estimate: Floats
    """S + Z of each label, shape (replicates, labels): an unbiased guess at the total."""


def classes(weights: Ints, scores: Floats | None) -> tuple[Classes, Ints]:
    """The classes of a population, and the class of each item.

    Bin of an item: floor(BINS (2 w_below + w_tied) / (2 W)), in integers, where w_below is the weight of items
    with lower scores and w_tied of those with its own. Classes are the pairs (bin, weight) that occur, in order.
    """
    bins = np.zeros(weights.size, dtype=np.int64)
    clipped = None if scores is None else scores.clip(CLIP, 1 - CLIP)
    if clipped is not None:
        _, place = np.unique(clipped, return_inverse=True)
        tied = np.bincount(place, weights).astype(np.int64)
        below = np.cumsum(tied) - tied
        bins = (BINS * (2 * below + tied) // (2 * weights.sum()))[place]
    keys, place = np.unique(bins * (weights.max() + 1) + weights, return_inverse=True)
    counts = np.bincount(place).astype(np.float64)
    each = (keys % (weights.max() + 1)).astype(np.float64)
    if clipped is None:
        return Classes(each, counts, None, float("nan")), place
    mean = np.bincount(place, clipped) / counts
    return Classes(each, counts, np.log(mean / (1 - mean)), float((mean * counts).sum())), place


def refits(n: int) -> list[int]:
    """The numbers of labels, below n, after which the belief is fitted; 0 first."""
    found = [0, *REFITS]
    while found[-1] < n:
        found.append(found[-1] * 4 // 3 if len(found) % 2 else found[-1] * 3 // 2)
    return [at for at in found if at < n]


def place_bets(made: Classes, place: Ints, labels: Floats, side: int, sizing: float) -> Bets:
    """The bets of one side, label by label; each depends on the labels before it only.

    Args:
        made: The population.
        place: The class of each item drawn, shape (replicates, labels).
        labels: Their labels in [0, 1], the same shape: the low ones for side 1, the high ones for side -1.
        side: 1 stakes on the total being higher than the candidate, -1 on lower.
        sizing: Log-wealth that a bet is sized to reach at its horizon.
    """
    rows, n = labels.shape
    gain, slope, worst = np.empty((3, rows, n, len(HORIZONS)))
    book = Bets(gain, slope, worst, np.empty((rows, n)))
    counts = np.repeat(made.counts[None], rows, axis=0)
    yes, no = np.zeros_like(counts), np.zeros_like(counts)
    fitted = np.tile((0.0, 1.0), (rows, 1))
    before = refits(n)
    for start, end in zip(before, [*before[1:], n], strict=True):
        seen, got = place[:, start:end], labels[:, start:end]
        if made.logits is not None and start >= RECALIBRATE:
            fitted = _fit(made.logits, yes, no, fitted)
        belief = _belief(made, counts, yes, fitted, start)
        _epoch(book, slice(start, end), (belief, counts, yes.sum(1)), made.weights, seen, got, side, sizing)
        _tally(counts, seen, -np.ones_like(got))
        _tally(yes, seen, got)
        _tally(no, seen, 1 - got)
    return book


def _tally(table: Floats, place: Ints, amounts: Floats) -> None:
    rows, width = table.shape
    flat = (place + width * np.arange(rows)[:, None]).ravel()
    table += np.bincount(flat, amounts.ravel(), minlength=rows * width).reshape(rows, width)


def _belief(made: Classes, counts: Floats, yes: Floats, fitted: Floats, seen: int) -> Floats:
    """The chance of a positive in each class, shape (replicates, classes)."""
    if made.logits is None:
        overall = (yes.sum(1) + 0.5) / (seen + 1) if seen else np.full(len(yes), FIRST_GUESS)
        return np.repeat(overall[:, None], made.weights.size, axis=1)
    chance = _sigmoid(fitted[:, :1] + fitted[:, 1:] * made.logits)
    mean = (chance * counts).sum(1, keepdims=True) / counts.sum(1, keepdims=True)
    blended: Floats = ((1 - BLEND) * chance + BLEND * mean).clip(1e-6, 1 - 1e-6)
    return blended


def _sigmoid(z: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-z.clip(-35.0, 35.0))))


def _fit(x: Floats, yes: Floats, no: Floats, fitted: Floats) -> Floats:
    """Intercept and slope by ridge logistic regression of the labels on the logits of the scores.

    `FIT_STEPS` Newton steps from the last fit, each scaled so that the intercept moves by at most 3 and the
    slope by at most 1.
    """
    a, b = fitted[:, 0].copy(), fitted[:, 1].copy()
    ridge_a, ridge_b = 1 / SPREAD[0] ** 2, 1 / SPREAD[1] ** 2
    for _ in range(FIT_STEPS):
        chance = _sigmoid(a[:, None] + b[:, None] * x)
        pull = yes * (1 - chance) - no * chance
        bend = (yes + no) * chance * (1 - chance)
        grad_a, grad_b = pull.sum(1) - ridge_a * a, pull @ x - ridge_b * (b - 1)
        aa, ab, bb = bend.sum(1) + ridge_a, bend @ x, bend @ (x * x) + ridge_b
        det = aa * bb - ab * ab
        step_a, step_b = (bb * grad_a - ab * grad_b) / det, (aa * grad_b - ab * grad_a) / det
        scale = 1 / np.maximum(1.0, np.maximum(np.abs(step_a) / 3, np.abs(step_b)))
        a, b = a + scale * step_a, b + scale * step_b
    return np.stack((a, b), axis=1)


def _epoch(
    book: Bets,
    span: slice,
    now: tuple[Floats, Floats, Floats],
    weights: Floats,
    place: Ints,
    labels: Floats,
    side: int,
    sizing: float,
) -> None:
    """Write the bets of the labels between two fits; only what remains and the sum so far change between them."""
    belief, counts, total = now
    stake, safe = _sizes(belief, counts, weights, side, sizing)
    taken = weights[place]
    left = (counts @ weights)[:, None] - np.cumsum(taken, axis=1) + taken  # before each label
    sums = total[:, None] + np.cumsum(labels, axis=1) - labels
    rows = np.arange(len(place))[:, None]
    for j in range(len(HORIZONS)):
        kappa, payoff = stake[:, j, None], safe[:, j]
        paid = payoff[rows, place]
        spent = taken * paid
        mean = (payoff * counts * weights).sum(1)[:, None] - np.cumsum(spent, axis=1) + spent
        level = 1 - mean / left + kappa * sums / left
        book.gain[:, span, j] = paid + labels * kappa / taken + level
        book.slope[:, span, j] = kappa / left
        least = np.where(counts > 0, payoff + np.minimum(0.0, kappa / weights), np.inf).min(1)
        book.worst[:, span, j] = least[:, None] + level
    guessed = belief[rows, place]
    rest = (belief * counts).sum(1)[:, None] - np.cumsum(guessed, axis=1) + guessed
    book.estimate[:, span] = sums + rest + (labels - guessed) * left / taken


def _sizes(belief: Floats, counts: Floats, weights: Floats, side: int, sizing: float) -> tuple[Floats, Floats]:
    """The stake of each bet and what it pays on a negative: shapes (replicates, J) and (replicates, J, classes).

    A bet with stake k holds against the nearest chances r that solve r - p = -(k / w) r (1 - r), and pays
    (1 - p) / (1 - r) on a negative and k / w more on a positive. log |k| is found so
    that the expected log is sizing / horizon: `HALVINGS` of a bracket of 3 to each side of where a quadratic would
    have it, then `SIZE_STEPS` Newton steps, each of 0.002 at most.
    """
    p, w = belief[:, None], weights
    share = (counts * weights / (counts @ weights)[:, None])[:, None]
    target = np.log(sizing / np.array(HORIZONS))[None]
    spread = (share * p * (1 - p) / (w * w)).sum(2)
    size = 0.5 * (target + np.log(2 / spread))
    under, over = size - 3, size + 3
    for step in range(HALVINGS + SIZE_STEPS):
        k = side * np.exp(size)[:, :, None]
        r, root = _nearest(p, k / w)
        gain = (share * (p * np.log(p / r) + (1 - p) * np.log((1 - p) / (1 - r)))).sum(2)
        if step < HALVINGS:
            small = gain < np.exp(target)
            under, over = np.where(small, size, under), np.where(small, over, size)
            size = (under + over) / 2
            continue
        rise = np.exp(2 * size) * (share * r * (1 - r) / (w * w * root)).sum(2)
        with np.errstate(divide="ignore", invalid="ignore"):
            size = size + np.nan_to_num((target - np.log(gain)) * gain / rise).clip(-0.002, 0.002)
    stake = side * np.exp(size)
    r, _ = _nearest(p, stake[:, :, None] / w)
    return stake, (1 - p) / (1 - r)


def _nearest(p: Floats, u: Floats) -> tuple[Floats, Floats]:
    """The root in (0, 1) of u r^2 - (1 + u) r + p = 0, and the square root of its discriminant."""
    b = 1 + u
    root = np.sqrt(b * b - 4 * u * p)
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.where(b >= 0, 2 * p / (b + root), (b - root) / (2 * u))
    return r.clip(1e-300, 1 - 1e-15), root


def calibrated(scores: Floats, seen: Ints, labels: Floats) -> Floats:
    """The chance of each item by the fit of `_fit` to the labels of the items seen."""
    clipped = scores.clip(CLIP, 1 - CLIP)
    logits = np.log(clipped / (1 - clipped))
    a, b = _fit(logits[seen], labels[None], 1 - labels[None], np.array([[0.0, 1.0]]))[0]
    return _sigmoid(a + b * logits)
