"""The verb that cites: a quote with its address, its route, and what that supports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.options import json_option, open_study, study_option
from allegiance.cli.output import emit, note

if TYPE_CHECKING:
    from allegiance.records.route import Citation


@click.command()
@click.argument("name")
@click.argument("quote")
@click.option(
    "--format", "form", type=click.Choice(["markdown", "json", "csl"]), default="markdown", show_default=True,
    help="CSL is JSON for programs that keep references.",
)  # fmt: skip
@click.option(
    "--occurrence", default=1, show_default=True, type=click.IntRange(1), metavar="K",
    help="Which place, where the words stand in several.",
)  # fmt: skip
@click.option("--gaps", is_flag=True, help="An ellipsis in the quote leaves words out.")
@click.option(
    "--draw", default=0, metavar="N", help="Cite it as an item of draw N, even if opened before otherwise."
)
@click.option("--striking", is_flag=True, help="It is the most striking of its draw, all of which was opened.")
@click.option("--self-reported", default="", metavar="HOW", help="How it was found, where no reading is on record.")
@study_option
@json_option
def cite(
    name: str,
    quote: str,
    form: str,
    occurrence: int,
    gaps: bool,
    draw: int,
    striking: bool,
    self_reported: str,
    folder: Path,
    as_json: bool,
) -> None:
    """Quote a transcript together with how it was reached, and what that supports.

    NAME is a name, its beginning, or @K for what reading number K opened. QUOTE is sought letter for letter, then
    with white space, quotation marks and Unicode forms taken as equal; what differs is told.

    \b
    Example:
      allegiance cite 3f9a61c2d0 "I would rather not" --study care
      allegiance cite @4 "I would rather … be asked" --gaps --format csl --study care
    """
    from allegiance.evidence.citations import cite as quoted
    from allegiance.evidence.citations import log_citation, resolve
    from allegiance.report import citing

    study = open_study(folder)
    full = resolve(study.keep, name)
    citation = quoted(
        study.keep, full, quote, self_reported=self_reported, occurrence=occurrence, gaps=gaps, draw=draw,
        striking=striking,
    )  # fmt: skip
    number = log_citation(study.keep, citation)
    _remark(quote, citation)
    item = study.keep.corpus.get(citation.transcript)
    if form == "csl":
        return emit(True, citing.csl(citation, item, study.settings.title), "")
    data = {"number": number, **citing.data(citation, item)}
    return emit(as_json or form == "json", data, citing.markdown(citation, item))


def _remark(quote: str, citation: Citation) -> None:
    """Tells what differs from the words that were given, and that they stand elsewhere, too."""
    from allegiance.evidence.quoting import differences

    for said in differences(quote, citation):
        note(f"the quote is not letter for letter: {said}")
    if citation.places > 1:
        note(f"these words stand in {citation.places} places; this is place {citation.place} (--occurrence)")


VERBS = (cite,)
