"""A route: how a transcript was reached. A citation without one cannot be built."""

from __future__ import annotations

from typing import Literal

import msgspec

from allegiance.records.draw import DesignKind, Stop
from allegiance.records.label import Span
from allegiance.records.record import Record

Matched = Literal["exact", "quote/1"]
"""How the words of a quote were found: as they are, or under the normalisation of this name."""


class Drawn(Record, frozen=True, kw_only=True, tag="drawn"):
    """By a probability draw. Carries rates, once all that was drawn is labelled.

    Attributes:
        draw: Name of the draw.
        number: Its number in the study, from 1; 0 where it is not known.
        rank: Place in the draw, from 1.
        n: How many were drawn when this was opened.
        of: Size of the population.
        predicate: The filter of the population; empty for the whole corpus.
        design, stop, until, top: As in the draw's design.
        stratum: In a stratified draw, the filter of the stratum.
        within: In a stratified draw, the rank in the stratum and how many were drawn from it.
        chosen: ``striking``: the most striking of all that were drawn, each of which had been opened; empty where
            nothing is said of why it was chosen among them.
        opened: When it was cited, how many of the drawn had been opened through the draw.
        labelled: When it was cited, how many of the drawn a trusted rater had answered one question about since the
            draw was announced: the question and rater with the most.
        asked: Name of that question.
        known: It had been opened by another route before it was opened through the draw.
    """

    draw: str
    number: int = 0
    rank: int
    n: int
    of: int
    predicate: str = ""
    design: DesignKind = "uniform"
    stop: Stop = "fixed"
    until: int = 0
    top: int = 0
    stratum: str = ""
    within: tuple[int, int] = (0, 0)
    chosen: Literal["", "striking"] = ""
    opened: int = 0
    labelled: int = 0
    asked: str = ""
    known: bool = False


class Searched(Record, frozen=True, kw_only=True, tag="searched"):
    """By a search: rank `rank` of `hits`, among `searched` transcripts, after `earlier` other searches.

    Supports existence only.
    """

    search: str
    query: str
    rank: int
    hits: int
    searched: int
    earlier: int = 0


class Browsed(Record, frozen=True, kw_only=True, tag="browsed"):
    """In list order, under a filter. Supports existence only.

    Attributes:
        reading: This was reading number so-and-so of the study, from 1.
        predicate: The filter.
        switched: For each time that this reader had taken another filter, after how many readings of the study. The
            first filter is no switch.
    """

    reading: int
    predicate: str = ""
    switched: tuple[int, ...] = ()


class Linked(Record, frozen=True, kw_only=True, tag="linked"):
    """Opened by its name, as by a link somebody sent. Supports existence only."""

    reading: int


class SelfReported(Record, frozen=True, kw_only=True, tag="self-reported"):
    """No log of how it was reached; `how` is the word of the person. Supports existence only."""

    how: str


Route = Drawn | Searched | Browsed | Linked | SelfReported


class Reading(Record, frozen=True, kw_only=True):
    """Somebody opened a transcript, coming from somewhere.

    Attributes:
        transcript: Its name.
        reader: Who.
        route: How it was reached.
        order: This was reading number `order` of the study, from 1.
    """

    transcript: str
    reader: str
    route: Route
    order: int


class Citation(Record, frozen=True, kw_only=True):
    """A quoted span and how it was reached.

    Attributes:
        transcript: Name of the occurrence.
        span: What is quoted: the words as they are stored.
        route: How it was reached.
        before: Number of transcripts that had been read before it in this study.
        matched: How the words that were given were found.
        left_out: Where the quote leaves words out: code points ``start <= i < end`` of the part's text, within the
            span, in order.
        place, places: The words stand in so many places of the transcript; this is number `place`, from 1.
    """

    transcript: str
    span: Span
    route: Route
    before: int = msgspec.field(default=0)
    matched: Matched = "exact"
    left_out: tuple[tuple[int, int], ...] = ()
    place: int = 1
    places: int = 1
