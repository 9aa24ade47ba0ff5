"""Anchors: what a published checkpoint shows of a log, and what a key will not sign."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.ledger.conftest import tamper

from allegiance.errors import InputError, StudyError, VerificationFailed
from allegiance.ledger import merkle
from allegiance.ledger.anchors import DOES_NOT_SHOW, anchor, compare, require_continued
from allegiance.ledger.checkpoints import Checkpoint
from allegiance.ledger.database import Database
from allegiance.ledger.log import Log, append
from allegiance.ledger.sealing import Seal, read_published

ORIGIN = "allegiance/study/x"


@pytest.fixture
def seal(tmp_path: Path) -> Seal:
    return Seal(tmp_path, ORIGIN)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "published"
    folder.mkdir()
    return folder / "x.checkpoint"


def more(log: Log) -> None:
    log.append("reading", {"reading": 99})


def test_an_anchor_is_the_checkpoint_and_an_entry_that_tells_of_it(log: Log, seal: Seal, file: Path) -> None:
    point = log.checkpoint()
    made = anchor(log, file, seal)
    assert file.read_text("utf-8") == point.note(ORIGIN)
    assert (made.seq, made.body["size"], made.body["root"], made.body["signed"]) == (8, 8, point.root, False)


def test_a_log_that_goes_on_continues_its_anchor_with_a_proof_that_holds(log: Log, seal: Seal, file: Path) -> None:
    anchor(log, file, seal)
    more(log)
    published = read_published(file.read_bytes(), ORIGIN, ()).checkpoint
    found = compare(log.leaves(), published)
    assert (found.state, found.grade, found.head) == ("begins", "anchored", log.checkpoint())
    old, new = bytes.fromhex(published.root), bytes.fromhex(found.head.root)
    assert merkle.extends(published.size, old, found.head.size, new, found.proof)


def test_a_log_that_is_where_it_was_published_is_the_same(log: Log) -> None:
    assert compare(log.leaves(), log.checkpoint()).state == "same"


def test_a_fork_is_told_with_both_heads(log: Log, tmp_path: Path) -> None:
    shutil.copy(tmp_path / "study.sqlite", tmp_path / "other.sqlite")
    other = Log(Database(tmp_path / "other.sqlite"))
    log.append("reading", {"reading": "one way"})
    other.append("reading", {"reading": "the other"})
    found = compare(log.leaves(), other.checkpoint())
    assert (found.state, found.grade) == ("forked", "local")
    with pytest.raises(VerificationFailed, match="forked") as told:
        require_continued(found)
    assert log.checkpoint().root in told.value.what
    assert other.checkpoint().root in told.value.what


def test_a_log_that_was_cut_off_is_told_with_both_heads(log: Log, database: Database) -> None:
    published = log.checkpoint()
    tamper(database.path, "DELETE FROM events WHERE seq > 4", "DROP TABLE nodes")
    with pytest.raises(VerificationFailed, match="cut off") as told:
        require_continued(compare(log.leaves(), published))
    assert published.root in told.value.what
    assert log.checkpoint().root in told.value.what


def test_entries_rewritten_under_an_untouched_tree_do_not_pass(log: Log, database: Database) -> None:
    published = log.checkpoint()
    tamper(database.path, "UPDATE events SET entry = CAST(entry || ' ' AS BLOB) WHERE seq = 2")
    assert log.checkpoint() == published  # the tree remembers
    assert compare(log.leaves(), published).state == "forked"


def test_an_empty_checkpoint_is_a_beginning_of_every_log_and_a_made_up_one_of_none(log: Log) -> None:
    assert compare(log.leaves(), log.checkpoint(0)).state == "begins"
    assert compare(log.leaves(), Checkpoint(size=0, root="00" * 32)).state == "forked"


def test_each_grade_says_what_it_does_not_show() -> None:
    assert set(DOES_NOT_SHOW) == {"local", "anchored"}
    assert all(DOES_NOT_SHOW.values())


def test_an_anchor_replaces_the_one_before_it(log: Log, seal: Seal, file: Path) -> None:
    anchor(log, file, seal)
    anchor(log, file, seal)
    assert read_published(file.read_bytes(), ORIGIN, ()).checkpoint.size == 9


@pytest.mark.parametrize(
    "there", ["notes of mine\n", "", "example.org/other\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"]
)
def test_an_anchor_replaces_nothing_else(log: Log, seal: Seal, file: Path, there: str) -> None:
    file.write_text(there, encoding="utf-8")
    with pytest.raises((InputError, VerificationFailed)):
        anchor(log, file, seal)
    assert file.read_text("utf-8") == there
    assert log.entries("anchor") == []


def test_an_anchor_does_not_replace_one_that_the_log_does_not_continue(log: Log, seal: Seal, file: Path) -> None:
    file.write_text(Checkpoint(size=4, root="11" * 32).note(ORIGIN), encoding="utf-8")
    with pytest.raises(VerificationFailed, match="forked"):
        anchor(log, file, seal)


def test_a_damaged_log_is_not_anchored(log: Log, database: Database, seal: Seal, file: Path) -> None:
    tamper(database.path, "UPDATE events SET entry = CAST(entry || ' ' AS BLOB) WHERE seq = 2")
    with pytest.raises(StudyError, match="damaged log is not anchored: log entry 2 was rewritten"):
        anchor(log, file, seal)
    assert not file.exists()


@pytest.mark.usefixtures("signs")
def test_with_a_key_the_checkpoint_is_signed_and_its_public_half_is_enough(
    log: Log, seal: Seal, file: Path
) -> None:
    key = seal.create()
    assert anchor(log, file, seal).body["signed"] is True
    assert read_published(file.read_bytes(), ORIGIN, [key]).signers == (key,)
    with pytest.raises(VerificationFailed, match="no key that is known"):
        read_published(file.read_bytes(), ORIGIN, ())


@pytest.mark.usefixtures("signs")
def test_the_private_key_is_kept_from_others_and_from_version_control(seal: Seal) -> None:
    seal.create()
    assert (seal.folder / "log.key").stat().st_mode & 0o777 == 0o600
    assert "log.key" in (seal.folder / ".gitignore").read_text("utf-8").splitlines()


@pytest.mark.usefixtures("signs")
def test_a_public_key_that_was_lost_is_written_again_from_the_private_one(seal: Seal) -> None:
    key = seal.create()
    (seal.folder / "log.pub").unlink()
    assert seal.keys() == (key,)


@pytest.mark.usefixtures("signs")
def test_a_key_does_not_sign_a_log_that_was_set_back(log: Log, database: Database, seal: Seal) -> None:
    backup = seal.folder / "backup.sqlite"
    seal.create()
    shutil.copy(database.path, backup)
    more(log)
    signed = seal.note(log)
    shutil.copy(backup, database.path)
    for _ in range(3):
        log.append("reading", {"reading": "another way on"})
    with pytest.raises(StudyError, match="does not continue the checkpoint signed last"):
        seal.note(log)
    assert (seal.folder / "log.signed").read_text("utf-8") == signed


@pytest.mark.usefixtures("signs")
def test_a_key_does_not_sign_a_smaller_log_than_before(log: Log, database: Database, seal: Seal) -> None:
    seal.create()
    seal.note(log)
    tamper(database.path, "DELETE FROM events WHERE seq > 4", "DROP TABLE nodes")
    with pytest.raises(StudyError, match="does not continue"):
        seal.note(log)


@pytest.mark.usefixtures("signs")
def test_what_is_signed_stands_for_entries_that_are_there(log: Log, seal: Seal) -> None:
    key = seal.create()
    with log._database.write() as connection:
        append(connection, "reading", {"reading": "not saved yet"})
        signed = seal.note(log)
    assert read_published(signed.encode(), ORIGIN, [key]).checkpoint.size == 8
    assert len(log.entries()) == 9
