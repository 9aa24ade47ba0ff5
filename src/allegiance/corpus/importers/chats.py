"""JSON, JSONL and CSV files of chats, read by a mapping."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from allegiance.corpus.importers.found import Kept, Reject
from allegiance.corpus.importers.source import SourceFile
from allegiance.corpus.mapping_apply import Applied
from allegiance.corpus.safe import decode, parse
from allegiance.errors import ImportRefused
from allegiance.records.transcript import Source

_LONGEST_FIELD = 1 << 30
Numbered = tuple[int, object]


def read(source: SourceFile, applied: Applied) -> Iterator[Kept | Reject]:
    """The records of a file as its mapping says."""
    text = decode(source.bytes(), source.name).text
    numbered = _numbered(text, source.name, applied)
    for index, (line, record) in enumerate(numbered):
        place = Source(digest=source.digest, file=source.name, record=index, format=applied.mapping.format)
        if isinstance(record, Reject):
            yield record
            continue
        try:
            # A record is kept whole or not at all.
            yield from list(applied.kept(record, place))
        except ValueError as error:
            yield Reject(source.name, "", line, f"{error}.")


def _numbered(text: str, name: str, applied: Applied) -> Iterator[Numbered]:
    if applied.mapping.format == "json":
        return _json(text, name, applied.mapping.records)
    return lines(text, name) if applied.mapping.format == "jsonl" else csv_rows(text, name)


def lines(text: str, name: str) -> Iterator[Numbered]:
    """The values of a JSONL text with their line numbers from 1; blank lines count but hold nothing."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, parse(line, name)
        except ImportRefused as error:
            yield number, Reject(name, "", number, error.what.replace("at line 1, column", "at column"))


def _json(text: str, name: str, path: str) -> Iterator[Numbered]:
    value = parse(text, name)
    for step in filter(None, path.split(".")):
        value = value.get(step) if isinstance(value, Mapping) else None
    if not isinstance(value, list):
        what = f"{path} in this file" if path else "this file"
        raise ImportRefused(
            f"{what} is not a list of records.", where=name, next="Correct `records` in the mapping."
        )
    yield from enumerate(value, 1)


def csv_rows(text: str, name: str) -> Iterator[Numbered]:
    """The rows of a CSV text as objects, with their line numbers from 1.

    Raises:
        ImportRefused: It is not CSV, or its first line does not name each column once.
    """
    before = csv.field_size_limit(_LONGEST_FIELD)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        head = next(rows, None)
        if not head or len(set(head)) != len(head):
            raise ImportRefused("the first line does not name each column once.", where=name)
        for row in rows:
            if not row:
                continue
            if len(row) != len(head):
                yield (
                    rows.line_num,
                    Reject(name, "", rows.line_num, f"the row has {len(row)} fields, the head has {len(head)}."),
                )
            else:
                yield rows.line_num, dict(zip(head, row, strict=True))
    except csv.Error as error:
        raise ImportRefused(f"line {rows.line_num} is not CSV: {error}.", where=name) from None
    finally:
        csv.field_size_limit(before)
