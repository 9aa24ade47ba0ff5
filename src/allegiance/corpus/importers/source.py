"""Opening the files of an import: regular files only, never through a link, and watched for change."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from allegiance.corpus.archive import Limits, shown
from allegiance.corpus.importers.beside import why_aside
from allegiance.errors import ImportRefused

SUFFIXES = (".eval", ".json", ".jsonl", ".ndjson", ".csv", ".parquet", ".arrow")
"""Files that are looked for in a directory."""


@dataclass(frozen=True)
class Candidate:
    """A file to import: its path, its name for people, and the directory that the import started from."""

    path: Path
    name: str
    root: Path


@dataclass(frozen=True)
class SourceFile:
    """An open file.

    Attributes:
        file: The bytes, seekable.
        name: Name for people and for `Source.file`.
        digest: SHA-256 of the bytes.
        size: In bytes.
        root: Directory that the import started from.
    """

    file: BinaryIO
    name: str
    digest: str
    size: int
    root: Path
    limits: Limits

    def bytes(self) -> bytes:
        """All bytes.

        Raises:
            ImportRefused: More than the limit.
        """
        if self.size > self.limits.member_bytes:
            raise ImportRefused(
                f"the file has {self.size:,} bytes; the limit is {self.limits.member_bytes:,}.",
                where=self.name,
                next="Split it.",
            )
        self.file.seek(0)
        return self.file.read()


@contextmanager
def opened(candidate: Candidate, limits: Limits) -> Iterator[SourceFile]:
    """The file, hashed, for the duration of reading it.

    Raises:
        ImportRefused: It cannot be opened, is not a regular file, is empty, or was changed while it was read.
    """
    where = candidate.name
    with open_file(candidate.path, where) as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise ImportRefused("this is not a regular file.", where=where)
        if before.st_size == 0:
            raise ImportRefused("the file is empty; there are no transcripts in it.", where=where)
        digest = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        yield SourceFile(file, where, digest, before.st_size, candidate.root, limits)
        after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise ImportRefused(
                "the file changed while it was read.",
                where=where,
                next="Import it when nothing writes to it any more.",
            )


def candidates(path: Path) -> tuple[list[Candidate], list[tuple[str, str]]]:
    """The files under a path, sorted by name, and what is left aside, as (name, reason).

    A path that is a file is taken whatever it is called. In a directory, files are found by suffix; links are not
    followed.

    Raises:
        ImportRefused: There is no such path.
    """
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        raise ImportRefused("there is no such file or directory.", where=str(path)) from None
    if not real.is_dir():
        return [Candidate(real, _label(path.name), real.parent)], []
    taken, aside = [], []
    for folder, folders, files in os.walk(real, followlinks=False):
        folders.sort()
        for name in sorted(files):
            full = Path(folder, name)
            label = _label(str(full.relative_to(real)))
            if full.suffix.lower() not in SUFFIXES:
                continue
            if full.is_symlink():
                aside.append((label, "a symbolic link; not followed"))
            elif why := why_aside(full):
                aside.append((label, why))
            else:
                taken.append(Candidate(full, label, real))
        aside += [(_label(str(Path(folder, n).relative_to(real))), "a link to a directory; not followed")
                  for n in folders if Path(folder, n).is_symlink()]  # fmt: skip
    return taken, aside


def _label(name: str) -> str:
    return name if name.isprintable() else shown(name)


def open_file(path: Path, where: str) -> BinaryIO:
    """A file that is not a link, without waiting should it be a pipe.

    Raises:
        ImportRefused: It cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ImportRefused(f"it cannot be opened: {error.strerror}.", where=where) from None
    return os.fdopen(descriptor, "rb")
