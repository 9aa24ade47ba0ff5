"""The exact test of exchangeability: against counting, and how often it is wrong."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.errors import UsageError
from allegiance.stats.exchange import exchange_p, least_p

scores = st.lists(st.integers(0, 12), min_size=1, max_size=6)


@given(scores, scores)
def test_it_is_the_share_of_splits_that_reach_the_sum(first: list[int], second: list[int]) -> None:
    both = first + second
    splits = [sum(both[i] for i in kept) for kept in combinations(range(len(both)), len(first))]
    assert exchange_p(first, second) == pytest.approx(np.mean([s >= sum(first) for s in splits]))


@pytest.mark.parametrize("alpha", [0.01, 0.05])
def test_it_is_below_alpha_no_more_often_than_alpha_where_nothing_differs(alpha: float) -> None:
    rng = np.random.default_rng(4)
    tries = [rng.geometric(0.4, 20) - 1 for _ in range(2_000)]
    wrong = np.mean([exchange_p(x[:10].tolist(), x[10:].tolist()) <= alpha for x in tries])
    assert wrong <= alpha + 3 * (alpha / 2_000) ** 0.5


def test_many_scores_do_not_overflow() -> None:
    assert exchange_p([30] * 200, [0] * 200) == pytest.approx(1 / comb(400, 200), rel=1e-9)


def test_the_least_p_is_that_of_the_best_outcome() -> None:
    assert least_p(5, 5) == pytest.approx(exchange_p([9] * 5, [0] * 5))


def test_an_empty_group_shows_nothing() -> None:
    assert exchange_p([], [1, 2]) == exchange_p([1, 2], []) == 1


@pytest.mark.parametrize("wrong", [[-1], [100_001], [0] * 401])
def test_scores_out_of_range_are_errors(wrong: list[int]) -> None:
    with pytest.raises(UsageError):
        exchange_p(wrong, [0])
