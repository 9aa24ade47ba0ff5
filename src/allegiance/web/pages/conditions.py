"""Conditions compared: what one rater answered, condition by condition, with intervals and numbers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from allegiance.evidence import uncorrected
from allegiance.evidence.grouped import MOST, Group, fields, grouped
from allegiance.evidence.splits import visible
from allegiance.evidence.statements import basis
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.web.answers import shared, with_page
from allegiance.web.asked import address, one_of, text
from allegiance.web.pages import rates
from allegiance.web.state import State


def show(request: Request) -> Response:
    """The page."""
    state = shared(request)
    question, where = rates.find_question(state, text(request, "question")), text(request, "where")
    values: dict[str, object] = {
        "questions": rates.questions(state, question.digest if question else ""), "question": question,
        "where": where, "raters": (), "fields": (), "groups": (), "plot": None, "basis": "", "remark": "",
        "answers": (), "answer": "", "cut": False, "by": "",
    }  # fmt: skip
    card = rates.find_rater(state, question, text(request, "rater")) if question else None
    if question and card:
        answer = one_of("answer", text(request, "answer", question.answers[0]), question.answers)
        values |= _found(state, question, card, answer, where, text(request, "by"))
    return with_page(request, "conditions.html.j2", values)


def _found(
    state: State, question: Question, card: RaterCard, answer: str, where: str, by: str
) -> dict[str, object]:
    seen = visible(state.keep, where)
    known = fields(state.keep, seen)
    chosen = by.split(",") if by else [name for name in known if name not in {"run", "status"}][:3]
    chosen = [] if by == "none" and "none" not in known else chosen
    found = state.remember(
        ("grouped", question.digest, card.digest, seen, tuple(chosen)),
        lambda: grouped(state.keep, question, card, chosen, where=seen),
    )
    at = question.answers.index(answer)
    return {
        "raters": rates.raters(state, question, card), "answers": question.answers, "answer": answer,
        "fields": [_turned(name, chosen, known, question, card, where) for name in known],
        "groups": [_line(group, at) for group in found], "basis": basis(card), "by": ",".join(chosen),
        "remark": uncorrected.remark(state.keep, question, card, seen), "cut": len(found) == MOST,
        "plot": rates.plot([(_name(group), group.rates[at]) for group in found]),
    }  # fmt: skip


def _turned(
    name: str, chosen: list[str], known: list[str], question: Question, card: RaterCard, where: str
) -> dict[str, object]:
    """A field, whether the table is by it, and where adding it or taking it away leads."""
    left = [one for one in known if (one in chosen) != (one == name)]
    asked = address(
        "/conditions", question=question.digest, rater=card.digest, where=where, by=",".join(left) or "none"
    )
    return {"name": name, "chosen": name in chosen, "address": asked}


def _name(group: Group) -> str:
    return ", ".join(f"{name}={level}" for name, level in group.levels.items()) or "all"


def _line(group: Group, at: int) -> dict[str, object]:
    return {
        "name": _name(group), "levels": list(group.levels.values()), "where": group.where,
        "labelled": group.labelled, "undecided": group.undecided, "requests": group.requests,
        **rates.told(group.rates[at]),
    }  # fmt: skip
