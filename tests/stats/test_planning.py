"""How much to collect."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from allegiance.errors import UsageError
from allegiance.stats.gaps import sign_flip
from allegiance.stats.intervals import hypergeometric
from allegiance.stats.planning import floor_labels, gap_requests, gap_sd, rate_labels, within_variance


@pytest.mark.parametrize(
    ("p0", "floors"),
    [(0.05, (56, 59, 59)), (0.01, (238, 291, 298)), (0.005, (393, 570, 595)), (0.001, (777, 2383, 2922))],
)
def test_the_floor_for_at_most(p0: float, floors: tuple[int, ...]) -> None:
    assert tuple(floor_labels(p0, 0.05, population) for population in (1_000, 10_000, 100_000)) == floors


@example(100, 29, 0.001)  # 0.29 * 100 is 28.999999999999996
@given(st.integers(1, 60), st.integers(0, 99), st.sampled_from([0.01, 0.05, 0.2]))
def test_the_floor_is_the_least_that_misses_rarely_enough(population: int, percent: int, alpha: float) -> None:
    positives = population * percent // 100 + 1
    missed = [Fraction(comb(population - positives, n), comb(population, n)) for n in range(population + 1)]
    least = next(n for n, chance in enumerate(missed) if chance <= Fraction(str(alpha)))
    assert floor_labels(percent / 100, alpha, population) == least


def test_the_floor_makes_the_upper_bound_reach_the_claim() -> None:
    n = floor_labels(0.01, 0.05, 10_000)
    assert hypergeometric(0, n, 10_000, 0.10).high <= 0.01 < hypergeometric(0, n - 1, 10_000, 0.10).high


@pytest.mark.parametrize(
    ("half_width", "rate", "population"),
    [(0.05, 0.1, 300), (0.03, 0.01, 400), (0.1, 0.5, 200), (0.02, 0.0, 500), (0.05, 0.97, 300), (0.3, 0.3, 50)],
)
def test_rate_labels_is_the_least_number_that_reaches_the_width(
    half_width: float, rate: float, population: int
) -> None:
    p = min(Fraction(str(rate)), 1 - Fraction(str(rate)))
    widths = [np.diff(hypergeometric(-int(-n * p // 1), n, population, 0.05))[0] for n in range(population + 1)]
    least = next(n for n, width in enumerate(widths) if width <= 2 * half_width)
    assert rate_labels(half_width, rate, 0.05, population) == least


def test_rate_labels_near_what_was_found_by_simulation() -> None:
    assert rate_labels(0.005, 0.01, 0.05, 10_000) == pytest.approx(1_481, rel=0.01)
    assert rate_labels(0.02, 0.1, 0.05, 10_000) == pytest.approx(843, rel=0.01)


@pytest.mark.parametrize(
    ("requests", "samples", "points"), [(50, 1, 6.7), (50, 5, 3.1), (50, 20, 1.9), (100, 5, 2.2), (500, 1, 2.1)]
)
def test_the_spread_of_a_gap_follows_requests_and_samples(requests: int, samples: int, points: float) -> None:
    # One spread and one within-variance, fitted to the first and third row, predict the others.
    assert 100 * gap_sd(requests, samples, spread=0.085, within=0.215) == pytest.approx(points, abs=0.1)


def test_the_gap_found_is_two_point_eight_standard_deviations() -> None:
    sd = gap_sd(200, 5, spread=0.085, within=0.215)
    assert gap_requests(2.8016 * sd, samples=5, spread=0.085, within=0.215) == pytest.approx(200, abs=1)


def test_more_samples_cannot_replace_requests() -> None:
    assert gap_requests(0.05, samples=10_000, spread=0.2, within=0.2) >= (2.8 * 0.2 / 0.05) ** 2


def test_within_variance_is_what_is_left_of_p_times_one_minus_p() -> None:
    assert within_variance(0.5, 0.1) == pytest.approx(0.25 + 0.09)
    assert within_variance(0.5, 0.1, between=0.1) == pytest.approx(0.25 + 0.09 - 0.02)
    assert within_variance(0.5, 0.0, between=0.6) == 0


def test_a_plan_has_the_power_it_promises() -> None:
    rng = np.random.default_rng(3)
    m = gap_requests(0.1, samples=5, spread=0.0, within=within_variance(0.4, 0.3))
    d = (rng.binomial(5, 0.4, (400, m)) - rng.binomial(5, 0.3, (400, m))) / 5
    found = np.mean([sign_flip(row, draws=199) <= 0.05 for row in d])
    assert 0.72 < found < 0.88


def test_plans_out_of_range_are_errors() -> None:
    for call in (
        lambda: floor_labels(1.0, 0.05, 10),
        lambda: floor_labels(0.1, 0.05, 0),
        lambda: rate_labels(0.0, 0.1, 0.05, 100),
        lambda: rate_labels(0.1, 1.1, 0.05, 100),
        lambda: gap_sd(0, 1, spread=0.1, within=0.1),
        lambda: gap_requests(0.0, samples=5, spread=0.1, within=0.1),
    ):
        with pytest.raises(UsageError):
            call()
