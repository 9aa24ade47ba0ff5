"""Hostile text made harmless and visible, with the way back to the text as it came.

What a reader would not see, or what could act on a model, is written out: control, format and private characters,
tag characters, zero-width ones, marks of direction and variation selectors become ``⟦U+200B⟧``; ``<`` and ``>``
become ``‹`` and ``›``, and the bracket of a token like ``[INST]`` becomes ``⁅``, so that no chat-template token is
left. The characters that are used for this are written out themselves, so nothing is ambiguous. CR LF becomes a
line break.
"""

from __future__ import annotations

import re
from bisect import bisect_right

_HIDDEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but for tab and line feed
    "\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0e"
    "\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff"
)
_OWN = "‹›⁅⟦⟧"
_ODD = re.compile(f"\r\n|[{_HIDDEN}{_OWN}]")
_PLAIN = bytes([9, 10, *range(32, 127)])
_ANGLES = {ord("<"): "‹", ord(">"): "›"}
_TOKEN = re.compile(r"\[(?=/?[A-Z][A-Z_]{2,}\])")


class Shown:
    """A text as a judge sees it.

    Attributes:
        text: What is shown.
        changed: Whether it differs from the text as it came in more than line breaks.
    """

    __slots__ = ("_at", "_shifts", "changed", "text")

    def __init__(self, stored: str) -> None:
        self._at: list[int] = []
        self._shifts: list[tuple[int, int, int]] = []
        plain = self._written_out(stored) if _is_odd(stored) else stored
        self.text = mild(plain)
        self.changed = self.text != stored.replace("\r\n", "\n")

    def stored(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the text as it came of which ``start <= i < end`` is shown; whole characters."""
        return self._back(start, 0), self._back(end - 1, 1)

    def _written_out(self, stored: str) -> str:
        pieces, at, size = [], 0, 0
        for found in _ODD.finditer(stored):
            pieces.append(stored[at : found.start()])
            size += found.start() - at
            char = found.group()
            told = "\n" if char == "\r\n" else f"⟦U+{ord(char):04X}⟧"
            pieces.append(told)
            self._at.append(size)
            self._shifts.append((size + len(told), found.start(), found.end()))
            size += len(told)
            at = found.end()
        return "".join([*pieces, stored[at:]])

    def _back(self, index: int, past: int) -> int:
        """Where a shown character stands in the text as it came, or ends (`past` is 1)."""
        last = bisect_right(self._at, index) - 1
        if last < 0:
            return index + past
        end, stored_start, stored_end = self._shifts[last]
        if index < end:
            return stored_end if past else stored_start
        return stored_end + index - end + past


def _is_odd(stored: str) -> bool:
    """Whether anything is to be written out; a short way for plain ASCII, which most text is."""
    if stored.isascii():
        return bool(stored.encode().translate(None, _PLAIN))
    return _ODD.search(stored) is not None


def mild(text: str) -> str:
    """The text without characters that make tokens of chat templates; of the same length."""
    return _TOKEN.sub("⁅", text.translate(_ANGLES) if "<" in text or ">" in text else text)


def one_line(text: str, most: int = 60) -> str:
    """A short name, such as a role, made harmless and put on one line."""
    return " ".join(Shown(text[:most]).text.split()) or "none"
