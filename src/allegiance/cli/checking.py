"""Verbs for strangers: verify a claim."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.options import json_option, percent
from allegiance.cli.output import builtins, emit, note
from allegiance.errors import UsageError, VerificationFailed

if TYPE_CHECKING:
    from allegiance.evidence.policies import Policy
    from allegiance.evidence.verify import Verification


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--anchored",
    "published",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Ask that its log continues this published checkpoint.",
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="KEY",
    help="A public key, or a file with one, that may have signed FILE.",
)
@click.option(
    "--doubly-rated",
    "share",
    metavar="SHARE",
    help="Ask that two trusted raters labelled this share of the sample, as 10%.",
)
@json_option
def verify(bundle: Path, published: Path | None, keys: tuple[str, ...], share: str | None, as_json: bool) -> None:
    """Work a claim out again from its bundle, offline, in ten steps. Tells every step that fails.

    Exit status: 0 it verifies; 1 a step fails, or what was asked for does not hold; 2 this is no bundle, or the
    call is wrong.

    \b
    Example:
      allegiance verify care/claims/0001-gap.claim
      allegiance verify 0001-gap.claim --anchored care.checkpoint --doubly-rated 10%
    """
    from allegiance.evidence.verify import verify as check

    found = check(bundle, _policy(published, keys, share))
    emit(as_json, _data(found), "\n".join(_lines(found)))
    if not found.passed:
        failed = ", ".join(f"{c.step} ({c.name})" for c in found.checks if not c.passed)
        told = f"step {failed}" if failed else "what was asked for"
        note(f"error: the claim does not verify; failed: {told}.\nwhere: {bundle}")
        raise click.exceptions.Exit(VerificationFailed.exit_code)


def _lines(found: Verification) -> list[str]:
    from allegiance.ledger.anchors import DOES_NOT_SHOW

    said = [found.claim.statement] if found.claim else []
    said += [f"{c.step:>2} {'pass' if c.passed else 'FAIL'}  {c.name}: {c.finding}" for c in found.checks]
    if found.judgement:
        said.append(f" + {'pass' if found.judgement.passed else 'FAIL'}  asked for: {found.judgement.finding}")
    if found.passed:
        grade = f"verified; grade {found.grade}, which does not show"
        said += [grade, *(f"- {what}" for what in DOES_NOT_SHOW[found.grade])]
    return said


def _data(found: Verification) -> dict[str, object]:
    from allegiance.ledger.anchors import DOES_NOT_SHOW

    return {
        "verified": found.passed,
        "grade": found.grade,
        "does_not_show": DOES_NOT_SHOW[found.grade],
        "checks": builtins(found.checks),
        "policy": builtins(found.judgement),
        "statement": found.claim.statement if found.claim else "",
    }


def _policy(published: Path | None, keys: tuple[str, ...], share: str | None) -> Policy | None:
    """What the options ask for; None if they ask for nothing."""
    from allegiance.cli.recording import read_key
    from allegiance.evidence.policies import AllOf, Anchored, DoublyRated

    if keys and published is None:
        raise UsageError(
            "a key is for a published checkpoint.", where="--key", next="Name one with --anchored FILE."
        )
    asked: list[Policy] = []
    if published is not None:
        asked.append(Anchored.read(published, [read_key(key) for key in keys]))
    if share is not None:
        asked.append(DoublyRated(1.0 if share.strip() == "100%" else percent(share)))
    return AllOf(*asked) if asked else None


VERBS = (verify,)
