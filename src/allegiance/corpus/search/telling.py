"""Why a transcript is a hit: which words stand where in it, and the words around the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from allegiance.corpus.search.placing import Piece, pieces
from allegiance.corpus.search.query import PLACES, Leaf, Prefix
from allegiance.corpus.search.text import Token, tokens
from allegiance.records.transcript import Message

CONTEXT = 60
"""Code points of context on each side of the first match."""

_TOLD = {"earlier": "earlier reply", "other": "another role"}


class Told(NamedTuple):
    """Why it is a hit, the words around the first match, and the matches in these (start, end), in code points."""

    why: str
    snippet: str
    marks: tuple[tuple[int, int], ...]


class Match(NamedTuple):
    """A word or a phrase in a text: start and end in code points."""

    start: int
    end: int


def tell(messages: Sequence[Message], asked: Sequence[Leaf]) -> Told:
    """What of a query stands in a conversation; empty if nothing does, as where only a `-` made it a hit."""
    counts: dict[tuple[str, str], int] = {}
    first: tuple[Piece, list[Match]] | None = None
    for piece in pieces(messages):
        found = {str(leaf): found for leaf in asked if (found := _in_piece(piece, leaf))}
        for leaf, matches in found.items():
            counts[leaf, piece.field] = counts.get((leaf, piece.field), 0) + len(matches)
        if found and first is None:
            first = piece, sorted({match for matches in found.values() for match in matches})
    snippet, marks = _snippet(first[0].text, first[1]) if first else ("", ())
    return Told(_why(counts), snippet, marks)


def around(text: str, start: int, end: int) -> tuple[int, int]:
    """Start and end of the snippet around a match, between words where there are some near."""
    low, high = max(start - CONTEXT, 0), min(end + CONTEXT, len(text))
    while low and low < start and not text[low - 1].isspace():
        low += 1
    while high < len(text) and high > end and not text[high].isspace():
        high -= 1
    return low, high


def _in_piece(piece: Piece, leaf: Leaf) -> list[Match]:
    if piece.field not in PLACES[leaf.place]:
        return []
    wanted = [token.text for token in tokens(leaf.text)]
    if not wanted or (piece.text.isascii() and wanted[0] not in piece.text.lower()):
        return []
    return list(_matches(tokens(piece.text), wanted, begins=isinstance(leaf, Prefix)))


def _matches(there: Sequence[Token], wanted: Sequence[str], *, begins: bool) -> Iterator[Match]:
    for at in range(len(there) - len(wanted) + 1):
        texts = [token.text for token in there[at : at + len(wanted)]]
        if texts == list(wanted) or (begins and texts[0].startswith(wanted[0])):
            yield Match(there[at].start, there[at + len(wanted) - 1].end)


def _snippet(text: str, matches: Sequence[Match]) -> tuple[str, tuple[tuple[int, int], ...]]:
    low, high = around(text, matches[0].start, matches[0].end)
    inside = [match for match in matches if match.end <= high]
    marks: list[tuple[int, int]] = []
    for match in inside:
        if not marks or match.start >= marks[-1][1]:
            marks.append((match.start, match.end))
    return text[low:high], tuple((start - low, end - low) for start, end in marks)


def _why(counts: dict[tuple[str, str], int]) -> str:
    """For example ``lantern: answer 2, user 1; "never lit": answer 1``."""
    said: dict[str, list[str]] = {}
    for (leaf, field), count in counts.items():
        said.setdefault(leaf, []).append(f"{_TOLD.get(field, field)} {count}")
    return "; ".join(f"{leaf}: {', '.join(places)}" for leaf, places in said.items())
