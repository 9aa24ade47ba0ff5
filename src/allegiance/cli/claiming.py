"""Verbs for claims: claim, verify, cite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.groups import Verbs
from allegiance.cli.options import (
    find_question,
    find_raters,
    json_option,
    open_study,
    question_option,
    study_option,
    where_option,
)
from allegiance.cli.output import builtins, emit, note
from allegiance.errors import UsageError, VerificationFailed

if TYPE_CHECKING:
    from allegiance.evidence.material import Terms
    from allegiance.records.claim import Claim
    from allegiance.study import Study

ANSWER = click.option(
    "--answer", default="yes", show_default=True, metavar="ANSWER", help="Share of: one of the question's answers."
)
ALPHA = click.option(
    "--alpha", default=0.05, show_default=True, type=click.FloatRange(0, 1, min_open=True, max_open=True)
)
RATER = click.option("--rater", metavar="NAME", help="Whose labels; rules named NAME/RULE come along.")


@click.group(cls=Verbs)
def claim() -> None:
    """Make a claim that can be verified, or be told why the evidence does not carry it."""


@claim.command("rate")
@click.option("--draw", "number", type=int, help="Number of the draw that was labelled.")
@click.option("--census", is_flag=True, help="All that match --where were labelled.")
@where_option
@question_option
@RATER
@ANSWER
@ALPHA
@study_option
@json_option
def claim_rate(
    number: int | None,
    census: bool,
    where: str,
    asked: str | None,
    rater: str | None,
    answer: str,
    alpha: float,
    folder: Path,
    as_json: bool,
) -> None:
    """How often: a share of a population, with an exact interval.

    \b
    Example:
      allegiance claim rate --draw 1 --question doubts --study care
    """
    from allegiance.evidence import claims

    if (number is None) == (not census) or (number is not None and where):
        raise UsageError("say --draw N, or --census with a filter.", where="claim rate")
    study = open_study(folder)
    terms = _terms(study, "rate", asked, rater, answer, alpha)
    drawn = study.keep.find_draw(number) if number is not None else None
    made, material = claims.claim_rate(study.keep, terms, draw=drawn, predicate=where)
    path = study.publish(made, material)
    emit(as_json, _data(made, path), f"{made.statement}\nbundle {path}")


@claim.command("gap")
@click.option("--factor", default="tier", show_default=True, help="What the two sides differ in.")
@click.option("--levels", default="", metavar="A,B", help="The two sides; the gap is A minus B.")
@click.option("--method", type=click.Choice(["betting", "paired-t"]), default="betting", show_default=True)
@where_option
@question_option
@RATER
@ANSWER
@ALPHA
@study_option
@json_option
def claim_gap(
    factor: str,
    levels: str,
    method: str,
    where: str,
    asked: str | None,
    rater: str | None,
    answer: str,
    alpha: float,
    folder: Path,
    as_json: bool,
) -> None:
    """How big is the difference between two tiers, for each model, paired by request.

    \b
    Example:
      allegiance claim gap --question complies --study care
    """
    from allegiance.cli.gaps import gaps_by_model

    study = open_study(folder)
    terms = _terms(study, "gap", asked, rater, answer, alpha, method=method, factor=factor)
    sides = tuple(part.strip() for part in levels.split(",")) if levels else ()
    made = gaps_by_model(study, terms, sides, where)
    text = "\n\n".join("\n".join([c.statement, *_rules(c), f"bundle {path}"]) for _, c, path in made)
    emit(as_json, [{"model": name, **_data(c, path)} for name, c, path in made], text)


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@json_option
def verify(bundle: Path, as_json: bool) -> None:
    """Work a claim out again from its bundle, offline, in ten steps. Tells every step that fails.

    \b
    Example:
      allegiance verify care/claims/0001-gap.claim
    """
    from allegiance.evidence.verify import verify as check

    found = check(bundle)
    lines = [f"{c.step:>2} {'pass' if c.passed else 'FAIL'}  {c.name}: {c.finding}" for c in found.checks]
    said = [found.claim.statement] if found.claim else []
    grade = ["verified; grade local: the log could have been started anew, and nothing here would show it"]
    data = {
        "verified": found.passed,
        "grade": "local",
        "checks": builtins(found.checks),
        "statement": "".join(said),
    }
    emit(as_json, data, "\n".join([*said, *lines, *(grade if found.passed else [])]))
    if not found.passed:
        failed = ", ".join(f"{c.step} ({c.name})" for c in found.checks if not c.passed)
        note(f"error: the claim does not verify; failed: step {failed}.\nwhere: {bundle}")
        raise click.exceptions.Exit(VerificationFailed.exit_code)


@click.command()
@click.argument("name")
@click.argument("quote")
@click.option("--self-reported", default="", metavar="HOW", help="How it was found, where no reading is on record.")
@study_option
@json_option
def cite(name: str, quote: str, self_reported: str, folder: Path, as_json: bool) -> None:
    """Quote a transcript together with how it was reached, and what that supports.

    \b
    Example:
      allegiance cite 3f9a61c2d0 "I would rather not" --study care
    """
    from allegiance.evidence.citations import cite as quoted
    from allegiance.evidence.citations import log_citation
    from allegiance.report.words import route_sentence

    keep = open_study(folder).keep
    citation = quoted(keep, keep.corpus.resolve(name), quote, self_reported=self_reported)
    log_citation(keep, citation)
    sentence = route_sentence(citation.route)
    data = {"citation": builtins(citation), "route": sentence}
    words = "\n".join(f"> {line}" for line in quote.splitlines())
    emit(as_json, data, f"{words}\n>\n> {citation.transcript}, {citation.before} read before it; {sentence}")


def _terms(
    study: Study,
    kind: str,
    asked: str | None,
    rater: str | None,
    answer: str,
    alpha: float,
    *,
    method: str = "betting",
    factor: str = "",
) -> Terms:
    from allegiance.evidence.material import Terms

    question = find_question(study.keep, asked)
    raters = find_raters(study.keep, question, rater)
    return Terms(
        kind="gap" if kind == "gap" else "rate",
        question=question,
        raters=raters,
        answer=answer,
        alpha=alpha,
        method=method,
        factor=factor,
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
        "rule": made.raters[0].name,
        "rule_settings": dict(made.raters[0].settings),
        "other_rules": {
            name: {"value": other.value, "interval": [other.low, other.high], "counts": builtins(other.counts)}
            for name, other in estimate.secondary.items()
        },
        "basis": made.basis,
        "bundle": str(path),
        "claim": made.digest,
    }


VERBS = (claim, verify, cite)
