"""The database of a study: log, labels and cards, in SQLite.

One file, one writer at a time, WAL, ``synchronous=FULL``: what was acknowledged survives a power cut. Transcripts
are never in it. The schema has a version; a database from a newer version is refused, not guessed at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from allegiance.errors import StudyError

SCHEMA = 1
"""Version of the schema, kept in SQLite's ``user_version``."""

APPLICATION = 0x414C4C47
"""Marks our files (SQLite's ``application_id``): the letters ALLG."""

WAIT = 30.0
"""Seconds that a writer waits for another one before it gives up."""

metadata = sa.MetaData()

events = sa.Table(
    "events",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("entry", sa.LargeBinary, nullable=False),
)

nodes = sa.Table(
    "nodes",
    metadata,
    sa.Column("node", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
)
"""The tree over the events (see `tree`): all of it follows from them, so that its absence is no other schema."""

cards = sa.Table(
    "cards",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

labels = sa.Table(
    "labels",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("transcript", sa.Text, nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("rater", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("batch", sa.Integer, nullable=False, index=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("question", "rater", "transcript", "revision"),
)


class Database:
    """A connection to the database of one study."""

    def __init__(self, path: Path, wait: float = WAIT) -> None:
        """Opens the file; creates nothing.

        Args:
            path: The file.
            wait: Seconds to wait for another writer.

        Raises:
            StudyError: It is missing, not ours, or from a newer version.
        """
        if not path.is_file():
            raise StudyError("the study has no database.", where=str(path), next="Restore it from a backup.")
        self.path, self._wait = path, wait
        self._engine = _engine(path, wait)
        self._check()

    @classmethod
    def create(cls, path: Path) -> Database:
        """Makes an empty database where there was none."""
        if path.exists():
            raise StudyError("there is a database already.", where=str(path))
        raw = sqlite3.connect(path, isolation_level=None)
        raw.execute("PRAGMA journal_mode=WAL")
        raw.close()
        engine = _engine(path)
        with engine.connect().execution_options(write=True) as connection, connection.begin():
            metadata.create_all(connection)
            # Last, and in one transaction with the tables: a file that says it is ours is whole.
            connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA}")
            connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION}")
        engine.dispose()
        return cls(path)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A consistent view of the database."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except sa.exc.DatabaseError as error:
            raise self._trouble("read", error) from error

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that no other writer can interleave; all of it is saved, or none.

        Raises:
            StudyError: Another program went on writing for as long as we wait, or the disk refused. Nothing was
                saved.
        """
        try:
            with self._engine.connect().execution_options(write=True) as connection, connection.begin():
                yield connection
        except sa.exc.DatabaseError as error:
            raise self._trouble("written", error) from error

    def fsck(self) -> list[str]:
        """What SQLite itself finds wrong with the file; empty if nothing."""
        with self.read() as connection:
            found = [str(row) for row in connection.exec_driver_sql("PRAGMA integrity_check").scalars()]
        return [] if found == ["ok"] else [f"the database is damaged: {line}" for line in found]

    def close(self) -> None:
        """Lets go of the file."""
        self._engine.dispose()

    def _trouble(self, what: str, error: sa.exc.DatabaseError) -> StudyError:
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            return StudyError(
                f"the study is busy: another program has been writing to it for {self._wait:g} seconds.",
                where=str(self.path),
                next="Nothing was saved; try again when that program is done.",
            )
        return StudyError(
            f"the database could not be {what}: {error.orig}.",
            where=str(self.path),
            next="Nothing was saved. See: allegiance doctor" if what == "written" else "See: allegiance doctor",
        )

    def _check(self) -> None:
        try:
            with self._engine.connect() as connection:
                application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
                version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        except sa.exc.DatabaseError as error:
            raise StudyError("this is not a study's database.", where=str(self.path)) from error
        if application != APPLICATION:
            raise StudyError("this is not a study's database.", where=str(self.path))
        if version > SCHEMA:
            raise StudyError(
                f"the database has schema {version}; this version of the package knows {SCHEMA}.",
                where=str(self.path),
                next="Install a newer version of the package.",
            )


def _engine(path: Path, wait: float = WAIT) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": wait}, poolclass=sa.NullPool)
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: object, _record: object) -> None:
    # The driver's own transaction handling is switched off; _on_begin starts each transaction instead.
    connection.isolation_level = None  # type: ignore[attr-defined]
    for pragma in ("synchronous=FULL", "trusted_schema=OFF", "mmap_size=0", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]


def _on_begin(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
