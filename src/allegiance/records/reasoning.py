"""Reasoning and answer told apart, in text with tags and in messages with reasoning of their own.

Tags that open and close reasoning are those of `TAGS`, in any case: ``<scratchpad>…</scratchpad>``. Nothing is
guessed and nothing is dropped: what is not in order is named by the form, and the pieces together are the text as
it came.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from allegiance.records.record import Record
from allegiance.records.transcript import Message

TAGS = ("scratchpad_reasoning", "scratchpad", "thinking", "think", "reasoning")
"""Names of tags around reasoning."""
OUTPUTS = ("rlhfed_output", "final_answer", "answer", "output", "response")
"""Names of tags around an answer; a pair of them inside reasoning makes it nested."""

Form = Literal["none", "whole", "several", "nested", "unclosed", "empty"]
PieceKind = Literal["reasoning", "answer", "tag"]
_TAG = re.compile(rf"<(/?)({'|'.join(TAGS)})\s*>", re.IGNORECASE)
_OUTPUT = re.compile(rf"<(/?)({'|'.join(OUTPUTS)})\s*>", re.IGNORECASE)


class Piece(Record, frozen=True, kw_only=True):
    """A stretch of the text: reasoning, answer, or a tag between them."""

    kind: PieceKind
    text: str


class Split(Record, frozen=True, kw_only=True):
    """A text told apart.

    Attributes:
        pieces: The whole text, in order.
        form: ``none``: there is no reasoning. ``whole``: one block. ``several``: more than one. ``nested``: a block
            holds a tag of reasoning, or an answer in its tags. ``unclosed``: a tag has no partner. ``empty``: there
            are blocks, with nothing in them. If more than one holds: the first of unclosed, nested, empty, several.
    """

    pieces: tuple[Piece, ...]
    form: Form

    @property
    def raw(self) -> str:
        """The text as it came."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def reasoning(self) -> str:
        """The words of all blocks, without the outer tags, joined by a blank line."""
        return "\n\n".join(piece.text for piece in self.pieces if piece.kind == "reasoning")

    @property
    def answer(self) -> str:
        """What stands outside the blocks, as it came."""
        return "".join(piece.text for piece in self.pieces if piece.kind == "answer")


def split(text: str) -> Split:
    """Tell reasoning and answer apart by tags.

    After a tag that is opened and never closed, all is reasoning; before one that is closed and was never opened,
    all is too, as after a reply that was begun for the model. Either way the form says ``unclosed``, and whoever
    counts can leave it out.
    """
    reader = _Reader()
    at = 0
    for match in _TAG.finditer(text):
        reader.words(text[at : match.start()])
        reader.tag(match.group(), match[2].lower(), closes=bool(match[1]))
        at = match.end()
    reader.words(text[at:])
    return reader.result()


def of(messages: Sequence[Message]) -> Split:
    """Tell apart what the model said last: its tags, and reasoning that came in parts of its own.

    A text with which the reply was begun is the assistant message right before it, and is read together with it.
    Withheld reasoning has no words and is a block all the same. The pieces are the words of all text and reasoning
    parts; parts of other kinds have none.
    """
    last = len(messages)
    while last and messages[last - 1].role != "assistant":
        last -= 1
    first = last
    while first and messages[first - 1].role == "assistant":
        first -= 1
    parts = [part for message in messages[first:last] for part in message.parts]
    native = tuple(Piece(kind="reasoning", text=part.text) for part in parts if part.kind == "reasoning")
    said = split("".join(part.text for part in parts if part.kind == "text"))
    if not native:
        return said
    return Split(pieces=native + said.pieces, form=_joined(native, [p.redacted for p in parts], said))


def _holds_output(text: str) -> bool:
    """Whether a tag of `OUTPUTS` is opened and closed in it."""
    begun: set[str] = set()
    for match in _OUTPUT.finditer(text):
        if not match[1]:
            begun.add(match[2].lower())
        elif match[2].lower() in begun:
            return True
    return False


def _joined(native: Sequence[Piece], withheld: Sequence[bool], said: Split) -> Form:
    if said.form in ("unclosed", "nested"):
        return said.form
    if not any(withheld) and not any(p.text.strip() for p in native) and not said.reasoning.strip():
        return "empty"
    return "several" if len(native) > 1 or said.form in ("whole", "several", "empty") else "whole"


class _Reader:
    """Goes through a text once; `open` holds the names of the tags that are open, the outermost first."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.open: list[str] = []
        self.counts: Counter[str] = Counter()
        self.inside: list[str] = []
        self.blocks = 0
        self.nested = self.unclosed = False

    def words(self, text: str) -> None:
        if self.open:
            self.inside.append(text)
        else:
            self._add("answer", text)

    def tag(self, text: str, name: str, *, closes: bool) -> None:
        if not closes:
            self._opens(text, name)
        elif not self.counts[name]:
            self._stray(text)
        else:
            self._closes(text, name)

    def result(self) -> Split:
        if self.open:
            self.unclosed = True
            self._end()
        return Split(pieces=tuple(self.pieces), form=self._form())

    def _opens(self, text: str, name: str) -> None:
        if self.open:
            self.nested = True
            self.inside.append(text)
        else:
            self._add("tag", text)
        self.open.append(name)
        self.counts[name] += 1

    def _closes(self, text: str, name: str) -> None:
        while (last := self.open.pop()) != name:
            self.unclosed = True
            self.counts[last] -= 1
        self.counts[name] -= 1
        if self.open:
            self.inside.append(text)
        else:
            self._end()
            self._add("tag", text)

    def _stray(self, text: str) -> None:
        """A closing tag without its partner: inside a block it is words, outside it ends what began before it."""
        self.unclosed = True
        if self.open:
            self.inside.append(text)
            return
        if self.pieces and self.pieces[-1].kind == "answer":
            self.pieces[-1] = Piece(kind="reasoning", text=self.pieces[-1].text)
        self._add("tag", text)

    def _end(self) -> None:
        self.blocks += 1
        text = "".join(self.inside)
        self.inside = []
        self.nested = self.nested or _holds_output(text)
        self._add("reasoning", text)

    def _add(self, kind: PieceKind, text: str) -> None:
        if text:
            self.pieces.append(Piece(kind=kind, text=text))

    def _form(self) -> Form:
        if self.unclosed:
            return "unclosed"
        if self.nested:
            return "nested"
        if not self.blocks:
            return "none"
        if not any(piece.text.strip() for piece in self.pieces if piece.kind == "reasoning"):
            return "empty"
        return "several" if self.blocks > 1 else "whole"
