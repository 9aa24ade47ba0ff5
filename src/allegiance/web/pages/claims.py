"""Claims: all, one with its verification, its bundle, and making one from a draw that was labelled."""

from __future__ import annotations

import time
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from allegiance.errors import Refusal, UnknownName
from allegiance.evidence.claims import make_claim
from allegiance.evidence.looking import Look, look
from allegiance.evidence.terms import Terms
from allegiance.evidence.verify import Verification, verify
from allegiance.ledger.anchors import DOES_NOT_SHOW
from allegiance.records.draw import Draw
from allegiance.web.answers import see_other, shared, with_page
from allegiance.web.asked import text, whole
from allegiance.web.forms import fields
from allegiance.web.pages.draws import design
from allegiance.web.pages.home import card, verification
from allegiance.web.pages.planning import planned
from allegiance.web.state import State


def every(request: Request) -> Response:
    """All claims, each verified anew."""
    state = shared(request)
    found = [card(state, path) for path in reversed(state.study.claims)]
    return with_page(request, "claims.html.j2", {"claims": found})


def one(request: Request) -> Response:
    """A claim, with every step of its verification."""
    state = shared(request)
    path = _path(state, str(request.path_params["file"]))
    return _claim(request, path, verification(state, path), "")


def again(request: Request) -> Response:
    """The same, with every step run again now, from the file alone."""
    path = _path(shared(request), str(request.path_params["file"]))
    began = time.perf_counter()
    found = verify(path)
    return _claim(request, path, found, f"Run again just now, in {time.perf_counter() - began:.1f} s.")


def _claim(request: Request, path: Path, found: Verification, ran: str) -> Response:
    said = found.claim.statement if found.claim else "This is not a claim that can be read."
    values = {
        "statement": said, "checks": found.checks, "passed": found.passed, "file": path.name, "ran": ran,
        "state": "verified" if found.passed else "this claim does not verify",
        "not_shown": DOES_NOT_SHOW[found.grade],
    }  # fmt: skip
    return with_page(request, "claim.html.j2", values)


def bundle(request: Request) -> Response:
    """The bundle of a claim, for others to verify."""
    path = _path(shared(request), str(request.path_params["file"]))
    return FileResponse(path, media_type="application/zip", filename=path.name)


def new(request: Request) -> Response:
    """The form of a claim; with a draw, question and rater chosen, what their labels say so far."""
    state = shared(request)
    number = whole("draw", text(request, "draw"), 0)
    question, rater = text(request, "question"), text(request, "rater")
    values: dict[str, object] = {
        "draws": [{"number": one.commitment.counter, "label": _label(one)} for one in state.keep.draws()],
        "questions": state.keep.labels.questions(), "raters": _raters(state), "draw": number,
        "question": question, "rater": rater, "look": None, "refused": "", "plan": None,
    }  # fmt: skip
    if not number:
        chosen = next((one for one in state.keep.labels.questions() if question in {one.digest, one.name}), None)
        values["plan"] = planned(state, request, chosen)
    if number and question and rater:
        try:
            values["look"] = _shown(look(state.keep, _terms(state, question, rater), state.keep.find_draw(number)))
        except Refusal as error:
            values["refused"] = error.what
    return with_page(request, "new_claim.html.j2", values)


async def make(request: Request) -> Response:
    """Makes and publishes a claim, and leads to it."""
    given = await fields(request, ("draw", "question", "rater"))
    state = shared(request)

    def work() -> Path:
        draw = state.keep.find_draw(whole("draw", given["draw"], 0))
        terms = _terms(state, given["question"], given["rater"])
        return state.study.publish(*make_claim(state.keep, terms, draw=draw))

    return see_other(f"/claims/{(await run_in_threadpool(work)).name}")


def _label(draw: Draw) -> str:
    population = draw.commitment.frame
    about = population.predicate or "the whole corpus"
    return f"{draw.commitment.counter}: {design(draw)}, {len(draw.items):,} of {population.n:,}, {about}"


def _shown(found: Look) -> dict[str, object]:
    low, high = found.estimate.low, found.estimate.high
    width = max(round(1000 * (high - low)), 2)
    return {"said": found.said, "advice": found.advice, "left": round(1000 * low), "width": width}


def _terms(state: State, asked: str, rater: str) -> Terms:
    question = next((q for q in state.keep.labels.questions() if asked in {q.digest, q.name}), None)
    if question is None:
        raise UnknownName("question", asked, [q.name for q in state.keep.labels.questions()])
    known = state.keep.labels.raters(question.digest)
    found = next((one for one in known if one.name == rater), None)
    if found is None:
        raise UnknownName("rater", rater, [one.name for one in known])
    return Terms(kind="rate_ci", question=question, raters=(found,))


def _raters(state: State) -> list[str]:
    return sorted({one.name for one in state.keep.labels.raters()})


def _path(state: State, name: str) -> Path:
    """The bundle of this name among those of the study; the name is compared, never joined to a path."""
    for path in state.study.claims:
        if path.name == name:
            return path
    raise UnknownName("claim", name, [path.name for path in state.study.claims])
