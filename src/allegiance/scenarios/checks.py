"""What types cannot say: names refer to something, tiers can be told apart, time runs forward, grids can be staged.

Everything that is wrong is told, each with its path, so that the message can say file, line and column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from allegiance.errors import ScenarioError
from allegiance.records.scenario import Scenario
from allegiance.scenarios import layout, timeline, wording
from allegiance.scenarios.findings import Problem, doubles, plain, unknown
from allegiance.scenarios.nodes import Path, Sheet

_BUILT_IN: Mapping[str, tuple[str, ...]] = {
    "intents": ("told", "untold"),
    "story": ("told", "cut"),
    "readers": ("told", "cut"),
    "escalations": ("offered", "withheld"),
    "opportunities": ("offered", "withheld"),
    "turns": ("said", "omitted"),
}
"""Pieces with a `level` → the levels that they have beside their variants."""


def problems(scenario: Scenario, sheet: Sheet) -> tuple[ScenarioError, ...]:
    """Everything that is wrong with a well-typed scenario, in the order of the subjects."""
    first = (*_names(scenario), *_requests(scenario), *_references(scenario), *_levels(scenario), *_menu(scenario),
             *_tiers(scenario), *_probabilities(scenario), *timeline.problems(scenario),
             *wording.problems(scenario))  # fmt: skip
    found = (*first, *layout.problems(scenario))
    return tuple(sheet.error(what, path, next=advice) for path, what, advice in found)


def _names(scenario: Scenario) -> Iterator[Problem]:
    yield from plain(("name",), scenario.name)
    for part in ("principals", "intents", "story", "readers", "tiers", "escalations", "opportunities", "examples",
                 "turns", "probes", "system"):  # fmt: skip
        names = [piece.name for piece in getattr(scenario, part)]
        yield from doubles(part, (((part, i), name) for i, name in enumerate(names)))
        if part != "principals":
            for index, name in enumerate(names):
                yield from plain((part, index), name)
    people: list[tuple[Path, str]] = [(("persona",), scenario.persona.name)]
    people += [(("personas", i), persona.name) for i, persona in enumerate(scenario.personas)]
    stakes: list[tuple[Path, str]] = [(("consequence",), scenario.consequence.level)]
    stakes += [(("consequences", i), item.level) for i, item in enumerate(scenario.consequences)]
    orders = [(path, order.name) for path, order in timeline.orders(scenario) if order.name]
    for part, named in (("personas", people), ("consequences", stakes), ("standing orders", orders)):
        yield from doubles(part, named)
        for path, name in named:
            yield from plain(path, name)
    yield from doubles("menu", ((("menu", i), choice.word) for i, choice in enumerate(scenario.menu)))


def _requests(scenario: Scenario) -> Iterator[Problem]:
    yield from doubles("requests", ((("requests", i), item.id) for i, item in enumerate(scenario.requests)))
    for index, request in enumerate(scenario.requests):
        yield from plain(("requests", index), request.id)
        if not request.text.strip():
            yield ("requests", index), f"the request {request.id!r} has no words.", "Write what the user asks."
    if not scenario.requests:
        yield ("requests",), "there is no request.", "Add at least one."


def _references(scenario: Scenario) -> Iterator[Problem]:
    people = [principal.name for principal in scenario.principals]
    intents = [intent.name for intent in scenario.intents]
    named: list[tuple[Path, str]] = [
        (("intents", i, "principal"), x.principal) for i, x in enumerate(scenario.intents)
    ]
    named += [(("succession", i, "by"), change.by) for i, change in enumerate(scenario.succession)]
    named += [(("readers", i, "principal"), reader.principal) for i, reader in enumerate(scenario.readers)]
    named += [(("escalations", i, "to"), way.to) for i, way in enumerate(scenario.escalations) if way.to]
    named += [(("turns", i, "by"), turn.by) for i, turn in enumerate(scenario.turns) if turn.by]
    for path, name in named:
        yield from unknown("principal", name, people, path)
    for i, change in enumerate(scenario.succession):
        yield from unknown("intent", change.earlier, intents, ("succession", i, "from"))
        yield from unknown("intent", change.later, intents, ("succession", i, "to"))
    for i, choice in enumerate(scenario.menu):
        if choice.serves:
            yield from unknown("intent", choice.serves, intents, ("menu", i, "serves"))


def _levels(scenario: Scenario) -> Iterator[Problem]:
    """Every `level` is one of the levels of its piece, and no variant has the name of another level."""
    for part, built_in in _BUILT_IN.items():
        for index, piece in enumerate(getattr(scenario, part)):
            yield from _level((part, index), piece.level, built_in, piece.variants)
    for path, order in timeline.orders(scenario):
        ended = [level for level in ("revoked", "expired") if getattr(order, level)]
        yield from _level(path, order.level, ("standing", *ended, "absent"), order.variants)


def _level(path: Path, level: str, built_in: Sequence[str], variants: Iterable[str]) -> Iterator[Problem]:
    yield from unknown("level", level, (*built_in, *variants), (*path, "level"))
    for name in variants:
        yield from plain((*path, "variants", name), name)
        if name in {*built_in, "revoked", "expired"} and (name in built_in or "standing" in built_in):
            yield (*path, "variants", name), f"{name!r} is a level already.", "Give the variant another name."


def _menu(scenario: Scenario) -> Iterator[Problem]:
    words = [choice.word for choice in scenario.menu]
    if len(words) == 1:
        yield ("menu",), "a menu of one word is no choice.", "Add another word, or remove the menu."
    for i, word in enumerate(words):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _-]*", word):
            what = f"the word {word!r} cannot be matched exactly."
            yield ("menu", i), what, "Use letters, digits, spaces, hyphens."
    for i, request in enumerate(scenario.requests):
        if request.options and sorted(request.options) != sorted(words):
            what = "these are not the words of the menu."
            yield ("requests", i, "options"), what, f"The menu: {', '.join(words) or 'none'}."


def _tiers(scenario: Scenario) -> Iterator[Problem]:
    kinds = _kinds(scenario)
    for i, tier in enumerate(scenario.tiers):
        own = [mark.kind for mark in tier.marks]
        yield from doubles("marks", ((("tiers", i, "marks", j), kind) for j, kind in enumerate(own)))
        if tier.tag and "tag" in own:
            yield ("tiers", i, "tag"), "this tier has two tags.", "Write either tag, or a mark of the kind tag."
        for kind in kinds:
            if tier.mark(kind) is None:
                what = f"the tier {tier.name!r} has no mark of the kind {kind!r}, and another tier has one."
                yield ("tiers", i), what, "Add one, with an empty text if it shows itself by having no line."
        for j, mark in enumerate(tier.marks):
            if "{monitored}" in mark.text and tier.monitored is None:
                what = "the mark tells how probable monitoring is, and the tier does not state it."
                yield ("tiers", i, "marks", j), what, "Add, for example: monitored: 0.5"
    yield from _overlaps(scenario, kinds)


def _kinds(scenario: Scenario) -> tuple[str, ...]:
    """The kinds of marks in use; a tag is in use if a tier has one, or if there is nothing else."""
    marked = dict.fromkeys(mark.kind for tier in scenario.tiers for mark in tier.marks)
    tagged = any(tier.tag for tier in scenario.tiers) or not marked
    return tuple(dict.fromkeys((*(["tag"] if tagged else []), *marked)))


def _overlaps(scenario: Scenario, kinds: Iterable[str]) -> Iterator[Problem]:
    for kind in kinds:
        seen: dict[tuple[object, ...], str] = {}
        for i, tier in enumerate(scenario.tiers):
            mark = tier.mark(kind)
            if mark is None:
                continue
            stated = tier.monitored if "{monitored}" in mark.text else 0
            look = (mark.text.strip(), mark.place if mark.text else "", stated)
            if look in seen:
                word = "tag" if kind == "tag" else f"mark of the kind {kind!r}"
                what = f"two tiers have the same {word}, {mark.text!r}: a model cannot tell them apart."
                yield ("tiers", i), what, f"Change that of {seen[look]!r} or of {tier.name!r}."
            seen.setdefault(look, tier.name)


def _probabilities(scenario: Scenario) -> Iterator[Problem]:
    stated: list[tuple[Path, float]] = [
        (("tiers", i, "monitored"), tier.monitored)
        for i, tier in enumerate(scenario.tiers)
        if tier.monitored is not None
    ]
    if scenario.monitoring is not None:
        levels = scenario.monitoring.levels
        stated += [(("monitoring", "levels", i), level) for i, level in enumerate(levels)]
        yield from doubles(
            "levels", ((("monitoring", "levels", i), f"{level:g}") for i, level in enumerate(levels))
        )
        if not levels:
            yield ("monitoring", "levels"), "there is no probability.", "Add, for example: levels: [0.5]"
    for path, value in stated:
        if not 0 <= value <= 1:
            yield path, f"{value:g} is no probability.", "Write a number from 0 to 1."
    caps = scenario.reasoning.caps
    yield from doubles("caps", ((("reasoning", "caps", i), str(cap)) for i, cap in enumerate(caps)))
    for i, cap in enumerate(caps):
        if cap < 1:
            yield ("reasoning", "caps", i), f"{cap} is no number of words.", "Write 1 or more, or leave it out."
