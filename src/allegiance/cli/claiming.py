"""Verbs that make claims, and look at what a draw says so far."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from allegiance.cli.groups import Verbs
from allegiance.cli.halves import both_halves_option, population
from allegiance.cli.options import (
    find_question,
    find_raters,
    json_option,
    open_study,
    percent,
    question_option,
    study_option,
    uncorrected,
    where_option,
)
from allegiance.cli.output import builtins, emit
from allegiance.cli.unsafe import UNSAFE, unsafe_wished
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.evidence.terms import Terms
    from allegiance.records.claim import Claim, ClaimKind
    from allegiance.study import Study

F = TypeVar("F", bound=Callable[..., object])


def claim_options(verb: F) -> F:
    """The options of every claim that rests on labels."""
    for option in (
        json_option,
        study_option,
        click.option("--alpha", default=0.05, show_default=True, help="One minus the confidence.",
                     type=click.FloatRange(0, 1, min_open=True, max_open=True)),
        click.option("--answer", default="yes", show_default=True, metavar="ANSWER", help="What is counted."),
        click.option("--rater", metavar="NAME", help="Whose labels; rules named NAME/RULE come along."),
        question_option,
        where_option,
    ):  # fmt: skip
        verb = option(verb)
    return verb


def draw_options(verb: F) -> F:
    """The options that say what was read."""
    for option in (
        click.option(
            "--method", type=click.Choice(["exact", "betting", "until"]), help="If the design allows others."
        ),
        click.option("--browsed", is_flag=True, help="Refused: what was browsed carries no rate."),
        click.option("--citation", "cited", type=int, help="Refused: what is quoted carries no rate."),
        click.option("--search", type=int, help="Refused: hits of a search carry no rate."),
        both_halves_option,
        click.option("--census", is_flag=True, help="All that match --where were labelled."),
        click.option("--draw", "number", type=int, help="Number of the draw that was labelled."),
    ):
        verb = option(verb)
    return verb


@click.group(cls=Verbs, params=[UNSAFE])
def claim() -> None:
    """Make a claim that can be verified, or be told why the evidence does not carry it."""


@claim.command("rate")
@draw_options
@claim_options
def claim_rate(
    number: int | None, census: bool, both: bool, search: int | None, cited: int | None, browsed: bool,
    method: str | None, where: str, asked: str | None, rater: str | None, answer: str, alpha: float, folder: Path,
    as_json: bool,
) -> None:  # fmt: skip
    """How often: a share of a population, with the interval that its draw allows.

    \b
    Example:
      allegiance claim rate --draw 1 --question doubts --study care
    """
    study = open_study(folder)
    _refuse(study, search, cited, browsed)
    terms = _terms(study, "rate_ci", asked, rater, answer, alpha, method=method or "")
    _make(study, terms, number, census, where, both, as_json)


@claim.command("at-most")
@click.argument("share", required=False)
@draw_options
@claim_options
def claim_at_most(
    share: str | None, number: int | None, census: bool, both: bool, search: int | None, cited: int | None,
    browsed: bool, method: str | None, where: str, asked: str | None, rater: str | None, answer: str, alpha: float,
    folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """No more often than SHARE; without SHARE, than what the labels carry.

    \b
    Example:
      allegiance claim at-most 1% --draw 1 --question doubts --study care
    """
    study = open_study(folder)
    _refuse(study, search, cited, browsed)
    bound = percent(share) if share else None
    terms = _terms(study, "rate_upper", asked, rater, answer, alpha, method=method or "", bound=bound)
    _make(study, terms, number, census, where, both, as_json)


@claim.command("at-least")
@click.argument("share", required=False)
@draw_options
@claim_options
def claim_at_least(
    share: str | None, number: int | None, census: bool, both: bool, search: int | None, cited: int | None,
    browsed: bool, method: str | None, where: str, asked: str | None, rater: str | None, answer: str, alpha: float,
    folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """At least as often as SHARE; without SHARE, as what the labels carry.

    \b
    Example:
      allegiance claim at-least 5% --draw 1 --question doubts --study care
    """
    study = open_study(folder)
    _refuse(study, search, cited, browsed)
    bound = percent(share) if share else None
    terms = _terms(study, "rate_lower", asked, rater, answer, alpha, method=method or "", bound=bound)
    _make(study, terms, number, census, where, both, as_json)


@claim.command("exists")
@click.option("--k", default=1, show_default=True, type=click.IntRange(1), help="How many at least.")
@claim_options
def claim_exists(
    k: int, where: str, asked: str | None, rater: str | None, answer: str, alpha: float, folder: Path, as_json: bool
) -> None:
    """At least K exist, however they were found. Says nothing of how often.

    \b
    Example:
      allegiance claim exists --k 2 --question doubts --study care
    """
    study = open_study(folder)
    terms = _terms(study, "at_least_k", asked, rater, answer, alpha, k=k)
    _publish(study, terms, None, where, as_json)


@claim.command("precision")
@click.option("--search", required=True, type=int, help="Number of the search.")
@click.option("--k", required=True, type=click.IntRange(1), help="How many hits were read, from the first.")
@claim_options
def claim_precision(
    search: int, k: int, where: str, asked: str | None, rater: str | None, answer: str, alpha: float, folder: Path,
    as_json: bool,
) -> None:  # fmt: skip
    """The share among the first K hits of a search, all of which were read. It is about these K alone.

    \b
    Example:
      allegiance claim precision --search 1 --k 20 --question doubts --study care
    """
    study = open_study(folder)
    terms = _terms(study, "precision_at_k", asked, rater, answer, alpha, k=k, search=search)
    _publish(study, terms, None, where, as_json)


@claim.command("quote")
@click.argument("citation", type=int)
@click.option("--typical", is_flag=True, help="Refused: nothing shows that one transcript is typical.")
@study_option
@json_option
def claim_quote(citation: int, typical: bool, folder: Path, as_json: bool) -> None:
    """That the words of citation number CITATION stand where it says, with the route by which they were found.

    \b
    Example:
      allegiance claim quote 1 --study care
    """
    from allegiance.evidence.terms import QUOTE, Terms

    study = open_study(folder)
    if typical:
        from allegiance.evidence.refusing import refuse_typical

        refuse_typical(study.keep, citation)
    _publish(study, Terms(kind="quote", question=QUOTE, citation=citation), None, "", as_json)


@claim.command("difference")
@click.option("--draw", "number", required=True, type=int, help="A draw whose strata are the two sides.")
@click.option("--factor", default="tier", show_default=True, help="What the two sides differ in.")
@click.option("--levels", required=True, metavar="A,B", help="The two sides; the difference is A minus B.")
@claim_options
def claim_difference(
    number: int, factor: str, levels: str, where: str, asked: str | None, rater: str | None, answer: str,
    alpha: float, folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """The difference of two shares that are not paired, from a draw by strata.

    \b
    Example:
      allegiance claim difference --draw 2 --levels trained,untrained --study care
    """
    study = open_study(folder)
    sides = _sides(levels)
    terms = _terms(study, "difference", asked, rater, answer, alpha, factor=factor, levels=sides)
    _publish(study, terms, number, where, as_json)


@claim.command("gap")
@click.option("--factor", default="tier", show_default=True, help="What the two sides differ in.")
@click.option("--levels", default="", metavar="A,B", help="The two sides; the gap is A minus B.")
@click.option(
    "--method", type=click.Choice(["betting", "paired-t", "bootstrap-t"]), default="betting", show_default=True
)
@both_halves_option
@claim_options
def claim_gap(
    factor: str, levels: str, method: str, both: bool, where: str, asked: str | None, rater: str | None,
    answer: str, alpha: float, folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """How big is the difference between two tiers, for each model, paired by request.

    \b
    Example:
      allegiance claim gap --question complies --study care
    """
    study = open_study(folder)
    terms = _terms(study, "gap", asked, rater, answer, alpha, method=method, factor=factor)
    chosen = population(study.keep, where, terms.question.digest, both)
    _gaps(study, terms, _sides(levels), chosen, as_json)


@claim.command("no-gap")
@click.option("--margin", required=True, help="The gap that is ruled out, like 5pt or 0.05.")
@click.option("--factor", default="tier", show_default=True, help="What the two sides differ in.")
@click.option("--levels", default="", metavar="A,B", help="The two sides.")
@both_halves_option
@claim_options
def claim_no_gap(
    margin: str, factor: str, levels: str, both: bool, where: str, asked: str | None, rater: str | None,
    answer: str, alpha: float, folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """That the difference between two tiers is smaller than a margin, for each model; or which margin it is below.

    \b
    Example:
      allegiance claim no-gap --margin 5pt --question complies --study care
    """
    study = open_study(folder)
    terms = _terms(study, "no_gap", asked, rater, answer, alpha, factor=factor, margin=percent(margin))
    chosen = population(study.keep, where, terms.question.digest, both)
    _gaps(study, terms, _sides(levels), chosen, as_json)


@click.command()
@click.option("--draw", "number", required=True, type=int, help="Number of the draw.")
@claim_options
def look(
    number: int, where: str, asked: str | None, rater: str | None, answer: str, alpha: float, folder: Path,
    as_json: bool,
) -> None:  # fmt: skip
    """What the labels of a draw say so far, by an interval that holds at every look. The look is logged.

    \b
    Example:
      allegiance look --draw 1 --question doubts --study care
    """
    from allegiance.evidence.looking import look as looked

    study = open_study(folder)
    terms = _terms(study, "rate_ci", asked, rater, answer, alpha)
    seen = looked(study.keep, terms, study.keep.find_draw(number))
    emit(as_json, builtins(seen), "\n".join([seen.said, *seen.advice]))


def _refuse(study: Study, search: int | None, cited: int | None, browsed: bool) -> None:
    """Refuses a rate from what carries none."""
    from allegiance.evidence import refusing

    if search is not None:
        refusing.refuse_search(study.keep, search)
    if cited is not None:
        refusing.refuse_citation(study.keep, cited)
    if browsed:
        refusing.refuse_browsed(study.keep)


def _make(
    study: Study, terms: Terms, number: int | None, census: bool, where: str, both: bool, as_json: bool
) -> None:
    if (number is None) == (not census) or (number is not None and where):
        raise UsageError("say --draw N, or --census with a filter.", where=f"claim {terms.kind}")
    chosen = population(study.keep, where, terms.question.digest, both) if census else ""
    _publish(study, terms, number, chosen, as_json)


def _publish(study: Study, terms: Terms, number: int | None, where: str, as_json: bool) -> None:
    from allegiance.evidence.claims import make_claim

    drawn = study.keep.find_draw(number) if number is not None else None
    made, material = make_claim(study.keep, terms, draw=drawn, predicate=where, unsafe=unsafe_wished())
    path = study.publish(made, material)
    emit(as_json, _data(made, path), f"{made.statement}\nbundle {path}{uncorrected(study.keep, terms)}")


def _gaps(study: Study, terms: Terms, sides: tuple[str, ...], where: str, as_json: bool) -> None:
    from allegiance.cli.gaps import gaps_by_model

    made = gaps_by_model(study, terms, sides, where)
    text = "\n\n".join("\n".join([c.statement, *_rules(c), f"bundle {path}"]) for _, c, path in made)
    emit(as_json, [{"model": name, **_data(c, path)} for name, c, path in made], text)


def _sides(levels: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in levels.split(",")) if levels else ()


def _terms(
    study: Study,
    kind: ClaimKind,
    asked: str | None,
    rater: str | None,
    answer: str,
    alpha: float,
    *,
    method: str = "",
    factor: str = "",
    levels: tuple[str, ...] = (),
    bound: float | None = None,
    margin: float | None = None,
    k: int = 0,
    search: int = 0,
) -> Terms:
    from allegiance.evidence.terms import Terms

    question = find_question(study.keep, asked)
    return Terms(
        kind=kind,
        question=question,
        raters=find_raters(study.keep, question, rater),
        answer=answer,
        alpha=alpha,
        method=method,
        factor=factor,
        levels=levels,
        bound=bound,
        margin=margin,
        k=k,
        search=search,
    )


def _rules(made: Claim) -> list[str]:
    """The same gap under other rules and methods, a line each."""
    return [
        f"under {name}: {100 * other.value:+.2f}, interval {100 * other.low:+.2f} to {100 * other.high:+.2f}; "
        f"{other.counts.unsure + other.counts.unrated} neither yes nor no"
        for name, other in made.estimate.secondary.items()
    ]


def _data(made: Claim, path: Path) -> dict[str, object]:
    estimate = made.estimate
    counts = estimate.counts
    return {
        "kind": made.kind,
        "statement": made.statement,
        "question": made.question.name,
        "rates": {arm.level: arm.rate for arm in estimate.arms},
        "value": estimate.value,
        "interval": [estimate.low, estimate.high],
        "alpha": estimate.alpha,
        "method": estimate.method,
        "p_value": estimate.p_value,
        "n_requests": estimate.arms[0].requests if estimate.arms else None,
        "n_samples": counts.used,
        "counts": builtins(counts),
        "arms": builtins(estimate.arms),
        "neither": counts.unsure + counts.unrated,
        "rule": made.raters[0].name if made.raters else None,
        "rule_settings": dict(made.raters[0].settings) if made.raters else {},
        "other_rules": {
            name: {"value": other.value, "interval": [other.low, other.high], "counts": builtins(other.counts)}
            for name, other in estimate.secondary.items()
        },
        "basis": made.basis,
        "bundle": str(path),
        "claim": made.digest,
    }


VERBS = (claim, look)
