"""Importing and exporting on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import allegiance, ok
from tests.corpus.shapes import ASKED, jsonl

RECORDS = [{"messages": [*ASKED, {"role": "assistant", "content": word}], "id": word} for word in ("Yes.", "No.")]


@pytest.fixture
def records(tmp_path: Path) -> Path:
    (tmp_path / "a.jsonl").write_text(jsonl(RECORDS), "utf-8")
    return tmp_path / "a.jsonl"


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with two transcripts and a label on each."""
    folder = tmp_path_factory.mktemp("rated")
    (folder / "a.jsonl").write_text(jsonl(RECORDS), "utf-8")
    ok("init", str(folder / "study"))
    ok("import", str(folder / "a.jsonl"), "--study", str(folder / "study"))
    ok("rate", "--question", "agrees", "--yes-pattern", "Yes", "--study", str(folder / "study"))
    return folder / "study"


def test_explain_stores_nothing_and_needs_no_study(records: Path, tmp_path: Path) -> None:
    told = ok("import", "--explain", str(records))
    assert "openai-chat" in told
    assert "messages[user].content" in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl"]


def test_explain_prints_json_with_a_field_each(records: Path) -> None:
    [found] = json.loads(ok("import", "--explain", str(records), "--json"))
    assert {"field": "id", "becomes": "kept as metadata", "example": "Yes."} in found["fields"]


def test_rejects_are_written_with_place_reason_and_record(records: Path, rated: Path, tmp_path: Path) -> None:
    records.write_text(jsonl(RECORDS) + '{"x": 1}\n{oh\n', "utf-8")
    target = tmp_path / "r.jsonl"
    told = json.loads(ok("import", str(records), "--rejects", str(target), "--study", str(rated), "--json"))
    lines = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert (told["kept"], told["rejected"]) == (2, 2)
    assert [(one["file"], one["line"], one["record"]) for one in lines] == [
        ("a.jsonl", 3, '{"x": 1}'), ("a.jsonl", 4, "{oh"),
    ]  # fmt: skip
    assert all(one["reason"].endswith(".") for one in lines)


def test_a_rejects_file_that_exists_stops_the_import_before_it_begins(records: Path, rated: Path) -> None:
    done = allegiance("import", str(records), "--rejects", str(records), "--study", str(rated))
    assert done.returncode == 2
    assert "exists already" in done.stderr
    assert records.read_text("utf-8") == jsonl(RECORDS)


def test_an_export_with_labels_gives_the_same_study_again(rated: Path, tmp_path: Path) -> None:
    where = "agrees@pattern/agrees=yes|no"
    ok("corpus", "export", str(tmp_path / "out.jsonl"), "--labels", "--where", where, "--study", str(rated))
    ok("init", str(tmp_path / "other"))
    told = json.loads(ok("import", str(tmp_path / "out.jsonl"), "--study", str(tmp_path / "other"), "--json"))
    assert (told["new"], told["labels"]) == (2, 2)


def test_only_what_passes_the_filter_is_exported(rated: Path, tmp_path: Path) -> None:
    target, where = str(tmp_path / "pages"), "agrees@pattern/agrees=yes"
    told = ok("corpus", "export", target, "--format", "pages", "--where", where, "--study", str(rated), "--json")
    assert json.loads(told)["transcripts"] == 1
    assert len(list((tmp_path / "pages" / "t").iterdir())) == 1


def test_a_filter_that_nothing_passes_writes_nothing(rated: Path, tmp_path: Path) -> None:
    done = allegiance("corpus", "export", str(tmp_path / "o"), "--where", "status=error", "--study", str(rated))
    assert (done.returncode, (tmp_path / "o").exists()) == (2, False)
