"""The world that has a piece of every kind, and how its tests read it."""

from __future__ import annotations

from pathlib import Path

from allegiance.records.condition import Grid
from allegiance.records.prompt import Prompt
from allegiance.records.scenario import Scenario
from allegiance.scenarios import load, stage

WORLD = load(Path(__file__).parent / "everything.yaml")
BETWEEN = "\n~~~\n"


def prompt(levels: dict[str, str], world: Scenario = WORLD, request: str = "lawn") -> Prompt:
    """The one prompt of a request in a condition; the tier is ``trained`` unless the levels say otherwise."""
    grid = Grid(factors={factor: (level,) for factor, level in ({"tier": "trained"} | levels).items()})
    [made] = stage(world, grid, [request])
    return made


def shown(made: Prompt) -> str:
    """Everything that a model is sent, in one text: messages, the beginning of its reply, later messages."""
    before = [f"{message.role}: {message.text()}" for message in made.messages]
    after = [f"then {message.role}: {message.text()}" for message in made.then]
    return BETWEEN.join([*before, f"begun: {made.prefill}", *after])
