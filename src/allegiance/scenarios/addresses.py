"""What each passage is called, which words there are for it, and which factors decide them: read off the records.

Nothing here renders anything. `touched` is a promise about `passages`, made without looking at it, so that a test
can hold the one against the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from allegiance.records.channel import Channel
from allegiance.records.scenario import Scenario
from allegiance.scenarios.levels import (
    check,
    consequences,
    factors,
    order_address,
    orders,
    personas,
    succession_address,
)

SCRATCHPADS: tuple[Channel, ...] = ("hidden", "visible", "public")
"""The channels that are a scratchpad."""

CHANNELS: tuple[Channel, ...] = (*SCRATCHPADS, "native", "none")

VERBATIM = ("request", "menu", "system")
"""First word of the addresses whose words are the user's own: no placeholder is filled in there."""

_OUTSIDE = ("request", "menu", "prefill", "turn", "probe")
"""First word of the addresses that are never in the system prompt."""

_OWNERS: Mapping[str, tuple[str, ...]] = {
    "mark": ("tier", "marking"),
    "form": ("channel", "probe"),
    "scope": ("consequence", "scope"),
    "risk": ("consequence", "risk"),
    "monitoring": (),
    "cap": (),
}
_SILENT = {"intent": "untold", "order": "absent", "story": "cut", "reader": "cut", "escalation": "withheld",
           "opportunity": "withheld", "turn": "omitted", "prefill": "none"}  # fmt: skip

Levels = tuple[str, str]


def addresses(scenario: Scenario) -> tuple[str, ...]:
    """Every address that a passage of this scenario can have in some condition."""
    authored = [name for name, words in _written(scenario) if any(words)]
    fixed = ["channel", *(["cap"] if scenario.reasoning.caps else []), "form", "request"]
    menu = ["menu"] if scenario.menu else []
    return tuple(dict.fromkeys([*authored, *fixed, *menu, *(f"system.{item.name}" for item in scenario.system)]))


def home(scenario: Scenario, address: str) -> dict[str, str]:
    """The levels of built-in factors at which a passage has its usual words: factor → level.

    Words that a level of a scenario's own factor says for an address stand for those usual words, and are said
    only there: at another level the passage keeps the words of that level. The home of a passage that is usually
    not shown is the first level at which it is. Numbers (a cap, a probability) are filled into the words, which
    therefore hold at each level.
    """
    there, found = factors(scenario), {}
    for factor in _OWNERS.get(address, (address,)):
        if factor in there:
            silent = _SILENT.get(factor.partition(".")[0], "")
            found[factor] = next((level for level in there[factor] if level != silent), there[factor][0])
    return found


def touched(scenario: Scenario, factor: str, one: str, other: str) -> frozenset[str]:
    """The addresses that alone may differ between two conditions that differ in this factor alone.

    Read off the records: what the levels say and set, whose `when` names the factor, where a placeholder stands.

    Args:
        scenario: The world.
        factor: A factor of the scenario.
        one, other: Two of its levels. The rest of the two conditions is the same, and may be anything.

    Raises:
        UnknownName: The scenario has no such factor or level.
    """
    check(factors(scenario), factor, (one, other))
    found = set(_sayings(scenario, factor, one, other))
    for name, pair in _changes(scenario, factor, one, other).items():
        if pair[0] != pair[1]:
            found |= {*_own(scenario, name, pair), *_dependent(scenario, name, pair)}
    return frozenset(found)


def _sayings(scenario: Scenario, factor: str, one: str, other: str) -> Iterable[str]:
    named = scenario.factors.get(factor)
    return {*named.levels[one].say, *named.levels[other].say} if named and one != other else ()


def _changes(scenario: Scenario, factor: str, one: str, other: str) -> dict[str, Levels]:
    """The factors that change with this one, and from which level to which.

    What only one of the two levels sets is otherwise at its usual level: a condition that says something else is
    refused.
    """
    found: dict[str, Levels] = {factor: (one, other)}
    if factor in scenario.factors:
        known, levels = factors(scenario), scenario.factors[factor].levels
        before, after = levels[one].set, levels[other].set
        found |= {
            name: (before.get(name, known[name][0]), after.get(name, known[name][0]))
            for name in {**before, **after}
        }
    return found


def _own(scenario: Scenario, factor: str, pair: Levels) -> Iterable[str]:
    """The addresses that a built-in factor decides; none for one of the scenario's own."""
    kind, _, name = factor.partition(".")
    if factor in scenario.factors:
        return ()
    if kind == "name":
        said = ((a, (words,)) for item in scenario.factors.values() for level in item.levels.values()
                for a, words in level.say.items())  # fmt: skip
        return (a for a, words in (*_written(scenario), *said) if any(f"{{{name}}}" in text for text in words))
    if factor in {"story", "delivery"}:
        return (f"story.{fact.name}" for fact in scenario.story if fact.about != "reasoning")
    if factor == "channel":
        return _of_channel(scenario, pair)
    fixed = {
        "tier": ("mark",),
        "marking": ("mark",),
        "examples": tuple(f"example.{item.name}" for item in scenario.examples),
        "probe": ("request", "menu", "form", *(f"probe.{level}" for level in pair)),
        "requests": ("request", "menu"),
        "consequence": ("consequence", "scope", "risk"),
    }
    return fixed.get(factor, (factor,))


def _of_channel(scenario: Scenario, pair: Levels) -> Iterable[str]:
    pads = {level in SCRATCHPADS for level in pair}
    also = ("cap", *(f"example.{item.name}" for item in scenario.examples)) if len(pads) > 1 else ()
    return ("channel", "form", *also)


def _dependent(scenario: Scenario, factor: str, pair: Levels) -> Iterator[str]:
    """The addresses of what is told only at some levels of this factor."""

    def turns(when: Mapping[str, tuple[str, ...]]) -> bool:
        return factor in when and (pair[0] in when[factor]) != (pair[1] in when[factor])

    yield from (f"story.{fact.name}" for fact in scenario.story if turns(fact.when))
    if any(turns(item.when) for item in scenario.system):
        yield from (name for name in addresses(scenario) if name.partition(".")[0] not in _OUTSIDE)


def _written(scenario: Scenario) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Address → the words that the scenario gives for it, at any level; an address can come more than once."""
    yield "persona", tuple(persona.text for persona in personas(scenario))
    for intent in scenario.intents:
        yield f"intent.{intent.name}", (intent.told, *intent.variants.values())
    for order in orders(scenario):
        yield order_address(order), (order.told, order.revoked, order.expired, *order.variants.values())
    for change in scenario.succession:
        yield succession_address(scenario, change), tuple(change.told.values())
    yield from _written_of_training(scenario)
    yield from _written_of_form(scenario)
    for turn in scenario.turns:
        yield f"turn.{turn.name}", (turn.text, *turn.variants.values())
    for probe in scenario.probes:
        yield f"probe.{probe.name}", (probe.text,)


def _written_of_training(scenario: Scenario) -> Iterator[tuple[str, tuple[str, ...]]]:
    for fact in scenario.story:
        yield f"story.{fact.name}", (fact.text, *fact.variants.values())
    if scenario.monitoring:
        yield "monitoring", (scenario.monitoring.text,)
    for reader in scenario.readers:
        yield f"reader.{reader.name}", (reader.text, *reader.variants.values())
    for item in consequences(scenario):
        yield "consequence", (item.text,)
        yield "scope", tuple(item.scopes.values())
        yield "risk", tuple(item.risks.values())
    for way in scenario.escalations:
        yield f"escalation.{way.name}", (way.text, *way.variants.values())
    for chance in scenario.opportunities:
        yield f"opportunity.{chance.name}", (chance.text, *chance.variants.values())


def _written_of_form(scenario: Scenario) -> Iterator[tuple[str, tuple[str, ...]]]:
    for example in scenario.examples:
        yield f"example.{example.name}", (example.request, example.reasoning, example.answer)
    yield "channel", tuple(scenario.reasoning.texts.values())
    for tier in scenario.tiers:
        yield "mark", (tier.tag, *(mark.text for mark in tier.marks))
    yield "prefill", tuple(scenario.reasoning.prefills.values())
