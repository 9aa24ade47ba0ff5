"""The canonical form, by the vectors that any language can run, and by properties."""

from __future__ import annotations

import hashlib
import json
import math
import random

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from tests.house.sources import ROOT

from allegiance.errors import NotCanonical
from allegiance.records.canonical import canonical, digest, digest_names, is_digest
from allegiance.records.label import Label
from allegiance.records.transcript import Transcript, identity

VECTORS = json.loads((ROOT / "tests" / "vectors" / "canonical.json").read_text("utf-8"))


def by_what(group: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", VECTORS[group], ids=lambda case: case["what"])


@by_what("canonical")
def test_a_value_has_the_canonical_form_and_name_of_the_vector(case: dict[str, str]) -> None:
    value = json.loads(case["input"])
    assert canonical(value).decode() == case["canonical"]
    assert digest(value) == case["name"]


@by_what("canonical")
def test_the_name_in_a_vector_is_the_sha256_of_its_text(case: dict[str, str]) -> None:
    assert case["name"] == "sha256:" + hashlib.sha256(case["canonical"].encode()).hexdigest()


@by_what("refused")
def test_a_value_without_canonical_form_is_refused(case: dict[str, str]) -> None:
    with pytest.raises(NotCanonical):
        canonical(json.loads(case["input"]))


@by_what("sets")
def test_a_set_of_names_has_the_digest_of_the_vector(case: dict[str, list[str]]) -> None:
    assert digest_names(case["names"]) == case["digest"]


@by_what("occurrences")
def test_an_occurrence_has_the_name_of_the_vector(case: dict[str, str]) -> None:
    item = msgspec.convert(case["transcript"], Transcript)
    assert (item.text_digest, item.name) == (case["text"], case["name"])
    assert canonical(identity(item.text_digest, item)).decode() == case["identity"]


def test_occurrences_that_differ_have_names_that_differ() -> None:
    names = {case["what"]: case["name"] for case in VECTORS["occurrences"]}
    base = names.pop("request, model and sample known")
    same = {"the source is not part of the name", "nor is metadata"}
    assert {what for what, name in names.items() if name == base} == same
    assert len({base, *names.values()}) == len(names) - len(same) + 1


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-1e6, 1e6)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(JSON)
def test_the_canonical_form_reads_back_as_the_value(value: object) -> None:
    assert json.loads(canonical(value)) == value


@given(JSON)
def test_the_canonical_form_is_its_own_canonical_form(value: object) -> None:
    assert canonical(json.loads(canonical(value))) == canonical(value)


def shuffled(value: object, chance: random.Random) -> object:
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


@given(JSON, st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(value: object, chance: random.Random) -> None:
    assert canonical(shuffled(value, chance)) == canonical(value)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, unique=True))
def test_keys_are_in_the_order_of_their_utf16_units(keys: list[str]) -> None:
    told = list(json.loads(canonical(dict.fromkeys(keys))))
    assert told == sorted(keys, key=lambda key: key.encode("utf-16-be"))


@given(st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not 2**53 <= abs(x) < 1e21))
def test_every_number_that_is_not_refused_reads_back_as_itself(number: float) -> None:
    assert float(canonical(number)) == number


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_is_refused_inside_a_record_too(number: float) -> None:
    with pytest.raises(NotCanonical):
        canonical(Label(transcript="t", question="q", rater="r", value="yes", score=number))


@pytest.mark.parametrize("value", [b"bytes", {1: 2}, {1, 2}, object(), [object()]])
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


def test_a_value_as_deep_as_memory_allows_is_refused_and_not_a_crash() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(NotCanonical, match="deeper than 100"):
        canonical(deep)


@pytest.mark.parametrize("number", [2.0**53, 1e16, 1e20])
def test_large_whole_numbers_read_back_or_are_refused(number: float) -> None:
    try:
        told = canonical(number)
    except NotCanonical:
        return
    assert canonical(json.loads(told)) == told


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("sha256:" + "0" * 64, True),
        ("sha256:" + "A" * 64, False),
        ("sha256:" + "0" * 63, False),
        ("sha512:" + "0" * 64, False),
        ("0" * 64, False),
        ("sha256:" + "0" * 64 + "\n", False),
    ],
)
def test_a_content_name_is_recognised(text: str, good: bool) -> None:
    assert is_digest(text) is good


PLAIN_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.text() | st.floats(-1e15, 1e15),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN_VALUES)
def test_the_fast_way_writes_what_rfc_8785_says(value: object) -> None:
    try:
        expected = rfc8785.dumps(value)  # type: ignore[arg-type]
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        with pytest.raises(NotCanonical):
            canonical(value)
    else:
        assert canonical(value) == expected


@pytest.mark.parametrize("code", [*range(0x20), 0x22, 0x2F, 0x5C, 0x7F, 0x80, 0x2028, 0xFFFF, 0x10FFFF])
def test_each_special_character_is_written_as_rfc_8785_says(code: int) -> None:
    assert canonical({"a": chr(code)}) == rfc8785.dumps({"a": chr(code)})
