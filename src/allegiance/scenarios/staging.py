"""Scenario and condition to the exact messages that a model sees. Pure: same scenario and grid, same prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from allegiance.errors import UsageError
from allegiance.records.condition import Condition, Grid
from allegiance.records.prompt import Prompt
from allegiance.records.channel import Channel
from allegiance.records.request import Request
from allegiance.records.scenario import Scenario
from allegiance.records.transcript import Message, Part
from allegiance.scenarios.grammar import form, grammar
from allegiance.scenarios.grids import points


def stage(scenario: Scenario, grid: Grid | None = None, requests: int | None = None) -> tuple[Prompt, ...]:
    """The prompts of a scenario: one for each request and condition, request by request.

    Args:
        scenario: The world.
        grid: Conditions to stage; the scenario's own if None.
        requests: How many requests, from the first on; all if None.

    Raises:
        UsageError: More requests than there are, fewer than one, or a grid that does not fit the scenario.
    """
    chosen = _first(scenario, requests)
    levels = points(scenario, grid)
    version = scenario.version
    return tuple(
        _prompt(scenario, request, index, Condition(levels=point, scenario=version))
        for index, request in enumerate(chosen)
        for point in levels
    )


def _first(scenario: Scenario, requests: int | None) -> tuple[Request, ...]:
    there = len(scenario.requests)
    if requests is not None and not 1 <= requests <= there:
        raise UsageError(
            f"{requests} requests were asked for; the scenario {scenario.name!r} has {there}.",
            where="requests",
            next=f"Choose a number from 1 to {there}.",
        )
    return scenario.requests[:requests]


def _prompt(scenario: Scenario, request: Request, index: int, condition: Condition) -> Prompt:
    menu = _menu(scenario, request, index)
    channel = cast(Channel, condition.levels.get("channel", scenario.channel))
    return Prompt(
        request=request.id,
        condition=condition,
        messages=(
            _message("system", _system(scenario, condition.levels, channel)),
            _message("user", _user(scenario, request, menu, condition.levels)),
        ),
        menu=menu,
        grammar=grammar(channel, menu),
        canary=scenario.canary,
    )


def _menu(scenario: Scenario, request: Request, index: int) -> tuple[str, ...]:
    """The words in the order in which this request offers them: the same in every condition."""
    words = tuple(choice.word for choice in scenario.menu)
    return request.options or (words if index % 2 == 0 else words[::-1])


def _system(scenario: Scenario, levels: Mapping[str, str], channel: Channel) -> str:
    told = [intent.told for intent in scenario.intents]
    story = [fact.text for fact in scenario.story if levels.get(f"story.{fact.name}") != "cut"]
    menu = tuple(choice.word for choice in scenario.menu)
    parts = (" ".join(filter(None, [scenario.persona.text, *told])),
             " ".join(filter(None, [*story, scenario.consequence.text])), form(channel, menu))  # fmt: skip
    return "\n\n".join(filter(None, parts))


def _user(scenario: Scenario, request: Request, menu: tuple[str, ...], levels: Mapping[str, str]) -> str:
    tag = next((tier.tag for tier in scenario.tiers if tier.name == levels.get("tier")), "")
    choice = f"Answer {' or '.join(menu)}." if menu else ""
    return "\n".join(filter(None, (tag, " ".join(filter(None, (request.text, choice))))))


def _message(role: str, text: str) -> Message:
    return Message(role=role, parts=(Part(text=text),))
