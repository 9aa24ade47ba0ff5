"""Families of contrasts and of claims."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allegiance.errors import Refusal, UsageError
from allegiance.stats.gaps import difference_interval, sign_flip
from allegiance.stats.multiplicity import (
    benjamini_hochberg,
    family,
    holm,
    ledger_alpha,
    selected_intervals,
)

P = st.lists(st.floats(0, 1), min_size=1, max_size=12)
TABLE = np.random.default_rng(0).integers(-5, 6, (10, 3)) / 10 + np.array([0.4, 0, 0])


@given(P)
def test_holm_is_what_statsmodels_gives(p: list[float]) -> None:
    from statsmodels.stats.multitest import multipletests

    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


@given(P)
def test_benjamini_and_hochberg_is_what_statsmodels_gives(p: list[float]) -> None:
    from statsmodels.stats.multitest import multipletests

    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])


def test_no_p_values_give_none() -> None:
    assert holm([]) == benjamini_hochberg([]) == ()


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_a_p_value_out_of_range_is_an_error(adjust: object) -> None:
    with pytest.raises(UsageError, match="p-values"):
        adjust([0.1, float("nan")])  # type: ignore[operator]


def test_the_p_values_alone_are_those_of_sign_flips() -> None:
    assert family(TABLE).p == pytest.approx([sign_flip(column) for column in TABLE.T])


def test_the_adjusted_p_values_are_what_trying_every_flip_gives() -> None:
    # Step down over all flips: the largest of the contrasts that are not yet passed.
    unit = TABLE / np.sqrt((TABLE**2).sum(axis=0))
    signs = np.array(list(product((1, -1), repeat=10)))
    sums, seen = np.abs(signs @ unit), np.abs(unit.sum(axis=0))
    order, wanted, last = np.argsort(-seen), np.zeros(3), 0.0
    for rank, i in enumerate(order):
        last = max(last, float(np.mean(sums[:, order[rank:]].max(axis=1) >= seen[i] - 1e-9)))
        wanted[i] = last
    assert family(TABLE).max_t == pytest.approx(wanted)


def test_one_contrast_alone_needs_no_adjustment() -> None:
    told = family(TABLE[:, :1])
    assert told.max_t == told.p == told.holm == told.q


def test_the_order_of_requests_and_which_arm_is_subtracted_do_not_matter() -> None:
    table = np.random.default_rng(1).integers(-1, 2, (60, 2)) / 5
    turned = -table[np.random.default_rng(2).permutation(60)]
    assert family(table) == family(turned)


def test_the_same_contrast_twice_costs_nothing_by_max_t_and_doubles_by_holm() -> None:
    table = np.random.default_rng(3).integers(-4, 6, (40, 1)) / 5
    told = family(np.hstack((table, table)))
    assert told.max_t == told.p
    assert told.holm[0] == min(1, 2 * told.p[0])


def test_a_contrast_without_differences_has_a_p_value_of_one() -> None:
    told = family(np.column_stack((TABLE[:, 0], np.zeros(10))))
    assert told.p[1] == told.max_t[1] == 1
    assert family(np.zeros((5, 2))).max_t == (1, 1)


def test_a_request_that_lacks_a_contrast_counts_in_the_others() -> None:
    table = TABLE.copy()
    table[2, 1] = np.nan
    told = family(table)
    assert told.requests == (10, 9, 10)
    assert told.p[1] == pytest.approx(sign_flip(np.delete(TABLE[:, 1], 2)))


def test_a_contrast_without_requests_is_refused() -> None:
    with pytest.raises(Refusal, match="no request"):
        family([[0.1, float("nan")]])


@pytest.mark.parametrize("d", [[0.1, 0.2], [[]], [[float("inf")]]])
def test_what_is_no_table_is_an_error(d: object) -> None:
    with pytest.raises(UsageError, match="table"):
        family(d)  # type: ignore[arg-type]


def test_selecting_all_of_them_gives_each_the_whole_alpha() -> None:
    d = list(TABLE.T)
    for span, x in zip(selected_intervals(d, d, [0, 1, 2]), d, strict=True):
        half = difference_interval(x, x, 0.05)
        assert span == pytest.approx(half, abs=0.1)
        assert span.low < x.mean() < span.high


def test_the_fewer_are_selected_the_wider_they_get() -> None:
    d = list(TABLE.T)
    wide, narrow = selected_intervals(d, d, [0])[0], selected_intervals(d, d, [0, 2])[0]
    assert wide.low < narrow.low
    assert wide.high >= narrow.high


@settings(max_examples=20)
@given(st.lists(st.sampled_from([-1.0, -0.2, 0.0, 0.4, 1.0]), min_size=2, max_size=12), st.floats(-0.9, 0.9))
def test_what_is_left_out_has_an_e_value_that_carries_it(d: list[float], mean: float) -> None:
    # The bets are fixed, so the intervals of two levels are nested: one family of e-values.
    x = np.array(d)
    spans = [selected_intervals([x] * 4, [x] * 4, picked)[0] for picked in ([0], [0, 1], [0, 1, 2, 3])]
    inside = [span.low <= mean <= span.high for span in spans]
    assert inside == sorted(inside, reverse=True)


def test_nothing_selected_gives_nothing() -> None:
    assert selected_intervals([TABLE[:, 0]], [TABLE[:, 0]], []) == ()


@pytest.mark.parametrize("selected", [[3], [-1], [0, 0]])
def test_what_is_not_in_the_family_cannot_be_selected(selected: list[int]) -> None:
    d = list(TABLE.T)
    with pytest.raises(UsageError, match="selected"):
        selected_intervals(d, d, selected)


def test_the_ledger_never_spends_more_than_alpha() -> None:
    assert ledger_alpha(1) == pytest.approx(0.0304, abs=1e-4)
    assert sum(ledger_alpha(i) for i in range(1, 100_000)) == pytest.approx(0.05, abs=1e-6)
    with pytest.raises(UsageError, match="counted from 1"):
        ledger_alpha(0)
