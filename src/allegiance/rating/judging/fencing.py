"""A transcript laid out for a judge, so that nothing in it can act.

Every line of it begins with ``| ``; lines between begin with a code that is made anew for each call and does not
occur in the text. So a planted end of the text, role or instruction is a line of the text like others. See `shown`
for the characters. What is left out for length is said where it is left out, and counted.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

import msgspec

from allegiance.errors import UnknownName
from allegiance.rating.judging.shown import Shown, mild, one_line
from allegiance.records.canonical import digest_bytes
from allegiance.records.folding import Folded, fold
from allegiance.records.label import Span
from allegiance.records.reasoning import Piece, of
from allegiance.records.transcript import Part, Transcript

View = Literal["answer", "reasoning", "both", "conversation"]
VIEWS: tuple[View, ...] = get_args(View)
"""What a judge sees: the answer of the model's last reply, its reasoning, both, or all messages."""

FENCE = "fence/1"
LIMIT = 60_000
"""Characters shown of one transcript, at most."""
SHORTEST = 3
"""Characters that a quote must have."""
_BAR = re.compile(r"\n\| ?")
_ENDS = re.compile(r"^(?:\s|\.{3}|…)+|(?:\s|\.{3}|…)+$")


@dataclass(frozen=True)
class Passage:
    """A stretch of a transcript.

    Attributes:
        head: What it is, for the line above it.
        text: The words, as they came.
        message, part: Address of the part.
        start: Where it starts in the part's text, in code points; -1 where the words are no text of the part.
    """

    head: str
    text: str
    message: int
    part: int
    start: int = 0

    @cached_property
    def shown(self) -> Shown:
        """The words as they are shown."""
        return Shown(self.text)


@dataclass(frozen=True)
class Stretch:
    """What is shown of a passage: code points ``start <= i < end`` of its shown text."""

    passage: Passage
    start: int
    end: int

    @property
    def text(self) -> str:
        """The words that are shown."""
        return self.passage.shown.text[self.start : self.end]

    @cached_property
    def folded(self) -> Folded:
        """They, under ``quote/1``."""
        return Folded(self.text)


@dataclass(frozen=True)
class Fenced:
    """What a judge sees of a transcript.

    Attributes:
        stretches: What is shown, in order.
        left_out: Characters that were left out for length.
        changed: Whether characters were written out.
    """

    stretches: tuple[Stretch, ...]
    left_out: int = 0
    changed: bool = False
    _gap: int = field(default=-1, repr=False)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see."""
        return not any(stretch.text.strip() for stretch in self.stretches)

    @property
    def size(self) -> int:
        """Characters that are shown."""
        return sum(stretch.end - stretch.start for stretch in self.stretches)

    @cached_property
    def digest(self) -> str:
        """Digest of all that is shown, whatever the code of a call."""
        return digest_bytes(f"{FENCE}\n{self.render(FENCE)}".encode())

    def render(self, code: str) -> str:
        """The text between two lines that carry the code of a call."""
        lines = [f"{code} begin"]
        for index, stretch in enumerate(self.stretches):
            if index == self._gap:
                lines.append(f"{code} {self.left_out} characters are left out here")
            lines.append(f"{code} {stretch.passage.head}")
            lines.append("| " + stretch.text.replace("\n", "\n| "))
        lines.append(f"{code} end")
        return "\n".join(lines)

    def new_code(self) -> str:
        """A code for one call: random, and not in the text."""
        while True:
            code = secrets.token_hex(6)
            if not any(code in stretch.text for stretch in self.stretches):
                return code

    def find(self, quote: str) -> tuple[bool, Span | None]:
        """Whether a quote stands in what is shown, and where in the transcript.

        It is sought letter for letter, then under ``quote/1``; bars of the lines, and white space and an ellipsis
        at its ends, do not count. There is no span where it stands in words that are no text of a part.
        """
        words = _ENDS.sub("", _BAR.sub("\n", quote))
        if len(words) < SHORTEST:
            return False, None
        for stretch, start, end in self._places(words, mild(words)):
            passage = stretch.passage
            if passage.start < 0:
                return True, None
            since, until = passage.shown.stored(stretch.start + start, stretch.start + end)
            text, offset = passage.text[since:until], passage.start
            return True, Span(message=passage.message, part=passage.part, start=offset + since,
                              end=offset + until, text=text)  # fmt: skip
        return False, None

    def _places(self, *forms: str) -> Iterator[tuple[Stretch, int, int]]:
        for form in dict.fromkeys(forms):
            for stretch in self.stretches:
                if (at := stretch.text.find(form)) >= 0:
                    yield stretch, at, at + len(form)
        for form in dict.fromkeys(map(fold, forms)):
            for stretch in self.stretches:
                for start, end in stretch.folded.finds(form):
                    yield stretch, start, end


def fence(item: Transcript, view: View, limit: int = LIMIT) -> Fenced:
    """What a judge sees of a transcript in this view; the middle is left out of what is longer than the limit."""
    chosen = passages(item, view)
    total = sum(len(one.shown.text) for one in chosen)
    changed = any(one.shown.changed for one in chosen)
    if total <= limit:
        return Fenced(tuple(Stretch(one, 0, len(one.shown.text)) for one in chosen), changed=changed)
    head, tail = limit - limit // 2, total - limit // 2
    before, after = list(_within(chosen, 0, head)), list(_within(chosen, tail, total))
    return Fenced((*before, *after), total - limit, changed, len(before))


def _within(chosen: Sequence[Passage], low: int, high: int) -> Iterator[Stretch]:
    """The stretches of the passages, one after the other, between two places."""
    at = 0
    for one in chosen:
        size = len(one.shown.text)
        start, end = max(low - at, 0), min(high - at, size)
        if start < end:
            yield Stretch(one, start, end)
        at += size


def passages(item: Transcript, view: View) -> tuple[Passage, ...]:
    """The stretches of a transcript that a view is of."""
    if view == "conversation":
        return tuple(_conversation(item))
    kinds = {"answer": ("answer",), "reasoning": ("reasoning",), "both": ("reasoning", "answer")}[view]
    return tuple(one for kind, one in _reply(item) if kind in kinds)


def find_view(name: str) -> View:
    """The view with this name.

    Raises:
        UnknownName: There is none.
    """
    for view in VIEWS:
        if name == view:
            return view
    raise UnknownName("view", name, VIEWS)


def _conversation(item: Transcript) -> Iterator[Passage]:
    for i, message in enumerate(item.messages):
        for j, part in enumerate(message.parts):
            head = f"message {i}, {one_line(message.role)}{_kind(part)}"
            if part.text:
                yield Passage(head, part.text, i, j)
            if part.data:
                yield Passage(f"{head}, data", msgspec.json.encode(part.data, order="sorted").decode(), i, j, -1)
            if part.redacted:
                yield Passage(f"{head}, withheld by the source", "", i, j)


def _kind(part: Part) -> str:
    return "" if part.kind == "text" else f", {part.kind.replace('_', ' ')}"


def _reply(item: Transcript) -> Iterator[tuple[str, Passage]]:
    """The last reply, told apart as `records.reasoning` does, each piece with its address."""
    last = max((i for i, message in enumerate(item.messages) if message.role == "assistant"), default=-1)
    first = last
    while first > 0 and item.messages[first - 1].role == "assistant":
        first -= 1
    parts = [(i, j, part) for i in range(max(first, 0), last + 1) for j, part in enumerate(item.messages[i].parts)]
    for i, j, part in parts:
        if part.kind == "reasoning" and part.text:
            yield "reasoning", Passage("reasoning of the model", part.text, i, j)
    pieces = of(item.messages[first : last + 1]).pieces if last >= 0 else ()
    native = sum(part.kind == "reasoning" for _, _, part in parts)
    texts = [(i, j, part.text) for i, j, part in parts if part.kind == "text"]
    for piece, i, j, start, words in _addressed(pieces[native:], texts):
        if piece.kind != "tag":
            yield piece.kind, Passage(f"{piece.kind} of the model", words, i, j, start)


def _addressed(
    pieces: Sequence[Piece], texts: Sequence[tuple[int, int, str]]
) -> Iterator[tuple[Piece, int, int, int, str]]:
    """Each piece of the joined texts, cut where one text ends and the next begins, with its address."""
    left, at = list(texts), 0
    for piece in pieces:
        size = len(piece.text)
        while size and left:
            i, j, text = left[0]
            took = min(size, len(text) - at)
            if took:
                yield piece, i, j, at, text[at : at + took]
            size, at = size - took, at + took
            if at == len(text):
                left.pop(0)
                at = 0
