"""What is exported, and where to: files and folders that appear whole or not at all, and in place of nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from allegiance.corpus.files import PARTIAL, settle, sync_directory, sync_file
from allegiance.corpus.importers.besides import Labels
from allegiance.corpus.rows import RECORD_COLUMNS, transcript
from allegiance.corpus.store import Corpus
from allegiance.errors import UsageError
from allegiance.records.canary import CANARY, MARKER
from allegiance.records.transcript import Transcript

ROBOTS = "noindex"
"""What exports ask of search engines."""


@dataclass(frozen=True)
class Chosen:
    """What is to be exported.

    Attributes:
        corpus: Where it is.
        version: Of which version; the newest if empty.
        names: These transcripts; all if None.
        labels: Labels to be written beside them; None for none at all.
    """

    corpus: Corpus
    version: str = ""
    names: frozenset[str] | None = None
    labels: Labels | None = field(default=None, repr=False)

    @property
    def count(self) -> int:
        """How many transcripts there are."""
        return len(self.corpus.names(self.at) if self.names is None else self.names)

    @property
    def at(self) -> str:
        """The name of the version."""
        return self.version or self.corpus.head().version

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All columns, in the order of storage."""
        for batch in self.corpus.batches(self.at):
            if self.names is None:
                yield batch
                continue
            keep = [name in self.names for name in batch.column("transcript_id").to_pylist()]
            if any(keep):
                yield batch.filter(pa.array(keep, pa.bool_()))

    def items(self) -> Iterator[tuple[str, Transcript]]:
        """Transcripts with their names, in the order of storage."""
        for batch in self.batches():
            for row in batch.select(["transcript_id", *RECORD_COLUMNS]).to_pylist():
                yield str(row["transcript_id"]), transcript(row)

    def head(self) -> dict[str, object]:
        """What an export says of itself."""
        return {"count": self.count, "corpus": self.at, MARKER: CANARY, "robots": ROBOTS}


def new_file(dest: Path, write: Callable[[BinaryIO], int]) -> int:
    """A file that appears whole or not at all; what `write` returns.

    Raises:
        UsageError: It exists already, or the directory in which it is to be does not.
    """
    partial = _room(dest)
    try:
        with partial.open("xb") as file:
            made = write(file)
            file.flush()
            os.fsync(file.fileno())
        _room(dest)
        settle(partial, dest)
    finally:
        partial.unlink(missing_ok=True)
    return made


@contextmanager
def new_folder(dest: Path) -> Iterator[Path]:
    """A folder to fill, which gets its name once it is filled and safe on the disk.

    Raises:
        UsageError: It exists already, or the directory in which it is to be does not.
    """
    partial = _room(dest)
    partial.mkdir()
    try:
        yield partial
        for folder, _, files in os.walk(partial):
            for name in files:
                sync_file(Path(folder, name))
            sync_directory(Path(folder))
        _room(dest)
        settle(partial, dest)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _room(dest: Path) -> Path:
    """The name under which the target is made, if there is room for the target."""
    if dest.exists() or dest.is_symlink():
        raise UsageError(
            "this exists already; nothing is overwritten.", where=str(dest), next="Choose another name."
        )
    if not dest.parent.is_dir():
        raise UsageError("the directory of this target does not exist.", where=str(dest), next="Make it first.")
    return dest.with_name(f"{PARTIAL}{os.getpid()}-{dest.name}")
