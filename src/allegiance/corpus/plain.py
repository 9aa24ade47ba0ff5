"""Messages in their commonest form, straight from their JSON objects to what is stored, without a record between.

A message is plain if it has a known role and, beside it, only text and reasoning. `chat` gives for plain messages
exactly what `messages.from_chat`, the digest of words and `messages.to_chat` would, and None for all others, which
then go that way. A property test holds the two against each other.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import NamedTuple

import msgspec

_encode = msgspec.json.Encoder().encode
"""Writes text as the canonical form does."""
_ROLES = ("system", "user", "assistant", "tool")
_WORDS = {"text": b'["text",', "reasoning": b'["reasoning",'}
_PIECE = {"text": b'{"type":"text","text":', "reasoning": b'{"type":"reasoning","reasoning":'}
_OPEN = {(role, later): f'{"," if later else ""}["{role}",['.encode() for role in _ROLES for later in (False, True)}
_THOUGHTS = ("reasoning", "reasoning_content")
_Parts = list[tuple[str, bytes]]


class Chat(NamedTuple):
    """A conversation as it is stored.

    Attributes:
        text_digest: Digest of its words.
        stored: Its messages as `messages` holds them: JSON in UTF-8.
        messages: How many there are.
        replied: Whether one is the model's.
    """

    text_digest: str
    stored: bytes
    messages: int
    replied: bool


def chat(messages: object, system: str | None = None) -> Chat | None:
    """A conversation, given as JSON values that need not be clean; None if not all of it is plain.

    Args:
        messages: The messages.
        system: A message of the role ``system`` that is put before them.
    """
    if not isinstance(messages, list):
        return None
    try:
        turns = [_turn(message) for message in messages]
        if system is not None:
            turns.insert(0, ("system", [("text", _encode(system))]) if system else None)
    except UnicodeEncodeError:  # a lone surrogate: `safe.clean` has to rewrite it
        return None
    words, stored, replied = [b"["], [b"["], False
    for index, turn in enumerate(turns):
        if turn is None:
            return None
        role, parts = turn
        replied = replied or role == "assistant"
        before, between = _OPEN[role, index > 0], b",false,{}],"
        for kind, text in parts:
            words += (before, _WORDS[kind], text)
            before = between
        words.append(b",false,{}]]]" if parts else before + b"]]")
        stored.append(_head(index, role))
        stored += _content(parts)
    words.append(b"]")
    stored.append(b"]")
    digest = "sha256:" + hashlib.sha256(b"".join(words)).hexdigest()
    return Chat(digest, b"".join(stored), len(turns), replied)


@lru_cache(1024)
def _head(index: int, role: str) -> bytes:
    """How a stored message begins."""
    return f'{"," if index else ""}{{"id":"allegiance-{index}","role":"{role}","content":'.encode()


def _turn(message: object) -> tuple[str, _Parts] | None:
    """Role and parts of a plain message, each part as its kind and its words as JSON."""
    if type(message) is not dict or not 1 < len(message) < 4:
        return None
    role, content = message.get("role"), message.get("content", message)
    if role not in _ROLES or content is message:
        return None
    parts: _Parts = []
    if len(message) == 3:
        thought = next((message[key] for key in _THOUGHTS if key in message), None)
        if role != "assistant" or type(thought) is not str:
            return None
        parts.append(("reasoning", _encode(thought)))
    if type(content) is str:
        return (role, [*parts, ("text", _encode(content))] if content else parts)
    found = _pieces(content)
    if found is None or (not parts and found == [("text", b'""')]):
        return None
    return role, parts + found


def _pieces(content: object) -> _Parts | None:
    """The pieces of a content that is a list."""
    if type(content) is not list:
        return None
    parts: _Parts = []
    for piece in content:
        if type(piece) is not dict or len(piece) != 2:
            return None
        kind = "text" if piece.get("type") == "text" else "reasoning"
        text = piece.get(kind)
        if type(text) is not str or piece["type"] != kind:
            return None
        parts.append((kind, _encode(text)))
    return parts


def _content(parts: _Parts) -> tuple[bytes, ...]:
    if not parts:
        return (b'""}',)
    if len(parts) == 1 and parts[0][0] == "text":
        return parts[0][1], b"}"
    return b"[", b"},".join([_PIECE[kind] + text for kind, text in parts]), b"}]}"
