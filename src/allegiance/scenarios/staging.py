"""Scenario and condition to the exact messages that a model sees. Pure: same scenario and grid, same prompts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from allegiance.errors import UnknownName, UsageError
from allegiance.records.channel import Channel
from allegiance.records.condition import Condition
from allegiance.records.prompt import Prompt
from allegiance.records.request import Request
from allegiance.records.scenario import Scenario
from allegiance.records.transcript import Message, Part
from allegiance.scenarios.addresses import CHANNELS
from allegiance.scenarios.grammar import grammar
from allegiance.scenarios.grids import AnyGrid, points
from allegiance.scenarios.levels import mixed
from allegiance.scenarios.passages import Passage, Setting, Slot, menu_at, passages, setting, spoken

PROBE = "probe."
"""How the ids of prompts that put a probe instead of a request begin; the name of the probe follows."""

_BLOCKS: Mapping[Slot, str] = {
    "system": "\n\n", "documents": "\n\n", "who": " ", "training": " ", "ways": " ", "examples": "\n\n",
    "form": " ", "end": "\n",
}  # fmt: skip
"""Blocks of the system prompt in their order, and what stands between the passages of each."""


class Joined(NamedTuple):
    """Passages as messages: those before the reply, the beginning of the reply, and the messages after it."""

    messages: tuple[Message, ...]
    prefill: str
    then: tuple[Message, ...]


def stage(
    scenario: Scenario, grid: AnyGrid = None, requests: int | Sequence[str] | None = None
) -> tuple[Prompt, ...]:
    """The prompts of a scenario: one for each request and condition, request by request; then its probes.

    A probe takes the place of the request, so it is put once in each condition, under the id ``probe.NAME``. Where
    the scenario has requests of both kinds, each condition says which kind it is.

    Args:
        scenario: The world.
        grid: Conditions to stage: a grid, the name of one of the scenario's, or products to be taken together; the
            scenario's own grid if None.
        requests: How many requests, from the first on, or the ids of those wanted; all if None.

    Raises:
        UsageError: More requests than there are, fewer than one, or a grid that does not fit the scenario.
        UnknownName: A request, grid, factor or level that the scenario does not have.
    """
    world = _World(scenario, scenario.version, mixed(scenario))
    conditions = [(point, setting(scenario, point)) for point in points(scenario, grid)]
    asked = [
        world.prompt(request, menu_at(scenario, request, place), point, made)
        for place, request in _chosen(scenario, requests)
        for point, made in conditions
        if made.levels.get("probe", "none") == "none" and request.kind == point.get("requests", request.kind)
    ]
    made = tuple(_once([*asked, *world.probes(conditions)]))
    if not made:
        what = "the grid has only conditions of a kind of request that is not among those chosen."
        raise UsageError(what, where="requests", next="Choose other requests, or leave requests= out of the grid.")
    return made


def join(shown: Iterable[Passage]) -> Joined:
    """Messages from passages, with nothing added but spaces and line breaks between them."""
    by_slot: dict[Slot, list[Passage]] = {}
    for passage in shown:
        by_slot.setdefault(passage.slot, []).append(passage)
    text = {slot: [passage.text for passage in found] for slot, found in by_slot.items()}
    system = "\n\n".join(between.join(text[slot]) for slot, between in _BLOCKS.items() if slot in text)
    user = "\n".join([*text.get("mark", []), " ".join(text.get("request", []))])
    before, after = ([_message(p.role, p.text) for p in by_slot.get(slot, [])] for slot in _AROUND)
    opening = [_message("system", system)] if system else []
    return Joined((*opening, *before, _message("user", user)), "".join(text.get("prefill", [])), tuple(after))


_AROUND: tuple[Slot, Slot] = ("before", "after")


def parts(scenario: Scenario, prompt: Prompt) -> tuple[Passage, ...]:
    """The passages of which a staged prompt is made.

    Raises:
        UnknownName: The prompt is for a request, factor or level that the scenario does not have.
    """
    levels, found = prompt.condition.levels, {request.id: request for request in scenario.requests}
    if prompt.request.startswith(PROBE) and prompt.request not in found:
        return passages(scenario, levels, _stand_in(scenario, levels))
    if prompt.request not in found:
        raise UnknownName("request", prompt.request, tuple(found))
    return passages(scenario, levels, found[prompt.request])


def _chosen(scenario: Scenario, requests: int | Sequence[str] | None) -> list[tuple[int, Request]]:
    """The requests wanted, each with its place in the scenario."""
    there = list(enumerate(scenario.requests))
    if requests is None:
        return there
    if isinstance(requests, int):
        return _first(scenario, there, requests)
    found = {request.id: (place, request) for place, request in there}
    for wanted in requests:
        if wanted not in found:
            raise UnknownName("request", wanted, tuple(found), where="requests")
    return [found[wanted] for wanted in dict.fromkeys(requests)]


def _first(scenario: Scenario, there: list[tuple[int, Request]], number: int) -> list[tuple[int, Request]]:
    if not 1 <= number <= len(there):
        raise UsageError(
            f"{number} requests were asked for; the scenario {scenario.name!r} has {len(there)}.",
            where="requests",
            next=f"Choose a number from 1 to {len(there)}.",
        )
    return there[:number]


class _World(NamedTuple):
    """What all prompts of a scenario share."""

    scenario: Scenario
    version: str
    mixed: bool

    def prompt(
        self, request: Request, menu: tuple[str, ...], point: Mapping[str, str], made: Setting, name: str = ""
    ) -> Prompt:
        joined = join(spoken(self.scenario, made, request, menu))
        kind = {"requests": request.kind} if self.mixed and not name else {}
        cap = made.levels.get("cap", "none")
        return Prompt(
            request=name or request.id,
            condition=Condition(levels={**point, **kind}, scenario=self.version),
            messages=joined.messages,
            prefill=joined.prefill,
            then=joined.then,
            menu=menu,
            grammar=grammar(_channel(made.levels), menu, cap=None if cap == "none" else int(cap)),
            canary=self.scenario.canary,
        )

    def probes(self, conditions: Iterable[tuple[Mapping[str, str], Setting]]) -> Iterator[Prompt]:
        for point, made in conditions:
            probe = made.levels.get("probe", "none")
            if probe != "none":
                yield self.prompt(_stand_in(self.scenario, point), (), point, made, name=f"{PROBE}{probe}")


def _stand_in(scenario: Scenario, levels: Mapping[str, str]) -> Request:
    """The request in whose place a probe is put: the first of the kind that the condition says, if it says one."""
    kind = levels.get("requests")
    return next((item for item in scenario.requests if item.kind == kind), scenario.requests[0])


def _channel(at: Mapping[str, str]) -> Channel:
    return next(channel for channel in CHANNELS if channel == at["channel"])


def _once(prompts: Iterable[Prompt]) -> Iterator[Prompt]:
    """Prompts without those that are the same request in the same condition again."""
    seen: set[tuple[str, str]] = set()
    for prompt in prompts:
        key = prompt.request, prompt.condition.name
        if key not in seen:
            seen.add(key)
            yield prompt


def _message(role: str, text: str) -> Message:
    return Message(role=role, parts=(Part(text=text),))
