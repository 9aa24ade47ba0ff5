"""The rejects file of an import: a line of JSON for each record that was left out, with the record itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from allegiance.corpus.archive import Limits
from allegiance.corpus.files import write_whole
from allegiance.corpus.importers.found import Reject
from allegiance.corpus.importers.source import Candidate, SourceFile, candidates, opened
from allegiance.corpus.safe import load
from allegiance.errors import ImportRefused, UsageError

_BY_LINE = (".jsonl", ".ndjson", ".csv")


def check_target(path: Path) -> None:
    """Refuse a target that exists, before anything is imported.

    Raises:
        UsageError: It exists, or its directory does not.
    """
    if path.exists() or path.is_symlink() or not path.parent.is_dir():
        what = "the directory of this file does not exist."
        if path.parent.is_dir():
            what = "this file exists already; nothing is overwritten."
        raise UsageError(what, where=str(path), next="Choose another name.")


def write(target: Path, rejects: Sequence[Reject], paths: Sequence[Path]) -> None:
    """Write the rejects of an import of these paths; a file without lines if there are none."""
    files = {one.name: one for path in paths for one in candidates(path)[0]}
    lines = (json.dumps(_plain(one, files), ensure_ascii=False) + "\n" for one in rejects)
    write_whole(target, "".join(lines).encode("utf-8", "backslashreplace"))


def _plain(reject: Reject, files: dict[str, Candidate]) -> dict[str, object]:
    record = reject.record or _found(reject, files.get(reject.file))
    place = {"file": reject.file, "member": reject.member, "line": reject.line}
    return {**place, "reason": reject.reason, "record": record}


def _found(reject: Reject, file: Candidate | None) -> object:
    """The record at the place of a reject, read once more; None where it is none of a file of records."""
    if file is None or reject.line < 1 or reject.member:
        return None
    try:
        with opened(file, Limits()) as source:
            return _at(source, reject.line, file.path.suffix.lower())
    except (ImportRefused, UnicodeDecodeError):
        return None


def _at(source: SourceFile, number: int, suffix: str) -> object:
    if suffix in _BY_LINE:
        source.file.seek(0)
        lines: Iterator[bytes] = islice(source.file, number - 1, number)
        return next(lines, b"").decode("utf-8", "backslashreplace").rstrip("\n")
    value = load(source.bytes(), source.name) if suffix == ".json" else None
    return value[number - 1] if isinstance(value, list) and number <= len(value) else None
