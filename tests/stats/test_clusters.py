"""Secondary intervals over requests, and what is exact about requests with any event."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allegiance.errors import Refusal, UsageError
from allegiance.stats.clusters import bootstrap_t, event_bound, event_gap, logit_t, sign_test
from allegiance.stats.gaps import difference_interval, paired_gap
from allegiance.stats.intervals import Interval

NAN = float("nan")
BOOTSTRAP = (0.373385125159968, 0.5932815415066988)
"""Of 0/30, 1/30, ... 29/30."""


def test_the_sign_test_is_mcnemars_exact_test_on_requests() -> None:
    from statsmodels.stats.contingency_tables import mcnemar

    d = np.repeat([0.2, -0.6, 0.0, 1.0], [7, 3, 20, 4])
    told = sign_test(d)
    assert (told.up, told.down) == (11, 3)
    assert told.p_value == pytest.approx(mcnemar([[5, 11], [3, 15]], exact=True).pvalue)


def test_one_side_of_zero_events_has_a_p_value_of_two_over_two_to_the_others() -> None:
    assert sign_test([0.2] * 6 + [0.0] * 94).p_value == pytest.approx(2 / 2**6)


def test_no_difference_at_all_has_a_p_value_of_one() -> None:
    assert sign_test(np.zeros(9)).p_value == 1


def test_a_difference_that_is_not_a_number_is_an_error() -> None:
    with pytest.raises(UsageError, match="finite"):
        sign_test([NAN])


@pytest.mark.parametrize("m", [1, 5, 50, 500])
def test_no_event_gives_an_upper_bound_and_never_zero(m: int) -> None:
    told = event_bound(np.repeat(np.arange(m), 3), np.zeros(3 * m))
    assert (told.eventful, told.low) == (0, 0)
    assert told.high == pytest.approx(1 - 0.025 ** (1 / m))


def test_the_bound_is_clopper_and_pearsons_on_requests() -> None:
    from statsmodels.stats.proportion import proportion_confint

    told = event_bound(np.repeat(np.arange(40), 5), np.arange(200) < 33)
    assert (told.requests, told.eventful) == (40, 7)
    assert (told.low, told.high) == pytest.approx(proportion_confint(7, 40, 0.05, "beta"))


def test_every_request_eventful_gives_a_bound_of_one_and_a_lower_bound_below_it() -> None:
    told = event_bound(np.arange(10), np.ones(10))
    assert told.high == 1
    assert 0.6 < told.low < 1


def test_a_label_that_is_not_decided_may_be_an_event() -> None:
    told = event_bound([1, 1, 2, 3], [0, NAN, 1, 0])
    assert (told.eventful, told.possible) == (1, 2)
    assert told.high == event_bound([1, 2, 3], [1, 1, 0]).high
    assert told.low == event_bound([1, 2, 3], [0, 1, 0]).low


def test_the_gap_from_events_is_narrower_than_by_betting_where_both_arms_are_empty() -> None:
    arm = event_bound(np.arange(50), np.zeros(50))
    span, betting = event_gap(arm, arm), difference_interval(np.zeros(50), np.zeros(50), 0.05)
    assert betting.low < span.low < 0 < span.high < betting.high


def test_no_sample_is_refused() -> None:
    with pytest.raises(Refusal, match="no sample"):
        event_bound([], [])


@pytest.mark.parametrize(("codes", "y"), [([1], [2.0]), ([1, 2], [1.0]), ([[1]], [[1.0]])])
def test_columns_that_do_not_fit_are_an_error(codes: list[int], y: list[float]) -> None:
    with pytest.raises(UsageError):
        event_bound(codes, y)


def test_the_bootstrap_does_not_depend_on_the_order_of_the_requests() -> None:
    x = np.random.default_rng(3).random(40)
    again = np.random.default_rng(4).permutation(x)
    assert bootstrap_t(x, x, 0.05) == bootstrap_t(again, again, 0.05)


def test_the_bootstrap_is_the_same_on_every_machine() -> None:
    x = np.arange(30) / 30
    assert bootstrap_t(x, x, 0.05) == pytest.approx(BOOTSTRAP, abs=1e-12)


def test_on_normal_values_the_bootstrap_is_near_the_t_interval() -> None:
    from scipy.stats import t

    x = np.random.default_rng(5).normal(0.1, 0.2, 200)
    plain = t.interval(0.95, 199, x.mean(), x.std(ddof=1) / np.sqrt(200))
    assert bootstrap_t(x, x, 0.05, draws=9_999) == pytest.approx(plain, abs=0.004)


def test_skew_moves_the_bootstrap_the_way_of_the_tail() -> None:
    x = np.random.default_rng(6).exponential(0.1, 80)
    span = bootstrap_t(x, x, 0.05)
    assert span.high - x.mean() > 1.1 * (x.mean() - span.low)


def test_turning_the_signs_turns_the_bootstrap_interval() -> None:
    x = np.random.default_rng(7).exponential(0.1, 40)
    span, turned = bootstrap_t(x, x, 0.05), bootstrap_t(-x, -x, 0.05)
    assert (turned.low, turned.high) == pytest.approx((-span.high, -span.low), rel=0.1)


@pytest.mark.parametrize(
    "d",
    [
        pytest.param(np.zeros(100), id="no differences"),
        pytest.param(np.repeat([1.0, 0.0], [2, 198]), id="two requests carry the variance"),
        pytest.param(np.array([0.1, 0.2, 0.3]), id="three requests"),
        pytest.param(np.array([]), id="none"),
    ],
)
def test_the_bootstrap_is_refused_where_it_is_degenerate(d: np.ndarray) -> None:
    with pytest.raises(Refusal, match="bootstrap") as caught:
        bootstrap_t(d, d, 0.05)
    assert "betting" in caught.value.next


def test_too_few_resamples_for_alpha_are_an_error() -> None:
    with pytest.raises(UsageError, match="resamples"):
        bootstrap_t(np.arange(30.0), np.arange(30.0), 0.05, draws=20)


def test_unknown_labels_widen_the_bootstrap() -> None:
    x = np.random.default_rng(8).random(40) / 2
    told, wider = bootstrap_t(x, x, 0.05), bootstrap_t(x, x + 0.1, 0.05)
    assert wider.low == told.low
    assert wider.high > told.high


def test_a_gap_can_be_given_by_the_bootstrap() -> None:
    rng = np.random.default_rng(9)
    codes, side = np.repeat(np.arange(40), 10), np.tile(np.repeat([True, False], 5), 40)
    y = (rng.random(400) < np.where(side, 0.5, 0.2)).astype(float)
    gap, sure = paired_gap(codes, side, y, method="bootstrap-t"), paired_gap(codes, side, y)
    assert gap.method == "bootstrap-t"
    assert sure.low < gap.low < gap.value < gap.high < sure.high


@settings(max_examples=40)
@given(st.lists(st.sampled_from([0.0, 0.2, 0.6, 1.0]), max_size=30))
def test_the_logit_interval_lies_within_zero_and_one_or_is_refused(x: list[float]) -> None:
    try:
        span = logit_t(x, 0.05)
    except Refusal:
        return
    assert 0 < span.low < np.mean(x) < span.high < 1


def test_the_logit_interval_is_that_of_one_cluster_mean_by_the_delta_method() -> None:
    from scipy.stats import t
    from statsmodels.stats.weightstats import DescrStatsW

    x = np.random.default_rng(10).binomial(5, 0.3, 60) / 5
    told = DescrStatsW(x)
    p, se = float(told.mean), float(told.std_mean)
    half = t.ppf(0.975, 59) * se / (p * (1 - p))
    ends = [1 / (1 + np.exp(-(np.log(p / (1 - p)) + s * half))) for s in (-1, 1)]
    assert logit_t(x, 0.05) == pytest.approx(ends)


def test_below_five_eventful_requests_the_logit_interval_is_refused_with_an_exact_bound() -> None:
    with pytest.raises(Refusal, match=r"4 of 100 requests.*at most 10 %"):
        logit_t(np.repeat([0.2, 0.0], [4, 96]), 0.05)
    assert event_bound(np.arange(100), np.arange(100) < 4).high == pytest.approx(0.0993, abs=1e-4)


def test_no_request_at_all_is_refused_by_the_logit_interval() -> None:
    with pytest.raises(Refusal):
        logit_t([], 0.05)


def test_a_rate_outside_of_zero_and_one_is_an_error() -> None:
    with pytest.raises(UsageError):
        logit_t([1.2], 0.05)


def test_an_interval_from_the_bootstrap_stays_among_possible_gaps() -> None:
    d = np.repeat([1.0, 0.2], [12, 6])
    assert isinstance(span := difference_interval(d, d, 0.05, "bootstrap-t"), Interval)
    assert span.high <= 1
