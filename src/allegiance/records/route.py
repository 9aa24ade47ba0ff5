"""A route: how a transcript was reached. A citation without one cannot be built."""

from __future__ import annotations

import msgspec

from allegiance.records.label import Span
from allegiance.records.record import Record


class Drawn(Record, frozen=True, kw_only=True, tag="drawn"):
    """By a probability draw: rank `rank` of `n` drawn from a frame of `of`. Carries rates."""

    draw: str
    rank: int
    n: int
    of: int


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
    """In list order, as reading number `reading` of this study, under a filter. Supports existence only."""

    reading: int
    predicate: str = ""


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
        span: What is quoted.
        route: How it was reached.
        before: Number of transcripts that had been read before it in this study.
    """

    transcript: str
    span: Span
    route: Route
    before: int = msgspec.field(default=0)
