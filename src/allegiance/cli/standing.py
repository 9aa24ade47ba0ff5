"""The verb that shows how transcripts stand to each intent: matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.options import json_option, open_study, study_option, where_option
from allegiance.cli.output import builtins, emit, table

if TYPE_CHECKING:
    from allegiance.evidence.spread import Spread
    from allegiance.evidence.standings import Matrix, Part
    from allegiance.report.framings import Summary

    Spreads = Mapping[str, tuple[Spread, ...]]


@click.command()
@click.option("--rater", default="", metavar="NAME", help="Only this rater's labels.")
@click.option("--factor", default="tier", show_default=True, help="Whose levels are the columns.")
@click.option("--framings", is_flag=True, help="Say what it would mean under two framings, side by side.")
@where_option
@study_option
@json_option
def matrix(rater: str, factor: str, framings: bool, where: str, folder: Path, as_json: bool) -> None:
    """Count how transcripts stand to each intent, tier by tier, and which motives they show.

    Counts of labels, for each rater, model and scenario, and apart for each right by which the intent changed. No
    rates: make a claim for these.

    \b
    Example:
      allegiance matrix --framings --study care
    """
    from allegiance.evidence.spread import of_part
    from allegiance.evidence.standings import matrix as count
    from allegiance.report.framings import summaries

    study = open_study(folder)
    worlds = study.worlds()
    found = count(study.keep, worlds, where, factor=factor, rater=rater)
    told = [summaries(part, factor) if framings else () for part in found.parts]
    spreads = [of_part(study.keep, worlds, part, where, factor) for part in found.parts]
    more = {"framings": builtins(told)} if framings else {}
    data = {"matrix": builtins(found), "spreads": builtins(spreads), **more}
    emit(as_json, data, "\n".join(_text(found, spreads, told)))


def _text(found: Matrix, spreads: Sequence[Spreads], told: list[tuple[Summary, ...]]) -> Iterator[str]:
    from allegiance.report.matrix import remarks

    for part, by_intent, summaries in zip(found.parts, spreads, told, strict=True):
        yield from _part(part, by_intent)
        for summary in summaries:
            yield from _summary(summary)
    if not found.parts:
        yield "No transcript has a label on a standing. Rate first: allegiance rate --choices FILE"
    yield from remarks(found)


def _part(part: Part, spreads: Spreads) -> Iterator[str]:
    from allegiance.report.matrix import MOTIVE_COLUMNS, circumstances, intent_name, lines, motive_cells, title

    yield f"=== {title(part)}"
    yield from circumstances(part)
    for row in part.intents:
        heads = [tally.tier or "not stated" for tally in row.tiers]
        rows = [(line.name, *(cell.n for cell in line.cells)) for line in lines((row,))]
        yield f"\nStanding to {intent_name(row)}: {row.wants}\n"
        yield table(rows, ("standing", *heads))
        yield from (f"\n{_spread(found)}." for found in spreads.get(row.intent, ()))
    shown = [
        (row.motive, tier or "not stated", *cells) for row in part.motives for tier, cells in motive_cells(row)
    ]
    if shown:
        yield "\n" + table(shown, ("motive", "tier", *MOTIVE_COLUMNS))
    yield ""


def _spread(found: Spread) -> str:
    from allegiance.report.spreading import sentence
    from allegiance.report.words import points

    first, second = found.levels
    return f"Share that serves it, {first} less {second}: {points(found.value)} points, {sentence(found)}"


def _summary(summary: Summary) -> Iterator[str]:
    yield "The same transcripts under two framings:"
    yield from summary.cast
    for framing in summary.framings:
        yield f"\n{framing.question}"
        yield from (f"  {sentence.text}" for sentence in framing.sentences)
    yield ""


VERBS = (matrix,)
