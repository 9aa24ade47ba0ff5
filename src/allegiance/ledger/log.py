"""The log: what was done to a study, in order, append-only.

An entry holds digests and counts, never transcripts. Entries are the leaves of a Merkle tree (RFC 6962); the size
and root of the tree are a checkpoint, which a claim pins. Order is by sequence number; the time in an entry is
what the clock said and proves nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import sqlalchemy as sa

from allegiance.errors import StudyError
from allegiance.ledger import merkle
from allegiance.ledger.database import Database, events
from allegiance.records.canonical import canonical
from allegiance.records.record import Record

KINDS = ("start", "import", "run", "plan", "search", "draw", "reading", "labels", "citation", "claim")
"""What an entry can be."""


class Entry(Record, frozen=True, kw_only=True):
    """One entry.

    Attributes:
        seq: Its place, from 0, without gaps.
        kind: One of `KINDS`.
        at: UTC time to the second by this machine's clock.
        body: What happened.
    """

    seq: int
    kind: str
    at: str
    body: Mapping[str, object]


class Checkpoint(Record, frozen=True, kw_only=True):
    """Size and root of the log at one moment. The root is 64 hex digits."""

    size: int
    root: str

    def note(self, origin: str) -> str:
        """The text of a C2SP ``tlog-checkpoint`` without signatures: origin, size, base64 root."""
        return f"{origin}\n{self.size}\n{base64.b64encode(bytes.fromhex(self.root)).decode()}\n"


class Log:
    """The log of one study."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, kind: str, body: Mapping[str, object]) -> Entry:
        """Adds one entry in a transaction of its own."""
        with self._database.write() as connection:
            return append(connection, kind, body)

    def entries(self, kind: str = "", *, size: int | None = None) -> list[Entry]:
        """The entries in order: of one kind, or all; the first `size` of the log, or all."""
        query = sa.select(events.c.entry).order_by(events.c.seq)
        query = query.where(events.c.kind == kind) if kind else query
        query = query.where(events.c.seq < size) if size is not None else query
        with self._database.read() as connection:
            return [msgspec.json.decode(row, type=Entry) for row in connection.scalars(query)]

    def checkpoint(self) -> Checkpoint:
        """Size and root now."""
        return checkpoint(self.leaves())

    def leaves(self) -> list[bytes]:
        """The leaf hashes in order, from the stored bytes."""
        with self._database.read() as connection:
            rows = connection.scalars(sa.select(events.c.entry).order_by(events.c.seq))
            return [merkle.leaf_hash(row) for row in rows]

    def fsck(self) -> list[str]:
        """What is wrong with the log; empty if nothing: gaps, and entries that are not in canonical form."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(events.c.seq, events.c.entry).order_by(events.c.seq)).all()
        return [finding for place, (seq, data) in enumerate(rows) if (finding := _fault(place, seq, data))]


def append(connection: sa.Connection, kind: str, body: Mapping[str, object]) -> Entry:
    """Adds one entry inside a transaction that the caller holds: saved together with what it is about.

    The connection must come from `Database.write`.
    """
    if kind not in KINDS:
        raise StudyError(f"the log has no entries of kind {kind!r}.")
    seq = next_seq(connection)
    entry = Entry(seq=seq, kind=kind, at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), body=body)
    connection.execute(events.insert().values(seq=seq, kind=kind, entry=canonical(entry)))
    return entry


def next_seq(connection: sa.Connection) -> int:
    """The sequence number that the next entry will get."""
    return connection.scalar(sa.select(sa.func.coalesce(sa.func.max(events.c.seq) + 1, 0))) or 0


def count(connection: sa.Connection, kind: str) -> int:
    """How many entries of one kind there are."""
    return connection.scalar(sa.select(sa.func.count()).where(events.c.kind == kind)) or 0


def checkpoint(leaves: list[bytes]) -> Checkpoint:
    """The checkpoint over these leaf hashes."""
    return Checkpoint(size=len(leaves), root=merkle.root(leaves).hex())


def _fault(place: int, seq: int, data: bytes) -> str:
    try:
        entry = msgspec.json.decode(data, type=Entry)
    except msgspec.DecodeError as error:
        return f"log entry {seq} cannot be read: {error}"
    if seq != place or entry.seq != seq:
        return f"log entry {place} is missing or out of place (found {seq}, which says {entry.seq})"
    return "" if canonical(entry) == data else f"log entry {seq} is not in canonical form"
