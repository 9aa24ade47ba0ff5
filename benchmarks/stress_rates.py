"""Cells of the stress grid for the share of a fixed corpus: how often does each interval leave out the truth?

Run by `python -m benchmarks.coverage`. A cell of a sequence counts a repetition as missed if the truth is left out
at *any* look, as by someone who stops when it is. Only the wealth against the truth is worked out for that, so it
is the method before its bounds are rounded outward.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
from benchmarks.stress_gaps import Cell, Counts
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri

from allegiance.errors import Refusal
from allegiance.stats.bets import Classes, classes, place_bets
from allegiance.stats.designs import Part, draw_weights, elusion, stratified
from allegiance.stats.intervals import Interval, hypergeometric
from allegiance.stats.inverse import read_until
from allegiance.stats.order import most_striking
from allegiance.stats.secondary import Secondary, active, ppi_plus
from allegiance.stats.sequential import betting_interval, block_edges, log_wealth, low_share

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rng = np.random.Generator

ALPHA = 0.05
RATES: tuple[float | str, ...] = (0.0, "one", 0.001, 0.01, 0.1, 0.5, 0.9, 0.99)
JUDGES = ("perfect", "good", "useless", "reversed", "+3 logits", "-3 logits")
READ = {50: 50, 500: 500, 10_000: 1000, 100_000: 500}
"""Labels read of a population, by its size."""
SIZES = (20, 50, 100, 200, 500, 2000)
UNDECIDED = (0.3, 0.05)
"""The share of positives, and of negatives, without a decided label, where labels are missing."""
CHUNK = 4_000_000
"""Random numbers made at a time."""


class Corpus(NamedTuple):
    """A fixed population: what is known of each item's label, and the truth; a judge's scores; weights."""

    y: Floats
    low: Floats
    high: Floats
    scores: Floats | None
    weights: Ints


def positives(rate: float | str, population: int) -> int | None:
    """Positives in the population; None if the rate would be that of another cell there."""
    if isinstance(rate, str):
        return 1
    count = round(rate * population)
    return None if 0 < rate < 1 and count in {0, 1, population} else count


def judged(y: Floats, judge: str, rng: Rng, auc: float = 0.95) -> Floats:
    """A judge's chances: binormal scores, right about the rate but for what its name says."""
    if judge == "perfect":
        return np.where(y > 0.5, 0.999, 0.001)
    apart = math.sqrt(2) * float(ndtri(auc))
    rate = min(max(float(y.mean()), 0.5 / y.size), 1 - 0.5 / y.size)
    signal = rng.standard_normal(y.size) + apart * y
    logits = logit(rate) + apart * signal - apart**2 / 2
    if judge == "useless":
        logits = rng.permutation(logits)
    if judge == "reversed":
        logits = 2 * logit(rate) - logits
    return np.asarray(expit(logits + {"+3 logits": 3, "-3 logits": -3}.get(judge, 0)))


def corpus(y: Floats, judge: str | None, missing: bool, rng: Rng) -> Corpus:
    """A population with these labels, a judge or none, and undecided labels or none."""
    y = rng.permutation(y)
    hidden = np.zeros(y.size, dtype=bool)
    if missing:
        hidden = rng.random(y.size) < np.where(y > 0.5, *UNDECIDED)
    scores = None if judge is None else judged(y, judge, rng)
    weights = np.ones(y.size, np.int64) if scores is None else draw_weights(scores)
    return Corpus(y, np.where(hidden, 0.0, y), np.where(hidden, 1.0, y), scores, weights)


def draws(weights: Ints, n: int, reps: int, rng: Rng) -> Iterator[Ints]:
    """Orders of successive weighted draws without replacement, in parts of shape (some, n).

    By an exponential race; from a large corpus, by draws with replacement less their repeats, which is the same.
    """
    large = weights.size > 50_000 and 100 * n <= weights.size
    size = max(1, CHUNK // (n if large else weights.size))
    for start in range(0, reps, size):
        rows = min(size, reps - start)
        if large:
            picks = rng.random((rows, n + 100)) * weights.sum()
            again = np.searchsorted(np.cumsum(weights), picks, side="right")
            yield np.stack([row[np.sort(np.unique(row, return_index=True)[1])][:n] for row in again])
            continue
        times = rng.standard_exponential((rows, weights.size)) / weights
        first = np.argpartition(times, n - 1, axis=1)[:, :n] if n < weights.size else np.argsort(times, axis=1)
        rank = np.argsort(np.take_along_axis(times, first, axis=1), axis=1)
        yield np.take_along_axis(first, rank, axis=1)


def ever_missed(of: Corpus, made: tuple[Classes, Ints], order: Ints, alpha: float = ALPHA) -> NDArray[np.bool_]:
    """Whether the truth is left out at some look, for each order of shape (reps, n)."""
    total, population = np.array([of.y.sum()]), of.y.size
    edges = block_edges(population)
    right = edges[np.searchsorted(edges, total, side="left")]
    left = edges[np.searchsorted(edges, total, side="right") - 1]
    share = float(low_share(total, population, made[0].expected)[0])
    missed = np.zeros(len(order), dtype=bool)
    for labels, side, edge, part in ((of.low, 1, right, share), (of.high, -1, left, 1 - share)):
        book = place_bets(made[0], made[1][order], labels[order], side, math.log(2 / alpha))
        rows = np.ones(len(order))
        wealth = log_wealth(book, total * rows, edge * rows)
        missed |= (wealth >= -math.log(alpha * part)).any(axis=1)
    return missed


def _sequence(y: Floats, judge: str | None, missing: bool, n: int) -> Cell:
    population = y.size

    def run(rng: Rng, reps: int) -> Counts:
        of = corpus(y, judge, missing, rng)
        made = classes(of.weights, of.scores)
        missed, widths = 0, []
        for order in draws(of.weights, n, reps, rng):
            for part in np.array_split(order, max(1, order.size // 100_000)):
                missed += int(ever_missed(of, made, part).sum())
            if len(widths) < 4:
                widths.append(_width(of, order[0]))
        return Counts(missed, 0, reps, float(np.mean(widths)))

    shape = "severities" if np.any((y > 0) & (y < 1)) else "labels"
    about = {"N": population, "total": round(float(y.sum()), 2), "n": n, "judge": judge, "missing": missing}
    return Cell(f"every look, {'uniform' if judge is None else 'weighted'}", about | {"values": shape}, run)


def _width(of: Corpus, order: Ints) -> float:
    rest = np.setdiff1d(np.arange(of.y.size), order)
    given = {} if of.scores is None else {"scores": of.scores[order], "remaining_scores": of.scores[rest]}
    span = betting_interval(
        of.low[order],
        of.high[order],
        of.y.size,
        ALPHA,
        weights=of.weights[order],
        remaining_weights=of.weights[rest],
        **given,
    )
    return span.high - span.low


def _labels(count: int, population: int) -> Floats:
    return (np.arange(population) < count).astype(np.float64)


def sequences() -> Iterator[Cell]:
    """Draws read in ticket order, looked at after every label."""
    for (population, n), rate, missing in product(READ.items(), RATES, (False, True)):
        count = positives(rate, population)
        if count is None:
            continue
        y = _labels(count, population)
        yield _sequence(y, None, missing, n)
        for judge in JUDGES:
            yield _sequence(y, judge, missing, n)
    for rate, judge in product((0.001, 0.01, 0.1, 0.5), (None, "good", "reversed")):
        yield _sequence(_labels(round(rate * 10_000), 10_000), judge, False, 2000)
    for population, (a, b), judge in product((500, 10_000), ((0.05, 2.0), (1.0, 1.0)), (None, "good", "reversed")):
        rng = np.random.default_rng(population)
        yield _sequence(np.round(rng.beta(a, b, population) * 4) / 4, judge, population == 500, 500)


def _fixed(count: int, population: int, n: int, missing: bool) -> Cell:
    def run(rng: Rng, reps: int) -> Counts:
        yes = rng.hypergeometric(count, population - count, n, reps)
        hidden = rng.binomial(yes, UNDECIDED[0]) if missing else np.zeros_like(yes)
        unknown = hidden + (rng.binomial(n - yes, UNDECIDED[1]) if missing else 0)
        spans = [_hyper(int(k), n, population, int(u)) for k, u in zip(yes - hidden, unknown, strict=True)]
        return counted(count / population, spans)

    return Cell("fixed n, uniform", {"N": population, "total": count, "n": n, "missing": missing}, run)


@cache
def _hyper(yes: int, n: int, population: int, unknown: int) -> Interval:
    return hypergeometric(yes, n, population, ALPHA, unknown=unknown)


def counted(truth: float, spans: list[Interval | Secondary | None]) -> Counts:
    """The counts of repetitions, None where the interval was refused."""
    given = [span for span in spans if span is not None]
    missed = sum(not span.low - 1e-12 <= truth <= span.high + 1e-12 for span in given)
    width = float(np.mean([span.high - span.low for span in given])) if given else float("nan")
    return Counts(missed, len(spans) - len(given), len(spans), width)


def fixed_draws() -> Iterator[Cell]:
    """Uniform draws of declared size."""
    for population, rate, n, missing in product(READ, RATES, SIZES, (False, True)):
        count = positives(rate, population)
        if count is not None and n <= population:
            yield _fixed(count, population, n, missing)


def _until(count: int, population: int, k: int) -> Cell:
    ranks = cache(lambda n: read_until(k, n, population, ALPHA))

    def run(rng: Rng, reps: int) -> Counts:
        spans: list[Interval | Secondary | None] = []
        for order in draws(np.ones(population, np.int64), population, reps, rng):
            found = np.sort(np.argpartition(order, count - 1, axis=1)[:, :count], axis=1)[:, k - 1]
            spans += [ranks(int(n) + 1) for n in found]
        return counted(count / population, spans)

    return Cell("read until k", {"N": population, "total": count, "k": k}, run)


def inverse_draws() -> Iterator[Cell]:
    """Reading until a declared number of positives."""
    for population, rate, k in product((50, 500, 5000), RATES, (1, 3, 10)):
        count = positives(rate, population)
        if count is not None and count >= k:
            yield _until(count, population, k)


def _parts(population: int, rate: float, judge: str, sizes: tuple[float, ...], n: int) -> Cell:
    """Parts of a ranking by score, of these shares, n drawn from each; with n zero, the first is read whole."""

    def run(rng: Rng, reps: int) -> Counts:
        y = _labels(round(rate * population), population)
        ranked = y[np.argsort(-judged(y, judge, rng), kind="stable")]
        held = np.split(ranked, [round(population * size) for size in np.cumsum(sizes)])
        drawn = [min(n, part.size) if n or i else part.size for i, part in enumerate(held)]
        drawn = [d or min(200, part.size) for d, part in zip(drawn, held, strict=True)]
        seen = [
            rng.hypergeometric(int(part.sum()), part.size - int(part.sum()), d, reps)
            for part, d in zip(held, drawn, strict=True)
        ]
        spans = [
            _combined(tuple(map(int, row)), tuple(drawn), tuple(part.size for part in held), n == 0)
            for row in zip(*seen, strict=True)
        ]
        return counted(float(y.mean()), spans)

    name = "stratified" if n else "elusion"
    return Cell(name, {"N": population, "rate": rate, "judge": judge, "parts": sizes, "n": n}, run)


@cache
def _combined(yes: tuple[int, ...], n: tuple[int, ...], sizes: tuple[int, ...], census: bool) -> Interval:
    parts = [Part(*one) for one in zip(yes, n, sizes, strict=True)]
    return elusion(parts[0], parts[1], ALPHA) if census else stratified(parts, ALPHA)


def parted_draws() -> Iterator[Cell]:
    """A ranking read whole at the top and drawn from below, and draws from several parts of it."""
    for population, rate, judge in product((500, 10_000), (0.002, 0.01, 0.1, 0.5), ("good", "reversed")):
        yield _parts(population, rate, judge, (0.1,), 0)
        yield _parts(population, rate, judge, (0.2,), 100)
        yield _parts(population, rate, judge, (0.1, 0.2), 50)


def _striking(population: int, n: int) -> Cell:
    def run(rng: Rng, reps: int) -> Counts:
        span = most_striking(n, population, ALPHA)
        # The best of n without replacement: P(R > r) is the chance that none of the r best was drawn.
        best = np.concatenate([o.min(axis=1) for o in draws(np.ones(population, np.int64), n, reps, rng)])
        share = (best + 1) / population
        missed = int(((share < span.low - 1e-12) | (share > span.high + 1e-12)).sum())
        return Counts(missed, 0, reps, span.high - span.low)

    return Cell("most striking of n", {"N": population, "n": n}, run)


def _second(rate: float, n: int, method: str) -> Cell:
    population = 10_000

    def run(rng: Rng, reps: int) -> Counts:
        of = corpus(_labels(round(rate * population), population), "good", False, rng)
        assert of.scores is not None
        weights = np.ones(population, np.int64) if method == "ppi++" else of.weights
        spans: list[Interval | Secondary | None] = []
        for order in draws(weights, n, reps, rng):
            spans += [_second_line(of, row, weights, method) for row in order]
        return counted(float(of.y.mean()), spans)

    return Cell(f"second line, {method}", {"N": population, "rate": rate, "n": n}, run)


def _second_line(of: Corpus, order: Ints, weights: Ints, method: str) -> Secondary | None:
    assert of.scores is not None
    rest = np.ones(of.y.size, dtype=bool)
    rest[order] = False
    y, f, others = of.y[order], of.scores[order], of.scores[rest]
    try:
        if method == "ppi++":
            return ppi_plus(y, f, others, ALPHA)
        return active(y, f, weights[order], others, weights[rest], ALPHA)
    except Refusal:
        return None


def cells() -> Iterator[Cell]:
    """The whole grid for rates of a corpus."""
    yield from fixed_draws()
    yield from inverse_draws()
    yield from parted_draws()
    for population, n in ((50, 1), (50, 20), (500, 5), (500, 50), (10_000, 50), (10_000, 500)):
        yield _striking(population, n)
    for rate, n, method in product((0.001, 0.01, 0.1, 0.5), (100, 500, 1000), ("ppi++", "active")):
        yield _second(rate, n, method)
    yield from sequences()
