"""Parquet segments: written once, named by the digest of their bytes, read by row, by column or in a stream."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from allegiance.corpus import wording
from allegiance.corpus.files import PARTIAL, settle, sync_file
from allegiance.corpus.rows import SCHEMA, STORED, batch
from allegiance.errors import CorpusDamaged
from allegiance.records.manifest import Segment
from allegiance.records.transcript import Transcript

GROUP_ROWS = 256
"""Rows of a row group: what is decompressed to fetch one transcript."""
SEGMENT_ROWS = 16_384
"""Rows of a segment at most."""

_SINGLE = ("transcript_id", "text_digest", "messages", "metadata", "source_record", "sample", "task_repeat")
_CODED = [name for name in STORED.names if name not in _SINGLE]
"""Columns whose values repeat, so that a dictionary of them pays."""
_PACKED = {
    name: "zstd" if name in (*_SINGLE[:4], "request", "task_id", "score", "error") else "none"
    for name in STORED.names
}
"""Columns that are worth compressing: what a dictionary holds is small already, and each column costs by itself."""
_LEVELS = {name: 3 for name, codec in _PACKED.items() if codec == "zstd"}
_MEASURED = [name for name in STORED.names if name not in ("messages", "metadata")]
"""Columns of which the least and greatest value are kept."""

Item = tuple[str, str, Transcript]


def write(folder: Path, items: Iterable[Item]) -> list[Segment]:
    """Write items, given as (name, text digest, transcript), to as many segments as they need; none for no items.

    If this raises, segments that were already finished stay behind; no manifest names them.
    """
    made = stage(folder, str(os.getpid()), map(batch, _grouped(iter(items))))
    return [reveal(folder, partial, segment) for partial, segment in made]


def stage(folder: Path, tag: str, batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[Path, Segment]]:
    """Write batches of at most `GROUP_ROWS` rows to as many segments as they need, whose files nobody sees yet.

    Each is on disk when it comes; `reveal` gives it its name. If this raises, those that came stay behind.

    Args:
        folder: Where.
        tag: Something that no other writer has, for the names of the files.
        batches: Rows of the schema `STORED`. Where they have `GROUP_ROWS` rows, segments are filled exactly.
    """
    stream = iter(batches)
    for count, first in enumerate(stream):
        partial = folder / f"{PARTIAL}{tag}-{count}.parquet"
        yield partial, _write_one(partial, _up_to(SEGMENT_ROWS, first, stream))


def reveal(folder: Path, partial: Path, segment: Segment) -> Segment:
    """Give a staged segment its name, so that it can be part of a version."""
    settle(partial, folder / f"{segment.digest.removeprefix('sha256:')}.parquet")
    return segment


def names(path: Path) -> list[list[str]]:
    """The names in a segment, by row group."""
    with _open(path) as file:
        return [
            file.read_row_group(group, ["transcript_id"]).column(0).to_pylist()
            for group in range(file.num_row_groups)
        ]


def row(path: Path, group: int, index: int, columns: Sequence[str]) -> dict[str, object]:
    """One row of a segment."""
    with _open(path) as file:
        found: list[dict[str, object]] = _group(file, group, columns, slice(index, index + 1)).to_pylist()
    return found[0]


def scan(path: Path, columns: Sequence[str]) -> Iterator[dict[str, object]]:
    """All rows of a segment, one row group in memory at a time."""
    with _open(path) as file:
        for group in range(file.num_row_groups):
            yield from _group(file, group, columns).to_pylist()


def batches(path: Path, without: Collection[str]) -> Iterator[pa.RecordBatch]:
    """All columns of a segment, one row group at a time, less the rows with these names."""
    with _open(path) as file:
        for group in range(file.num_row_groups):
            yield from _without(_group(file, group, SCHEMA.names).cast(SCHEMA), without).to_batches()


def table(paths: Sequence[Path], columns: Sequence[str], without: Collection[str]) -> pa.Table:
    """Columns of some segments, less the rows with these names."""
    schema = pa.schema([SCHEMA.field(name) for name in columns])
    wanted = list(dict.fromkeys((*columns, "transcript_id") if without else columns))
    made = [_columns(path, wanted) for path in paths]
    if not made:
        return schema.empty_table()
    whole = pa.concat_tables(made)
    return _without(whole, without).select(list(columns)).cast(schema)


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, as a content name."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def _grouped(stream: Iterator[Item]) -> Iterator[list[Item]]:
    """Row groups; the last of a segment ends where the segment does."""
    left = SEGMENT_ROWS
    while group := list(islice(stream, min(GROUP_ROWS, left))):
        yield group
        left = left - len(group) or SEGMENT_ROWS


def _up_to(most: int, first: pa.RecordBatch, stream: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The first batch, and those that follow until there are so many rows."""
    yield first
    count = first.num_rows
    while count < most and (more := next(stream, None)) is not None:
        yield more
        count += more.num_rows


def _write_one(partial: Path, batches: Iterator[pa.RecordBatch]) -> Segment:
    count = 0
    try:
        with pq.ParquetWriter(
            partial, STORED, compression=_PACKED, compression_level=_LEVELS, store_schema=True,
            use_dictionary=_CODED, write_statistics=_MEASURED,
        ) as writer:  # fmt: skip
            for one in batches:
                writer.write_batch(one, row_group_size=GROUP_ROWS)
                count += one.num_rows
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_file(partial)
    return Segment(digest=file_digest(partial), rows=count, bytes=partial.stat().st_size)


def _columns(path: Path, columns: list[str]) -> pa.Table:
    with _open(path) as file:
        if set(columns).isdisjoint(wording.COLUMNS):
            return file.read(columns)
        return pa.concat_tables(_group(file, group, columns) for group in range(file.num_row_groups))


def _group(file: pq.ParquetFile, group: int, columns: Sequence[str], rows: slice = slice(None)) -> pa.Table:
    """Columns of a row group; those that no segment holds are worked out from the messages."""
    derived = [name for name in columns if name in wording.COLUMNS]
    stored = [name for name in columns if name not in derived]
    if not derived:
        return file.read_row_group(group, stored)[rows]
    read = file.read_row_group(group, list(dict.fromkeys((*stored, "messages"))))[rows]
    made = wording.columns(read["messages"].to_pylist(), derived)
    return pa.table({name: made[name] if name in made else read[name] for name in columns})


def _without(whole: pa.Table, names: Collection[str]) -> pa.Table:
    if not names:
        return whole
    keep = pa.array([name not in names for name in whole.column("transcript_id").to_pylist()], pa.bool_())
    return whole.filter(keep)


@contextmanager
def _open(path: Path) -> Iterator[pq.ParquetFile]:
    """A segment for reading; what Arrow finds wrong with it, then or later, is said as damage."""
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise CorpusDamaged(
            f"this segment cannot be read: {' '.join(str(error).split())}.",
            where=str(path),
            next="See what else is damaged with: allegiance corpus fsck",
        ) from None
