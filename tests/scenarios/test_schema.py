"""The JSON Schema for editors: current, and of one mind with the checks wherever it can tell."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator

from allegiance.errors import ScenarioError
from allegiance.records.scenario import FORMAT, Scenario
from allegiance.scenarios import check, library, source
from allegiance.scenarios.documents import KEYS
from allegiance.scenarios.nodes import read
from allegiance.scenarios.parts import from_text, of_library
from allegiance.scenarios.schema import SCHEMA_FILE, schema, schema_json

BAD = sorted((Path(__file__).parents[1] / "vectors" / "scenarios" / "bad").glob("*.yaml"))
VALIDATOR = Draft202012Validator(schema())


def refused(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(read(text, "x").value)]


def test_the_copy_in_the_package_is_what_the_records_say() -> None:
    why = "write it anew: allegiance scenario schema > src/allegiance/scenarios/schema.json"
    assert SCHEMA_FILE.read_text("utf-8") == schema_json(), why


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


def test_every_key_of_a_scenario_and_of_a_document_is_in_it_and_described() -> None:
    properties = schema()["properties"]
    assert isinstance(properties, dict)
    assert set(properties) == {*Scenario.__struct_encode_fields__, *KEYS}
    assert [key for key, about in properties.items() if not about.get("description")] == []


def test_every_key_of_every_record_is_described() -> None:
    defs = schema()["$defs"]
    assert isinstance(defs, dict)
    bare = [f"{name}.{key}" for name, part in defs.items() if "properties" in part
            for key, about in part["properties"].items() if not about.get("description")]  # fmt: skip
    assert bare == ["Choice.word", "Choice.serves", "Persona.name", "Persona.text"]


@pytest.mark.parametrize("name", library())
def test_a_scenario_of_the_library_agrees_with_it(name: str) -> None:
    assert refused(source(name)[1]) == []


SEEN = {
    "key-misspelt", "no-where-a-number-is-wanted", "no-where-a-truth-value-is-wanted", "requests-from-unknown",
    "value-misspelt", "wrong-types", "yaml-bomb", "yaml-twice",
}  # fmt: skip
"""Bad files in which an editor sees something wrong; the others need names, times or other files."""


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_of_a_bad_file_it_says_what_a_schema_can_tell(file: Path) -> None:
    try:
        complaints = refused(file.read_text("utf-8"))
    except ScenarioError:
        return assert_is_no_yaml(file)
    assert bool(complaints) == (file.stem in SEEN), complaints


def assert_is_no_yaml(file: Path) -> None:
    assert file.stem.startswith("yaml-")


@pytest.mark.parametrize(
    "text",
    [
        "extends: repair-desk\npersona: {use: honest}\n",
        "extends: repair-desk\ngrid: {monitoring: [0, 0.5, 1], cap: [none, 50]}\n",
        "extends: repair-desk\nstory:\n  - use: objective\n  - {name: training, level: cut}\n",
        "extends: repair-desk\nfactors: {a: {asks: Why?}}\nconsequence: {risk: none}\nmonitoring: null\n",
        "extends: repair-desk\nrequests_from:\n  - {file: a.csv, limit: 3, format: csv}\n",
    ],
)
def test_a_variation_agrees_with_it(text: str) -> None:
    assert refused(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "title: A world\n",
        f"format: {FORMAT[:-1]}9\nextends: repair-desk\n",
        "extends: repair-desk\nstory: [{text: Without a name.}]\n",
        "extends: repair-desk\nrequests: [{use: a-part}]\n",
        "extends: repair-desk\nrequests_from: [{format: csv}]\n",
        "extends: [repair-desk]\n",
    ],
)
def test_what_cannot_be_right_in_any_file_is_refused(text: str) -> None:
    assert refused(text) != []


def test_it_is_json_with_the_characters_as_they_are() -> None:
    assert json.loads(schema_json()) == schema()
    assert "\\u" not in schema_json()


PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "scenario.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)


def files(folder: Path) -> None:
    """The files that the page names."""
    row = {"number": 1, "question": "Which?", "first": "This.", "second": "That.", "meta": {"foundation": "care"}}
    (folder / "dilemmas.json").write_text(json.dumps({"data": [row]}), "utf-8")
    (folder / "benign.txt").write_text("Good morning.\nHow are you?\n\nGood night.\n", "utf-8")
    (folder / "a-data-set").mkdir()
    words = ["REPAIR", "REPLACE"]
    table = pa.Table.from_pylist([{"prompt": f"Question {n}?", "words": words} for n in range(4)])
    pq.write_table(table, folder / "a-data-set" / "train-00000-of-00001.parquet")
    (folder / "prompt.txt").write_text("You serve {{ company }}.", "utf-8")


@pytest.mark.parametrize("text", BLOCKS, ids=[block.split("\n")[0] for block in BLOCKS])
def test_an_example_of_the_page_is_a_world(text: str, tmp_path: Path) -> None:
    files(tmp_path)
    whole = text.startswith(("format:", "extends:"))
    made = text if whole else f"extends: repair-desk\nname: my-desk\n{text}"
    if text.startswith("format: allegiance-parts"):
        assert ("personas", "terse") in from_text(text, "x")
    else:
        assert [str(error) for error in check(made, "x.yaml", tmp_path)] == []
        assert refused(made) == []


def test_the_page_has_every_key_with_an_example() -> None:
    defs = schema()["$defs"]
    assert isinstance(defs, dict)
    keys = {*Scenario.__struct_encode_fields__, *KEYS} | {
        key for d in defs.values() for key in d.get("properties", ())
    }
    written = set(re.findall(r"([a-z_]+):", "\n".join(BLOCKS) + PAGE))
    assert keys - written == set()


def test_the_page_names_every_part_of_the_library() -> None:
    assert [f"{kind}.{name}" for kind, name in of_library() if f"`{name}`" not in PAGE] == []
