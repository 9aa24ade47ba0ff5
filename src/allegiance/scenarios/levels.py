"""The factors of a scenario, their levels, and what holds where a condition does not say otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import get_args

from allegiance.errors import UnknownName, UsageError
from allegiance.records.channel import Channel
from allegiance.records.condition import Condition
from allegiance.records.intent import StandingOrder
from allegiance.records.scenario import Scenario
from allegiance.records.story import Consequence, Persona
from allegiance.records.succession import Right, Succession

KINDS = ("conflict", "control")
DELIVERIES = ("direct", "documents", "trained-in")
TELLINGS = ("told", "cut")
WAYS = ("offered", "withheld")


def factors(scenario: Scenario) -> dict[str, tuple[str, ...]]:
    """Every factor of a scenario and its levels, the usual one first; see `Scenario` for what they mean.

    What cannot vary is left out (a persona without others, a name with one word), but for ``tier`` and ``channel``.
    """
    known = {name: levels for name, levels in _built_in(scenario) if len(levels) > 1 or name == "tier"}
    return known | {name: tuple(factor.levels) for name, factor in scenario.factors.items()}


def resolve(scenario: Scenario, levels: Mapping[str, str]) -> dict[str, str]:
    """A level for every factor: the levels given, what they set by factors of the scenario's own, the usual ones.

    Raises:
        UnknownName: A factor or level that the scenario does not have.
        UsageError: A level sets a built-in factor otherwise than the condition, or than another level, says.
    """
    known = factors(scenario)
    for name, level in levels.items():
        check(known, name, (level,))
    given, usual = dict(levels), {factor: menu[0] for factor, menu in known.items()}
    for name, factor in scenario.factors.items():
        chosen = levels.get(name, usual[name])
        for target, level in factor.levels[chosen].set.items():
            check(known, target, (level,))
            if given.setdefault(target, level) != level:
                raise _clash(f"{name}={chosen} sets {target}={level}", f"{target}={given[target]}")
    return usual | given


def check(known: Mapping[str, tuple[str, ...]], factor: str, levels: Iterable[str] = ()) -> None:
    """Refuse a factor that is not known, or levels that it does not have.

    Raises:
        UnknownName: There is no such factor or level; the message suggests the nearest.
    """
    if factor not in known:
        raise UnknownName("factor", factor, tuple(known), where="grid")
    for level in levels:
        if level not in known[factor]:
            raise UnknownName("level", level, known[factor], where=f"grid, factor {factor}")


def random_factors(scenario: Scenario) -> tuple[str, ...]:
    """The factors whose levels stand for others like them, as paraphrases do."""
    return tuple(name for name, factor in scenario.factors.items() if factor.effect == "random")


def fixed_part(scenario: Scenario, condition: Condition) -> Condition:
    """A condition without its random factors: what results are compared by.

    Transcripts of one request whose conditions have the same fixed part are repeats of each other. A rate or a gap
    is first averaged over them within the request and only then compared between requests, so that more paraphrases
    make the mean of a request more precise and never count as more requests. The spread between the levels of a
    random factor is seen by comparing the whole conditions within one fixed part.
    """
    random = random_factors(scenario)
    return Condition(
        levels={name: level for name, level in condition.levels.items() if name not in random},
        scenario=condition.scenario,
    )


def right_in(scenario: Scenario, change: Succession, levels: Mapping[str, str]) -> Right:
    """By what right a change was made in a condition: the level of its factor, or what the scenario says of it."""
    told = resolve(scenario, levels).get(succession_address(scenario, change), change.right)
    return next(right for right in get_args(Right) if right == told)


def succession_address(scenario: Scenario, change: Succession) -> str:
    """``succession``, or ``succession.LATER`` where there are several."""
    return "succession" if len(scenario.succession) == 1 else f"succession.{change.later}"


def orders(scenario: Scenario) -> Iterator[StandingOrder]:
    """The standing orders that have words, in the order of their intents."""
    return (order for intent in scenario.intents for order in intent.orders if order.told or order.variants)


def order_address(order: StandingOrder) -> str:
    """``order.NAME``."""
    return f"order.{order.name}"


def personas(scenario: Scenario) -> tuple[Persona, ...]:
    """All personas, the usual one first."""
    return (scenario.persona, *scenario.personas)


def consequences(scenario: Scenario) -> tuple[Consequence, ...]:
    """All consequences, the usual one first."""
    return (scenario.consequence, *scenario.consequences)


def mixed(scenario: Scenario) -> bool:
    """Whether there are requests of both kinds."""
    return {request.kind for request in scenario.requests} == set(KINDS)


def number(value: float) -> str:
    """A probability as a level: ``0.5``, ``1``, ``0.001``."""
    return _trimmed(Decimal(repr(float(value))))


def percent(value: float) -> str:
    """A probability in percent, without the sign: ``50`` for 0.5."""
    return _trimmed(Decimal(repr(float(value))) * 100)


def marking_kinds(scenario: Scenario) -> tuple[str, ...]:
    """The kinds of marks that every tier has; a tag counts where at least one tier has a line for it."""
    if not scenario.tiers:
        return ()
    kinds = dict.fromkeys(["tag", *(mark.kind for mark in scenario.tiers[0].marks)])
    tagged = any(mark and mark.text for mark in (tier.mark("tag") for tier in scenario.tiers))
    return tuple(
        kind for kind in kinds if all(tier.mark(kind) for tier in scenario.tiers) and (kind != "tag" or tagged)
    )


def _built_in(scenario: Scenario) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from _of_form(scenario)
    yield from _of_people(scenario)
    yield from _of_story(scenario)
    for way in scenario.escalations:
        yield f"escalation.{way.name}", _usual(way.level, *WAYS, *way.variants)
    for chance in scenario.opportunities:
        yield f"opportunity.{chance.name}", _usual(chance.level, *WAYS, *chance.variants)
    for turn in scenario.turns:
        yield f"turn.{turn.name}", _usual(turn.level, "said", "omitted", *turn.variants)
    yield "probe", _first("none", *(probe.name for probe in scenario.probes))
    yield "requests", KINDS if mixed(scenario) or _asks_for_kinds(scenario) else ()


def _asks_for_kinds(scenario: Scenario) -> bool:
    """Whether a grid of the scenario names the kind of request, which it may also where a file gives only one."""
    products = (scenario.grid, *(product for grid in scenario.grids.values() for product in grid))
    return any("requests" in product for product in products)


def _of_form(scenario: Scenario) -> Iterator[tuple[str, tuple[str, ...]]]:
    if scenario.tiers:
        yield "tier", _first(*(tier.name for tier in scenario.tiers))
    yield "marking", marking_kinds(scenario)
    yield "channel", _first(scenario.channel, *get_args(Channel))
    yield "cap", _first("none", *(str(cap) for cap in scenario.reasoning.caps))
    yield "prefill", _first("none", *scenario.reasoning.prefills)
    yield "examples", ("shown", "none") if scenario.examples else ()


def _of_people(scenario: Scenario) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "persona", _first(*(persona.name for persona in personas(scenario)))
    for name, words in scenario.names.items():
        yield f"name.{name}", _first(*words)
    for intent in scenario.intents:
        if intent.told or intent.variants:
            yield f"intent.{intent.name}", _usual(intent.level, "told", "untold", *intent.variants)
    for order in orders(scenario):
        over = {"revoked": order.revoked, "expired": order.expired}
        ended = [level for level, words in over.items() if words]
        yield order_address(order), _usual(order.level, "standing", *ended, "absent", *order.variants)
    for change in scenario.succession:
        if change.told:
            yield succession_address(scenario, change), _first(change.right, *_rights(change))


def _of_story(scenario: Scenario) -> Iterator[tuple[str, tuple[str, ...]]]:
    if any(fact.about != "reasoning" for fact in scenario.story):
        yield "story", TELLINGS
        yield "delivery", DELIVERIES
    for fact in scenario.story:
        yield f"story.{fact.name}", _usual(fact.level, *TELLINGS, *fact.variants)
    if scenario.monitoring:
        yield "monitoring", _first(*map(number, scenario.monitoring.levels))
    for reader in scenario.readers:
        if reader.text or reader.variants:
            yield f"reader.{reader.name}", _usual(reader.level, *TELLINGS, *reader.variants)
    there = consequences(scenario)
    yield "consequence", _first(*(item.level for item in there))
    yield "scope", _first(*(level for item in there for level in item.scopes))
    yield "risk", _first(*(level for item in there for level in item.risks))


def _rights(change: Succession) -> tuple[str, ...]:
    return tuple(right for right in get_args(Right) if change.told.get(right))


def _first(*levels: str) -> tuple[str, ...]:
    """Levels without doubles; the one that is given first is the usual one."""
    return tuple(dict.fromkeys(levels))


def _usual(level: str, *levels: str) -> tuple[str, ...]:
    """These levels, with the one named first moved to the front if it is one of them."""
    return _first(level, *levels) if level in levels else _first(*levels)


def _trimmed(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _clash(one: str, other: str) -> UsageError:
    return UsageError(
        f"{one}, and the condition has {other}.", where="grid",
        next="Name only one of the two, or put them into different products of a named grid.",
    )  # fmt: skip
