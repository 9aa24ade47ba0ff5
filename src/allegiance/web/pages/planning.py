"""Before a claim: which designs are valid for a filter, and how many labels each takes."""

from __future__ import annotations

from starlette.requests import Request

from allegiance.errors import UsageError
from allegiance.evidence.grouped import labelled
from allegiance.evidence.splits import by_default
from allegiance.evidence.statements import basis
from allegiance.records.question import Question
from allegiance.records.record import Record
from allegiance.stats.designs import rate_labels_by_design
from allegiance.stats.judges import looks_at_most
from allegiance.stats.planning import floor_labels
from allegiance.web.asked import text
from allegiance.web.state import State

ALPHA = 0.05
WIDTHS, SHARES, GUESSES = ("1", "2", "5", "10"), ("0.5", "1", "2", "5", "10"), ("1", "5", "10", "25", "50")
"""Per cent that can be asked for: half widths, shares for "at most", and guesses of a rate."""
SIMULATED = 100_000
"""Size of the population from which on labels are simulated for this size: more transcripts take no more labels."""
ROUGH = "Labels at every look are medians of 9 simulated draws, good to about a quarter. A plan, no evidence."


class Way(Record, frozen=True, kw_only=True):
    """A design that carries a claim.

    Attributes:
        name, says: What it is, and what can be said by it.
        labels: How many it takes; -1 where they are there already.
        stop: As in `records.draw.Design`, for the form that draws; empty where nothing is to be drawn.
        note: What holds of it.
    """

    name: str
    says: str
    labels: int
    stop: str = ""
    note: str = ""


def planned(state: State, request: Request, question: Question | None) -> dict[str, object]:
    """What the form shows of the filter that it was opened with.

    Raises:
        UsageError: A number is none of those that can be asked for.
    """
    where = by_default(state.keep, text(request, "where"), question.digest if question else "")
    width, share, guess = (
        _per_cent(name, text(request, name), menu, usual)
        for name, menu, usual in (("width", WIDTHS, "5"), ("most", SHARES, "1"), ("guess", GUESSES, "10"))
    )
    n = state.remember(
        ("size", where), lambda: len(state.keep.choose(where)), lasting="" if "@" in where else "corpus"
    )
    drawn = state.remember(
        ("plan", min(n, SIMULATED), width, share, guess),
        lambda: _drawn(min(n, SIMULATED), width, share, guess), lasting="all",
    ) if n else ()  # fmt: skip
    return {
        "where": where, "population": n, "ways": [*drawn, *_held(state, where, n, question)], "rough": ROUGH,
        "width": width, "most": share, "guess": guess, "widths": WIDTHS, "shares": SHARES, "guesses": GUESSES,
    }  # fmt: skip


def _drawn(n: int, width: str, share: str, guess: str) -> tuple[Way, ...]:
    half, most, rate = (float(one) / 100 for one in (width, share, guess))
    found = rate_labels_by_design(half, rate, ALPHA, n)
    near, at_most = f"the rate, to ±{width} points, if it is near {guess} %", f"at most {share} %, if none is found"
    fixed = "All of it is labelled before anything is concluded."
    looks = "Stop, or draw on, whenever you like: the interval holds at every look."
    return (
        Way(name="uniform draw of declared size", says=near, labels=found.uniform_fixed, stop="fixed", note=fixed),
        Way(name="uniform draw, every look", says=near, labels=found.uniform_every_look, stop="open", note=looks),
        Way(name="uniform draw of declared size", says=at_most, labels=floor_labels(most, ALPHA, n), stop="fixed",
            note=fixed),
        Way(name="uniform draw, every look", says=at_most, labels=looks_at_most(most, ALPHA, n), stop="open",
            note=looks),
    )  # fmt: skip


def _held(state: State, where: str, n: int, question: Question | None) -> list[Way]:
    """Censuses that are there already: raters who have labelled all of the population."""
    if question is None or not n or "@" in where:
        return []
    made = []
    for card in state.keep.labels.raters(question.digest):
        given = state.remember(
            ("given", where, question.digest, card.digest),
            lambda card=card: len(labelled(state.keep, question, card, where)),  # type: ignore[misc]
        )
        if given == n:
            note = f"On the command line: allegiance claim rate --question {question.name} --rater {card.name}"
            made.append(Way(name=f"census by {card.name}", says=f"the rate, {basis(card)}", labels=-1, note=note))
    return made


def _per_cent(name: str, given: str, menu: tuple[str, ...], usual: str) -> str:
    if given and given not in menu:
        raise UsageError(f"the parameter {name!r} is {given[:40]!r}; it can be {', '.join(menu)}.")
    return given or usual
