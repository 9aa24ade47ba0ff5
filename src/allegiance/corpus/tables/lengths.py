"""How long transcripts are, and what became of their reasoning: read from the words once, then kept as columns.

    corpus/index/lengths/<hex of the segment>.arrow

holds this for one segment; derived, like all of ``index/``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pyarrow as pa

from allegiance.corpus import segments
from allegiance.corpus.messages import EXACT
from allegiance.corpus.places import Held
from allegiance.corpus.rows import RECORD_COLUMNS, transcript
from allegiance.corpus.store import Corpus
from allegiance.corpus.tables.light import Light, kept_or_made, whole
from allegiance.corpus.wording import spoken

if TYPE_CHECKING:
    from allegiance.corpus.tables.light import Codes, Ints

FOLDER = "index/lengths"
Reasoning = Literal["words", "empty", "redacted", "missing"]
REASONING: tuple[Reasoning, ...] = get_args(Reasoning)
"""What the model's reasoning is: words; there and empty; withheld by the source, in part at least; not there."""
SCHEMA = pa.schema(
    [("transcript_id", pa.large_string()), ("characters", pa.int64()), ("reasoning", pa.int8())],
    metadata={b"allegiance": b"allegiance-lengths/1"},
)
GONE = -1
"""Stands for what is not known, of a transcript that was taken down."""


@dataclass(frozen=True)
class Lengths:
    """What the words tell, for each transcript of a version in order of name; -1 where they were taken down.

    Attributes:
        characters: Code points of all words.
        reasoning: Place in `REASONING`.
    """

    characters: Ints
    reasoning: Codes


def lengths(corpus: Corpus, transcripts: Light) -> Lengths:
    """What the words of these transcripts tell.

    Raises:
        CorpusDamaged: A transcript cannot be read.
    """
    made = [kept_or_made(corpus.folder / FOLDER, each, SCHEMA, _read) for each in corpus.held(transcripts.version)]
    table = pa.concat_tables([SCHEMA.empty_table(), *made])
    at = transcripts.find(whole(table["transcript_id"]))
    characters, reasoning = (
        np.append(np.asarray(whole(table[name])), GONE)[at] for name in ("characters", "reasoning")
    )
    return Lengths(characters, reasoning.astype(np.int32))


def _read(held: Held) -> pa.Table:
    rows = segments.scan(held.path, ("transcript_id", *RECORD_COLUMNS))
    found = [(str(row["transcript_id"]), *_measured(row)) for row in rows]
    columns = zip(*found, strict=True) if found else ((), (), ())
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], SCHEMA)


def _measured(row: dict[str, object]) -> tuple[int, int]:
    """Code points of a stored transcript, and what its reasoning is."""
    stored = str(row["messages"])
    words = spoken(stored)
    return len(words.text), REASONING.index(_reasoning(row, stored, words.reasoning))


def _reasoning(row: dict[str, object], stored: str, words: str) -> Reasoning:
    # Most can be told from the text as it is stored; only what is left is read in full.
    if '"redacted":true' not in stored and words:
        return "words"
    if '"reasoning' not in stored and EXACT not in stored:
        return "missing"
    parts = [part for message in transcript(row).messages for part in message.parts if message.role == "assistant"]
    thoughts = [part for part in parts if part.kind == "reasoning"]
    if any(part.redacted for part in thoughts):
        return "redacted"
    return "words" if any(part.text for part in thoughts) else "empty" if thoughts else "missing"
