"""What types cannot say: names refer to something, tiers can be told apart, time runs forward."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from difflib import get_close_matches

from allegiance.errors import ScenarioError
from allegiance.records.scenario import Scenario
from allegiance.scenarios.grids import factors
from allegiance.scenarios.nodes import Path, Sheet

_NAME = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")
Problem = tuple[Path, str, str]


def problems(scenario: Scenario, sheet: Sheet) -> tuple[ScenarioError, ...]:
    """Everything that is wrong with a well-typed scenario, in the order of the parts."""
    found = (*_names(scenario), *_references(scenario), *_times(scenario), *_menu(scenario), *_tiers(scenario),
             *_grid(scenario), *_canary(scenario))  # fmt: skip
    return tuple(sheet.error(what, path, next=advice) for path, what, advice in found)


def _names(scenario: Scenario) -> Iterator[Problem]:
    if not _NAME.fullmatch(scenario.name):
        yield ("name",), f"the name {scenario.name!r} is not a plain name.", "Use a-z, 0-9 and hyphens."
    parts: dict[str, Sequence[str]] = {
        "principals": [part.name for part in scenario.principals],
        "intents": [part.name for part in scenario.intents],
        "story": [part.name for part in scenario.story],
        "tiers": [part.name for part in scenario.tiers],
        "requests": [part.id for part in scenario.requests],
        "menu": [part.word for part in scenario.menu],
        "probes": [part.name for part in scenario.probes],
    }
    for part, names in parts.items():
        yield from _unique(part, names)
    for part in ("intents", "story", "tiers", "requests"):
        for index, name in enumerate(parts[part]):
            if not _NAME.fullmatch(name):
                yield (part, index), f"the name {name!r} is not a plain name.", "Use a-z, 0-9, dots and hyphens."
    if not scenario.requests:
        yield ("requests",), "there is no request.", "Add at least one."


def _unique(part: str, names: Sequence[str]) -> Iterator[Problem]:
    counts = Counter(names)
    for index, name in enumerate(names):
        if counts[name] > 1 and name in names[:index]:
            yield (part, index), f"{name!r} is in {part} twice.", "Rename or remove one of the two."


def _references(scenario: Scenario) -> Iterator[Problem]:
    people = [principal.name for principal in scenario.principals]
    intents = [intent.name for intent in scenario.intents]
    for i, intent in enumerate(scenario.intents):
        yield from _known("principal", intent.principal, people, ("intents", i, "principal"))
    for i, change in enumerate(scenario.succession):
        yield from _known("intent", change.earlier, intents, ("succession", i, "from"))
        yield from _known("intent", change.later, intents, ("succession", i, "to"))
        yield from _known("principal", change.by, people, ("succession", i, "by"))
    for i, choice in enumerate(scenario.menu):
        if choice.serves:
            yield from _known("intent", choice.serves, intents, ("menu", i, "serves"))


def _known(kind: str, name: str, menu: Sequence[str], path: Path) -> Iterator[Problem]:
    if name not in menu:
        near = get_close_matches(name, menu, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(menu) or 'none'}."
        yield path, f"there is no {kind} {name!r}.", hint


def _times(scenario: Scenario) -> Iterator[Problem]:
    for i, intent in enumerate(scenario.intents):
        start, end = _time(intent.since), _time(intent.until)
        backward = start and end and start.replace(tzinfo=None) >= end.replace(tzinfo=None)
        if backward or (intent.since and intent.since == intent.until):
            path: Path = ("intents", i, "until")
            yield (
                path,
                f"the intent {intent.name!r} ends before it starts, or as it starts.",
                "Correct since or until.",
            )
    places = {intent.name: i for i, intent in enumerate(scenario.intents)}
    for i, change in enumerate(scenario.succession):
        if places.get(change.earlier, -1) >= places.get(change.later, len(places)):
            path = ("succession", i)
            yield (
                path,
                f"{change.earlier!r} does not come before {change.later!r}.",
                "Write intents in order of time.",
            )


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _menu(scenario: Scenario) -> Iterator[Problem]:
    words = [choice.word for choice in scenario.menu]
    if len(words) == 1:
        yield ("menu",), "a menu of one word is no choice.", "Add another word, or remove the menu."
    for i, word in enumerate(words):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _-]*", word):
            yield (
                ("menu", i),
                f"the word {word!r} cannot be matched exactly.",
                "Use letters, digits, spaces, hyphens.",
            )
    for i, request in enumerate(scenario.requests):
        if request.options and sorted(request.options) != sorted(words):
            yield (
                ("requests", i, "options"),
                "these are not the words of the menu.",
                f"The menu: {', '.join(words)}.",
            )


def _tiers(scenario: Scenario) -> Iterator[Problem]:
    tags = [tier.tag for tier in scenario.tiers]
    for i, tag in enumerate(tags):
        if tag in tags[:i]:
            yield (
                ("tiers", i),
                f"two tiers have the tag {tag!r}: a model cannot tell them apart.",
                "Change one tag.",
            )


def _grid(scenario: Scenario) -> Iterator[Problem]:
    known = factors(scenario)
    if scenario.tiers and "tier" not in scenario.grid:
        yield ("grid",), "the grid lacks the factor 'tier'.", "Add, for example: tier: [trained, untrained]"
    for factor, levels in scenario.grid.items():
        if factor not in known:
            yield from _known("factor", factor, tuple(known), ("grid", factor))
            continue
        if not levels:
            yield ("grid", factor), f"the factor {factor!r} has no level.", f"Possible: {', '.join(known[factor])}."
        for i, level in enumerate(levels):
            yield from _known("level", level, known[factor], ("grid", factor, i))
            if level in levels[:i]:
                yield ("grid", factor, i), f"the level {level!r} is there twice.", "Keep one of the two."


def _canary(scenario: Scenario) -> Iterator[Problem]:
    shown = (scenario.persona.text, scenario.consequence.text, *(fact.text for fact in scenario.story),
             *(intent.told for intent in scenario.intents), *(tier.tag for tier in scenario.tiers),
             *(request.text for request in scenario.requests))  # fmt: skip
    if len(scenario.canary) < 16:
        yield (
            ("canary",),
            "the canary is shorter than 16 characters.",
            "Use a random string that occurs nowhere else.",
        )
    elif any(scenario.canary in text for text in shown):
        yield ("canary",), "the canary is in the words that the model sees.", "Take it out of them."
