"""Texts taken as equal under one declared normalisation, ``quote/1``, with the way back to the text as it came.

The steps, in this order: Unicode NFC; curly and low quotation marks become straight ones; every run of white space
(CR LF and no-break space too) becomes one space. Letters, case, hyphens and all other characters stay as they are.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterator

STRAIGHT = str.maketrans(dict.fromkeys("‘’‚‛", "'") | dict.fromkeys("“”„‟", '"'))
"""Quotation marks that ``quote/1`` makes straight."""


class Folded:
    """A text under ``quote/1``: its characters, and which code points of the text each of them stands for."""

    def __init__(self, text: str) -> None:
        chars: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        for start, end, folded in _pieces(text):
            if folded == " " and chars[-1:] == [" "]:
                self.ends[-1] = end
                continue
            chars += folded
            self.starts += [start] * len(folded)
            self.ends += [end] * len(folded)
        self.text = "".join(chars)

    def finds(self, words: str, since: int = 0) -> Iterator[tuple[int, int]]:
        """The stretches of the text, by code points, that are these folded words, none overlapping."""
        at = self.text.find(words, bisect_left(self.starts, since))
        while words and at >= 0:
            last = at + len(words) - 1
            whole = (at == 0 or self.starts[at - 1] != self.starts[at]) and (
                last + 1 == len(self.text) or self.starts[last + 1] != self.starts[last]
            )
            if whole:
                yield self.starts[at], self.ends[last]
            at = self.text.find(words, last + 1 if whole else at + 1)


def fold(text: str) -> str:
    """A text under ``quote/1``, without white space at its ends."""
    return Folded(text).text.strip(" ")


def _pieces(text: str) -> Iterator[tuple[int, int, str]]:
    """The smallest stretches of a text that NFC leaves apart, each folded. White space is a stretch of its own."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or _apart(text[start:at], text[at]):
            piece = text[start:at]
            yield start, at, " " if piece.isspace() else _nfc(piece).translate(STRAIGHT)
            start = at


def _apart(before: str, char: str) -> bool:
    """Whether NFC treats a character apart from what comes before it."""
    if char < "\u0300" or before.isspace():
        return True
    return not unicodedata.combining(char) and _nfc(before + char) == _nfc(before) + _nfc(char)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
