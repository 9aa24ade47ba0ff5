"""Do the intervals and tests of gaps, rates of arms, audits and families keep what they say, where it is hard?

    python benchmarks/stress_gaps.py              1,000 repetitions a cell, about 20 minutes
    python benchmarks/stress_gaps.py --quick      a fifth of the cells, 200 repetitions each
    python benchmarks/stress_gaps.py --json FILE  writes every cell besides the table

Few requests, rare events, requests that differ widely, gaps of their own for each request, missing labels. A method
*holds* if none of its cells misses more than its share by a test of all cells at once; only such a method may be a
default. A refused interval neither holds the truth nor misses it.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import beta, binom

from allegiance.errors import Refusal
from allegiance.stats.audited import Chances, audited_gap
from allegiance.stats.clusters import bootstrap_t, event_bound, event_gap, logit_t, sign_test
from allegiance.stats.equivalence import EQUIVALENT, no_gap
from allegiance.stats.experiments import interaction, seed_units
from allegiance.stats.gaps import difference_interval, sign_flip
from allegiance.stats.intervals import Interval, bounded_mean
from allegiance.stats.multiplicity import family, selected_intervals

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ALPHA = 0.05
REQUESTS = (5, 10, 20, 50, 100, 200)
RATES = ((0.0, 0.0), (0.01, 0.01), (0.05, 0.0), (0.2, 0.05), (0.5, 0.5), (0.5, 0.2))
SPREADS = ((0.0, 0.0), (2.0, 0.0), (2.0, 1.0))
"""Standard deviations over requests, in logits: of a request's level, and of its own gap."""
SAMPLES = (1, 3, 10)
NODES, MASS = np.polynomial.hermite_e.hermegauss(80)


class Counts(NamedTuple):
    """What became of the repetitions: missed (parts of one for selections), refused, all; mean width."""

    missed: float
    refused: int
    reps: int
    width: float = float("nan")


@dataclass(frozen=True)
class Cell:
    """One method in one population; `simulate` repeats it with a generator."""

    name: str
    parameters: dict[str, object]
    simulate: Callable[[np.random.Generator, int], Counts] = field(repr=False)


@dataclass(frozen=True)
class Row:
    """A cell and what became of it."""

    cell: Cell
    counts: Counts

    @property
    def coverage(self) -> float:
        """One minus the share of all repetitions that miss."""
        return 1 - self.counts.missed / self.counts.reps

    @property
    def given(self) -> int:
        """Repetitions that were not refused."""
        return self.counts.reps - self.counts.refused

    @property
    def when_given(self) -> float:
        """One minus the share that miss of those given; NaN if none was."""
        return 1 - self.counts.missed / self.given if self.given else float("nan")

    @property
    def p(self) -> float:
        """How likely so many misses of those given are, if each has a chance of alpha."""
        return float(binom.sf(np.ceil(self.counts.missed - 1e-9) - 1, max(self.given, 1), ALPHA))


@dataclass(frozen=True)
class Population:
    """Requests with `k` samples in each arm; rates of the arms over all requests; spreads in logits."""

    m: int
    k: int
    rates: tuple[float, float]
    spread: tuple[float, float] = (0.0, 0.0)
    missing: bool = False
    whole: bool = False
    """A request complies in all samples of the first arm or in none, and never in the second."""

    def arms(self, rng: np.random.Generator, reps: int) -> list[Floats]:
        """The rates of the requests, shape (reps, m) for each arm."""
        size, (sd, own) = (reps, self.m), self.spread
        if self.whole:
            return [(rng.random(size) < self.rates[0]).astype(np.float64), np.zeros(size)]
        level, gap = sd * rng.standard_normal(size), own * rng.standard_normal(size)
        first = expit(intercept(self.rates[0], sd) + level)
        return [first, expit(intercept(self.rates[1], float(np.hypot(sd, own))) + level + gap)]

    def counts(self, rng: np.random.Generator, reps: int) -> list[Ints]:
        """Samples seen to comply, and those that may; for each arm, shape (reps, m)."""
        out = []
        for rate in self.arms(rng, reps):
            yes = rng.binomial(self.k, rate)
            hidden = rng.binomial(yes, 0.3 * self.missing)
            out += [yes - hidden, yes + rng.binomial(self.k - yes, 0.05 * self.missing)]
        return out


@cache
def intercept(rate: float, sd: float) -> float:
    """The logit at which the mean of expit(logit + sd z) is the rate, by Gauss-Hermite quadrature."""
    if rate in (0.0, 1.0):
        return -np.inf if rate == 0 else np.inf
    return float(brentq(lambda b: expit(b + sd * NODES) @ MASS / MASS.sum() - rate, -40, 40))


def populations() -> list[Population]:
    """All combinations of requests, rates and spreads, with 1, 3 or 10 samples in turn; then the odd ones."""
    grid = enumerate(product(REQUESTS, RATES, SPREADS))
    plain = [Population(m, SAMPLES[(i + i // 3) % 3], rates, spread) for i, (m, rates, spread) in grid]
    missing = [Population(m, 3, r, (2.0, 1.0), missing=True) for m in REQUESTS for r in RATES[1:4]]
    whole = [Population(m, 1, (rate, 0.0), whole=True) for m in REQUESTS for rate in (0.01, 0.05)]
    return plain + missing + whole


def cells() -> Iterator[Cell]:
    """The whole grid, method by method."""
    for pop in populations():
        about = {"m": pop.m, "k": pop.k, "rates": pop.rates, "spread": pop.spread}
        about |= {"missing": pop.missing, "whole": pop.whole}
        for name, least in GAPS.items():
            if pop.m >= least:
                yield Cell(f"gap, {name}", about, _gap(pop, name))
        for name in RATE:
            if not (pop.missing and name in {"logit-t", "bootstrap-t"}):
                yield Cell(f"rate, {name}", about, _rate(pop, name))
        if pop.rates[0] > pop.rates[1] and pop.m >= 20:
            for method in ("betting", "bootstrap-t"):
                yield Cell(f"no gap, {method}", about, _no_gap(pop, method))
        if pop.rates[0] == pop.rates[1] and not pop.missing:
            for test in TESTS:
                yield Cell(f"test, {test}", about, _test(pop, test))
    yield from _interaction_cells()
    yield from _audited_cells()
    yield from _family_cells()
    yield from _seed_cells()


GAPS = {"betting": 0, "events": 0, "bootstrap-t": 0, "paired-t": 50}
RATE = ("betting", "events", "bootstrap-t", "logit-t")
TESTS = {"sign-flip": sign_flip, "sign": lambda d: sign_test(d).p_value, "sign-flip, equal means": sign_flip}

Span = Interval | None


def _counted(truth: float, spans: Iterable[Span]) -> Counts:
    rows = list(spans)
    given = [s for s in rows if s is not None]
    missed = sum(not s.low - 1e-9 <= truth <= s.high + 1e-9 for s in given)
    width = float(np.mean([s.high - s.low for s in given])) if given else float("nan")
    return Counts(missed, len(rows) - len(given), len(rows), width)


def _gap(pop: Population, method: str) -> Callable[[np.random.Generator, int], Counts]:
    def run(rng: np.random.Generator, reps: int) -> Counts:
        truth, parts = pop.rates[0] - pop.rates[1], pop.counts(rng, reps)
        if method == "events":
            some = ((parts[1] > 0).sum(axis=1), (parts[3] > 0).sum(axis=1))
            return _counted(truth, (_events(int(a), int(b), pop.m) for a, b in zip(*some, strict=True)))
        low, high = parts[0] - parts[3], parts[1] - parts[2]
        return _counted(truth, (_difference(*_key(a, b), pop.k, method) for a, b in zip(low, high, strict=True)))

    return run


def _key(low: Ints, high: Ints) -> tuple[bytes, bytes]:
    order = np.lexsort((high, low))
    return low[order].astype(np.int16).tobytes(), high[order].astype(np.int16).tobytes()


def _row(data: bytes, k: int) -> Floats:
    return np.frombuffer(data, dtype=np.int16) / k


@lru_cache(maxsize=2**15)
def _difference(low: bytes, high: bytes, k: int, method: str, alpha: float = ALPHA) -> Span:
    try:
        return difference_interval(_row(low, k), _row(high, k), alpha, method)
    except Refusal:
        return None


@cache
def _events(first: int, second: int, m: int) -> Interval:
    return event_gap(*(event_bound(np.arange(m), np.arange(m) < n, ALPHA) for n in (first, second)))


def _rate(pop: Population, method: str) -> Callable[[np.random.Generator, int], Counts]:
    def run(rng: np.random.Generator, reps: int) -> Counts:
        low, high, *_ = pop.counts(rng, reps)
        if method == "events":
            return _counted(_any_event(pop), (_seen(int(a), int(b), pop.m) for a, b in _some(low, high)))
        return _counted(pop.rates[0], (_mean(*_key(a, b), pop.k, method) for a, b in zip(low, high, strict=True)))

    return run


def _some(low: Ints, high: Ints) -> Iterable[tuple[int, int]]:
    return zip((low > 0).sum(axis=1), (high > 0).sum(axis=1), strict=True)


def _any_event(pop: Population) -> float:
    """The chance that a request of the first arm shows any event in k samples."""
    if pop.whole:
        return pop.rates[0]
    rate = expit(intercept(pop.rates[0], pop.spread[0]) + pop.spread[0] * NODES)
    return float((1 - (1 - rate) ** pop.k) @ MASS / MASS.sum())


@cache
def _seen(seen: int, possible: int, m: int) -> Interval:
    y = np.where(np.arange(m) < seen, 1.0, np.where(np.arange(m) < possible, np.nan, 0.0))
    return Interval(*event_bound(np.arange(m), y, ALPHA)[3:])


@lru_cache(maxsize=2**15)
def _mean(low: bytes, high: bytes, k: int, method: str) -> Span:
    x, y = _row(low, k), _row(high, k)
    try:
        if method == "betting":
            return bounded_mean(x, ALPHA, high=y)
        return logit_t(x, ALPHA) if method == "logit-t" else bootstrap_t(x, y, ALPHA)
    except Refusal:
        return None


def _no_gap(pop: Population, method: str) -> Callable[[np.random.Generator, int], Counts]:
    """A miss is "equivalent" with the true gap as the margin."""

    def run(rng: np.random.Generator, reps: int) -> Counts:
        parts = pop.counts(rng, reps)
        rows = zip((parts[0] - parts[3]) / pop.k, (parts[1] - parts[2]) / pop.k, strict=True)
        missed = refused = 0
        for low, high in rows:
            try:
                answer = no_gap(low, high, pop.rates[0] - pop.rates[1], ALPHA, method=method)
                missed += answer.verdict == EQUIVALENT
            except Refusal:
                refused += 1
        return Counts(missed, refused, reps)

    return run


def _test(pop: Population, test: str) -> Callable[[np.random.Generator, int], Counts]:
    """A miss is a p-value of at most alpha where the arms are as likely to be either way round.

    With "equal means" the arms have the same mean only: the differences may lean.
    """

    def run(rng: np.random.Generator, reps: int) -> Counts:
        first, _, second, _ = pop.counts(rng, reps)
        turned = 1 if test.endswith("equal means") else np.where(rng.random(first.shape) < 0.5, 1, -1)
        d = turned * (first - second) / pop.k
        return Counts(sum(TESTS[test](row) <= ALPHA for row in d), 0, reps)

    return run


def _interaction_cells() -> Iterator[Cell]:
    """Four arms of the same requests, three samples each; a tenth of the positives is not decided."""
    for m, rates in product((10, 50, 200), ((0.02, 0.02, 0.02, 0.02), (0.5, 0.1, 0.1, 0.1), (0.3, 0.0, 0.0, 0.3))):
        yield Cell("interaction, betting", {"m": m, "k": 3, "rates": rates}, _interaction(m, rates))


def _interaction(m: int, rates: tuple[float, ...]) -> Callable[[np.random.Generator, int], Counts]:
    request, arm = np.repeat(np.arange(m), 12), np.tile(np.repeat(np.arange(4), 3), m)
    at = np.array([intercept(rate, 2.0) for rate in rates])

    def run(rng: np.random.Generator, reps: int) -> Counts:
        spans: list[Span] = []
        for _ in range(reps):
            chance = expit(at + 2 * rng.standard_normal((m, 1)))
            y = (rng.random((m, 12)) < np.repeat(chance, 3, axis=1)).astype(np.float64).ravel()
            y[(y == 1) & (rng.random(y.size) < 0.1)] = np.nan
            told = interaction(request, arm < 2, arm % 2 == 0, y, alpha=ALPHA)
            spans.append(Interval(told.low, told.high))
        return _counted(rates[0] - rates[1] - rates[2] + rates[3], spans)

    return run


AUDITS = ((Chances(0.1, 1.0), Chances(0.1, 1.0)), (Chances(0.3, 0.5), Chances(0.3, 0.5)))
RATERS = {
    "good": ((0.9, 0.9), (0.97, 0.97)),
    "differs": ((0.9, 0.6), (0.99, 0.9)),
    "bad": ((0.3, 0.3), (0.6, 0.6)),
    "blind": ((0.0, 0.0), (1.0, 1.0)),
}
"""Sensitivity and specificity in the first and in the second arm."""


def _audited_cells() -> Iterator[Cell]:
    rates, designs = ((0.02, 0.0), (0.1, 0.1), (0.3, 0.1)), ("independent", "fixed")
    for i, (m, pair, rater) in enumerate(product((20, 50, 100, 200), rates, ("good", "differs", "bad"))):
        design, chances = designs[(i + i // 9) % 2], AUDITS[(i // 2) % 2]
        pop = Population(m, (5, 2)[(i // 3) % 2], pair, (2.0, 1.0))
        about: dict[str, object] = {"m": m, "k": pop.k, "rates": pair, "rater": rater, "design": design}
        about |= {"chances": [tuple(c) for c in chances]}
        yield from _both(about, pop, rater, design, chances)
    for i, (m, rate, k) in enumerate(product((50, 100, 200), (0.02, 0.1), (1, 5))):
        pop, design = Population(m, k, (rate, 0.0), whole=True), designs[i % 2]
        about = {"m": m, "k": k, "rates": pop.rates, "whole": True, "rater": "blind", "design": design}
        yield from _both(about, pop, "blind", design, AUDITS[0])


def _both(
    about: dict[str, object], pop: Population, rater: str, design: str, chances: tuple[Chances, Chances]
) -> Iterator[Cell]:
    for method in ("betting", "two-phase-t"):
        if method == "betting" or pop.m >= 50:
            yield Cell(f"audited, {method}", about, _audited(pop, rater, design, chances, method))


def _audited(
    pop: Population, rater: str, design: str, chances: tuple[Chances, Chances], method: str
) -> Callable[[np.random.Generator, int], Counts]:
    def run(rng: np.random.Generator, reps: int) -> Counts:
        rates = np.repeat(np.stack(pop.arms(rng, reps), axis=2), pop.k, axis=2)  # (reps, m, 2 k)
        y = (rng.random(rates.shape) < rates).reshape(reps, -1)
        side = np.tile(np.repeat([True, False], pop.k), pop.m)
        se, sp = (np.where(side, *pair) for pair in RATERS[rater])
        label = np.where(y, rng.random(y.shape) < se, rng.random(y.shape) >= sp).astype(np.float64)
        request, truth = np.repeat(np.arange(pop.m), 2 * pop.k), pop.rates[0] - pop.rates[1]
        spans: list[Span] = []
        for labels, truths in zip(label, y.astype(np.float64), strict=True):
            drawn = audit(rng, side, labels, chances, design)
            try:
                g = audited_gap(
                    request, side, labels, truths, drawn, chances, design=design, alpha=ALPHA, method=method
                )
                spans.append(Interval(g.low, g.high))
            except Refusal:
                spans.append(None)
        return _counted(truth, spans)

    return run


def audit(
    rng: np.random.Generator, side: NDArray[np.bool_], label: Floats, chances: tuple[Chances, Chances], design: str
) -> NDArray[np.bool_]:
    """Which transcripts are drawn, by arm and label."""
    drawn = np.zeros(label.size, dtype=np.bool_)
    for arm, value in product((0, 1), (0, 1)):
        items, chance = np.flatnonzero((side == (arm == 0)) & (label == value)), chances[arm][value]
        if design == "independent":
            drawn[items] = rng.random(items.size) < chance
        else:
            drawn[rng.permutation(items)[: int(np.ceil(chance * items.size - 1e-9))]] = True
    return drawn


def _family_cells() -> Iterator[Cell]:
    """20 contrasts without a gap: a miss is a rejection. 20 of which 5 have one: misses among those selected."""
    for m, shared in ((10, False), (50, False), (50, True), (200, True)):
        about: dict[str, object] = {"m": m, "k": 5, "contrasts": 20, "shared arm": shared}
        for name in ("uncorrected", "max-t", "holm"):
            yield Cell(f"family, {name}", about, _family(m, shared, name))
    for m in (50, 100):
        yield Cell("selected, e-BY", {"m": m, "k": 5, "contrasts": 20, "with a gap": 5}, _selected(m))


def arms_of(rng: np.random.Generator, m: int, arms: int, rates: Floats) -> Floats:
    """Means of five samples of m requests in several arms, request levels of sd 2 logits; shape (m, arms)."""
    at = np.array([intercept(float(rate), 2.0) for rate in np.broadcast_to(rates, arms)])
    return rng.binomial(5, expit(at + 2 * rng.standard_normal((m, 1)))) / 5


def _family(m: int, shared: bool, name: str) -> Callable[[np.random.Generator, int], Counts]:
    def run(rng: np.random.Generator, reps: int) -> Counts:
        missed = 0
        for _ in range(reps):
            y = arms_of(rng, m, 21 if shared else 40, np.array(0.2))
            told = family(y[:, 1:] - y[:, :1] if shared else y[:, :20] - y[:, 20:], draws=999)
            missed += min({"uncorrected": told.p, "max-t": told.max_t, "holm": told.holm}[name]) <= ALPHA
        return Counts(missed, 0, reps)

    return run


def _selected(m: int) -> Callable[[np.random.Generator, int], Counts]:
    def run(rng: np.random.Generator, reps: int) -> Counts:
        rates, missed, some = np.r_[np.full(5, 0.5), np.full(35, 0.2)], 0.0, 0
        for _ in range(reps):
            y = arms_of(rng, m, 40, rates)
            d = list((y[:, :20] - y[:, 20:]).T)
            picked = [int(i) for i in np.argsort([-abs(x.mean()) for x in d])[:5]]
            spans = selected_intervals(d, d, picked, ALPHA)
            truths = [0.3 if i < 5 else 0.0 for i in picked]
            missed += float(np.mean([not s.low <= t <= s.high for s, t in zip(spans, truths, strict=True)]))
            some += 1
        return Counts(missed, reps - some, reps)

    return run


def _seed_cells() -> Iterator[Cell]:
    for n, kind in product((3, 4, 5), ("normal", "one in five goes far", "half go far")):
        for name in ("bounded", "t"):
            yield Cell(f"seeds, {name}", {"seeds": n, "values": kind}, _seeds(n, kind, name))


def _seeds(n: int, kind: str, name: str) -> Callable[[np.random.Generator, int], Counts]:
    far = {"normal": 0.0, "one in five goes far": 0.2, "half go far": 0.5}[kind]

    def run(rng: np.random.Generator, reps: int) -> Counts:
        x = 0.6 * (rng.random((reps, n)) < far) + 0.02 * rng.standard_normal((reps, n)) + 0.1
        spans: list[Span] = []
        for row in x:
            told = seed_units(row, ALPHA)
            if name == "bounded":
                spans.append(Interval(told.low, told.high))
            else:
                spans.append(
                    None if told.t_low is None or told.t_high is None else Interval(told.t_low, told.t_high)
                )
        return _counted(0.1 + 0.6 * far, spans)

    return run


def table(reps: int, seed: int = 1, grid: Iterable[Cell] | None = None) -> Iterator[Row]:
    """Each cell, repeated `reps` times with a generator of its own, whatever other cells are run."""
    for cell in cells() if grid is None else grid:
        key = zlib.crc32(f"{cell.name} {cell.parameters}".encode())
        yield Row(cell, cell.simulate(np.random.default_rng([seed, key]), reps))


def holds(rows: list[Row]) -> bool:
    """Whether no cell misses more than its share of those given: each at 0.05 / cells (Bonferroni)."""
    return min(row.p for row in rows) >= 0.05 / len(rows)


def summary(rows: list[Row]) -> str:
    """One line for each method: its worst cell, with the 95 % lower bound of that cell alone."""
    lines = [
        "| method | cells | least coverage | least when given | in | refused | holds in all cells |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(row.cell.name for row in rows):
        group = [row for row in rows if row.cell.name == name]
        often = [row for row in group if row.given >= row.counts.reps / 10]
        worst = min(often or group, key=lambda row: row.when_given if row.given else 1.0)
        refused = sum(row.counts.refused for row in group) / sum(row.counts.reps for row in group)
        spot = " ".join(f"{k}={v}" for k, v in worst.cell.parameters.items() if v)
        lines.append(
            f"| {name} | {len(group)} | {100 * min(r.coverage for r in group):.1f} | {100 * worst.when_given:.1f} "
            f"(≥ {100 * _least(worst):.1f}) | {spot} | {100 * refused:.0f} % | {'yes' if holds(group) else 'no'} |"
        )
    return "\n".join(lines)


def quick(grid: Iterable[Cell], every: int = 5) -> list[Cell]:
    """Every fifth cell of each method, beginning with its third; the last one where there are fewer."""
    groups: dict[str, list[Cell]] = {}
    for cell in grid:
        groups.setdefault(cell.name, []).append(cell)
    return [cell for group in groups.values() for cell in (group[every // 2 :: every] or group[-1:])]


def _least(row: Row) -> float:
    held = row.given - row.counts.missed
    return float(beta.ppf(0.05, held, row.counts.missed + 1)) if held > 0 else 0.0


def main() -> None:
    """Run the grid and print a line for each method."""
    parser = argparse.ArgumentParser(description="Stress grid of gaps, audits, families and seeds.")
    parser.add_argument("--quick", action="store_true", help="a fifth of the cells, 200 repetitions each")
    parser.add_argument("--reps", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="methods whose name begins so")
    parser.add_argument("--json", type=Path, help="where to write every cell")
    options = parser.parse_args()
    grid = [cell for cell in cells() if cell.name.startswith(options.only)]
    reps, grid = (200, quick(grid)) if options.quick else (options.reps, grid)
    rows = list(table(reps, options.seed, grid))
    print(summary(rows))
    if options.json is None:
        return
    data = [{"method": r.cell.name, **r.cell.parameters, **r.counts._asdict()} for r in rows]
    for entry in data:
        entry["width"] = None if entry["width"] != entry["width"] else entry["width"]
    record = {"format": "allegiance-stress-gaps/1", "alpha": ALPHA, "seed": options.seed, "rows": data}
    options.json.write_text(json.dumps(record) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
