"""Draws: they follow from what was committed, and from nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence.conftest import transcript

from allegiance.errors import Refusal, UnknownName
from allegiance.evidence import tickets
from allegiance.evidence.drawing import carry_out
from allegiance.evidence.keep import Keep
from allegiance.evidence.population import frame
from allegiance.records.draw import Commitment, Design

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "tickets.json").read_text("utf-8"))
SEED = bytes.fromhex(VECTORS["seed"])
NAMES = st.sets(st.text(min_size=1, max_size=8), min_size=1, max_size=30)


def test_the_seed_is_that_of_the_vectors() -> None:
    assert tickets.seed_of(msgspec.convert(VECTORS["commitment"], Commitment)) == SEED


@pytest.mark.parametrize("name", VECTORS["names"])
def test_tickets_are_those_of_the_vectors(name: str) -> None:
    assert tickets.ticket(SEED, name).hex() == VECTORS["tickets"][name]


@pytest.mark.parametrize("name", VECTORS["names"])
def test_weighted_tickets_are_those_of_the_vectors(name: str) -> None:
    weight = VECTORS["weights"].get(name, 1)
    assert tickets.ticket(SEED, name, weight).hex() == VECTORS["weighted_tickets"][name]


def test_the_order_is_that_of_the_vectors() -> None:
    assert tickets.order(SEED, VECTORS["names"]) == VECTORS["order"]


def test_the_weighted_order_is_that_of_the_vectors() -> None:
    assert tickets.order(SEED, VECTORS["names"], VECTORS["weights"]) == VECTORS["weighted_order"]


@given(NAMES, st.data())
def test_restricted_to_a_subset_the_order_is_that_of_the_subset(names: set[str], data: st.DataObject) -> None:
    part = {name for name in names if data.draw(st.booleans())}
    assert [name for name in tickets.order(SEED, names) if name in part] == tickets.order(SEED, part)


@given(NAMES)
def test_the_order_does_not_depend_on_how_names_are_listed(names: set[str]) -> None:
    assert tickets.order(SEED, sorted(names)) == tickets.order(SEED, sorted(names, reverse=True))


def test_each_item_is_first_as_often_as_its_weight_says() -> None:
    weights = {"a": 1, "b": 2, "c": 4, "d": 8}
    seeds = (k.to_bytes(32, "big") for k in range(3000))
    firsts = [tickets.order(seed, weights, weights)[0] for seed in seeds]
    for name, weight in weights.items():
        share, sd = weight / 15, (weight / 15 * (1 - weight / 15) / 3000) ** 0.5
        assert abs(firsts.count(name) / 3000 - share) < 4 * sd


def test_a_draw_can_be_redone_from_the_log(keep: Keep) -> None:
    made = keep.draw(Design(kind="uniform", n=7))
    assert keep.find_draw(1) == made


def test_a_draw_can_be_redone_after_the_corpus_has_grown(keep: Keep) -> None:
    made = keep.draw(Design(kind="uniform", n=7))
    keep.add([transcript(99, "trained", 0)])
    assert keep.find_draw(1) == made


def test_a_longer_draw_of_the_same_count_begins_with_the_shorter(keep: Keep) -> None:
    made = keep.draw(Design(kind="uniform", n=5)).commitment
    longer = msgspec.structs.replace(made, design=Design(kind="uniform", n=9))
    assert carry_out(longer, keep.corpus.rows()).items[:5] == carry_out(made, keep.corpus.rows()).items


def test_how_the_frame_is_described_does_not_choose_the_seed(keep: Keep) -> None:
    one = keep.draw(Design(kind="uniform", n=5), "tier=trained").commitment
    two = msgspec.structs.replace(one, frame=frame(keep.corpus, "tier=trained|never", keep.labels, 0)[0])
    assert tickets.seed_of(one) == tickets.seed_of(two)


def test_a_second_draw_has_another_number_and_another_seed(keep: Keep) -> None:
    one, two = keep.draw(Design(kind="uniform", n=5)), keep.draw(Design(kind="uniform", n=5))
    assert (one.commitment.counter, two.commitment.counter) == (1, 2)
    assert one.seed != two.seed


def test_a_draw_is_in_the_log_before_it_is_returned(keep: Keep) -> None:
    made = keep.draw(Design(kind="uniform", n=5))
    assert keep.log.entries("draw")[-1].body["draw"] == made.name


def test_a_census_takes_all(keep: Keep) -> None:
    made = keep.draw(Design(kind="census"), "tier=trained")
    assert len(made.items) == made.commitment.frame.n == 60


def test_more_than_there_are_cannot_be_drawn(keep: Keep) -> None:
    with pytest.raises(Refusal, match="121 cannot be drawn from 120"):
        keep.draw(Design(kind="uniform", n=121))
    assert keep.log.entries("draw") == []


def test_nothing_can_be_drawn_from_an_empty_frame(keep: Keep) -> None:
    with pytest.raises(Refusal, match="no transcript matches"):
        keep.draw(Design(kind="uniform", n=1), "model=other")


def test_a_draw_that_was_never_made_is_named(keep: Keep) -> None:
    with pytest.raises(UnknownName, match="no draw '3'"):
        keep.find_draw(3)
