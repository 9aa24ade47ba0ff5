"""fsck of the log: each kind of damage is named for what it is."""

from __future__ import annotations

import pytest
from tests.ledger.conftest import tamper

from allegiance.ledger.database import Database
from allegiance.ledger.log import Log, append

SWAP = (
    "CREATE TEMP TABLE kept AS SELECT * FROM events",
    "UPDATE events SET entry = (SELECT entry FROM kept WHERE kept.seq = 7 - events.seq) WHERE seq IN (3, 4)",
)
REWRITE = "UPDATE events SET entry = CAST(replace(CAST(entry AS TEXT), '\"reading\":5', '\"reading\":6') AS BLOB)"
SPACED = "UPDATE events SET entry = CAST(' ' || entry AS BLOB) WHERE seq = 2"
AS_TEXT = "UPDATE events SET entry = CAST(entry AS TEXT) || ' ' WHERE seq = 2"
LISTED = "UPDATE events SET kind = 'draw' WHERE seq = 2"
NODE = "WHERE node = (1 << 48) * 2"
DAMAGE = {
    "missing": (("DELETE FROM events WHERE seq = 1",), "log entry 1 is missing"),
    "several missing": (("DELETE FROM events WHERE seq IN (2, 3, 5)",), "log entries 2 to 3 are missing"),
    "cut off": (("DELETE FROM events WHERE seq > 4",), "cut off: its tree has 8 entries, and it ends after 5"),
    "reordered": (SWAP, "log entry 3 is out of place: it was written as entry 4"),
    "rewritten": ((REWRITE,), "log entry 5 was rewritten"),
    "out of form": ((SPACED,), "log entry 2 was rewritten"),
    "text for bytes": ((AS_TEXT,), "log entry 2 was rewritten"),
    "listed otherwise": ((LISTED,), "log entry 2 is listed as 'draw', and is 'reading'"),
    "a changed node": ((f"UPDATE nodes SET hash = zeroblob(32) {NODE}",), "node 0 of level 2"),
    "a lost node": ((f"DELETE FROM nodes {NODE} + 1",), "node 1 of level 2"),
}
UNSEEN = {
    "out of form": ((SPACED,), "entry 2 is not in canonical form"),
    "unreadable": (("UPDATE events SET entry = x'ff' WHERE seq = 2",), "log entry 2 cannot be read"),
    "reordered": (SWAP, "log entry 3 is out of place: it says that it is entry 4"),
    "missing": (("DELETE FROM events WHERE seq = 1",), "log entry 1 is missing"),
}


def test_a_log_as_it_was_written_has_nothing_wrong(log: Log) -> None:
    assert log.fsck() == []


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_named(log: Log, database: Database, what: str) -> None:
    statements, message = DAMAGE[what]
    tamper(database.path, *statements)
    assert any(message in finding for finding in log.fsck()), log.fsck()


@pytest.mark.parametrize("what", UNSEEN)
def test_damage_that_shows_without_a_tree_is_named(log: Log, database: Database, what: str) -> None:
    statements, message = UNSEEN[what]
    tamper(database.path, "DROP TABLE nodes", *statements)
    assert any(message in finding for finding in log.fsck()), log.fsck()


def test_only_the_entries_that_were_changed_are_named(log: Log, database: Database) -> None:
    tamper(database.path, REWRITE)
    assert len(log.fsck()) == 1


def test_a_log_rewritten_together_with_its_tree_is_a_fork_of_its_own_anchors(log: Log, database: Database) -> None:
    point = log.checkpoint()
    body = {"size": point.size, "root": point.root, "note": "", "file": "", "signed": False}
    log.append("anchor", body)
    tamper(database.path, REWRITE, "DROP TABLE nodes")
    assert log.append("reading", {"reading": 9}).seq == 9
    (finding,) = log.fsck()
    assert f"the log was forked: entry 8 anchored 8 entries with root {point.root}" in finding


@pytest.mark.parametrize("size", [9, -1, "8", None])
def test_an_anchor_of_entries_that_there_were_not_is_named(log: Log, size: object) -> None:
    log.append("anchor", {"size": size, "root": "", "note": "", "file": "", "signed": False})
    assert log.fsck() == [f"log entry 8 is an anchor of {size} entries, which there were not"]


def test_of_very_many_faults_the_first_are_told_and_the_rest_counted(database: Database, log: Log) -> None:
    with database.write() as connection:
        for k in range(92):
            append(connection, "reading", {"reading": k})
    tamper(database.path, "UPDATE events SET entry = CAST(entry || ' ' AS BLOB)")
    found = log.fsck()
    assert len(found) == 21
    assert found[-1].startswith("the log has 80 more faults")
