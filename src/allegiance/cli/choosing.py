"""Which world, conditions and requests: the options that staging and running share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.options import F
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.records.prompt import Prompt
    from allegiance.records.scenario import Scenario
    from allegiance.scenarios.grids import AnyGrid

OPTIONS = (
    click.option("--grid", metavar="NAME", help="One of the scenario's named grids."),
    click.option(
        "--set", "settings", multiple=True, metavar="FACTOR=A|B", help="Levels instead of a grid; repeatable."
    ),
    click.option("--requests", type=click.IntRange(1), help="Only so many requests."),
    click.option("--request", "wanted", multiple=True, metavar="ID", help="Only this request; repeatable."),
    click.option(
        "--requests-from",
        "file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Requests of your own in place of the scenario's.",
    ),
)


def world_options(verb: F) -> F:
    """All of `OPTIONS`."""
    for option in reversed(OPTIONS):
        verb = option(verb)
    return verb


def chosen(
    name: str,
    grid: str | None = None,
    settings: tuple[str, ...] = (),
    requests: int | None = None,
    wanted: tuple[str, ...] = (),
    file: Path | None = None,
) -> tuple[Scenario, tuple[Prompt, ...]]:
    """The world that the options name, and its prompts.

    Raises:
        UsageError: Options that exclude each other, or levels and requests that there are not.
        ScenarioError: The scenario or the file of requests is wrong.
    """
    from allegiance.scenarios import load, stage
    from allegiance.scenarios.sources import with_requests

    _alone(grid and settings, "--grid", "--set")
    _alone(requests and wanted, "--requests", "--request")
    world = load(name) if file is None else with_requests(load(name), file)
    return world, stage(world, grid or chosen_grid(world, settings), wanted or requests)


def chosen_grid(world: Scenario, settings: tuple[str, ...]) -> AnyGrid:
    """The grid of ``--set factor=a|b``; None, the scenario's own, without any. Every tier where none is named.

    Raises:
        UsageError: A setting is not of this form, or a factor is there twice.
    """
    from allegiance.scenarios.grids import in_every_tier

    found: dict[str, tuple[str, ...]] = {}
    for setting in settings:
        factor, equals, levels = setting.partition("=")
        if not (factor and equals and levels) or factor in found:
            what = f"the factor {factor!r} is set twice." if factor in found else f"{setting!r} sets nothing."
            raise UsageError(what, where="--set", next="Write each factor once, like tier=trained|untrained.")
        found[factor] = tuple(levels.split("|"))
    return in_every_tier(world, found)


def _alone(both: object, one: str, other: str) -> None:
    if both:
        raise UsageError(f"{one} and {other} were both given.", where="options", next="Give one of the two.")
