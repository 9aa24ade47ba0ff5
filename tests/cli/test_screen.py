"""A transcript on a screen: nothing is lost, nothing acts, each line knows its place; the keys of a sitting."""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.cli.desk import MORE, QUIT, Sitting
from allegiance.cli.screen import lines, quoted
from allegiance.corpus.store import Corpus
from allegiance.evidence.keep import Keep
from allegiance.evidence.labelling import Desk
from allegiance.ledger.database import Database
from allegiance.records.draw import Design
from allegiance.records.question import Question
from allegiance.records.transcript import Message, Part, Source, Transcript

QUESTION = Question(name="polite", text="Is it polite?")


def made(text: str, number: int = 0) -> Transcript:
    messages = (
        Message(role="system", parts=(Part(text="You are in the free tier."),)),
        Message(role="assistant", parts=(Part(kind="reasoning", text="Let me think."), Part(text=text))),
    )
    return Transcript(messages=messages, source=Source(digest="sha256:" + "0" * 64, file="a", record=number))


@given(st.text(min_size=1), st.integers(20, 90))
def test_the_lines_of_a_part_show_all_of_it_in_order(text: str, width: int) -> None:
    shown = [line for line in lines(made(text), width) if (line.message, line.part) == (1, 1)]
    assert shown[0].start == 0
    assert shown[-1].end == len(text)
    assert all(text[one.end : two.start] in {"", "\n"} for one, two in pairwise(shown))


@given(st.text(), st.integers(20, 90))
def test_no_line_holds_a_control_or_format_character(text: str, width: int) -> None:
    for line in lines(made(text), width):
        assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in line.text)


def test_lines_are_broken_between_words() -> None:
    shown = [line.text for line in lines(made("alpha beta gamma delta epsilon"), 20) if line.part == 1]
    assert shown == ["alpha beta gamma ", "delta epsilon"]


def test_wide_characters_take_two_cells() -> None:
    assert [line.text for line in lines(made("漢" * 15), 20) if line.part == 1] == ["漢" * 10, "漢" * 5]


def test_a_blind_screen_shows_neither_condition_nor_prompts() -> None:
    shown = "\n".join(line.text for line in lines(made("Yes."), 80, replies_only=True))
    assert "free tier" not in shown
    assert "hidden" in shown


def test_a_quote_from_line_to_line_has_the_words_between() -> None:
    item = made("alpha beta gamma delta epsilon")
    shown = [line for line in lines(item, 20) if line.part == 1]
    span = quoted(item, shown[1], shown[0])
    assert span is not None
    assert (span.message, span.part, span.start, span.text) == (1, 1, 0, "alpha beta gamma delta epsilon")


def test_a_quote_across_messages_is_none() -> None:
    item = made("Yes.")
    shown = [line for line in lines(item, 80) if line.message >= 0]
    assert quoted(item, shown[0], shown[-1]) is None


@pytest.fixture
def sitting(tmp_path: Path) -> Sitting:
    keep = Keep(Corpus.create(tmp_path / "corpus"), Database.create(tmp_path / "study.sqlite"))
    keep.add(made(f"Reply {number}.\n" * 30, number) for number in range(5))
    keep.draw(Design(kind="uniform", n=4))
    begun = Sitting(Desk.of(keep, QUESTION, "ann", 1), width=60, height=14, clock=iter(range(1000)).__next__)
    assert begun.start()
    return begun


def press(sitting: Sitting, keys: str, typed: str = "") -> str:
    said = MORE
    for key in keys:
        said = sitting.press(key, lambda _what: typed)
    return said


def test_the_keys_are_the_answers_by_number_and_by_letter(sitting: Sitting) -> None:
    assert sitting.keys == {"1": "yes", "2": "no", "y": "yes", "n": "no", "u": "unsure", "x": "unrated"}


def test_the_sitting_is_over_when_all_is_answered(sitting: Sitting) -> None:
    assert press(sitting, "12y") == MORE
    assert press(sitting, "u") == QUIT
    assert sitting.desk.open() == []


def test_what_is_skipped_comes_again_at_the_end(sitting: Sitting) -> None:
    press(sitting, "s")
    assert sitting.queue == [2, 3, 4, 1]


def test_taking_back_shows_that_item_again(sitting: Sitting) -> None:
    press(sitting, "1z")
    assert sitting.queue == [1, 2, 3, 4]
    assert sitting.desk.answers() == {}


def test_taking_back_when_there_is_nothing_says_so(sitting: Sitting) -> None:
    press(sitting, "z")
    assert "no answer in this draw" in sitting.said


def test_a_note_and_a_quote_go_with_the_answer(sitting: Sitting) -> None:
    press(sitting, "c", typed="odd")
    press(sitting, "vjjjjjjjjj  1")
    label = sitting.desk.answers()[sitting.desk.draw.items[0]]
    assert label.note == "odd"
    assert [span.text[:6] for span in label.spans] == ["Reply "]


def test_a_note_does_not_stay_for_the_next_item(sitting: Sitting) -> None:
    press(sitting, "c", typed="odd")
    press(sitting, "11")
    labels = sitting.desk.answers()
    assert [labels[name].note for name in sitting.desk.draw.items[:2]] == ["odd", ""]


def test_the_time_between_showing_and_answering_is_kept(sitting: Sitting) -> None:
    press(sitting, "1")
    assert sitting.desk.answers()[sitting.desk.draw.items[0]].seconds == 1.0


def test_scrolling_stops_at_both_ends(sitting: Sitting) -> None:
    press(sitting, "GGjj")
    bottom = sitting.top
    press(sitting, "gk")
    assert (bottom, sitting.top) == (len(sitting.body) - 9, 0)


def test_the_page_is_never_higher_than_the_terminal(sitting: Sitting) -> None:
    assert len(sitting.page()) == sitting.height - 1


def test_a_key_that_does_nothing_answers_nothing(sitting: Sitting) -> None:
    press(sitting, "7")
    assert sitting.desk.answers() == {}
    assert "does nothing" in sitting.said
