"""Verbs for strangers: verify a claim, cite a transcript with its route."""

from __future__ import annotations

from pathlib import Path

import click

from allegiance.cli.options import json_option, open_study, study_option
from allegiance.cli.output import builtins, emit, note
from allegiance.errors import VerificationFailed


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


VERBS = (verify, cite)
