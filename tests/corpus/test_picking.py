from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.corpus.made import header, sample

from allegiance.corpus.archive import Limits
from allegiance.corpus.importers import plan_import
from allegiance.corpus.picking import pick
from allegiance.errors import ImportRefused

Put = Callable[[str, object], Path]
TEXT = st.text(st.sampled_from('ab"\\{}[],:\n é😀'), max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def cut(data: bytes, seed: int) -> list[bytes]:
    chance = random.Random(seed)
    at, parts = 0, []
    while at < len(data):
        size = chance.randint(0, 7)
        parts.append(data[at : at + size])
        at += size
    return parts


@given(
    st.dictionaries(TEXT, JSON, max_size=5), st.sets(TEXT, max_size=3), st.integers(0, 99), st.booleans(),
    st.sampled_from([None, 1]),
)  # fmt: skip
def test_what_is_picked_is_what_a_parser_finds(
    value: dict[str, object], left_out: set[str], seed: int, escaped: bool, indent: int | None
) -> None:
    data = json.dumps(value, ensure_ascii=escaped, indent=indent).encode()
    found = pick(cut(data, seed), lambda key: key not in left_out, 1 << 20, "x")
    assert {key: json.loads(text) for key, text in found.items()} == {
        key: item for key, item in value.items() if key not in left_out
    }


@pytest.mark.parametrize(
    "text",
    ["", "[1]", '{"a":1', '{"a":1}}', '{"a":1,}', '{"a"}', '{"a":1} x', '"a"', '{"a":1:2}', "{,}", '{"a":"b}'],
)
def test_what_is_not_one_object_is_refused(text: str) -> None:
    with pytest.raises(ImportRefused):
        pick([text.encode()], lambda _: False, 100, "x")


def test_a_key_that_comes_twice_is_refused_though_it_is_not_picked() -> None:
    with pytest.raises(ImportRefused, match="twice"):
        pick([b'{"a":1,"a":2}'], lambda _: False, 100, "x")


def test_picking_more_than_the_limit_is_refused_and_passing_it_over_is_not() -> None:
    data = json.dumps({"a": "x" * 1000}).encode()
    assert pick([data], lambda _: False, 100, "x") == {}
    with pytest.raises(ImportRefused, match="more than 100 bytes"):
        pick([data], lambda _: True, 100, "x")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_sample_that_is_too_large_to_hold_is_read_the_same(put: Put, method: int) -> None:
    raw = sample(1, attachments={"abc": "Long words.", "no": "x" * 90_000}, events=[{"a": "y" * 90_000}])
    raw["messages"] = [{"role": "assistant", "content": "attachment://abc"}]
    raw["attachments"] = {"abc": "Long words."}
    path = put("a.eval", b"")
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("samples/1_epoch_1.json", json.dumps(raw))
        archive.writestr("header.json", json.dumps(header()))
    whole = plan_import([path])
    assert plan_import([path], limits=Limits(record_bytes=20_000)).names == whole.names
    assert whole.transcripts[0].answer == "Long words."


def test_a_sample_of_which_too_much_would_be_kept_is_refused(put: Put) -> None:
    path = put("a.eval", b"")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("samples/1_epoch_1.json", json.dumps(sample(1, answer="x" * 30_000)))
        archive.writestr("header.json", json.dumps(header()))
    with pytest.raises(ImportRefused, match="more than 20,000 bytes"):
        plan_import([path], limits=Limits(record_bytes=20_000))
