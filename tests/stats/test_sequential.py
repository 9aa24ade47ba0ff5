"""The betting sequence: fair bets, bounds that hold at every look, and what its arguments do."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from benchmarks.stress_rates import Corpus, corpus, draws, ever_missed
from hypothesis import given, settings
from hypothesis import strategies as st

from allegiance.errors import UsageError
from allegiance.stats import bets, sequential
from allegiance.stats.bets import classes, place_bets, refits
from allegiance.stats.sequential import (
    betting_interval,
    betting_sequence,
    block_edges,
    log_wealth,
    low_share,
)

ORDERS = np.array(list(permutations(range(6))))
WEIGHTS = np.array([1, 3, 2, 1, 5, 2])
SCORES = np.array([0.05, 0.9, 0.4, 0.05, 0.99, 0.3])
LABELS = [
    np.array([0.0, 1, 0, 0, 1, 0]),
    np.array([1.0, 0, 1, 0, 0, 1]),
    np.zeros(6),
    np.ones(6),
    np.array([0.2, 0.9, 0.5, 0.0, 1, 0.1]),
]


def chances(weights: np.ndarray) -> np.ndarray:
    """The chance of each order of six items in successive draws in proportion to weight."""
    drawn = weights[ORDERS]
    left = np.cumsum(drawn[:, ::-1], axis=1)[:, ::-1]
    return np.prod(drawn / left, axis=1)


@pytest.fixture
def early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The belief is fitted after every label, so that six are enough to see all that can happen."""
    monkeypatch.setattr(bets, "REFITS", (1, 2, 3, 4, 5, 6))
    monkeypatch.setattr(bets, "RECALIBRATE", 2)


def wealth_against_truth(y: np.ndarray, labels: np.ndarray, scores: np.ndarray | None, side: int) -> np.ndarray:
    made, place = classes(WEIGHTS, scores)
    book = place_bets(made, place[ORDERS], labels[ORDERS], side, math.log(40))
    totals = np.full(len(ORDERS), y.sum())
    return np.exp(log_wealth(book, totals, totals))


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("y", LABELS)
@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("scores", [SCORES, None])
def test_over_all_orders_the_wealth_against_the_truth_is_one_on_average(
    y: np.ndarray, side: int, scores: np.ndarray | None
) -> None:
    mean = chances(WEIGHTS) @ wealth_against_truth(y, y, scores, side)
    assert mean == pytest.approx(np.ones(6), abs=1e-9)


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("side", [1, -1])
def test_unknown_labels_only_lower_the_wealth_against_the_truth(side: int) -> None:
    y, hidden = LABELS[1], np.array([False, True, True, False, False, True])
    worst = np.where(hidden, 0.0 if side == 1 else 1.0, y)
    mean = chances(WEIGHTS) @ wealth_against_truth(y, worst, SCORES, side)
    assert (mean <= 1 + 1e-9).all()
    assert mean[-1] < 0.999


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("alpha", [0.05, 0.3, 0.6])
@pytest.mark.parametrize("y", LABELS)
def test_over_all_orders_the_truth_is_left_out_at_some_look_with_chance_alpha_at_most(
    y: np.ndarray, alpha: float
) -> None:
    of = Corpus(y, y, y, SCORES, WEIGHTS)
    missed = ever_missed(of, classes(WEIGHTS, SCORES), ORDERS, alpha)
    assert chances(WEIGHTS) @ missed <= alpha


def test_the_shares_of_alpha_of_the_two_sides_add_up() -> None:
    totals = np.arange(0, 1001.0)
    for expected in (float("nan"), 0.0, 3.0, 500.0, 1000.0):
        low = low_share(totals, 1000, expected)
        assert (np.diff(low) <= 0).all()
        assert 0.19 < low.min() <= low.max() < 0.81


@pytest.mark.parametrize("seed", range(3))
def test_no_total_is_excluded_that_no_bet_excluded(seed: int) -> None:
    # The wealth against every whole total, each with the end of its own block.
    rng = np.random.default_rng(seed)
    of = corpus((np.arange(700) < 40).astype(float), "good", seed == 2, rng)
    order = next(draws(of.weights, 150, 1, rng))[0]
    looks = run(of, order)
    made, place = classes(of.weights, of.scores)
    totals, edges = np.arange(0, 701.0), block_edges(700)
    kept = np.ones((701, 150), dtype=bool)
    ends = {1: edges[np.searchsorted(edges, totals)], -1: edges[np.searchsorted(edges, totals, side="right") - 1]}
    for side, labels in ((1, of.low), (-1, of.high)):
        book = place_bets(made, place[None, order], labels[None, order], side, math.log(40))
        share = low_share(totals, 700, made.expected)
        bar = -np.log(0.05 * (share if side == 1 else 1 - share))
        kept &= np.maximum.accumulate(log_wealth(book, totals, ends[side]), axis=1) < bar[:, None]
    kept &= totals[:, None] >= np.cumsum(of.low[order])
    kept &= totals[:, None] <= np.cumsum(of.high[order]) + 700 - np.arange(1, 151)
    for t in range(150):
        some = np.flatnonzero(kept[:, t])
        assert looks.low[t] * 700 <= some[0] + 1e-9
        assert looks.high[t] * 700 >= some[-1] - 1e-9
    assert looks.high[-1] * 700 <= np.flatnonzero(kept[:, -1])[-1] + 2


def run(of: object, order: np.ndarray, **more: object) -> sequential.Looks:
    rest = np.setdiff1d(np.arange(of.y.size), order)  # type: ignore[attr-defined]
    given = {"weights": of.weights[order], "remaining_weights": of.weights[rest]}  # type: ignore[attr-defined]
    given |= {"scores": of.scores[order], "remaining_scores": of.scores[rest]}  # type: ignore[attr-defined]
    return betting_sequence(of.low[order], of.high[order], of.y.size, 0.05, **given, **more)  # type: ignore


@pytest.fixture(scope="module")
def drawn() -> tuple[object, np.ndarray]:
    rng = np.random.default_rng(5)
    of = corpus((np.arange(5000) < 200).astype(float), "good", True, rng)
    return of, next(draws(of.weights, 400, 1, rng))[0]


def test_earlier_looks_stay_when_more_is_read(drawn: tuple[object, np.ndarray]) -> None:
    of, order = drawn
    whole, part = run(of, order), run(of, order[:130])
    for long, short in zip(whole, part, strict=True):
        assert long[:130] == pytest.approx(short, abs=1e-12)


def test_bounds_only_narrow_and_hold_the_estimate(drawn: tuple[object, np.ndarray]) -> None:
    looks = run(*drawn)
    assert (np.diff(looks.low) >= 0).all()
    assert (np.diff(looks.high) <= 0).all()
    assert (looks.low <= looks.estimate).all()
    assert (looks.estimate <= looks.high).all()
    assert looks.high[-1] - looks.low[-1] < 0.15


def test_the_interval_is_the_last_look(drawn: tuple[object, np.ndarray]) -> None:
    of, order = drawn
    rest = np.setdiff1d(np.arange(5000), order)
    span = betting_interval(
        of.low[order],
        of.high[order],
        5000,
        0.05,
        weights=of.weights[order],
        remaining_weights=of.weights[rest],
        scores=of.scores[order],
        remaining_scores=of.scores[rest],
    )
    looks = run(of, order)
    assert span == (looks.low[-1], looks.high[-1])


def test_unknown_labels_widen_both_ways(drawn: tuple[object, np.ndarray]) -> None:
    of, order = drawn
    known = run(of._replace(low=of.y, high=of.y), order)
    looks = run(of, order)
    assert looks.low[-1] <= known.low[-1] < known.high[-1] <= looks.high[-1]


def test_one_sided_bounds_are_tighter(drawn: tuple[object, np.ndarray]) -> None:
    of, order = drawn
    both, low, high = (run(of, order, side=side) for side in ("both", "low", "high"))
    assert low.low[-1] > both.low[-1]
    assert high.high[-1] < both.high[-1]
    assert low.high[-1] > 0.9
    assert high.low[-1] == of.low[order].sum() / 5000


def test_whole_totals_are_rounded_inward(drawn: tuple[object, np.ndarray]) -> None:
    of, order = drawn
    whole, real = run(of, order, whole=True), run(of, order)
    assert (whole.low * 5000).round(6).tolist() == np.ceil(real.low * 5000 - 1e-9).round(6).tolist()
    assert (whole.high * 5000).round(6).tolist() == np.floor(real.high * 5000 + 1e-9).tolist()


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=30), st.randoms())
@settings(max_examples=25)
def test_when_all_is_read_the_bounds_are_the_mean(values: list[float], random: object) -> None:
    weights = [random.randint(1, 16) for _ in values]  # type: ignore[attr-defined]
    span = betting_interval(values, values, len(values), 0.05, weights=weights, remaining_weights=[])
    if span.low < np.mean(values) - 1e-9 or span.high > np.mean(values) + 1e-9:
        pytest.fail(f"{span} is not {np.mean(values)}")


@given(st.integers(0, 2**32))
@settings(max_examples=60)
def test_odd_populations_and_judges_give_bounds_in_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    population = int(rng.choice([1, 2, 3, 10, 40, 300]))
    n = int(rng.integers(1, population + 1))
    weights = rng.choice([1, 2, 16, 1000, 2**20 - 1], population)
    y = (rng.random(population) < rng.choice([0, 0.01, 0.5, 0.99, 1])).astype(float)
    sure = [rng.integers(0, 2, population).astype(float), np.zeros(population), np.ones(population), y, 1 - y]
    scores = sure[rng.integers(5)]
    hidden = rng.random(population) < rng.choice([0, 0.3, 1])
    looks = betting_sequence(
        np.where(hidden, 0, y)[:n],
        np.where(hidden, 1, y)[:n],
        population,
        0.05,
        weights=weights[:n],
        remaining_weights=weights[n:],
        scores=scores[:n],
        remaining_scores=scores[n:],
    )
    assert (looks.low >= 0).all()
    assert (looks.low <= looks.estimate).all()
    assert (looks.estimate <= looks.high).all()
    assert (looks.high <= 1).all()


def test_no_labels_leave_every_share_possible() -> None:
    assert betting_interval([], [], 100, 0.05) == (0, 1)
    assert betting_sequence([], [], 100, 0.05).low.size == 0


def test_no_positives_give_a_bound_near_that_of_any_design() -> None:
    # ln(2 / 0.05) / 300 is 1.2 %; the mixture of four bets costs the rest.
    span = betting_interval(np.zeros(300), np.zeros(300), 10_000, 0.05)
    assert span.low == 0
    assert 0.0116 < span.high < 0.018


def test_yes_and_no_are_nearly_mirror_images_without_scores() -> None:
    y = np.random.default_rng(3).random(300) < 0.2
    span, mirror = (betting_interval(v, v, 3000, 0.05) for v in (y.astype(float), 1.0 - y))
    assert span == pytest.approx((1 - mirror.high, 1 - mirror.low), abs=0.01)


def test_a_hundred_thousand_items_take_well_under_a_second() -> None:
    from time import process_time

    y = (np.arange(500) % 50 == 0).astype(float)
    scores = np.random.default_rng(0).permutation(np.linspace(0.001, 0.2, 100_000))
    start = process_time()
    span = betting_interval(y, y, 100_000, 0.05, scores=scores[:500], remaining_scores=scores[500:])
    assert process_time() - start < 1.5
    assert span.low < 0.02 < span.high


@pytest.mark.parametrize("judge", ["good", "reversed", None])
def test_the_stress_grid_sees_what_the_bounds_say(judge: str | None) -> None:
    rng = np.random.default_rng(9)
    of = corpus((np.arange(200) < 30).astype(float), judge, False, rng)
    made, orders = classes(of.weights, of.scores), next(draws(of.weights, 60, 40, rng))
    fast = ever_missed(of, made, orders, alpha=0.6)
    for order, missed in zip(orders, fast, strict=True):
        rest = np.setdiff1d(np.arange(200), order)
        given = {"weights": of.weights[order], "remaining_weights": of.weights[rest]}
        if of.scores is not None:
            given |= {"scores": of.scores[order], "remaining_scores": of.scores[rest]}
        looks = betting_sequence(of.low[order], of.high[order], 200, 0.6, **given)
        if (looks.low > 0.15 + 1e-9).any() or (looks.high < 0.15 - 1e-9).any():
            assert missed
    assert fast.any()


def test_the_belief_is_fitted_after_the_labels_that_the_page_names() -> None:
    assert refits(5000) == [0, 10, 25, 50, 75, 100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200, 4800]
    assert refits(26) == [0, 10, 25]


def test_the_fit_settles_for_a_judge_that_is_sure_and_wrong() -> None:
    x = np.array([-11.5, 11.5])
    fitted = bets._fit(x, np.array([[15.0, 0.0]]), np.array([[0.0, 10.0]]), np.array([[0.0, 1.0]]))
    again = bets._fit(x, np.array([[15.0, 0.0]]), np.array([[0.0, 10.0]]), fitted)
    assert again == pytest.approx(fitted, abs=1e-9)
    assert fitted[0, 1] < 0


def test_the_bets_have_the_growth_they_are_sized_for() -> None:
    belief = np.array([[0.001, 0.02, 0.3]])
    counts, weights = np.array([[8000.0, 1800.0, 200.0]]), np.array([1.0, 2.0, 7.0])
    for side in (1, -1):
        stake, paid = bets._sizes(belief, counts, weights, side, math.log(40))
        share = counts[0] * weights / (counts[0] @ weights)
        won = paid[0] + stake[0][:, None] / weights
        growth = ((1 - belief) * np.log(paid[0]) + belief * np.log(won)) @ share
        assert growth[1:] == pytest.approx(math.log(40) / np.array(bets.HORIZONS[1:]), rel=1e-11)
        assert (share * (paid[0] * (1 - belief) + won * belief)).sum() > 0


@pytest.mark.parametrize(
    ("low", "high", "population", "more", "said"),
    [
        ([0.5], [0.4], 10, {}, "low <= high"),
        ([1.2], [1.2], 10, {}, "low <= high"),
        ([float("nan")], [1.0], 10, {}, "NaN"),
        ([0, 0], [0], 10, {}, "equal length"),
        ([0, 0], [0, 0], 1, {}, "do not fit"),
        ([0.0], [0.0], 3, {"weights": [1], "remaining_weights": [1]}, "weights"),
        ([0.0], [0.0], 3, {"weights": [1], "remaining_weights": [1, 0]}, "whole numbers"),
        ([0.0], [0.0], 3, {"weights": [1], "remaining_weights": [1, 1.5]}, "whole numbers"),
        ([0.0], [0.0], 3, {"scores": [0.5]}, "scores"),
        ([0.0], [0.0], 3, {"scores": [0.5], "remaining_scores": [0.1, 7.0]}, "scores"),
    ],
)
def test_what_does_not_fit_is_an_error(low: list, high: list, population: int, more: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        betting_interval(low, high, population, 0.05, **more)


def test_the_interval_never_changes() -> None:
    # Published claims are recomputed from their bundles; a change of the bets needs a new name for the method.
    n = np.arange(120)
    y, weights = (n % 17 == 3).astype(float), n % 5 + 1
    scores = (n % 17 + 1) / 40
    rest = np.arange(880)
    given = {"weights": weights, "remaining_weights": rest % 5 + 1}
    given |= {"scores": scores, "remaining_scores": (rest % 17 + 1) / 40}
    assert betting_interval(y, y, 1000, 0.05) == pytest.approx(PINNED[0], abs=1e-9)
    assert betting_interval(y, y, 1000, 0.05, **given) == pytest.approx(PINNED[1], abs=1e-9)
    assert betting_interval(y, y, 1000, 0.05, side="high", **given).high == pytest.approx(PINNED[2], abs=1e-9)


PINNED = ((0.015, 0.14575), (0.019125, 0.0955625), 0.0666875)
