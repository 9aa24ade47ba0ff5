"""A transcript as a row of a Parquet segment, and back.

The columns are a superset of Inspect Scout's transcript database, so that Scout and every engine that reads Parquet
can open a segment. `messages` holds Inspect chat messages as JSON; our own columns stand after Scout's. Three of
them, with words alone (`wording.COLUMNS`), stand in no segment: they are worked out from `messages` when asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec
import pyarrow as pa

from allegiance.corpus import wording
from allegiance.corpus.messages import from_stored, to_chat
from allegiance.errors import CorpusDamaged, NotCanonical
from allegiance.records.canonical import canonical
from allegiance.records.condition import Condition
from allegiance.records.record import Record
from allegiance.records.split import half
from allegiance.records.transcript import Source, Status, Transcript, identity, occurrence

_TEXT = pa.large_string()
_SCOUT = {
    "transcript_id": _TEXT, "source_type": _TEXT, "source_id": _TEXT, "source_uri": _TEXT, "date": _TEXT,
    "task_set": _TEXT, "task_id": _TEXT, "task_repeat": pa.int64(), "agent": _TEXT, "agent_args": _TEXT,
    "model": _TEXT, "model_options": _TEXT, "score": _TEXT, "score_explanation": _TEXT, "success": pa.bool_(),
    "message_count": pa.int64(), "total_time": pa.float64(), "total_tokens": pa.int64(), "error": _TEXT,
    "limit": _TEXT, "trust_content": pa.bool_(), "messages": _TEXT, "events": _TEXT, "timelines": _TEXT,
    "events_data": _TEXT,
}  # fmt: skip
_OURS = {
    "request": _TEXT, "condition": _TEXT, "run": _TEXT, "sample": pa.int64(), "status": _TEXT, "canary": _TEXT,
    "text_digest": _TEXT, "answer": _TEXT, "reasoning": _TEXT, "text": _TEXT, "metadata": _TEXT,
    "source_digest": _TEXT, "source_member": _TEXT, "source_record": pa.int64(), "source_format": _TEXT,
}  # fmt: skip
FORMAT_KEY = b"allegiance"
SCHEMA = pa.schema(list((_SCOUT | _OURS).items()), metadata={FORMAT_KEY: b"allegiance-segment/1"})
"""Columns of a corpus. `text` holds the words of all messages, `answer` and `reasoning` those of the model."""
STORED = pa.schema([field for field in SCHEMA if field.name not in wording.COLUMNS], metadata=SCHEMA.metadata)
"""Columns of a segment."""
RECORD_COLUMNS = (
    "model", "request", "condition", "run", "sample", "status", "canary", "messages", "metadata",
    "source_digest", "source_uri", "source_member", "source_record", "source_format",
)  # fmt: skip
"""Columns from which a transcript is read back."""
ROW_COLUMNS = (
    "transcript_id", "text_digest", "model", "request", "condition", "run", "sample", "status",
    "source_digest", "source_member", "source_record",
)  # fmt: skip
"""Columns of a `Row`."""


class Row(Record, frozen=True, kw_only=True):
    """What is known of a transcript without its words.

    Attributes:
        name: The occurrence.
        text_digest: Digest of its words.
        request, condition, model, run, sample, status: As in the transcript.
        source, member, record: Digest of the source, member and record index; the name needs them where request,
            model or sample index is unknown.
    """

    name: str
    text_digest: str
    request: str = ""
    condition: Condition = Condition()
    model: str = ""
    run: str = ""
    sample: int = -1
    status: Status = "complete"
    source: str = ""
    member: str = ""
    record: int = 0

    def identity(self) -> dict[str, object]:
        """What the name is the digest of (see `records.transcript.identity`)."""
        source = Source(digest=self.source, file="", member=self.member, record=self.record)
        return identity(
            self.text_digest,
            Transcript(
                messages=(), source=source, request=self.request, condition=self.condition,
                model=self.model, run=self.run, sample=self.sample,
            ),
        )  # fmt: skip

    def fields(self) -> dict[str, str]:
        """What a predicate sees: the levels of the condition, and model, request, run, split and status."""
        own = {"model": self.model, "request": self.request, "run": self.run, "status": self.status}
        own["split"] = half(self.request or self.name)
        return {**self.condition.levels, **own}


def named(item: Transcript) -> tuple[str, str]:
    """The name of a transcript and the digest of its words, at the price of one canonical form."""
    text = item.text_digest
    return occurrence(text, item), text


def batch(items: Sequence[tuple[str, str, Transcript]]) -> pa.RecordBatch:
    """Rows of a segment for transcripts given as (name, text digest, transcript).

    Raises:
        NotCanonical: Metadata or extras hold a value that JSON cannot say, such as NaN.
    """
    rows = [_row(name, text, item) for name, text, item in items]
    try:
        return pa.RecordBatch.from_pylist(rows, schema=STORED)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError) as error:
        raise NotCanonical(f"this transcript holds a value that cannot be stored: {error}.") from None


def transcript(row: Mapping[str, object]) -> Transcript:
    """The transcript of a row that has the `RECORD_COLUMNS`.

    Raises:
        CorpusDamaged: The row is not one that `batch` wrote.
    """
    try:
        stored = json.loads(str(row["messages"]))
        plain = {key: row[key] for key in ("model", "request", "run", "sample", "status", "canary")}
        return Transcript(
            messages=tuple(from_stored(raw, index) for index, raw in enumerate(stored)),
            source=_source(row),
            condition=msgspec.json.decode(str(row["condition"]), type=Condition),
            metadata=json.loads(str(row["metadata"])),
            **plain,  # type: ignore[arg-type]
        )
    except (ValueError, KeyError, TypeError, AttributeError, msgspec.MsgspecError) as error:
        raise CorpusDamaged(
            f"a stored transcript cannot be read: {error}.", next="Run: allegiance corpus fsck"
        ) from None


def rows(table: pa.Table) -> list[Row]:
    """The rows of a table that has the `ROW_COLUMNS`, in its order."""
    conditions: dict[str, Condition] = {}
    made = []
    for row in table.select(list(ROW_COLUMNS)).to_pylist():
        text = row["condition"]
        if text not in conditions:
            conditions[text] = msgspec.json.decode(text, type=Condition)
        made.append(
            Row(
                name=row["transcript_id"], text_digest=row["text_digest"], request=row["request"],
                condition=conditions[text], model=row["model"], run=row["run"], sample=row["sample"],
                status=row["status"], source=row["source_digest"], member=row["source_member"],
                record=row["source_record"],
            )
        )  # fmt: skip
    return made


def _row(name: str, text: str, item: Transcript) -> dict[str, object]:
    source = item.source
    chat = [to_chat(message, index) for index, message in enumerate(item.messages)]
    return facts(item.metadata) | {
        "transcript_id": name, "source_type": source.format, "source_id": item.run, "source_uri": source.file,
        "task_id": item.request, "task_repeat": item.sample + 1 if item.sample >= 0 else None,
        "model": item.model, "message_count": len(chat), "trust_content": False, "messages": plain_json(chat),
        "request": item.request, "condition": canonical(item.condition).decode(), "run": item.run,
        "sample": item.sample, "status": item.status, "canary": item.canary, "text_digest": text,
        "metadata": plain_json(item.metadata), "source_digest": source.digest, "source_member": source.member,
        "source_record": source.record, "source_format": source.format,
    }  # fmt: skip


def facts(metadata: Mapping[str, object]) -> dict[str, object]:
    """Scout's columns that an Inspect log knows; the metadata says the same; these are for other readers."""
    log = metadata.get("inspect")
    if not isinstance(log, Mapping):
        return {}
    made: dict[str, object] = {"date": log.get("created"), "task_set": log.get("task"), "limit": log.get("limit")}
    if isinstance(scores := metadata.get("scores"), Mapping) and scores:
        made["score"] = plain_json(scores)
    if isinstance(seconds := log.get("total_time"), int | float):
        made["total_time"] = float(seconds)
    if isinstance(error := log.get("error"), str):
        made["error"] = error
    return {key: value for key, value in made.items() if isinstance(value, str | float)}


def _source(row: Mapping[str, object]) -> Source:
    record = row["source_record"]
    assert isinstance(record, int)
    return Source(
        digest=str(row["source_digest"]),
        file=str(row["source_uri"]),
        member=str(row["source_member"]),
        record=record,
        format=str(row["source_format"]),
    )


def plain_json(value: object) -> str:
    """A value as it stands in a segment.

    Raises:
        NotCanonical: JSON in UTF-8 cannot say it.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()
    except (ValueError, TypeError) as error:
        raise NotCanonical(f"this transcript holds a value that cannot be stored: {error}.") from None
    return text
