"""Rows of tables as records: Parquet files, and the Arrow files of data sets that were saved to disk.

A table with the columns of a transcript database is read as one; of any other table each row is a record, as if it
were a line of JSONL. Nothing in a table is executed: extension types are read as what they are stored as, and the
loading script of a data set is never looked at.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from allegiance.corpus.importers import parquet
from allegiance.corpus.importers.found import Kept, Reject
from allegiance.corpus.importers.source import SourceFile
from allegiance.corpus.rows import RECORD_COLUMNS
from allegiance.errors import ImportRefused

ARROW = "arrow"
_FILE, _STREAM = b"ARROW1", b"\xff\xff\xff\xff"
_ROWS = 64
_DATABASE = {"transcript_id", "messages"}


def is_arrow(start: bytes, name: str) -> bool:
    """Whether a file is an Arrow file or stream, from its first bytes and its name."""
    return start[:4] == _FILE[:4] or (start[:4] == _STREAM and name.lower().endswith(".arrow"))


def columns(source: SourceFile, form: str) -> list[str]:
    """The columns of a table.

    Raises:
        ImportRefused: It cannot be read.
    """
    with _reading(source):
        if form == ARROW:
            return list(_arrow(source)[0].names)
        with pq.ParquetFile(source.file, memory_map=False) as file:
            return list(file.schema_arrow.names)


def is_database(names: list[str]) -> bool:
    """Whether a table with these columns is a database of transcripts."""
    return set(names) >= _DATABASE


def database(source: SourceFile) -> Iterator[Kept | Reject]:
    """The transcripts of an Arrow file with the columns of a database, ours or Scout's."""
    index = -1
    for index, row in enumerate(rows(source, ARROW)):
        read = parquet.of_ours if set(row) >= set(RECORD_COLUMNS) else parquet.of_scout
        yield read(row, index, source)


def values(source: SourceFile, form: str) -> Iterator[tuple[int, object]]:
    """The rows of a table as JSON objects, numbered from 1. What JSON cannot say becomes text.

    Raises:
        ImportRefused: It cannot be read, or a part of it is larger than the limit.
    """
    for number, row in enumerate(rows(source, form), 1):
        yield number, _plain(row)


def rows(source: SourceFile, form: str) -> Iterator[Mapping[str, object]]:
    """The rows of a table as they are, a small part of it in memory at a time."""
    with _reading(source):
        if form == ARROW:
            for batch in _arrow(source)[1]:
                _check(batch.nbytes, source)
                batch.validate(full=True)
                for start in range(0, batch.num_rows, _ROWS):
                    yield from batch.slice(start, _ROWS).to_pylist()
            return
        with pq.ParquetFile(source.file, memory_map=False) as file:
            sizes = [file.metadata.row_group(index).total_byte_size for index in range(file.num_row_groups)]
            _check(max(sizes, default=0), source)
            for batch in file.iter_batches(batch_size=_ROWS):
                yield from batch.to_pylist()


def _arrow(source: SourceFile) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The schema of an Arrow file or stream, and its batches, one at a time."""
    source.file.seek(0)
    start = source.file.read(len(_FILE))
    source.file.seek(0)
    if start == _FILE:
        file = pa.ipc.open_file(source.file)
        return file.schema, (file.get_batch(index) for index in range(file.num_record_batches))
    stream = pa.ipc.open_stream(source.file)
    return stream.schema, iter(stream)


@contextmanager
def _reading(source: SourceFile) -> Iterator[None]:
    try:
        source.file.seek(0)
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError, ValueError, OverflowError) as error:
        why = " ".join(str(error).split()).rstrip(".")
        raise ImportRefused(
            f"this table cannot be read: {why}.", where=source.name, next="Copy it again."
        ) from None


def _check(size: int, source: SourceFile) -> None:
    most = source.limits.member_bytes
    if size > most:
        what = f"a part of this table would expand to {size:,} bytes; the limit is {most:,}."
        raise ImportRefused(what, where=source.name)


def _plain(value: object) -> object:
    """A value of a table as JSON has it: bytes as base64, dates and the like as text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)
