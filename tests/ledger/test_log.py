"""The log of a study: order, gaps, and what its database refuses."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.ledger.conftest import tamper

from allegiance.errors import StudyError, UnknownName, UsageError
from allegiance.ledger.anchors import DOES_NOT_SHOW
from allegiance.ledger.database import SCHEMA, Database
from allegiance.ledger.kinds import KINDS, SAYS
from allegiance.ledger.log import Log


def test_entries_are_numbered_from_zero_without_gaps(database: Database) -> None:
    log = Log(database)
    for k in range(5):
        log.append("reading", {"reading": k})
    assert [entry.seq for entry in log.entries()] == [0, 1, 2, 3, 4]


def test_threads_that_append_at_once_get_one_order(database: Database) -> None:
    def work() -> None:
        for k in range(20):
            Log(database).append("reading", {"reading": k})

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
        "Log(Database(Path(sys.argv[1]))).append('reading', {'reading': 1}); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(database.path)], check=False)
    assert [entry.body for entry in Log(database).entries()] == [{"reading": 1}]


def test_what_is_acknowledged_has_been_synced_to_the_disk(database: Database) -> None:
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2


def test_the_checkpoint_changes_with_every_entry(database: Database) -> None:
    log = Log(database)
    roots = set()
    for k in range(3):
        log.append("reading", {"reading": k})
        roots.add(log.checkpoint().root)
    assert len(roots) == 3


def test_a_checkpoint_note_has_origin_size_and_root(database: Database) -> None:
    note = Log(database).checkpoint().note("allegiance/study/x")
    assert note == "allegiance/study/x\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"


def test_an_unknown_kind_of_entry_is_refused(database: Database) -> None:
    with pytest.raises(UnknownName, match=r"'serach'.*Did you mean 'search'"):
        Log(database).append("serach", {})
    assert Log(database).entries() == []


@pytest.mark.parametrize("kind", KINDS)
def test_half_an_entry_is_refused_and_a_whole_one_is_not(database: Database, kind: str) -> None:
    whole = dict.fromkeys(SAYS[kind], 1)
    for lacking in SAYS[kind]:
        with pytest.raises(UsageError, match=f"must also say: {lacking}"):
            Log(database).append(kind, {key: 1 for key in whole if key != lacking})
    assert Log(database).append(kind, whole).seq == 0


def test_an_entry_that_lacks_what_is_asked_for_today_stays_readable(database: Database) -> None:
    old = b'{"at":"2026-01-01T00:00:00Z","body":{"k":1},"kind":"search","seq":0}'
    with sqlite3.connect(database.path) as raw:
        raw.execute("INSERT INTO events VALUES (0, 'search', ?)", (old,))
    log = Log(database)
    log.append("reading", {"reading": 1})
    assert [dict(entry.body) for entry in log.entries()] == [{"k": 1}, {"reading": 1}]
    assert log.fsck() == []


def test_a_writer_waits_no_longer_than_it_was_told_and_says_that_the_study_is_busy(database: Database) -> None:
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    patient = Log(Database(database.path, wait=0.05))
    with pytest.raises(StudyError, match=r"busy: another program .* 0.05 seconds.*Nothing was saved"):
        patient.append("reading", {"reading": 1})
    other.execute("ROLLBACK")
    other.close()
    assert patient.append("reading", {"reading": 1}).seq == 0


def test_a_writer_that_dies_before_its_transaction_ends_leaves_neither_entry_nor_node(database: Database) -> None:
    program = (
        "import sys, os, signal; from pathlib import Path\n"
        "from allegiance.ledger.database import Database; from allegiance.ledger.log import append\n"
        "with Database(Path(sys.argv[1])).write() as connection:\n"
        "    append(connection, 'reading', {'reading': 1}); os.kill(os.getpid(), signal.SIGKILL)"
    )
    log = Log(database)
    log.append("reading", {"reading": 0})
    before = log.checkpoint()
    subprocess.run([sys.executable, "-c", program, str(database.path)], check=False)
    assert log.checkpoint() == before
    assert log.append("reading", {"reading": 2}).seq == 1
    assert log.fsck() == []


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


def test_a_damaged_entry_is_told_of_in_a_sentence(log: Log, database: Database) -> None:
    tamper(database.path, "UPDATE events SET entry = x'ff' WHERE seq = 2")
    with pytest.raises(StudyError, match="cannot be read"):
        log.entries()


def test_the_page_on_formats_lists_every_kind_with_its_keys_and_what_each_grade_does_not_show() -> None:
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text("utf-8")
    for kind, keys in SAYS.items():
        # Further keys may follow: those are what an entry needs.
        assert f"| `{kind}` | {', '.join(f'`{key}`' for key in keys)}" in page, kind
    assert [said for grade in DOES_NOT_SHOW.values() for said in grade if f"| {said} |\n" not in page] == []
