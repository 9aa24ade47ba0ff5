"""Which half of a split study a draw or a claim is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from allegiance.cli.output import note

if TYPE_CHECKING:
    from allegiance.evidence.keep import Keep

F = TypeVar("F", bound=Callable[..., object])


def both_halves_option(verb: F) -> F:
    """``--both-halves``."""
    return click.option(
        "--both-halves", "both", is_flag=True, help="Not only the half to confirm, in a study that is split."
    )(verb)


def population(keep: Keep, where: str, question: str, both: bool) -> str:
    """The filter of a draw or a claim, in the half to confirm unless told otherwise; says so if that changes it.

    Args:
        keep: The study.
        where: The filter that was given.
        question: Digest of what is asked; empty where it is not known.
        both: Leave it as it is.
    """
    from allegiance.evidence.splits import by_default, remark

    if both:
        if said := remark(keep.log.entries(), question, where):
            note(f"about both halves: {said}")
        return where
    chosen = by_default(keep, where, question)
    if "split=confirm" in chosen and "split" not in where:
        note("about the half to confirm (split=confirm); for all: --both-halves")
    return chosen
