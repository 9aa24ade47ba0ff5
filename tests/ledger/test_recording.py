"""The verbs of the log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.ledger.conftest import tamper

from allegiance.cli.main import cli
from allegiance.errors import InputError, StudyError, UnknownName, UsageError, VerificationFailed
from allegiance.ledger.proofs import parse_proof
from allegiance.study import Study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A study with five entries in its log."""
    made = Study.init(tmp_path / "study", "A study")
    for k in range(4):
        made.keep.log.append("reading", {"reading": k})
    return made


def run(study: Study, *words: str) -> Result:
    return CliRunner().invoke(cli, ["log", *words, "--study", str(study.folder)])


def said(study: Study, *words: str) -> str:
    done = run(study, *words)
    assert done.exit_code == 0, done.exception
    return done.stdout


def told(study: Study, *words: str) -> dict[str, object]:
    return json.loads(said(study, *words, "--json"))


def test_show_lists_the_entries_in_order(study: Study) -> None:
    assert [row["seq"] for row in json.loads(said(study, "show", "--json"))] == [0, 1, 2, 3, 4]
    assert len(said(study, "show").splitlines()) == 7


def test_show_takes_a_kind_and_a_start(study: Study) -> None:
    rows = json.loads(said(study, "show", "--since", "3", "--kind", "reading", "--json"))
    assert [row["body"] for row in rows] == [{"reading": 2}, {"reading": 3}]


def test_show_names_the_nearest_kind(study: Study) -> None:
    done = run(study, "show", "--kind", "readings")
    assert isinstance(done.exception, UnknownName)
    assert "'reading'" in done.exception.next


def test_a_checkpoint_is_printed_as_it_is_to_be_published(study: Study) -> None:
    assert said(study, "checkpoint") == study.keep.log.checkpoint().note(study.origin)


def test_an_anchor_that_is_checked_later_is_continued(study: Study, tmp_path: Path) -> None:
    file = str(tmp_path / "a.checkpoint")
    assert told(study, "anchor", file)["size"] == 5
    found = told(study, "check", file)
    assert (found["state"], found["grade"]) == ("begins", "anchored")
    assert "the first 5 of 6 entries" in said(study, "check", file)


def test_a_fork_fails_the_check_and_names_the_entry(study: Study, tmp_path: Path) -> None:
    file = str(tmp_path / "a.checkpoint")
    said(study, "anchor", file)
    tamper(study.folder / "study.sqlite", "UPDATE events SET entry = CAST(entry || ' ' AS BLOB) WHERE seq = 2")
    done = run(study, "check", file)
    assert isinstance(done.exception, VerificationFailed)
    assert "forked" in done.exception.what
    assert "log entry 2 was rewritten" in done.stderr


def test_a_proof_that_is_printed_checks(study: Study, tmp_path: Path) -> None:
    proof = tmp_path / "p.tlog-proof"
    proof.write_text(said(study, "prove", "2"), encoding="utf-8")
    assert parse_proof(proof.read_bytes()).seq == 2
    assert told(study, "check", str(proof))["state"] == "same"


def test_a_proof_of_another_entry_fails_the_check(study: Study, tmp_path: Path) -> None:
    proof = tmp_path / "p.tlog-proof"
    proof.write_text(said(study, "prove", "2").replace("index 2", "index 3"), encoding="utf-8")
    assert isinstance(run(study, "check", str(proof)).exception, VerificationFailed)


def test_a_proof_can_be_given_in_a_checkpoint_that_was_published(study: Study, tmp_path: Path) -> None:
    file = tmp_path / "a.checkpoint"
    said(study, "anchor", str(file))
    proof = parse_proof(said(study, "prove", "1", "--against", str(file)).encode())
    assert proof.note == file.read_text("utf-8")


def test_an_entry_after_the_published_checkpoint_is_not_proved_in_it(study: Study, tmp_path: Path) -> None:
    file = tmp_path / "a.checkpoint"
    said(study, "anchor", str(file))
    assert isinstance(run(study, "prove", "5", "--against", str(file)).exception, UsageError)


@pytest.mark.usefixtures("signs")
def test_a_key_is_made_once_and_signs_from_then_on(study: Study, tmp_path: Path) -> None:
    key = said(study, "key").strip()
    assert told(study, "checkpoint")["signers"] == [key]
    assert isinstance(run(study, "key").exception, StudyError)
    said(study, "anchor", str(tmp_path / "a"))
    assert told(study, "check", str(tmp_path / "a"), "--key", key)["signers"] == [key]


@pytest.mark.usefixtures("signs")
def test_where_a_key_is_asked_for_a_checkpoint_without_signature_fails(study: Study, tmp_path: Path) -> None:
    file = tmp_path / "a.checkpoint"
    said(study, "anchor", str(file))
    key = said(study, "key").strip()
    done = run(study, "check", str(file), "--key", key)
    assert isinstance(done.exception, VerificationFailed)
    assert "not signed" in done.exception.what


@pytest.mark.usefixtures("signs")
def test_the_private_key_is_in_no_other_file_and_in_nothing_printed(study: Study, tmp_path: Path) -> None:
    printed = said(study, "key") + said(study, "key", "--help")
    printed += (
        said(study, "anchor", str(tmp_path / "a")) + said(study, "prove", "0") + said(study, "show", "--json")
    )
    secret = (study.folder / "log.key").read_text("utf-8").strip().rsplit("+", 1)[1]
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "log.key"]
    assert len(files) > 4
    assert secret not in printed
    assert [path for path in files if secret.encode() in path.read_bytes()] == []


def test_what_is_neither_checkpoint_nor_proof_is_refused(study: Study) -> None:
    assert isinstance(run(study, "check", str(study.folder / "study.yaml")).exception, InputError)


def test_what_is_no_key_is_refused(study: Study, tmp_path: Path) -> None:
    said(study, "anchor", str(tmp_path / "a"))
    assert isinstance(run(study, "check", str(tmp_path / "a"), "--key", "nowhere").exception, UsageError)
