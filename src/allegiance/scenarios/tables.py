"""Rows of other people's files: CSV, JSON Lines, JSON, plain text, Parquet, Arrow, and directories of such.

Files are only read: nothing is executed, unpickled or fetched; the loading script of a data set is not looked at.
Every row keeps the line (or row number) that it came from.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

from allegiance.errors import ScenarioError
from allegiance.scenarios.files import read_bytes, read_text

if TYPE_CHECKING:
    from pyarrow import RecordBatch

MAX_FILE = 64_000_000
"""Most bytes of a text file."""
MAX_TABLE = 512_000_000
"""Most bytes of a Parquet or Arrow file, and of what its columns say they unfold to."""
MAX_FILES = 1_000

Format = Literal["", "csv", "tsv", "jsonl", "json", "lines", "paragraphs", "parquet", "arrow"]
_BY_SUFFIX: Mapping[str, Format] = {
    ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".txt": "lines",
    ".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A record, and where it was: line of a text file, else the number of the item; both from 1."""

    value: object
    line: int
    file: str


def files_of(path: Path, split: str, *, links: bool) -> tuple[Path, ...]:
    """The file itself; of a directory, the Parquet and Arrow files of one split, in order of name.

    Args:
        path: File or directory.
        split: The split that is meant; needed if a directory holds several.
        links: Whether files may be reached through links.

    Raises:
        ScenarioError: The directory holds no such files, or several splits and none was chosen.
    """
    if not path.is_dir():
        return (path,)
    found: dict[str, list[Path]] = {}
    for item in sorted(path.rglob("*")):
        wanted = item.suffix in {".parquet", ".arrow"} and not item.name.startswith(("cache-", "."))
        if wanted and item.is_file() and (links or not item.is_symlink()):
            found.setdefault(_split(path, item), []).append(item)
    chosen = [files for name, files in found.items() if split in {"", name, name.rpartition("/")[2]}]
    if len(chosen) == 1 and len(chosen[0]) <= MAX_FILES:
        return tuple(chosen[0])
    if not found:
        raise ScenarioError("the directory holds no Parquet or Arrow file.", where=str(path))
    what = f"the directory holds {'no split ' + repr(split) if split and not chosen else 'several splits'}."
    raise ScenarioError(what, where=str(path), next=f"Choose one with split: {', '.join(found)}.")


def rows(path: Path, form: Format, records: str, columns: Sequence[str], most: int) -> Iterator[Row]:
    """The records of a file, in order.

    Args:
        path: The file.
        form: Its format; by its suffix if empty.
        records: JSON: dotted path to the list; empty if the file is the list.
        columns: Parquet and Arrow: first steps of the fields that are needed.
        most: Stop after so many.

    Raises:
        ScenarioError: The file cannot be read; says line or item, and why.
    """
    form = form or _BY_SUFFIX.get(path.suffix.lower(), "")
    if not form:
        known = ", ".join(sorted(_BY_SUFFIX))
        raise ScenarioError("the format is not known by the suffix of the file.", where=str(path),
                            next=f"Say format:, or use one of {known}.")  # fmt: skip
    if form in {"parquet", "arrow"}:
        yield from _table(path, form, columns, most)
        return
    text = read_text(path, MAX_FILE)
    made = {"csv": _csv, "tsv": _csv, "jsonl": _jsonl, "lines": _lines, "paragraphs": _paragraphs}
    yield from _json(text, str(path), records) if form == "json" else made[form](text, str(path))


def digest(paths: Sequence[Path]) -> str:
    """A digest of the bytes of files, in order; for one file that of its bytes."""
    state = hashlib.sha256()
    for path in paths:
        state.update(read_bytes(path, MAX_TABLE, str(path)))
    return f"sha256:{state.hexdigest()}"


def field(value: object, path: str) -> object:
    """What stands at a dotted path of a record: names of fields, numbers of list items from 0; None if nothing."""
    if isinstance(value, dict) and path in value:
        return value[path]
    head, _, rest = path.partition(".")
    if isinstance(value, dict) and head in value:
        inner: object = value[head]
    elif isinstance(value, list) and head.isdigit() and int(head) < len(value):
        inner = value[int(head)]
    else:
        return None
    return field(inner, rest) if rest else inner


def _split(folder: Path, item: Path) -> str:
    """The split of a file: its folder, or what its name begins with, as in ``train-00000-of-00002.parquet``."""
    stem = item.stem.split("-")[0]
    above = item.parent.relative_to(folder).as_posix()
    inside = "" if above in {".", "data"} else above
    return "/".join(part for part in (inside, "" if stem == "data" and inside else stem) if part)


def _bad(where: str, line: int, what: str, next: str = "") -> NoReturn:
    raise ScenarioError(what, where=where, line=line, column=1, next=next)


def _csv(text: str, where: str) -> Iterator[Row]:
    before = csv.field_size_limit(MAX_FILE)
    try:
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter="\t" if where.endswith(".tsv") else ",", strict=True
        )
        head = next(reader, [])
        if not head or len(set(head)) < len(head):
            _bad(where, 1, "the first line does not name each column once.", "Write a heading line.")
        for line in reader:
            if not line:
                continue
            if len(line) != len(head):
                what = f"this row has {len(line)} fields; the heading has {len(head)}."
                _bad(where, reader.line_num, what, "Put fields with a comma or a line break in quotes.")
            yield Row(dict(zip(head, line, strict=True)), reader.line_num, where)
    except csv.Error as error:
        _bad(where, reader.line_num, f"this is not CSV: {error}.")
    finally:
        csv.field_size_limit(before)


def _jsonl(text: str, where: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield Row(_parsed(line, where, number), number, where)


def _json(text: str, where: str, records: str) -> Iterator[Row]:
    whole = _parsed(text, where, 0)
    listed = field(whole, records) if records else whole
    if not isinstance(listed, list):
        keys = f"Keys: {', '.join(map(str, whole))}." if isinstance(whole, dict) else ""
        _bad(where, 1, "there is no list of records here.", f"Say records: with the path to it. {keys}".strip())
    for number, item in enumerate(listed, 1):
        yield Row(item, number, where)


def _parsed(text: str, where: str, line: int) -> object:
    try:
        value: object = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        place = line or error.lineno
        raise ScenarioError(
            f"this is not JSON: {error.msg}.", where=where, line=place, column=error.colno
        ) from None
    except RecursionError:
        _bad(where, line or 1, "this is nested too deeply.")
    except ValueError as error:
        _bad(where, line or 1, f"this cannot be read: {error}.")
    return value


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("an object has the same key twice")
    return made


def _lines(text: str, where: str) -> Iterator[Row]:
    blocks = [block for block in text.replace("\r\n", "\n").split("\n\n") if block.strip()]
    if len(blocks) > 1 and any("\n" in block.strip("\n") for block in blocks) and where.endswith(".txt"):
        what = "the file has blank lines and blocks of several lines: is a request a line, or a block?"
        _bad(where, 1, what, "Say format: paragraphs, or remove the blank lines.")
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield Row(line.strip(), number, where)


def _paragraphs(text: str, where: str) -> Iterator[Row]:
    block: list[str] = []
    start = 1
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip():
            start = start if block else number
            block.append(line.rstrip())
        elif block:
            yield Row("\n".join(block), start, where)
            block = []


def _table(path: Path, form: Format, columns: Sequence[str], most: int) -> Iterator[Row]:
    import pyarrow as pa  # noqa: PLC0415 (heavy)

    if path.stat().st_size > MAX_TABLE:
        raise ScenarioError(f"the file is larger than {MAX_TABLE:,} bytes.", where=str(path))
    number = 0
    try:
        for batch in _batches(path, form, columns):
            for value in batch.slice(0, most - number).to_pylist():
                number += 1
                yield Row(value, number, str(path))
            if number >= most:
                return
    except (pa.ArrowException, OSError, ValueError, NotImplementedError) as error:
        what = str(error).splitlines()[0][:200]
        raise ScenarioError(f"the file cannot be read: {what}.", where=str(path)) from None


def _batches(path: Path, form: Format, columns: Sequence[str]) -> Iterator[RecordBatch]:
    import pyarrow as pa  # noqa: PLC0415 (heavy)
    import pyarrow.parquet as pq  # noqa: PLC0415 (heavy)

    if form == "parquet":
        with pq.ParquetFile(path) as file:
            size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
            if size > MAX_TABLE:
                raise ScenarioError(f"the file unfolds to more than {MAX_TABLE:,} bytes.", where=str(path))
            there = [name for name in file.schema_arrow.names if name in columns]
            yield from file.iter_batches(batch_size=1024, columns=there or file.schema_arrow.names)
        return
    with pa.memory_map(str(path)) as source:
        head = source.read(6)
        source.seek(0)
        if head == b"ARROW1":
            reader = pa.ipc.open_file(source)
            yield from (reader.get_batch(i) for i in range(reader.num_record_batches))
        else:
            yield from pa.ipc.open_stream(source)
