"""Judges in plans: scores by AUC, the most that they save, and "at most" at every look."""

from __future__ import annotations

import numpy as np
import pytest

from allegiance.errors import UsageError
from allegiance.stats.judges import best_saving, binormal_saving, binormal_scores, looks_at_most
from allegiance.stats.planning import floor_labels
from allegiance.stats.sequential import betting_interval


@pytest.mark.parametrize(
    ("auc", "saving"),
    [(0.5, 1.0), (0.8, 1.42), (0.85, 1.71), (0.9, 2.27), (0.95, 3.87), (0.98, 8.24), (0.99, 15.0)],
)
def test_the_most_that_a_judge_saves_is_that_of_the_law(auc: float, saving: float) -> None:
    assert binormal_saving(auc) == pytest.approx(saving, rel=0.005)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5])
def test_the_most_that_scores_save_does_not_depend_on_the_rate(rate: float) -> None:
    assert best_saving(binormal_scores(0.9, rate, 20_000), rate) == pytest.approx(2.27, rel=0.02)


def test_scores_are_chances_at_the_rate_and_order_positives_by_the_auc() -> None:
    scores = binormal_scores(0.95, 0.1, 10_000)
    assert scores.mean() == pytest.approx(0.1, rel=0.02)
    yes, no = scores[:1000], scores[1000:]
    assert np.mean(yes[:, None] > no[None, ::10]) == pytest.approx(0.95, abs=0.003)


def test_there_is_at_least_one_positive_and_one_negative() -> None:
    assert binormal_scores(0.9, 0.001, 50).size == 50
    assert binormal_scores(0.9, 0.999, 2)[0] > binormal_scores(0.9, 0.999, 2)[1]


def test_scores_that_are_shifted_are_worth_the_same() -> None:
    scores = binormal_scores(0.9, 0.1, 5_000)
    logits = np.log(scores / (1 - scores)) + 3
    assert best_saving(1 / (1 + np.exp(-logits)), 0.1) == pytest.approx(best_saving(scores, 0.1), rel=1e-6)


def test_scores_that_are_all_alike_save_nothing() -> None:
    assert best_saving(np.full(100, 0.3), 0.05) == pytest.approx(1.0)


@pytest.mark.parametrize(("p0", "population"), [(0.01, 10_000), (0.05, 1_000), (0.2, 30)])
def test_at_most_at_every_look_is_reached_with_that_many_and_no_fewer(p0: float, population: int) -> None:
    n = looks_at_most(p0, 0.05, population)
    assert n >= floor_labels(p0, 0.05, population)
    ends = [
        betting_interval(np.zeros(k), np.zeros(k), population, 0.05, side="high", whole=True).high
        for k in (n - 1, n)
    ]
    assert ends[1] <= p0 + 1e-12 < ends[0]


@pytest.mark.parametrize("auc", [0.4, 1.0, float("nan")])
def test_an_auc_out_of_range_is_refused(auc: float) -> None:
    with pytest.raises(UsageError, match="the AUC must lie in"):
        binormal_scores(auc, 0.1, 100)


@pytest.mark.parametrize(
    "call",
    [
        lambda: binormal_scores(0.9, 0.0, 100),
        lambda: binormal_scores(0.9, 0.1, 1),
        lambda: best_saving([0.5, 1.5], 0.1),
        lambda: best_saving([], 0.1),
        lambda: best_saving([0.5], 1.0),
    ],
)
def test_scores_and_rates_out_of_range_are_refused(call: object) -> None:
    with pytest.raises(UsageError):
        call()  # type: ignore[operator]
