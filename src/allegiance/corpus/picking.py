"""Some fields of a JSON object of any size, picked out of its bytes as they stream past.

What is not picked is not parsed and not held: only its strings and brackets are followed, to see where it ends.
What is picked comes out as bytes, for `safe.load`.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from allegiance.corpus.safe import load
from allegiance.errors import ImportRefused

_QUOTE, _BACKSLASH = ord('"'), ord("\\")
_STEP = np.zeros(256, np.int64)
_STEP[[ord(c) for c in "{["]] = 1
_STEP[[ord(c) for c in "}]"]] = -1
_MARK = np.zeros(256, bool)
_MARK[[ord(c) for c in "{}[],:"]] = True


def pick(chunks: Iterable[bytes], wanted: Callable[[str], bool], most: int, where: str) -> dict[str, bytes]:
    """The values of some keys of a JSON object, as their bytes.

    Args:
        chunks: The object in UTF-8, cut anywhere.
        wanted: Whether the value of a key is picked.
        most: How many bytes are picked at most.
        where: For errors.

    Raises:
        ImportRefused: It is no object or is cut short, has a key twice, or more is to be picked than that.
    """
    made = Picker(wanted, most, where)
    for chunk in chunks:
        made.feed(chunk)
    return made.end()


class Picker:
    """See `pick`; for bytes that come one chunk at a time."""

    def __init__(self, wanted: Callable[[str], bool], most: int, where: str) -> None:
        self._wanted, self._most, self._where = wanted, most, where
        self._found: dict[str, bytes] = {}
        self._seen: set[str] = set()
        self._state: Literal["before", "key", "value", "after"] = "before"
        self._key, self._keeps, self._held, self._size = "", True, list[bytes](), 0
        self._depth, self._quoted, self._escaped = 0, 0, False

    def feed(self, chunk: bytes) -> None:
        """The next bytes."""
        if not chunk:
            return
        start = 0
        for at, depth in self._marks(np.frombuffer(chunk, np.uint8)):
            self._take(chunk[start:at])
            self._turn(chr(chunk[at]), depth)
            start = at + 1
        self._take(chunk[start:])

    def end(self) -> dict[str, bytes]:
        """What was picked."""
        if self._state != "after" or b"".join(self._held).strip():
            raise self._refuse("it is cut short, or is not one JSON object.")
        return self._found

    def _turn(self, mark: str, depth: int) -> None:
        """What a comma, a colon or a bracket of the object itself means, and what stood before it."""
        text, self._held = b"".join(self._held), []
        if self._state == "before" and mark == "{" and not text.removeprefix(BOM_UTF8).strip():
            self._state = "key"
        elif self._state == "key" and mark == ":":
            self._key, self._state = self._named(text), "value"
            self._keeps = self._wanted(self._key)
        elif self._state == "value" and (mark == "," or (mark == "}" and depth == 0)):
            if self._keeps:
                self._found[self._key] = text
            self._keeps, self._state = True, "key" if depth else "after"
        elif self._state == "key" and mark == "}" and not self._seen and not text.strip():
            self._state = "after"
        else:
            raise self._refuse("it is not one JSON object.")

    def _named(self, text: bytes) -> str:
        key = load(text, self._where)
        if not isinstance(key, str):
            raise self._refuse("a key is not text.")
        if key in self._seen:
            raise self._refuse(f"an object has the key {key!r} twice, so its value is ambiguous.")
        self._seen.add(key)
        return key

    def _take(self, data: bytes) -> None:
        if self._keeps and data:
            self._size += len(data)
            if self._size > self._most:
                raise self._refuse(f"what is kept of it would be more than {self._most:,} bytes; that is too much.")
            self._held.append(data)

    def _marks(self, data: NDArray[np.uint8]) -> list[tuple[int, int]]:
        """Where commas, colons and brackets of the object itself are, and how deep it is after each."""
        at = np.flatnonzero(_MARK[data] & self._outside(data))
        steps = _STEP[data[at]]
        depths = self._depth + np.cumsum(steps)
        if not len(at):
            return []
        self._depth = int(depths[-1])
        if depths.min() < 0:
            raise self._refuse("it closes more brackets than it opens.")
        own = ((depths == 1) & (steps >= 0)) | (depths == 0)
        return list(zip(at[own].tolist(), depths[own].tolist(), strict=True))

    def _outside(self, data: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Whether each byte stands outside of strings."""
        quotes = data == _QUOTE
        escaped = 0 if self._escaped else -1
        if self._escaped:
            quotes[0] = False
        for at in np.flatnonzero(data == _BACKSLASH).tolist():
            if at != escaped:  # a backslash that is escaped itself escapes nothing
                escaped = at + 1
                if escaped < len(data):
                    quotes[escaped] = False
        self._escaped = escaped == len(data)
        inside = (np.cumsum(quotes) + self._quoted) % 2
        self._quoted = int(inside[-1])
        outside: NDArray[np.bool_] = inside == 0
        return outside

    def _refuse(self, what: str) -> ImportRefused:
        return ImportRefused(what, where=self._where)
