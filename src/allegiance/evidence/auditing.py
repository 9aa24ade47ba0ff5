"""Audits: a gap by a rater's labels, corrected in each arm by a trusted rater's labels of a draw. Not a claim.

The draw is by strata: level of the factor and answer of the rater, each drawn from uniformly. What the audit finds
in an arm corrects that arm alone (`stats.audited`). Each audit shown is a look, logged before it is returned.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

import numpy as np

from allegiance.corpus.predicate import Predicate, parse
from allegiance.corpus.rows import Row
from allegiance.errors import Refusal
from allegiance.evidence import rated
from allegiance.evidence.drawing import strata
from allegiance.evidence.keep import Keep
from allegiance.evidence.tallies import DIGITS, Labels, outcome, require_requests
from allegiance.evidence.terms import Terms, check_terms
from allegiance.rating.labels import last
from allegiance.records.draw import Draw
from allegiance.records.frame import Rated
from allegiance.records.label import Label
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record
from allegiance.stats.audited import AuditedGap, Chances, audited_gap
from allegiance.stats.intervals import Interval, round_outward

PART = 50
"""Transcripts of a stratum that a refusal advises to draw, or all if there are fewer."""

WHAT = "not a claim: the gap by the standard of the trusted rater, corrected arm by arm by an audit of a part"
"""What an audit is, for people."""


class Audit(Record, frozen=True, kw_only=True):
    """What was shown.

    Attributes:
        draw: Number of the draw.
        rater: Name of the rater that labelled everything; `trusted` of the one who audited.
        value, low, high: The corrected gap, first level minus second, and its interval.
        alpha: One minus its confidence.
        as_rated: The gap by the rater's labels alone, uncorrected; None if an arm has no decided one.
        arms: What the audit found in each arm; as in `stats.audited.AuditedArm`, with its level.
        requests, dropped: Requests seen at both levels, and at one only, which are left out.
        unlabelled: Drawn transcripts without a label of the trusted rater yet; they count at their worst.
        second: The interval by `two-phase-t`, which is secondary; None where that is refused.
    """

    draw: int
    rater: str
    trusted: str
    value: float
    low: float
    high: float
    alpha: float
    as_rated: float | None
    arms: tuple[Arm, ...]
    requests: int
    dropped: int
    unlabelled: int
    second: tuple[float, float] | None


class Arm(Record, frozen=True, kw_only=True):
    """One arm. Fields as in `stats.audited.AuditedArm`; `rater_rate` is None where no label is decided."""

    level: str
    rate: float
    rater_rate: float | None
    samples: int
    audited: int
    missed: int
    overcalled: int
    undecided: int


def audited(keep: Keep, terms: Terms, draw: Draw) -> Audit:
    """A gap corrected by an audit. It is logged as a look before it is returned.

    A transcript that was drawn and has no trusted label since then counts at its worst for each end, so a look
    before all is labelled is never narrower than the last one.

    Args:
        keep: The study.
        terms: Of a gap: question, the trusted rater (the first), answer, factor, two levels, alpha.
        draw: The draw that was audited, by strata of level and answer of the rater that rated everything.

    Raises:
        Refusal: The draw is not by such strata (the message gives the commands that draw one), the rater audits
            itself, nothing of the draw is labelled, or no request was seen at both levels.
    """
    check_terms(terms)
    trusted = terms.raters[0]
    rows = keep.rows(draw.commitment.frame)
    _check_levels(terms, rows, draw)
    column, chances = _design(keep, terms, draw, rows)
    if column.rater == trusted.digest:
        raise Refusal(
            f"{trusted.name} rated everything, and cannot audit itself.",
            next="Name the trusted rater with --rater.",
        )
    require_requests(rows)
    given = _given(keep, terms, draw)
    if not given:
        raise Refusal(
            f"none of the {len(draw.items)} transcripts drawn has a label of {trusted.name} since they were drawn.",
            where=f"draw {draw.commitment.counter}",
            next=f"Label them: allegiance label --draw {draw.commitment.counter}",
        )
    main, second = _estimates(keep, terms, draw, rows, column, chances, given)
    body = {"draw": draw.name, "question": terms.question.digest, "rater": trusted.digest, "n": len(given)}
    keep.log.append("look", body | {"factor": terms.factor, "levels": list(terms.levels), "audits": column.rater})
    return _told(keep, terms, draw, column, main, second, len(draw.items) - len(given))


def commands(keep: Keep, terms: Terms, where: str = "") -> str:
    """The draw by level and answer that an audit needs, as a command; or what must be done before there can be one.

    Args:
        keep: The study.
        terms: As for `audited`.
        where: The population.
    """
    chosen = parse(where)
    rows = [row for row in keep.select(where) if row.condition.levels.get(terms.factor) in terms.levels]
    cards = _raters_of_all(keep, terms, [row.name for row in rows])
    if not cards:
        return f"First let one rater answer {terms.question.name!r} for all {len(rows)}: allegiance rate"
    told = last(keep.labels.all(terms.question.digest, cards[0].digest))
    parts = [
        f"--stratum {shlex.quote(predicate)} {min(PART, size)}"
        for predicate, size in _parts(keep, terms, rows, told, cards[0])
    ]
    population = str(Predicate(tuple(sorted({**dict(chosen.terms), terms.factor: terms.levels}.items()))))
    return f"allegiance draw {' '.join(parts)} --where {shlex.quote(population)}"


def _check_levels(terms: Terms, rows: Sequence[Row], draw: Draw) -> None:
    strangers = {row.condition.levels.get(terms.factor, "unknown") for row in rows} - set(terms.levels)
    if strangers:
        raise Refusal(
            f"the draw holds levels of {terms.factor} that are not compared: {', '.join(sorted(strangers))}.",
            where=f"draw {draw.commitment.counter}",
            next=f"Draw with {terms.factor}={'|'.join(terms.levels)} in the filter.",
        )


def _design(keep: Keep, terms: Terms, draw: Draw, rows: Sequence[Row]) -> tuple[Rated, tuple[Chances, Chances]]:
    """Whose answers the strata go by, and the chances of each arm: what was drawn of a stratum over its size."""
    design = draw.commitment.design
    columns = {column for part in design.strata for column in part.rated}
    if design.kind != "stratified" or len(columns) != 1:
        raise _not_by_answer(keep, terms, draw, "its strata are not by the answers of one rater")
    (column,) = columns
    if column.question != terms.question.digest:
        raise _not_by_answer(keep, terms, draw, "its strata are by answers to another question")
    classes = _classes(rated.answers(column, keep.source), rows, terms)
    found: dict[tuple[str, str], float] = {}
    for names, n in strata(design, rows, keep.source):
        inside = {classes[name] for name in names}
        if len(inside) != 1 or inside & found.keys():
            raise _not_by_answer(keep, terms, draw, f"a stratum is not one level of {terms.factor} and one answer")
        found[inside.pop()] = n / len(names)
    return column, (_chances(found, terms.levels[0]), _chances(found, terms.levels[1]))


def _chances(found: Mapping[tuple[str, str], float], level: str) -> Chances:
    return Chances(*(found.get((level, kind), 1.0) for kind in ("no", "yes", "undecided")))


def _classes(given: Mapping[str, str], rows: Sequence[Row], terms: Terms) -> dict[str, tuple[str, str]]:
    """Transcript → its level, and whether the rater gave the answer that counts, another, or none."""
    others = set(terms.question.answers) - {terms.answer}
    kinds = {terms.answer: "yes"} | dict.fromkeys(others, "no")
    return {
        row.name: (row.condition.levels[terms.factor], kinds.get(given.get(row.name, ""), "undecided"))
        for row in rows
    }


def _not_by_answer(keep: Keep, terms: Terms, draw: Draw, why: str) -> Refusal:
    return Refusal(
        f"an audit needs a draw by {terms.factor} and the rater's answer: {why}.",
        where=f"draw {draw.commitment.counter}",
        next=commands(keep, terms, draw.commitment.frame.predicate),
    )


def _raters_of_all(keep: Keep, terms: Terms, names: Sequence[str]) -> list[RaterCard]:
    """Raters other than the trusted one that have labelled all of these."""
    asked = terms.question.digest
    known = [card for card in keep.labels.raters(asked) if card.digest != terms.raters[0].digest]
    return [
        card for card in known if {each.transcript for each in keep.labels.all(asked, card.digest)} >= set(names)
    ]


def _parts(keep: Keep, terms: Terms, rows: Sequence[Row], told: Labels, card: RaterCard) -> list[tuple[str, int]]:
    """The strata that an audit needs, as filters with their sizes; none that is empty."""
    given = {name: label.value for name, label in told.items()}
    classes = _classes(given, rows, terms)
    asked = terms.question
    field = f"{_short(asked, keep.labels.questions())}@{_short(card, keep.labels.raters(asked.digest))}"
    made = []
    for level in terms.levels:
        for kind in ("yes", "no", "undecided"):
            inside = [name for name, found in classes.items() if found == (level, kind)]
            values = tuple(sorted({given[name] for name in inside}))
            chosen = Predicate(tuple(sorted({terms.factor: (level,), field: values}.items())))
            made += [(str(chosen), len(inside))] if inside else []
    return made


def _short(card: Record, known: Sequence[Record]) -> str:
    """The name of a question or rater, or its digest if another has the same name."""
    name = str(getattr(card, "name", ""))
    return name if sum(getattr(each, "name", "") == name for each in known) == 1 else card.digest


def _given(keep: Keep, terms: Terms, draw: Draw) -> dict[str, Label]:
    """The trusted labels of what was drawn, given since the draw was announced."""
    since = keep.announced(draw)
    told = last(keep.labels.all(terms.question.digest, terms.raters[0].digest, since=since))
    return {name: told[name] for name in draw.items if name in told}


def _estimates(
    keep: Keep,
    terms: Terms,
    draw: Draw,
    rows: Sequence[Row],
    column: Rated,
    chances: tuple[Chances, Chances],
    given: Labels,
) -> tuple[AuditedGap, AuditedGap | None]:
    """The corrected gap by the method that holds, and by the secondary one if it is not refused."""
    cheap = _classes(rated.answers(column, keep.source), rows, terms)
    values = {"yes": 1.0, "no": 0.0, "undecided": float("nan")}
    drawn = set(draw.items)

    def fit(method: str) -> AuditedGap:
        return audited_gap(
            np.array([row.request for row in rows]),
            np.array([row.condition.levels[terms.factor] == terms.levels[0] for row in rows]),
            np.array([values[cheap[row.name][1]] for row in rows]),
            np.array([outcome(given.get(row.name), terms.answer) for row in rows]),
            np.array([row.name in drawn for row in rows]),
            chances,
            design="fixed",
            alpha=terms.alpha,
            method=method,
        )

    main = fit("betting")
    try:
        return main, fit("two-phase-t")
    except Refusal:
        return main, None


def _told(
    keep: Keep, terms: Terms, draw: Draw, column: Rated, main: AuditedGap, second: AuditedGap | None, without: int
) -> Audit:
    names = {card.digest: card.name for card in keep.labels.raters(column.question)}
    arms = [
        Arm(
            level=level,
            **found._asdict() | {"rater_rate": found.rater_rate if np.isfinite(found.rater_rate) else None},
        )
        for level, found in zip(terms.levels, (main.first, main.second), strict=True)
    ]
    rates = [arm.rater_rate for arm in arms]
    ends = round_outward(Interval(main.low, main.high), DIGITS)
    beside = round_outward(Interval(second.low, second.high), DIGITS) if second else None
    return Audit(
        draw=draw.commitment.counter,
        rater=names[column.rater],
        trusted=terms.raters[0].name,
        value=main.value,
        low=ends.low,
        high=ends.high,
        alpha=terms.alpha,
        as_rated=rates[0] - rates[1] if rates[0] is not None and rates[1] is not None else None,
        arms=tuple(arms),
        requests=main.requests,
        dropped=main.dropped,
        unlabelled=without,
        second=(beside.low, beside.high) if beside else None,
    )
