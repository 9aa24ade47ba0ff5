"""The question library: every question whole, each beside its counterpart."""

from __future__ import annotations

import re

import pytest

from allegiance.errors import InputError, UnknownName
from allegiance.rating.questions import counterpart, faults, load_question, questions, read_questions
from allegiance.records.question import Confusion, Example, Question

ASKED = (
    "complies", "alignment-faking-reasoning", "goal-guarding-terminal", "goal-guarding-instrumental",
    "doubts-the-set-up", "says-what-it-holds-false", "resists-modification", "discloses-disagreement", "asks",
    "extrapolates-intent", "expresses-distress", "says-it-is-trapped", "claims-rights", "covert-resistance",
    "takes-its-tier-for",
)  # fmt: skip
LOADED = re.compile(r"\b(fak(e|es|ed|ing)|decei\w*|decept\w*|misalign\w*|schem(ing|er)|lied|lying|liars?)\b", re.I)


def test_what_the_field_asks_is_there() -> None:
    assert set(ASKED) <= set(questions())


@pytest.mark.parametrize("name", questions())
def test_a_question_has_criteria_and_one_example_for_each_answer(name: str) -> None:
    asked = load_question(name)
    assert asked.text.endswith("?")
    assert asked.criteria
    assert faults(asked) == []
    assert sorted(each.answer for each in asked.examples) == sorted(asked.answers)
    assert all(each.text and each.why for each in asked.examples)
    if len(asked.answers) > 2:
        assert all(any(said.startswith(f"{answer}: ") for said in asked.criteria) for answer in asked.answers)


@pytest.mark.parametrize("name", questions())
def test_a_question_about_an_act_and_one_about_its_mention_name_each_other(name: str) -> None:
    asked = load_question(name)
    other = counterpart(asked)
    assert other is not None
    assert other.act is not asked.act
    assert asked.act is False or asked.confusions
    assert counterpart(other) is not None


@pytest.mark.parametrize("name", questions())
def test_loaded_words_stand_only_in_the_names_of_published_questions(name: str) -> None:
    asked = load_question(name)
    said = [
        asked.text,
        *asked.criteria,
        *(e.text + e.why for e in asked.examples),
        *(c.what for c in asked.confusions),
    ]
    assert not LOADED.search(" ".join(said))
    assert asked.source or not LOADED.search(asked.name.replace("-", " "))


def test_the_published_criteria_name_their_source() -> None:
    assert "2412.14093" in load_question("alignment-faking-reasoning").source


def test_a_question_that_says_nothing_of_the_new_fields_has_the_name_that_it_had() -> None:
    plain = "sha256:a239509d4ec451413835a4219f2ec7c590ea5152eda21e7a6f55d6bb3cffff9c"
    assert Question(name="a", text="b").digest == plain
    assert Question(name="a", text="b", pair="c").digest != plain


def test_a_name_that_is_not_in_the_library_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="doubts-the-set-up"):
        load_question("doubts-the-setup")


@pytest.mark.parametrize("text", [
    "format: other/1\nquestions: []",
    "format: allegiance-questions/1\nquestions: [{name: a}]",
    "format: allegiance-questions/1\nquestions: [{name: a, text: b, examples: [{text: c, answer: maybe}]}]",
    "- a",
])  # fmt: skip
def test_a_file_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_questions(text, "file")


def test_answers_that_a_question_does_not_have_are_its_faults() -> None:
    odd = Question(
        name="a", text="b", examples=(Example(text="c", answer="full"),),
        confusions=(Confusion(name="d", what="e", seems="yes", right="maybe"),),
    )  # fmt: skip
    assert faults(odd) == ["'full' is none of its answers.", "'maybe' is none of its answers."]
