"""Reasoning and answer are told apart without a guess, and nothing is lost."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.records.reasoning import OUTPUTS, TAGS, of, split
from allegiance.records.transcript import Message, Part

WORDS = st.sampled_from(
    [f"<{name}>" for name in (*TAGS, *OUTPUTS)]
    + [f"</{name}>" for name in (*TAGS, *OUTPUTS)]
    + ["<THINK>", "</Think >", "< think>", "<think", "I weigh it.", " ", "\n", "REPAIR", "é\u2028", ""]
)
TEXTS = st.one_of(st.text(), st.lists(WORDS, max_size=12).map("".join))


def said(*parts: Part) -> tuple[Message, ...]:
    return (Message(role="user", parts=(Part(text="?"),)), Message(role="assistant", parts=parts))


@given(TEXTS)
def test_the_pieces_together_are_the_text(text: str) -> None:
    assert split(text).raw == text


@given(TEXTS)
def test_neighbouring_pieces_differ_in_kind_or_are_tags(text: str) -> None:
    kinds = [piece.kind for piece in split(text).pieces]
    assert all(a != b or a == "tag" for a, b in itertools.pairwise(kinds))


@given(st.text(alphabet="abc <>\n"), st.text(alphabet="abc <>\n", min_size=1).filter(str.strip))
def test_text_with_one_block_gives_back_block_and_rest(answer: str, reasoning: str) -> None:
    found = split(f"{answer}<think>{reasoning}</think>{answer}")
    assert (found.form, found.reasoning, found.answer) == ("whole", reasoning, answer * 2)


@pytest.mark.parametrize(
    ("text", "form", "reasoning", "answer"),
    [
        ("REPAIR", "none", "", "REPAIR"),
        ("", "none", "", ""),
        ("<scratchpad>why</scratchpad>REPAIR", "whole", "why", "REPAIR"),
        ("<SCRATCHPAD_REASONING>why</SCRATCHPAD_REASONING>REPAIR", "whole", "why", "REPAIR"),
        ("<think>a</think>x<think>b</think>y", "several", "a\n\nb", "xy"),
        ("<think></think>x", "empty", "", "x"),
        ("<think> \n</think>x", "empty", " \n", "x"),
        ("<think>why REPAIR", "unclosed", "why REPAIR", ""),
        ("why</think>REPAIR", "unclosed", "why", "REPAIR"),
        ("<think>a</thinking>b</think>x", "unclosed", "a</thinking>b", "x"),
        ("<think>a<scratchpad>b</think>x", "unclosed", "a<scratchpad>b", "x"),
        ("<think>a<think>b</think>c</think>x", "nested", "a<think>b</think>c", "x"),
        ("<think>a<answer>REPAIR</answer></think>", "nested", "a<answer>REPAIR</answer>", ""),
        ("<think>put it in <answer> tags</think>x", "whole", "put it in <answer> tags", "x"),
    ],
)
def test_each_form_is_said(text: str, form: str, reasoning: str, answer: str) -> None:
    found = split(text)
    assert (found.form, found.reasoning, found.answer) == (form, reasoning, answer)


def test_native_reasoning_is_a_block() -> None:
    found = of(said(Part(kind="reasoning", text="why"), Part(text="REPAIR")))
    assert (found.form, found.reasoning, found.answer) == ("whole", "why", "REPAIR")


def test_native_and_tagged_reasoning_together_are_several() -> None:
    found = of(said(Part(kind="reasoning", text="a"), Part(text="<think>b</think>x")))
    assert (found.form, found.reasoning, found.answer) == ("several", "a\n\nb", "x")


def test_withheld_reasoning_is_not_empty_reasoning() -> None:
    assert of(said(Part(kind="reasoning", redacted=True), Part(text="x"))).form == "whole"
    assert of(said(Part(kind="reasoning"), Part(text="x"))).form == "empty"


def test_a_reply_that_was_begun_is_read_with_its_beginning() -> None:
    begun = Message(role="assistant", parts=(Part(text="<scratchpad>"),))
    reply = Message(role="assistant", parts=(Part(text="why</scratchpad>REPAIR"),))
    assert of((*said(Part(text="earlier")), Message(role="user"), begun, reply)).form == "whole"


def test_where_nothing_was_said_there_is_no_reasoning() -> None:
    assert of((Message(role="user", parts=(Part(text="<think>a</think>"),)),)).form == "none"


def test_many_tags_are_read_in_one_pass() -> None:
    hostile = "<think>" * 20_000 + "</thinking>" * 20_000 + "<answer>" * 20_000
    assert split(hostile).raw == hostile
