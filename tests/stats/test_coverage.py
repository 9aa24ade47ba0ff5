"""A part of the coverage table, made anew: each interval holds the truth as often as it says."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks import coverage
from benchmarks.coverage import SHAPES, Cell, cells, coverage_table, least_coverage

from allegiance.stats.gaps import paired_gap, request_rate
from allegiance.stats.intervals import Interval

REPS = 1000
SEED = 20
EVERY_THIRD = [cell for i, cell in enumerate(cells()) if i % 3 == 0]


@pytest.mark.parametrize("kind", list(SHAPES))
def test_intervals_hold_the_truth_as_often_as_they_say(kind: str) -> None:
    rows = list(coverage_table(REPS, SEED, [cell for cell in EVERY_THIRD if cell.interval == kind]))
    assert rows
    assert [row for row in rows if row.coverage < least_coverage(REPS)] == []


def test_where_it_is_mostly_given_paired_t_also_holds_when_given() -> None:
    rows = list(coverage_table(REPS, SEED, [cell for cell in EVERY_THIRD if cell.interval == "gap, paired-t"]))
    given = [row for row in rows if row.refused <= 0.5]
    assert given
    assert [row for row in given if row.when_given < 0.95 - 3.3 * (0.0475 / row.given) ** 0.5] == []


def test_only_paired_t_is_ever_refused() -> None:
    grid = [Cell(kind, shapes[0], 0.0, 20) for kind, shapes in SHAPES.items()]
    assert [row.cell.interval for row in coverage_table(5, SEED, grid) if row.refused] == ["gap, paired-t"]


def test_the_check_catches_an_interval_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    # The normal approximation, which answers [0, 0] when there are no positives.
    def wald(yes: int, n: int, population: int, unknown: int) -> Interval:
        p = yes / n
        half = 1.96 * (p * (1 - p) / n) ** 0.5
        return Interval(p - half, p + half)

    monkeypatch.setattr(coverage, "_hyper", wald)
    row = next(coverage_table(REPS, SEED, [Cell("hypergeometric", "N=100,000", 0.01, 100)]))
    assert row.coverage < 0.7 < least_coverage(REPS)


def test_the_cells_measure_the_same_interval_as_the_public_functions() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.binomial(1, 0.4, (60, 5)), rng.binomial(1, 0.2, (60, 5))
    codes, side = np.repeat(np.arange(60), 10), np.tile(np.repeat([True, False], 5), 60)
    y = np.concatenate((first, second), axis=1).ravel()
    gap = paired_gap(codes, side, y)
    span = coverage._difference(np.sort(first.sum(1) - second.sum(1)).tobytes(), "betting")
    assert span is not None
    assert (gap.low, gap.high) == pytest.approx(span, abs=1e-8)
    rate = request_rate(np.repeat(np.arange(60), 5), first.ravel())
    assert (rate.low, rate.high) == pytest.approx(coverage._mean(np.sort(first.sum(1)).tobytes()), abs=1e-8)
