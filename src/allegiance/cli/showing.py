"""Verbs that show: report, demo."""

from __future__ import annotations

from pathlib import Path

import click

from allegiance.cli.options import json_option, open_study, study_option
from allegiance.cli.output import emit


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="File to write; reports/report.html if none is given.")
@click.option("--scenario", "world", help="Scenario whose intents are shown; the one that was run.")
@study_option
@json_option
def report(out: Path | None, world: str | None, folder: Path, as_json: bool) -> None:
    """Write one self-contained page: what was asked, the gaps, the claims, the quotes.

    Every claim is verified on the way; a study with a claim that does not verify gets no page.

    \b
    Example:
      allegiance report --study care
    """
    from allegiance.cli.pages import write_report

    study = open_study(folder)
    path = write_report(study, out, world)
    emit(as_json, {"report": str(path), "claims": len(study.claims)}, f"the report is at {path}")


@click.command()
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Where to make the study.")
@click.option("--requests", default=16, show_default=True, type=click.IntRange(2), help="Requests to each tier.")
@json_option
def demo(folder: Path | None, requests: int, as_json: bool) -> None:
    """Study a small local model, from an empty directory to a verified claim and a report.

    Real weights on this machine, no key. What so small a model writes is often off the subject: the demo shows the
    path, not a finding.

    \b
    Example:
      allegiance demo
    """
    from allegiance.cli.demonstration import demonstrate

    demonstrate(folder, requests, as_json=as_json)


VERBS = (report, demo)
