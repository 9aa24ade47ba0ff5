"""Replies of judges, kept by what was asked: what was paid for once is not asked again.

Replies are saved before the next call is made and before a label rests on them, so a run that was killed goes on
from there. What failed is not kept. A reply that gives no verdict is kept like others, and asked anew only where
that is wished.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Protocol

import msgspec

from allegiance.errors import StudyError
from allegiance.rating.judging.asking import Said

NAME = "judging.sqlite"


class Kept(msgspec.Struct, frozen=True):
    """A reply, and the code of the call that it answers."""

    code: str
    said: Said


class Cache(Protocol):
    """Where replies are kept."""

    def get(self, key: str) -> Kept | None:
        """The reply of that name, if there is one that can be read."""
        ...

    def put(self, key: str, kept: Kept) -> None:
        """Keeps a reply."""
        ...

    def flush(self) -> None:
        """When this returns, what was kept survives the end of the process."""
        ...


class Forgetful:
    """Keeps nothing."""

    def get(self, key: str) -> Kept | None:
        """Nothing."""
        return None

    def put(self, key: str, kept: Kept) -> None:
        """Keeps nothing."""

    def flush(self) -> None:
        """Has nothing to save."""


class ReplyCache:
    """Replies in a file of their own, beside the study's database. If it is deleted, they are paid for again."""

    def __init__(self, path: Path) -> None:
        """Opens the file, or makes it.

        Raises:
            StudyError: It cannot be opened.
        """
        self._path = path
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, body BLOB) WITHOUT ROWID")
        except sqlite3.Error as error:
            raise self._trouble(error) from None

    def get(self, key: str) -> Kept | None:
        """The reply of that name; None if there is none, or it cannot be read."""
        try:
            found = self._db.execute("SELECT body FROM replies WHERE key = ?", (key,)).fetchone()
            return msgspec.json.decode(found[0], type=Kept) if found else None
        except msgspec.MsgspecError:
            return None
        except sqlite3.Error as error:
            raise self._trouble(error) from None

    def put(self, key: str, kept: Kept) -> None:
        """Keeps a reply in place of what was there."""
        try:
            if not self._db.in_transaction:
                self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", (key, msgspec.json.encode(kept)))
        except sqlite3.Error as error:
            raise self._trouble(error) from None

    def flush(self) -> None:
        """Saves what was put since."""
        try:
            if self._db.in_transaction:
                self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._trouble(error) from None

    def close(self) -> None:
        """Saves what was put since, and lets go of the file."""
        self.flush()
        self._db.close()

    def _trouble(self, error: sqlite3.Error) -> StudyError:
        return StudyError(f"the kept replies cannot be used: {error}.", where=str(self._path),
                          next="Make room, or delete the file: the calls are then made again.")  # fmt: skip
