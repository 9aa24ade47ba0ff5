"""Known faults of versions and of a study, for `doctor`."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import NamedTuple

SAFE_SQLITE = (3, 51, 3)
SAFE_PYTHON = (3, 11, 8)


class Finding(NamedTuple):
    """One finding: whether it is well, and what it is."""

    ok: bool
    what: str


def findings(folder: Path) -> list[Finding]:
    """What `doctor` says, in order. Changes nothing."""
    from allegiance.bridge.versions import facts

    found = [python(sys.version_info[:3]), sqlite(sqlite3.sqlite_version_info)]
    found += [Finding(True, f"{name}: {value or 'not installed'}") for name, value in facts().items()]
    return [*found, *_study(folder)]


def python(version: tuple[int, ...]) -> Finding:
    """What is known against this version of Python."""
    name = ".".join(map(str, version))
    if version < SAFE_PYTHON:
        return Finding(
            False, f"Python {name}: zipfile before 3.11.8 accepts some archives that lie; ours are checked first"
        )
    return Finding(True, f"Python {name}")


def sqlite(version: tuple[int, ...]) -> Finding:
    """What is known against this version of SQLite."""
    name = ".".join(map(str, version))
    if version < SAFE_SQLITE:
        fault = "WAL-reset fault before 3.51.3: keep to one writing process, and back the study up"
        return Finding(False, f"SQLite {name}: {fault}")
    return Finding(True, f"SQLite {name}")


def _study(folder: Path) -> list[Finding]:
    if not (folder / "study.yaml").is_file():
        return [Finding(True, f"no study in {folder}, so none was looked at")]
    from allegiance.study import Study

    keep = Study(folder).keep
    found = [Finding(problem.harmless, f"{problem.where}: {problem.what}") for problem in keep.fsck()]
    size, count = keep.log.checkpoint().size, keep.corpus.head().count
    return found or [Finding(True, f"{count} transcripts and {size} log entries are as they were written")]
