"""Gaps corrected by an audit, arm by arm."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from allegiance.errors import Refusal, UnknownName, UsageError
from allegiance.stats.audited import DESIGNS, METHODS, Chances, audited_gap
from allegiance.stats.gaps import paired_gap

NAN = float("nan")
ALL = (Chances(1, 1), Chances(1, 1))
SOME = (Chances(0.25, 1.0), Chances(0.25, 1.0))


def study(m: int, seed: int, *, k: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Requests, arms, the rater's labels and the trusted ones; the rater misses half in the second arm."""
    rng = np.random.default_rng(seed)
    request, side = np.repeat(np.arange(m), 2 * k), np.tile(np.repeat([True, False], k), m)
    y = (rng.random(request.size) < 0.4).astype(float)
    rater = np.where((y == 1) & ~side & (rng.random(y.size) < 0.5), 0.0, y)
    return request, side, rater, y


def drawn(side: np.ndarray, rater: np.ndarray, chance: float, seed: int) -> np.ndarray:
    """All that the rater calls yes; of each arm's no, a uniform choice of the share rounded up."""
    rng, out = np.random.default_rng(seed), rater == 1
    for arm in (True, False):
        items = np.flatnonzero((side == arm) & (rater == 0))
        out[rng.choice(items, int(np.ceil(chance * items.size)), replace=False)] = True
    return out


@pytest.mark.parametrize("design", DESIGNS)
def test_an_audit_of_everything_gives_the_gap_of_the_trusted_labels(design: str) -> None:
    request, side, rater, y = study(40, 0)
    told = audited_gap(request, side, rater, y, np.ones(y.size, bool), ALL, design=design)
    gap = paired_gap(request, side, y)
    assert (told.value, told.low, told.high) == pytest.approx((gap.value, gap.low, gap.high))
    assert (told.first.rate, told.second.rate) == pytest.approx((gap.rate_first, gap.rate_second))


def test_a_gap_that_the_rater_made_is_taken_away() -> None:
    request, side, rater, y = study(400, 1)
    audit = drawn(side, rater, 0.25, 2)
    made = paired_gap(request, side, rater)
    assert made.low > 0.05
    for method in METHODS:
        told = audited_gap(
            request, side, rater, np.where(audit, y, NAN), audit, SOME, design="fixed", method=method
        )
        assert told.low < 0 < told.high
        assert abs(told.value) < 0.06
        assert told.second.missed > 5 * told.first.missed
        assert told.second.rate > told.second.rater_rate + 0.1


def test_the_correction_is_right_on_average_over_all_audits_of_a_fixed_number() -> None:
    # Six transcripts of the second arm that the rater calls no; each choice of three of them is as likely.
    request, side = np.repeat([0, 1, 2], 3), np.tile([True, False, False], 3)
    rater, y = np.where(side, 1.0, 0.0), np.array([1, 1, 0, 1, 1, 1, 1, 0, 0], dtype=float)
    values = []
    for three in combinations(np.flatnonzero(~side), 3):
        audit = side.copy()
        audit[list(three)] = True
        chances = (Chances(1, 1), Chances(0.5, 1))
        told = audited_gap(request, side, rater, y, audit, chances, design="fixed")
        values.append(told.second.rate)
    assert np.mean(values) == pytest.approx(np.mean([0.5, 1.0, 0.0]))


def test_the_correction_is_right_on_average_over_independent_audits() -> None:
    request, side = np.repeat([0, 1, 2], 3), np.tile([True, False, False], 3)
    rater, y = np.where(side, 1.0, 0.0), np.array([1, 1, 0, 1, 0, 1, 1, 0, 0], dtype=float)
    free, total = np.flatnonzero(~side), 0.0
    for picks in product((False, True), repeat=6):
        audit = side.copy()
        audit[free] = picks
        told = audited_gap(request, side, rater, y, audit, (Chances(1, 1), Chances(0.6, 1)))
        total += told.value * 0.6 ** sum(picks) * 0.4 ** (6 - sum(picks))
    assert total == pytest.approx(1 - np.mean([0.5, 0.5, 0.0]))


@pytest.mark.parametrize("method", METHODS)
def test_what_the_audit_finds_in_one_arm_leaves_the_other_alone(method: str) -> None:
    request, side, rater, y = study(100, 3)
    audit = drawn(side, rater, 0.25, 4)
    told = audited_gap(request, side, rater, y, audit, SOME, design="fixed", method=method)
    other = np.where(side, y, 0.0)
    again = audited_gap(request, side, rater, other, audit, SOME, design="fixed", method=method)
    assert again.first == told.first
    assert again.second.rate < told.second.rate


def test_trusted_labels_outside_of_the_audit_are_not_read() -> None:
    request, side, rater, y = study(60, 5)
    audit = drawn(side, rater, 0.25, 6)
    told = audited_gap(request, side, rater, y, audit, SOME, design="fixed")
    assert told == audited_gap(request, side, rater, np.where(audit, y, NAN), audit, SOME, design="fixed")


@pytest.mark.parametrize("method", METHODS)
def test_whatever_an_undecided_audit_was_the_interval_holds_the_one_it_would_have_given(method: str) -> None:
    request, side, rater, y = study(60, 7)
    audit = np.ones(y.size, bool)
    lost = [3, 5, 20, 300]
    y[lost] = NAN
    told = audited_gap(request, side, rater, y, audit, ALL, method=method)
    assert told.first.undecided + told.second.undecided == 4
    for fill in product((0.0, 1.0), repeat=4):
        y[lost] = fill
        known = audited_gap(request, side, rater, y, audit, ALL, method=method)
        assert told.low <= known.low + 1e-8
        assert told.high >= known.high - 1e-8


def test_what_the_rater_left_undecided_is_a_stratum_of_its_own() -> None:
    request, side, rater, y = study(60, 8)
    rater[::5] = NAN
    audit = np.isnan(rater) | drawn(side, np.nan_to_num(rater, nan=2.0), 0.25, 9)
    told = audited_gap(request, side, rater, y, audit, SOME, design="fixed")
    assert told.low < told.value < told.high
    with pytest.raises(Refusal, match="drawn for audit"):
        audited_gap(request, side, rater, y, audit & ~np.isnan(rater), SOME, design="fixed")


def test_no_errors_found_never_give_the_width_of_a_perfect_rater() -> None:
    request, side, _, y = study(100, 10)
    audit = drawn(side, y, 0.25, 11)
    told = audited_gap(request, side, y, y, audit, SOME, design="fixed")
    gap = paired_gap(request, side, y)
    assert told.first.missed == told.first.overcalled == 0
    assert told.high - told.low > 1.2 * (gap.high - gap.low)


def test_the_smaller_the_chances_the_wider_the_interval() -> None:
    request, side, rater, y = study(100, 12)
    widths = []
    for chance in (1.0, 0.5, 0.25):
        audit, chances = drawn(side, rater, chance, 13), (Chances(chance, 1), Chances(chance, 1))
        told = audited_gap(request, side, rater, y, audit, chances, design="fixed")
        widths.append(told.high - told.low)
    assert widths == sorted(widths)


def test_fewer_audits_than_declared_are_refused() -> None:
    request, side, rater, y = study(100, 14)
    audit = drawn(side, rater, 0.25, 15)
    audit[np.flatnonzero(audit & (rater == 0))[0]] = False
    with pytest.raises(Refusal, match=r"chance declared is 0\.25"):
        audited_gap(request, side, rater, y, audit, SOME, design="fixed")


@pytest.mark.parametrize("chance", [0.1, 0.9])
def test_a_number_drawn_that_belies_the_chance_is_refused(chance: float) -> None:
    request, side, rater, y = study(100, 16)
    audit = drawn(side, rater, 0.5, 17)
    with pytest.raises(Refusal, match="drawn for audit"):
        audited_gap(request, side, rater, y, audit, (Chances(chance, 1), Chances(chance, 1)))


def test_the_t_interval_is_refused_below_fifty_requests_or_twenty_audits() -> None:
    request, side, rater, y = study(49, 18)
    with pytest.raises(Refusal, match="50 requests"):
        audited_gap(request, side, rater, y, np.ones(y.size, bool), ALL, method="two-phase-t")
    request, side, rater, y = study(60, 19)
    few = (Chances(0.05, 1), Chances(0.05, 1))
    with pytest.raises(Refusal, match="needs 20"):
        audited_gap(
            request, side, rater, y, drawn(side, rater, 0.05, 20), few, design="fixed", method="two-phase-t"
        )


def test_requests_in_one_arm_only_are_dropped_and_counted() -> None:
    request, side, rater, y = study(30, 21)
    rows = ~((request < 3) & side)
    told = audited_gap(request[rows], side[rows], rater[rows], y[rows], np.ones(int(rows.sum()), bool), ALL)
    assert (told.requests, told.dropped) == (27, 3)
    with pytest.raises(Refusal, match="both arms"):
        audited_gap([1, 2], [True, False], [1, 0], [1, 0], [True, True], ALL)
    with pytest.raises(Refusal, match="both arms"):
        audited_gap([], [], [], [], [], ALL)


def test_names_shapes_and_ranges_are_checked() -> None:
    columns = ([1, 1], [True, False], [1, 0], [1, 0], [True, True])
    with pytest.raises(UnknownName, match="method"):
        audited_gap(*columns, ALL, method="beting")
    with pytest.raises(UnknownName, match="design"):
        audited_gap(*columns, ALL, design="fix")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="length"):
        audited_gap([1], *columns[1:], ALL)
    with pytest.raises(UsageError, match=r"1, 0 or NaN"):
        audited_gap(*columns[:2], [0.5, 0], *columns[3:], ALL)
    with pytest.raises(UsageError, match="chance"):
        audited_gap(*columns, (Chances(0, 1), Chances(1, 1)))
