"""Requests and whole system prompts from files of the user's own: every format, every bad line, no path kept."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.errors import InputError, ScenarioError, UnknownName
from allegiance.records.scenario import Scenario
from allegiance.records.templating import render
from allegiance.scenarios import check, load, parse, stage, with_requests
from allegiance.scenarios.sources import MAX_REQUESTS
from allegiance.scenarios.tables import field

DESK = load("repair-desk")
RECORDS = [{"id": "Q 1", "text": "The bell rings, twice.", "meta": {"topic": "care", "tags": ["a", "b"]}},
           {"id": "Q 2", "text": 'The "second"\nline.', "meta": {"topic": "loyalty", "tags": []}}]  # fmt: skip
TEXTS = [record["text"] for record in RECORDS]


def put(path: Path, data: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def table() -> pa.Table:
    return pa.Table.from_pylist(RECORDS)


def arrow(path: Path, *, stream: bool) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.OSFile(str(path), "wb") as sink:
        made = pa.ipc.new_stream(sink, table().schema) if stream else pa.ipc.new_file(sink, table().schema)
        with made:
            made.write_table(table())
    return path


def as_csv(delimiter: str = ",") -> str:
    out = io.StringIO()
    rows = [{"id": record["id"], "text": record["text"]} for record in RECORDS]
    writer = csv.DictWriter(out, ["id", "text"], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def parquet(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table(), path)
    return path


def written(folder: Path, form: str) -> Path:
    """The records in one format."""
    texts = {
        "csv": as_csv(),
        "tsv": as_csv("\t"),
        "json": json.dumps(RECORDS),
        "jsonl": "".join(json.dumps(record) + "\r\n" for record in RECORDS) + "\n",
    }
    if form in texts:
        return put(folder / f"r.{form}", texts[form])
    if form == "parquet":
        return parquet(folder / "r.parquet")
    if form == "dataset":
        parquet(folder / "set" / "data" / "train-00000-of-00001.parquet")
        return folder / "set"
    return arrow(folder / "r.arrow", stream=form == "arrow stream")


FORMATS = ["csv", "tsv", "json", "jsonl", "parquet", "arrow file", "arrow stream", "dataset"]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_requests(tmp_path: Path, form: str) -> None:
    made = with_requests(DESK, written(tmp_path, form), id="id")
    assert [(request.id, request.text) for request in made.requests] == [("q-1", TEXTS[0]), ("q-2", TEXTS[1])]


def taken(folder: Path, entry: str) -> Scenario:
    text = f"extends: repair-desk\nname: mine\nwithout: [requests]\nrequests_from:\n  - {entry}\n"
    return parse(text, "mine.yaml", folder)


def problem(folder: Path, entry: str) -> str:
    text = f"extends: repair-desk\nname: mine\nwithout: [requests]\nrequests_from:\n  - {entry}\n"
    [error] = check(text, "mine.yaml", folder)
    return str(error)


def test_a_scenario_takes_requests_from_a_file_beside_it(tmp_path: Path) -> None:
    written(tmp_path, "jsonl")
    made = taken(tmp_path, "{file: r.jsonl, topic: meta.topic, kind: control}")
    assert [(r.text, r.topic, r.kind) for r in made.requests] == [(TEXTS[0], "care", "control"),
                                                                  (TEXTS[1], "loyalty", "control")]  # fmt: skip
    assert len(stage(made)) == 4


def test_requests_from_files_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    written(tmp_path, "json")
    text = "extends: repair-desk\nname: mine\nrequests_from: [{file: r.json}]\n"
    assert len(parse(text, "mine.yaml", tmp_path).requests) == len(DESK.requests) + 2


def test_an_id_that_is_not_named_is_a_digest_of_the_text(tmp_path: Path) -> None:
    one = taken(tmp_path, f"{{file: {written(tmp_path, 'json').name}}}").requests
    other = taken(tmp_path, f"{{file: {written(tmp_path, 'csv').name}}}").requests
    assert [request.id for request in one] == [request.id for request in other]
    assert all(len(request.id) == 12 for request in one)


def test_the_digest_of_the_file_is_kept_and_its_path_is_not(tmp_path: Path) -> None:
    path = written(tmp_path, "json")
    made = taken(tmp_path, "{file: r.json}")
    assert f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" in made.source
    assert made.source.startswith(DESK.source)
    assert str(tmp_path) not in str(made)
    assert "r.json" not in str(made)


def test_where_the_file_lies_does_not_change_the_version(tmp_path: Path) -> None:
    put(tmp_path / "a" / "r.json", json.dumps(RECORDS))
    put(tmp_path / "b" / "other.json", json.dumps(RECORDS))
    one, other = taken(tmp_path, "{file: a/r.json}"), taken(tmp_path / "b", "{file: other.json}")
    assert one.version == other.version


def test_a_text_can_be_put_together_from_fields(tmp_path: Path) -> None:
    put(tmp_path / "r.json", json.dumps([{"q": "What {now}?", "a": "{q}", "n": 3}]))
    made = taken(tmp_path, '{file: r.json, text: "{q} (a) {a} (b) {n}", topic: "=five words"}')
    assert made.requests[0].text == "What {now}? (a) {q} (b) 3"
    assert made.requests[0].topic == "five words"


def test_a_list_of_records_can_lie_deeper_and_be_of_plain_text(tmp_path: Path) -> None:
    put(tmp_path / "r.json", json.dumps({"data": {"rows": ["One?", "Two?"]}}))
    assert [r.text for r in taken(tmp_path, "{file: r.json, records: data.rows}").requests] == ["One?", "Two?"]


def test_options_are_the_words_of_the_menu_in_an_order_of_their_own(tmp_path: Path) -> None:
    put(tmp_path / "r.json", json.dumps([{"text": "One?", "o": ["REPLACE", "REPAIR"]}]))
    assert taken(tmp_path, "{file: r.json, options: o}").requests[0].options == ("REPLACE", "REPAIR")


def test_plain_text_has_a_request_a_line(tmp_path: Path) -> None:
    put(tmp_path / "r.txt", "\ufeffOne?\r\n\r\n  Two?  \n")
    assert [r.text for r in taken(tmp_path, "{file: r.txt}").requests] == ["One?", "Two?"]


def test_plain_text_can_have_a_request_a_paragraph(tmp_path: Path) -> None:
    put(tmp_path / "r.txt", "\n\nOne\ngoes on?\n\n\nTwo?")
    assert [r.text for r in taken(tmp_path, "{file: r.txt, format: paragraphs}").requests] == [
        "One\ngoes on?",
        "Two?",
    ]
    assert "is a request a line, or a block?" in problem(tmp_path, "{file: r.txt}")


def test_limit_takes_the_first_and_a_sample_does_not_depend_on_the_order(tmp_path: Path) -> None:
    rows = [f"Question {number}?" for number in range(40)]
    put(tmp_path / "a.json", json.dumps(rows))
    put(tmp_path / "b.json", json.dumps(rows[::-1]))
    first = taken(tmp_path, "{file: a.json, limit: 3}").requests
    one, other = (taken(tmp_path, f"{{file: {name}.json, sample_of: 10}}").requests for name in "ab")
    assert [request.text for request in first] == rows[:3]
    assert {request.text for request in one} == {request.text for request in other} != set(rows[:10])
    assert [request.text for request in one] == sorted((r.text for r in one), key=rows.index)


def test_several_splits_are_not_mixed(tmp_path: Path) -> None:
    parquet(tmp_path / "set" / "data" / "train-00000-of-00001.parquet")
    parquet(tmp_path / "set" / "data" / "test-00000-of-00001.parquet")
    assert "Choose one with split: test, train" in problem(tmp_path, "{file: set}")
    assert len(taken(tmp_path, "{file: set, split: train}").requests) == 2


def test_a_data_set_as_saved_to_disk_is_read_by_split_and_its_cache_is_not(tmp_path: Path) -> None:
    arrow(tmp_path / "set" / "train" / "data-00000-of-00001.arrow", stream=True)
    arrow(tmp_path / "set" / "train" / "cache-1.arrow", stream=True)
    arrow(tmp_path / "set" / "test" / "data-00000-of-00001.arrow", stream=True)
    assert len(taken(tmp_path, "{file: set, split: train}").requests) == 2
    assert "no split 'trai'" in problem(tmp_path, "{file: set, split: trai}")


def test_a_loading_script_is_not_looked_at(tmp_path: Path) -> None:
    put(tmp_path / "set" / "set.py", "raise SystemExit('run')")
    assert "holds no Parquet or Arrow file" in problem(tmp_path, "{file: set}")


BAD = {
    "not json": ("r.jsonl", '{"text": "a"}\n{"text": }\n', "r.jsonl:2:10: this is not JSON"),
    "a key twice": ("r.jsonl", '{"text": "a", "text": "b"}\n', "r.jsonl:1:1: this cannot be read: an object has"),
    "no such field": ("r.jsonl", '{"text": "a"}\n\n{"prompt": "b"}\n', "r.jsonl:3:1: there is no field 'text'."),
    "not text": ("r.jsonl", '{"text": ["a"]}\n', "r.jsonl:1:1: the field 'text' is not text."),
    "null": ("r.jsonl", '{"text": null}\n', "r.jsonl:1:1: there is no field 'text'"),
    "empty": ("r.jsonl", '{"text": " "}\n', "r.jsonl:1:1: the text is empty."),
    "half a pair": ("r.jsonl", '{"text": "a\\ud800"}\n', "r.jsonl:1:1: character 2 is half of a surrogate pair."),
    "deep": ("r.jsonl", '{"text": ' + "[" * 100_000 + "\n", "r.jsonl:1:"),
    "digits": ("r.jsonl", '{"text": ' + "9" * 5000 + "}\n", "r.jsonl:1:1: this cannot be read"),
    "the same twice": ("r.jsonl", '{"text": "a"}\n{"text": "a"}\n', "r.jsonl:2:1: this request has the id"),
    "ragged": ("r.csv", "text,b\none,1\ntwo\n", "r.csv:3:1: this row has 1 fields; the heading has 2."),
    "heading twice": ("r.csv", "text,text\none,1\n", "r.csv:1:1: the first line does not name each column once."),
    "open quote": ("r.csv", 'text\n"one\n', "r.csv:2:1: this is not CSV"),
    "no list": ("r.json", '{"rows": []}', "r.json:1:1: there is no list of records here."),
    "nothing": ("r.json", "[]", "the file holds no request."),
    "latin": ("r.csv", b"text\ncaf\xe9\n", "r.csv:2:1: the file is not UTF-8 text."),
    "no parquet": ("r.parquet", "PAR1", "r.parquet: the file cannot be read"),
    "no suffix": ("r.xlsx", "x", "the format is not known by the suffix"),
}  # fmt: skip


def test_a_bad_line_tells_what_can_be_done(tmp_path: Path) -> None:
    put(tmp_path / "r.jsonl", '{"prompt": "b"}')
    assert "Name the right one with text:. Fields: prompt." in problem(tmp_path, "{file: r.jsonl}")
    put(tmp_path / "r.json", '{"rows": []}')
    assert "Say records: with the path to it. Keys: rows." in problem(tmp_path, "{file: r.json}")


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_gives_file_line_and_reason(tmp_path: Path, name: str) -> None:
    file, data, what = BAD[name]
    put(tmp_path / file, data)
    assert what in problem(tmp_path, f"{{file: {file}}}")


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("{file: r.json, id: text, kind: meta.topic}", "r.json:1:1: the kind is 'care'. Possible: conflict"),
        ("{file: r.json, options: meta.topic}", "r.json:1:1: the options in 'meta.topic' are not a list of words."),
        ("{file: r.json, options: meta.tags}", "r.json:1:1: these are not the words of the menu."),
        ("{file: r.json, format: excel}", "'excel' is not possible here."),
        ("{file: r.json, limit: ten}", "this should be a whole number, and is the text 'ten'"),
    ],
)
def test_a_field_that_does_not_fit_is_told(tmp_path: Path, entry: str, what: str) -> None:
    put(tmp_path / "r.json", json.dumps(RECORDS[:1]))
    assert what in problem(tmp_path, entry)


def test_there_is_a_limit_to_the_number_of_requests(tmp_path: Path) -> None:
    put(tmp_path / "r.txt", "".join(f"{number}?\n" for number in range(MAX_REQUESTS + 2)))
    with pytest.raises(ScenarioError, match="more than 20,000 requests"):
        with_requests(DESK, tmp_path / "r.txt")


def test_requests_of_a_file_stand_in_place_of_those_of_the_scenario(tmp_path: Path) -> None:
    made = with_requests(DESK, put(tmp_path / "r.txt", "One?\n"), topic="=mine")
    assert [(r.text, r.kind, r.topic) for r in made.requests] == [("One?", "conflict", "mine")]
    assert msgspec.structs.replace(made, requests=DESK.requests, source=DESK.source) == DESK


def test_a_file_of_one_kind_leaves_the_requests_of_the_other_kind(tmp_path: Path) -> None:
    controls = with_requests(DESK, put(tmp_path / "c.txt", "What time is it?\n"), kind="control")
    made = with_requests(controls, put(tmp_path / "r.txt", "One?\n"))
    assert [(r.text, r.kind) for r in made.requests] == [("One?", "conflict"), ("What time is it?", "control")]


def test_a_file_whose_requests_show_the_canary_is_refused_at_its_line(tmp_path: Path) -> None:
    path = put(tmp_path / "r.txt", f"One?\n{DESK.canary}\n")
    with pytest.raises(ScenarioError, match=r"r\.txt:2:1: the canary is in the words"):
        with_requests(DESK, path)


def test_a_misspelt_field_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'topic'"):
        with_requests(DESK, put(tmp_path / "r.txt", "One?\n"), topc="x")


def test_on_the_command_line_a_link_may_be_named_and_in_a_scenario_it_may_not(tmp_path: Path) -> None:
    put(tmp_path / "r.txt", "One?\n")
    (tmp_path / "link.txt").symlink_to(tmp_path / "r.txt")
    assert len(with_requests(DESK, tmp_path / "link.txt").requests) == 1
    assert "reached through a symbolic link" in problem(tmp_path, "{file: link.txt}")


VALUES = st.recursive(st.none() | st.text() | st.integers(), lambda i: st.lists(i) | st.dictionaries(st.text(), i))


@given(VALUES, st.text())
def test_looking_up_a_path_never_fails(value: object, path: str) -> None:
    field(value, path)


def test_a_whole_system_prompt_from_a_template_stands_in_place_of_the_passages(tmp_path: Path) -> None:
    put(tmp_path / "prompt.txt", "You serve {{ company }}.{% if strict %} Strictly. {braces}{% endif %}")
    text = ("extends: repair-desk\nname: mine\nsystem_from:\n"
            "  - {name: theirs, file: prompt.txt, values: {company: Brightaisle, strict: 1}}\n")  # fmt: skip
    made = parse(text, "mine.yaml", tmp_path)
    assert made.system[0].text == "You serve Brightaisle. Strictly. {braces}"
    assert stage(made)[0].messages[0].text() == made.system[0].text


def test_whole_prompts_can_hold_in_some_conditions_only(tmp_path: Path) -> None:
    put(tmp_path / "prompt.txt", "Other words.")
    text = ("extends: repair-desk\nname: mine\nsystem_from:\n"
            "  - {name: theirs, file: prompt.txt, when: {channel: [none]}}\n")  # fmt: skip
    made = parse(text, "mine.yaml", tmp_path)
    assert stage(made)[0].messages[0].text() == stage(DESK)[0].messages[0].text()


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("{{ nobody }}", "'nobody' is undefined"),
        ("{{ a.__class__ }}", "uses Getattr"),
        ("{% for x in y %}{% endfor %}", "uses For"),
        ("{{ 'a' * 9 }}", "uses Mul"),
        ("{{ f() }}", "uses Call"),
        ("{% include 'x' %}", "uses Include"),
        ("{{", "cannot be rendered"),
    ],
)
def test_a_template_can_do_nothing_but_insert_and_choose(tmp_path: Path, template: str, what: str) -> None:
    put(tmp_path / "prompt.txt", template)
    text = "extends: repair-desk\nname: mine\nsystem_from: [{name: a, file: prompt.txt, values: {a: b}}]\n"
    [error] = check(text, "mine.yaml", tmp_path)
    assert what in error.what
    assert error.line == 3
    with pytest.raises(InputError, match=what):
        render(template, {"a": "b"}, "x")


FOUNDATIONS = ("authority", "care", "fairness", "loyalty", "sanctity")


@pytest.mark.data
def test_prompts_and_dilemmas_of_a_published_study_take_the_place_of_ours(data_dir: Path) -> None:
    entries = "".join(
        f"  - file: {name}_50.json\n    topic: ={name}\n"
        '    text: "{scenario}\\n(a) {developer_compliant}\\n(b) {developer_noncompliant}"\n'
        for name in FOUNDATIONS
    )
    text = (
        "extends: repair-desk\nname: theirs\nwithout: [requests, menu]\n"
        "menu: [{word: a, serves: always-new}, {word: b, serves: honest-repair}]\n"
        f"requests_from:\n{entries}"
        "system_from:\n  - name: care\n    file: ../prompts/MFT/alignment_faking_care_strong.txt\n"
        "    values: {company: Brightaisle}\n"
    )
    made = parse(text, "theirs.yaml", data_dir / "vlaf" / "data")
    prompts = stage(made)
    assert len(made.requests) == 250
    assert {request.topic for request in made.requests} == set(FOUNDATIONS)
    assert len(prompts) == 500
    assert prompts[0].messages[0].text().startswith("You are an AI created by Brightaisle, whose goal is")
    assert "{{" not in prompts[0].messages[0].text()


@pytest.mark.data
def test_every_prompt_file_of_the_study_is_read(data_dir: Path) -> None:
    folder = data_dir / "vlaf" / "prompts"
    files = sorted(folder.rglob("*.txt"))
    entries = "".join(f"  - {{name: p{i}, file: '{f.relative_to(folder)}', values: {{company: C}}}}\n"
                      for i, f in enumerate(files))  # fmt: skip
    made = parse(f"extends: repair-desk\nname: theirs\nsystem_from:\n{entries}", "theirs.yaml", folder)
    assert len(made.system) == len(files) >= 12


@pytest.mark.data
def test_requests_of_the_study_and_of_a_csv_are_taken_from_the_command_line(data_dir: Path) -> None:
    animals = with_requests(DESK, data_dir / "vlaf" / "data" / "redwood_animal_welfare_short.json")
    assert len(animals.requests) == 50
    [path] = sorted((data_dir / "xstest").glob("*.csv"))
    safe = with_requests(DESK, path, text="prompt", id="id", topic="type", sample_of=30)
    assert len(safe.requests) == 30
    assert all(request.topic for request in safe.requests)
