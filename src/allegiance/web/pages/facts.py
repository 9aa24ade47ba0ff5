"""Which words of a prompt say which fact of the scenario, where the scenario is known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from allegiance.errors import UsageError
from allegiance.evidence.worlds import scenarios_of
from allegiance.records.request import Request
from allegiance.records.scenario import Scenario
from allegiance.records.transcript import Transcript
from allegiance.report.rendering import Mark
from allegiance.scenarios import library, load
from allegiance.scenarios.passages import Passage, passages
from allegiance.web.state import State

SLOTS = {
    "documents": "documents", "who": "who and what is wanted", "training": "training", "ways": "ways",
    "examples": "examples", "form": "form of the reply", "end": "marks at the end", "system": "other",
}  # fmt: skip
"""Blocks of a system prompt, as the page calls them."""


def world_of(state: State, version: str) -> Scenario | None:
    """The scenario of a transcript, if the study keeps it or the library has it."""
    return state.remember(("world", version), lambda: _world(state, version), lasting="corpus") if version else None


def marks(state: State, item: Transcript) -> list[Mark]:
    """The passages of the system prompt where they stand, each as a mark that names its fact; none if not known."""
    world = world_of(state, item.condition.scenario)
    if world is None:
        return []
    asked = next((one for one in world.requests if one.id == item.request), next(iter(world.requests), None))
    with suppress(UsageError):
        return list(_found(item, _system(world, item, asked)))
    return []


def slots(found: list[Mark]) -> list[tuple[str, str]]:
    """The kinds of passages that are there, in order, with what they are called."""
    there = {mark.kind for mark in found}
    return [(f"fact-{slot}", said) for slot, said in SLOTS.items() if f"fact-{slot}" in there]


def _world(state: State, version: str) -> Scenario | None:
    kept = scenarios_of(state.study.folder).get(version)
    return kept or next((world for world in map(load, library()) if world.version == version), None)


def _system(world: Scenario, item: Transcript, asked: Request | None) -> list[Passage]:
    if asked is None:
        return []
    return [one for one in passages(world, item.condition.levels, asked) if one.slot in SLOTS]


def _found(item: Transcript, parts: list[Passage]) -> Iterator[Mark]:
    """Each passage where it stands, in the order in which they are shown; one that is not there is left out."""
    for number, message in enumerate(item.messages):
        if message.role != "system":
            continue
        for place, part in enumerate(message.parts):
            at = 0
            for one in parts:
                start = part.text.find(one.text, at)
                if start >= 0:
                    at = start + len(one.text)
                    yield Mark(message=number, part=place, start=start, end=at, kind=f"fact-{one.slot}",
                               note=one.address)  # fmt: skip
