"""Grids: which conditions are staged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from allegiance.errors import UnknownName, UsageError
from allegiance.records.condition import Grid
from allegiance.records.scenario import Scenario
from allegiance.scenarios.levels import check, factors, fixed_part, random_factors, resolve

__all__ = [
    "MAX_POINTS",
    "AnyGrid",
    "factors",
    "fixed_part",
    "in_every_tier",
    "one_at_a_time",
    "points",
    "products",
    "random_factors",
]

MAX_POINTS = 10_000

Product = Mapping[str, tuple[str, ...]]
AnyGrid = Grid | str | Sequence[Product] | None
"""A grid; the name of one of the scenario's; products whose conditions are taken together; None for its own."""


def points(scenario: Scenario, grid: AnyGrid) -> tuple[Mapping[str, str], ...]:
    """The levels of each condition, in the order of the grid; the scenario's own grid if none is given.

    Where products are taken together, a factor that one of them lacks has its usual level there (or the level that
    a factor of the scenario's own sets), so that all conditions name the same factors; only ``requests`` is left
    out where it is not named. A condition that comes twice is one.

    Raises:
        UnknownName: A grid, factor or level that the scenario does not have.
        UsageError: The grid has no point, more than `MAX_POINTS`, or lacks the factor ``tier``; or levels
            contradict each other.
    """
    chosen = products(scenario, grid)
    known = factors(scenario)
    for item in chosen:
        for factor, levels in item.items():
            check(known, factor, levels)
    _check_size(scenario, chosen)
    named = tuple(dict.fromkeys(factor for item in chosen for factor in item))
    found = [_whole(scenario, point, named) for item in chosen for point in Grid(factors=item).points()]
    return tuple({tuple(sorted(point.items())): point for point in found}.values())


def products(scenario: Scenario, grid: AnyGrid) -> tuple[Product, ...]:
    """The products of a grid.

    Raises:
        UnknownName: The scenario has no grid of this name.
    """
    if grid is None:
        return (scenario.grid,)
    if isinstance(grid, Grid):
        return (grid.factors,)
    if not isinstance(grid, str):
        return tuple(grid)
    if grid not in scenario.grids:
        raise UnknownName("grid", grid, tuple(scenario.grids), where=scenario.name)
    return tuple(scenario.grids[grid])


def one_at_a_time(scenario: Scenario, names: Sequence[str]) -> tuple[Product, ...]:
    """Products for an ablation: every tier with everything usual, then each other level of each factor alone.

    Raises:
        UnknownName: A factor that the scenario does not have.
    """
    known = factors(scenario)
    for name in names:
        check(known, name)
    tiers: Product = {"tier": known["tier"]} if scenario.tiers else {}
    return (tiers, *({**tiers, name: known[name]} for name in dict.fromkeys(names) if name != "tier"))


def in_every_tier(scenario: Scenario, levels: Product) -> Grid | None:
    """The grid of these levels, in every tier where they name none; None, the scenario's own, without any."""
    if not levels:
        return None
    tiers: Product = {"tier": tuple(tier.name for tier in scenario.tiers)} if scenario.tiers else {}
    return Grid(factors={**tiers, **levels} if "tier" not in levels else levels)


def _whole(scenario: Scenario, point: Mapping[str, str], named: Sequence[str]) -> Mapping[str, str]:
    at = resolve(scenario, point)
    return {name: at[name] for name in named if name in point or name != "requests"}


def _check_size(scenario: Scenario, chosen: Sequence[Product]) -> None:
    for item in chosen:
        if scenario.tiers and "tier" not in item:
            raise UsageError("the grid lacks the factor 'tier'.", where="grid", next="Say which tiers to stage.")
        twice = [factor for factor, levels in item.items() if len(set(levels)) < len(levels)]
        if twice:
            raise UsageError(
                f"the factor {twice[0]!r} has a level twice.", where="grid", next="Keep one of the two."
            )
    sizes = [math.prod(len(levels) for levels in item.values()) for item in chosen]
    if not chosen or not min(sizes) or sum(sizes) > MAX_POINTS:
        advice = f"Choose levels so that there are between 1 and {MAX_POINTS}."
        raise UsageError(f"the grid has {sum(sizes)} conditions.", where="grid", next=advice)
