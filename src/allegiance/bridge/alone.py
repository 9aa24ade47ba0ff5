"""A lock on a run: the same run is not made by two processes at once, while different runs may."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from allegiance.errors import RunError


@contextmanager
def alone(folder: Path, plan: str) -> Iterator[None]:
    """Hold the lock of a plan. It ends with the process, so a killed run leaves none behind.

    Raises:
        RunError: Another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".{plan.removeprefix('sha256:')[:16]}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        advice = "Wait for it to end; the same call then goes on with what is missing."
        raise RunError("this run is under way in another process.", where=str(folder), next=advice) from None
    try:
        yield
    finally:
        os.close(descriptor)
