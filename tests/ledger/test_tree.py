"""The stored tree: it says what the entries say, at any size, and is read in part only."""

from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.conftest import tamper

from allegiance.errors import StudyError, UsageError
from allegiance.ledger import merkle, tree
from allegiance.ledger.database import Database
from allegiance.ledger.log import Log, append, checkpoint


def many(database: Database, size: int) -> None:
    """Puts plain entries there as an older version would have: without their nodes."""
    raw = sqlite3.connect(database.path)
    with raw:
        rows = ((i, "filter", str(i).encode()) for i in range(size))
        raw.executemany("INSERT INTO events VALUES (?, ?, ?)", rows)
    raw.close()


def reads(database: Database) -> list[str]:
    """Every statement from now on."""
    told: list[str] = []
    sa.event.listen(database._engine, "before_cursor_execute", lambda _c, _u, statement, *_: told.append(statement))
    return told


def test_checkpoints_of_every_size_are_those_of_the_entries(log: Log) -> None:
    leaves = log.leaves()
    assert [log.checkpoint(size) for size in range(9)] == [checkpoint(leaves[:size]) for size in range(9)]


def test_proofs_of_every_size_are_those_of_the_entries(log: Log) -> None:
    leaves = log.leaves()
    for size in range(1, 9):
        for seq in range(size):
            assert log.inclusion(seq, size) == merkle.inclusion_proof(leaves[:size], seq)
        for old in range(size + 1):
            assert log.consistency(old, size) == merkle.consistency_proof(leaves[:size], old)


@given(st.integers(0, 300))
def test_nodes_join_to_the_root_of_their_leaves(size: int) -> None:
    leaves = [merkle.leaf_hash(str(i).encode()) for i in range(size)]
    nodes = tree.all_nodes(leaves)
    assert merkle.join([nodes[part] for part in merkle.parts(0, size)]) == merkle.root(leaves)


def test_a_database_from_before_there_were_nodes_gets_them_with_its_next_entry(database: Database) -> None:
    tamper(database.path, "DROP TABLE nodes")
    many(database, 70_000)
    log = Log(database)
    old = log.checkpoint()
    log.append("reading", {"reading": 1})
    with database.read() as connection:
        assert tree.size(connection) == 70_001
    assert log.checkpoint(70_000) == old
    new = log.checkpoint()
    proof = log.consistency(70_000)
    assert merkle.extends(70_000, bytes.fromhex(old.root), 70_001, bytes.fromhex(new.root), proof)


def test_a_checkpoint_and_a_proof_read_no_entries_and_few_nodes(database: Database) -> None:
    many(database, 3000)
    log = Log(database)
    log.append("reading", {"reading": 1})
    told = reads(database)
    assert len(log.inclusion(1234)) <= 12
    log.checkpoint()
    log.consistency(1500)
    assert not any("entry" in statement for statement in told)
    assert sum("nodes.hash" in statement for statement in told) == 3


def test_an_entry_that_is_rolled_back_leaves_no_node(log: Log, database: Database) -> None:
    def attempt() -> None:
        with database.write() as connection:
            append(connection, "reading", {"reading": 9})
            raise KeyboardInterrupt

    before = log.checkpoint()
    with pytest.raises(KeyboardInterrupt):
        attempt()
    assert log.checkpoint() == before
    assert log.fsck() == []


def test_nothing_is_added_to_a_log_that_was_cut_off(log: Log, database: Database) -> None:
    tamper(database.path, "DELETE FROM events WHERE seq > 4")
    with pytest.raises(StudyError, match="cut off: it has 5 entries, and its tree 8"):
        log.append("reading", {"reading": 1})


def test_nothing_is_added_to_a_log_without_nodes_that_lacks_an_entry(log: Log, database: Database) -> None:
    tamper(database.path, "DROP TABLE nodes", "DELETE FROM events WHERE seq = 4")
    with pytest.raises(StudyError, match="lacks 1 of its entries"):
        log.append("reading", {"reading": 1})


def test_a_lost_node_is_named(log: Log, database: Database) -> None:
    tamper(database.path, "DELETE FROM nodes WHERE node = (1 << 48) * 2 + 1")
    with pytest.raises(StudyError, match="lacks node 1 of level 2"):
        log.inclusion(0)


def test_sizes_and_entries_that_there_are_not_are_refused(log: Log) -> None:
    for attempt in (
        lambda: log.checkpoint(9),
        lambda: log.inclusion(8),
        lambda: log.inclusion(3, 3),
        lambda: log.consistency(9),
        lambda: log.consistency(5, 4),
    ):
        with pytest.raises(UsageError):
            attempt()
