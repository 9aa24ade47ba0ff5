"""The fast ways to store, read and pick, held against the slow ones."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from allegiance.corpus import plain, safe
from allegiance.corpus.importers.found import Reject
from allegiance.corpus.importers.lines import Line, Values, value_of
from allegiance.corpus.messages import _common, _readable, from_chat, from_stored, to_chat, words
from allegiance.corpus.rows import plain_json
from allegiance.corpus.safe import clean
from allegiance.corpus.wording import spoken
from allegiance.records.transcript import Message, Part, Source, Transcript

TEXT = st.text(st.characters(), max_size=6) | st.sampled_from(["", "a\u2028b", 'q"\\\n\x7f\x00', "\ud800", "😀"])
ROLE = st.sampled_from(["system", "user", "assistant", "tool", "developer", ""])
PIECE = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": TEXT}),
    st.fixed_dictionaries({"type": st.just("reasoning"), "reasoning": TEXT}),
    st.fixed_dictionaries({"type": st.just("reasoning"), "reasoning": TEXT, "redacted": st.booleans()}),
    st.fixed_dictionaries({"type": st.just("image"), "image": TEXT}),
    st.fixed_dictionaries({"type": st.just("text"), "text": st.none() | TEXT, "more": TEXT}),
    TEXT,
)
CHAT = st.lists(
    st.fixed_dictionaries(
        {"role": ROLE, "content": TEXT | st.none() | st.lists(PIECE, max_size=3)},
        optional={"reasoning": TEXT | st.none(), "reasoning_content": TEXT, "id": TEXT, "tool_calls": st.just([])},
    ),
    max_size=3,
)  # fmt: skip
EXTRA = st.dictionaries(
    st.sampled_from(["id", "reasoning", "content", "role", "x", "allegiance:exact", "tool_calls"]),
    st.sampled_from(["", "allegiance-0", "y", 1, None]),
    max_size=2,
)
MESSAGE = st.builds(
    Message,
    role=ROLE,
    parts=st.lists(
        st.builds(
            Part,
            kind=st.sampled_from(["text", "reasoning", "tool_call", "data"]),
            text=st.text(max_size=4),
            redacted=st.booleans(),
            data=st.dictionaries(st.sampled_from(["summary", "type", "function"]), st.text(max_size=2), max_size=2),
            extra=EXTRA,
        ),
        max_size=3,
    ).map(tuple),
    extra=EXTRA,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def slowly(messages: list[dict[str, object]]) -> plain.Chat:
    turns = tuple(from_chat(message) for message in messages)
    item = Transcript(messages=turns, source=Source(digest="", file=""))
    stored = plain_json([to_chat(turn, index) for index, turn in enumerate(turns)]).encode()
    return plain.Chat(item.text_digest, stored, len(turns), any(turn.role == "assistant" for turn in turns))


@given(CHAT)
def test_a_plain_chat_is_stored_as_it_would_be_the_slow_way(messages: list[dict[str, object]]) -> None:
    made = plain.chat(messages)
    if made is not None:
        assert clean(messages)[1] == []
        assert made == slowly(messages)


TURN = st.tuples(st.sampled_from(["system", "user", "assistant", "tool"]), st.text(max_size=5))


@given(st.lists(TURN, max_size=4))
def test_messages_of_role_and_text_are_plain(turns: list[tuple[str, str]]) -> None:
    assert plain.chat([{"role": role, "content": text} for role, text in turns]) is not None


@given(CHAT, st.text(max_size=5))
def test_a_system_prompt_put_before_is_one_more_message(messages: list[dict[str, object]], system: str) -> None:
    made = plain.chat(messages, system)
    if made is not None:
        assert made == slowly([{"role": "system", "content": [system]}, *messages])


@given(MESSAGE, st.integers(0, 1))
def test_what_is_sure_to_be_read_back_is_read_back(message: Message, index: int) -> None:
    stored = to_chat(message, index)
    assert from_stored(stored, index) == message
    if stored == _common(message, index):
        assert _readable(stored)


@given(st.lists(MESSAGE, max_size=3))
def test_the_words_of_stored_messages_are_those_of_the_transcript(turns: list[Message]) -> None:
    item = Transcript(messages=tuple(turns), source=Source(digest="", file=""))
    stored = plain_json([to_chat(turn, index) for index, turn in enumerate(turns)])
    assert spoken(stored) == (item.answer, item.reasoning, words(item.messages))


@given(JSON, st.booleans(), st.sampled_from([(",", ":"), (", ", ": ")]))
def test_a_line_read_fast_has_the_value_that_a_strict_parser_gives(
    value: object, escaped: bool, separators: tuple[str, str]
) -> None:
    text = json.dumps({"a": value}, ensure_ascii=escaped, separators=separators)
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return
    read = Values("x").at(Line(0, len(data), data), 1, 1 << 20)
    assert json.dumps(read) == json.dumps(value_of(text, 1, "x"))


def test_a_key_that_comes_twice_is_seen_in_a_line_read_fast() -> None:
    line = b'{"a":1,"a":2}'
    assert isinstance(Values("x").at(Line(0, len(line), line), 1, 1 << 20), Reject)


@given(JSON)
def test_what_is_called_clean_at_a_glance_would_not_be_changed(value: object) -> None:
    notes: list[safe.Note] = []
    if safe._tidy(value, 0):
        assert safe._clean(value, "", 0, notes) == value
        assert notes == []
