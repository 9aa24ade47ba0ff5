"""Verbs that draw, and that open the half of a study that waits to confirm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.engines import engine_option, find_engine
from allegiance.cli.halves import both_halves_option, population
from allegiance.cli.options import (
    find_question,
    json_option,
    open_study,
    question_option,
    reader_option,
    study_option,
    where_option,
)
from allegiance.cli.output import emit
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.evidence.keep import Keep
    from allegiance.records.draw import Design, Draw

SHOWN = 20
"""Items of a draw that are printed."""


@click.command()
@click.argument("n", type=click.IntRange(1), required=False)
@click.option("--census", is_flag=True, help="Take all of the population, in ticket order.")
@click.option("--open", "goes_on", is_flag=True, help="Read on as long as you like; N to begin with.")
@click.option("--until", type=click.IntRange(1), metavar="K", help="Read until K have been found; N to begin with.")
@click.option("--by", metavar="QUESTION@RATER", help="The higher this rater's score, the likelier; implies --open.")
@click.option(
    "--top", type=click.IntRange(1), metavar="K", help="Take the K highest scores of --by, and N of the rest."
)
@click.option(
    "--stratum", "strata", multiple=True, nargs=2, type=(str, click.IntRange(1)), metavar="FILTER N",
    help="Draw N of those that match FILTER; give one for each part.",
)  # fmt: skip
@click.option("--extend", type=int, metavar="DRAW", help="Draw N more items of a draw that goes on.")
@question_option
@both_halves_option
@where_option
@engine_option
@study_option
@json_option
def draw(
    n: int | None, census: bool, goes_on: bool, until: int | None, by: str | None, top: int | None,
    strata: tuple[tuple[str, int], ...], extend: int | None, asked: str | None, both: bool, where: str,
    engine: str, folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """Draw N transcripts at random, so that a rate can be claimed from them.

    The draw is entered in the log before anyone can read it. Its seed follows from what is drawn from; it cannot be
    chosen, and a draw that is thrown away leaves a gap in the count. In a study that is split it is from the half
    to confirm, unless --question names one that was in the log before the first transcript.

    \b
    Example:
      allegiance draw 50 --where "tier=trained" --study care
      allegiance draw 50 --by doubts@judge --study care      the likelier ones first, every look allowed for
      allegiance draw 20 --extend 1 --study care             20 more of draw 1
    """
    keep = open_study(folder).keep
    if extend is not None:
        return _show(keep.extend(extend, n or 0), as_json)
    if top is not None and n is None:
        from allegiance.evidence.refusing import refuse_top

        refuse_top(keep, top)
    if (n is None) == (not census and not strata):
        raise UsageError("say either how many to draw, or --census, or --stratum.", where="draw")
    from allegiance.evidence import bulk, tickets

    chosen = population(keep, where, _asked(keep, asked) if asked else "", both)
    first = tickets.first if engine == "local" else bulk.first(find_engine(engine))
    design = _design(keep, n or 0, census, goes_on, until, by, top, strata)
    return _show(keep.draw(design, chosen, first), as_json)


def _asked(keep: Keep, name: str) -> str:
    """The digest of a question by its name, of one too that nobody has answered yet."""
    logged = [entry.body for entry in keep.log.entries("rubric")]
    found = {str(body["question"]) for body in logged if name in {body["name"], body["question"]}}
    return found.pop() if len(found) == 1 else find_question(keep, name).digest


def _design(
    keep: Keep,
    n: int,
    census: bool,
    goes_on: bool,
    until: int | None,
    by: str | None,
    top: int | None,
    strata: tuple[tuple[str, int], ...],
) -> Design:
    from allegiance.corpus.predicate import parse
    from allegiance.evidence.rated import rated_fields, resolve
    from allegiance.records.draw import Design, Stratum

    now = keep.log.checkpoint().size
    if strata:
        parts = [(parse(text), each) for text, each in strata]
        found = tuple(
            Stratum(
                predicate=str(chosen),
                rated=tuple(resolve(keep.labels, field, now) for field in rated_fields(chosen)),
                n=each,
            )
            for chosen, each in parts
        )
        return Design(kind="stratified", n=sum(each for _, each in parts), strata=found)
    if by is None and top is not None:
        raise UsageError("the top of what?", where="--top", next="Say whose scores: --by QUESTION@RATER")
    if by is not None:
        scored = resolve(keep.labels, by, now)
        if top is not None:
            return Design(kind="elusion", n=n, top=top, scored=scored)
        return Design(kind="weighted", n=n, stop="open", scored=scored)
    if until is not None:
        return Design(kind="uniform", n=n, stop="until", until=until)
    return Design(kind="census" if census else "uniform", n=n, stop="open" if goes_on else "fixed")


def _show(made: Draw, as_json: bool) -> None:
    number, of = made.commitment.counter, made.commitment.frame.n
    shown = "\n".join(f"{rank:>4}  {name}" for rank, name in enumerate(made.items[:SHOWN], 1))
    more = f"\n      … and {len(made.items) - SHOWN} more" if len(made.items) > SHOWN else ""
    data = {
        "draw": number,
        "name": made.name,
        "design": made.commitment.design.kind,
        "of": of,
        "items": list(made.items),
        "seed": made.seed,
    }
    emit(as_json, data, f"draw {number}: {len(made.items)} of {of}\n{shown}{more}")


@click.command()
@click.option("--reason", required=True, help="Why now; it stays in the log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@reader_option
@study_option
@json_option
def unlock(reason: str, yes: bool, reader: str, folder: Path, as_json: bool) -> None:
    """Open the half that waits to confirm to search and lists, for good. Every later claim says so.

    \b
    Example:
      allegiance unlock --reason "the criteria are settled" --study care
    """
    from allegiance.evidence.splits import unlock as opened

    keep = open_study(folder).keep
    if not yes:
        click.confirm("This cannot be taken back. Go on?", abort=True, err=True)
    opened(keep, reader, reason)
    emit(as_json, {"unlocked": True}, "unlocked; every later claim of this study says so.")


VERBS = (draw, unlock)
