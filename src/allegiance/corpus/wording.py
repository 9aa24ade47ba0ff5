"""The columns `answer`, `reasoning` and `text`, worked out from the stored messages when they are read.

A segment holds each word once, in `messages`. These three columns would hold every word two or three times over and
make a segment more than twice as large; working them out costs about what decompressing them would.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec
import pyarrow as pa

from allegiance.corpus.messages import EXACT, from_stored, words
from allegiance.errors import CorpusDamaged
from allegiance.records.transcript import Source, Transcript

COLUMNS = ("answer", "reasoning", "text")
"""Columns of words that no segment holds."""
_TEXT = pa.large_string()


class Words(NamedTuple):
    """The words of a conversation, as `answer` and `reasoning` of a transcript and `messages.words` give them."""

    answer: str
    reasoning: str
    text: str


class _Piece(msgspec.Struct):
    type: str
    text: str | None = None
    reasoning: str | None = None
    redacted: msgspec.Raw | None = None
    summary: msgspec.Raw | None = None


class _Chat(msgspec.Struct):
    role: str
    content: str | list[_Piece]
    exact: msgspec.Raw | None = msgspec.field(default=None, name=EXACT)
    reasoning: msgspec.Raw | None = None
    reasoning_content: msgspec.Raw | None = None


_CHATS = msgspec.json.Decoder(list[_Chat])


class _Odd(Exception):
    """A message whose words only `from_stored` can tell."""


def columns(stored: Sequence[str | None], wanted: Collection[str]) -> dict[str, pa.Array]:
    """Those of the `COLUMNS` that are wanted, for messages as `messages` holds them.

    Raises:
        CorpusDamaged: These are no messages that we stored.
    """
    found = [spoken(one or "[]") for one in stored]
    return {name: pa.array([one[at] for one in found], _TEXT) for at, name in enumerate(COLUMNS) if name in wanted}


def spoken(stored: str) -> Words:
    """The words of one conversation, from its messages as JSON.

    Raises:
        CorpusDamaged: These are no messages that we stored.
    """
    try:
        return _plain(_CHATS.decode(stored))
    except (_Odd, msgspec.MsgspecError, UnicodeError):
        return _odd(stored)


def _plain(chats: Sequence[_Chat]) -> Words:
    answer, thoughts, everything = "", list[str](), list[str]()
    for chat in chats:
        if chat.exact is not None:
            raise _Odd
        assistant = chat.role == "assistant"
        if assistant and (chat.reasoning is not None or chat.reasoning_content is not None):
            raise _Odd
        if isinstance(chat.content, str):
            said, thought, both = chat.content, "", [chat.content]
        else:
            said, thought, both = _pieces(chat.content)
        everything += filter(None, both)
        if assistant:
            answer = said
            thoughts.append(thought)
    return Words(answer, "\n\n".join(filter(None, thoughts)), "\n\n".join(everything))


def _pieces(content: Sequence[_Piece]) -> tuple[str, str, list[str]]:
    """The text, the reasoning, and the words of every piece in order."""
    said, thoughts, both = [], [], []
    for piece in content:
        if piece.type == "text" and piece.text is not None:
            said.append(piece.text)
            both.append(piece.text)
        elif piece.type != "reasoning" or piece.reasoning is None or piece.redacted or piece.summary:
            raise _Odd
        else:
            thoughts.append(piece.reasoning)
            both.append(piece.reasoning)
    return "\n\n".join(said), "\n\n".join(thoughts), both


def _odd(stored: str) -> Words:
    try:
        turns = tuple(from_stored(raw, index) for index, raw in enumerate(json.loads(stored)))
    except (ValueError, KeyError, TypeError, AttributeError, msgspec.MsgspecError) as error:
        raise CorpusDamaged(
            f"a stored transcript cannot be read: {error}.", next="Run: allegiance corpus fsck"
        ) from None
    item = Transcript(messages=turns, source=Source(digest="", file=""))
    return Words(item.answer, item.reasoning, words(turns))
