"""The verb corpus duplicates."""

from __future__ import annotations

from pathlib import Path

import click

from allegiance.cli.corpora import corpus
from allegiance.cli.options import json_option, open_study, study_option, where_option
from allegiance.cli.output import builtins, emit, progress, table

SHOWN = 20
"""Groups that are printed; with --json all are."""


@corpus.command("duplicates")
@click.option(
    "--threshold", default=0.8, show_default=True, type=click.FloatRange(0.3, 1, min_open=True),
    help="Least share of runs of five words that two replies have in common.",
)  # fmt: skip
@where_option
@study_option
@json_option
def corpus_duplicates(threshold: float, where: str, folder: Path, as_json: bool) -> None:
    """Find transcripts whose replies are nearly the same words; change nothing.

    Each group has a first transcript, with which the others were compared. In a study that is split, the hidden
    half is left out.

    \b
    Example:
      allegiance corpus duplicates --study care
      allegiance corpus duplicates --threshold 0.95 --where model=m --study care
    """
    from allegiance.corpus.vectors.near import groups
    from allegiance.evidence.splits import visible

    keep = open_study(folder).keep
    chosen = visible(keep, where)
    among = frozenset(row.name for row in keep.select(chosen)) if chosen else None
    with progress("comparing") as shown:
        found = groups(keep.corpus, threshold, among, shown)
    inside = sum(len(group.members) + 1 for group in found)
    searched = keep.corpus.head().count if among is None else len(among)
    head = (
        f"{inside} of {searched} transcripts are in {len(found)} groups of replies that share {threshold:g} or more"
    )
    rows = [
        (group.first[7:19], len(group.members), group.exact, f"{min(near for _, near in group.members):.2f}")
        for group in found[:SHOWN]
    ]
    lines = [head, table(rows, ("first", "others", "equal", "least alike"))] if rows else [head]
    lines += [f"showing {SHOWN} of {len(found)} groups; --json gives all"] if len(found) > SHOWN else []
    data = {"searched": searched, "inside": inside, "threshold": threshold, "predicate": chosen}
    emit(as_json, data | {"groups": [builtins(vars(group)) for group in found]}, "\n".join(lines))


VERBS: tuple[click.Command, ...] = ()
