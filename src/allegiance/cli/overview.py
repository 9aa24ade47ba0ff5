"""The verb corpus info."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.corpora import corpus
from allegiance.cli.options import json_option, open_study, study_option, where_option
from allegiance.cli.output import builtins, emit, progress, table

if TYPE_CHECKING:
    from allegiance.evidence.keep import Keep
    from allegiance.evidence.overview import Overview, Words

NEAR = 0.8
"""Least share of runs of five words that near-duplicates have in common."""


@corpus.command("info")
@click.option("--near", is_flag=True, help="Count near-duplicates too: compares all replies.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", help="Write the overview as SVG.")
@where_option
@study_option
@json_option
def corpus_info(near: bool, plot: Path | None, where: str, folder: Path, as_json: bool) -> None:
    """Count transcripts by model and condition, their lengths, reasoning and duplicates, and labels by rater.

    The first time, every transcript is read for its length; what was found is kept beside the corpus. In a study
    that is split, --near compares the visible half alone.

    \b
    Example:
      allegiance corpus info --study care
      allegiance corpus info --where tier=trained --plot care.svg --study care
    """
    from allegiance.evidence.overview import overview, words

    keep = open_study(folder).keep
    found, told = overview(keep, where), words(keep, where)
    alike = _near(keep, where) if near else None
    if plot is not None:
        from allegiance.report.overview_plot import overview_plot

        plot.write_text(overview_plot(found, told), encoding="utf-8")
    data = {**vars_of(found), "words": builtins(told)} | ({"near": alike} if alike else {})
    emit(as_json, data, "\n\n".join(filter(None, [*_found(found), *_told(told, found.count), _alike(alike)])))


def vars_of(found: Overview) -> dict[str, object]:
    """An overview as JSON objects."""
    made = builtins(found)
    assert isinstance(made, dict)
    return made


def _found(found: Overview) -> list[str]:
    groups = [(g.model, g.condition, g.requests, g.transcripts, sum(g.faulty.values())) for g in found.groups]
    fields = [
        (field, value or "unknown", n) for field, counts in found.fields.items() for value, n in counts.items()
    ]
    labels = [
        (one.question, one.rater, one.labelled, share(one.labelled, found.count), _answers(one.answers))
        for one in found.labels
    ]
    head = f"{found.count} transcripts, version {found.version}"
    head += f"\nfilter: {found.predicate}" if found.predicate else ""
    if found.left_out:
        head += f"\nnot counted: {found.left_out} failed samples of the corpus that were asked again"
    return [
        head,
        table(groups, ("model", "condition", "requests", "transcripts", "not whole")),
        table(fields, ("field", "value", "transcripts")),
        table(labels, ("question", "rater", "labelled", "share", "answers")) if labels else "no labels",
    ]


def _told(told: Words, count: int) -> list[str]:
    shares = [f"{float(share):.0%}" for share in (told.lengths[0].quantiles or {})]
    lengths = [
        (one.what, one.n, one.least, *one.quantiles.values(), one.greatest, one.mean)
        for one in told.lengths
        if one.n
    ]
    reasoning = [(kind, n, share(n, count)) for kind, n in told.reasoning.items()]
    return [
        table(lengths, ("length in", "transcripts", "least", *shares, "greatest", "mean")) if lengths else "",
        table(reasoning, ("reasoning", "transcripts", "share")),
        f"{told.repeated} transcripts have the words of another one, letter for letter: {told.texts} texts",
    ]


def _near(keep: Keep, where: str) -> dict[str, object]:
    from allegiance.corpus.vectors.near import groups
    from allegiance.evidence.splits import visible

    chosen = visible(keep, where)
    names = frozenset(name.decode() for name in keep.choose(chosen).names)
    with progress("comparing") as shown:
        found = groups(keep.corpus, NEAR, names, shown)
    inside = sum(len(group.members) + 1 for group in found)
    return {"predicate": chosen, "searched": len(names), "threshold": NEAR, "groups": len(found), "inside": inside}


def _alike(near: dict[str, object] | None) -> str:
    if near is None:
        return ""
    return (
        f"{near['inside']} of {near['searched']} transcripts are in {near['groups']} groups of replies that share "
        f"{near['threshold']} or more of their runs of five words; see them with: allegiance corpus duplicates"
    )


def _answers(answers: dict[str, int]) -> str:
    return ", ".join(f"{value} {n}" for value, n in answers.items())


def share(part: int, whole: int) -> str:
    """A share in percent; a dash of nothing."""
    return f"{part / whole:.1%}" if whole else "-"


VERBS = (corpus,)
