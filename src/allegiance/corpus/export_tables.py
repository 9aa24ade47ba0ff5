"""Exports as tables: one Parquet file, a Scout database, and a data set that Hugging Face's library loads.

All have the columns of a segment (see `rows.SCHEMA`), then the canary, then the labels if they were asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from allegiance.corpus.export_target import Chosen
from allegiance.corpus.importers.besides import LABELS, written
from allegiance.corpus.rows import SCHEMA
from allegiance.corpus.segments import GROUP_ROWS, SEGMENT_ROWS
from allegiance.records.canary import CANARY, MARKER

_TYPES = {pa.large_string(): "large_string", pa.int64(): "int64", pa.float64(): "float64", pa.bool_(): "bool"}
_STATE: dict[str, object] = {
    "_format_columns": None,
    "_format_kwargs": {},
    "_format_type": None,
    "_output_all_columns": False,
    "_split": None,
}


def parquet(chosen: Chosen, file: BinaryIO) -> int:
    """One Parquet file."""
    count = 0
    with _writer(chosen, file) as writer:
        for batch in _batches(chosen):
            writer.write_batch(batch, row_group_size=GROUP_ROWS)
            count += batch.num_rows
    return count


def scout(chosen: Chosen, folder: Path) -> int:
    """A transcript database of Inspect Scout: Parquet files in a folder, and no others, for Scout reads all."""
    count = 0
    for number, part in enumerate(_parts(chosen)):
        with _writer(chosen, folder / f"transcripts-{number:05}.parquet") as writer:
            for batch in part:
                writer.write_batch(batch, row_group_size=GROUP_ROWS)
                count += batch.num_rows
    if count == 0:
        _writer(chosen, folder / "transcripts-00000.parquet").close()
    return count


def hf(chosen: Chosen, folder: Path) -> int:
    """A data set as ``Dataset.save_to_disk`` lays it out: Arrow streams, and two JSON files that describe them."""
    schema, made, count = _schema(chosen), list[Path](), 0
    for part in _parts(chosen):
        made.append(folder / f"part-{len(made)}")
        with pa.OSFile(str(made[-1]), "wb") as file, pa.ipc.new_stream(file, schema) as writer:
            for batch in part:
                writer.write_batch(batch)
                count += batch.num_rows
    if not made:
        made.append(folder / "part-0")
        with pa.OSFile(str(made[0]), "wb") as file, pa.ipc.new_stream(file, schema):
            pass
    named = [path.rename(folder / f"data-{n:05}-of-{len(made):05}.arrow") for n, path in enumerate(made)]
    _describe(chosen, folder, schema, [path.name for path in named])
    return count


def _describe(chosen: Chosen, folder: Path, schema: pa.Schema, files: list[str]) -> None:
    features = {field.name: {"dtype": _TYPES[field.type], "_type": "Value"} for field in schema}
    info = {
        "citation": "",
        "description": f"{CANARY} ({chosen.head()['robots']})",
        "features": features,
        "homepage": "",
        "license": "",
    }
    print_ = hashlib.sha256("\n".join([chosen.at, *files]).encode()).hexdigest()[:16]
    state = {
        "_data_files": [{"filename": name} for name in files],
        "_fingerprint": print_,
        **_STATE,
        MARKER: CANARY,
    }
    (folder / "dataset_info.json").write_text(json.dumps(info, indent=2), "utf-8")
    (folder / "state.json").write_text(json.dumps(state, indent=2), "utf-8")


def _schema(chosen: Chosen) -> pa.Schema:
    made = SCHEMA.append(pa.field(MARKER, pa.large_string()))
    if chosen.labels is not None:
        made = made.append(pa.field(LABELS, pa.large_string()))
    told = {key.encode(): str(value).encode() for key, value in chosen.head().items()}
    return made.with_metadata({**(SCHEMA.metadata or {}), **told})


def _writer(chosen: Chosen, file: BinaryIO | Path) -> pq.ParquetWriter:
    return pq.ParquetWriter(file, _schema(chosen), compression="zstd", compression_level=3, store_schema=True)


def _batches(chosen: Chosen) -> Iterator[pa.RecordBatch]:
    schema = _schema(chosen)
    for batch in chosen.batches():
        columns = [*batch.columns, pa.array([CANARY] * batch.num_rows, pa.large_string())]
        if chosen.labels is not None:
            names = batch.column("transcript_id").to_pylist()
            columns.append(pa.array([written(chosen.labels.get(n, ())) for n in names], pa.large_string()))
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _parts(chosen: Chosen) -> Iterator[Iterator[pa.RecordBatch]]:
    """The batches in lots of as many rows as a segment has. Each lot is to be used up before the next."""
    stream = _batches(chosen)
    while (first := next(stream, None)) is not None:
        yield _lot(first, stream)


def _lot(first: pa.RecordBatch, stream: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    rows = first.num_rows
    yield first
    while rows + GROUP_ROWS <= SEGMENT_ROWS and (batch := next(stream, None)) is not None:
        rows += batch.num_rows
        yield batch
