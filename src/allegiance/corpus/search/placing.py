"""Which words of a transcript stand where: every word in one field, told apart by who said it and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from allegiance.corpus.messages import EXACT, from_stored
from allegiance.records.transcript import Message, Part

FIELDS = ("answer", "reasoning", "earlier", "user", "system", "tool", "other")
"""Fields of words. ``earlier``: what the model said before its last reply; ``tool``: to tools and by them."""

_ROLES = {"system": "system", "developer": "system", "user": "user", "tool": "tool"}
_ASIDE = ("tool_calls", "reasoning", "reasoning_content", EXACT)


class Piece(NamedTuple):
    """Words of one part of a message; `part` is -1 where they are in no part as words (the arguments of a call)."""

    field: str
    text: str
    message: int
    part: int


def pieces(messages: Sequence[Message]) -> Iterator[Piece]:
    """All words of a conversation, in order."""
    last = max((i for i, message in enumerate(messages) if message.role == "assistant"), default=-1)
    for i, message in enumerate(messages):
        for j, part in enumerate(message.parts):
            field = _field(message.role, part, last=i == last)
            if part.text:
                yield Piece(field, part.text, i, j)
            if part.kind == "tool_call":
                yield from (Piece("tool", text, i, -1) for text in _strings(part.data) if text)


def words_of(stored: Sequence[Mapping[str, object]]) -> dict[str, list[str]]:
    """Field → its texts, from messages as they are stored."""
    if all(isinstance(raw.get("content"), str) and not any(key in raw for key in _ASIDE) for raw in stored):
        return _plain(stored)
    found: dict[str, list[str]] = {}
    for piece in pieces([from_stored(raw, index) for index, raw in enumerate(stored)]):
        found.setdefault(piece.field, []).append(piece.text)
    return found


def _plain(stored: Sequence[Mapping[str, object]]) -> dict[str, list[str]]:
    """As `words_of`, for messages of nothing but text: the many, without making records of them."""
    last = max((i for i, raw in enumerate(stored) if raw["role"] == "assistant"), default=-1)
    found: dict[str, list[str]] = {}
    for i, raw in enumerate(stored):
        role, text = str(raw["role"]), str(raw["content"])
        said = "answer" if i == last else "earlier"
        if text:
            found.setdefault(said if role == "assistant" else _ROLES.get(role, "other"), []).append(text)
    return found


def _field(role: str, part: Part, *, last: bool) -> str:
    if part.kind == "tool_call":
        return "tool"
    if role != "assistant":
        return _ROLES.get(role, "other")
    if part.kind == "reasoning":
        return "reasoning"
    return "answer" if last and part.kind == "text" else "earlier"


def _strings(value: object) -> Iterator[str]:
    """All texts in a value, with the keys that lead to them left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)
