"""Intervals for one rate."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from allegiance.errors import UsageError
from allegiance.stats.intervals import Interval, bounded_mean, hypergeometric, round_outward, tail

ALPHAS = st.sampled_from([0.01, 0.05, 0.1, 0.32])
VALUES = st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.9, 1.0]), min_size=1, max_size=40)


@st.composite
def draws(draw: st.DrawFn, most: int = 3000) -> tuple[int, int, int]:
    population = draw(st.integers(1, most))
    n = draw(st.integers(0, population))
    return draw(st.integers(0, n)), n, population


def enumerated(yes: int, n: int, population: int, alpha: float) -> Interval:
    """The same interval in exact fractions, by trying every number of positives."""
    bar, kept = Fraction(str(alpha)) / 2, []
    for m in range(yes, population - n + yes + 1):
        chance = [Fraction(comb(m, x) * comb(population - m, n - x), comb(population, n)) for x in range(n + 1)]
        if sum(chance[: yes + 1]) >= bar and sum(chance[yes:]) >= bar:
            kept.append(m)
    share = yes / n if n else kept[0] / population
    return Interval(min(kept[0] / population, share), max(kept[-1] / population, share))


@pytest.mark.parametrize("population", [1, 2, 7, 20, 40])
def test_hypergeometric_is_what_trying_every_population_gives(population: int) -> None:
    for n in {1, population // 3, population // 2, population - 1, population} - {0}:
        for yes in range(n + 1):
            assert hypergeometric(yes, n, population, 0.05) == enumerated(yes, n, population, 0.05), (yes, n)


@given(draws(most=25), ALPHAS)
def test_hypergeometric_is_exact_at_every_confidence(case: tuple[int, int, int], alpha: float) -> None:
    assume(case[1] > 0)
    assert hypergeometric(*case, alpha) == enumerated(*case, alpha)


def test_a_tail_of_exactly_half_alpha_stays_in() -> None:
    # One positive among 40 is missed by 39 labels with chance 1/40, which is 0.05 / 2.
    assert hypergeometric(0, 39, 40, 0.05) == (0, 1 / 40)
    assert hypergeometric(0, 39, 40, 0.051) == (0, 0)
    # Three of six are all missed by three labels with chance 1/20, which floating point puts below 0.1 / 2.
    assert hypergeometric(0, 3, 6, 0.1) == (0, 0.5)


@pytest.mark.parametrize(("yes", "n"), [(0, 50), (1, 100), (10, 100), (50, 100), (100, 100), (7, 1000)])
def test_in_a_large_population_hypergeometric_is_clopper_pearson(yes: int, n: int) -> None:
    expected = proportion_confint(yes, n, alpha=0.05, method="beta")
    assert hypergeometric(yes, n, 10_000_000, 0.05) == pytest.approx(expected, abs=2e-5)


def test_a_smaller_population_gives_a_narrower_interval() -> None:
    widths = [np.diff(hypergeometric(5, 100, population, 0.05))[0] for population in (120, 300, 1000, 100_000)]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1] / 2


@given(draws(), ALPHAS)
def test_hypergeometric_bounds_are_in_order_and_hold_the_estimate(case: tuple[int, int, int], alpha: float) -> None:
    yes, n, _ = case
    low, high = hypergeometric(*case, alpha)
    assert 0 <= low <= high <= 1
    assert n == 0 or low <= yes / n <= high


@given(draws(), ALPHAS)
def test_one_more_positive_never_lowers_a_bound(case: tuple[int, int, int], alpha: float) -> None:
    yes, n, population = case
    assume(yes < n)
    less, more = hypergeometric(yes, n, population, alpha), hypergeometric(yes + 1, n, population, alpha)
    assert less.low <= more.low
    assert less.high <= more.high


@given(draws(), ALPHAS, st.data())
def test_an_unknown_label_is_a_no_below_and_a_yes_above(
    case: tuple[int, int, int], alpha: float, data: st.DataObject
) -> None:
    yes, n, population = case
    unknown = data.draw(st.integers(0, n - yes))
    span = hypergeometric(yes, n, population, alpha, unknown=unknown)
    assert span.low == hypergeometric(yes, n, population, alpha).low
    assert span.high == hypergeometric(yes + unknown, n, population, alpha).high


@given(draws())
def test_yes_and_no_are_mirror_images(case: tuple[int, int, int]) -> None:
    yes, n, population = case
    span, mirror = hypergeometric(*case, 0.05), hypergeometric(n - yes, n, population, 0.05)
    assert span == pytest.approx((1 - mirror.high, 1 - mirror.low), abs=1e-12)


def test_a_census_gives_the_share_itself() -> None:
    assert hypergeometric(3, 1000, 1000, 0.05) == (0.003, 0.003)


def test_a_census_with_unknown_labels_gives_both_extremes() -> None:
    assert hypergeometric(3, 1000, 1000, 0.05, unknown=7) == (0.003, 0.010)


def test_no_labels_leave_every_share_possible() -> None:
    assert hypergeometric(0, 0, 1000, 0.05) == (0, 1)


def test_no_positives_never_give_a_zero_width_interval_while_half_is_unread() -> None:
    assert all(hypergeometric(0, n, 2 * n, 0.05).high > 0 for n in (1, 10, 100, 1000, 10_000))


@pytest.mark.parametrize("n", [1_728, 5_000, 9_990])
def test_large_samples_do_not_underflow(n: int) -> None:
    low, high = hypergeometric(n // 100, n, 10_000, 0.05)
    assert 0.004 < low <= n // 100 / n <= high < 0.016


def test_tails_agree_with_scipy() -> None:
    from scipy.stats import hypergeom

    for k, positives, n, population in [
        (0, 30, 100, 1000),
        (5, 30, 100, 1000),
        (40, 500, 100, 1000),
        (3, 9, 9, 50),
    ]:
        assert tail(k, positives, n, population) == pytest.approx(
            hypergeom.cdf(k, population, positives, n), rel=1e-9
        )


def test_ten_million_items_take_well_under_a_second() -> None:
    from time import process_time

    start = process_time()
    hypergeometric(500_000, 1_000_000, 10_000_000, 0.05)
    assert process_time() - start < 1


@pytest.mark.parametrize(
    ("yes", "n", "population", "unknown"),
    [(-1, 5, 10, 0), (6, 5, 10, 0), (3, 5, 10, 3), (1, 11, 10, 0), (0, 0, 0, 0)],
)
def test_counts_that_do_not_fit_are_an_error(yes: int, n: int, population: int, unknown: int) -> None:
    with pytest.raises(UsageError, match="do not fit"):
        hypergeometric(yes, n, population, 0.05, unknown=unknown)


@pytest.mark.parametrize("alpha", [0, 1, -0.1, float("nan")])
def test_alpha_out_of_range_is_an_error(alpha: float) -> None:
    with pytest.raises(UsageError, match="alpha"):
        hypergeometric(1, 5, 10, alpha)
    with pytest.raises(UsageError, match="alpha"):
        bounded_mean([0.5], alpha)


@given(VALUES, ALPHAS)
def test_bounded_mean_bounds_are_in_order_and_hold_the_mean(x: list[float], alpha: float) -> None:
    low, high = bounded_mean(x, alpha)
    assert 0 <= low <= np.mean(x) <= high <= 1
    assert low < high


@given(VALUES, st.randoms())
def test_the_order_of_the_values_does_not_matter(x: list[float], random: object) -> None:
    shuffled = list(x)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert bounded_mean(shuffled, 0.05) == bounded_mean(x, 0.05)


@given(VALUES)
def test_the_mirror_image_of_the_values_has_the_mirror_interval(x: list[float]) -> None:
    span, mirror = bounded_mean(x, 0.05), bounded_mean([1 - v for v in x], 0.05)
    assert span == pytest.approx((1 - mirror.high, 1 - mirror.low), abs=1e-8)


@given(VALUES, st.data())
def test_raising_a_value_never_lowers_the_lower_bound(x: list[float], data: st.DataObject) -> None:
    i = data.draw(st.integers(0, len(x) - 1))
    raised = [*x[:i], data.draw(st.floats(x[i], 1)), *x[i + 1 :]]
    assert bounded_mean(raised, 0.05).low >= bounded_mean(x, 0.05).low - 1e-9


@given(VALUES)
def test_more_confidence_is_wider(x: list[float]) -> None:
    wide, narrow = bounded_mean(x, 0.01), bounded_mean(x, 0.2)
    assert wide.low <= narrow.low + 1e-9
    assert wide.high >= narrow.high - 1e-9


@given(VALUES, st.data())
def test_unknown_parts_move_only_the_upper_bound(x: list[float], data: st.DataObject) -> None:
    high = [v if data.draw(st.booleans()) else 1.0 for v in x]
    span = bounded_mean(x, 0.05, high=high)
    assert span == (bounded_mean(x, 0.05).low, bounded_mean(high, 0.05).high)


@pytest.mark.parametrize("n", [20, 50, 500])
def test_all_zeros_give_the_bound_of_clopper_and_pearson(n: int) -> None:
    # All wealth is on the bet of 1 there, so nothing is lost: (1 - m)^-n = 2 / alpha.
    assert bounded_mean(np.zeros(n), 0.05) == pytest.approx(proportion_confint(0, n, method="beta"), abs=1e-8)


@pytest.mark.parametrize("yes", [0, 1, 2, 5, 10, 25, 50])
def test_for_yes_and_no_alone_it_lies_outside_of_clopper_and_pearson(yes: int) -> None:
    # The exact interval cannot be beaten by much in each tail: a valid one that is far inside of it is a mistake.
    low, high = bounded_mean(np.repeat([1.0, 0.0], [yes, 50 - yes]), 0.05)
    expected = proportion_confint(yes, 50, method="beta")
    assert low <= expected[0] + 1e-9
    assert high >= expected[1] - 1e-9


def test_values_of_small_variance_give_a_narrow_interval() -> None:
    rng = np.random.default_rng(0)
    calm, wild = rng.binomial(50, 0.5, 200) / 50, rng.binomial(1, 0.5, 200)
    assert np.diff(bounded_mean(calm, 0.05))[0] < np.diff(bounded_mean(wild, 0.05))[0] / 3


def test_a_bound_is_where_the_wealth_is_two_over_alpha() -> None:
    # With every value equal to 1 the bets below the bound are all of size 1 and the wealth is m ** -n.
    assert bounded_mean(np.ones(30), 0.1).low == pytest.approx(0.05 ** (1 / 30), abs=1e-9)


def test_the_wealth_against_the_true_mean_has_expectation_at_most_one() -> None:
    # Enumerates all outcomes of ten draws from {0, 1/2, 1}, for every block of candidate means.
    from allegiance.stats.intervals import ENDS, _bets, _wealth

    n, values = 10, np.array([0.0, 0.5, 1.0])
    outcomes = [(a, b, n - a - b) for a in range(n + 1) for b in range(n + 1 - a)]
    ways = np.array([comb(n, a) * comb(n - a, b) for a, b, _ in outcomes], dtype=float)
    bets, shares = _bets(n, 0.05)
    for row in range(0, ENDS.size - 1, 3):
        m = ENDS[row]
        half = min(m, 1 - m)  # mass on 1/2; the mean is m
        chance = np.array([1 - half - (m - half / 2), half, m - half / 2])
        mass = ways * np.prod(chance ** np.array(outcomes), axis=1)
        logs = []
        for outcome in np.array(outcomes, dtype=float):
            seen = outcome > 0
            logs.append(_wealth(ENDS[[row]], bets[[row]], shares[[row]], values[seen], outcome[seen])[0])
        assert float(mass @ np.exp(logs)) == pytest.approx(1, abs=1e-9)


def test_no_values_leave_every_mean_possible() -> None:
    assert bounded_mean([], 0.05) == (0, 1)


@pytest.mark.parametrize("x", [[1.2], [-0.1], [float("nan")], [[0.5]]])
def test_values_outside_of_the_unit_interval_are_an_error(x: list[float]) -> None:
    with pytest.raises(UsageError, match="values"):
        bounded_mean(x, 0.05)


def test_a_high_value_below_the_low_one_is_an_error() -> None:
    with pytest.raises(UsageError, match="high"):
        bounded_mean([0.5], 0.05, high=[0.4])


@given(st.floats(-1, 1), st.floats(-1, 1), st.integers(0, 6))
def test_rounding_never_narrows(a: float, b: float, digits: int) -> None:
    span = Interval(min(a, b), max(a, b))
    low, high = round_outward(span, digits)
    assert low <= span.low + 1.1e-9
    assert high >= span.high - 1.1e-9
    assert high - low <= span.high - span.low + 2.1 * 10.0**-digits


def test_rounding_goes_outward() -> None:
    assert round_outward(Interval(0.01234, 0.56781)) == (0.012, 0.568)
    assert round_outward(Interval(-0.01234, -0.01211)) == (-0.013, -0.012)


def test_rounding_leaves_round_bounds_alone() -> None:
    assert round_outward(Interval(0.3, 0.1 + 0.2)) == (0.3, 0.3)
    assert round_outward(Interval(0.0, 1.0)) == (0.0, 1.0)
    assert round_outward(Interval(0.29, 0.29), 2) == (0.29, 0.29)  # 0.29 * 100 is 28.999999999999996


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([0] * 17 + [1] * 3, (0.0149439, 0.5)),
        ([0.2] * 30 + [0.4] * 15 + [1.0] * 5, (0.2657055, 0.4640809)),
        ([0.5] * 80 + [0.6] * 15 + [0.1] * 5, (0.4540592, 0.5255091)),
    ],
)
def test_the_interval_never_changes(x: list[float], expected: tuple[float, float]) -> None:
    # Published claims are recomputed from their bundles; a change of the bets needs a new name for the method.
    assert bounded_mean(x, 0.05) == pytest.approx(expected, abs=1e-6)
