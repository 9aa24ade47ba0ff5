"""How far a run has come, and how long the rest will take, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from allegiance.cli.output import note

EVERY = 30.0
"""Seconds between two lines where standard error is no terminal."""


class Pace:
    """The time that is left, from the pace since the run began; what was there before it began says nothing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._from: tuple[float, int] | None = None

    def left(self, done: int, total: int) -> float | None:
        """Seconds until all is done; None while nothing is known."""
        now = self._clock()
        if self._from is None:
            self._from = now, done
        began, first = self._from
        return (now - began) / (done - first) * (total - done) if done > first else None


def spoken(seconds: float | None) -> str:
    """A time that is left, in words."""
    if seconds is None:
        return "time left not known yet"
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute left"
    return f"about {minutes} min left" if minutes < 120 else f"about {round(minutes / 60)} h left"


@contextmanager
def paced(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function that shows progress: a bar in a terminal, a line every half minute elsewhere."""
    if sys.stderr.isatty():
        with _bar(what) as shown:
            yield shown
    else:
        yield _lines(what)


def _lines(what: str, clock: Callable[[], float] = time.monotonic) -> Callable[[int, int], None]:
    pace, last = Pace(clock), [clock()]

    def show(done: int, total: int) -> None:
        left = pace.left(done, total)
        if clock() - last[0] >= EVERY:
            last[0] = clock()
            note(f"{what}: {done} of {total} samples, {spoken(left)}")

    return show


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
               TextColumn("{task.fields[left]}", markup=False))  # fmt: skip
    pace = Pace()
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=None, left="")
        yield lambda done, total: shown.update(
            task, completed=done, total=total, left=spoken(pace.left(done, total))
        )
