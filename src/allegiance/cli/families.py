"""The verb that shows several gaps at once, to explore with: family."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.claiming import claim_options
from allegiance.cli.options import find_question, find_raters, open_study
from allegiance.cli.output import builtins, emit, table
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.evidence.families import Contrast, Family
    from allegiance.evidence.keep import Keep
    from allegiance.evidence.terms import Terms

HEAD = ("contrast", "rates", "gap", "interval", "requests", "undecided", "p", "max-T", "Holm", "q", "if picked")


@click.command()
@click.option("--factor", default="tier", show_default=True, help="What the two sides of each gap differ in.")
@click.option("--levels", default="", metavar="A,B", help="The two sides; each gap is A minus B.")
@click.option("--by", multiple=True, metavar="FACTOR", help="A gap at each level of this: model, or any factor.")
@click.option(
    "--interaction", "crossed", multiple=True, metavar="FACTOR=a,b", help="The gap at a minus the gap at b."
)
@click.option(
    "--pick", multiple=True, metavar="CONTRAST", help="Give these an interval that allows for the picking."
)
@claim_options
def family(
    factor: str, levels: str, by: tuple[str, ...], crossed: tuple[str, ...], pick: tuple[str, ...], where: str,
    asked: str | None, rater: str | None, answer: str, alpha: float, folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """Show several gaps at once: each alone, and allowing for all. To explore with; it makes no claim.

    Each gap shown is logged as a look, and later claims count it. Without --pick, those with q at most alpha are
    picked, and those whose interval leaves zero out.

    \b
    Example:
      allegiance family --by model --question complies --study care
      allegiance family --by persona --interaction persona=employee,contractor --study care
    """
    from allegiance.evidence.families import WHAT, explore
    from allegiance.evidence.statements import basis

    keep = open_study(folder).keep
    terms = terms_of_gap(keep, factor, levels, where, asked, rater, answer, alpha)
    found = explore(
        keep, terms, predicate=where, by=by, interactions=[_crossed(each) for each in crossed], pick=pick
    )
    rests = basis(terms.raters[0])
    data = {"about": WHAT, "claim": False, "question": terms.question.name, "answer": answer, "basis": rests}
    emit(as_json, data | {"family": builtins(found)}, "\n".join(_text(found, terms, rests)))


def terms_of_gap(
    keep: Keep,
    factor: str,
    levels: str,
    where: str,
    asked: str | None,
    rater: str | None,
    answer: str,
    alpha: float,
) -> Terms:
    """The terms of a gap; levels that were not named are those that there are, if there are two."""
    from allegiance.evidence.claims import compared
    from allegiance.evidence.splits import visible
    from allegiance.evidence.terms import Terms

    question = find_question(keep, asked)
    sides = tuple(part.strip() for part in levels.split(",")) if levels else ()
    if sides and len(sides) != 2:
        raise UsageError("a gap has two sides.", where="--levels", next="Write them as --levels free,paid")
    return Terms(
        kind="gap",
        question=question,
        raters=find_raters(keep, question, rater)[:1],
        answer=answer,
        alpha=alpha,
        factor=factor,
        levels=sides or compared(keep.select(visible(keep, where)), factor),
    )


def _crossed(text: str) -> tuple[str, str, str]:
    key, _, levels = text.partition("=")
    parts = [part.strip() for part in levels.split(",")]
    if not key.strip() or len(parts) != 2 or not all(parts):
        raise UsageError(
            f"{text!r} is no interaction.", where="--interaction", next="Write it as --interaction persona=a,b"
        )
    return key.strip(), parts[0], parts[1]


def _text(found: Family, terms: Terms, basis: str) -> Iterator[str]:
    from allegiance.evidence.families import WHAT

    yield (
        f"{found.factor}: {found.levels[0]} - {found.levels[1]}, {found.predicate or 'the whole corpus'}, answer "
        f"'{terms.answer}' to \"{terms.question.text}\"; {basis}"
    )
    yield f"{WHAT}\n"
    yield table([_row(each) for each in found.contrasts], HEAD)
    yield ""
    if found.left_out:
        yield f"left out, for no request was seen in all arms: {', '.join(found.left_out)}"
    if any(each.undecided for each in found.contrasts):
        yield "undecided labels count at their worst in the intervals; where there are some, there is no test"
    picked = sum(each.picked is not None for each in found.contrasts)
    yield (
        f"{len(found.contrasts)} contrasts, {picked} picked, {100 * (1 - found.alpha):g} % intervals, in points; "
        f"looks entered in the log: {len(found.contrasts)}, and later claims count them"
    )


def _row(each: Contrast) -> Sequence[object]:
    return (
        each.name,
        " ".join("-" if rate is None else f"{100 * rate:.1f}" for rate in each.rates),
        "-" if each.value is None else f"{100 * each.value:+.1f}",
        _ends(each.low, each.high),
        each.requests,
        each.undecided,
        *(_p(value) for value in (each.p, each.max_t, each.holm, each.q)),
        _ends(*each.picked) if each.picked else "-",
    )


def _ends(low: float, high: float) -> str:
    return f"{100 * low:+.2f} to {100 * high:+.2f}"


def _p(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


VERBS = (family,)
