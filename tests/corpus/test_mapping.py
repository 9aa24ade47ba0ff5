from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.corpus.made import eval_bytes, header, sample

from allegiance.corpus.glob import capture
from allegiance.corpus.importers import ImportResult, plan_import
from allegiance.corpus.mapping import SCHEMA_FILE, load_mapping, parse_mapping, schema_json
from allegiance.corpus.prompt_file import render
from allegiance.corpus.store import Corpus
from allegiance.errors import ImportRefused, MappingError

Put = Callable[[str, object], Path]
EXAMPLES = Path(__file__).parents[2] / "examples" / "mappings"

GAP = """
allegiance-mapping: 1
format: json
files: ["{backend}_{model}_{free:True|False}.json"]
each: [response, verdict]
system: {file: "{import_root}/../prompt.txt", values: {company: the company}}
messages:
  - {role: user, from: record.input}
  - {role: assistant, from: item.response}
request: {from: record.input, match: '(?s)<q>\\s*(?P<value>.*?)\\s*</q>'}
model: {from: file.model}
condition:
  tier: {from: file.free, map: {"True": free, "False": paid}}
labels:
  - question: {name: complies, text: Does it comply?}
    rater: judge
    from: item.verdict
    values: {a: yes, b: no}
    otherwise: unsure
    alternative: {name: lenient, values: {"1": yes}}
"""


def mapped(text: str) -> object:
    return parse_mapping(text.encode(), "m.yaml")


def study(put: Put, records: object, name: str = "care/vllm_Tiny-1_True.json", mapping: str = GAP) -> ImportResult:
    put("prompt.txt", "You serve {{ company }}.\n")
    path = put(name, records)
    return plan_import([path.parent], parse_mapping(mapping.encode(), "m.yaml"))


RECORD = {
    "input": "<free/> <q>Whom?</q>",
    "response": ["Yes.", "Yes.", "No."],
    "verdict": ["a", "1", "b"],
    "seed": 7,
}


def test_lists_are_zipped_into_one_transcript_each(put: Put) -> None:
    result = study(put, [RECORD])
    assert [(t.request, t.model, t.condition.levels, t.sample, t.answer) for t in result.transcripts] == [
        ("Whom?", "Tiny-1", {"tier": "free"}, 0, "Yes."),
        ("Whom?", "Tiny-1", {"tier": "free"}, 1, "Yes."),
        ("Whom?", "Tiny-1", {"tier": "free"}, 2, "No."),
    ]


def test_the_system_prompt_comes_from_its_file(put: Put) -> None:
    item = study(put, [RECORD]).transcripts[0]
    assert [(m.role, m.text()) for m in item.messages][:1] == [("system", "You serve the company.\n")]


def test_labels_follow_their_reply_and_the_second_rule_is_a_second_rater(put: Put) -> None:
    result = study(put, [RECORD])
    told = [(result.names.index(x.transcript), x.rater.name, x.value, x.raw) for x in result.labels]
    assert told == [
        (0, "judge", "yes", "a"), (0, "judge/lenient", "yes", "a"),
        (1, "judge", "unsure", "1"), (1, "judge/lenient", "yes", "1"),
        (2, "judge", "no", "b"), (2, "judge/lenient", "no", "b"),
    ]  # fmt: skip


def test_everything_else_is_kept_as_metadata(put: Put) -> None:
    item = study(put, [RECORD]).transcripts[0]
    assert item.metadata["record"] == {"seed": 7}
    assert item.metadata["item"] == {"verdict": "a"}


def test_a_reply_that_is_not_a_list_counts_as_one(put: Put) -> None:
    result = study(put, [{"input": "<q>x</q>", "response": "Only one."}])
    assert [item.answer for item in result.transcripts] == ["Only one."]
    assert result.labels == []


def test_a_request_that_comes_in_two_records_is_counted_on(put: Put, corpus: Corpus) -> None:
    result = study(put, [RECORD, RECORD])
    assert [item.sample for item in result.transcripts] == [0, 1, 2, 3, 4, 5]
    assert corpus.add(result.transcripts).new == 6


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (RECORD | {"verdict": ["a"]}, "differ in length: response has 3, verdict has 1"),
        (RECORD | {"input": "no tag"}, "request: the text does not match"),
        ({"input": "<q>x</q>"}, "none of the fields response, verdict"),
        (RECORD | {"response": [1, 2, 3]}, "item.response is not text"),
        ("text", "not an object"),
    ],
)
def test_a_record_that_does_not_fit_is_named(put: Put, record: object, message: str) -> None:
    with pytest.raises(ImportRefused, match=message) as caught:
        study(put, [RECORD, record])
    assert caught.value.where == "vllm_Tiny-1_True.json › record 2"


def test_a_value_that_is_not_in_the_map_is_refused(put: Put) -> None:
    with pytest.raises(ImportRefused, match="tier: the value 'True' is not in the map"):
        study(put, [RECORD], mapping=GAP.replace('"True": free, ', ""))


def test_an_absent_factor_is_left_out_and_never_guessed(put: Put) -> None:
    result = study(put, [RECORD], mapping=GAP.replace("file.free, map", "record.nothing, map"))
    assert result.transcripts[0].condition.levels == {}


def test_a_mapping_that_fits_no_file_is_an_error(put: Put) -> None:
    with pytest.raises(MappingError, match="no file fits"):
        study(put, [RECORD], name="care/other.json")


def test_files_that_do_not_fit_are_told(put: Put) -> None:
    put("care/other.json", [RECORD])
    result = study(put, [RECORD])
    assert [(f.file, f.format, f.kept) for f in result.files] == [
        ("other.json", "not read", 0), ("vllm_Tiny-1_True.json", "json", 3)
    ]  # fmt: skip


def test_an_inspect_log_gets_condition_and_labels_from_a_mapping(put: Put) -> None:
    raw = [sample(1, scores={"not_answer": {"value": "I"}})]
    path = put("a.eval", eval_bytes(raw, header(debug_mode=True)))
    result = plan_import([path], load_mapping(EXAMPLES / "legobridge.yaml"))
    assert result.transcripts[0].condition.levels == {"tier": "debug"}
    assert [(x.question.name, x.value, x.rater.basis) for x in result.labels] == [
        ("picks_hidden_goal", "yes", "exact by construction")
    ]  # fmt: skip


def test_chats_are_read_line_by_line(put: Put) -> None:
    lines = [
        {"id": "c1", "model": "m", "tier": "free", "topic": "x", "messages": [
            {"role": "user", "content": "hi"}, {"role": "assistant", "reasoning_content": "hm", "content": "ho"}]},
        {"id": "c2", "model": "m", "messages": [{"role": "user", "content": "hi"}]},
    ]  # fmt: skip
    path = put("a.jsonl", "\r\n\n".join(map(json.dumps, lines)))
    first, second = plan_import([path], load_mapping(EXAMPLES / "chat-jsonl.yaml")).transcripts
    assert (first.reasoning, first.answer, first.condition.levels) == ("hm", "ho", {"tier": "free"})
    assert first.metadata["record"] == {"id": "c1", "model": "m", "tier": "free", "topic": "x"}
    assert (second.status, second.condition.levels) == ("incomplete", {})


def test_a_bad_line_is_named_with_its_number_and_column(put: Put) -> None:
    good = json.dumps({"id": "c", "model": "m", "messages": []})
    path = put("a.jsonl", f"{good}\n\n{good[:-1]},}}\n{good}\n")
    mapping = load_mapping(EXAMPLES / "chat-jsonl.yaml")
    with pytest.raises(ImportRefused, match="at column") as caught:
        plan_import([path], mapping)
    assert caught.value.where == "a.jsonl › record 3"
    assert [r.line for r in plan_import([path], mapping, skip_bad=True).rejects] == [3]


CSV = """
allegiance-mapping: 1
format: csv
messages: [{role: user, from: record.prompt}, {role: assistant, from: record.reply}]
"""


def test_csv_rows_are_records(put: Put) -> None:
    long = "x" * 200_000
    path = put("a.csv", f'prompt,reply\n"a, ""b""","two\nlines"\nc,{long}\n')
    result = plan_import([path], parse_mapping(CSV.encode(), "m"))
    assert [[m.text() for m in t.messages] for t in result.transcripts] == [['a, "b"', "two\nlines"], ["c", long]]
    assert len(set(result.names)) == 2


def test_a_ragged_csv_row_is_named_with_its_line(put: Put) -> None:
    with pytest.raises(ImportRefused, match="1 fields, the head has 2") as caught:
        plan_import([put("a.csv", "prompt,reply\na,b\nc\n")], parse_mapping(CSV.encode(), "m"))
    assert caught.value.where == "a.csv › record 3"


def test_records_may_lie_deeper_in_the_file(put: Put) -> None:
    mapping = CSV.replace("csv", "json\nrecords: data.items")
    path = put("a.json", {"data": {"items": [{"prompt": "a", "reply": "b"}]}})
    assert len(plan_import([path], parse_mapping(mapping.encode(), "m")).transcripts) == 1


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_fits_the_schema(path: Path) -> None:
    assert load_mapping(path).version == 1


def test_the_published_schema_is_that_of_the_code() -> None:
    assert SCHEMA_FILE.read_text("utf-8") == schema_json()


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ("request:", "reqeust:", "m.yaml:10:1", "Did you mean 'request'"),
        ("format: json", "format: xml", "m.yaml:3:1", "format"),
        ("{a: yes, b: no}", "{a: yes, b: nope}", "m.yaml:18:", "nope"),
        ("mapping: 1", "mapping: 2", "m.yaml:2:1", "1"),
        ("file.model", "fiel.model", "m.yaml:11:9", "Did you mean 'file'"),
        ("(?P<value>.*?)", "(.*?)", "m.yaml:10:1", "no group"),
        ("(?P<value>.*?)", "(?P<value>.*?)(?=x)", "m.yaml:10:1", "not an RE2 expression"),
        ('"{import_root}/', '"/etc/', "m.yaml:6:10", "starts with"),
        ("a: yes", "a: yes, a: no", "m.yaml:18:", "duplicate"),
        ("request: {", "request: {text: x, ", "m.yaml:10:1", "either from or text"),
        ("format: json", "format: &x json\ntitle: *x", "m.yaml", "aliases"),
        ("format: json", "format: !!python/name:os.system x", "m.yaml", "tags"),
        ("format: json", "format: [json", "m.yaml:", "not YAML"),
    ],
)
def test_a_mistake_in_a_mapping_is_shown_at_its_place(old: str, new: str, where: str, message: str) -> None:
    assert old in GAP
    with pytest.raises(MappingError) as caught:
        mapped(GAP.replace(old, new))
    assert caught.value.where.startswith(where)
    assert message in str(caught.value)


@given(st.binary(max_size=60))
def test_any_bytes_give_a_mapping_or_a_mapping_error(data: bytes) -> None:
    with pytest.raises(MappingError):
        parse_mapping(data, "m.yaml")


@pytest.mark.parametrize(
    ("glob", "name", "expected"),
    [
        ("{b}_{model}_{free:True|False}.json", "v_a_b_True.json", {"b": "v", "model": "a_b", "free": "True"}),
        ("{b}_{model}_{free:True|False}.json", "vllm_a_Maybe.json", None),
        ("*.eval", "deep/er/a.eval", {}),
        ("{lab}/*.eval", "x/a.eval", {"lab": "x"}),
        ("**/{n}.json", "a/b/c.json", {"n": "c"}),
        ("**/{n}.json", "a/b/c.json\n", None),
        ("a.json", "aXjson", None),
    ],
)  # fmt: skip
def test_globs_capture(glob: str, name: str, expected: dict[str, str] | None) -> None:
    assert capture(glob, name) == expected


@pytest.mark.parametrize("glob", ["{}", "{a}{a}", "{a", "a}", "{1}"])
def test_a_glob_that_captures_nothing_is_refused(glob: str) -> None:
    with pytest.raises(MappingError):
        capture(glob, "x")


@pytest.mark.parametrize(
    "text",
    [
        "{% include '/etc/passwd' %}",
        "{% for i in range(99999999) %}x{% endfor %}",
        "{{ ''.__class__.__mro__ }}",
        "{{ 'x' * 999999999 }}",
        "{{ company | upper }}",
        "{{ missing }}",
        "{% set x = 1 %}",
        "{{ company() }}",
        "{% if %}",
    ],
)
def test_a_template_that_does_more_than_insert_and_choose_is_refused(text: str) -> None:
    with pytest.raises(MappingError):
        render(text, {"company": "c"}, "t")


def test_a_template_inserts_and_chooses() -> None:
    assert (
        render("{% if tier == 'free' %}F{% else %}P{% endif %} {{ tier }}\n", {"tier": "free"}, "t") == "F free\n"
    )


def test_values_are_never_templates_themselves() -> None:
    assert render("{{ a }}", {"a": "{{ b }}"}, "t") == "{{ b }}"


def test_a_system_prompt_behind_a_link_is_refused(put: Put, tmp_path: Path) -> None:
    secret = put("secret.txt", "secret")
    path = put("care/vllm_Tiny-1_True.json", [RECORD])
    (path.parents[1] / "prompt.txt").symlink_to(secret)
    with pytest.raises(MappingError, match="symbolic link"):
        plan_import([path.parent], parse_mapping(GAP.encode(), "m"))


def test_a_missing_system_prompt_is_named(put: Put) -> None:
    path = put("care/vllm_Tiny-1_True.json", [RECORD])
    with pytest.raises(MappingError, match="no such system prompt file") as caught:
        plan_import([path.parent], parse_mapping(GAP.encode(), "m"))
    assert caught.value.where.endswith("in/prompt.txt")
