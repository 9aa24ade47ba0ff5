"""Factors and grids: what varies is there, levels do not contradict each other, the grid can be run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import msgspec

from allegiance.records.scenario import Scenario
from allegiance.scenarios.addresses import addresses
from allegiance.scenarios.findings import Problem, plain, unknown
from allegiance.scenarios.grids import MAX_POINTS, factors
from allegiance.scenarios.nodes import Path

Levels = Mapping[str, Sequence[str]]


def problems(scenario: Scenario) -> Iterator[Problem]:
    """What is wrong with the factors and grids of a scenario."""
    built_in = factors(msgspec.structs.replace(scenario, factors={}))
    known = factors(scenario)
    yield from _own_factors(scenario, built_in)
    yield from _conditions_of_pieces(scenario, known)
    yield from _grid(scenario, scenario.grid, ("grid",), known)
    for name, products in scenario.grids.items():
        yield from plain(("grids", name), name)
        if not products:
            yield (
                ("grids", name),
                f"the grid {name!r} is empty.",
                "Add, for example: - {tier: [trained, untrained]}",
            )
        for i, product in enumerate(products):
            yield from _grid(scenario, product, ("grids", name, i), known)
        yield from _size(products, ("grids", name))
    yield from _size((scenario.grid,), ("grid",))


def _own_factors(scenario: Scenario, built_in: Levels) -> Iterator[Problem]:
    there = addresses(scenario)
    for name, factor in scenario.factors.items():
        path: Path = ("factors", name)
        yield from plain(path, name)
        if name in built_in:
            yield path, f"{name!r} is a factor already.", "Give this one another name."
        if len(factor.levels) < 2:
            why = "its spread cannot be seen" if factor.effect == "random" else "there is nothing to compare"
            yield path, f"the factor {name!r} has fewer than two levels: {why}.", "Add a level."
        for level, change in factor.levels.items():
            here: Path = (*path, "levels", level)
            yield from plain(here, level)
            for target, to in change.set.items():
                yield from _setting(scenario, target, to, built_in, (*here, "set", target))
            for address in change.say:
                yield from unknown("passage", address, there, (*here, "say", address))
        for one, other in combinations(factor.levels, 2):
            if (factor.levels[one].set, factor.levels[one].say) == (
                factor.levels[other].set,
                factor.levels[other].say,
            ):
                what = f"the levels {one!r} and {other!r} are the same."
                yield (*path, "levels", other), what, "Let one of them set or say something else."


def _setting(scenario: Scenario, target: str, level: str, built_in: Levels, path: Path) -> Iterator[Problem]:
    if target in scenario.factors:
        what = f"a level sets {target!r}, which is a factor that the scenario names itself."
        yield path, what, "Set what that factor sets."
    elif target not in built_in:
        yield from unknown("factor", target, tuple(built_in), path)
    else:
        yield from unknown("level", level, built_in[target], path)


def _conditions_of_pieces(scenario: Scenario, known: Levels) -> Iterator[Problem]:
    """The factors and levels in ``when``."""
    pieces = [(("story", i), fact.when) for i, fact in enumerate(scenario.story)]
    pieces += [(("system", i), prompt.when) for i, prompt in enumerate(scenario.system)]
    for path, when in pieces:
        for factor, levels in when.items():
            yield from _axis(factor, levels, (*path, "when", factor), known)


def _grid(scenario: Scenario, grid: Levels, path: Path, known: Levels) -> Iterator[Problem]:
    if scenario.tiers and "tier" not in grid:
        names = ", ".join(tier.name for tier in scenario.tiers)
        yield path, "the grid lacks the factor 'tier'.", f"Add, for example: tier: [{names}]"
    for factor, levels in grid.items():
        yield from _axis(factor, levels, (*path, factor), known)
    yield from _clashes(scenario, grid, path)


def _axis(factor: str, levels: Sequence[str], path: Path, known: Levels) -> Iterator[Problem]:
    if factor not in known:
        yield from unknown("factor", factor, tuple(known), path)
        return
    if not levels:
        yield path, f"the factor {factor!r} has no level.", f"Possible: {', '.join(known[factor])}."
    for i, level in enumerate(levels):
        yield from unknown("level", level, known[factor], (*path, i))
        if level in levels[:i]:
            yield (*path, i), f"the level {level!r} is there twice.", "Keep one of the two."


def _clashes(scenario: Scenario, grid: Levels, path: Path) -> Iterator[Problem]:
    """Levels that set one factor in two ways within one condition of a grid."""
    said = {name: {(level, "the grid") for level in levels} for name, levels in grid.items()}
    for name, factor in scenario.factors.items():
        chosen = grid.get(name, tuple(factor.levels)[:1])
        sets = {
            (target, to)
            for each in chosen
            if each in factor.levels
            for target, to in factor.levels[each].set.items()
        }
        for target, to in sorted(sets):
            other = next((by for level, by in sorted(said.get(target, ())) if level != to), "")
            if other:
                what = f"the factor {name!r} sets {target}={to}, and {other} sets {target!r} otherwise."
                advice = "Name only one of the two, or use two products of a named grid."
                yield (*path, name) if name in grid else (*path, target), what, advice
                break
        for target, to in sets:
            said.setdefault(target, set()).add((to, f"the factor {name!r}"))
    yield from _sayings(scenario, grid, path)


def _sayings(scenario: Scenario, grid: Levels, path: Path) -> Iterator[Problem]:
    """Two factors that say different words for one passage within one condition of a grid."""
    said: dict[str, tuple[str, set[str]]] = {}
    for name, factor in scenario.factors.items():
        mine: dict[str, set[str]] = {}
        for each in grid.get(name, tuple(factor.levels)[:1]):
            level = factor.levels.get(each)
            for address, words in level.say.items() if level and not level.set else ():
                mine.setdefault(address, set()).add(words)
        for address, words_of in mine.items():
            other, theirs = said.setdefault(address, (name, words_of))
            if len(theirs | words_of) > 1 and other != name:
                what = f"the factors {other!r} and {name!r} say different words for {address!r}."
                yield (*path, name), what, "Name only one of the two, or use two products of a named grid."


def _size(products: Sequence[Levels], path: Path) -> Iterator[Problem]:
    size = sum(math.prod(len(levels) for levels in product.values()) for product in products)
    if size > MAX_POINTS:
        yield (
            path,
            f"the grid has {size:,} conditions, more than {MAX_POINTS:,}.",
            "Choose fewer factors or levels.",
        )
