"""A conversation as passages, of about 50 words or of one sentence: what is embedded, and what a hit shows.

The turns of users and models are cut, with the model's reasoning; system prompts, tool calls and what tools return
are not. All of it is covered: a conversation that would need more passages than `MOST` gets longer ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from allegiance.records.transcript import Message

LENGTH = 300
"""Code points of a passage, about 50 words of English; of a sentence, the most. In passages of 150 words a sentence
drowns: three in four of those planted in `benchmarks/meaning.py` were not found by their own words."""
MOST = 256
"""Passages of a conversation at most, about."""
SHORT = 20
"""Code points under which a sentence goes with the next one."""
ROLES = ("user", "assistant")
KINDS = ("text", "reasoning")
_STOP = re.compile(r"""[.!?]["')\]]*\s+|[。！？]|\n+""")
_ENDS = (". ", "? ", "! ", "\n", '." ', "。")


@dataclass(frozen=True, slots=True)
class Passage:
    """Words of one part of one message.

    Attributes:
        message, part: Indexes of the message and of the part in it.
        start, end: Where the words are in the text of the part, in code points.
        text: The words.
    """

    message: int
    part: int
    start: int
    end: int
    text: str


def passages(messages: Sequence[Message], *, by_sentence: bool = False) -> list[Passage]:
    """The passages of a conversation, in order; none without words.

    Args:
        messages: The conversation.
        by_sentence: Whether a passage is a sentence; in a conversation of more than `MOST` sentences it is not.
    """
    texts = [
        (at, index, part.text)
        for at, message in enumerate(messages)
        if message.role in ROLES
        for index, part in enumerate(message.parts)
        if part.kind in KINDS and part.text and not part.text.isspace()
    ]
    if by_sentence:
        made = [_passage(*text, *span) for text in texts for span in sentences(text[2])]
        if len(made) <= MOST:
            return made
    size = max(LENGTH, ceil(sum(len(text) for _, _, text in texts) / MOST))
    return [_passage(*text, *span) for text in texts for span in spans(text[2], size)]


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence with white space after it; long ones in pieces, short ones with the next."""
    start = 0
    for found in _STOP.finditer(text):
        if found.end() - start >= SHORT:
            yield from ((start + low, start + high) for low, high in spans(text[start : found.end()], LENGTH))
            start = found.end()
    yield from ((start + low, start + high) for low, high in spans(text[start:], LENGTH))


def spans(text: str, size: int) -> Iterator[tuple[int, int]]:
    """Where to cut a text into pieces of at most 5/4 of `size` code points: after sentences, else between words."""
    start = 0
    while len(text) - start > size * 5 // 4:
        end = _end(text, start, size)
        yield start, end
        start = end
    if start < len(text):
        yield start, len(text)


def _passage(message: int, part: int, text: str, start: int, end: int) -> Passage:
    return Passage(message, part, start, end, text[start:end])


def _end(text: str, start: int, size: int) -> int:
    """The end of the last sentence, or else of the last word, in the last third; else a cut in a word."""
    low, high = start + size * 2 // 3, start + size
    found = [(at, len(mark)) for mark in _ENDS if (at := text.rfind(mark, low, high - len(mark) + 1)) >= 0]
    if found:
        return sum(max(found))
    space = text.rfind(" ", low, high)
    return space + 1 if space >= 0 else high
