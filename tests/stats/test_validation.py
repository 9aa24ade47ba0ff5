"""Shares within a class whose size is not known, counted out over all small populations."""

from __future__ import annotations

import math

import numpy as np
import pytest

from allegiance.errors import UsageError
from allegiance.stats.intervals import Interval
from allegiance.stats.validation import Found, class_share, more_labels, overlap, ratio


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_neither_end_misses_more_than_half_of_alpha_in_any_class_of_up_to_24(alpha: float) -> None:
    worst = 0.0
    for size in range(1, 25):
        for n in range(1, size + 1):
            ends = [class_share(Found(hits, n - hits), alpha) for hits in range(n + 1)]
            for hits in range(size + 1):
                chance = [
                    math.comb(hits, k) * math.comb(size - hits, n - k) / math.comb(size, n) for k in range(n + 1)
                ]
                share = hits / size
                above = sum(p for p, end in zip(chance, ends, strict=True) if end.low > share + 1e-12)
                below = sum(p for p, end in zip(chance, ends, strict=True) if end.high < share - 1e-12)
                worst = max(worst, above, below)
    assert 0 < worst <= alpha / 2


def test_an_item_whose_class_is_not_known_widens_the_interval_over_every_way_it_could_fall() -> None:
    wide = class_share(Found(8, 3, 2, 1), 0.05)
    for hits in range(3):
        for misses in range(2):
            each = class_share(Found(8 + hits, 3 + misses), 0.05)
            assert wide.low <= each.low
            assert each.high <= wide.high


def test_nothing_drawn_of_a_class_says_nothing() -> None:
    assert class_share(Found(0, 0), 0.05) == (0, 1)


def test_a_single_hit_is_given_the_smaller_bound() -> None:
    assert class_share(Found(1, 99), 0.05).low == pytest.approx(0.025 / 100)


def test_counts_below_zero_are_refused() -> None:
    with pytest.raises(UsageError):
        class_share(Found(-1, 3), 0.05)


def test_a_ratio_of_two_intervals_takes_the_worst_of_each() -> None:
    assert ratio(Interval(10, 20), Interval(0, 30)) == pytest.approx((0.25, 1))
    assert ratio(Interval(0, 0), Interval(0, 5)) == (0, 1)
    assert ratio(Interval(0, 5), Interval(0, 0)) == (0, 1)


def test_positive_agreement_lies_between_nothing_and_one() -> None:
    assert overlap(Interval(0, 40), Interval(0, 10), 40) == (0, 1)
    assert overlap(Interval(30, 30), Interval(10, 10), 40) == pytest.approx((0.75, 0.75))


@pytest.mark.parametrize(("seen", "labelled", "more"), [(30, 100, 0), (15, 100, 100), (0, 50, 1500), (3, 0, 30)])
def test_more_labels_are_as_many_as_the_share_seen_asks_for(seen: int, labelled: int, more: int) -> None:
    assert more_labels(seen, labelled) == more


def test_the_interval_holds_by_simulation_at_a_rare_rate_and_small_n() -> None:
    rng = np.random.default_rng(3)
    size, positives, found, n = 1000, 20, 17, 120  # sensitivity .85 at a rate of 2 %
    missed = 0
    for _ in range(2000):
        drawn = rng.choice(size, n, replace=False)
        ours = drawn[drawn < positives]
        end = class_share(Found(int((ours < found).sum()), int((ours >= found).sum())), 0.05)
        missed += not end.low <= found / positives <= end.high
    assert missed / 2000 <= 0.05
