"""What stands before and after a transcript in what it was opened from: a draw, a list, the hits of a search."""

from __future__ import annotations

import msgspec
from starlette.requests import Request

from allegiance.corpus.predicate import parse
from allegiance.corpus.tables.looking import page
from allegiance.evidence.splits import visible
from allegiance.records.route import Browsed, Drawn, Reading, Searched
from allegiance.records.search import Search
from allegiance.web.asked import address, text, whole
from allegiance.web.state import State


def neighbours(state: State, request: Request, reading: Reading) -> dict[str, str]:
    """Where previous and next lead, and what they are neighbours in; empty where there are none."""
    found = {"before": "", "after": "", "bench": "", "among": ""}
    match reading.route:
        case Drawn():
            return found | _drawn(reading.route)
        case Searched():
            return found | _found(state, reading.route)
        case Browsed() if text(request, "at"):
            return found | _listed(state, request, reading)
        case _:
            return found


def _drawn(route: Drawn) -> dict[str, str]:
    here = f"/draws/{route.number}"
    return {
        "before": f"{here}/{route.rank - 1}" if route.rank > 1 else "",
        "after": f"{here}/{route.rank + 1}" if route.rank < route.n else "",
        "bench": f"/label/{route.number}", "among": "In this draw",
    }  # fmt: skip


def _found(state: State, route: Searched) -> dict[str, str]:
    number = route.earlier + 1

    def hits() -> tuple[str, ...]:
        return msgspec.convert(state.keep.log.entries("search")[number - 1].body["search"], Search).shown

    shown = state.remember(("shown", number), hits, lasting="all")

    def at(rank: int) -> str:
        if not 1 <= rank <= len(shown):
            return ""
        return address(f"/t/{shown[rank - 1]}", search=number, rank=rank)

    return {"before": at(route.rank - 1), "after": at(route.rank + 1), "among": "In this search"}


def _listed(state: State, request: Request, reading: Reading) -> dict[str, str]:
    """Neighbours in the list, in the order in which it was sorted; none if the list has changed since."""
    where, sort = text(request, "where"), text(request, "sort", "name")
    at = whole("at", text(request, "at"), 0)
    seen = visible(state.keep, where)
    if "@" in seen:
        return {}
    first = max(0, at - 1)
    rows = page(state.keep.corpus, parse(seen), sort, first, at - first + 2).rows
    if at - first >= len(rows) or rows[at - first].name != reading.transcript:
        return {}
    before = listed(rows[0].name, where, sort, at - 1) if at else ""
    after = listed(rows[-1].name, where, sort, at + 1) if len(rows) == at - first + 2 else ""
    return {"before": before, "after": after, "among": "In this list"}


def listed(name: str, where: str, sort: str, at: int) -> str:
    """Where a transcript is read as item `at` (from 0) of a list."""
    return address(f"/t/{name}", list=1, where=where, sort=sort if sort != "name" else "", at=at)
