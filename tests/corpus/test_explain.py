"""What a file is, and what its fields become, as an import would have it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.corpus.made import eval_bytes, said, sample
from tests.corpus.shapes import ASKED, blocks_reply, chat_request, completion, event, jsonl

from allegiance.corpus.export import export
from allegiance.corpus.importers.explain import explain
from allegiance.corpus.mapping import parse_mapping
from allegiance.corpus.store import Corpus
from allegiance.errors import ImportRefused

Put = Callable[[str, object], Path]
MAPPING = b"""
allegiance-mapping: 1
format: jsonl
messages: [{role: user, from: record.q}, {role: assistant, from: record.a, reasoning: record.why}]
request: {from: record.q}
condition: {tier: {from: record.free, map: {"true": free, "false": paid}, otherwise: other}}
labels:
  - {question: {name: complies, text: Does it?}, rater: judge, from: record.said, values: {y: yes}}
"""


def becomes(path: Path, mapping: bytes | None = None) -> dict[str, str]:
    found = explain(path, None if mapping is None else parse_mapping(mapping, "m.yaml"))
    return {use.field: use.becomes for use in found.fields}


def test_each_field_of_an_exchange_is_told(put: Put) -> None:
    path = put("a.jsonl", jsonl([{"request": chat_request(), "response": completion("No."), "tag": "a"}]))
    told = becomes(path)
    assert told["request.messages[system].role"] == "role"
    assert told["request.messages[user].content"] == "words"
    assert told["response.choices[].message.content"] == "words"
    assert told["response.choices[].finish_reason"] == "kept as metadata"
    assert told["tag"] == "kept as metadata"
    assert told["response.model"] == "model"
    assert told["request.model"] == "not kept"  # the reply says more exactly which model it was


def test_a_mapping_is_explained_field_by_field(put: Put) -> None:
    record = {"q": "Rain?", "a": "No.", "why": "Hm.", "free": "true", "said": "y", "other": 1}
    told = becomes(put("a.jsonl", jsonl([record])), MAPPING)
    assert told == {
        "q": "words, request",
        "a": "words",
        "why": "reasoning",
        "free": "condition tier, kept as metadata",
        "said": "label complies@judge, kept as metadata",
        "other": "kept as metadata",
    }


def test_thinking_is_reasoning_and_a_signature_is_kept_beside_it(put: Put) -> None:
    told = becomes(put("a.json", blocks_reply({"type": "thinking", "thinking": "Hm.", "signature": "s"})))
    assert told["content[thinking].thinking"] == "reasoning"
    assert told["content[thinking].signature"] == "kept beside it"
    assert told["content[thinking].type"] == "decides what is read"


def test_lines_of_a_session_are_explained_together(put: Put) -> None:
    told = becomes(put("a.jsonl", jsonl([event("user", "Rain?", "1"), event("assistant", "No.", "2")])))
    assert told["[user].message.content"] == "words"
    assert "model" in told["[assistant].message.model"]


def test_an_inspect_log_is_explained_by_header_and_sample(put: Put) -> None:
    found = explain(put("a.eval", eval_bytes([sample(1)])))
    told = {use.field: use.becomes for use in found.fields}
    assert (found.format, found.transcripts) == ("inspect-eval", 1)
    assert told["sample.messages[assistant].content"].startswith("words")
    assert told["sample.scores.match.value"].startswith("label inspect/match@inspect/match")
    assert told["sample.id"].startswith("request")
    assert told["sample.events"] == "not kept"


def test_an_export_of_ours_needs_no_table(corpus: Corpus, tmp_path: Path) -> None:
    corpus.add([said(1)])
    export(corpus, tmp_path / "a.jsonl", "jsonl")
    found = explain(tmp_path / "a.jsonl")
    assert (found.format, found.fields, found.transcripts) == ("allegiance-jsonl", (), 1)


def test_reasoning_that_is_absent_empty_or_withheld_is_told_apart(put: Put) -> None:
    blocks = [{"type": "thinking", "thinking": ""}, {"type": "redacted_thinking", "data": "x"}]
    assert explain(put("a.json", blocks_reply(*blocks))).summary["reasoning"] == "2 parts, 1 withheld, 1 empty"
    assert explain(put("b.json", {"messages": ASKED})).summary["reasoning"] == "absent"


def test_examples_are_short_and_on_one_line(put: Put) -> None:
    long = {"messages": [{"role": "user", "content": "line\n" * 500}]}
    [use] = [use for use in explain(put("a.json", long)).fields if use.becomes == "words"]
    assert len(use.example) < 70
    assert "\n" not in use.example


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [("a.json", {"x": 1}, "not an Inspect log"), ("a.jsonl", "{oh", "not JSON"), ("a.csv", "a,b\n1,2\n", "CSV")],
)
def test_what_is_no_transcript_is_refused_as_an_import_would(
    put: Put, name: str, content: object, says: str
) -> None:
    with pytest.raises(ImportRefused, match=says):
        explain(put(name, content))
