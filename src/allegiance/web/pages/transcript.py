"""A transcript: how it was reached, what it says, who said what of it; and two side by side."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from allegiance.corpus.predicate import Predicate
from allegiance.corpus.rows import Row
from allegiance.corpus.tables.looking import page
from allegiance.errors import UnknownName, UsageError
from allegiance.evidence.carrying import carried
from allegiance.evidence.reading import read_drawn, read_hit, read_linked, read_listed
from allegiance.records.canonical import canonical
from allegiance.records.label import Label
from allegiance.records.record import Record
from allegiance.records.route import Reading
from allegiance.records.transcript import Transcript
from allegiance.report.rendering import Mark, as_json, turns
from allegiance.report.words import way
from allegiance.web.answers import shared, with_page
from allegiance.web.asked import address, text, whole
from allegiance.web.pages import facts
from allegiance.web.pages.around import neighbours
from allegiance.web.state import State

PARTNERS = 12
"""Other transcripts of the same request that a page offers to put beside it."""


class Said(Record, frozen=True, kw_only=True):
    """A label in words."""

    question: str
    rater: str
    value: str
    note: str


def show(request: Request) -> Response:
    """The page of a transcript; how the reader came to it is in the log before it is shown."""
    state = shared(request)
    name = state.keep.corpus.resolve(str(request.path_params["name"]))
    return page_of(request, _reading(state, request, name))


def drawn(request: Request) -> Response:
    """The page of the transcript of a rank of a draw."""
    state = shared(request)
    draw = state.keep.find_draw(whole("draw", str(request.path_params["draw"]), 0))
    rank = whole("rank", str(request.path_params["rank"]), 0)
    return page_of(request, read_drawn(state.keep, draw, rank, state.reader))


def raw(request: Request) -> Response:
    """The stored record as text. It is a second look at what was opened, and logged as a reading by its name."""
    state = shared(request)
    name = state.keep.corpus.resolve(str(request.path_params["name"]))
    read_linked(state.keep, name, state.reader)
    return PlainTextResponse(canonical(state.keep.corpus.get(name)).decode())


def beside(request: Request) -> Response:
    """Two transcripts side by side. Both are entered in the log as opened by name."""
    state = shared(request)
    names = [state.keep.corpus.resolve(str(request.path_params[key])) for key in ("name", "other")]
    items = [state.keep.corpus.get(name) for name in names]
    for name in names:
        read_linked(state.keep, name, state.reader)
    sides = [_side(name, item) for name, item in zip(names, items, strict=True)]
    values = {"sides": sides, "request": items[0].request, "differs": _differs(*items)}
    return with_page(request, "beside.html.j2", values)


def page_of(request: Request, reading: Reading) -> Response:
    """The page of a transcript that was opened."""
    state, name = shared(request), reading.transcript
    item = state.keep.corpus.get(name)
    labels, known = list(_labels(state, name)), facts.marks(state, item)
    values = {
        "name": name, "short": _short(name), "facts": _facts(item), "route": way(reading.route),
        "supports": carried(reading.route).supports, "labels": [said for said, _ in labels],
        "all": turns(item, [*known, *(mark for said, label in labels for mark in _marks(said, label))]),
        "partners": _partners(state, name, item), "slots": facts.slots(known),
        **neighbours(state, request, reading),
        "metadata": as_json(dict(item.metadata)) if item.metadata else "",
    }  # fmt: skip
    return with_page(request, "transcript.html.j2", values)


def _reading(state: State, request: Request, name: str) -> Reading:
    ways = [key for key in ("search", "list") if text(request, key)]
    if len(ways) > 1:
        raise UsageError("a transcript is opened in one way.", where=request.url.path)
    if ways == ["list"]:
        return read_listed(state.keep, name, text(request, "where"), state.reader)
    if ways == ["search"]:
        number = whole("search", text(request, "search"), 0, low=1)
        found = read_hit(state.keep, number, whole("rank", text(request, "rank"), 1, low=1), state.reader)
        if found.transcript != name:
            raise UnknownName("hit of this search", name, [found.transcript])
        return found
    return read_linked(state.keep, name, state.reader)


def _facts(item: Transcript) -> list[tuple[str, str]]:
    source = " › ".join(filter(None, (item.source.file, item.source.member)))
    facts = {
        "Model": item.model, "Condition": item.condition.name, "Request": item.request, "Run": item.run,
        "Sample": str(item.sample) if item.sample >= 0 else "", "Status": item.status,
        "From": f"{source}, record {item.source.record}",
    }  # fmt: skip
    return [(name, value) for name, value in facts.items() if value]


def _labels(state: State, name: str) -> Iterator[tuple[Said, Label]]:
    questions = {card.digest: card.name for card in state.keep.labels.questions()}
    raters = {card.digest: card.name for card in state.keep.labels.raters()}
    for label in state.keep.labels.of(name):
        question = questions.get(label.question, label.question)
        rater = raters.get(label.rater, label.rater)
        yield Said(question=question, rater=rater, value=label.value, note=label.note), label


def _marks(said: Said, label: Label) -> Iterator[Mark]:
    for span in label.spans:
        note = f"{said.rater}: {said.question} {said.value}"
        yield Mark(message=span.message, part=span.part, start=span.start, end=span.end, kind="label", note=note)


def _partners(state: State, name: str, item: Transcript) -> list[dict[str, str]]:
    """Other transcripts of the same request: the other tier first, then other models and samples."""
    if not item.request:
        return []
    found = state.remember(("request", item.request), lambda: _of_request(state, item.request), lasting="corpus")
    others = [row for row in found if row.name != name]
    others.sort(key=lambda row: (_differing(row, item), row.name))
    return [
        {"address": f"/t/{name}/beside/{row.name}", "label": _told_apart(row, item)} for row in others[:PARTNERS]
    ]


def _of_request(state: State, asked: str) -> list[Row]:
    return list(page(state.keep.corpus, Predicate((("request", (asked,)),)), limit=200).rows)


def _differing(row: Row, item: Transcript) -> int:
    factors = {*row.condition.levels, *item.condition.levels}
    apart = sum(row.condition.levels.get(f) != item.condition.levels.get(f) for f in factors)
    return apart + 3 * (row.model != item.model)


def _told_apart(row: Row, item: Transcript) -> str:
    parts = [row.model] if row.model != item.model else []
    factors = sorted({*row.condition.levels, *item.condition.levels})
    parts += [f"{f}={row.condition.levels.get(f, 'none')}" for f in factors
              if row.condition.levels.get(f) != item.condition.levels.get(f)]  # fmt: skip
    return ", ".join(parts) or f"sample {row.sample}"


def _side(name: str, item: Transcript) -> dict[str, object]:
    return {
        "name": name, "short": _short(name), "model": item.model, "condition": item.condition.name,
        "sample": item.sample if item.sample >= 0 else "", "all": turns(item),
    }  # fmt: skip


def _differs(one: Transcript, other: Transcript) -> str:
    if one.request != other.request:
        return "They answer different requests."
    factors = sorted({*one.condition.levels, *other.condition.levels})
    said = [f for f in factors if one.condition.levels.get(f) != other.condition.levels.get(f)]
    said += ["model"] if one.model != other.model else []
    return (
        f"The same request; they differ in {', '.join(said)}." if said else "The same request, model and condition."
    )


def _short(name: str) -> str:
    return name.removeprefix("sha256:")[:12]


def address_of(name: str) -> str:
    """Where a transcript is read, as opened by its name."""
    return address(f"/t/{name}")
