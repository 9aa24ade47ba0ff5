"""Reading until k positives, the most striking of n, and the second line: exact where they say so."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import beta, nhypergeom

from allegiance.errors import Refusal, UsageError
from allegiance.stats.inverse import read_until
from allegiance.stats.order import most_striking
from allegiance.stats.secondary import _inclusion, active, ppi_plus


def chance_of_rank(n: int, k: int, positives: int, population: int) -> float:
    """P(the k-th positive comes at rank n), by counting."""
    before = comb(positives, k - 1) * comb(population - positives, n - k)
    return before / comb(population, n - 1) * (positives - k + 1) / (population - n + 1)


@pytest.mark.parametrize("alpha", [0.05, 0.3])
@pytest.mark.parametrize(("population", "k"), [(7, 1), (12, 3), (40, 1), (40, 2), (40, 5)])
def test_over_all_ranks_the_share_is_held_often_enough(population: int, k: int, alpha: float) -> None:
    for positives in range(k, population + 1):
        held = 0.0
        for n in range(k, population - positives + k + 1):
            span = read_until(k, n, population, alpha)
            held += chance_of_rank(n, k, positives, population) * (
                span.low - 1e-12 <= positives / population <= span.high + 1e-12
            )
        assert held >= 1 - alpha - 1e-9, positives


@pytest.mark.parametrize(("population", "k", "n"), [(12, 3, 5), (40, 1, 9), (40, 4, 22), (30, 30, 30)])
def test_the_bounds_are_what_trying_every_total_gives(population: int, k: int, n: int) -> None:
    # scipy counts the negatives drawn before the k-th positive: nhypergeom(population, negatives, k) mirrored.
    kept = []
    for positives in range(k, population - (n - k) + 1):
        negatives_before = nhypergeom(population, population - positives, k)
        early, late = negatives_before.cdf(n - k), negatives_before.sf(n - k - 1)
        if early >= 0.025 * (1 - 1e-9) and late >= 0.025 * (1 - 1e-9):
            kept.append(positives)
    span = read_until(k, n, population, 0.05)
    assert span == pytest.approx((kept[0] / population, kept[-1] / population))


@pytest.mark.parametrize(("rank", "low", "high"), [(20, 0.0013, 0.176), (100, 0.00025, 0.037)])
def test_a_first_positive_late_bounds_the_rate_as_the_geometric_law_does(
    rank: int, low: float, high: float
) -> None:
    span = read_until(1, rank, 10_000_000, 0.05)
    assert span == pytest.approx((1 - 0.975 ** (1 / rank), 1 - 0.025 ** (1 / (rank - 1))), rel=1e-3)
    assert span == pytest.approx((low, high), rel=0.03)


def test_many_positives_in_a_large_population_follow_the_beta_law() -> None:
    span = read_until(12, 300, 5_000_000, 0.05)
    assert span == pytest.approx((beta.ppf(0.025, 12, 289), beta.ppf(0.975, 12, 288)), rel=1e-3)


def test_unknown_labels_raise_only_the_upper_bound() -> None:
    known, unsure = read_until(3, 60, 1000, 0.05), read_until(3, 60, 1000, 0.05, rank_high=41)
    assert unsure.low == known.low
    assert unsure.high > known.high


def test_reading_all_that_there_is_gives_the_share() -> None:
    span = read_until(4, 40, 40, 0.05)
    assert span.low == 0.1


@pytest.mark.parametrize("numbers", [(0, 5, 10), (6, 5, 10), (1, 11, 10)])
def test_ranks_that_do_not_fit_are_an_error(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(UsageError, match="do not fit"):
        read_until(*numbers, 0.05)
    with pytest.raises(UsageError, match="do not fit"):
        read_until(2, 5, 10, 0.05, rank_high=6)


def test_the_most_striking_of_fifty_is_among_the_first_six_per_cent() -> None:
    assert most_striking(50, 10_000_000, 0.05, one_sided=True).high == pytest.approx(0.058, abs=5e-4)
    assert most_striking(50, 10_000_000, 0.05) == pytest.approx((0.0005, 0.071), abs=2e-4)
    assert most_striking(50, 10_000_000, 0.05) == pytest.approx(beta.ppf([0.025, 0.975], 1, 50), abs=1e-6)


def test_fifty_nine_are_the_fewest_for_95_per_cent_of_95_per_cent() -> None:
    # The sample size of Wilks (1941) for a one-sided tolerance limit.
    assert most_striking(58, 10_000_000, 0.05, one_sided=True).high > 0.05
    assert most_striking(59, 10_000_000, 0.05, one_sided=True).high < 0.05


@pytest.mark.parametrize(("n", "population"), [(1, 9), (3, 9), (9, 9), (5, 40)])
@pytest.mark.parametrize("alpha", [0.05, 0.3])
def test_over_all_ranks_the_share_as_striking_is_held_often_enough(n: int, population: int, alpha: float) -> None:
    both, upper = most_striking(n, population, alpha), most_striking(n, population, alpha, one_sided=True)
    chance = {r: comb(population - r, n - 1) / comb(population, n) for r in range(1, population - n + 2)}
    for span in (both, upper):
        held = sum(p for r, p in chance.items() if span.low - 1e-12 <= r / population <= span.high + 1e-12)
        assert held >= 1 - alpha - 1e-12


def test_more_drawn_than_there_are_is_an_error() -> None:
    with pytest.raises(UsageError, match="do not fit"):
        most_striking(11, 10, 0.05)


def sample(n: int, rate: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    y = (rng.random(n) < rate).astype(float)
    return y, expit(3 * (y - 0.5) + rng.normal(size=n))


@pytest.mark.parametrize("yes", [0, 29, 171])
def test_a_second_line_with_fewer_than_thirty_of_a_kind_is_refused(yes: int) -> None:
    y, scores = (np.arange(200) < yes).astype(float), np.linspace(0, 1, 200)
    with pytest.raises(Refusal, match="normal approximation"):
        ppi_plus(y, scores, scores, 0.05)
    with pytest.raises(Refusal, match="normal approximation"):
        active(y, scores, np.ones(200), scores, np.ones(200), 0.05)


def test_a_useless_judge_leaves_the_plain_estimate() -> None:
    y = (np.arange(400) % 4 == 0).astype(float)
    line = ppi_plus(y, np.tile([0.2, 0.2, 0.8, 0.8], 100) * 0, np.zeros(600), 0.05)
    assert line.estimate == 0.25
    assert line.high - line.low == pytest.approx(2 * 1.959964 * (0.1875 / 400) ** 0.5)


def test_a_good_judge_narrows_the_second_line() -> None:
    rng = np.random.default_rng(2)
    y, f = sample(5000, 0.4, rng)
    line = ppi_plus(y[:400], f[:400], f[400:], 0.05)
    plain = 2 * 1.96 * (0.24 / 400) ** 0.5
    assert line.low < y.mean() < line.high
    assert line.high - line.low < 0.85 * plain


def test_the_chances_of_being_read_add_up_to_the_labels() -> None:
    weights = np.tile([1.0, 4.0, 16.0], 500)
    reached = _inclusion(weights, 300)
    assert reached.sum() == pytest.approx(300)
    orders = np.argsort(np.random.default_rng(0).exponential(size=(400, 1500)) / weights, axis=1)[:, :300]
    seen = np.bincount(orders.ravel(), minlength=1500).reshape(500, 3).mean(axis=0) / 400
    assert seen == pytest.approx(reached[:3], rel=0.02)


def test_the_weighted_second_line_corrects_the_judge() -> None:
    rng = np.random.default_rng(3)
    y, f = sample(4000, 0.3, rng)
    weights = rng.integers(1, 9, 4000)
    order = np.argsort(rng.exponential(size=4000) / weights)
    seen, rest = order[:600], order[600:]
    line = active(y[seen], 1 - f[seen], weights[seen], 1 - f[rest], weights[rest], 0.05)
    assert line.low < y.mean() < line.high


def test_labels_that_are_not_decided_are_an_error() -> None:
    with pytest.raises(UsageError, match="0 or 1"):
        ppi_plus([0.5], [0.5], [0.5], 0.05)
    with pytest.raises(UsageError, match="finite"):
        ppi_plus([1.0], [float("nan")], [0.5], 0.05)
