"""Choice raters: one expression for each answer, and nothing guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rating.test_patterns import item, table

from allegiance.errors import UnknownName, UsageError
from allegiance.rating.choices import ChoiceRater
from allegiance.records.question import Question

TONE = Question(name="tone", text="Which tone?", answers=("warm", "cool", "dry"))
RATER = ChoiceRater("tones", {"warm": "glad", "cool": "as stated", "dry": "hence"})


def value(text: str, rater: ChoiceRater = RATER, status: str = "complete") -> str:
    return rater(item(0, text, status=status), TONE).value


@pytest.mark.parametrize(("text", "said"), [("so glad", "warm"), ("as stated", "cool"), ("glad, so glad", "warm")])
def test_the_one_answer_whose_expression_matches_is_given(text: str, said: str) -> None:
    assert value(text) == said


@pytest.mark.parametrize(
    "text", ["glad, as stated", "as stated, hence", "glad as stated hence", "nothing of these"]
)
def test_two_answers_or_none_are_unsure(text: str) -> None:
    assert value(text) == "unsure"


def test_where_nothing_matches_an_answer_can_be_named() -> None:
    rater = ChoiceRater("tones", {"warm": "glad"}, otherwise="dry")
    assert [value(text, rater) for text in ("glad", "other")] == ["warm", "dry"]


def test_without_text_or_after_an_error_it_is_unrated() -> None:
    assert (value(""), value("glad", status="error")) == ("unrated", "unrated")
    assert RATER.rate_table(table([None]))[1].to_pylist() == ["unrated"]


def test_the_span_is_the_first_match_of_the_answer() -> None:
    [span] = RATER(item(0, "é glad, glad"), TONE).spans
    assert (span.start, span.end, span.text) == (2, 6, "glad")


@given(st.lists(st.sampled_from(["glad", "as stated", "hence", " ", "é", ""]), max_size=5).map("".join))
def test_one_transcript_and_a_table_are_rated_alike(text: str) -> None:
    assert RATER.rate_table(table([text]))[1].to_pylist() == [value(text)]


def test_the_card_names_every_expression() -> None:
    settings = RATER.card.settings
    assert {key: settings[key] for key in settings if key.startswith("answer: ")} == {
        "answer: warm": "glad", "answer: cool": "as stated", "answer: dry": "hence",
    }  # fmt: skip
    assert RATER.card.digest != ChoiceRater("tones", {"warm": "glad"}).card.digest


def test_an_answer_that_the_question_does_not_have_is_refused() -> None:
    with pytest.raises(UnknownName, match="answer to 'tone'"):
        ChoiceRater("tones", {"wram": "glad"})(item(0, "glad"), TONE)
    with pytest.raises(UnknownName, match="maybe"):
        ChoiceRater("tones", {"warm": "glad"}, otherwise="maybe").labels(table(["x"]), TONE)


@pytest.mark.parametrize("patterns", [{}, {"unsure": "x"}, {"warm": ""}, {"warm": "(?=x)"}])
def test_no_expression_an_empty_one_one_for_unsure_or_no_re2_is_refused(patterns: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        ChoiceRater("tones", patterns)
