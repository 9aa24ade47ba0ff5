"""Exporting a corpus: files and folders from which the same names come back, and which other tools can open.

Every record carries the canary of this package beside its own, so that none can be cut out without one, and every
file or folder asks not to be indexed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from allegiance.corpus import export_tables
from allegiance.corpus.export_target import Chosen, new_file, new_folder
from allegiance.corpus.importers.besides import LABELS, plain
from allegiance.corpus.importers.own import MARK, VERSION
from allegiance.corpus.store import Corpus
from allegiance.errors import UnknownName
from allegiance.records.canary import CANARY, MARKER

FORMATS: Final = ("jsonl", "json", "parquet", "scout", "hf")
"""The formats that need no other room of the package; see ``allegiance corpus export`` for all."""
FOLDERS: Final = ("scout", "hf")
"""Those of them that are folders."""


def export(what: Chosen | Corpus, dest: Path, form: str) -> int:
    """Write transcripts to a new file or folder, which appears whole or not at all.

    Args:
        what: Which of them; of a corpus, all of its newest version.
        dest: The file, or for ``scout`` and ``hf`` the folder, to be made.
        form: One of `FORMATS`.

    Returns:
        The number of transcripts written.

    Raises:
        UnknownName: There is no such format.
        UsageError: The target exists already, or the directory in which it is to be does not.
    """
    chosen = Chosen(what) if isinstance(what, Corpus) else what
    if form in _FILES:
        return new_file(dest, lambda file: _FILES[form](chosen, file))
    if form in _WRITERS:
        with new_folder(dest) as folder:
            return _WRITERS[form](chosen, folder)
    raise UnknownName("export format", form, FORMATS)


def _lines(chosen: Chosen) -> Iterator[bytes]:
    for name, item in chosen.items():
        made: dict[str, object] = {"name": name, MARKER: CANARY, **msgspec.to_builtins(item)}
        if chosen.labels is not None:
            made[LABELS] = plain(chosen.labels.get(name, ()))
        yield _bytes(made)


def _bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _jsonl(chosen: Chosen, file: BinaryIO) -> int:
    file.write(_bytes({MARK: VERSION, **chosen.head()}) + b"\n")
    count = 0
    for line in _lines(chosen):
        file.write(line + b"\n")
        count += 1
    return count


def _json(chosen: Chosen, file: BinaryIO) -> int:
    file.write(_bytes({MARK: VERSION, **chosen.head()})[:-1] + b',"transcripts":[\n')
    count = 0
    for line in _lines(chosen):
        file.write((b",\n" if count else b"") + line)
        count += 1
    file.write(b"\n]}\n")
    return count


_FILES: Final[Mapping[str, Callable[[Chosen, BinaryIO], int]]] = {
    "jsonl": _jsonl, "json": _json, "parquet": export_tables.parquet
}  # fmt: skip
_WRITERS: Final[Mapping[str, Callable[[Chosen, Path], int]]] = {
    "scout": export_tables.scout,
    "hf": export_tables.hf,
}
