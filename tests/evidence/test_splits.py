"""The half to explore and the half to confirm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence.conftest import QUESTION, label_all

from allegiance.errors import Refusal
from allegiance.evidence.keep import Keep
from allegiance.evidence.reading import read_drawn, read_linked, read_next
from allegiance.evidence.searching import search
from allegiance.evidence.splits import locked, to_confirm, turn_on, unlock
from allegiance.records.draw import Design
from allegiance.records.split import half


@given(st.text())
def test_each_request_is_in_one_half(request: str) -> None:
    assert half(request) in {"explore", "confirm"}


def test_the_halves_of_a_thousand_requests_are_about_equal() -> None:
    assert 430 < sum(half(f"request-{k}") == "confirm" for k in range(1000)) < 570


def test_both_tiers_of_a_request_are_in_the_same_half(keep: Keep) -> None:
    halves: dict[str, set[str]] = {}
    for row in keep.corpus.rows():
        halves.setdefault(row.request, set()).add(row.fields()["split"])
    assert all(len(found) == 1 for found in halves.values())


def test_a_search_in_a_split_study_finds_nothing_of_the_half_to_confirm(keep: Keep) -> None:
    turn_on(keep)
    _, made, _ = search(keep, "request", limit=200)
    assert made.predicate == "split=explore"
    assert {row.fields()["split"] for row in keep.corpus.rows() if row.name in made.shown} == {"explore"}


def test_a_list_in_a_split_study_skips_the_half_to_confirm(keep: Keep) -> None:
    turn_on(keep)
    opened = {read_next(keep, "", "reader").transcript for _ in range(20)}
    assert {row.fields()["split"] for row in keep.corpus.rows() if row.name in opened} == {"explore"}


def test_asking_for_the_hidden_half_by_name_is_refused(keep: Keep) -> None:
    turn_on(keep)
    with pytest.raises(Refusal, match="hidden from search and lists"):
        search(keep, "request", "split=confirm")


def test_a_link_into_the_hidden_half_is_refused(keep: Keep) -> None:
    turn_on(keep)
    name = keep.select("split=confirm")[0].name
    with pytest.raises(Refusal, match="hidden until it is unlocked"):
        read_linked(keep, name, "reader")
    assert keep.log.entries("reading") == []


def test_an_item_of_a_draw_can_be_read_in_the_hidden_half(keep: Keep) -> None:
    turn_on(keep)
    made = keep.draw(Design(n=3), "split=confirm")
    assert read_drawn(keep, made, 1, "reader").transcript == made.items[0]


def test_unlocked_the_whole_corpus_is_searched(keep: Keep) -> None:
    turn_on(keep)
    unlock(keep, "reader", "the criteria are settled")
    assert search(keep, "request")[1].searched == 120


def test_what_is_not_locked_cannot_be_unlocked(keep: Keep) -> None:
    with pytest.raises(Refusal, match="nothing to unlock"):
        unlock(keep, "reader", "why not")


def test_a_study_is_split_once(keep: Keep) -> None:
    assert (turn_on(keep), turn_on(keep)) == (True, False)
    assert locked(keep.log.entries())


def test_a_question_found_by_reading_is_claimed_about_in_the_half_to_confirm(keep: Keep) -> None:
    turn_on(keep)
    label_all(keep)
    assert to_confirm(keep.log.entries(), QUESTION.digest) == "split=confirm"


def test_without_a_split_a_claim_is_about_everything(keep: Keep) -> None:
    label_all(keep)
    assert to_confirm(keep.log.entries(), QUESTION.digest) == ""
