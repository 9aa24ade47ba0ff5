"""Parquet segments: written once, named by the digest of their bytes, read by row, by column or in a stream."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from allegiance.corpus.files import PARTIAL, settle, sync_file
from allegiance.corpus.rows import SCHEMA, batch
from allegiance.errors import CorpusDamaged
from allegiance.records.manifest import Segment
from allegiance.records.transcript import Transcript

GROUP_ROWS = 256
"""Rows of a row group: what is decompressed to fetch one transcript."""
SEGMENT_ROWS = 16_384
"""Rows of a segment at most."""

Item = tuple[str, str, Transcript]


def write(folder: Path, items: Iterable[Item]) -> list[Segment]:
    """Write items, given as (name, text digest, transcript), to as many segments as they need; none for no items.

    If this raises, segments that were already finished stay behind; no manifest names them.
    """
    stream, made = iter(items), []
    while (first := next(stream, None)) is not None:
        made.append(_write_one(folder, islice(chain((first,), stream), SEGMENT_ROWS)))
    return made


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
        found: list[dict[str, object]] = file.read_row_group(group, list(columns)).slice(index, 1).to_pylist()
    return found[0]


def scan(path: Path, columns: Sequence[str]) -> Iterator[dict[str, object]]:
    """All rows of a segment, one row group in memory at a time."""
    with _open(path) as file:
        for group in range(file.num_row_groups):
            yield from file.read_row_group(group, list(columns)).to_pylist()


def batches(path: Path, without: Collection[str]) -> Iterator[pa.RecordBatch]:
    """All columns of a segment, one row group at a time, less the rows with these names."""
    with _open(path) as file:
        for group in range(file.num_row_groups):
            yield from _without(file.read_row_group(group), without).to_batches()


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


def _write_one(folder: Path, items: Iterator[Item]) -> Segment:
    partial = folder / f"{PARTIAL}{os.getpid()}.parquet"
    count = 0
    try:
        with pq.ParquetWriter(
            partial, SCHEMA, compression="zstd", compression_level=3, store_schema=True
        ) as writer:
            while group := list(islice(items, GROUP_ROWS)):
                writer.write_batch(batch(group), row_group_size=GROUP_ROWS)
                count += len(group)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_file(partial)
    digest = file_digest(partial)
    path = folder / f"{digest.removeprefix('sha256:')}.parquet"
    size = partial.stat().st_size
    settle(partial, path)
    return Segment(digest=digest, rows=count, bytes=size)


def _columns(path: Path, columns: list[str]) -> pa.Table:
    with _open(path) as file:
        return file.read(columns)


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
