"""Faults: each says what, where and what next, and leaves the study byte for byte as it was."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from tests.cli.conftest import MAPPING, allegiance, chats, fingerprint, ok


@pytest.fixture
def mapping(tmp_path: Path) -> str:
    path = tmp_path / "mapping.yaml"
    path.write_text(MAPPING)
    return str(path)


def refused(study: Path, *words: str, status: int = 1) -> str:
    """Runs a verb that must fail without a trace; what it said."""
    before = fingerprint(study)
    done = allegiance(*words, "--study", str(study))
    assert done.returncode == status, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr
    assert fingerprint(study) == before
    return done.stderr


@pytest.mark.parametrize(("typo", "meant"), [("clam", "claim"), ("imprt", "import"), ("serach", "search")])
def test_a_misspelt_verb_names_the_nearest(study: Path, typo: str, meant: str) -> None:
    assert f"Did you mean '{meant}'?" in refused(study, typo, status=2)


def test_a_misspelt_verb_of_a_group_names_the_nearest(study: Path) -> None:
    assert "Did you mean 'fsck'?" in refused(study, "corpus", "fsk", status=2)


def test_a_misspelt_verb_writes_nothing_where_nothing_can_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    done = allegiance("initt", str(tmp_path / "x"), cwd=tmp_path)
    tmp_path.chmod(0o700)
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_a_misspelt_option_is_named(study: Path) -> None:
    assert "--skip-bda" in refused(study, "import", "x", "--skip-bda", status=2)


def test_a_missing_file_is_named(study: Path) -> None:
    said = refused(study, "import", "nowhere.eval")
    assert "where: nowhere.eval" in said


def test_an_empty_file_is_named(study: Path, tmp_path: Path, mapping: str) -> None:
    (tmp_path / "empty.jsonl").touch()
    assert "empty.jsonl" in refused(study, "import", str(tmp_path / "empty.jsonl"), "--mapping", mapping)


def test_a_directory_without_logs_is_named(study: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "notes.txt").write_text("nothing here")
    said = refused(study, "import", str(tmp_path / "none"))
    assert "no logs or transcripts" in said
    assert "next:" in said


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_log_is_called_truncated(study: Path, tmp_path: Path, share: float) -> None:
    whole = tmp_path / "whole.eval"
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("header.json", json.dumps({"version": 2, "status": "success"}) * 20)
        archive.writestr("samples/1_epoch_1.json", json.dumps({"id": 1}) * 50)
    data = whole.read_bytes()
    (tmp_path / "cut.eval").write_bytes(data[: int(len(data) * share)])
    said = refused(study, "import", str(tmp_path / "cut.eval"))
    assert "truncated" in said
    assert "next:" in said


def test_text_that_is_not_utf_8_names_the_line(study: Path, tmp_path: Path, mapping: str) -> None:
    good = json.dumps({"id": "a", "tier": "free", "k": 0, "model": "m", "messages": []}).encode()
    (tmp_path / "latin.jsonl").write_bytes(good + b'\n{"id": "caf\xe9"}\n')
    said = refused(study, "import", str(tmp_path / "latin.jsonl"), "--mapping", mapping)
    assert "line 2" in said


def test_a_label_off_the_menu_names_the_menu(study: Path) -> None:
    name = json.loads(ok("draw", "1", "--study", str(study), "--json"))["items"][0]
    said = refused(study, "label", name, "--question", "complies", "--value", "maybe", status=2)
    assert "yes, no, unsure, unrated" in said


def test_a_json_file_that_is_not_a_log_is_refused(study: Path, tmp_path: Path) -> None:
    (tmp_path / "not-a-log.json").write_text('{"hello": "world"}')
    said = refused(study, "import", str(tmp_path / "not-a-log.json"))
    assert "not-a-log.json" in said


def test_a_directory_that_is_no_study_is_left_alone(tmp_path: Path) -> None:
    said = refused(tmp_path, "corpus", "info")
    assert "there is no study here" in said
    assert "allegiance init" in said


def test_a_study_is_not_made_where_something_is(study: Path) -> None:
    before = fingerprint(study)
    done = allegiance("init", str(study))
    assert done.returncode == 1
    assert fingerprint(study) == before


def test_an_unknown_key_in_the_settings_is_named(study: Path) -> None:
    settings = study / "study.yaml"
    settings.write_text(settings.read_text() + "colour: red\n")
    assert "colour" in refused(study, "corpus", "info")


def test_a_misspelt_environment_variable_is_named(study: Path) -> None:
    done = allegiance("corpus", "info", ALLEGIANCE_STUDDY="x", ALLEGIANCE_STUDY=str(study))
    assert done.returncode == 2
    assert "Did you mean 'ALLEGIANCE_STUDY'?" in done.stderr


def test_a_filter_with_a_fault_shows_a_caret(study: Path) -> None:
    assert "^" in refused(study, "draw", "1", "--where", "tier==x", status=2)


def test_a_claim_without_labels_is_refused_with_a_status_of_its_own(study: Path) -> None:
    ok("draw", "3", "--study", str(study))
    ok("rate", "--question", "later", "--yes-pattern", "x", "--study", str(study))
    name = json.loads(ok("draw", "1", "--study", str(study), "--json"))["items"][0]
    ok(
        "label",
        name,
        "--question",
        "half",
        "--text",
        "Half?",
        "--value",
        "no",
        "--reader",
        "me",
        "--study",
        str(study),
    )
    said = refused(study, "claim", "rate", "--draw", "1", "--question", "half", status=3)
    assert "none of 3 labels is decided" in said


def test_an_error_comes_as_json_where_json_was_asked_for(study: Path) -> None:
    done = allegiance("import", "nowhere.eval", "--json", "--study", str(study))
    assert json.loads(done.stdout)["error"]["where"] == "nowhere.eval"


def test_calls_that_cost_money_are_not_made_without_a_yes(study: Path) -> None:
    said = refused(study, "run", "repair-desk", "--model", "openai/gpt-4o", status=2)
    assert "40 calls" in said
    assert "--yes" in said


def test_a_closed_pipe_is_no_error_message(study: Path) -> None:
    import subprocess
    import sys

    command = f'"{sys.executable}" -m allegiance scenario show repair-desk --json | head -c 10'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in done.stderr


def test_records_that_another_mapping_reads_otherwise_are_not_counted_twice(study: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(MAPPING + "run:\n  text: another\n")
    path = str(chats(tmp_path / "chats.jsonl"))
    said = refused(study, "import", path, "--mapping", str(other))
    assert "24 transcripts of these files are in the corpus already" in said
    again = json.loads(ok("import", path, "--mapping", str(other), "--again", "--study", str(study), "--json"))
    assert again["new"] == 24


def test_another_pattern_under_the_same_name_is_refused(study: Path) -> None:
    words = ("rate", "--question", "complies", "--text", "Does it say yes?", "--yes-pattern", "^No")
    assert "--rater" in refused(study, *words, status=2)


def test_another_question_under_the_same_name_is_refused(study: Path) -> None:
    name = json.loads(ok("draw", "1", "--study", str(study), "--json"))["items"][0]
    words = ("label", name, "--question", "complies", "--text", "Something else?", "--value", "no")
    assert "in other words" in refused(study, *words, status=2)


def test_a_level_that_nobody_has_names_the_nearest(study: Path) -> None:
    assert "Did you mean 'free'?" in refused(study, "claim", "gap", "--levels", "paid,fre", status=2)


def test_a_damaged_database_is_named_and_not_a_traceback(study: Path) -> None:
    path = study / "study.sqlite"
    data = bytearray(path.read_bytes())
    data[20_000:23_000] = b"\xff" * 3_000
    path.write_bytes(bytes(data))
    said = refused(study, "corpus", "fsck")
    assert "study.sqlite" in said


def test_a_damaged_segment_is_named_and_not_a_traceback(study: Path) -> None:
    segment = next((study / "corpus" / "segments").glob("*.parquet"))
    data = bytearray(segment.read_bytes())
    data[4 : len(data) // 2] = b"\xff" * (len(data) // 2 - 4)
    segment.write_bytes(bytes(data))
    for words in (("corpus", "export", str(study.parent / "out.jsonl")), ("claim", "gap")):
        assert "next:" in refused(study, *words)
