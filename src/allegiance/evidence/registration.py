"""Registered plans: a plan whose digest entered the log before the first transcript that it is about was kept.

Whether a claim was registered follows from the log that its bundle carries, and from its rows. What the log cannot
show is that it was not started anew; see the grade ``local``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
from ruamel.yaml import YAML

from allegiance.corpus.predicate import Predicate, parse
from allegiance.corpus.rows import Row
from allegiance.errors import InputError, UsageError
from allegiance.evidence.keep import Keep
from allegiance.evidence.terms import Terms
from allegiance.ledger.log import Entry
from allegiance.records.canonical import plain
from allegiance.records.draw import Design, Draw
from allegiance.records.frame import Frame
from allegiance.records.plan import Plan
from allegiance.records.record import Record
from allegiance.scenarios.nodes import MAX_BYTES, read

YAML_SUFFIXES = (".yaml", ".yml")


class Registration(Record, frozen=True, kw_only=True):
    """What the log says of a plan: enough to tell which claims it foresaw, and that nothing was there before it.

    Attributes:
        plan, scenario, question: Their digests.
        kind, factor, levels, design, predicate, alpha: As in the plan; factor and levels are empty for a rate.
        corpus: The version of the corpus at that time.
        before: How many of its transcripts the predicate chose.
    """

    plan: str
    scenario: str
    question: str
    kind: str
    factor: str = ""
    levels: tuple[str, ...] = ()
    design: Design = Design(kind="census")
    predicate: str = ""
    alpha: float = 0.05
    corpus: str
    before: int


def register(keep: Keep, plan: Plan) -> Registration:
    """Enters a plan in the log; one that is there already is entered again, and the earliest that holds counts.

    Returns:
        What was entered. `before` says how many transcripts of the plan's population were there already; if any, no
        claim will carry the plan.
    """
    chosen, gap = parse(plan.predicate), plan.kind == "gap"
    there = _before_rating(chosen)
    made = Registration(
        plan=plan.digest,
        scenario=plan.scenario.digest,
        question=plan.question.digest,
        kind=plan.kind,
        factor=plan.factor if gap else "",
        levels=plan.levels if gap else (),
        design=plan.design,
        predicate=str(chosen),
        alpha=plan.alpha,
        corpus=keep.corpus.head().version,
        before=sum(there.matches(row.fields()) for row in keep.corpus.rows()),
    )
    body = plain(made)
    assert isinstance(body, dict)
    keep.log.append("plan", body)
    return made


def registrations(log: Sequence[Entry]) -> dict[int, Registration]:
    """The plans of a log by the number of their entry; what cannot be read as one is left out."""
    found: dict[int, Registration] = {}
    for entry in log:
        if entry.kind == "plan":
            try:
                made = msgspec.convert(dict(entry.body), Registration)
                parse(made.predicate)
            except (msgspec.ValidationError, UsageError):
                continue
            found[entry.seq] = made
    return found


def registered(
    log: Sequence[Entry], terms: Terms, population: Frame, rows: Sequence[Row], draw: Draw | None = None
) -> str:
    """The plan that foresaw a claim and was in the log before any transcript that the claim is about.

    Foreseen means: the same kind, question, factor, levels, alpha and design; the first answer of the question; the
    plan's filter, in which the claim may name a model of its own; transcripts of the plan's scenario and no others.

    Args:
        log: The log up to the claim.
        terms, population, draw: Of the claim.
        rows: The transcripts of its population.

    Returns:
        The digest of the first such plan; empty if there is none.
    """
    if terms.answer != terms.question.answers[0]:
        return ""
    asked = _asked(terms, draw)
    worlds = {row.condition.scenario for row in rows}
    for seq, made in registrations(log).items():
        fits = _asked_of(made) == asked and _foreseen(population.predicate, made.predicate, terms)
        if fits and worlds == {made.scenario} and made.before == 0 and _current(log[:seq], made):
            return made.plan
    return ""


def plans_entered(log: Sequence[Entry]) -> int:
    """How many different plans a log has."""
    return len({made.plan for made in registrations(log).values()})


def read_plan(path: Path) -> Plan:
    """A plan from a JSON or YAML file.

    Raises:
        InputError: It cannot be read, or is not a plan.
    """
    advice = "Write one with: allegiance plan gap --write FILE --scenario NAME"
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"this file cannot be read: {error.strerror}.", where=str(path), next=advice) from None
    if len(data) > MAX_BYTES:
        raise InputError(f"this file is larger than {MAX_BYTES} bytes.", where=str(path), next=advice)
    try:
        if path.suffix.lower() not in YAML_SUFFIXES:
            return msgspec.json.decode(data, type=Plan)
        return msgspec.convert(read(data.decode("utf-8"), str(path)).value, Plan)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"this is not a plan: {error}.", where=str(path), next=advice) from None


def write_plan(path: Path, plan: Plan) -> None:
    """Writes a plan to a new file, as YAML if the name says so and as JSON otherwise; it reads back the same.

    Raises:
        UsageError: There is such a file, or no such directory.
    """
    simple = plain(plan)
    if path.suffix.lower() in YAML_SUFFIXES:
        out = io.StringIO()
        dumper = YAML()
        dumper.width = 110
        dumper.dump(simple, out)
        text = out.getvalue()
    else:
        text = json.dumps(simple, ensure_ascii=False, indent=2) + "\n"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(
            f"the plan cannot be written: {error.strerror}.", where=str(path), next="Choose another name."
        ) from None


def _before_rating(chosen: Predicate) -> Predicate:
    """The filter without what raters answered, which nobody can have answered of what is not there."""
    return Predicate(tuple(term for term in chosen.terms if "@" not in term[0]))


def _asked(terms: Terms, draw: Draw | None) -> tuple[object, ...]:
    design = draw.commitment.design if draw is not None else Design(kind="census")
    return terms.kind, terms.question.digest, terms.factor, terms.levels, terms.alpha, _unscored(design)


def _asked_of(made: Registration) -> tuple[object, ...]:
    return made.kind, made.question, made.factor, made.levels, made.alpha, _unscored(made.design)


def _unscored(design: Design) -> Design:
    """The design without the digest of scores, which are known after the run only."""
    return msgspec.structs.replace(design, scores="")


def _foreseen(claimed: str, planned: str, terms: Terms) -> bool:
    """Whether a claim's filter is the plan's, up to naming the models one by one and the two levels compared."""
    mine, theirs = dict(parse(claimed).terms), dict(parse(planned).terms)
    if terms.factor not in theirs and mine.get(terms.factor) == tuple(sorted(terms.levels)):
        del mine[terms.factor]
    if "model" in mine and set(mine["model"]) <= set(theirs.get("model", mine["model"])):
        mine.pop("model")
        theirs.pop("model", None)
    return mine == theirs


def _current(earlier: Sequence[Entry], made: Registration) -> bool:
    """Whether the version that the plan counted is the last that the log has before it, and nothing left it before.

    What was withdrawn was not counted and could come back, so after a withdrawal no plan holds.
    """
    versions = [entry.body.get("to") for entry in earlier if entry.kind == "import"]
    withdrawn = any(entry.kind == "withdraw" for entry in earlier)
    return not withdrawn and (not versions or versions[-1] == made.corpus)
