"""Citations: a quoted span and how it was reached."""

from __future__ import annotations

import msgspec

from allegiance.errors import Refusal
from allegiance.evidence.keep import Keep
from allegiance.evidence.reading import readings
from allegiance.records.canonical import plain
from allegiance.records.label import Span
from allegiance.records.route import Citation, Route, SelfReported
from allegiance.records.transcript import Transcript


def cite(keep: Keep, name: str, quote: str, *, self_reported: str = "") -> Citation:
    """A citation of a stretch of a transcript, with the route of its first reading in the log.

    Args:
        keep: Where the transcript is.
        name: Its name.
        quote: The words, exactly as stored.
        self_reported: How it was found, in the words of the person, where no reading is in the log.

    Raises:
        Refusal: Nobody has opened the transcript on record and no account is given, or the words are not in it.
    """
    span = find(keep.corpus.get(name), quote)
    if span is None:
        raise Refusal(
            "these words are not in the transcript, letter for letter.",
            where=name,
            next="Copy them from: allegiance read NAME",
        )
    log = readings(keep)
    first = next((reading for reading in log if reading.transcript == name), None)
    route = first.route if first else _self_report(name, self_reported)
    before = first.order - 1 if first else len(log)
    return Citation(transcript=name, span=span, route=route, before=before)


def find(item: Transcript, quote: str) -> Span | None:
    """The first place where these words stand, in the text or reasoning of one part of a message."""
    for m, message in enumerate(item.messages):
        for p, part in enumerate(message.parts):
            start = part.text.find(quote) if quote else -1
            if start >= 0:
                return Span(message=m, part=p, start=start, end=start + len(quote), text=quote)
    return None


def _self_report(name: str, how: str) -> Route:
    if not how:
        raise Refusal(
            "no reading of this transcript is in the log, so its route is unknown.",
            where=name,
            next="Open it with: allegiance read; or say how it was found with --self-reported.",
        )
    return SelfReported(how=how)


def log_citation(keep: Keep, citation: Citation) -> None:
    """Enters a citation in the log: the address of the span and its route, without the words."""
    bare = msgspec.structs.replace(citation, span=msgspec.structs.replace(citation.span, text=""))
    keep.log.append("citation", {"citation": plain(bare)})


def citations(keep: Keep) -> list[Citation]:
    """All citations in order, each span with its words as they are stored now."""
    logged = (msgspec.convert(entry.body["citation"], Citation) for entry in keep.log.entries("citation"))
    return [_with_words(keep, citation) for citation in logged]


def _with_words(keep: Keep, citation: Citation) -> Citation:
    span = citation.span
    part = keep.corpus.get(citation.transcript).messages[span.message].parts[span.part]
    words = part.text[span.start : span.end]
    return msgspec.structs.replace(citation, span=msgspec.structs.replace(span, text=words))
