"""Rows of a segment, built column by column while transcripts are read; their names come last.

A name may depend on what only a later step knows: the digest of the file, how many records stood before a part of
it, how often the same request came before. So rows are gathered first, and `Rows.batches` names them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from allegiance.corpus import plain
from allegiance.corpus.digests import Digests, packed
from allegiance.corpus.messages import to_chat
from allegiance.corpus.rows import STORED, facts, plain_json
from allegiance.corpus.segments import GROUP_ROWS
from allegiance.errors import NotCanonical
from allegiance.records.canonical import canonical
from allegiance.records.condition import Condition
from allegiance.records.transcript import Transcript

COUNTED = -2
"""A sample index that is still to be counted: which repeat of its request this is."""
_encode = msgspec.json.Encoder().encode
_BINARY, _TEXT = pa.large_binary(), pa.large_string()
_FACTS = ("date", "task_set", "score", "total_time", "error", "limit")
_ENCODED = ("messages", "condition", "metadata")
"""Columns whose values are UTF-8 already."""
_MOST_KNOWN = 4096
"""Conditions whose canonical form is remembered."""


class _Row(msgspec.Struct):
    """What a row is made of; `sample` and `record` as they were read, and no digest if it is that of this file."""

    text: str
    messages: bytes
    length: int
    condition: bytes
    request: str
    model: str
    run: str
    sample: int
    status: str
    canary: str
    metadata: bytes
    digest: str | None
    file: str
    member: str
    record: int
    format: str
    facts: Mapping[str, object] | None

    @property
    def counted(self) -> bool:
        """Whether the sample index is still to be counted; only records that a mapping reads are counted."""
        return self.sample == COUNTED and self.digest is None


class Rows:
    """Rows that were read and have no names yet. `bytes` is the size of their messages and metadata."""

    def __init__(self) -> None:
        self.bytes = 0
        self._rows: list[_Row] = []
        self._conditions: dict[tuple[str, tuple[tuple[str, str], ...]], bytes] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, item: Transcript, *, here: bool) -> None:
        """Take a transcript in; `here` if its source is the file that is read, whose digest comes later.

        Raises:
            NotCanonical: It holds a value that cannot be stored.
        """
        chat = [to_chat(message, index) for index, message in enumerate(item.messages)]
        made = plain.Chat(_text_digest(item), plain_json(chat).encode(), len(chat), replied=False)
        self.add_plain(made, item, plain_json(item.metadata).encode(), here=here)

    def add_plain(self, chat: plain.Chat, item: Transcript, metadata: bytes, *, here: bool) -> None:
        """Take a transcript in whose messages are given as they are stored; those of `item` are not looked at.

        Raises:
            NotCanonical: It holds a value that cannot be stored.
        """
        source = item.source
        self._rows.append(
            _Row(
                chat.text_digest, chat.stored, chat.messages, self._condition(item.condition), item.request,
                item.model, item.run, item.sample, item.status, item.canary, metadata,
                None if here else source.digest, source.file, source.member, source.record, source.format,
                facts(item.metadata) or None,
            )
        )  # fmt: skip
        self.bytes += len(chat.stored) + len(metadata)

    def repeats(self) -> NDArray[np.void]:
        """For each row whose sample index is to be counted: 16 bytes that say of what it is a repeat."""
        keys = [
            hashlib.blake2b(_encode((row.request, row.model, row.run)) + row.condition, digest_size=16).digest()
            for row in self._rows
            if row.counted
        ]
        return np.frombuffer(b"".join(keys), np.dtype("V16"))

    def batches(self, digest: str, before: int, samples: Sequence[int]) -> Iterator[tuple[Digests, pa.RecordBatch]]:
        """Names and rows, a row group at a time.

        This is done once.

        Args:
            digest: SHA-256 of the file that was read.
            before: How many records stood before in that file.
            samples: The sample indices that were to be counted, in order.

        Raises:
            NotCanonical: A row holds a value that cannot be stored.
        """
        counted = iter(samples)
        for start in range(0, len(self), GROUP_ROWS):
            rows = self._rows[start : start + GROUP_ROWS]
            for row in rows:
                if row.digest is None:
                    row.sample = next(counted) if row.sample == COUNTED else row.sample
                    row.digest, row.record = digest, row.record + before
            try:
                names = list(map(_name, rows))
                yield packed(names), _batch(names, rows)
            except (pa.ArrowException, OverflowError, UnicodeEncodeError, ValueError) as error:
                raise NotCanonical(f"this transcript holds a value that cannot be stored: {error}.") from None

    def _condition(self, condition: Condition) -> bytes:
        key = (condition.scenario, tuple(condition.levels.items()))
        known = self._conditions.get(key)
        if known is None:
            if len(self._conditions) >= _MOST_KNOWN:
                self._conditions.clear()
            known = self._conditions[key] = canonical(condition)
        return known


def _text_digest(item: Transcript) -> str:
    """`Transcript.text_digest`, faster where no part has words in its data."""
    said = [(turn.role, [(p.kind, p.text, p.redacted, p.data) for p in turn.parts]) for turn in item.messages]
    try:
        if not any(part.data for message in item.messages for part in message.parts):
            return "sha256:" + hashlib.sha256(_encode(said)).hexdigest()
    except UnicodeEncodeError:  # it has no digest; the slow way says so
        pass
    return item.text_digest


def _name(row: _Row) -> str:
    """Its name as `records.transcript.occurrence` gives it."""
    condition = msgspec.Raw(row.condition)
    if row.request and row.model and row.sample >= 0:
        identity: dict[str, object] = {
            "condition": condition, "model": row.model, "request": row.request, "run": row.run,
            "sample": row.sample, "text": row.text,
        }  # fmt: skip
    else:
        identity = {
            "condition": condition, "member": row.member, "record": row.record, "source": row.digest,
            "text": row.text,
        }  # fmt: skip
    return "sha256:" + hashlib.sha256(_encode(identity)).hexdigest()


def _batch(names: list[str], rows: Sequence[_Row]) -> pa.RecordBatch:
    request, run, model = ([getattr(row, name) for row in rows] for name in ("request", "run", "model"))
    formats = [row.format for row in rows]
    columns: dict[str, Sequence[object]] = {
        "transcript_id": names, "source_type": formats, "source_id": run, "source_uri": [row.file for row in rows],
        "task_id": request, "task_repeat": [row.sample + 1 if row.sample >= 0 else None for row in rows],
        "model": model, "message_count": [row.length for row in rows], "trust_content": [False] * len(rows),
        "messages": [row.messages for row in rows], "request": request, "run": run,
        "condition": [row.condition for row in rows], "sample": [row.sample for row in rows],
        "status": [row.status for row in rows], "canary": [row.canary for row in rows],
        "text_digest": [row.text for row in rows], "metadata": [row.metadata for row in rows],
        "source_digest": [row.digest for row in rows], "source_member": [row.member for row in rows],
        "source_record": [row.record for row in rows], "source_format": formats,
    }  # fmt: skip
    if any(row.facts for row in rows):
        columns |= {name: [row.facts and row.facts.get(name) for row in rows] for name in _FACTS}
    return pa.RecordBatch.from_arrays([_array(told, columns, len(rows)) for told in STORED], schema=STORED)


def _array(told: pa.Field, columns: Mapping[str, Sequence[object]], length: int) -> pa.Array:
    values = columns.get(told.name)
    if values is None:
        return pa.nulls(length, told.type)
    if told.name in _ENCODED:
        return pa.array(values, _BINARY).view(_TEXT)
    return pa.array(values, told.type)
