"""Raters compared: the rate under each, how far they agree, and the transcripts on which they differ."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from allegiance.errors import Refusal
from allegiance.evidence import uncorrected
from allegiance.evidence.checking import Check, check, find_base
from allegiance.evidence.comparing import WHAT, Comparison, Pair, RateBy, compare
from allegiance.evidence.grouped import grouped
from allegiance.evidence.splits import visible
from allegiance.evidence.statements import basis
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.report import words
from allegiance.web.answers import shared, with_page
from allegiance.web.asked import text
from allegiance.web.pages import rates
from allegiance.web.state import State

MOST_RATERS = 12
"""Raters compared at once; beyond, all are listed with their own rates."""
SHOWN = 50
"""Transcripts listed of those on which two raters differ."""


def show(request: Request) -> Response:
    """The page: who answered a question, with what rates; where several did, how far they agree."""
    state = shared(request)
    question, where = rates.find_question(state, text(request, "question")), text(request, "where")
    values: dict[str, object] = {
        "questions": rates.questions(state, question.digest if question else ""), "question": question,
        "where": where, "lines": (), "plot": None, "pairs": (), "together": (), "said": (), "strays": (),
        "remarks": (), "refused": "", "about": "", "answers": (), "check": None, "what": WHAT,
    }  # fmt: skip
    if question:
        values |= _compared(state, question, where)
        values["check"] = _check(state, question, where, text(request, "rater"), text(request, "trusted"))
    return with_page(request, "raters.html.j2", values)


def _compared(state: State, question: Question, where: str) -> dict[str, object]:
    seen = visible(state.keep, where)
    cards = state.keep.labels.raters(question.digest)
    alone = {
        card.digest: state.remember(
            ("alone", question.digest, card.digest, seen),
            lambda card=card: grouped(state.keep, question, card, (), where=seen),  # type: ignore[misc]
        )
        for card in cards
    }
    lines = [
        {
            "rater": card.name, "kind": card.kind, "basis": basis(card), "labelled": group.labelled,
            "undecided": group.undecided, "rates": [rates.told(one) for one in group.rates],
            "others": _others(question, cards, card),
        }
        for card in cards
        for group in alone[card.digest]
    ]  # fmt: skip
    bars = [(card.name, group.rates[0]) for card in cards for group in alone[card.digest]]
    told = (uncorrected.remark(state.keep, question, card, seen) for card in cards)
    made: dict[str, object] = {
        "lines": lines, "plot": rates.plot(bars), "remarks": list(filter(None, told)),
        "answers": question.answers, "about": f"The share answered “{question.answers[0]}”",
    }  # fmt: skip
    return made | _together(state, question, seen, cards)


def _together(state: State, question: Question, seen: str, cards: list[RaterCard]) -> dict[str, object]:
    if not 2 <= len(cards) <= MOST_RATERS:
        return {}
    try:
        found = state.remember(
            ("compare", question.digest, seen), lambda: compare(state.keep, question, cards, where=seen)
        )
    except Refusal as error:
        return {"refused": error.what}
    return {
        "pairs": [_pair(pair) for pair in found.pairs], "said": found.said, "strays": found.strays,
        "together": [rates.plain(one) for one in found.together], "base": _base(found),
        "common": [_common(one) for one in found.raters],
    }  # fmt: skip


def _base(found: Comparison) -> str:
    left = f"; {found.left_out:,} that only some of them labelled are left out" if found.left_out else ""
    units = words.plural(found.requests, found.units.removesuffix("s"))
    return f"{words.plural(found.transcripts, 'transcript')} that all of them labelled, of {units}{left}."


def _common(one: RateBy) -> dict[str, object]:
    return {"rater": one.rater, "basis": one.basis, "rates": [rates.told(each) for each in one.rates]}


def _pair(pair: Pair) -> dict[str, object]:
    names = [{"name": name, "short": name.removeprefix("sha256:")[:12]} for name in pair.apart[:SHOWN]]
    return {
        "first": pair.first, "second": pair.second, "apart": names, "more": len(pair.apart) - len(names),
        "agreement": [rates.told(pair.agreement[0]), *map(rates.plain, pair.agreement[1:])],
        "differences": [rates.told(one, words.points) for one in pair.differences], "table": pair.table,
    }  # fmt: skip


def _others(question: Question, cards: list[RaterCard], card: RaterCard) -> list[dict[str, str]]:
    """Trusted raters against whom this one can be held."""
    return [
        {"question": question.digest, "rater": card.digest, "trusted": one.digest, "name": one.name}
        for one in cards
        if one.basis == "trusted" and one.digest != card.digest
    ]


def _check(state: State, question: Question, where: str, rater: str, trusted: str) -> dict[str, object] | None:
    """A rater held against a trusted one on the newest draw that this one labelled; with a draw it is logged."""
    if not rater or not trusted:
        return None
    card, truth = rates.find_rater(state, question, rater), rates.find_rater(state, question, trusted)
    assert card is not None  # both are named, so each is found or refused
    assert truth is not None
    draw = find_base(state.keep, question, truth)
    chosen = visible(state.keep, where) if draw is None else where
    return _checked(check(state.keep, question, card, truth, draw=draw, where=chosen))


def _checked(found: Check) -> dict[str, object]:
    whole = found.parts[0]
    return {
        "rater": found.rater, "trusted": found.trusted, "read": whole.read, "transcripts": whole.transcripts,
        "base": f"draw {found.draw}" if found.draw else "what the trusted rater labelled",
        "agreement": [rates.plain(one) for one in whole.agreement], "table": whole.table,
        "answers": [{"answer": one.answer, "figures": [rates.plain(each) for each in one.all]}
                    for one in whole.answers],
        "warnings": (*found.warnings, *whole.warnings),
    }  # fmt: skip
