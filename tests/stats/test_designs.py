"""Weights from scores, what a judge can save, fixed designs in parts, and plans."""

from __future__ import annotations

import math
from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.special import expit, ndtri
from statsmodels.stats.proportion import proportion_confint

from allegiance.errors import Refusal, UsageError
from allegiance.stats.designs import (
    Part,
    bhattacharyya,
    draw_weights,
    elusion,
    first_narrow,
    judge_worth,
    rate_labels_by_design,
    recalibrate,
    stratified,
)
from allegiance.stats.intervals import hypergeometric


def binormal(auc: float, rate: float, n: int = 200_000) -> np.ndarray:
    """The chances of a judge with this AUC, right about the rate, at evenly spaced points of each class."""
    apart, yes = math.sqrt(2) * float(ndtri(auc)), round(n * rate)
    no = ndtri((np.arange(n - yes) + 0.5) / (n - yes))
    signal = np.concatenate((no, ndtri((np.arange(yes) + 0.5) / yes) + apart))
    return expit(np.log(rate / (1 - rate)) + apart * signal - apart**2 / 2)


@pytest.mark.parametrize(
    ("auc", "saving"), [(0.80, 1.42), (0.85, 1.71), (0.90, 2.27), (0.95, 3.87), (0.98, 8.24), (0.99, 15.0)]
)
@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5])
def test_the_most_that_a_binormal_judge_saves_is_that_of_the_formula(
    auc: float, saving: float, rate: float
) -> None:
    # BC^2 = exp(-d'^2 / 4) with d' = sqrt(2) z(AUC), whatever the rate.
    assert 1 / bhattacharyya(binormal(auc, rate)) ** 2 == pytest.approx(saving, rel=0.02)
    assert math.exp(float(ndtri(auc)) ** 2 / 2) == pytest.approx(saving, rel=0.005)


def test_a_binary_judge_has_the_overlap_of_its_errors() -> None:
    se, sp, rate = 0.8, 0.95, 0.1
    flagged = rate * se + (1 - rate) * (1 - sp)
    chance = np.repeat(
        [rate * se / flagged, rate * (1 - se) / (1 - flagged)], [int(1e5 * flagged), int(1e5 * (1 - flagged))]
    )
    assert bhattacharyya(chance) == pytest.approx(math.sqrt(se * (1 - sp)) + math.sqrt((1 - se) * sp), abs=1e-3)


def test_weights_are_whole_and_from_one_to_sixteen() -> None:
    weights = draw_weights(binormal(0.95, 0.01, 10_000))
    assert weights.min() >= 1
    assert weights.max() <= 16
    assert weights.dtype == np.int64


def test_weights_follow_the_doubt_above_a_floor() -> None:
    weights = draw_weights([0.5, 0.0, 0.02, 0.98, 0.0, 0.0], floor=0.5)
    spread = np.sqrt([0.25, 0, 0.0196, 0.0196, 0, 0])
    exact = 0.5 * spread / spread.mean() + 0.5
    assert weights / weights[1] == pytest.approx(exact / 0.5, rel=0.05)
    assert weights[2] == weights[3]


def test_scores_that_are_all_sure_or_all_alike_give_a_uniform_draw() -> None:
    assert set(draw_weights([0.0, 1.0, 1.0])) == {1}
    assert len(set(draw_weights([0.3] * 9))) == 1
    assert len(set(draw_weights(binormal(0.9, 0.1, 500), floor=1.0))) == 1


def test_a_reversed_judge_is_turned_around_by_labels() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(2000) < 0.3).astype(float)
    scores = expit(-2 * (2 * y - 1) + rng.normal(size=2000))
    chances = recalibrate(scores, np.arange(300), y[:300])
    assert chances[y == 1].mean() > chances[y == 0].mean() + 0.3


@pytest.mark.parametrize(("kind", "costs"), [("good", False), ("useless", True)])
def test_a_judge_that_costs_more_than_it_saves_is_told(kind: str, costs: bool) -> None:
    rng = np.random.default_rng(1)
    scores = binormal(0.95, 0.2, 4000)
    y = (rng.random(4000) < scores).astype(float)
    if kind == "useless":
        y = rng.permutation(y)
    weights = draw_weights(scores)
    seen = np.argsort(rng.exponential(size=4000) / weights)[:200]
    worth = judge_worth(scores, weights, seen, y[seen])
    assert worth.costs is costs
    assert worth.saving <= worth.bound * 1.01


def test_a_verdict_on_a_judge_needs_labels_of_both_kinds() -> None:
    scores, weights = np.full(100, 0.1), np.ones(100)
    for labels in (np.ones(20), np.zeros(60), np.append(np.zeros(56), np.ones(4))):
        with pytest.raises(Refusal, match="too few"):
            judge_worth(scores, weights, np.arange(labels.size), labels)


def enumerated_coverage(
    sizes: tuple[int, ...], drawn: tuple[int, ...], yes: tuple[int, ...], alpha: float
) -> float:
    """The chance that the interval holds the share, summed over every count that the draws can give."""
    truth, total = sum(yes) / sum(sizes), 0.0
    ranges = [range(min(m, n) + 1) for m, n in zip(yes, drawn, strict=True)]
    for counts in product(*ranges):
        ways = 1.0
        for k, m, n, size in zip(counts, yes, drawn, sizes, strict=True):
            ways *= comb(m, k) * comb(size - m, n - k) / comb(size, n) if n - k <= size - m else 0
        if not ways:
            continue
        parts = [Part(k, n, size) for k, n, size in zip(counts, drawn, sizes, strict=True)]
        span = stratified(parts, alpha)
        total += ways * (span.low - 1e-12 <= truth <= span.high + 1e-12)
    return total


@pytest.mark.parametrize("alpha", [0.05, 0.3])
def test_over_all_draws_from_parts_the_share_is_held_often_enough(alpha: float) -> None:
    for yes in product((0, 1, 3, 8), (0, 1, 6, 14)):
        assert enumerated_coverage((8, 14), (5, 6), yes, alpha) >= 1 - alpha
        assert enumerated_coverage((8, 14), (8, 5), yes, alpha) >= 1 - alpha


def test_over_all_draws_from_three_parts_the_share_is_held_often_enough() -> None:
    for yes in product((0, 4), (1, 5), (0, 9)):
        assert enumerated_coverage((6, 8, 20), (3, 4, 7), yes, 0.2) >= 0.8


def test_parts_drawn_from_independently_cost_more_than_one() -> None:
    one = hypergeometric(3, 100, 1000, 0.05)
    assert stratified([Part(3, 100, 1000)], 0.05) == pytest.approx(one)
    two = stratified([Part(2, 50, 500), Part(1, 50, 500)], 0.05)
    assert two.high - two.low > one.high - one.low


def test_an_elusion_sample_adds_what_is_known_to_what_is_bounded() -> None:
    span = elusion(Part(40, 100, 100), Part(0, 60, 900), 0.05)
    rest = hypergeometric(0, 60, 900, 0.05)
    assert span == pytest.approx(((40 + 900 * rest.low) / 1000, (40 + 900 * rest.high) / 1000))


def test_unknown_labels_of_the_part_read_whole_count_both_ways() -> None:
    span = elusion(Part(40, 100, 100, 5), Part(0, 900, 900), 0.05)
    assert span == pytest.approx((0.040, 0.045))


def test_an_elusion_sample_whose_top_was_not_read_whole_is_an_error() -> None:
    with pytest.raises(UsageError, match="read whole"):
        elusion(Part(40, 99, 100), Part(0, 60, 900), 0.05)


def test_in_a_large_population_a_part_has_the_binomial_interval() -> None:
    low, high = proportion_confint(7, 200, alpha=0.05, method="beta")
    span = elusion(Part(0, 1, 1), Part(7, 200, 5_000_000), 0.05)
    assert span == pytest.approx((low, high), abs=1e-4)


def test_plans_are_in_order_and_a_good_judge_saves() -> None:
    scores = binormal(0.98, 0.1, 3000)
    plan = rate_labels_by_design(0.04, 0.1, 0.05, 3000, scores=scores)
    assert plan.floor < plan.uniform_fixed < plan.uniform_every_look
    assert plan.weighted_every_look is not None
    assert plan.weighted_every_look < plan.uniform_every_look / 2


def test_a_plan_without_scores_has_no_weighted_draw() -> None:
    assert rate_labels_by_design(0.1, 0.2, 0.05, 400).weighted_every_look is None


def test_the_first_narrow_look_counts_from_one() -> None:
    low, high = np.array([0.0, 0.1, 0.15]), np.array([1.0, 0.3, 0.25])
    assert first_narrow(low, high, 0.1) == 2
    assert first_narrow(low, high, 0.01) is None


def test_scores_and_plans_out_of_range_are_errors() -> None:
    for call in (
        lambda: draw_weights([0.5, 1.5]),
        lambda: draw_weights([]),
        lambda: draw_weights([0.5], floor=0.0),
        lambda: stratified([], 0.05),
        lambda: rate_labels_by_design(0.01, 0.0, 0.05, 100),
        lambda: rate_labels_by_design(0.1, 0.2, 0.05, 100, scores=[0.5]),
    ):
        with pytest.raises(UsageError):
            call()
    with pytest.raises(Refusal, match="all chances"):
        bhattacharyya([0.0, 0.0])
