"""The label bench: one item of a draw after the other, one question, one person."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from allegiance.errors import UnknownName, UsageError
from allegiance.evidence.labelling import Desk, hidden, standing
from allegiance.evidence.quoting import locate
from allegiance.records.label import UNDECIDED, Span
from allegiance.records.question import Question
from allegiance.report.rendering import turns
from allegiance.web.answers import see_other, shared, wants_json, with_json, with_page
from allegiance.web.asked import address, text, whole
from allegiance.web.forms import fields
from allegiance.web.state import State

LONGEST = 24 * 3600.0
"""Seconds beyond which the time of an answer is no reading time."""
FIELDS = ("question", "value", "note", "quotes", "seconds", "blind")


def show(request: Request) -> Response:
    """The next open item; where there is no question yet, the choice of one; where nothing is open, the end."""
    state, number = shared(request), whole("draw", str(request.path_params["draw"]), 0)
    asked = text(request, "question")
    if not asked:
        state.keep.find_draw(number)
        values = {"number": number, "rank": 0, "question": None, "questions": state.keep.labels.questions()}
        return with_page(request, "bench.html.j2", values)
    desk = _desk(state, number, asked, blind=text(request, "blind") == "1")
    return with_page(request, "bench.html.j2", _bench(desk, whole("after", text(request, "after"), 0)))


async def answer(request: Request) -> Response:
    """Saves an answer, and leads to the next open item."""
    given = await fields(request, FIELDS)
    state, number = shared(request), whole("draw", str(request.path_params["draw"]), 0)
    rank = whole("rank", str(request.path_params["rank"]), 0)
    desk = _desk(state, number, given["question"], blind=given["blind"] == "1")
    seconds = _seconds(given["seconds"])

    def work() -> object:
        spans = _spans(desk, rank, given["quotes"])
        return desk.answer(rank, given["value"], note=given["note"].strip(), spans=spans, seconds=seconds)

    saved = await run_in_threadpool(work)
    return with_json(saved) if wants_json(request) else see_other(_here(desk, rank))


async def undo(request: Request) -> Response:
    """Takes the last answer back, and shows that item again."""
    given = await fields(request, ("question", "blind"))
    state, number = shared(request), whole("draw", str(request.path_params["draw"]), 0)
    desk = _desk(state, number, given["question"], blind=given["blind"] == "1")
    rank = await run_in_threadpool(desk.take_back)
    return with_json({"rank": rank}) if wants_json(request) else see_other(_here(desk, rank - 1))


async def ask(request: Request) -> Response:
    """Puts a new question; it is in the log with its first answer."""
    given = await fields(request, ("name", "text"))
    state, number = shared(request), whole("draw", str(request.path_params["draw"]), 0)
    question = Question(name=given["name"].strip(), text=given["text"].strip())
    if not question.name or not question.text:
        raise UsageError("a question has a name and a sentence.")
    if any(known.name == question.name for known in state.keep.labels.questions()):
        raise UsageError(f"the question {question.name!r} is asked here already.", next="Choose it from the list.")
    await run_in_threadpool(state.keep.labels.put, question)
    return see_other(address(f"/label/{number}", question=question.digest))


def far(request: Request) -> Response:
    """How far the reader has come, as JSON."""
    state, number = shared(request), whole("draw", str(request.path_params["draw"]), 0)
    desk = _desk(state, number, text(request, "question"), blind=False)
    return with_json(standing(desk))


def _desk(state: State, number: int, asked: str, *, blind: bool) -> Desk:
    for question in state.keep.labels.questions():
        if asked in {question.digest, question.name}:
            return Desk.of(state.keep, question, state.reader, number, blind=blind)
    raise UnknownName("question", asked, [question.name for question in state.keep.labels.questions()])


def _bench(desk: Desk, after: int) -> dict[str, object]:
    now, open_ranks = standing(desk), desk.open()
    number, question = desk.draw.commitment.counter, desk.question
    made: dict[str, object] = {
        "number": number, "draw": desk.draw.name, "question": question, "rank": 0,
        "answered": now.answered, "of": now.of,
        "blind": "1" if desk.blind else "", "pace": f"{now.seconds:g} s each" if now.seconds else "",
        "summary": f"{now.answered} of {now.of}: " + ", ".join(f"{n} {v}" for v, n in now.values.items() if n),
    }  # fmt: skip
    if not open_ranks:
        return made
    rank = next((rank for rank in open_ranks if rank > after), open_ranks[0])
    _, item = desk.show(rank)
    answers = [(str(n), value) for n, value in enumerate(question.answers, 1)]
    answers += list(zip("ux", UNDECIDED, strict=True))
    return made | {
        "rank": rank, "all": turns(hidden(item) if desk.blind else item), "answers": answers,
        "real": len(question.answers), "skip": _here(desk, rank),
    }  # fmt: skip


def _here(desk: Desk, after: int) -> str:
    blind = "1" if desk.blind else ""
    return address(
        f"/label/{desk.draw.commitment.counter}", question=desk.question.digest, blind=blind, after=after
    )


def _spans(desk: Desk, rank: int, quotes: str) -> list[Span]:
    """Where the words that were marked stand; they are looked up in the stored text, not taken from the page."""
    if not quotes.strip():
        return []
    if not 1 <= rank <= len(desk.draw.items):
        raise UsageError(f"the draw has no rank {rank}.")
    item = desk.keep.corpus.get(desk.draw.items[rank - 1])
    return [locate(item, words).span for words in quotes.replace("\r\n", "\n").split("\x1e") if words.strip()]


def _seconds(given: str) -> float | None:
    try:
        seconds = float(given) if given else None
    except ValueError:
        raise UsageError("the time of an answer is not a number.") from None
    return seconds if seconds is not None and 0 <= seconds <= LONGEST else None
