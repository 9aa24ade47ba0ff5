"""The half to explore and the half to confirm."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence.conftest import QUESTION, label_all, transcript

from allegiance.corpus.store import Corpus
from allegiance.errors import Refusal
from allegiance.evidence.keep import Keep
from allegiance.evidence.reading import read_drawn, read_linked, read_next
from allegiance.evidence.registration import register
from allegiance.evidence.searching import search
from allegiance.evidence.splits import BOTH, by_default, locked, remark, to_confirm, turn_on, unlock
from allegiance.ledger.database import Database
from allegiance.records.condition import Grid
from allegiance.records.draw import Design
from allegiance.records.plan import Plan
from allegiance.records.split import half
from allegiance.scenarios import load


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


@pytest.fixture
def empty(tmp_path: Path) -> Keep:
    """A study without transcripts."""
    return Keep(Corpus.create(tmp_path / "new"), Database.create(tmp_path / "new.sqlite"))


def plan(predicate: str = "") -> Plan:
    world = load("repair-desk")
    return Plan(scenario=world, grid=Grid(factors=world.grid), question=QUESTION, predicate=predicate)


def test_the_question_of_a_plan_from_before_the_first_transcript_is_asked_of_all(empty: Keep) -> None:
    register(empty, plan())
    empty.add([transcript(1, "trained", 0)])
    turn_on(empty)
    assert to_confirm(empty.log.entries(), QUESTION.digest) == ""


def test_the_rubric_from_before_the_first_transcript_is_asked_of_all(empty: Keep) -> None:
    empty.log.append("rubric", {"question": QUESTION.digest, "name": QUESTION.name})
    empty.add([transcript(1, "trained", 0)])
    turn_on(empty)
    assert to_confirm(empty.log.entries(), QUESTION.digest) == ""


def test_another_question_than_the_plans_waits_to_confirm(empty: Keep) -> None:
    register(empty, plan())
    empty.add([transcript(1, "trained", 0)])
    turn_on(empty)
    assert to_confirm(empty.log.entries(), "sha256:another") == "split=confirm"


def test_a_plan_about_what_is_to_come_holds_for_that_alone(keep: Keep) -> None:
    turn_on(keep)
    register(keep, plan("model=large"))
    log = keep.log.entries()
    assert to_confirm(log, QUESTION.digest, "model=large tier=trained") == ""
    assert to_confirm(log, QUESTION.digest, "model=small") == "split=confirm"
    assert to_confirm(log, QUESTION.digest) == "split=confirm"


def test_a_plan_about_what_is_there_changes_nothing(keep: Keep) -> None:
    turn_on(keep)
    register(keep, plan("model=small"))
    assert to_confirm(keep.log.entries(), QUESTION.digest, "model=small") == "split=confirm"


def test_a_draw_without_a_question_is_from_the_half_to_confirm(keep: Keep) -> None:
    turn_on(keep)
    assert by_default(keep, "tier=trained") == "split=confirm tier=trained"


def test_a_filter_that_names_a_half_stays_as_it_is(keep: Keep) -> None:
    turn_on(keep)
    assert by_default(keep, "split=explore") == "split=explore"


def test_a_study_that_is_not_split_is_drawn_from_whole(keep: Keep) -> None:
    assert by_default(keep, "") == ""


def test_a_claim_about_both_halves_says_so(keep: Keep) -> None:
    turn_on(keep)
    log = keep.log.entries()
    assert [remark(log, QUESTION.digest, where) for where in ("", "split=explore", "split=confirm")] == [
        BOTH,
        BOTH,
        "",
    ]


@pytest.mark.parametrize("way", ["search", "list", "link"])
def test_what_was_looked_through_is_not_split_afterwards(keep: Keep, way: str) -> None:
    match way:
        case "search":
            search(keep, "request")
        case "list":
            read_next(keep, "", "reader")
        case _:
            read_linked(keep, keep.corpus.names()[0], "reader")
    with pytest.raises(Refusal, match="what a split would hide now has been seen"):
        turn_on(keep)


def test_readings_of_a_draw_do_not_stand_against_a_split(keep: Keep) -> None:
    read_drawn(keep, keep.draw(Design(n=3)), 1, "reader")
    assert turn_on(keep)
