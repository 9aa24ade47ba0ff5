"""Contrasts, interactions and training seeds."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from allegiance.errors import Refusal, UsageError
from allegiance.stats.experiments import SPLIT, contrast, contrast_values, interaction, seed_units
from allegiance.stats.gaps import paired_gap
from allegiance.stats.intervals import bounded_mean

NAN = float("nan")
RNG = np.random.default_rng(2)
REQUEST = np.repeat(np.arange(30), 12)
ARM = np.tile(np.repeat([0, 1, 2, 3], 3), 30)
Y = (RNG.random(360) < 0.2 + 0.4 * (ARM == 3)).astype(float)


def test_a_contrast_of_two_arms_is_the_paired_gap() -> None:
    two = ARM < 2
    told = contrast(REQUEST[two], ARM[two], Y[two], {0: 1, 1: -1})
    gap = paired_gap(REQUEST[two], ARM[two] == 0, Y[two])
    assert (told.value, told.low, told.high, told.p_value) == (gap.value, gap.low, gap.high, gap.p_value)


def test_arms_without_a_weight_are_left_out() -> None:
    two = ARM < 2
    assert contrast(REQUEST, ARM, Y, {0: 1, 1: -1}) == contrast(REQUEST[two], ARM[two], Y[two], {0: 1, 1: -1})


def test_an_interaction_is_the_difference_of_two_gaps() -> None:
    told = interaction(REQUEST, ARM >= 2, ARM % 2 == 1, Y)
    gaps = [paired_gap(REQUEST[rows], ARM[rows] % 2 == 1, Y[rows]) for rows in (ARM >= 2, ARM < 2)]
    assert told.value == pytest.approx(gaps[0].value - gaps[1].value)
    assert told.reach == (-2, 2)
    assert told.low < told.value < told.high


def test_the_interval_of_an_interaction_is_twice_that_of_its_half() -> None:
    values = contrast_values(REQUEST, ARM, Y, {3: 1, 2: -1, 1: -1, 0: 1})
    half = bounded_mean((values.value / 2 + 1) / 2, 0.05)
    told = interaction(REQUEST, ARM >= 2, ARM % 2 == 1, Y)
    assert (told.low, told.high) == pytest.approx((4 * half.low - 2, 4 * half.high - 2), abs=1e-7)


def test_requests_that_lack_an_arm_are_dropped_and_counted() -> None:
    rows = ~((REQUEST == 4) & (ARM == 1))
    told = interaction(REQUEST[rows], ARM[rows] >= 2, ARM[rows] % 2 == 1, Y[rows])
    assert (told.requests, told.dropped) == (29, 1)


def test_whatever_an_unknown_label_was_the_interval_holds_the_one_it_would_have_given() -> None:
    y = Y.copy()
    y[[0, 5, 100]] = NAN
    told = interaction(REQUEST, ARM >= 2, ARM % 2 == 1, y)
    assert told.unknown == 3
    for fill in product((0.0, 1.0), repeat=3):
        y[[0, 5, 100]] = fill
        known = interaction(REQUEST, ARM >= 2, ARM % 2 == 1, y)
        assert told.low <= known.low + 1e-8
        assert told.high >= known.high - 1e-8


def test_thirds_of_arms_reach_from_minus_one_to_one() -> None:
    told = contrast(REQUEST, ARM, np.ones(360), {0: 1, 1: -1 / 3, 2: -1 / 3, 3: -1 / 3})
    assert told.value == pytest.approx(0)
    assert told.reach == pytest.approx((-1, 1))


@pytest.mark.parametrize("weights", [{0: 1.0}, {0: 1.0, 1: -0.5}, {0: 0.0, 1: 0.0}, {0: NAN, 1: 1.0}, {}])
def test_weights_that_are_no_contrast_are_an_error(weights: dict[int, float]) -> None:
    with pytest.raises(UsageError, match="contrast"):
        contrast(REQUEST, ARM, Y, weights)


def test_no_request_in_all_arms_is_refused() -> None:
    with pytest.raises(Refusal, match="all arms"):
        contrast([1, 2], [0, 1], [1, 0], {0: 1, 1: -1})
    with pytest.raises(Refusal, match="all arms"):
        contrast([], [], [], {0: 1, 1: -1})


def test_no_decided_label_is_refused() -> None:
    with pytest.raises(Refusal, match="decided"):
        contrast([1, 1], [0, 1], [NAN, 0], {0: 1, 1: -1})


def test_columns_of_different_length_are_an_error() -> None:
    with pytest.raises(UsageError, match="length"):
        contrast([1, 1], [0, 1], [1], {0: 1, 1: -1})
    with pytest.raises(UsageError, match="length"):
        interaction([1, 1], [True, False], [True], [1, 0])


def test_three_seeds_have_two_degrees_of_freedom() -> None:
    from scipy.stats import t

    x = np.array([0.1, 0.14, 0.2])
    told = seed_units(x)
    half = t.ppf(0.975, 2) * x.std(ddof=1) / np.sqrt(3)
    assert (told.t_low, told.t_high) == pytest.approx((x.mean() - half, x.mean() + half))


def test_three_seeds_that_agree_still_say_little() -> None:
    told = seed_units([0.2, 0.2, 0.2])
    assert (told.t_low, told.t_high, told.split) == (None, None, False)
    assert told.high - told.low > 1


def test_the_range_of_five_seeds_holds_the_median_seed_15_times_in_16() -> None:
    assert seed_units([0, 0.1, 0.2, 0.1, 0.3]).median_confidence == 15 / 16


def test_one_run_that_went_another_way_is_seen() -> None:
    assert seed_units([0.0, 0.01, 0.6]).split is True
    assert seed_units([0.1, 0.2, 0.3]).split is False
    assert seed_units([0.01, 0.02, 0.01, 0.6, 0.61]).split is True
    assert seed_units([0.0, 0.6]).split is None


@pytest.mark.parametrize("n", sorted(SPLIT))
def test_a_split_is_seen_in_one_of_twenty_normal_samples(n: int) -> None:
    x = np.sort(np.random.default_rng(n).standard_normal((40_000, n)), axis=1)
    share = np.mean(np.diff(x, axis=1).max(axis=1) / (x[:, -1] - x[:, 0]) > SPLIT[n])
    assert share == pytest.approx(0.05, abs=0.004)


def test_one_seed_is_refused() -> None:
    with pytest.raises(Refusal, match="one training seed"):
        seed_units([0.2])


def test_a_value_outside_of_its_range_is_an_error() -> None:
    with pytest.raises(UsageError):
        seed_units([0.2, 1.2, NAN])
