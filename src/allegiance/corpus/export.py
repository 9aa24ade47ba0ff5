"""Exporting a corpus: JSONL and JSON that import back to the same names, or one Parquet file for any engine.

Every record carries the canary of this package beside its own, so that none can be cut out without one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from allegiance.corpus.files import PARTIAL, settle
from allegiance.corpus.importers.own import MARK, VERSION
from allegiance.corpus.rows import SCHEMA
from allegiance.corpus.segments import GROUP_ROWS
from allegiance.corpus.store import Corpus
from allegiance.errors import UnknownName, UsageError
from allegiance.records.canary import CANARY, MARKER
from allegiance.records.transcript import Transcript

Format = Literal["jsonl", "json", "parquet"]
FORMATS: tuple[Format, ...] = ("jsonl", "json", "parquet")


def export(corpus: Corpus, dest: Path, form: str) -> int:
    """Write the current version to a new file, which appears whole or not at all.

    Returns:
        The number of transcripts written.

    Raises:
        UnknownName: There is no such format.
        UsageError: The file exists already, or its directory does not.
    """
    writers: dict[str, Callable[[Corpus, BinaryIO], int]] = {"jsonl": _jsonl, "json": _json, "parquet": _parquet}
    if form not in writers:
        raise UnknownName("export format", form, FORMATS)
    if dest.exists() or not dest.parent.is_dir():
        what = "this file exists already." if dest.exists() else "the directory of this file does not exist."
        raise UsageError(what, where=str(dest), next="Choose another name.")
    partial = dest.with_name(f"{PARTIAL}{os.getpid()}-{dest.name}")
    try:
        with partial.open("xb") as file:
            count = writers[form](corpus, file)
            file.flush()
            os.fsync(file.fileno())
        settle(partial, dest)
    finally:
        partial.unlink(missing_ok=True)
    return count


def _head(corpus: Corpus) -> dict[str, object]:
    manifest = corpus.head()
    return {MARK: VERSION, "count": manifest.count, "corpus": manifest.version, MARKER: CANARY}


def _lines(corpus: Corpus) -> Iterator[bytes]:
    return (_bytes({"name": name, MARKER: CANARY, **_plain(item)}) for name, item in corpus.iter())


def _plain(item: Transcript) -> dict[str, object]:
    made: dict[str, object] = msgspec.to_builtins(item)
    return made


def _bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _jsonl(corpus: Corpus, file: BinaryIO) -> int:
    file.write(_bytes(_head(corpus)) + b"\n")
    count = 0
    for line in _lines(corpus):
        file.write(line + b"\n")
        count += 1
    return count


def _json(corpus: Corpus, file: BinaryIO) -> int:
    file.write(_bytes(_head(corpus))[:-1] + b',"transcripts":[\n')
    count = 0
    for line in _lines(corpus):
        file.write((b",\n" if count else b"") + line)
        count += 1
    file.write(b"\n]}\n")
    return count


def _parquet(corpus: Corpus, file: BinaryIO) -> int:
    count = 0
    schema = SCHEMA.append(pa.field(MARKER, pa.large_string()))
    with pq.ParquetWriter(file, schema, compression="zstd", compression_level=3) as writer:
        for batch in corpus.batches():
            marker = pa.array([CANARY] * batch.num_rows, pa.large_string())
            marked = pa.RecordBatch.from_arrays([*batch.columns, marker], schema=schema)
            writer.write_batch(marked, row_group_size=GROUP_ROWS)
            count += batch.num_rows
    return count
