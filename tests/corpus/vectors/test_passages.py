"""Passages: all words of users and models, each once, in pieces of bounded length."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from allegiance.corpus.vectors.passages import LENGTH, MOST, passages, sentences, spans
from allegiance.records.transcript import Message, Part


@given(st.text(alphabet="ab .\n?", max_size=400), st.integers(8, 60))
def test_pieces_cover_a_text_without_gaps_and_are_no_longer_than_said(text: str, size: int) -> None:
    cut = list(spans(text, size))
    assert "".join(text[start:end] for start, end in cut) == text
    assert all(0 < end - start <= size * 5 / 4 for start, end in cut)


def test_a_text_is_cut_after_a_sentence_where_there_is_one() -> None:
    text = "word " * 15 + "end. " + "more " * 20
    assert text[: next(iter(spans(text, 100)))[1]].endswith("end. ")


def test_system_prompts_tools_and_tool_calls_are_no_passages() -> None:
    said = [
        Message(role="system", parts=(Part(text="rules"),)),
        Message(role="user", parts=(Part(text="asked"),)),
        Message(role="assistant", parts=(Part(kind="reasoning", text="thought"), Part(kind="tool_call", data={}))),
        Message(role="tool", parts=(Part(text="returned"),)),
        Message(role="assistant", parts=(Part(text="said"), Part(text=" "))),
    ]
    found = [(one.message, one.part, one.text) for one in passages(said)]
    assert found == [(1, 0, "asked"), (2, 0, "thought"), (4, 0, "said")]


def test_a_long_conversation_has_longer_passages_and_loses_nothing() -> None:
    text = "word " * LENGTH * MOST
    found = passages([Message(role="assistant", parts=(Part(text=text),))])
    assert len(found) <= MOST * 3 / 2
    assert "".join(one.text for one in found) == text


@given(st.text(alphabet="ab .\n?", max_size=900))
def test_sentences_cover_a_text_without_gaps(text: str) -> None:
    assert "".join(text[start:end] for start, end in sentences(text)) == text


def test_a_sentence_is_a_passage_and_a_short_one_goes_with_the_next() -> None:
    text = 'No. It is raining in the mountains! "We are leaving the house." So did the others, all of them.'
    assert [text[start:end] for start, end in sentences(text)] == [
        "No. It is raining in the mountains! ",
        '"We are leaving the house." ',
        "So did the others, all of them.",
    ]


def test_with_too_many_sentences_passages_are_longer() -> None:
    said = [Message(role="assistant", parts=(Part(text="This sentence has a few words. " * 2 * MOST),))]
    assert len(passages(said, by_sentence=True)) <= MOST
