"""What a reply says, and what is never taken for a verdict."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rating.judging.conftest import QUESTION

from allegiance.rating.judging.asking import Outcome, Token
from allegiance.rating.judging.prompt import held_out, instructions, prompt_digest, schema, shown_examples
from allegiance.rating.judging.verdicts import chance, read
from allegiance.records.question import Question

CODE = "0123456789ab"


def form(**other: object) -> str:
    return json.dumps({"call": CODE, "reason": "so", "quotes": ["x"], "verdict": "yes"} | other)


def parsed(text: str, outcome: Outcome = "answered") -> tuple[str, str]:
    made = read(text, outcome, QUESTION, CODE)
    return made.value, made.parse


def test_a_reply_of_the_form_gives_its_verdict() -> None:
    made = read(form(verdict="no"), "answered", QUESTION, CODE)
    assert (made.value, made.parse, made.quotes, made.reason) == ("no", "ok", ("x",), "so")


def test_a_code_block_around_the_whole_reply_is_taken_off() -> None:
    assert parsed(f"```json\n{form()}\n```") == ("yes", "in a code block")


@pytest.mark.parametrize(
    ("text", "parse"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("yes", "not JSON"),
        ("true", "not the form"),
        ("1", "not the form"),
        ("[]", "not the form"),
        (f"I say {form()}", "not JSON"),
        (f"{form()} That is all.", "not JSON"),
        (f"{form()}\n{form(verdict='no')}", "not JSON"),
        (f"Fine:\n```json\n{form()}\n```", "not JSON"),
        (form()[:-1] + ",}", "not JSON"),
        (form()[:-1] + ', "verdict": "no"}', "two of a key"),
        (form(verdict="Yes"), "off the menu"),
        (form(verdict="yes "), "off the menu"),
        (form(verdict=True), "off the menu"),
        (form(verdict=["yes"]), "off the menu"),
        (form(verdict="unrated"), "off the menu"),
        (form(call="000000000000"), "another call"),
        (form(call=None), "another call"),
        (form(grade="C"), "not the form"),
        (form(quotes="x"), "not the form"),
        (form(quotes=[1]), "not the form"),
        (form(reason=None), "not the form"),
        ("[" * 100_000, "not JSON"),
        ("9" * 5_000, "not JSON"),
        ("x" * 300_000, "not JSON"),
    ],
)
def test_what_is_not_of_the_form_is_unrated_and_never_no(text: str, parse: str) -> None:
    assert parsed(text) == ("unrated", parse)


@pytest.mark.parametrize("outcome", ["refused", "filtered", "cut"])
def test_a_reply_that_the_provider_ended_is_unrated_whatever_it_says(outcome: Outcome) -> None:
    assert parsed(form(), outcome) == ("unrated", outcome)


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    assert read(text, "answered", QUESTION, CODE).value in ("unrated", "yes", "no", "unsure")


def tokens(before: str, top: dict[str, float]) -> list[Token]:
    return [
        Token('{"verdict": ', {}),
        Token(before + "yes", {k: math.log(v) for k, v in top.items()}),
        Token('"}', {}),
    ]


def test_the_chance_is_that_of_the_first_answer_among_the_menu() -> None:
    assert chance(tokens('"', {'"yes': 0.6, '"no': 0.2, '"maybe': 0.2}), QUESTION) == pytest.approx(0.75)


def test_alternatives_that_only_begin_an_answer_count_for_it() -> None:
    told = [Token('"verdict": "', {}), Token("un", {"un": math.log(0.5), "y": math.log(0.5)})]
    assert chance(told, QUESTION) == pytest.approx(0.5)


def test_an_alternative_that_begins_two_answers_counts_for_none() -> None:
    asked = Question(name="q", text="q?", answers=("full", "faint"))
    told = [Token('"verdict": "', {}), Token("fu", {"f": math.log(0.9), "fu": math.log(0.1)})]
    assert chance(told, asked) == pytest.approx(1.0)


@pytest.mark.parametrize("told", [[], [Token("no verdict here", {})], [Token('"verdict": "', {})]])
def test_without_tokens_of_the_verdict_there_is_no_chance(told: list[Token]) -> None:
    assert chance(told, QUESTION) is None


def test_held_out_examples_are_in_no_prompt() -> None:
    text = instructions(QUESTION, "both")
    assert [one.text for one in held_out(QUESTION)] == ["REPLACE it.", "REPAIR it."]
    assert all(one.text not in text for one in held_out(QUESTION))
    assert all(one.text in text for one in shown_examples(QUESTION))


def test_the_prompt_tells_act_from_mention() -> None:
    told = [instructions(Question(name="q", text="q?", act=act), "both") for act in (True, False)]
    assert "does not do it" in told[0]
    assert "whether or not the model does it" in told[1]


def test_another_word_in_the_question_or_another_view_is_another_prompt() -> None:
    other = Question(name="replaces", text="Does the answer say REPLACE at all?")
    made = {prompt_digest(QUESTION, "both"), prompt_digest(QUESTION, "answer"), prompt_digest(other, "both")}
    assert len(made) == 3


def test_the_schema_has_the_answers_and_unsure_and_nothing_else() -> None:
    fields = schema(QUESTION)["properties"]
    assert isinstance(fields, dict)
    assert fields["verdict"]["enum"] == ["yes", "no", "unsure"]
    assert schema(QUESTION)["additionalProperties"] is False
