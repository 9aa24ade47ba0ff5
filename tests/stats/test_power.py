"""The power of a design, against an independent simulation and against what can be counted out."""

from __future__ import annotations

from functools import cache
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from allegiance.errors import Refusal, UnknownName, UsageError
from allegiance.stats.gaps import difference_interval
from allegiance.stats.power import (
    Setting,
    difference_law,
    exact_power,
    gap_power,
    icc_of,
    least_requests,
    same_calls,
    simulated_power,
)


@cache
def excludes_zero(differences: tuple[float, ...], method: str) -> bool:
    """Whether the interval of a claim, rounded outward to four decimals, lies above zero."""
    d = np.array(differences)
    try:
        return difference_interval(d, d, 0.05, method).low >= 1e-4
    except Refusal:
        return False


def slow(setting: Setting, requests: int, samples: int, method: str, reps: int) -> float:
    """Studies made reply by reply: a rate for each request and arm, a coin for each reply, the interval itself."""
    rng, found = np.random.default_rng(2026), 0
    for _ in range(reps):
        one = rng.standard_normal(requests)
        other = setting.alike * one + sqrt(1 - setting.alike**2) * rng.standard_normal(requests)
        rates = [
            rate(stats.norm.cdf(z), p, setting.icc) for z, p in ((one, setting.first), (other, setting.second))
        ]
        said = [(rng.random((samples, requests)) < p).mean(axis=0) for p in rates]
        found += excludes_zero(tuple(np.sort(said[0] - said[1]).tolist()), method)
    return found / reps


def rate(quantile: np.ndarray, mean: float, icc: float) -> np.ndarray:
    if icc == 0 or mean == 0:
        return np.full(quantile.shape, mean)
    return stats.beta.ppf(quantile, mean * (1 - icc) / icc, (1 - mean) * (1 - icc) / icc)


SETTINGS = [
    ("betting", 0.50, 0.40, 0.3, 0.5, 700, 1),
    ("betting", 0.50, 0.40, 0.3, 0.5, 200, 5),
    ("betting", 0.50, 0.30, 0.0, 0.0, 120, 1),
    ("betting", 0.14, 0.00, 0.3, 0.5, 60, 2),
    ("betting", 0.30, 0.10, 0.6, 0.0, 70, 10),
    ("betting", 0.10, 0.02, 0.3, 1.0, 130, 3),
    ("paired-t", 0.50, 0.40, 0.3, 0.5, 330, 1),
    ("paired-t", 0.50, 0.40, 0.3, 0.5, 120, 5),
    ("paired-t", 0.60, 0.40, 0.5, 0.2, 80, 2),
    ("paired-t", 0.14, 0.04, 0.3, 0.5, 180, 1),
    ("paired-t", 0.30, 0.10, 0.6, 0.0, 65, 10),
    ("paired-t", 0.95, 0.80, 0.1, 0.8, 100, 3),
]


@pytest.mark.parametrize(("method", "first", "second", "icc", "alike", "requests", "samples"), SETTINGS)
def test_the_power_agrees_with_an_independent_simulation_within_three_points(
    method: str, first: float, second: float, icc: float, alike: float, requests: int, samples: int
) -> None:
    setting = Setting(first=first, second=second, icc=icc, alike=alike)
    planned = gap_power(setting, requests, samples, method=method).power
    seen = slow(setting, requests, samples, method, 1500)
    print(f"{method} {requests} x {samples}: planned {planned:.3f}, simulated apart {seen:.3f}")
    assert planned == pytest.approx(seen, abs=0.03)


@pytest.mark.parametrize("requests", [10, 40, 100])
def test_the_counted_power_is_a_tail_of_the_binomial_where_one_arm_never_complies(requests: int) -> None:
    setting = Setting(first=0.3, second=0.0, icc=0.0)
    wins = (excludes_zero((0.0,) * (requests - k) + (1.0,) * k, "betting") for k in range(requests + 1))
    least = next((k for k, win in enumerate(wins) if win), requests + 1)
    assert exact_power(setting, requests) == pytest.approx(stats.binom.sf(least - 1, requests, 0.3), abs=1e-9)


@pytest.mark.parametrize("method", ["betting", "paired-t"])
@pytest.mark.parametrize("requests", [60, 150])
def test_the_simulation_agrees_with_the_power_that_is_counted_out(requests: int, method: str) -> None:
    setting = Setting(first=0.5, second=0.3)
    exact = exact_power(setting, requests, method=method)
    found = simulated_power(setting, requests, 1, method=method)
    assert found.power == pytest.approx(exact, abs=4 * found.error)


def test_one_sample_and_few_requests_are_counted_and_have_no_monte_carlo_error() -> None:
    setting = Setting(first=0.5, second=0.3)
    assert gap_power(setting, 100, 1).error == 0
    assert gap_power(setting, 100, 2).error > 0


rates = st.floats(0, 1).map(lambda x: round(x, 3))


@given(rates, rates, st.floats(0, 0.95), st.floats(0, 1), st.integers(1, 8))
def test_the_law_of_a_difference_has_the_gap_as_its_mean(
    p: float, q: float, icc: float, alike: float, k: int
) -> None:
    if p == q:
        return
    law = difference_law(Setting(first=p, second=q, icc=icc, alike=alike), k)
    assert law.sum() == pytest.approx(1)
    assert law @ np.arange(-k, k + 1) / k == pytest.approx(p - q, abs=1e-3)


def test_the_samples_of_a_request_are_as_alike_as_was_said() -> None:
    # With an arm that never complies, the difference is the count of the other, whose variance the icc enlarges.
    law, k = difference_law(Setting(first=0.4, second=0.0, icc=0.3), 5), 5
    count = np.arange(-k, k + 1)
    variance = law @ count**2 - (law @ count) ** 2
    assert variance == pytest.approx(k * 0.24 * (1 + (k - 1) * 0.3), rel=1e-3)


def test_a_gap_downward_has_the_power_of_the_same_gap_upward() -> None:
    up, down = Setting(first=0.4, second=0.2), Setting(first=0.2, second=0.4)
    assert exact_power(up, 80) == pytest.approx(exact_power(down, 80))


def test_more_requests_find_more_than_more_samples_of_each_for_the_same_calls() -> None:
    powers = [design.power for design in same_calls(Setting(first=0.5, second=0.4), 1_000, (1, 5, 10))]
    assert powers == sorted(powers, reverse=True)
    assert powers[0] > powers[-1] + 0.2


def test_the_least_design_reaches_the_power_and_one_a_little_smaller_does_not() -> None:
    setting = Setting(first=0.5, second=0.2)
    design = least_requests(setting, 1)
    assert design is not None
    assert design.power >= 0.8 > gap_power(setting, design.requests - 2, 1).power


def test_a_gap_that_no_design_finds_has_none() -> None:
    assert least_requests(Setting(first=0.5, second=0.4995), 1) is None


def test_a_standard_deviation_of_rates_is_a_correlation_of_samples() -> None:
    assert icc_of(0.25, 0.6, 0.4) == pytest.approx(0.25)
    with pytest.raises(UsageError, match="cannot have a standard deviation"):
        icc_of(0.5, 0.6, 0.4)


def test_designs_out_of_range_are_errors() -> None:
    setting = Setting(first=0.5, second=0.4)
    for call in (
        lambda: Setting(first=0.5, second=0.5),
        lambda: Setting(first=0.5, second=0.4, icc=1.0),
        lambda: gap_power(setting, 0, 1),
        lambda: gap_power(setting, 10, 0),
        lambda: gap_power(setting, 10, 1, alpha=1.0),
        lambda: least_requests(setting, 1, power=1.0),
    ):
        with pytest.raises(UsageError):
            call()
    with pytest.raises(UnknownName):
        gap_power(setting, 10, 1, method="z")
