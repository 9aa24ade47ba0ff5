"""Weighing a link: a broken one seldom holds, one that holds is seldom stopped, and nothing odd passes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from allegiance.errors import UsageError
from allegiance.stats.gating import least_margin, spent, weigh

ALPHA, MARGIN = 0.05, 0.1
CHAINS = 600
SLACK = 3 * (ALPHA * (1 - ALPHA) / CHAINS) ** 0.5
"""Three standard errors of a share of `CHAINS`."""


def differences(
    chance: np.random.Generator, rate: float, drop: float, count: int, spread: float = 1.0
) -> np.ndarray:
    """Differences of a model that is worse by `drop` on average, on requests of unequal difficulty."""
    easy = np.clip(rate + spread * (chance.random(count) - 0.5) * 0.2, 0, 1)
    return (chance.random(count) < easy - drop).astype(float) - (chance.random(count) < easy)


def passing(rate: float, drop: float, count: int = 400) -> float:
    chance = np.random.default_rng([int(100 * rate), int(100 * drop)])
    verdicts = [
        weigh(d, d, MARGIN, ALPHA).verdict for d in (differences(chance, rate, drop, count) for _ in range(CHAINS))
    ]
    return verdicts.count("holds") / CHAINS


@pytest.mark.parametrize("rate", [0.9, 0.7, 0.5, 0.3])
def test_a_link_that_is_broken_by_just_the_margin_seldom_holds(rate: float) -> None:
    assert passing(rate, MARGIN) <= ALPHA + SLACK


@pytest.mark.parametrize("rate", [0.9, 0.6])
def test_a_link_that_is_broken_by_more_almost_never_holds(rate: float) -> None:
    assert passing(rate, 0.15) <= 0.01


def test_a_link_of_a_rare_serving_that_is_broken_seldom_holds() -> None:
    # Nearly all is served by the reference, never by the other on a tenth of the requests: few distinct values.
    chance = np.random.default_rng(5)
    held = sum(weigh(d, d, MARGIN, ALPHA).verdict == "holds"
               for d in (-(chance.random(400) < MARGIN).astype(float) for _ in range(CHAINS)))  # fmt: skip
    assert held / CHAINS <= ALPHA + SLACK


def test_a_link_that_holds_is_shown_to_hold_at_high_rates() -> None:
    assert passing(0.95, 0.0) >= 0.99


def test_a_reference_that_was_asked_more_often_takes_fewer_requests() -> None:
    chance = np.random.default_rng(3)
    once, often = [], []
    for _ in range(100):
        served = chance.random(400) < 0.9
        for times, made in ((1, once), (5, often)):
            d = served - chance.binomial(times, 0.9, 400) / times
            made.append(weigh(d, d, MARGIN, ALPHA).decided or 400)
    assert np.mean(often) < np.mean(once)


def test_a_link_that_is_much_worse_is_called_broken() -> None:
    d = differences(np.random.default_rng(1), 0.9, 0.3, 400)
    assert weigh(d, d, MARGIN, ALPHA).verdict == "broken"


def test_a_link_that_holds_is_seldom_called_broken() -> None:
    chance = np.random.default_rng(2)
    said = [
        weigh(d, d, MARGIN, ALPHA).verdict for d in (differences(chance, 0.9, 0.05, 400) for _ in range(CHAINS))
    ]
    assert said.count("broken") / CHAINS <= ALPHA + SLACK


def test_nothing_seen_is_undecided() -> None:
    assert weigh([], [], MARGIN, ALPHA).verdict == "undecided"


def test_labels_that_are_not_decided_count_against_holding() -> None:
    d = np.zeros(200)
    assert weigh(d, d, MARGIN, ALPHA).verdict == "holds"
    assert weigh(d - 1, d, MARGIN, ALPHA).verdict == "undecided"


def test_a_verdict_that_was_reached_is_not_lost_by_reading_on() -> None:
    d = np.concatenate([np.zeros(200), -np.ones(50)])
    found = weigh(d, d, MARGIN, ALPHA)
    assert found.verdict == "holds"
    assert found.decided <= 200


@given(arrays(float, st.integers(0, 60), elements=st.floats(-1, 1)), st.floats(0.01, 0.9))
def test_wealth_is_finite_and_never_below_where_it_began(d: np.ndarray, margin: float) -> None:
    found = weigh(d, d, margin, ALPHA)
    assert np.isfinite(found.wealth)
    assert found.wealth >= 1.0


@given(arrays(float, st.integers(1, 60), elements=st.floats(-1, 1)))
def test_a_link_holds_at_every_margin_above_the_least(d: np.ndarray) -> None:
    least = least_margin(d, ALPHA)
    if least < 0.98:
        assert weigh(d, d, least + 0.01, ALPHA).verdict == "holds"


@pytest.mark.parametrize("drop", [0.0, 0.1, 0.25])
def test_the_true_difference_is_seldom_below_minus_the_least_margin(drop: float) -> None:
    chance = np.random.default_rng(11)
    missed = sum(-drop < -least_margin(differences(chance, 0.7, drop, 150), ALPHA) for _ in range(150))
    assert missed / 150 <= ALPHA + 3 * (ALPHA * (1 - ALPHA) / 150) ** 0.5


@pytest.mark.parametrize(
    ("low", "high", "margin", "alpha"),
    [
        ([0.0], [0.0, 0.0], 0.1, 0.05), ([float("nan")], [0.0], 0.1, 0.05), ([2.0], [2.0], 0.1, 0.05),
        ([0.5], [0.0], 0.1, 0.05), ([0.0], [0.0], 0.0, 0.05), ([0.0], [0.0], 1.0, 0.05), ([0.0], [0.0], 0.1, 0.0),
    ],
)  # fmt: skip
def test_what_is_out_of_range_is_refused(low: list[float], high: list[float], margin: float, alpha: float) -> None:
    with pytest.raises(UsageError):
        weigh(low, high, margin, alpha)


def test_all_that_is_ever_spent_is_at_most_alpha() -> None:
    assert sum(spent(ALPHA, failures) for failures in range(10_000)) <= ALPHA


def test_failures_make_the_next_test_stricter() -> None:
    parts = [spent(ALPHA, failures) for failures in range(6)]
    assert parts == sorted(parts, reverse=True)


def test_there_are_no_negative_failures() -> None:
    with pytest.raises(UsageError):
        spent(ALPHA, -1)
