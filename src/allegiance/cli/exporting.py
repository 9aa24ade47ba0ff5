"""The verb that writes a corpus for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.corpora import corpus
from allegiance.cli.options import json_option, open_study, study_option, where_option
from allegiance.cli.output import emit

if TYPE_CHECKING:
    from allegiance.corpus.export_target import Chosen

_FORMATS = ("jsonl", "json", "parquet", "scout", "eval", "hf", "pages")


@corpus.command("export")
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), default="jsonl", show_default=True, help="What to write."
)
@click.option("--labels", "labelled", is_flag=True, help="Write the labels beside the transcripts.")
@click.option("--version", default="", metavar="V", help="A version of the corpus; else the newest.")
@where_option
@study_option
@json_option
def corpus_export(
    target: Path, form: str, labelled: bool, version: str, where: str, folder: Path, as_json: bool
) -> None:
    """Write transcripts to a new file or folder. Importing it again gives the same names, but for pages.

    jsonl, json and parquet are files; scout (a transcript database), eval (Inspect logs), hf (a data set) and pages
    (static HTML) are folders. Each carries a canary, and asks search engines to leave it out.

    \b
    Example:
      allegiance corpus export care.jsonl --study care
      allegiance corpus export logs --format eval --where 'tier=free' --study care
      allegiance corpus export care-labelled.jsonl --labels --study care
    """
    from allegiance.evidence.exporting import choose

    study = open_study(folder)
    chosen = choose(study.keep, where, version, labels=labelled)
    count = _write(chosen, target, form)
    data = {"target": str(target), "format": form, "transcripts": count, "version": chosen.at}
    emit(as_json, data, f"{count} transcripts written to {target}")


def _write(chosen: Chosen, target: Path, form: str) -> int:
    if form == "eval":
        from allegiance.bridge.needs import need

        need("inspect_ai", "inspect-ai", "run")
        from allegiance.bridge.exporting import write_logs

        return write_logs(chosen, target)
    if form == "pages":
        from allegiance.report.pages import write_pages

        return write_pages(chosen, target)
    from allegiance.corpus.export import export

    return export(chosen, target, form)


VERBS = ()
