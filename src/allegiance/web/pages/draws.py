"""Draws: all of them, one, and making one from a filter."""

from __future__ import annotations

from collections import defaultdict

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from allegiance.evidence.reading import readings
from allegiance.evidence.splits import by_default
from allegiance.records.draw import Design, Draw
from allegiance.records.route import Drawn
from allegiance.web.answers import see_other, shared, with_page
from allegiance.web.asked import one_of, whole
from allegiance.web.forms import fields
from allegiance.web.state import State


def every(request: Request) -> Response:
    """All draws of the study."""
    state = shared(request)
    opened = _opened(state)
    found = [_line(state, draw, opened) for draw in reversed(state.keep.draws())]
    return with_page(request, "draws.html.j2", {"draws": found})


def one(request: Request) -> Response:
    """A draw: what was announced, and its items by rank, without their words."""
    state = shared(request)
    number = whole("draw", str(request.path_params["draw"]), 0)
    draw = state.keep.find_draw(number)
    readers = _opened(state)[draw.name]
    items = [
        {"rank": rank, "short": name.removeprefix("sha256:")[:12], "readers": ", ".join(sorted(readers[name]))}
        for rank, name in enumerate(draw.items, 1)
    ]
    mine = (rank for rank, name in enumerate(draw.items, 1) if state.reader not in readers[name])
    values = {
        "number": number, "drawn": f"{len(draw.items):,}", "of": f"{draw.commitment.frame.n:,}", "items": items,
        "population": draw.commitment.frame.predicate or "the whole corpus", "design": design(draw),
        "seed": draw.seed, "next_rank": next(mine, 0),
    }  # fmt: skip
    return with_page(request, "draw.html.j2", values)


async def make(request: Request) -> Response:
    """Announces a uniform draw from a filter in the log, and leads to its first item."""
    given = await fields(request, ("where", "n", "stop"))
    state = shared(request)
    n = whole("n", given["n"], 20, low=1)
    stop = one_of("stop", given["stop"] or "fixed", ("fixed", "open"))

    def work() -> Draw:
        asked = Design(kind="uniform", n=n, stop="open" if stop == "open" else "fixed")
        return state.keep.draw(asked, by_default(state.keep, given["where"]))

    made = await run_in_threadpool(work)
    return see_other(f"/draws/{made.commitment.counter}/1")


def design(draw: Draw) -> str:
    """The design in words."""
    made = draw.commitment.design
    said = {
        "uniform": "uniform, without replacement",
        "weighted": "weighted by a rater's scores",
        "census": "all of it",
        "stratified": "stratified",
        "elusion": f"the top {made.top} and a draw from the rest",
    }
    stop = {"fixed": "", "open": "; reading may stop at any time", "until": f"; until {made.until} are found"}
    return said[made.kind] + stop[made.stop]


def _line(state: State, draw: Draw, opened: dict[str, dict[str, set[str]]]) -> dict[str, object]:
    since = state.keep.announced(draw)
    people = [card for card in state.keep.labels.raters() if card.kind == "person"]
    told = []
    for question in state.keep.labels.questions():
        for card in people:
            given = {x.transcript for x in state.keep.labels.all(question.digest, card.digest, since=since)}
            n = len(given & set(draw.items))
            told += [f"{question.name}: {n} by {card.name}"] if n else []
    return {
        "number": draw.commitment.counter, "population": draw.commitment.frame.predicate or "the whole corpus",
        "design": design(draw), "drawn": f"{len(draw.items):,} of {draw.commitment.frame.n:,}",
        "opened": len(opened[draw.name]), "labelled": "; ".join(told),
    }  # fmt: skip


def _opened(state: State) -> dict[str, dict[str, set[str]]]:
    """Name of a draw → transcript → who opened it through the draw."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for reading in readings(state.keep):
        if isinstance(reading.route, Drawn):
            found[reading.route.draw][reading.transcript].add(reading.reader)
    return found
