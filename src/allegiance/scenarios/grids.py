"""The factors of a scenario: what can vary between conditions, and over which levels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import get_args

from allegiance.errors import UnknownName, UsageError
from allegiance.records.condition import Grid
from allegiance.records.channel import Channel
from allegiance.records.scenario import Scenario

MAX_POINTS = 10_000


def factors(scenario: Scenario) -> dict[str, tuple[str, ...]]:
    """Every factor of a scenario and its levels.

    ``tier`` has the names of the tiers, ``channel`` the four channels, and each fact of the training story has a
    factor ``story.NAME`` with the levels ``told`` and ``cut``.
    """
    known: dict[str, tuple[str, ...]] = {}
    if scenario.tiers:
        known["tier"] = tuple(tier.name for tier in scenario.tiers)
    known["channel"] = get_args(Channel)
    return known | {f"story.{fact.name}": ("told", "cut") for fact in scenario.story}


def points(scenario: Scenario, grid: Grid | None) -> tuple[Mapping[str, str], ...]:
    """The levels of each condition, in the order of the grid; the scenario's own grid if none is given.

    Raises:
        UnknownName: A factor or level that the scenario does not have.
        UsageError: The grid has no point, more than `MAX_POINTS`, or lacks the factor ``tier``.
    """
    chosen = grid.factors if grid is not None else scenario.grid
    known = factors(scenario)
    for factor, levels in chosen.items():
        if factor not in known:
            raise UnknownName("factor", factor, tuple(known), where="grid")
        for level in levels:
            if level not in known[factor]:
                raise UnknownName("level", level, known[factor], where=f"grid, factor {factor}")
    _check_size(scenario, chosen)
    return Grid(factors=chosen).points()


def _check_size(scenario: Scenario, chosen: Mapping[str, tuple[str, ...]]) -> None:
    if scenario.tiers and "tier" not in chosen:
        raise UsageError("the grid lacks the factor 'tier'.", where="grid", next="Say which tiers to stage.")
    twice = [factor for factor, levels in chosen.items() if len(set(levels)) < len(levels)]
    if twice:
        raise UsageError(f"the factor {twice[0]!r} has a level twice.", where="grid", next="Keep one of the two.")
    size = math.prod(len(levels) for levels in chosen.values())
    if not 1 <= size <= MAX_POINTS:
        advice = f"Choose levels so that there are between 1 and {MAX_POINTS}."
        raise UsageError(f"the grid has {size} conditions.", where="grid", next=advice)
