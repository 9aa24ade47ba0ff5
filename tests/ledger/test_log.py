"""The log of a study: order, gaps, and what its database refuses."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from allegiance.errors import StudyError
from allegiance.ledger.database import SCHEMA, Database
from allegiance.ledger.log import Log


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.create(tmp_path / "study.sqlite")


def test_entries_are_numbered_from_zero_without_gaps(database: Database) -> None:
    log = Log(database)
    for k in range(5):
        log.append("search", {"k": k})
    assert [entry.seq for entry in log.entries()] == [0, 1, 2, 3, 4]


def test_threads_that_append_at_once_get_one_order(database: Database) -> None:
    def work() -> None:
        for k in range(20):
            Log(database).append("search", {"k": k})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.seq for entry in Log(database).entries()] == list(range(80))


def test_an_entry_that_was_acknowledged_survives_a_kill(database: Database) -> None:
    program = (
        "import sys, os, signal; from pathlib import Path\n"
        "from allegiance.ledger.database import Database; from allegiance.ledger.log import Log\n"
        "Log(Database(Path(sys.argv[1]))).append('search', {'k': 1}); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(database.path)], check=False)
    assert [entry.body for entry in Log(database).entries()] == [{"k": 1}]


def test_what_is_acknowledged_has_been_synced_to_the_disk(database: Database) -> None:
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2


def test_the_checkpoint_changes_with_every_entry(database: Database) -> None:
    log = Log(database)
    roots = set()
    for k in range(3):
        log.append("search", {"k": k})
        roots.add(log.checkpoint().root)
    assert len(roots) == 3


def test_a_checkpoint_note_has_origin_size_and_root(database: Database) -> None:
    note = Log(database).checkpoint().note("allegiance/study/x")
    assert note == "allegiance/study/x\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"


def test_fsck_names_a_missing_entry(database: Database) -> None:
    log = Log(database)
    for k in range(3):
        log.append("search", {"k": k})
    with sqlite3.connect(database.path) as raw:
        raw.execute("DELETE FROM events WHERE seq = 1")
    assert any("1 is missing" in finding for finding in log.fsck())


def test_fsck_names_an_entry_that_was_rewritten_out_of_form(database: Database) -> None:
    log = Log(database)
    log.append("search", {"k": 1})
    with sqlite3.connect(database.path) as raw:
        raw.execute("UPDATE events SET entry = CAST(' ' || entry AS BLOB)")
    assert log.fsck()


def test_an_unknown_kind_of_entry_is_refused(database: Database) -> None:
    with pytest.raises(StudyError, match="kind 'serach'"):
        Log(database).append("serach", {})
    assert Log(database).entries() == []


def test_a_text_file_is_not_taken_for_a_database(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    path.write_text("this is not a database, whatever its name says\n" * 20)
    with pytest.raises(StudyError, match="not a study's database"):
        Database(path)


def test_an_empty_file_is_not_taken_for_a_database(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    path.touch()
    with pytest.raises(StudyError, match="not a study's database"):
        Database(path)
    assert path.stat().st_size == 0


def test_a_database_from_a_newer_version_is_refused(database: Database) -> None:
    with sqlite3.connect(database.path) as raw:
        raw.execute(f"PRAGMA user_version={SCHEMA + 1}")
    with pytest.raises(StudyError, match="newer"):
        Database(database.path)
