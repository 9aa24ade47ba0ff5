"""Parquet: Inspect Scout's transcript databases, and our own segments and exports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from allegiance.corpus.importers.besides import LABELS, verdicts
from allegiance.corpus.importers.found import Kept, Reject
from allegiance.corpus.importers.source import SourceFile
from allegiance.corpus.messages import from_chat
from allegiance.corpus.rows import FORMAT_KEY, RECORD_COLUMNS, transcript
from allegiance.corpus.safe import clean, marked, parse
from allegiance.errors import AllegianceError, ImportRefused
from allegiance.records.transcript import Message, Source, Status, Transcript

FORMAT = "scout"
_GROUP = 64
_SPENT = ("messages", "events", "events_data", "timelines", "transcript_id", "model", "filename")


def read(source: SourceFile) -> Iterator[Kept | Reject]:
    """The transcripts of a Parquet file.

    Raises:
        ImportRefused: It is damaged, or not a database of transcripts.
    """
    try:
        source.file.seek(0)
        with pq.ParquetFile(source.file, memory_map=False) as file:
            ours = FORMAT_KEY in (file.schema_arrow.metadata or {}) and set(RECORD_COLUMNS) <= set(
                file.schema_arrow.names
            )
            _check(file, source)
            for index, row in enumerate(_rows(file)):
                yield of_ours(row, index, source) if ours else of_scout(row, index, source)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ImportRefused(
            f"this Parquet file cannot be read: {error}.", where=source.name, next="Copy it again."
        ) from None


def _rows(file: pq.ParquetFile) -> Iterator[Mapping[str, object]]:
    wanted = [
        field.name
        for field in file.schema_arrow
        if field.name not in ("events", "events_data", "timelines", "text")
    ]
    for batch in file.iter_batches(batch_size=_GROUP, columns=wanted):
        yield from batch.to_pylist()


def _check(file: pq.ParquetFile, source: SourceFile) -> None:
    names = file.schema_arrow.names
    if "transcript_id" not in names or "messages" not in names:
        what = "a table of scan results" if "scanner_key" in names or "scan_id" in names else "a table"
        raise ImportRefused(
            f"it is {what}, not a transcript database: it lacks the columns transcript_id and messages.",
            where=source.name,
        )
    declared = sum(file.metadata.row_group(index).total_byte_size for index in range(file.num_row_groups))
    if declared > source.limits.total_bytes:
        raise ImportRefused(
            f"it would expand to {declared:,} bytes; the limit is {source.limits.total_bytes:,}.", where=source.name
        )


def of_ours(row: Mapping[str, object], index: int, source: SourceFile) -> Kept | Reject:
    """The transcript of a row with our columns, which must have the name that it says."""
    try:
        item = transcript(row)
        if item.name != row["transcript_id"]:
            return Reject(source.name, "", index + 1, f"its words do not match its name {row['transcript_id']}.")
        return Kept(item, verdicts(row.get(LABELS), item.name))
    except AllegianceError as error:
        return Reject(source.name, "", index + 1, error.what)


def of_scout(row: Mapping[str, object], index: int, source: SourceFile) -> Kept | Reject:
    """The transcript of a row with Scout's columns."""
    try:
        raw = parse(str(row["messages"] or "[]"), "messages")
        value, notes = clean({"messages": raw, "metadata": _metadata(row)})
        assert isinstance(value, dict)
        turns = tuple(_message(message) for message in value["messages"])
    except ImportRefused as error:
        return Reject(source.name, "", index + 1, error.what)
    except (ValueError, TypeError) as error:
        return Reject(source.name, "", index + 1, f"its messages cannot be read: {error}.")
    repeat = row.get("task_repeat")
    task = "/".join(str(row[key]) for key in ("task_set", "task_id") if row.get(key))
    item = Transcript(
        messages=turns,
        source=Source(digest=source.digest, file=source.name, record=index, format=FORMAT),
        request=task if row.get("task_id") else "",
        model=str(row.get("model") or ""),
        run=str(row.get("source_id") or ""),
        sample=repeat - 1 if isinstance(repeat, int) and 1 <= repeat < 1 << 31 else -1,
        status=_status(row, turns),
        metadata=marked(value["metadata"], notes),
    )
    return Kept(item)


def _message(raw: object) -> Message:
    if not isinstance(raw, Mapping):
        raise ValueError("a message is not an object")
    return from_chat(raw)


def _status(row: Mapping[str, object], turns: tuple[Message, ...]) -> Status:
    if row.get("error"):
        return "error"
    if row.get("limit"):
        return "truncated"
    return "complete" if any(turn.role == "assistant" for turn in turns) else "incomplete"


def _metadata(row: Mapping[str, object]) -> dict[str, object]:
    """All other columns that have a value, as they came; what is neither text, number nor list becomes text."""
    kept: dict[str, object] = {}
    for key, value in row.items():
        if key not in _SPENT and value is not None:
            try:
                kept[key] = json.loads(json.dumps(value))
            except (TypeError, ValueError):
                kept[key] = str(value)
    return {"scout": {**kept, "transcript_id": row["transcript_id"]}}
