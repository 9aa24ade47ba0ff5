"""Results of Inspect Scout's scans: what a scanner said of transcripts, as labels.

A result names its transcript as Scout did: by the sample's id in an Inspect log, by the id in a database, or, where
Scout read a corpus or an export of ours, by our own name. So the labels find their transcripts in the corpus.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from allegiance.corpus.archive import Limits
from allegiance.corpus.importers import tables
from allegiance.corpus.importers.beside import SCAN
from allegiance.corpus.importers.found import Verdict
from allegiance.corpus.importers.scores import said, value
from allegiance.corpus.importers.source import candidates, opened
from allegiance.records.label import Value
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard

_NEEDS = {"transcript_id", "scan_id", "scanner_name", "value"}
_COLUMNS = (
    "transcript_id", "scan_id", "scanner_name", "scanner_params", "value", "value_type", "answer", "explanation",
    "scan_error", "input_type",
)  # fmt: skip
_WORDS: dict[str, Value] = {"true": "yes", "false": "no", "yes": "yes", "no": "no"}


def find(paths: Sequence[Path]) -> list[Path]:
    """The files of scan results at or below these paths, sorted. Links are not followed."""
    found = [path for path in paths if path.is_file() and _is_scan(path)]
    for path in paths:
        if path.is_dir():
            for folder, _, files in os.walk(path, followlinks=False):
                if SCAN in files:
                    found += [Path(folder, name) for name in files if _is_scan(Path(folder, name))]
    return sorted(found)


def read(path: Path) -> Iterator[tuple[str, Verdict]]:
    """The id of a transcript, and what the scanner said of it; one for each result.

    Raises:
        ImportRefused: The file cannot be read.
    """
    taken, _ = candidates(path)
    with opened(taken[0], Limits()) as source:
        for row in tables.rows(source, "parquet"):
            yield str(row["transcript_id"]), _verdict({key: row.get(key) for key in _COLUMNS})


def _is_scan(path: Path) -> bool:
    if path.suffix.lower() != ".parquet" or path.is_symlink():
        return False
    try:
        return set(pq.read_schema(path).names) >= _NEEDS
    except (OSError, ValueError):
        return False


def _verdict(row: Mapping[str, object]) -> Verdict:
    name = f"scout/{row['scanner_name']}"
    asked = f"What does the scanner {row['scanner_name']} say of this transcript?"
    card = RaterCard(
        name=name,
        kind="imported",
        version=str(row["scan_id"]),
        settings={"params": str(row.get("scanner_params") or "")},
    )
    failed, found = row.get("scan_error"), _value(row)
    score = float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
    answer: Value = "unrated" if failed else _answer(found)
    return Verdict(Question(name=name, text=asked), card, answer, score, _raw(row, found, failed))


def _value(row: Mapping[str, object]) -> object:
    """The value as the scanner gave it: a table holds it as text, with its kind beside it."""
    held, kind = row.get("value"), row.get("value_type")
    if not isinstance(held, str) or kind in ("string", None):
        return held
    if kind == "boolean":
        return held.lower() == "true"
    try:
        return json.loads(held)
    except (ValueError, RecursionError):
        return held


def _answer(found: object) -> Value:
    """On our menu: true and yes, false and no, 1 and 0; other numbers ``unsure``, all else ``unrated``."""
    if isinstance(found, str):
        return _WORDS.get(found.strip().lower(), "unrated")
    return value(found)


def _raw(row: Mapping[str, object], found: object, failed: object) -> str:
    """What the scanner said, with its answer and explanation where it gave any."""
    more = {key: row[key] for key in ("answer", "explanation", "input_type") if row.get(key)}
    more.pop("input_type", None) if more.get("input_type") == "transcript" else None
    if failed:
        more["scan_error"] = str(failed)
    return json.dumps({"value": found, **more}, ensure_ascii=False, default=str) if more else said(found)
