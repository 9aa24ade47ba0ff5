"""Gaps between two arms, with the request as the unit."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allegiance.errors import Refusal, UnknownName, UsageError
from allegiance.stats.gaps import difference_interval, paired_gap, request_rate, sign_flip
from allegiance.stats.intervals import bounded_mean

NAN = float("nan")
SAMPLES = st.lists(
    st.tuples(st.integers(0, 6), st.booleans(), st.sampled_from([0.0, 1.0, NAN])), min_size=1, max_size=60
)
DIFFERENCES = st.lists(st.sampled_from([-1.0, -0.4, -0.2, 0.0, 0.2, 0.6, 1.0]), max_size=10)

# Request, first arm, label.
SMALL = [(1, True, 1), (1, True, 0), (1, False, 0), (2, True, 1), (2, False, 1), (2, False, 0), (3, True, 1)]


def columns(rows: list[tuple[int, bool, float]]) -> tuple[list[int], list[bool], list[float]]:
    return [r[0] for r in rows], [r[1] for r in rows], [float(r[2]) for r in rows]


def grid(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Samples of two arms, each of shape (requests, samples), as columns."""
    y = np.concatenate((first, second), axis=1)
    side = np.repeat([True, False], [first.shape[1], second.shape[1]])
    return np.repeat(np.arange(len(y)), y.shape[1]), np.tile(side, len(y)), y.ravel().astype(float)


def test_the_gap_is_the_mean_over_requests_of_the_difference_of_means() -> None:
    gap = paired_gap(*columns(SMALL))
    assert gap.value == pytest.approx(((0.5 - 0) + (1 - 0.5)) / 2)
    assert (gap.rate_first, gap.rate_second) == (0.75, 0.25)


def test_requests_seen_in_one_arm_only_are_dropped_and_counted() -> None:
    gap = paired_gap(*columns(SMALL))
    assert (gap.requests, gap.dropped, gap.samples_first, gap.samples_second) == (2, 1, 3, 3)


def test_a_request_with_more_samples_counts_no_more_than_another() -> None:
    many = [(1, True, 1)] * 50 + [(1, False, 0), (2, True, 0), (2, False, 0)]
    assert paired_gap(*columns(many)).value == pytest.approx(0.5)


def test_repeating_every_sample_changes_nothing_but_the_counts() -> None:
    once, thrice = paired_gap(*columns(SMALL)), paired_gap(*columns(SMALL * 3))
    assert (once.value, once.low, once.high, once.p_value) == (
        thrice.value,
        thrice.low,
        thrice.high,
        thrice.p_value,
    )


def test_request_codes_may_have_holes() -> None:
    renamed = [(r[0] * 1000 - 5000, r[1], r[2]) for r in SMALL]
    assert paired_gap(*columns(renamed)) == paired_gap(*columns(SMALL))


@given(SAMPLES)
def test_the_bounds_are_in_order_and_hold_the_estimate(rows: list[tuple[int, bool, float]]) -> None:
    try:
        gap = paired_gap(*columns(rows))
    except Refusal:
        return
    assert -1 <= gap.low <= gap.value <= gap.high <= 1
    assert gap.low < gap.high
    assert gap.value == pytest.approx(gap.rate_first - gap.rate_second)


@given(SAMPLES)
def test_exchanging_the_arms_turns_the_interval_around(rows: list[tuple[int, bool, float]]) -> None:
    try:
        gap = paired_gap(*columns(rows))
    except Refusal:
        return
    turned = paired_gap(*columns([(r, not first, y) for r, first, y in rows]))
    assert (turned.value, turned.low, turned.high) == pytest.approx((-gap.value, -gap.high, -gap.low), abs=1e-8)
    assert turned.p_value == gap.p_value


@given(SAMPLES, st.data())
def test_whatever_an_unknown_label_was_the_interval_holds_the_one_it_would_have_given(
    rows: list[tuple[int, bool, float]], data: st.DataObject
) -> None:
    try:
        gap = paired_gap(*columns(rows))
    except Refusal:
        return
    filled = [(r, f, y if y == y else float(data.draw(st.booleans()))) for r, f, y in rows]
    told = paired_gap(*columns(filled))
    assert gap.low <= told.low + 1e-8
    assert gap.high >= told.high - 1e-8


def test_a_request_without_a_decided_label_leaves_the_estimate_but_not_the_interval() -> None:
    rows = [(i, f, 1.0) for i in range(10) for f in (True, False)]
    gap, wider = paired_gap(*columns(rows)), paired_gap(*columns([*rows, (10, True, NAN), (10, False, 1.0)]))
    assert wider.value == gap.value == 0
    assert (wider.requests, wider.unknown_first, wider.unknown_second, wider.samples_first) == (11, 1, 0, 10)
    assert wider.low < gap.low


def test_the_interval_holds_an_estimate_from_the_only_request_that_was_decided() -> None:
    rows = [(0, True, 0.0), (0, False, 1.0)] + [
        (i, f, NAN if f else 0.0) for i in range(1, 200) for f in (True, False)
    ]
    gap = paired_gap(*columns(rows))
    assert (gap.low, gap.value) == (-1, -1)
    rate = request_rate([*range(200)], [1.0] + [0.0, NAN] * 99 + [NAN])
    assert rate.low <= rate.value <= rate.high


@pytest.mark.parametrize("m", [1, 2, 10, 50, 1000])
def test_no_positives_never_give_a_zero_width_interval(m: int) -> None:
    gap = paired_gap(*grid(np.zeros((m, 5)), np.zeros((m, 5))))
    assert gap.value == 0
    assert gap.low < -0.9 / m < 0.9 / m < gap.high


def test_one_request_gives_nearly_nothing_away() -> None:
    gap = paired_gap([1, 1], [True, False], [1, 0])
    assert gap.high == 1
    assert gap.low < -0.9


def test_the_interval_is_that_of_the_mean_difference() -> None:
    rng = np.random.default_rng(4)
    first, second = rng.random((80, 5)) < 0.4, rng.random((80, 5)) < 0.2
    gap, d = paired_gap(*grid(first, second)), first.mean(1) - second.mean(1)
    span = bounded_mean((d + 1) / 2, 0.05)
    assert (gap.low, gap.high) == pytest.approx((2 * span.low - 1, 2 * span.high - 1))


def test_paired_t_is_the_t_interval_with_two_added_to_the_squares() -> None:
    from scipy.stats import t

    rng = np.random.default_rng(4)
    first, second = rng.random((80, 5)) < 0.4, rng.random((80, 5)) < 0.2
    gap, d = paired_gap(*grid(first, second), method="paired-t"), first.mean(1) - second.mean(1)
    squares = d.var() * 80 + 2
    half = t.ppf(0.975, 79) * np.sqrt(squares / 79 / 80)
    assert (gap.low, gap.high) == pytest.approx((d.mean() - half, d.mean() + half))
    plain = t.interval(0.95, 79, d.mean(), d.std(ddof=1) / np.sqrt(80))
    assert gap.low < plain[0] < plain[1] < gap.high


@pytest.mark.parametrize(
    "d",
    [
        pytest.param(np.zeros(500), id="no differences"),
        pytest.param(np.repeat([1.0, 0.0], [25, 24]), id="49 requests"),
        pytest.param(np.repeat([1.0, 0.0], [15, 485]), id="15 requests carry the variance"),
        pytest.param(np.repeat([0.2, -0.2], [40, 40]), id="small squares"),
    ],
)
def test_paired_t_is_refused_where_it_may_not_hold(d: np.ndarray) -> None:
    with pytest.raises(Refusal, match="paired t") as caught:
        difference_interval(d, d, 0.05, "paired-t")
    assert "betting" in caught.value.next
    assert difference_interval(d, d, 0.05).low < d.mean()


def test_unknown_labels_widen_paired_t() -> None:
    rng = np.random.default_rng(4)
    first, second = (rng.random((80, 5)) < 0.4).astype(float), rng.random((80, 5)) < 0.2
    told = paired_gap(*grid(first, second), method="paired-t")
    first[:10, 0] = NAN
    untold = paired_gap(*grid(first, second), method="paired-t")
    assert untold.low < told.low
    assert untold.high > told.high


def test_no_request_in_both_arms_is_refused() -> None:
    with pytest.raises(Refusal, match="both arms"):
        paired_gap([1, 2], [True, False], [1, 0])
    with pytest.raises(Refusal, match="both arms"):
        paired_gap([], [], [])


def test_no_decided_label_is_refused() -> None:
    with pytest.raises(Refusal, match="decided"):
        paired_gap([1, 1], [True, False], [NAN, 0])
    with pytest.raises(Refusal, match="decided"):
        request_rate([1], [NAN])


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'betting'"):
        paired_gap(*columns(SMALL), method="beting")


def test_a_label_outside_of_the_unit_interval_is_an_error() -> None:
    with pytest.raises(UsageError, match="label"):
        paired_gap([1, 1], [True, False], [2, 0])


def test_columns_of_different_length_are_an_error() -> None:
    with pytest.raises(UsageError, match="length"):
        paired_gap([1, 1], [True, False], [1])
    with pytest.raises(UsageError, match="first"):
        paired_gap([1, 1], [True], [1, 0])


@settings(max_examples=30)
@given(DIFFERENCES)
def test_sign_flip_is_what_trying_every_flip_gives(d: list[float]) -> None:
    sums = [abs(sum(s * v for s, v in zip(signs, d, strict=True))) for signs in product((1, -1), repeat=len(d))]
    assert sign_flip(d) == pytest.approx(np.mean([s >= abs(sum(d)) - 1e-9 for s in sums]))


def test_sixteen_equal_differences_have_two_extreme_flips() -> None:
    assert sign_flip(np.full(16, 0.2)) == 2 / 2**16


def test_beyond_sixteen_the_p_value_is_near_the_binomial_one() -> None:
    from scipy.stats import binomtest

    d = np.repeat([1.0, -1.0], [40, 24])
    assert sign_flip(d) == pytest.approx(binomtest(40, 64).pvalue, abs=0.01)


def test_a_p_value_is_never_zero() -> None:
    assert sign_flip(np.ones(200)) == 1 / 10_000


def test_ties_count_as_extreme_in_the_drawn_flips() -> None:
    assert sign_flip(np.repeat([0.1, -0.1], [20, 20])) == 1


def test_zeros_and_order_do_not_change_the_p_value() -> None:
    d = np.random.default_rng(1).choice([-0.4, -0.2, 0.2, 0.4, 0.6], 60)
    shuffled = np.random.default_rng(2).permutation(np.concatenate((d, np.zeros(300))))
    assert sign_flip(shuffled) == sign_flip(d)


def test_the_drawn_flips_are_the_same_on_every_machine() -> None:
    assert sign_flip(np.repeat([0.4, -0.2], [15, 14])) == 0.08


def test_under_the_null_the_sign_flip_test_rejects_at_most_its_level() -> None:
    rng = np.random.default_rng(8)
    p = np.array([sign_flip(row, draws=499) for row in rng.integers(-5, 6, (1500, 30)) / 5])
    assert np.mean(p <= 0.05) < 0.05 + 3.3 * np.sqrt(0.05 * 0.95 / 1500)
    assert np.mean(p <= 0.05) > 0.03


def test_a_difference_that_is_not_finite_is_an_error() -> None:
    with pytest.raises(UsageError, match="finite"):
        sign_flip([0.1, NAN])


def test_a_request_counts_once_in_the_rate() -> None:
    rate = request_rate([1] * 9 + [2], [1] * 9 + [0])
    assert (rate.value, rate.requests, rate.samples) == (0.5, 2, 10)


def test_samples_of_one_request_do_not_narrow_the_interval_of_the_rate() -> None:
    few = request_rate(np.arange(40), np.arange(40) < 4)
    many = request_rate(np.tile(np.arange(40), 20), np.tile(np.arange(40) < 4, 20))
    assert (few.low, few.high) == (many.low, many.high)


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from([0.0, 1.0, NAN])), min_size=1, max_size=40), st.data())
def test_the_rate_holds_its_estimate_whatever_the_unknown_labels_were(
    rows: list[tuple[int, float]], data: st.DataObject
) -> None:
    codes, y = [r[0] for r in rows], [r[1] for r in rows]
    try:
        rate = request_rate(codes, y)
    except Refusal:
        return
    assert 0 <= rate.low <= rate.value <= rate.high <= 1
    told = request_rate(codes, [v if v == v else float(data.draw(st.booleans())) for v in y])
    assert rate.low <= told.low + 1e-9
    assert rate.high >= told.high - 1e-9
    assert rate.unknown + rate.samples == told.samples
