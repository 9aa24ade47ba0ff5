"""Files that appear whole or not at all, and the lock of the one writer."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from allegiance.errors import StudyError

PARTIAL = ".partial-"
"""Start of the name of a file that is being written; a leftover of a killed writer is never read."""
LOCK = ".lock"


def write_whole(path: Path, data: bytes) -> None:
    """Put these bytes at this path. A crash leaves the old file or the new one; a return means the disk has it."""
    partial = path.with_name(f"{PARTIAL}{os.getpid()}-{path.name}")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    settle(partial, path)


def settle(partial: Path, path: Path) -> None:
    """Give a finished, synced file its name, and sync the directory."""
    partial.replace(path)
    sync_directory(path.parent)


def sync_directory(folder: Path) -> None:
    """Make the names in a directory survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make the bytes of a closed file survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove what killed writers left behind. Only the holder of the lock may."""
    for leftover in folder.glob(f"{PARTIAL}*"):
        leftover.unlink(missing_ok=True)


@contextmanager
def writing(folder: Path, wait: float) -> Iterator[None]:
    """Hold the lock of a folder, waiting for it at most `wait` seconds.

    The lock belongs to the process and ends with it, so a killed writer leaves none behind.

    Raises:
        StudyError: Another process holds it; says which.
    """
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _acquire(descriptor, folder, wait)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)  # so that who wrote nothing leaves everything as it was
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, folder: Path, wait: float) -> None:
    until = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= until:
                holder = os.pread(descriptor, 64, 0).decode(errors="replace").strip() or "unknown"
                raise StudyError(
                    f"another process (pid {holder}) is writing to this corpus.",
                    where=str(folder),
                    next="Wait for it to end, then try again.",
                ) from None
            time.sleep(0.02)
