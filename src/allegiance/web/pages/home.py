"""The page of the study: what there is, what it claims, what is missing, what to do next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from allegiance.corpus.predicate import Predicate
from allegiance.corpus.tables.light import light
from allegiance.corpus.tables.looking import group_counts
from allegiance.errors import AllegianceError
from allegiance.evidence import standings
from allegiance.evidence.verify import Verification, verify
from allegiance.records.claim import VerifiedClaim
from allegiance.records.condition import Condition
from allegiance.records.record import Record
from allegiance.records.standing import STANDING
from allegiance.report import matrix, plots, words
from allegiance.report.assemble import named
from allegiance.report.page import Shown, gap_rows, rate_rows
from allegiance.web.answers import shared, with_page
from allegiance.web.plotting import both
from allegiance.web.state import State

MOST = 60
"""Points of a plot at most; the list of claims holds all of them."""
WHY_DRAW = "what is drawn carries a rate; what is searched for shows existence"


class Step(Record, frozen=True, kw_only=True):
    """Something to do next, where, and why."""

    address: str
    label: str
    why: str = ""


class Card(Record, frozen=True, kw_only=True):
    """A claim as it stands on this page."""

    file: str
    name: str
    sentence: str
    state: str


class Group(Record, frozen=True, kw_only=True):
    """Transcripts of one model in one condition; `where` is the filter that finds them."""

    model: str
    condition: str
    where: str
    requests: int
    transcripts: int
    faulty: int


def show(request: Request) -> Response:
    """The page."""
    state = shared(request)
    groups = state.remember("groups", lambda: _groups(state), lasting="corpus")
    claims = [card(state, path) for path in state.study.claims]
    draws = len(state.keep.log.entries("draw"))
    values = {
        "asked": state.study.settings.question, "count": state.keep.corpus.head().count, "draws": draws,
        "claims": claims, "log_size": state.keep.log.checkpoint().size, "groups": groups,
        "next": _next(state, draws, len(claims)), "missing": _missing(groups, draws, claims),
        "folder": state.study.folder.name, **_numbers(state), **_standings(state),
    }  # fmt: skip
    return with_page(request, "home.html.j2", values)


def card(state: State, path: Path) -> Card:
    """A bundle, verified once for each state of its file; what is wrong with it is said in place of its number."""
    found = verified(state, path)
    if isinstance(found, AllegianceError):
        return Card(file=path.name, name=path.name, sentence="This claim does not verify.", state=found.what)
    said = f"verified: {len(found.checks)} of {len(found.checks)} steps passed"
    return Card(file=path.name, name=found.claim.question.name, sentence=found.claim.statement, state=said)


def verified(state: State, path: Path) -> VerifiedClaim | AllegianceError:
    """A claim that verifies, or what is wrong with it."""
    try:
        return verification(state, path).verified()
    except AllegianceError as error:
        return error


def verification(state: State, path: Path) -> Verification:
    """All steps of a claim, run once for each state of its file."""
    key = ("claim", path.name, path.stat().st_mtime_ns)
    return state.remember(key, lambda: verify(path), lasting="all")


def _numbers(state: State) -> dict[str, object]:
    """The gaps and rates among the claims that verify, as the report plots them."""
    found = [(one, path.name) for path in state.study.claims
             if isinstance(one := verified(state, path), VerifiedClaim)]  # fmt: skip
    shown = named(found)
    gaps, rates = gap_rows(shown)[:MOST], rate_rows(shown)[:MOST]
    key = tuple(file for _, file in found)
    return {
        "gaps": state.remember(("gaps", key), lambda: _plot(plots.gap_plot, gaps), lasting="all"),
        "rates": state.remember(("rates", key), lambda: _plot(plots.rate_plot, rates), lasting="all"),
        "points": [_point(one) for one in shown if one.verified.claim.kind in {"gap", "rate_ci"}],
    }  # fmt: skip


def _plot(draw: Callable[..., str], rows: Sequence[object]) -> dict[str, Markup] | None:
    return both(draw(rows), draw(rows, narrow=True)) if rows else None


def _point(shown: Shown) -> dict[str, str]:
    """A point of a plot: its number, and the transcripts behind it."""
    claim = shown.verified.claim
    gap = claim.kind == "gap"
    value = words.points(claim.estimate.value) if gap else words.number(claim.estimate.value)
    return {
        "name": shown.name, "value": value, "interval": words.interval(claim.estimate.low, claim.estimate.high),
        "where": claim.frame.predicate, "file": shown.file.removeprefix("claims/"), "basis": claim.basis,
        "what": f"{claim.factor} {' − '.join(claim.levels)}" if gap else claim.question.name,
    }  # fmt: skip


def _standings(state: State) -> dict[str, object]:
    """The matrix of standings, where somebody labelled one."""
    used = {asked for asked, _, _ in state.keep.labels.counts()}
    asked = [one for one in state.keep.labels.questions() if one.digest in used and one.name.startswith(STANDING)]
    if not asked:
        return {"parts": (), "remarks": ()}
    found = state.remember("matrix", lambda: standings.matrix(state.keep, state.study.worlds()))
    return {
        "parts": [_part(part) for part in found.parts],
        "remarks": matrix.remarks(found) if found.parts else (),
    }  # fmt: skip


def _part(part: standings.Part) -> dict[str, object]:
    return {
        "title": matrix.title(part), "circumstances": matrix.circumstances(part),
        "intents": [(matrix.intent_name(row), [tally.tier or "not stated" for tally in row.tiers])
                    for row in part.intents],
        "lines": matrix.lines(part.intents), "tiers": len(part.intents[0].tiers) if part.intents else 1,
    }  # fmt: skip


def _groups(state: State) -> list[Group]:
    corpus = state.keep.corpus
    if not corpus.head().count:
        return []
    factors = sorted({name for one in _conditions(state) for name in one.levels})
    counted = group_counts(corpus, ("model", *factors, "status"))
    found: dict[tuple[str, ...], list[int]] = {}
    for values, n in counted.groups:
        total = found.setdefault(values[:-1], [0, 0])
        total[0] += n
        total[1] += n if values[-1] != "complete" else 0
    requests = dict.fromkeys(found, 0)
    for values, _ in group_counts(corpus, ("model", *factors, "request")).groups:
        requests[values[:-1]] += 1
    return [_group(values, factors, requests[values], *found[values]) for values in found]


def _group(values: Sequence[str], factors: Sequence[str], requests: int, transcripts: int, faulty: int) -> Group:
    levels = {name: level for name, level in zip(factors, values[1:], strict=True) if level}
    terms = {name: (level,) for name, level in levels.items()} | ({"model": (values[0],)} if values[0] else {})
    return Group(
        model=values[0],
        condition=Condition(levels=levels).name,
        where=str(Predicate(tuple(sorted(terms.items())))),
        requests=requests, transcripts=transcripts, faulty=faulty,
    )  # fmt: skip


def _conditions(state: State) -> list[Condition]:
    return list(light(state.keep.corpus).conditions)


def _next(state: State, draws: int, claims: int) -> list[Step]:
    if not state.keep.corpus.head().count:
        return [
            Step(address="/corpus", label="Import transcripts", why="on the command line: allegiance import FILES")
        ]
    steps = [] if draws else [Step(address="/corpus", label="Draw some at random and read them", why=WHY_DRAW)]
    steps += [Step(address=f"/draws/{draws}", label=f"Go on with draw {draws}", why="")] if draws else []
    if draws and not claims:
        steps.append(Step(address="/claims/new", label="Claim a rate", why="once what was drawn is labelled"))
    return [*steps, Step(address="/corpus", label="Read the corpus")]


def _missing(groups: Sequence[Group], draws: int, claims: Sequence[Card]) -> list[str]:
    said = []
    if groups and not draws:
        said.append("Nothing has been drawn, so nothing on this page can say how often.")
    if draws and not claims:
        said.append("No claim rests on a draw yet.")
    if any(not group.condition for group in groups):
        said.append("The condition of some transcripts is not known.")
    faulty = sum(group.faulty for group in groups)
    if faulty:
        said.append(f"{faulty:,} transcripts are not whole; they count against every claim.")
    return said
