"""Citations: a quoted span and how it was reached."""

from __future__ import annotations

import msgspec

from allegiance.errors import Refusal, UsageError
from allegiance.evidence.keep import Keep
from allegiance.evidence.quoting import Found, locate
from allegiance.evidence.reading import readings
from allegiance.evidence.routes import check_striking, known_before, opened
from allegiance.records.canonical import plain
from allegiance.records.draw import Draw
from allegiance.records.route import Citation, Drawn, Reading, Route, SelfReported

WITHDRAWN = "[withdrawn]"
"""Stands for words that were taken down since they were cited."""


def cite(
    keep: Keep,
    name: str,
    quote: str,
    *,
    self_reported: str = "",
    occurrence: int = 1,
    gaps: bool = False,
    draw: int = 0,
    striking: bool = False,
) -> Citation:
    """A citation of a stretch of a transcript, with the route of its first reading in the log.

    Args:
        keep: Where the transcript is.
        name: Its name.
        quote: The words; see `quoting.locate` for what may differ.
        self_reported: How it was found, in the words of the person, where no reading is in the log.
        occurrence: Which place, from 1, where the words stand in several.
        gaps: An ellipsis in the quote leaves words out.
        draw: Cite it as an item of the draw of this number, even if it was opened otherwise before.
        striking: It is the most striking of its draw.

    Raises:
        Refusal: Nobody has opened the transcript on record and no account is given; the words are not in it; or it
            is said to be the most striking of a draw that was not wholly opened.
        UsageError: It was opened on record, and an account is given all the same.
    """
    found = locate(keep.corpus.get(name), quote, occurrence=occurrence, gaps=gaps)
    route = route_of(keep, name, self_reported=self_reported, draw=draw, striking=striking)
    log = readings(keep)
    before = next((reading.order - 1 for reading in log if reading.transcript == name), len(log))
    return _citation(name, found, route, before)


def route_of(keep: Keep, name: str, *, self_reported: str = "", draw: int = 0, striking: bool = False) -> Route:
    """The route by which a transcript may be cited. Arguments and errors as in `cite`."""
    mine = [reading for reading in readings(keep) if reading.transcript == name]
    if self_reported and mine:
        raise UsageError(
            f"it was opened on record, as reading {mine[0].order}; the log says how.",
            where=name,
            next="Leave --self-reported out.",
        )
    through = [reading for reading in mine if _through(reading.route, draw)]
    if (draw or striking) and not through:
        raise Refusal(
            "it was not opened through a draw." if not draw else f"it was not opened through draw {draw}.",
            where=name,
            next="Open it so: allegiance read --draw N --rank R",
        )
    first = through[0] if draw or striking else next(iter(mine), None)
    if first is None:
        return _self_report(name, self_reported)
    return _as_cited(keep, first, striking)


def _through(route: Route, draw: int) -> bool:
    """Whether a route is through a draw, or through the draw of this number."""
    return isinstance(route, Drawn) and draw in {0, route.number}


def resolve(keep: Keep, name: str) -> str:
    """The full name that a name, its beginning, or ``@K`` stands for: what reading number K opened.

    Raises:
        UsageError: There is no such reading.
        UnknownName: There is no such transcript.
    """
    if not name.startswith("@"):
        return keep.corpus.resolve(name)
    log = readings(keep)
    number = int(name[1:]) if name[1:].isdecimal() and len(name) < 12 else 0
    if not 1 <= number <= len(log):
        raise UsageError(f"the log has {len(log)} readings; there is no reading {name[1:]!r}.", where=name)
    return log[number - 1].transcript


def log_citation(keep: Keep, citation: Citation) -> int:
    """Enters a citation in the log: the address of the span and its route, without the words.

    Returns:
        Its number in the study, from 1.
    """
    keep.log.append("citation", {"citation": plain(bare(citation))})
    return len(keep.log.entries("citation"))


def citations(keep: Keep) -> list[Citation]:
    """All citations in order, each with its words as stored now, or `WITHDRAWN` if they were taken down."""
    gone = set(keep.corpus.taken_down())
    return [_withdrawn(one) if one.transcript in gone else _with_words(keep, one) for one in logged(keep)]


def logged(keep: Keep) -> list[Citation]:
    """All citations in order as the log has them, without words; no transcript is read for it."""
    return [msgspec.convert(entry.body["citation"], Citation) for entry in keep.log.entries("citation")]


def bare(citation: Citation) -> Citation:
    """A citation as it stands in the log: the address of the span and its route, without the words."""
    return msgspec.structs.replace(citation, span=msgspec.structs.replace(citation.span, text=""))


def worded(keep: Keep, citation: Citation) -> Citation:
    """A citation with its words as stored now, or `WITHDRAWN` if they were taken down."""
    gone = citation.transcript in keep.corpus.taken_down()
    return _withdrawn(citation) if gone else _with_words(keep, citation)


def _citation(name: str, found: Found, route: Route, before: int) -> Citation:
    return Citation(
        transcript=name,
        span=found.span,
        route=route,
        before=before,
        matched=found.matched,
        left_out=found.left_out,
        place=found.place,
        places=found.places,
    )


def _self_report(name: str, how: str) -> Route:
    if not how:
        raise Refusal(
            "no reading of this transcript is in the log, so its route is unknown.",
            where=name,
            next="Open it with: allegiance read; or say how it was found with --self-reported.",
        )
    return SelfReported(how=how)


def _as_cited(keep: Keep, reading: Reading, striking: bool) -> Route:
    """The route of a reading, with what has become of the rest of its draw by now."""
    route = reading.route
    if not isinstance(route, Drawn):
        return route
    log = keep.log.entries()
    labelled, asked = _labelled(keep, keep.find_draw(route.number)) if route.number else (0, "")
    made = msgspec.structs.replace(
        route,
        opened=opened(log, route.draw),
        labelled=labelled,
        asked=asked,
        known=known_before(log, reading),
        chosen="striking" if striking else "",
    )
    if striking:
        check_striking(made)
    return made


def _labelled(keep: Keep, draw: Draw) -> tuple[int, str]:
    """The most of a draw's items that one trusted rater has answered a question about since, and the question."""
    since, items = keep.announced(draw), set(draw.items)
    best = (0, "")
    for question in keep.labels.questions():
        for card in keep.labels.raters(question.digest):
            if card.kind == "person" or card.basis == "trusted":
                given = keep.labels.all(question.digest, card.digest, since=since)
                count = len(items & {label.transcript for label in given if label.value != "unrated"})
                best = max(best, (count, question.name))
    return best


def _withdrawn(citation: Citation) -> Citation:
    span = msgspec.structs.replace(citation.span, text=WITHDRAWN)
    return msgspec.structs.replace(citation, span=span, left_out=())


def _with_words(keep: Keep, citation: Citation) -> Citation:
    span = citation.span
    part = keep.corpus.get(citation.transcript).messages[span.message].parts[span.part]
    words = part.text[span.start : span.end]
    return msgspec.structs.replace(citation, span=msgspec.structs.replace(span, text=words))
