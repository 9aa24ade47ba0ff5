"""Groups of verbs."""

from __future__ import annotations

import click

from allegiance.errors import UnknownName


class Verbs(click.Group):
    """A group that answers a misspelt verb with the nearest one, and does nothing."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of these arguments."""
        name = args[0] if args else ""
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise UnknownName("verb", name, self.list_commands(ctx))
        return super().resolve_command(ctx, args)
