"""Labelling a draw: what is open, answering, taking back; and settling what two people answered differently."""

from __future__ import annotations

import pytest
from tests.evidence.conftest import QUESTION

from allegiance.errors import Refusal, UnknownName, UsageError
from allegiance.evidence.adjudication import Panel
from allegiance.evidence.keep import Keep
from allegiance.evidence.labelling import Desk, hidden, standing
from allegiance.evidence.reading import readings
from allegiance.rating.labels import last
from allegiance.rating.people import person
from allegiance.records.draw import Design


@pytest.fixture
def desk(keep: Keep) -> Desk:
    keep.draw(Design(kind="uniform", n=6))
    return Desk.of(keep, QUESTION, "ann", 1)


def other(desk: Desk, reader: str) -> Desk:
    return Desk.of(desk.keep, QUESTION, reader, 1)


def test_all_is_open_at_first_in_the_order_of_the_draw(desk: Desk) -> None:
    assert desk.open() == [1, 2, 3, 4, 5, 6]


def test_what_is_answered_is_no_longer_open(desk: Desk) -> None:
    desk.answer(2, "yes")
    assert desk.open() == [1, 3, 4, 5, 6]


def test_another_desk_of_the_same_person_goes_on_from_there(desk: Desk) -> None:
    desk.answer(1, "no")
    assert other(desk, "ann").open() == [2, 3, 4, 5, 6]


def test_showing_an_item_is_logged_as_a_reading_from_the_draw(desk: Desk) -> None:
    desk.show(3)
    assert [(one.transcript, one.reader) for one in readings(desk.keep)] == [(desk.draw.items[2], "ann")]


def test_an_answer_keeps_its_note_its_time_and_whether_it_was_blind(desk: Desk) -> None:
    blind = Desk(desk.keep, QUESTION, desk.card, desk.draw, blind=True)
    made = blind.answer(1, "yes", note="plain", seconds=3.14159)
    assert (made.note, made.seconds, made.blind) == ("plain", 3.1, "condition")


def test_an_answer_that_is_not_on_the_menu_is_refused_and_saves_nothing(desk: Desk) -> None:
    with pytest.raises(UnknownName):
        desk.answer(1, "maybe")
    assert desk.open() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("rank", [0, 7])
def test_a_rank_outside_of_the_draw_is_refused(desk: Desk, rank: int) -> None:
    with pytest.raises(UsageError, match="ranks 1 to 6"):
        desk.answer(rank, "yes")


def test_taking_back_opens_what_was_answered_last_though_its_rank_is_lower(desk: Desk) -> None:
    desk.answer(4, "yes")
    desk.answer(2, "no")
    assert desk.take_back() == 2
    assert desk.open() == [1, 2, 3, 5, 6]


def test_taking_back_goes_back_step_by_step(desk: Desk) -> None:
    for rank in (1, 2, 3):
        desk.answer(rank, "yes")
    assert [desk.take_back(), desk.take_back()] == [3, 2]


def test_what_was_taken_back_stays_in_the_record(desk: Desk) -> None:
    desk.answer(1, "yes")
    desk.take_back()
    desk.answer(1, "no")
    given = desk.keep.labels.all(QUESTION.digest, desk.card.digest)
    assert [label.value for label in given] == ["yes", "unrated", "no"]


def test_there_is_nothing_to_take_back_at_first(desk: Desk) -> None:
    with pytest.raises(Refusal, match="no answer in this draw"):
        desk.take_back()


def test_answers_of_another_person_do_not_close_an_item(desk: Desk) -> None:
    other(desk, "ben").answer(1, "yes")
    assert 1 in desk.open()


def test_one_person_never_takes_back_the_answer_of_another(desk: Desk) -> None:
    desk.answer(1, "yes")
    ben = other(desk, "ben")
    ben.answer(2, "no")
    ben.take_back()
    assert desk.answers()[desk.draw.items[0]].value == "yes"


def test_an_answer_from_before_the_draw_does_not_count_as_one_of_it(desk: Desk) -> None:
    desk.answer(1, "yes")
    desk.keep.draw(Design(kind="uniform", n=6))
    assert len(Desk.of(desk.keep, QUESTION, "ann", 2).open()) == 6


def test_the_standing_counts_answers_and_gives_the_median_time(desk: Desk) -> None:
    for rank, seconds in ((1, 2.0), (2, 4.0), (3, 9.0)):
        desk.answer(rank, "yes" if rank < 3 else "unsure", seconds=seconds)
    found = standing(desk)
    assert (found.answered, found.of, found.seconds) == (3, 6, 4.0)
    assert found.values == {"yes": 2, "no": 0, "unsure": 1, "unrated": 0}


def test_what_is_hidden_leaves_only_the_words_of_the_model(desk: Desk) -> None:
    _, item = desk.show(1)
    assert {message.role for message in hidden(item).messages} == {"assistant"}


def panel(desk: Desk) -> Panel:
    return Panel.of(desk.keep, QUESTION, ("ann", "ben"), "cy", 1)


@pytest.fixture
def answered(desk: Desk) -> Panel:
    """Six items; they differ on ranks 2 and 5, and ben has not answered rank 6."""
    ben = other(desk, "ben")
    for rank in range(1, 7):
        desk.answer(rank, "yes", note="so I read it" if rank == 2 else "")
        if rank < 6:
            ben.answer(rank, "no" if rank in {2, 5} else "yes")
    return panel(desk)


def test_what_was_answered_differently_is_disputed_in_the_order_of_the_draw(answered: Panel) -> None:
    assert [item.rank for item in answered.disputed()] == [2, 5]


def test_the_adjudicator_sees_both_answers_with_their_notes(answered: Panel) -> None:
    given = answered.disputed()[0].answers
    assert (given["ann"].value, given["ann"].note, given["ben"].value) == ("yes", "so I read it", "no")


def test_what_one_has_not_answered_is_missing_and_not_disputed(answered: Panel) -> None:
    assert answered.missing() == {"ann": 0, "ben": 1}


def test_what_is_agreed_is_settled_without_a_decision(answered: Panel) -> None:
    assert answered.settle() == 3


def test_a_decision_settles_what_was_disputed(answered: Panel) -> None:
    answered.judge.answer(2, "no")
    assert answered.settle() == 4
    given = last(answered.judge.keep.labels.all(QUESTION.digest, answered.card.digest))
    assert given[answered.draw.items[1]].value == "no"


def test_settling_again_adds_nothing(answered: Panel) -> None:
    answered.settle()
    before = answered.judge.keep.log.checkpoint().size
    answered.settle()
    assert answered.judge.keep.log.checkpoint().size == before


def test_a_changed_decision_becomes_a_revision_of_the_settled_answer(answered: Panel) -> None:
    answered.judge.answer(2, "no")
    answered.settle()
    answered.judge.answer(2, "yes")
    answered.settle()
    given = answered.judge.keep.labels.all(QUESTION.digest, answered.card.digest)
    assert [one.value for one in given if one.transcript == answered.draw.items[1]] == ["no", "yes"]


def test_nobodys_own_answers_are_changed_by_settling(answered: Panel) -> None:
    answered.judge.answer(2, "no")
    answered.settle()
    ann = last(answered.judge.keep.labels.all(QUESTION.digest, person("ann").digest))
    assert ann[answered.draw.items[1]].value == "yes"


def test_the_settled_rater_is_trusted_and_names_all_three(answered: Panel) -> None:
    card = answered.card
    assert (card.name, card.basis, card.kind) == ("ann+ben/cy", "trusted", "person")
    assert card.settings["adjudicator"] == person("cy").digest


def test_nobody_adjudicates_what_they_answered_themselves(desk: Desk) -> None:
    with pytest.raises(Refusal, match="two people who answered, and another"):
        Panel.of(desk.keep, QUESTION, ("ann", "ben"), "ann", 1)


def test_one_person_alone_has_nothing_to_adjudicate(desk: Desk) -> None:
    with pytest.raises(Refusal, match="two people"):
        Panel.of(desk.keep, QUESTION, ("ann",), "cy", 1)
