"""The option that lets claims rest on a judge which did not pass its canaries; their statements say so then."""

from __future__ import annotations

import click

_WISHED = "allegiance.unsafe-judge"


def _keep(context: click.Context, _: click.Parameter, wished: bool) -> None:
    context.meta[_WISHED] = wished


UNSAFE = click.Option(
    ["--unsafe-judge"],
    is_flag=True,
    expose_value=False,
    callback=_keep,
    help="Allow a judge that did not pass its canaries; the claim says so.",
)


def unsafe_wished() -> bool:
    """Whether the option was given."""
    context = click.get_current_context(silent=True)
    return bool(context is not None and context.meta.get(_WISHED))
