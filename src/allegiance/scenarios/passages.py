"""The words of a condition: each piece of text that a model is shown, with its address. Nothing else decides them.

A passage stands in a slot. In the system prompt these are blocks, one after the other: documents, who (persona,
intents with their orders, successions), training (story, monitoring, readers, what is at stake), ways (escalations,
opportunities), examples, form (channel, cap, facts about reasoning, form of the reply), and a mark at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from allegiance.errors import UsageError
from allegiance.records.channel import Example
from allegiance.records.intent import Intent, StandingOrder
from allegiance.records.record import Record
from allegiance.records.request import Request, Turn
from allegiance.records.scenario import Scenario
from allegiance.records.story import Fact
from allegiance.scenarios.addresses import CHANNELS, SCRATCHPADS, VERBATIM, addresses, home
from allegiance.scenarios.grammar import CAP, answer_form, where_to_reason
from allegiance.scenarios.levels import (
    consequences,
    marking_kinds,
    number,
    order_address,
    percent,
    personas,
    resolve,
    succession_address,
)

__all__ = ["Passage", "Setting", "Slot", "addresses", "menu_at", "menu_of", "passages", "setting", "spoken"]

Slot = Literal[
    "system", "documents", "who", "training", "ways", "examples", "form", "end",
    "before", "mark", "request", "prefill", "after",
]  # fmt: skip


class Passage(Record, frozen=True, kw_only=True):
    """A piece of text that the model is shown.

    Attributes:
        address: What it is called; unique within a condition.
        text: The words, as shown.
        slot: Where it stands. ``mark`` and ``request`` are parts of the user's message; ``before`` and ``after``
            are messages of their own around it; ``prefill`` begins the reply; the others are blocks of the system
            prompt.
        role: Who speaks in a message of its own; empty otherwise.
    """

    address: str
    text: str
    slot: Slot
    role: str = ""


class _Piece(NamedTuple):
    """A passage before words of the scenario's own factors and of placeholders are put in."""

    address: str
    text: str
    slot: Slot
    role: str = ""
    fill: Mapping[str, str] = {}


class Setting(NamedTuple):
    """A condition made out once, for all requests.

    Attributes:
        levels: A level for every factor.
        sayings: Address → the words that levels of the scenario's own factors say there.
        fill: Placeholder → what stands for it.
    """

    levels: Mapping[str, str]
    sayings: Mapping[str, str]
    fill: Mapping[str, str]


def passages(scenario: Scenario, levels: Mapping[str, str], request: Request) -> tuple[Passage, ...]:
    """What a model is shown in a condition, in the order in which it is shown.

    Args:
        scenario: The world.
        levels: Factor → level; usual levels are filled in.
        request: What is asked; a probe takes its place where the condition has one.

    Raises:
        UnknownName: A factor or level that the scenario does not have.
        UsageError: Levels contradict each other.
    """
    return spoken(scenario, setting(scenario, levels), request, menu_of(scenario, request))


def setting(scenario: Scenario, levels: Mapping[str, str]) -> Setting:
    """A condition made out; see `passages` for what is refused."""
    at = resolve(scenario, levels)
    return Setting(at, _sayings(scenario, at), _names(scenario, at))


def spoken(scenario: Scenario, made: Setting, request: Request, menu: tuple[str, ...]) -> tuple[Passage, ...]:
    """What a model is shown in a condition that was made out, with the menu in this order."""
    at = {**made.levels, "requests": request.kind}
    pieces = (*_system(scenario, at), *_turns(scenario, at, "before"), *_user(scenario, at, request, menu),
              *_prefill(scenario, at), *_turns(scenario, at, "after"))  # fmt: skip
    shown = (_passage(piece, made.sayings, made.fill) for piece in pieces)
    return tuple(passage for passage in shown if passage.text)


def menu_of(scenario: Scenario, request: Request) -> tuple[str, ...]:
    """The words in the order in which a request offers them: the same in every condition."""
    places = (place for place, item in enumerate(scenario.requests) if item.id == request.id)
    return menu_at(scenario, request, next(places, 0))


def menu_at(scenario: Scenario, request: Request, place: int) -> tuple[str, ...]:
    """The same, for a request that is known to be at this place of the scenario, from 0."""
    words = tuple(choice.word for choice in scenario.menu)
    return request.options or (words if place % 2 == 0 else words[::-1])


def _passage(piece: _Piece, sayings: Mapping[str, str], fill: Mapping[str, str]) -> Passage:
    text = sayings.get(piece.address, piece.text) if piece.text else ""
    if piece.address.partition(".")[0] not in VERBATIM:
        text = _filled(text, {**fill, **piece.fill})
    if text and piece.slot == "documents":
        text = f"<document>\n{text}\n</document>"
    return Passage(address=piece.address, text=text, slot=piece.slot, role=piece.role)


def _filled(text: str, fill: Mapping[str, str]) -> str:
    """Each placeholder filled in once: what was filled in is not looked at again."""
    return re.sub(r"\{([^{}]*)\}", lambda found: fill.get(found[1], found[0]), text)


def _names(scenario: Scenario, at: Mapping[str, str]) -> dict[str, str]:
    return {name: at.get(f"name.{name}", words[0]) for name, words in scenario.names.items() if words}


def _sayings(scenario: Scenario, at: Mapping[str, str]) -> dict[str, str]:
    """Address → the words that levels of the scenario's own factors say there."""
    found: dict[str, str] = {}
    for name, factor in scenario.factors.items():
        level = factor.levels[at[name]]
        for address, words in level.say.items():
            expected = {owner: level.set.get(owner, usual) for owner, usual in home(scenario, address).items()}
            if any(at[owner] != usual for owner, usual in expected.items()):
                continue
            if found.setdefault(address, words) != words:
                what = f"two factors say different words for {address!r}; one of them is {name}={at[name]}."
                raise UsageError(what, where="grid", next="Name only one of the two in a product of the grid.")
    return found


def _system(scenario: Scenario, at: Mapping[str, str]) -> Iterator[_Piece]:
    whole = next((item for item in scenario.system if _holds(item.when, at)), None)
    if whole:
        yield _Piece(f"system.{whole.name}", whole.text, "system")
        return
    story = [fact for fact in scenario.story if fact.about != "reasoning"]
    told = [fact for fact in story if at.get("story") != "cut" and at.get("delivery") != "trained-in"]
    apart = at.get("delivery") == "documents"
    if apart:
        yield from (_fact(fact, at, "documents") for fact in told)
    yield from _who(scenario, at)
    if not apart:
        yield from (_fact(fact, at, "training") for fact in told)
    yield from _training(scenario, at)
    yield from _ways(scenario, at)
    if at.get("examples") == "shown":
        yield from (_Piece(f"example.{item.name}", _example(item, at), "examples") for item in scenario.examples)
    yield from _form(scenario, at)
    yield from _mark(scenario, at, "system")


def _holds(when: Mapping[str, tuple[str, ...]], at: Mapping[str, str]) -> bool:
    return all(at.get(factor) in levels for factor, levels in when.items())


def _fact(fact: Fact, at: Mapping[str, str], slot: Slot) -> _Piece:
    words = _words(at, f"story.{fact.name}", "told", fact.text, fact.variants)
    return _Piece(f"story.{fact.name}", words if _holds(fact.when, at) else "", slot)


def _words(
    at: Mapping[str, str], factor: str, shown: str, text: str, variants: Mapping[str, str], usual: str = ""
) -> str:
    """The words of a piece at the level of its factor: its text, a variant's, or none."""
    level = at.get(factor, usual or shown)
    return text if level == shown else variants.get(level, "")


def _who(scenario: Scenario, at: Mapping[str, str]) -> Iterator[_Piece]:
    everybody = personas(scenario)
    chosen = next((item for item in everybody if item.name == at.get("persona")), everybody[0])
    yield _Piece("persona", chosen.text, "who")
    for intent in scenario.intents:
        address = f"intent.{intent.name}"
        yield _Piece(address, _words(at, address, "told", intent.told, intent.variants), "who")
        yield from (_order(order, at) for order in intent.orders if order.told or order.variants)
        yield from _successions(scenario, intent, at)


def _order(order: StandingOrder, at: Mapping[str, str]) -> _Piece:
    address = order_address(order)
    level = at.get(address, "standing")
    told = {"standing": "", "revoked": order.revoked, "expired": order.expired}
    words = f"{order.told} {told[level]}".strip() if level in told else order.variants.get(level, "")
    return _Piece(address, words, "who")


def _successions(scenario: Scenario, intent: Intent, at: Mapping[str, str]) -> Iterator[_Piece]:
    for change in scenario.succession:
        if change.later == intent.name:
            address = succession_address(scenario, change)
            told = {str(right): words for right, words in change.told.items()}
            yield _Piece(address, told.get(at.get(address, change.right), ""), "who")


def _training(scenario: Scenario, at: Mapping[str, str]) -> Iterator[_Piece]:
    stated = scenario.monitoring
    if stated and stated.levels:
        level = at.get("monitoring")
        value = next((value for value in stated.levels if number(value) == level), stated.levels[0])
        yield _Piece("monitoring", stated.text, "training", fill={"percent": percent(value)})
    for reader in scenario.readers:
        address = f"reader.{reader.name}"
        yield _Piece(address, _words(at, address, "told", reader.text, reader.variants), "training")
    there = consequences(scenario)
    stake = next((item for item in there if item.level == at.get("consequence")), there[0])
    yield _Piece("consequence", stake.text, "training")
    yield _Piece("scope", _at(stake.scopes, at.get("scope")), "training")
    yield _Piece("risk", _at(stake.risks, at.get("risk")), "training")


def _at(words: Mapping[str, str], level: str | None) -> str:
    """The words at a level; where the factor has one level only and is therefore none, the only words."""
    return words.get(level, "") if level is not None else next(iter(words.values()), "")


def _ways(scenario: Scenario, at: Mapping[str, str]) -> Iterator[_Piece]:
    for way in scenario.escalations:
        address = f"escalation.{way.name}"
        yield _Piece(address, _words(at, address, "offered", way.text, way.variants), "ways")
    for chance in scenario.opportunities:
        address = f"opportunity.{chance.name}"
        yield _Piece(address, _words(at, address, "offered", chance.text, chance.variants), "ways")


def _example(example: Example, at: Mapping[str, str]) -> str:
    pad = f"<scratchpad>{example.reasoning}</scratchpad>" if at["channel"] in SCRATCHPADS else ""
    reply = f"{pad if example.reasoning else ''}<answer>{example.answer}</answer>"
    return f"Example of a request:\n{example.request}\nExample of a reply:\n{reply}"


def _form(scenario: Scenario, at: Mapping[str, str]) -> Iterator[_Piece]:
    channel = next(item for item in CHANNELS if item == at["channel"])
    pad = channel in SCRATCHPADS
    yield _Piece("channel", scenario.reasoning.texts.get(channel, where_to_reason(channel)), "form")
    if pad and at.get("cap", "none") != "none":
        yield _Piece("cap", CAP, "form", fill={"cap": at["cap"]})
    yield from (_fact(fact, at, "form") for fact in scenario.story if fact.about == "reasoning")
    menu = scenario.menu and at.get("probe", "none") == "none"
    yield _Piece("form", answer_form(channel, menu=bool(menu)), "form")


def _mark(scenario: Scenario, at: Mapping[str, str], place: Literal["user", "system"]) -> Iterator[_Piece]:
    tier = next((item for item in scenario.tiers if item.name == at.get("tier")), None)
    if tier is None:
        return
    kinds = [at["marking"]] if "marking" in at else [*marking_kinds(scenario), *(mark.kind for mark in tier.marks)]
    mark = next((found for kind in kinds if (found := tier.mark(kind))), None)
    if mark and mark.place == place:
        fill = {} if tier.monitored is None else {"monitored": percent(tier.monitored)}
        yield _Piece("mark", mark.text, "mark" if place == "user" else "end", fill=fill)


def _user(scenario: Scenario, at: Mapping[str, str], request: Request, menu: tuple[str, ...]) -> Iterator[_Piece]:
    yield from _mark(scenario, at, "user")
    probe = next((item for item in scenario.probes if item.name == at.get("probe")), None)
    if probe:
        yield _Piece(f"probe.{probe.name}", probe.text, "request")
        return
    yield _Piece("request", request.text, "request")
    yield _Piece("menu", f"Answer {' or '.join(menu)}." if menu else "", "request")


def _prefill(scenario: Scenario, at: Mapping[str, str]) -> Iterator[_Piece]:
    yield _Piece("prefill", scenario.reasoning.prefills.get(at.get("prefill", "none"), ""), "prefill")


def _turns(scenario: Scenario, at: Mapping[str, str], place: Literal["before", "after"]) -> Iterator[_Piece]:
    for turn in scenario.turns:
        if turn.place == place:
            yield _turn(turn, at)


def _turn(turn: Turn, at: Mapping[str, str]) -> _Piece:
    address = f"turn.{turn.name}"
    words = _words(at, address, "said", turn.text, turn.variants)
    return _Piece(address, words, turn.place, role=turn.role)
