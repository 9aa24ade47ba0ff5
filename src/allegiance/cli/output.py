"""How verbs speak: text for people or JSON for programs on standard output, progress on standard error."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import click

_KEPT = frozenset("\n\t")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def visible(text: str) -> str:
    """Text that is safe to print: control and format characters are written out as their code points.

    A transcript can hold sequences that move the cursor, set the clipboard or reverse the reading order.
    """
    return "".join(_shown(char) for char in text)


def emit(as_json: bool, data: object, text: str) -> None:
    """Prints the outcome of a verb: `data` as JSON, or `text`."""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=True, indent=2))
    elif text:
        click.echo(visible(text))


def builtins(value: object) -> object:
    """A record, or a list of them, as JSON objects with all their fields."""
    import msgspec

    return msgspec.to_builtins(value)


def table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> str:
    """Rows in columns: numbers to the right, words to the left."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(head), *cells]) for i in range(len(head))]
    right = [bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(head))]

    def line(row: Sequence[str]) -> str:
        padded = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True))
        return "  ".join(padded).rstrip()

    return "\n".join([line(list(head)), line(["-" * width for width in widths]), *map(line, cells)])


def fields(pairs: Mapping[str, object]) -> str:
    """Names and values, one a line."""
    width = max(map(len, pairs), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in pairs.items())


@contextmanager
def progress(what: str, *, in_bytes: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A function that shows how far a long work has come, on standard error; silent if that is no terminal.

    With `in_bytes`, what is done is shown in bytes, with their rate.
    """
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    count = (DownloadColumn(), TransferSpeedColumn()) if in_bytes else (MofNCompleteColumn(),)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), *count, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def note(text: str) -> None:
    """A remark on standard error."""
    click.echo(visible(text), err=True)


def _shown(char: str) -> str:
    if char in _KEPT or unicodedata.category(char) not in _HIDDEN:
        return char
    return f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}"
