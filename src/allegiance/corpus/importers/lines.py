"""The lines of a part of a file, in bounded memory, and the JSON value of a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import msgspec

from allegiance.corpus.importers.found import Reject
from allegiance.corpus.safe import parse
from allegiance.errors import ImportRefused

_BLOCK = 1 << 20
_PATIENCE = 32
"""Lines after which no more are tried the fast way if none went it."""
_decode, _encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode


class Line(NamedTuple):
    """A line without its end, where it starts in the file, and its length; None for its bytes if it is too long."""

    start: int
    size: int
    data: bytes | None


def lines(file: BinaryIO, start: int, end: int, most: int) -> Iterator[Line]:
    """The lines that start at these bytes of a file, from `start` to before `end`. Only LF ends a line.

    Args:
        file: Seekable.
        start: A line that started before it is not among them, unless it is the start of the first line.
        end: The last line may go beyond it.
        most: Bytes of a line that are kept.
    """
    at = start
    for size, data in _from(file, start, most):
        if at >= end:
            return
        yield Line(at, size, data)
        at += size + 1


def first_line_from(file: BinaryIO, start: int, first: int) -> int:
    """Where the first line starts at or after a byte; `first` is where the first line of the file starts."""
    if start <= first:
        return first
    file.seek(start - 1)
    at = start - 1
    while block := file.read(_BLOCK):
        found = block.find(b"\n")
        if found >= 0:
            return at + found + 1
        at += len(block)
    return at


class Values:
    """JSON values of lines, read as strictly as `safe.parse` does.

    A line that reads back to exactly its own bytes holds no key twice and nothing else that a faster reader would
    pass over; other lines, and all lines of a file that is written otherwise, are read the slow way.
    """

    def __init__(self, name: str) -> None:
        self._name, self._tried, self._went = name, 0, 0

    def at(self, line: Line, number: int, most: int) -> object:
        """The value of a line, or a `Reject`; None for a blank one. `number` is for people, `most` the limit.

        Raises:
            ImportRefused: It is not UTF-8, so that the file is not.
        """
        if line.data is None:
            why = f"the record has {line.size:,} bytes; the limit is {most:,}."
            return Reject(self._name, "", number, why)
        try:
            if line.data[:1] != b"{" and not line.data.decode().strip():
                return None
            return self._of(line.data, number)
        except UnicodeDecodeError as error:
            byte = line.data[error.start]
            raise ImportRefused(
                f"byte {line.start + error.start} (line {{line}}) is not UTF-8: 0x{byte:02x}.",
                where=self._name,
                next="Convert the file to UTF-8.",
            ) from None

    def _of(self, data: bytes, number: int) -> object:
        if self._went or self._tried < _PATIENCE:
            self._tried += 1
            try:
                value: object = _decode(data)
                if _encode(value) == data:
                    self._went += 1
                    return value
            except (msgspec.MsgspecError, UnicodeError, RecursionError, OverflowError, ValueError):
                pass
        return value_of(data.decode(), number, self._name)


def value_of(text: str, number: int, name: str) -> object:
    """The value of a line, or a `Reject`."""
    try:
        return parse(text, name)
    except ImportRefused as error:
        return Reject(name, "", number, error.what.replace("at line 1, column", "at column"))


def _from(file: BinaryIO, start: int, most: int) -> Iterator[tuple[int, bytes | None]]:
    """Length and bytes of each line from a byte on; the bytes are None where they are more than `most`."""
    file.seek(start)
    held: list[bytes] = []
    size = 0
    while block := file.read(_BLOCK):
        *whole, rest = block.split(b"\n")
        for piece in whole:
            size += len(piece)
            data = b"".join((*held, piece)) if held else piece
            yield size, data if size <= most else None
            held, size = [], 0
        size += len(rest)
        held = [*held, rest] if size <= most else []
    if size:
        yield size, b"".join(held) if size <= most else None
