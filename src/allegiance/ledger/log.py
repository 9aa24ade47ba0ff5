"""The log: what was done to a study, in order, append-only.

An entry holds digests and counts, never transcripts. Entries are the leaves of a Merkle tree (RFC 6962); the size
and root of the tree are a checkpoint, which a claim pins. Order is by sequence number; the time in an entry is
what the clock said and proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import sqlalchemy as sa

from allegiance.errors import StudyError, UsageError
from allegiance.ledger import merkle, tree
from allegiance.ledger.audit import Row, audit
from allegiance.ledger.checkpoints import Checkpoint
from allegiance.ledger.database import Database, events
from allegiance.ledger.entry import Entry as Entry  # noqa: PLC0414  (to be had from here too)
from allegiance.ledger.kinds import check_body
from allegiance.records.canonical import canonical

_NEXT = sa.select(sa.func.max(events.c.seq) + 1)


class Log:
    """The log of one study."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, kind: str, body: Mapping[str, object]) -> Entry:
        """Adds one entry in a transaction of its own; when this returns, it survives a loss of power.

        Raises:
            UsageError: There is no such kind, or the body lacks a part; see the function `append`.
            StudyError: Others went on writing for as long as we wait, or the log is damaged. Nothing was added.
        """
        with self._database.write() as connection:
            return append(connection, kind, body)

    def entries(self, kind: str = "", *, size: int | None = None) -> list[Entry]:
        """The entries in order: of one kind, or all; the first `size` of the log, or all.

        Raises:
            StudyError: One is damaged and cannot be read.
        """
        query = sa.select(events.c.entry).order_by(events.c.seq)
        query = query.where(events.c.kind == kind) if kind else query
        query = query.where(events.c.seq < size) if size is not None else query
        with self._database.read() as connection:
            return [read_entry(data) for data in connection.scalars(query)]

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        """Size and root now, or when the log had `size` entries. Reads a few nodes, not the log.

        It stands for entries that are saved: of a writer that died before its transaction ended there is no node.

        Raises:
            UsageError: The log never had that many entries.
        """
        with self._database.read() as connection:
            size = _size(connection, size)
            return Checkpoint(size=size, root=tree.roots(connection, [(0, size)], size)[0].hex())

    def inclusion(self, seq: int, size: int | None = None) -> list[bytes]:
        """The proof that entry `seq` is among all entries, or the first `size`, from the leaf upward.

        Raises:
            UsageError: It is not among them.
        """
        with self._database.read() as connection:
            size = _size(connection, size)
            if not 0 <= seq < size:
                raise UsageError(f"there is no entry {seq} among the first {size} of the log.")
            return tree.roots(connection, merkle.inclusion_ranges(seq, size), size)

    def consistency(self, old: int, size: int | None = None) -> list[bytes]:
        """The proof that the first `old` entries are a beginning of all entries, or of the first `size`.

        Raises:
            UsageError: There are fewer.
        """
        with self._database.read() as connection:
            size = _size(connection, size)
            if not 0 <= old <= size:
                raise UsageError(f"{old} entries are no beginning of {size}.")
            return tree.roots(connection, merkle.consistency_ranges(old, size), size)

    def leaves(self) -> list[bytes]:
        """The leaf hashes in order, from the stored bytes of the entries."""
        return [merkle.leaf_hash(data) for _, _, data in self.raw()]

    def raw(self, since: int = 0, limit: int | None = None) -> list[Row]:
        """Number, kind and stored bytes of each entry, in order: from one on, at most so many."""
        with self._database.read() as connection:
            return _rows(connection, since, limit)

    def fsck(self) -> list[str]:
        """What is wrong with the log, all of it read back; empty if nothing. See `audit`."""
        with self._database.read() as connection:
            return audit(_rows(connection), tree.every(connection))


def append(connection: sa.Connection, kind: str, body: Mapping[str, object]) -> Entry:
    """Adds one entry inside a transaction that the caller holds: saved together with what it is about.

    The connection must come from `Database.write`.

    Raises:
        UsageError: There is no such kind, or the body lacks what an entry of it must say (`kinds.SAYS`).
        StudyError: The log is damaged. In either case nothing was added.
    """
    check_body(kind, body)
    seq = next_seq(connection)
    entry = Entry(seq=seq, kind=kind, at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), body=body)
    data = canonical(entry)
    tree.extend(connection, seq, merkle.leaf_hash(data))
    connection.execute(events.insert().values(seq=seq, kind=kind, entry=data))
    return entry


def next_seq(connection: sa.Connection) -> int:
    """The sequence number that the next entry will get."""
    return connection.scalar(_NEXT) or 0


def count(connection: sa.Connection, kind: str) -> int:
    """How many entries of one kind there are."""
    return connection.scalar(sa.select(sa.func.count()).where(events.c.kind == kind)) or 0


def checkpoint(leaves: list[bytes]) -> Checkpoint:
    """The checkpoint over these leaf hashes."""
    return Checkpoint(size=len(leaves), root=merkle.root(leaves).hex())


def read_entry(data: object) -> Entry:
    """An entry from its stored bytes.

    Raises:
        StudyError: It is damaged.
    """
    try:
        return msgspec.json.decode(tree.as_bytes(data), type=Entry)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StudyError(
            f"an entry of the log cannot be read: {error}.", next="See which with: allegiance corpus fsck"
        ) from error


def _rows(connection: sa.Connection, since: int = 0, limit: int | None = None) -> list[Row]:
    query = sa.select(events.c.seq, events.c.kind, events.c.entry).order_by(events.c.seq)
    rows = connection.execute(query.where(events.c.seq >= since).limit(limit))
    return [(seq, kind, tree.as_bytes(entry)) for seq, kind, entry in rows]


def _size(connection: sa.Connection, size: int | None) -> int:
    now = next_seq(connection)
    if size is not None and not 0 <= size <= now:
        raise UsageError(f"the log has {now} entries, not {size}.")
    return now if size is None else size
