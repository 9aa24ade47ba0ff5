"""No gap: shown or not shown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allegiance.errors import Refusal, UnknownName, UsageError
from allegiance.stats.equivalence import no_gap
from allegiance.stats.gaps import difference_interval

D = np.random.default_rng(0).choice([-0.2, 0.0, 0.2], 200, p=[0.1, 0.8, 0.1])


def test_the_verdict_is_that_of_the_interval_with_alpha_on_each_side() -> None:
    told, span = no_gap(D, D, 0.1, 0.05), difference_interval(D, D, 0.1)
    assert (told.low, told.high) == span
    assert told.verdict == "equivalent"
    assert told.requests == 200


def test_a_wide_interval_does_not_show_it() -> None:
    assert no_gap(D[:20], D[:20], 0.1).verdict == "not shown"


def test_no_differences_at_all_are_still_no_proof() -> None:
    assert no_gap(np.zeros(20), np.zeros(20), 0.05).verdict == "not shown"
    assert no_gap(np.zeros(200), np.zeros(200), 0.05).verdict == "equivalent"


def test_no_requests_show_nothing() -> None:
    told = no_gap([], [], 1.0)
    assert (told.verdict, told.smallest) == ("not shown", 1)


@settings(max_examples=40)
@given(st.lists(st.sampled_from([-0.4, 0.0, 0.2, 1.0]), min_size=1, max_size=30), st.floats(0.01, 1))
def test_the_smallest_margin_is_where_the_verdict_turns(d: list[float], margin: float) -> None:
    told = no_gap(d, d, margin)
    assert (told.verdict == "equivalent") == (margin > told.smallest)


def test_labels_that_are_not_decided_count_against_it() -> None:
    assert no_gap(D - 0.1, D + 0.1, 0.1).smallest > no_gap(D, D, 0.1).smallest


def test_paired_t_is_the_two_one_sided_tests_with_two_added_to_the_squares() -> None:
    from statsmodels.stats.weightstats import DescrStatsW

    d = np.random.default_rng(1).choice([-0.6, -0.2, 0.0, 0.2, 0.6], 400)
    told = no_gap(d, d, 0.06, method="paired-t")
    plain = DescrStatsW(d).tconfint_mean(0.1)
    mean, grown = d.mean(), np.sqrt((d.var() * 400 + 2) / (d.var() * 400))
    assert (told.low, told.high) == pytest.approx(tuple(mean + (end - mean) * grown for end in plain))
    assert (told.verdict == "equivalent") == (DescrStatsW(d).ttost_mean(-0.06 / grown, 0.06 / grown)[0] < 0.05)


def test_paired_t_is_refused_where_it_may_not_hold() -> None:
    with pytest.raises(Refusal, match="paired t"):
        no_gap(D[:20], D[:20], 0.1, method="paired-t")


@pytest.mark.parametrize(
    ("margin", "alpha"), [(0.0, 0.05), (1.1, 0.05), (float("nan"), 0.05), (0.1, 0.5), (0.1, 0)]
)
def test_a_margin_or_alpha_out_of_range_is_an_error(margin: float, alpha: float) -> None:
    with pytest.raises(UsageError):
        no_gap(D, D, margin, alpha)


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(UnknownName, match="betting"):
        no_gap(D, D, 0.1, method="beting")
