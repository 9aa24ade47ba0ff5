"""Adjudication: where two people answered differently, a third sees both answers and decides."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from allegiance.errors import UnknownName, UsageError
from allegiance.evidence.adjudication import Disputed, Panel
from allegiance.records.draw import Draw
from allegiance.records.label import UNDECIDED
from allegiance.records.question import Question
from allegiance.report.rendering import Mark, turns
from allegiance.web.answers import see_other, shared, with_page
from allegiance.web.asked import address, text, whole
from allegiance.web.forms import fields
from allegiance.web.pages import rates
from allegiance.web.state import State

FIELDS = ("question", "readers", "value", "note")


def show(request: Request) -> Response:
    """The next item that is disputed and not decided; without readers, the choice of them."""
    state, number = shared(request), _number(request)
    draw = state.keep.find_draw(number)
    question = rates.find_question(state, text(request, "question"))
    readers = text(request, "readers")
    if question is None or not readers:
        return with_page(request, "adjudicate.html.j2", _choice(state, draw, question))
    panel = _panel(state, number, question, readers)
    return with_page(request, "adjudicate.html.j2", _queue(panel, whole("rank", text(request, "rank"), 0)))


async def decide(request: Request) -> Response:
    """Saves a decision, and leads to the next item."""
    given = await fields(request, FIELDS)
    state, rank = shared(request), whole("rank", str(request.path_params["rank"]), 0)

    def work() -> Panel:
        panel = _given(state, request, given)
        if rank not in {one.rank for one in panel.disputed()}:
            raise UsageError(f"rank {rank} is not disputed; nothing was saved.", where=request.url.path)
        panel.judge.answer(rank, given["value"], note=given["note"].strip())
        return panel

    return see_other(_here(await run_in_threadpool(work)))


async def settle(request: Request) -> Response:
    """Saves what is agreed or decided as the labels of the rater that all three make."""
    given = await fields(request, FIELDS)
    state = shared(request)

    def work() -> Panel:
        panel = _given(state, request, given)
        panel.settle()
        return panel

    panel = await run_in_threadpool(work)
    asked = address(
        "/claims/new", draw=panel.draw.commitment.counter, question=panel.judge.question.digest,
        rater=panel.card.name,
    )  # fmt: skip
    return see_other(asked)


def _choice(state: State, draw: Draw, question: Question | None) -> dict[str, object]:
    """Who can be adjudicated: pairs of people who answered this question of this draw, without the reader."""
    people = _people(state, draw, question) if question else []
    pairs = [(one, other) for at, one in enumerate(people) for other in people[at + 1 :]]
    return {
        "number": draw.commitment.counter, "question": question, "panel": None, "reader_count": len(people),
        "questions": rates.questions(state, question.digest if question else ""),
        "pairs": [
            {"names": f"{one} and {other}",
             "address": address(f"/adjudicate/{draw.commitment.counter}", question=question.digest,
                                readers=f"{one},{other}")}
            for one, other in pairs if question
        ],
    }  # fmt: skip


def _people(state: State, draw: Draw, question: Question) -> list[str]:
    """The people but the reader who answered a question about items of a draw since it was announced."""
    since, items, labels = state.keep.announced(draw), set(draw.items), state.keep.labels
    return [
        card.name
        for card in labels.raters(question.digest)
        if card.kind == "person" and card.name != state.reader and not card.settings
        and any(x.transcript in items for x in labels.all(question.digest, card.digest, since=since))
    ]  # fmt: skip


def _queue(panel: Panel, rank: int) -> dict[str, object]:
    disputed = panel.disputed()
    left = [one for one in disputed if not one.decided]
    asked = next((one for one in disputed if one.rank == rank), next(iter(left), None))
    if rank and (asked is None or asked.rank != rank):
        raise UnknownName("disputed rank", str(rank), [str(one.rank) for one in disputed])
    done = len(disputed) - len(left)
    return {
        "number": panel.draw.commitment.counter, "question": panel.judge.question, "panel": panel,
        "readers": ",".join(desk.card.name for desk in panel.desks), "disputed": len(disputed), "done": done,
        "missing": [f"{n} by {name}" for name, n in panel.missing().items() if n],
        "both": _both(panel), "item": _item(panel, asked) if asked else None, "here": _here(panel),
        "others": [{"rank": one.rank, "decided": one.decided, "address": f"{_here(panel)}&rank={one.rank}"}
                   for one in disputed],
        "answers": (*panel.judge.question.answers, *UNDECIDED),
        "real": len(panel.judge.question.answers), "settled": panel.card.name,
    }  # fmt: skip


def _both(panel: Panel) -> int:
    """How many items all readers have answered."""
    given = [desk.answers().keys() for desk in panel.desks]
    return len(set.intersection(*map(set, given)))


def _item(panel: Panel, asked: Disputed) -> dict[str, object]:
    """What is disputed; opening it is in the log before it is shown."""
    _, item = panel.judge.show(asked.rank)
    given = [
        {"reader": reader, "value": label.value, "note": label.note, "quotes": [span.text for span in label.spans]}
        for reader, label in asked.answers.items()
    ]
    return {
        "rank": asked.rank, "name": asked.name, "decided": asked.decided, "given": given,
        "all": turns(item, list(_marks(asked))),
    }  # fmt: skip


def _marks(asked: Disputed) -> Iterator[Mark]:
    for reader, label in asked.answers.items():
        for span in label.spans:
            note = f"{reader}: {label.value}"
            yield Mark(
                message=span.message, part=span.part, start=span.start, end=span.end, kind="label", note=note
            )


def _given(state: State, request: Request, given: dict[str, str]) -> Panel:
    question = rates.find_question(state, given["question"])
    if question is None:
        raise UsageError("the form does not say which question.", where=request.url.path)
    return _panel(state, _number(request), question, given["readers"])


def _panel(state: State, number: int, question: Question, readers: str) -> Panel:
    names = tuple(filter(None, (name.strip() for name in readers.split(","))))
    return Panel.of(state.keep, question, names, state.reader, number)


def _here(panel: Panel) -> str:
    readers = ",".join(desk.card.name for desk in panel.desks)
    number = panel.draw.commitment.counter
    return address(f"/adjudicate/{number}", question=panel.judge.question.digest, readers=readers)


def _number(request: Request) -> int:
    return whole("draw", str(request.path_params["draw"]), 0)
