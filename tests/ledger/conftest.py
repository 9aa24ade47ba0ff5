"""A database, logs, and keys that sign."""

from __future__ import annotations

import json
import sqlite3
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.ledger.signer import Signer

from allegiance.ledger import signing
from allegiance.ledger.database import Database
from allegiance.ledger.log import Log, append

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "log.json").read_text("utf-8"))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.create(tmp_path / "study.sqlite")


@pytest.fixture
def log(database: Database) -> Log:
    """A log of eight entries."""
    with database.write() as connection:
        for k in range(8):
            append(connection, "reading", {"reading": k})
    return Log(database)


@pytest.fixture
def signs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signing works, with the library if it is there."""
    if find_spec("cryptography") is None:
        monkeypatch.setattr(signing, "_private", Signer)


def tamper(path: Path, *statements: str) -> None:
    """Changes a database behind the package's back."""
    raw = sqlite3.connect(path)
    with raw:
        for statement in statements:
            raw.execute(statement)
    raw.close()
