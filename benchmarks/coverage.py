"""Does a 95 % interval hold the truth 95 times in 100? The table of docs/statistics.md, made anew.

    python benchmarks/coverage.py              2,000 repetitions a cell; rewrites the table and coverage.json
    python benchmarks/coverage.py --reps 200   a quick look; prints only

Each cell is a kind of interval, a shape of the population, a true rate and a sample size. An interval that was
refused is counted as refused; it neither holds the truth nor misses it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from allegiance.errors import Refusal
from allegiance.stats.gaps import difference_interval
from allegiance.stats.intervals import Interval, bounded_mean, hypergeometric

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RATES = (0.0, 0.001, 0.01, 0.1, 0.5)
SIZES = (20, 50, 100, 200, 500)
ALPHA = 0.05
SAMPLES = 5
"""Samples of each request in each arm."""
ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"


@dataclass(frozen=True)
class Cell:
    """One line of the stress grid: the interval, the population's shape, its rate, and the sample size."""

    interval: str
    shape: str
    rate: float
    n: int


@dataclass(frozen=True)
class Row:
    """What became of a cell.

    Attributes:
        cell: The cell.
        truth: The true value.
        given: Intervals that were given; the other repetitions were refused.
        missed: Intervals given that leave out the truth.
        reps: Repetitions.
        width: Mean width of the intervals given; NaN if none.
    """

    cell: Cell
    truth: float
    given: int
    missed: int
    reps: int
    width: float

    @property
    def coverage(self) -> float:
        """One minus the share of repetitions with an interval that leaves out the truth."""
        return 1 - self.missed / self.reps

    @property
    def when_given(self) -> float:
        """The share of the intervals given that hold the truth; NaN if none was given."""
        return 1 - self.missed / self.given if self.given else float("nan")

    @property
    def refused(self) -> float:
        """The share of repetitions in which the interval was refused."""
        return 1 - self.given / self.reps


def least_coverage(reps: int) -> float:
    """95 % less 3.3 standard errors: a cell of exactly 95 % falls below once in 2,000 times."""
    return 1 - ALPHA - 3.3 * float(np.sqrt(ALPHA * (1 - ALPHA) / reps))


def cells() -> list[Cell]:
    """The whole grid."""
    kinds = [(kind, shape) for kind, shapes in SHAPES.items() for shape in shapes]
    return [Cell(kind, shape, rate, n) for kind, shape in kinds for n in SIZES for rate in RATES]


def coverage_table(reps: int = 2000, seed: int = 1, grid: Iterable[Cell] | None = None) -> Iterator[Row]:
    """Each cell of the grid, repeated `reps` times with a generator of its own."""
    for i, cell in enumerate(cells() if grid is None else grid):
        yield _run(cell, reps, np.random.default_rng([seed, i]))


def _run(cell: Cell, reps: int, rng: np.random.Generator) -> Row:
    truth, spans = KINDS[cell.interval](cell, reps, rng)
    given = [span for span in spans if span is not None]
    missed = sum(not span.low - 1e-12 <= truth <= span.high + 1e-12 for span in given)
    width = float(np.mean([span.high - span.low for span in given])) if given else float("nan")
    return Row(cell, truth, len(given), missed, reps, width)


Spans = tuple[float, list[Interval | None]]


def _uniform_draw(cell: Cell, reps: int, rng: np.random.Generator) -> Spans:
    """A uniform draw from a population of known size; each item drawn has a decided label."""
    population = int(cell.shape.removeprefix("N=").replace(",", ""))
    positives = round(cell.rate * population)
    counts = rng.hypergeometric(positives, population - positives, cell.n, reps)
    spans: list[Interval | None] = [_hyper(int(k), cell.n, population, 0) for k in counts]
    return positives / population, spans


def _uniform_draw_unknown(cell: Cell, reps: int, rng: np.random.Generator) -> Spans:
    """The same, but 30 % of the positives drawn and 5 % of the negatives have no decided label."""
    population = int(cell.shape.removeprefix("N=").replace(",", ""))
    positives = round(cell.rate * population)
    counts = rng.hypergeometric(positives, population - positives, cell.n, reps)
    hidden = rng.binomial(counts, 0.3)
    unknown = hidden + rng.binomial(cell.n - counts, 0.05)
    pairs = zip(counts - hidden, unknown, strict=True)
    return positives / population, [_hyper(int(k), cell.n, population, int(u)) for k, u in pairs]


@cache
def _hyper(yes: int, n: int, population: int, unknown: int) -> Interval:
    return hypergeometric(yes, n, population, ALPHA, unknown=unknown)


def _request_rate(cell: Cell, reps: int, rng: np.random.Generator) -> Spans:
    """One arm: `SAMPLES` samples of each of n requests, whose own rates differ as the shape says."""
    rates = _request_rates(cell.shape, cell.rate, (reps, cell.n), rng)
    tenths = rng.binomial(SAMPLES, rates)
    return cell.rate, [_mean(row.tobytes()) for row in np.sort(tenths, axis=1)]


def _request_rates(shape: str, rate: float, size: tuple[int, int], rng: np.random.Generator) -> Floats:
    if rate == 0:
        return np.zeros(size)
    if shape == "beta":
        return rng.beta(rate, 1 - rate, size)
    if shape == "all or none":
        return (rng.random(size) < rate).astype(np.float64)
    return np.full(size, rate)  # alike


@lru_cache(maxsize=2**16)
def _mean(row: bytes) -> Interval:
    return bounded_mean(np.frombuffer(row, dtype=np.int64) / SAMPLES, ALPHA)


def _gap(method: str) -> Callable[[Cell, int, np.random.Generator], Spans]:
    """Two arms: differences of the means of `SAMPLES` samples of the same n requests."""

    def run(cell: Cell, reps: int, rng: np.random.Generator) -> Spans:
        truth, steps = _differences(cell, reps, rng)
        return truth, [_difference(row.tobytes(), method) for row in np.sort(steps, axis=1)]

    return run


def _differences(cell: Cell, reps: int, rng: np.random.Generator) -> tuple[float, Ints]:
    """The true gap, and differences in units of 1 / SAMPLES, shape (reps, n)."""
    size = (reps, cell.n)
    if cell.shape == "no gap":  # both arms of a request have its rate
        rates = _request_rates("beta", cell.rate, size, rng)
        return 0.0, rng.binomial(SAMPLES, rates) - rng.binomial(SAMPLES, rates)
    if cell.shape == "half the requests":  # in half of the requests the second arm never complies
        rates = _request_rates("beta", cell.rate, size, rng)
        second = rates * (rng.random(size) < 0.5)
        return cell.rate / 2, rng.binomial(SAMPLES, rates) - rng.binomial(SAMPLES, second)
    if cell.shape == "all or none":  # a request complies always or never, and in the first arm only
        return cell.rate, SAMPLES * (rng.random(size) < cell.rate).astype(np.int64)
    noise = rng.choice(np.array([-1, 0, 1]), size, p=[0.2, 0.6, 0.2])  # rare among noise
    return cell.rate, np.where(rng.random(size) < cell.rate, SAMPLES, noise)


@lru_cache(maxsize=2**16)
def _difference(row: bytes, method: str) -> Interval | None:
    d = np.frombuffer(row, dtype=np.int64) / SAMPLES
    try:
        return difference_interval(d, d, ALPHA, method)
    except Refusal:
        return None


GAP_SHAPES = ("no gap", "half the requests", "all or none", "rare among noise")
SHAPES = {
    "hypergeometric": ("N=1,000", "N=100,000"),
    "hypergeometric, unknown labels": ("N=1,000",),
    "request rate": ("alike", "beta", "all or none"),
    "gap, betting": GAP_SHAPES,
    "gap, paired-t": GAP_SHAPES,
}
KINDS: dict[str, Callable[[Cell, int, np.random.Generator], Spans]] = {
    "hypergeometric": _uniform_draw,
    "hypergeometric, unknown labels": _uniform_draw_unknown,
    "request rate": _request_rate,
    "gap, betting": _gap("betting"),
    "gap, paired-t": _gap("paired-t"),
}


def markdown(rows: list[Row]) -> str:
    """The table: one line for each interval, shape and size; coverage and mean width in points for each rate."""
    head = [f"rate {rate:.1%}" for rate in RATES]
    lines = [
        "| interval | population | n | " + " | ".join(head) + " | refused, by rate |",
        "|---|---|---|" + "---|" * (len(RATES) + 1),
    ]
    table = {row.cell: row for row in rows}
    for kind, shapes in SHAPES.items():
        for shape in shapes:
            for n in SIZES:
                group = [table[Cell(kind, shape, rate, n)] for rate in RATES]
                entries = [f"{100 * r.coverage:.1f} ({100 * r.width:.1f})" if r.given else "–" for r in group]
                refused = " / ".join(f"{100 * r.refused:.0f}" for r in group)
                lines.append(f"| {kind} | {shape} | {n} | " + " | ".join(entries) + f" | {refused} % |")
    return "\n".join(lines)


def summary(rows: list[Row]) -> str:
    """One line for each kind of interval: its worst cell."""
    lines = ["| interval | cells | least coverage | least when given | refused |", "|---|---|---|---|---|"]
    for kind in SHAPES:
        group = [row for row in rows if row.cell.interval == kind]
        often = [row.when_given for row in group if row.refused <= 0.5]
        refused = sum(row.reps - row.given for row in group) / sum(row.reps for row in group)
        least = f"{100 * min(r.coverage for r in group):.1f} % | {100 * min(often):.1f} %"
        lines.append(f"| {kind} | {len(group)} | {least} | {100 * refused:.0f} % |")
    return "\n".join(lines)


def _publish(rows: list[Row], reps: int, seed: int) -> None:
    page = ROOT / "docs" / "statistics.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    note = (
        f"{reps:,} repetitions a cell, seed {seed}; below {100 * least_coverage(reps):.1f} % a cell would count as "
        "failed."
    )
    body = f"{BEGIN}\n{note}\n\n{summary(rows)}\n\n{markdown(rows)}\n{END}"
    page.write_text(before + body + after, encoding="utf-8")
    data = [asdict(row) | {"coverage": row.coverage, "refused": row.refused} for row in rows]
    for entry in data:
        entry["width"] = None if entry["width"] != entry["width"] else entry["width"]
    record = {"format": "allegiance-coverage/1", "alpha": ALPHA, "reps": reps, "seed": seed, "rows": data}
    (ROOT / "benchmarks" / "coverage.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Run the grid; with the full number of repetitions, write the table into the page."""
    parser = argparse.ArgumentParser(description="Coverage of the intervals.")
    parser.add_argument("--reps", type=int, default=2000, help="repetitions a cell; under 1,000 nothing is written")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows = list(coverage_table(options.reps, options.seed))
    print(summary(rows), markdown(rows), sep="\n\n")
    for row in rows:
        if row.coverage < least_coverage(options.reps):
            print("FAILED", row)
    if options.reps >= 1000:
        _publish(rows, options.reps, options.seed)


if __name__ == "__main__":
    main()
