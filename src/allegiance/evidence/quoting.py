"""Finding the words of a quote in a transcript: as they are, or else under one declared normalisation.

The normalisation ``quote/1`` takes texts as equal if they are after these steps, in this order: Unicode NFC; curly
and low quotation marks become straight ones; every run of white space (CR LF and no-break space too) becomes one
space, and none at the ends of a quote. Letters, case, hyphens and all other characters stay as they are.
"""

from __future__ import annotations

import difflib
import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence

from allegiance.errors import Refusal, UsageError
from allegiance.records.folding import STRAIGHT as STRAIGHT  # noqa: PLC0414  (to be had from here too)
from allegiance.records.folding import Folded
from allegiance.records.folding import fold as fold  # noqa: PLC0414
from allegiance.records.label import Span
from allegiance.records.record import Record
from allegiance.records.route import Citation, Matched
from allegiance.records.transcript import Transcript

ELLIPSIS = re.compile(r"\s*(?:\[\s*(?:…|\.\.\.)\s*\]|…|\.\.\.)\s*")
"""What leaves words out of a quote, where that is declared: ``…`` or ``...``, in brackets or not."""

SHORTEST_HINT = 8
"""Characters that must agree before a refusal shows where a quote departs from the text."""

WIDTH = 40
"""Characters that a refusal or a note shows of either side."""


class Found(Record, frozen=True, kw_only=True):
    """Where the words of a quote stand; fields as in `Citation`."""

    span: Span
    matched: Matched = "exact"
    left_out: tuple[tuple[int, int], ...] = ()
    place: int = 1
    places: int = 1


def locate(item: Transcript, quote: str, *, occurrence: int = 1, gaps: bool = False) -> Found:
    """Where the words of a quote stand: exactly, or else under ``quote/1``.

    Args:
        item: The transcript.
        quote: The words.
        occurrence: Which place, from 1, where there are several.
        gaps: An ellipsis in the quote stands for words that it leaves out, within one part of one message.

    Raises:
        Refusal: The words are not there; the message shows where they depart from what is.
        UsageError: There are fewer places.
    """
    pieces = _kept(quote) if gaps else [quote] if quote else []
    for matched in ("exact", "quote/1"):
        places = list(_places(item, pieces, matched)) if pieces else []
        if places:
            return _chosen(item, places, matched, occurrence)
    raise _absent(item, quote, gaps)


def find(item: Transcript, quote: str) -> Span | None:
    """The first place where these words stand, letter for letter, in one part of a message."""
    first = next(_places(item, [quote], "exact"), None) if quote else None
    return _span(item, first) if first else None


def differences(quote: str, found: Found | Citation) -> list[str]:
    """How the words that were given differ from the stored ones, a sentence a place; empty if they do not."""
    stored, said = found.span.text, []
    cuts = [(start - found.span.start, end - found.span.start) for start, end in found.left_out]
    for start, end in cuts:
        said.append(f"left out here: {_short(stored[start:end])}")
    if found.matched == "exact":
        return said
    given = "".join(ELLIPSIS.split(quote.strip())) if cuts else quote.strip()
    kept = _without(stored, cuts)
    if len(given) * len(kept) > 4_000_000:
        return [*said, "it differs in white space, quotation marks or the form of characters"]
    for tag, a, b, c, d in difflib.SequenceMatcher(None, given, kept, autojunk=False).get_opcodes():
        if tag != "equal":
            said.append(
                f"character {c + 1}: you wrote {_codes(given[a:b])}, the transcript has {_codes(kept[c:d])}"
            )
    return said


Place = tuple[int, int, tuple[tuple[int, int], ...]]
"""Message, part, and the stretches of its text that are quoted."""


def _places(item: Transcript, pieces: Sequence[str], matched: Matched) -> Iterator[Place]:
    for m, message in enumerate(item.messages):
        for p, part in enumerate(message.parts):
            for stretches in _stretches(part.text, pieces, matched):
                yield m, p, stretches


def _stretches(text: str, pieces: Sequence[str], matched: Matched) -> Iterator[tuple[tuple[int, int], ...]]:
    """Each way in which the pieces stand in a text, one after the other; no two overlap."""
    folded = Folded(text) if matched == "quote/1" and text else None
    since = 0
    while True:
        found: list[tuple[int, int]] = []
        for piece in pieces:
            at = next(_finds(text, folded, piece, found[-1][1] if found else since), None)
            if at is None:
                return
            found.append(at)
        yield tuple(found)
        since = found[-1][1]


def _finds(text: str, folded: Folded | None, piece: str, since: int) -> Iterator[tuple[int, int]]:
    if folded is not None:
        yield from folded.finds(fold(piece), since)
        return
    at = text.find(piece, since)
    if at >= 0:
        yield at, at + len(piece)


def _chosen(item: Transcript, places: Sequence[Place], matched: Matched, occurrence: int) -> Found:
    if not 1 <= occurrence <= len(places):
        raise UsageError(
            f"these words stand in {len(places)} places of the transcript; there is no place {occurrence}.",
            where=item.name,
        )
    place = places[occurrence - 1]
    stretches = place[2]
    gaps = tuple((one[1], two[0]) for one, two in itertools.pairwise(stretches))
    span = _span(item, place)
    return Found(span=span, matched=matched, left_out=gaps, place=occurrence, places=len(places))


def _span(item: Transcript, place: Place) -> Span:
    m, p, stretches = place
    start, end = stretches[0][0], stretches[-1][1]
    return Span(message=m, part=p, start=start, end=end, text=item.messages[m].parts[p].text[start:end])


def _absent(item: Transcript, quote: str, gaps: bool) -> Refusal:
    if not gaps and ELLIPSIS.search(quote) and any(_places(item, _kept(quote), "quote/1")):
        return Refusal(
            "these words are not in the transcript as one piece; they are with words left out at the ellipsis.",
            where=item.name,
            next="Declare that it leaves words out: --gaps",
        )
    return Refusal(
        f"these words are not in the transcript{_departure(item, quote)}.",
        where=item.name,
        next="Copy them from: allegiance read NAME",
    )


def _kept(quote: str) -> list[str]:
    return [piece for piece in ELLIPSIS.split(quote) if piece.strip()]


def _departure(item: Transcript, quote: str) -> str:
    """Where the longest beginning of the quote that is there goes on otherwise; empty if too little is there."""
    wanted = fold(quote)
    texts = [Folded(part.text).text for message in item.messages for part in message.parts if part.text]
    size, text = max(((_agreeing(text, wanted), text) for text in texts), default=(0, ""), key=lambda pair: pair[0])
    if size < min(SHORTEST_HINT, len(wanted)):
        return ""
    at = text.find(wanted[:size]) + size
    return (
        f"; they agree up to {_short(wanted[max(0, size - WIDTH) : size])}, where the transcript goes on "
        f"{_short(text[at : at + WIDTH])} and the quote {_short(wanted[size : size + WIDTH])}"
    )


def _agreeing(text: str, wanted: str) -> int:
    """Length of the longest beginning of `wanted` that is somewhere in a text."""
    low, high = 0, len(wanted)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if wanted[:middle] in text else (low, middle - 1)
    return low


def _without(text: str, cuts: Sequence[tuple[int, int]]) -> str:
    for start, end in reversed(cuts):
        text = text[:start] + text[end:]
    return text


def _codes(text: str) -> str:
    """Characters that are told apart even where they look alike."""
    return " ".join(f"U+{ord(char):04X} {unicodedata.name(char, '')}".strip() for char in text) or "nothing"


def _short(text: str) -> str:
    return repr(text if len(text) <= 2 * WIDTH else f"{text[:WIDTH]} … {text[-WIDTH:]}")
