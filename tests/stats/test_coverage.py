"""A part of the stress grid, made anew: each interval holds the truth as often as it says."""

from __future__ import annotations

import pytest
from benchmarks import coverage, stress_rates
from benchmarks.coverage import Row, failures, grid, quick_grid, run, summary

from allegiance.stats.intervals import Interval

SEED = 20


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return [row for _, row in run(quick_grid()[::2], 300, SEED)]


def test_no_interval_misses_more_often_than_it_says(rows: list[Row]) -> None:
    assert len(rows) > 30
    assert failures(rows) == []


def test_only_second_lines_are_ever_refused(rows: list[Row]) -> None:
    assert {row.name for row in rows if row.refused} <= {"second line, ppi++", "second line, active"}


def test_the_grid_has_the_cells_that_it_claims() -> None:
    cells = grid("rates")
    assert len(cells) >= 500
    assert len({coverage.key(cell, 1, 1) for cell in cells}) == len(cells)
    told = [cell.parameters for cell in cells if cell.name.startswith("every look")]
    assert {about["N"] for about in told} == {50, 500, 10_000, 100_000}
    assert {about["judge"] for about in told} == {None, *stress_rates.JUDGES}
    assert {0.0, 1.0} <= {about["total"] for about in told}
    assert any(about["missing"] for about in told)


def test_the_test_catches_an_interval_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    # The normal approximation, which answers [0, 0] when there are no positives.
    def wald(yes: int, n: int, population: int, unknown: int) -> Interval:
        p = yes / n
        half = 1.96 * (p * (1 - p) / n) ** 0.5
        return Interval(p - half, p + half)

    monkeypatch.setattr(stress_rates, "_hyper", wald)
    fixed = [cell for cell in grid("rates") if cell.name == "fixed n, uniform"]
    wrong = failures(row for _, row in run(fixed, 300, SEED))
    assert len(wrong) > 50
    assert min(row.coverage for row in wrong) < 0.1


def test_the_test_catches_someone_who_stops_a_fixed_interval_at_will(monkeypatch: pytest.MonkeyPatch) -> None:
    # A tenfold alpha is about what peeking at the exact interval after every label comes to.
    cell = next(c for c in grid("rates") if c.name == "every look, uniform" and c.parameters["total"] == 50)
    real = stress_rates.ever_missed
    monkeypatch.setattr(stress_rates, "ever_missed", lambda of, made, order: real(of, made, order, 0.5))
    assert failures(row for _, row in run([cell], 400, SEED))


def test_a_finished_cell_is_not_run_again() -> None:
    cell = grid("rates")[0]
    name = coverage.key(cell, 10, SEED)
    kept = Row(cell.name, {}, 3, 0, 10, None)
    assert list(run([cell], 10, SEED, {name: kept})) == [(name, kept)]


def test_a_half_written_line_of_a_shard_is_left_out(tmp_path: object) -> None:
    path = tmp_path / "cells.jsonl"  # type: ignore[operator]
    row = Row("a", {"N": 5}, 1, 0, 10, 0.5)
    import json

    path.write_text(json.dumps({"key": "k", "row": row._asdict(), "seconds": 2}) + '\n{"key": "half')
    assert coverage._shard(path) == ({"k": row}, 2.0)


def test_one_cell_among_many_is_held_to_a_stricter_bar() -> None:
    bad = Row("every look, uniform", {}, 27, 0, 300, None)  # 9 %: p = 0.002 alone
    fine = [Row("every look, uniform", {"N": i}, 3, 0, 300, None) for i in range(400)]
    assert failures([bad]) == [bad]
    assert failures([bad, *fine]) == []
    assert "every look, uniform" in summary([bad, *fine])
