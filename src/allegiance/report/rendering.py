"""How a transcript is shown: one rendering for the workbench, static pages and reports, so that places agree.

A part of a message becomes pieces of text. What is between two pieces is nothing: joined, they are the stored text,
except that a character without a visible shape is a piece of its own, which is written out and knows its code
point. So a place in the page can be counted back to a place in the transcript, in code points.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

from allegiance.records.record import Record
from allegiance.records.transcript import Message, Part, Transcript
from allegiance.report.words import unseen


class Mark(Record, frozen=True, kw_only=True):
    """A stretch of a part that somebody points at.

    Attributes:
        message, part, start, end: Which: code points ``start <= i < end`` of the part's text.
        kind: ``label``, ``quote`` or ``hit``.
        note: Who points at it and why.
    """

    message: int
    part: int
    start: int
    end: int
    kind: str
    note: str = ""


class Piece(Record, frozen=True, kw_only=True):
    """A stretch of text that is shown alike.

    Attributes:
        text: As it is shown.
        code: Code point in hex where a character without a shape is written out; else empty.
        marks: Kinds of the marks on it, with a space between.
        notes: What the marks say.
    """

    text: str
    code: str = ""
    marks: str = ""
    notes: str = ""


class Block(Record, frozen=True, kw_only=True):
    """A part of a message.

    Attributes:
        number: Its place in the message, from 0.
        kind: As in the record.
        note: What it is where it is not plain text: reasoning, withheld, a call of a tool.
        pieces: Its text.
        quotable: Whether places in it are places in the stored text. They are not where data are written as JSON.
    """

    number: int
    kind: str
    note: str
    pieces: tuple[Piece, ...]
    quotable: bool


class Turn(Record, frozen=True, kw_only=True):
    """A message: its place from 0, its role, and its parts."""

    number: int
    role: str
    blocks: tuple[Block, ...]


def turns(item: Transcript, marks: Sequence[Mark] = ()) -> tuple[Turn, ...]:
    """A transcript as it is shown, with the marks that are on it."""
    return tuple(_turn(number, message, marks) for number, message in enumerate(item.messages))


def text_of(block: Block) -> str:
    """The text that a block shows, each written-out character as itself again."""
    return "".join(chr(int(piece.code, 16)) if piece.code else piece.text for piece in block.pieces)


def as_json(value: object) -> str:
    """Data as it is shown: a text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=dict)


def _turn(number: int, message: Message, marks: Sequence[Mark]) -> Turn:
    own = [mark for mark in marks if mark.message == number]
    blocks = [_block(place, part, [m for m in own if m.part == place]) for place, part in enumerate(message.parts)]
    return Turn(number=number, role=message.role, blocks=tuple(blocks))


def _block(number: int, part: Part, marks: Sequence[Mark]) -> Block:
    note, text, quotable = _said(part)
    pieces = tuple(_pieces(text, marks if quotable else ()))
    return Block(number=number, kind=part.kind, note=note, pieces=pieces, quotable=quotable)


def _said(part: Part) -> tuple[str, str, bool]:
    """What a part is, its text, and whether that is the stored one. Withheld, empty and absent reasoning differ."""
    if part.kind == "tool_call":
        return f"calls {part.data.get('function')}", as_json(part.data.get("arguments")), False
    if part.kind == "text":
        return "" if part.text else "empty text", part.text, True
    if part.kind == "reasoning" and part.redacted:
        return "reasoning, withheld" + ("; a summary in its place" if part.text else ""), part.text, True
    if part.kind == "reasoning":
        return "reasoning" if part.text else "reasoning, empty", part.text, True
    return (part.kind, part.text, True) if part.text else (part.kind, as_json(dict(part.data)), False)


def _pieces(text: str, marks: Sequence[Mark]) -> list[Piece]:
    """The text cut where a mark begins or ends, and around each character that has no shape."""
    hidden = {found.start() for found in unseen(text)}
    cuts = {0, len(text)} | {edge for at in hidden for edge in (at, at + 1)}
    cuts |= {min(max(edge, 0), len(text)) for mark in marks for edge in (mark.start, mark.end)}
    edges = sorted(cuts)
    return [_piece(text, start, end, marks, start in hidden) for start, end in pairwise(edges)]


def _piece(text: str, start: int, end: int, marks: Sequence[Mark], hidden: bool) -> Piece:
    on = [mark for mark in marks if mark.start < end and start < mark.end]
    code = f"{ord(text[start]):04X}" if hidden else ""
    return Piece(
        text=f"⟦U+{code}⟧" if hidden else text[start:end],
        code=code,
        marks=" ".join(sorted({mark.kind for mark in on})),
        notes="; ".join(dict.fromkeys(mark.note for mark in on if mark.note)),
    )
