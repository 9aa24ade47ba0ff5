"""The verb that says how many labels a rate takes, design by design: plan rate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from allegiance.cli.options import json_option, open_study, percent, study_option, where_option
from allegiance.cli.output import emit, table
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.stats.designs import Labels

POPULATION = 10_000
"""Size of the population where none is named."""
FEW = 50
"""A draw of fewer labels is uniform: its exact interval is narrower, and a judge cannot be judged by so few."""
CLEAR = 1.25
"""Simulated labels are good to about a quarter: what differs by less counts as the same."""

ROUGH = "Labels at every look are medians of 9 simulated draws, good to about a quarter. A plan, no evidence."

ALPHA = click.option(
    "--alpha", default=0.05, show_default=True, type=click.FloatRange(0, 1, min_open=True, max_open=True)
)


class Judge(NamedTuple):
    """A judge to plan with: name, its scores of the population, and what any design can save with it at best."""

    name: str
    field: str
    scores: list[float]
    bound: float


class Design(NamedTuple):
    """A design, the labels that it takes, and the command that begins it."""

    design: str
    labels: int
    every_look: bool
    command: str


@click.command("rate")
@click.option("--at-most", "at_most", metavar="SHARE", help="To be able to say 'at most this', with no positives.")
@click.option("--half-width", "half_width", metavar="SHARE", help="To be able to say a rate to within this.")
@click.option("--guess", default="10%", show_default=True, metavar="SHARE", help="Rate that you expect.")
@click.option("--by", metavar="QUESTION@RATER", help="Plan a weighted draw by this rater's scores in --study.")
@click.option("--auc", type=float, help="Plan a weighted draw by a judge of this AUC that you do not have yet.")
@click.option("--population", type=click.IntRange(1), help=f"Size of the frame.  [default: {POPULATION}]")
@where_option
@ALPHA
@study_option
@json_option
def plan_rate(
    at_most: str | None,
    half_width: str | None,
    guess: str,
    by: str | None,
    auc: float | None,
    population: int | None,
    where: str,
    alpha: float,
    folder: Path,
    as_json: bool,
) -> None:
    """How many labels a rate takes by each design, what a judge can save at best, and which design to take.

    \b
    Example:
      allegiance plan rate --at-most 1% --population 10000
      allegiance plan rate --half-width 0.5pt --guess 1% --auc 0.95
      allegiance plan rate --half-width 0.5pt --guess 1% --by doubts@judge --study care
    """
    if at_most is None and half_width is None:
        raise UsageError("say --at-most, --half-width, or both.", where="plan rate")
    _check(by, auc, population, where)
    size, judge = _judge(by, auc, population or POPULATION, where, percent(guess), folder)
    data: dict[str, object] = {"population": size, "alpha": alpha}
    said: list[str] = []
    labels = [0]
    if at_most is not None:
        data["at_most"], text, needed = _at_most(percent(at_most), alpha, size)
        said, labels = [*said, text], [*labels, needed]
    if half_width is not None:
        data["half_width"], text, needed = _half_width(percent(half_width), percent(guess), alpha, size, judge)
        said, labels = [*said, text], [*labels, needed]
    emit(as_json, data | {"labels": max(labels)}, "\n\n".join(said))


def _check(by: str | None, auc: float | None, population: int | None, where: str) -> None:
    if by is not None and auc is not None:
        raise UsageError("say one of --by and --auc.", where="plan rate")
    if by is not None and population is not None:
        raise UsageError(
            "the population of --by is that of the study.", where="--population", next="Choose it with --where."
        )
    if by is None and where:
        raise UsageError("a filter needs a study and a rater.", where="--where", next="Say --by QUESTION@RATER.")


def _judge(
    by: str | None, auc: float | None, population: int, where: str, guess: float, folder: Path
) -> tuple[int, Judge | None]:
    """The size of the population, and the judge if one was named."""
    from allegiance.stats.judges import best_saving, binormal_saving, binormal_scores

    if by is not None:
        names, scores = _scores(by, where, folder)
        return names, Judge(by, by, scores, best_saving(scores, guess))
    if auc is not None:
        bound, scores = binormal_saving(auc), binormal_scores(auc, guess, population).tolist()
        return population, Judge(f"a judge of AUC {auc:g}", "QUESTION@RATER", scores, bound)
    return population, None


def _scores(by: str, where: str, folder: Path) -> tuple[int, list[float]]:
    """How many transcripts a draw by this rater's scores would be from, and their scores."""
    from allegiance.evidence.population import frame
    from allegiance.evidence.rated import resolve, scores
    from allegiance.evidence.splits import by_default

    keep = open_study(folder).keep
    now = keep.log.checkpoint().size
    population, rows = frame(keep.corpus, by_default(keep, where), keep.labels, now)
    given = scores(resolve(keep.labels, by, now), keep.source, [row.name for row in rows])
    return population.n, list(given.values())


def _at_most(p0: float, alpha: float, population: int) -> tuple[dict[str, object], str, int]:
    """Labels for "at most", as data and in words, and those of the design recommended."""
    import math

    from allegiance.stats.judges import looks_at_most
    from allegiance.stats.planning import floor_labels

    floor = floor_labels(p0, alpha, population)
    designs = [
        Design("uniform, fixed", floor, False, f"allegiance draw {floor}"),
        Design("uniform, every look", looks_at_most(p0, alpha, population), True, "allegiance draw 50 --open"),
    ]
    why = (
        f"no judge helps: with fewer than {floor} labels (ln(1/α)/p₀ = {math.log(1 / alpha) / p0:.0f}, less in a "
        "finite population) any design can miss all positives, and a uniform draw needs no more"
    )
    data: dict[str, object] = {
        "share": p0,
        "floor": floor,
        "designs": [one._asdict() for one in designs],
        "recommended": designs[0].design,
        "why": why,
    }
    head = f"at most {100 * p0:g} % of {population}, at {100 * (1 - alpha):g} % confidence, if none is found"
    return data, f"{head}\n\n{_table(designs)}\n\nrecommended: {designs[0].design}; {why}.", floor


def _half_width(
    half_width: float, guess: float, alpha: float, population: int, judge: Judge | None
) -> tuple[dict[str, object], str, int]:
    """Labels for an interval, as data and in words, and those of the design recommended."""
    from allegiance.stats.designs import rate_labels_by_design

    found = rate_labels_by_design(half_width, guess, alpha, population, scores=judge.scores if judge else None)
    designs = _designs(found, judge)
    best, why = recommended(designs)
    data: dict[str, object] = {
        "half_width": half_width,
        "guess": guess,
        "floor": found.floor,
        "judge": judge.name if judge else None,
        "bound": judge.bound if judge else None,
        "designs": [one._asdict() for one in designs],
        "recommended": best.design,
        "why": why,
    }
    head = (
        f"±{100 * half_width:g} points at a rate of {100 * guess:g} %, of {population}, at "
        f"{100 * (1 - alpha):g} % confidence"
    )
    lines = [f"floor: {found.floor}; with fewer, no design gets the upper end this low, even if none is found"]
    if judge:
        lines.append(f"in large samples no design with {judge.name} saves more than x{judge.bound:.2f} (1/BC²)")
    lines.append(f"recommended: {best.design}; {why}.")
    lines.append(ROUGH)
    return data, f"{head}\n\n{_table(designs)}\n\n" + "\n".join(lines), best.labels


def _designs(found: Labels, judge: Judge | None) -> list[Design]:
    made = [
        Design("uniform, fixed", found.uniform_fixed, False, f"allegiance draw {found.uniform_fixed}"),
        Design("uniform, every look", found.uniform_every_look, True, "allegiance draw 50 --open"),
    ]
    if judge and found.weighted_every_look is not None:
        command = f"allegiance draw 50 --by {judge.field}"
        made.append(Design("weighted, every look", found.weighted_every_look, True, command))
    return made


def recommended(designs: list[Design]) -> tuple[Design, str]:
    """Which of the designs to take, and why: uniform and fixed first, uniform at every look, perhaps weighted."""
    fixed, looks, *weighted = designs
    if fixed.labels < FEW:
        return fixed, f"below {FEW} labels the exact interval of a uniform draw is the narrowest"
    if weighted and weighted[0].labels * CLEAR < fixed.labels:
        saved = fixed.labels / weighted[0].labels
        return weighted[0], (
            f"x{saved:.1f} fewer labels than a uniform draw of declared size, and it holds at every look; after "
            "50 labels `allegiance look` says what the judge is worth"
        )
    if weighted and weighted[0].labels * CLEAR < looks.labels:
        return fixed, "if you label all of it and do not look before; if you will look, take the weighted draw"
    spare = "this judge saves too little for a weighted draw" if weighted else "no judge was named"
    return fixed, f"if you label all of it and do not look before, else the uniform draw at every look; {spare}"


def _table(designs: list[Design]) -> str:
    rows = [(one.design, one.labels, "yes" if one.every_look else "no", one.command) for one in designs]
    return table(rows, ("design", "labels", "every look", "begin with"))
