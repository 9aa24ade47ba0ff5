"""Rows from segments into new segments, as they are: for compaction, merges, subsets and take-downs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from allegiance.corpus import segments
from allegiance.corpus.digests import Digests, packed, without
from allegiance.corpus.files import PARTIAL, settle, sync_file
from allegiance.corpus.places import Held
from allegiance.corpus.rows import STORED
from allegiance.errors import CorpusDamaged
from allegiance.records.manifest import Segment

LIGHT = (
    "transcript_id", "text_digest", "model", "request", "condition", "run", "sample", "status", "message_count",
    "source_digest", "source_member", "source_record", "source_format",
)  # fmt: skip
"""What is kept of a transcript that was taken down: columns without its words, its metadata and its file's name."""


def write(folder: Path, rows: Iterable[pa.RecordBatch]) -> list[Segment]:
    """Write rows to as many segments as they need, each full but the last.

    If this raises, files that were begun stay behind; no manifest names them.
    """
    made = segments.stage(folder, str(os.getpid()), _regrouped(rows))
    return [segments.reveal(folder, partial, segment) for partial, segment in made]


def chosen(held: Held, names: Digests, *, there: bool) -> Iterator[pa.RecordBatch]:
    """The stored columns of those rows of a segment that are among some names (or, if not `there`, that are not).

    Raises:
        CorpusDamaged: The segment cannot be read, or lacks a column.
    """
    wanted = _Set(names)
    try:
        with pq.ParquetFile(held.path, pre_buffer=False) as file:
            for group in range(file.num_row_groups):
                read = file.read_row_group(group, list(STORED.names)).select(STORED.names).cast(STORED)
                among = wanted.has(packed(read.column("transcript_id").to_pylist()))
                yield from read.filter(pa.array(among if there else ~among)).to_batches()
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise CorpusDamaged(
            f"this segment cannot be read: {' '.join(str(error).split())}.",
            where=str(held.path),
            next="See what else is damaged with: allegiance corpus fsck",
        ) from None


def write_light(folder: Path, rows: Iterable[pa.RecordBatch]) -> str:
    """Write the `LIGHT` columns of rows to a file of their own, all others empty; returns its digest."""
    folder.mkdir(exist_ok=True)
    partial = folder / f"{PARTIAL}{os.getpid()}.parquet"
    whole = pa.Table.from_batches(rows, schema=STORED)
    empty = {name: pa.nulls(len(whole), STORED.field(name).type) for name in STORED.names if name not in LIGHT}
    columns = [empty[name] if name in empty else whole[name] for name in STORED.names]
    pq.write_table(pa.Table.from_arrays(columns, schema=STORED), partial, compression="zstd")
    sync_file(partial)
    digest = segments.file_digest(partial)
    settle(partial, folder / f"{digest.removeprefix('sha256:')}.parquet")
    return digest


def copied(folder: Path, held: Held) -> Segment:
    """Copy a segment as it is, under its name.

    Raises:
        CorpusDamaged: Its bytes do not match its name. Nothing was kept.
    """
    partial = folder / f"{PARTIAL}{os.getpid()}-copy.parquet"
    made = hashlib.sha256()
    with held.path.open("rb") as source, partial.open("wb") as target:
        while data := source.read(1 << 20):
            made.update(data)
            target.write(data)
    if f"sha256:{made.hexdigest()}" != held.digest:
        partial.unlink()
        raise CorpusDamaged("the bytes of this segment do not match its name.", where=str(held.path))
    sync_file(partial)
    size = partial.stat().st_size
    settle(partial, folder / f"{held.digest.removeprefix('sha256:')}.parquet")
    return Segment(digest=held.digest, rows=held.rows, bytes=size)


def is_ours(path: Path) -> bool:
    """Whether a file has the columns that our segments have, and no others."""
    try:
        return bool(pq.read_schema(path).equals(STORED))
    except (pa.ArrowException, OSError):
        return False


def among(digests: Digests, others: Digests) -> Digests:
    """The sorted, distinct rows that are among others, which are sorted and distinct too."""
    return without(digests, without(digests, others))


class _Set:
    """Names that can be looked for in bulk."""

    def __init__(self, names: Digests) -> None:
        self._names = {bytes(name) for name in names}

    def has(self, asked: Digests) -> NDArray[np.bool_]:
        return np.fromiter((bytes(name) in self._names for name in asked), bool, len(asked))


def _regrouped(rows: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches of exactly `segments.GROUP_ROWS` rows; the last of a segment ends where the segment does."""
    waiting: list[pa.RecordBatch] = []
    count, left = 0, segments.SEGMENT_ROWS
    for one in rows:
        at = 0
        while at < one.num_rows:
            part = one.slice(at, min(segments.GROUP_ROWS, left) - count)
            waiting.append(part)
            count, at = count + part.num_rows, at + part.num_rows
            if count == min(segments.GROUP_ROWS, left):
                yield _one(waiting)
                left = left - count or segments.SEGMENT_ROWS
                waiting, count = [], 0
    if waiting:
        yield _one(waiting)


def _one(parts: list[pa.RecordBatch]) -> pa.RecordBatch:
    return pa.Table.from_batches(parts).combine_chunks().to_batches()[0] if len(parts) > 1 else parts[0]
