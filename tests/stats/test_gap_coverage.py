"""A part of the stress grid of gaps, made anew: what may be a default keeps what it says in every cell."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from benchmarks import stress_gaps
from benchmarks.stress_gaps import Cell, Counts, Row, cells, holds, intercept, quick, table

from allegiance.stats.clusters import CARRIERS
from allegiance.stats.intervals import Interval

REPS = 200
SEED = 30
DEFAULTS = (
    "gap, betting",
    "gap, events",
    "rate, betting",
    "rate, events",
    "no gap, betting",
    "interaction, betting",
    "test, sign",
    "test, sign-flip",
    "audited, betting",
    "family, max-t",
    "family, holm",
    "selected, e-BY",
    "seeds, bounded",
)
FLOORS = {
    "test, sign-flip, equal means": 0.9,
    "gap, paired-t": 0.92,
    "gap, bootstrap-t": 0.8,
    "no gap, bootstrap-t": 0.82,
    "rate, bootstrap-t": 0.82,
    "rate, logit-t": 0.74,
    "audited, two-phase-t": 0.9,
    "seeds, t": 0.4,
    "family, uncorrected": 0.2,
}
"""Of those that are secondary, about three standard errors below the worst cell that their docstrings name."""


@cache
def group(name: str) -> tuple[Cell, ...]:
    every = 11 if name in {"gap, betting", "rate, betting"} else 15
    return tuple(cell for cell in quick(cells(), every) if cell.name == name)


def test_the_grid_has_every_method_and_at_least_sixty_cells() -> None:
    names = [cell.name for cell in cells()]
    assert set(names) == {*DEFAULTS, *FLOORS}
    assert len(names) > 1000
    assert min(names.count(name) for name in ("gap, betting", "rate, betting")) > 60


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_default_holds_in_every_cell(name: str) -> None:
    rows = list(table(REPS, SEED, group(name)))
    assert rows
    assert holds(rows), min(rows, key=lambda row: row.p)
    assert all(row.counts.refused == 0 for row in rows)


@pytest.mark.parametrize("name", FLOORS)
def test_what_is_secondary_is_no_worse_than_it_says(name: str) -> None:
    often = [row for row in table(REPS, SEED, group(name)) if row.given >= REPS / 4]
    assert [row for row in often if row.when_given < FLOORS[name]] == []


def test_twenty_contrasts_without_correction_are_wrong_most_of_the_time() -> None:
    cell = next(c for c in cells() if c.name == "family, uncorrected" and c.parameters["m"] == 50)
    assert next(table(100, SEED, [cell])).coverage < 0.6


def test_the_check_catches_a_method_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    # The plain t interval, which answers [0, 0] when no request differs.
    def plain(low: bytes, _high: bytes, k: int, _method: str) -> Interval:
        d = stress_gaps._row(low, k)
        half = 2 * d.std(ddof=1) / np.sqrt(d.size)
        return Interval(d.mean() - half, d.mean() + half)

    monkeypatch.setattr(stress_gaps, "_difference", plain)
    assert not holds(list(table(REPS, SEED, group("gap, betting"))))


def test_a_refused_interval_neither_holds_nor_misses() -> None:
    row = Row(group("gap, betting")[0], Counts(missed=2, refused=60, reps=100))
    assert (row.coverage, row.given, row.when_given) == (0.98, 40, 0.95)


def test_the_rates_of_a_population_are_those_it_is_named_for() -> None:
    rng = np.random.default_rng(0)
    z = rng.standard_normal(400_000)
    for rate, sd in ((0.01, 2.0), (0.2, 2.2), (0.5, 0.0)):
        assert np.mean(1 / (1 + np.exp(-(intercept(rate, sd) + sd * z)))) == pytest.approx(rate, rel=0.02)


def test_the_bootstrap_needs_what_the_grid_was_run_with() -> None:
    assert CARRIERS == 8
