"""The group of verbs about the corpus. Each module of verbs adds its own to it."""

from __future__ import annotations

import click

from allegiance.cli.groups import Verbs


@click.group(cls=Verbs)
def corpus() -> None:
    """Look at, check, export, version or shrink the corpus."""
