from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.corpus.safe import TRANSFORMED, clean, decode, load, marked
from allegiance.errors import ImportRefused
from allegiance.records.canonical import canonical

ANY_TEXT = st.text(st.characters())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_was_cleaned_has_a_canonical_form(value: object) -> None:
    canonical(clean(value)[0])


@given(JSON)
def test_cleaning_twice_changes_nothing_more(value: object) -> None:
    once, _ = clean(value)
    again, notes = clean(once)
    assert (json.dumps(again), notes) == (json.dumps(once), [])


@given(JSON)
def test_without_a_note_nothing_was_changed(value: object) -> None:
    made, notes = clean(value)
    if not notes:
        assert made == value


def test_a_lone_surrogate_is_replaced_and_noted_with_its_offset() -> None:
    made, notes = clean({"messages": [{"content": "a\ud800b"}]})
    assert made == {"messages": [{"content": "a�b"}]}
    assert [note.plain() for note in notes] == [{"path": "/messages/0/content", "was": "U+D800", "offset": 1}]


def test_numbers_without_a_canonical_form_become_text_and_are_noted() -> None:
    made, notes = clean([2**60, math.nan, -math.inf, 2**53 - 1])
    assert made == [str(2**60), "NaN", "-Infinity", 2**53 - 1]
    assert [note.path for note in notes] == ["/0", "/1", "/2"]


def test_deep_nesting_becomes_json_text() -> None:
    deep: object = "core"
    for _ in range(90):
        deep = [deep]
    made, notes = clean(deep)
    canonical(made)
    assert [note.was for note in notes] == ["nested"]


def test_keys_that_become_equal_stay_apart() -> None:
    made, _ = clean(dict(zip(["\ud800", "\ud801"], [1, 2], strict=True)))
    assert isinstance(made, dict)
    assert sorted(made.values()) == [1, 2]


def test_notes_are_added_to_those_that_are_there() -> None:
    _, notes = clean(math.nan)
    once = marked({}, notes)
    assert len(marked(once, notes)[TRANSFORMED]) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_encoding_that_json_comes_in_is_read(encoding: str) -> None:
    assert load('{"é": "😀"}'.encode(encoding), "f") == {"é": "😀"}


def test_bytes_that_are_not_utf8_are_refused_with_offset_and_line() -> None:
    with pytest.raises(ImportRefused, match=r"byte 4 \(line 2\) is not UTF-8: 0xe9"):
        decode(b"ab\nc\xe9", "f")


def test_a_key_given_twice_is_refused() -> None:
    with pytest.raises(ImportRefused, match="'a' twice"):
        load(b'[{"a": 1, "a": 2}]', "f")


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 100_000 + "]" * 100_000, "9" * 5000, '{"a": 1,}', "", "nul"])
def test_what_cannot_be_read_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(ImportRefused) as caught:
        load(text.encode(), "f")
    assert caught.value.what.endswith(".")
    assert len(caught.value.what) < 200
