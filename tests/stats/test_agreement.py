"""Kappa, alpha and AC1: published tables, another library, and ranges that hold whatever lies in the parts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.errors import UsageError
from allegiance.stats.agreement import (
    ac1_range,
    alpha_range,
    cohen_kappa,
    disagreements,
    gwet_ac1,
    kappa_range,
    krippendorff_alpha,
    raw_agreement,
)
from allegiance.stats.intervals import Interval

UNITS = (  # Krippendorff (2011), section C: four observers, twelve units, five values, some missing
    ("1", "2", "3", "3", "2", "1", "4", "1", "2", "", "", ""),
    ("1", "2", "3", "3", "2", "2", "4", "1", "2", "5", "", "3"),
    ("", "3", "3", "3", "2", "3", "4", "2", "2", "5", "1", ""),
    ("1", "2", "3", "3", "2", "4", "4", "1", "2", "5", "1", ""),
)


def counted(raters: tuple[tuple[str, ...], ...], answers: str) -> np.ndarray:
    return np.array([[sum(each[i] == a for each in raters) for a in answers] for i in range(len(raters[0]))])


def pairs(table: list[list[int]]) -> np.ndarray:
    """Items by answers, from a table of two raters."""
    rows = []
    for i, row in enumerate(table):
        for j, n in enumerate(row):
            one = np.zeros(len(table))
            one[i] += 1
            one[j] += 1
            rows += [one] * n
    return np.array(rows)


def test_alpha_is_that_of_the_published_example() -> None:
    assert round(krippendorff_alpha(counted(UNITS, "12345")), 3) == 0.743


def test_ac1_and_kappa_are_those_of_the_published_table_where_kappa_is_negative_at_high_agreement() -> None:
    table = [[118, 5], [2, 0]]  # Gwet, "Kappa statistic is not satisfactory", Series 1 (2002), table 2
    assert round(raw_agreement(pairs(table)), 3) == 0.944
    assert round(gwet_ac1(pairs(table)), 3) == 0.941
    assert round(cohen_kappa(table), 3) == -0.023


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_that_of_another_library(seed: int) -> None:
    other = pytest.importorskip("statsmodels.stats.inter_rater")
    table = np.random.default_rng(seed).integers(0, 30, (3, 3))
    assert cohen_kappa(table) == pytest.approx(other.cohens_kappa(table).kappa)


def test_ac1_of_two_raters_is_one_less_the_ratio_of_disagreements() -> None:
    table = pairs([[30, 7], [3, 10]])
    share = (37 + 33) / 100
    assert gwet_ac1(table) == pytest.approx(1 - 0.2 / (1 - 2 * share * (1 - share)))


def test_raters_that_always_agree_on_two_answers_have_one_everywhere() -> None:
    table = [[4, 0], [0, 9]]
    assert (cohen_kappa(table), krippendorff_alpha(pairs(table)), gwet_ac1(pairs(table))) == (1, 1, 1)


def test_where_only_one_answer_occurs_kappa_and_alpha_are_not_defined() -> None:
    assert math.isnan(cohen_kappa([[9, 0], [0, 0]]))
    assert math.isnan(krippendorff_alpha(pairs([[9, 0], [0, 0]])))


def test_items_with_one_rater_do_not_count_as_disagreement() -> None:
    assert list(disagreements([[1, 0], [2, 0], [1, 1]])) == [0, 1]
    assert math.isnan(raw_agreement([[1, 0]]))


@pytest.mark.parametrize("bad", [[[1, -1]], [[math.nan, 1]], [1, 2]])
def test_counts_that_are_none_are_refused(bad: list[object]) -> None:
    with pytest.raises(UsageError):
        krippendorff_alpha(bad)


def test_shares_of_one_answer_alone_are_refused() -> None:
    with pytest.raises(UsageError):
        alpha_range(Interval(0, 1), [Interval(0, 1)])


@st.composite
def tables(draw: st.DrawFn) -> tuple[np.ndarray, list[float]]:
    k = draw(st.integers(2, 4))
    cells = draw(st.lists(st.integers(0, 60), min_size=k * k, max_size=k * k).filter(any))
    room = draw(st.lists(st.floats(0, 0.2), min_size=2 + 6 * k, max_size=2 + 6 * k))
    return np.array(cells, dtype=float).reshape(k, k) / sum(cells), room


@given(tables())
def test_a_range_holds_the_coefficient_if_the_intervals_hold_its_parts(
    made: tuple[np.ndarray, list[float]],
) -> None:
    table, room = made
    left = iter(room)

    def around(value: float) -> Interval:
        return Interval(max(0.0, value - next(left)), min(1.0, value + next(left)))

    first, second = table.sum(axis=1), table.sum(axis=0)
    apart, pooled = 1 - float(np.trace(table)), (first + second) / 2
    span = around(apart)
    kappa = kappa_range(span, [around(x) for x in first], [around(x) for x in second])
    boxes = [around(x) for x in pooled]
    squares = float((pooled**2).sum())
    for found, chance in (
        (kappa, 1 - float(first @ second)),
        (alpha_range(span, boxes), 1 - squares),
        (ac1_range(span, boxes), 1 - (1 - squares) / (len(pooled) - 1)),
    ):
        assert -1 <= found.low <= found.high <= 1
        if chance > 1e-9:
            assert found.low - 1e-7 <= 1 - apart / chance <= found.high + 1e-7


def test_a_range_at_points_is_the_coefficient() -> None:
    shares = [Interval(0.3, 0.3), Interval(0.7, 0.7)]
    found = kappa_range(Interval(0.2, 0.2), shares, shares)
    assert found == pytest.approx((1 - 0.2 / 0.42, 1 - 0.2 / 0.42))


def test_at_a_rare_answer_the_shares_tie_kappa_from_below() -> None:
    rare = [Interval(0.0, 0.02), Interval(0.98, 1.0)]
    found = kappa_range(Interval(0.0, 0.5), rare, rare)
    assert found.low > -0.03  # without the tie it would be -1
