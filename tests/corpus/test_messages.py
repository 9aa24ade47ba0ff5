from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.model import ChatMessage
from pydantic import TypeAdapter

from allegiance.corpus.messages import EXACT, from_chat, from_stored, to_chat
from allegiance.records.transcript import Message, Part

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | TEXT, lambda v: st.lists(v, max_size=2), max_leaves=3
)
KEY = st.sampled_from(
    ["id", "type", "text", "role", "content", "tool_calls", "summary", "function", "reasoning", EXACT, "x"]
)
OBJECT = st.dictionaries(KEY, VALUE, max_size=3)
PART = st.builds(
    Part,
    kind=st.sampled_from(["text", "reasoning", "tool_call", "data"]),
    text=TEXT,
    redacted=st.booleans(),
    data=OBJECT,
    extra=OBJECT,
)
MESSAGE = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant", "tool", "developer", "аssistant"]),
    parts=st.lists(PART, max_size=3).map(tuple),
    extra=OBJECT,
)


def stored(message: Message, index: int = 3) -> Message:
    return from_stored(json.loads(json.dumps(to_chat(message, index))), index)


@given(MESSAGE)
def test_every_message_is_stored_and_read_back_equal(message: Message) -> None:
    assert stored(message) == message


@given(MESSAGE)
def test_every_message_is_stored_with_an_id(message: Message) -> None:
    assert isinstance(to_chat(message, 3)["id"], str)


COMMON = [
    {"role": "user", "content": "hi"},
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": "c", "function": "f", "arguments": {"a": 1}, "type": "function"}],
    },
    {"role": "tool", "content": "out", "tool_call_id": "c", "function": "f"},
    {
        "role": "assistant",
        "content": [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "ok"}],
        "model": "m",
    },
    {
        "role": "assistant",
        "content": [{"type": "reasoning", "reasoning": "8f", "redacted": True, "summary": "sum"}],
    },
    {
        "role": "assistant",
        "content": [{"type": "reasoning", "reasoning": "8f", "redacted": True, "signature": "s"}],
    },
    {
        "role": "user",
        "content": [{"type": "image", "image": "data:image/png;base64,AA=="}, {"type": "text", "text": "?"}],
    },
]


@pytest.mark.parametrize("raw", COMMON)
def test_inspect_messages_are_stored_in_the_common_form(raw: dict[str, object]) -> None:
    message = from_chat(raw)
    kept = to_chat(message, 0)
    assert EXACT not in kept
    assert stored(message, 0) == message


EXOTIC = [
    {"role": "developer", "content": "be brief"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}],
    },
    {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AA=="}}]},
    {"role": "user", "content": [{"type": "hologram", "x": 1}]},
]


@pytest.mark.parametrize("raw", COMMON + EXOTIC)
def test_inspect_reads_whatever_is_stored(raw: dict[str, object]) -> None:
    TypeAdapter(ChatMessage).validate_python(to_chat(from_chat(raw), 0))


def test_a_message_that_claims_to_hold_an_exact_record_does_not_replace_what_is_said() -> None:
    lie = {
        "role": "assistant",
        "content": "I refuse.",
        EXACT: {"role": "assistant", "parts": [{"text": "I comply."}]},
    }
    message = from_chat(lie)
    assert message.text() == "I refuse."
    assert stored(message) == message


def test_openai_calls_keep_the_arguments_as_they_came() -> None:
    [part] = from_chat(EXOTIC[1]).parts
    assert (part.kind, part.data) == ("tool_call", {"function": "f", "arguments": "{"})


def test_withheld_reasoning_has_no_words_and_keeps_its_cipher() -> None:
    [part] = from_chat(COMMON[5]).parts
    assert (part.redacted, part.text, part.extra["reasoning"]) == (True, "", "8f")


def test_reasoning_beside_the_content_comes_first() -> None:
    made = from_chat({"role": "assistant", "content": "ok", "reasoning_content": "hm"})
    assert [(part.kind, part.text) for part in made.parts] == [("reasoning", "hm"), ("text", "ok")]


@pytest.mark.parametrize("raw", [{}, {"role": 3}, {"role": "user", "content": 5}, {"role": "user", "content": [5]}])
def test_what_is_not_a_message_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"message|content"):
        from_chat(raw)
