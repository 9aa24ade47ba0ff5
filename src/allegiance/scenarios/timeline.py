"""The timeline: intents begin before they end, follow each other, and their orders expire after they were given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from allegiance.records.intent import Intent, StandingOrder
from allegiance.records.scenario import Scenario
from allegiance.scenarios.findings import Problem, doubles
from allegiance.scenarios.nodes import Path

_DATE = re.compile(r"\d{4}-\d")
"""How a date begins."""


def problems(scenario: Scenario) -> Iterator[Problem]:
    """What is wrong with times, successions and standing orders."""
    yield from _no_times(scenario)
    for i, intent in enumerate(scenario.intents):
        if not _before(intent.since, intent.until):
            what = f"the intent {intent.name!r} ends before it starts, or as it starts."
            yield ("intents", i, "until"), what, "Correct since or until."
    yield from _overlaps(scenario)
    yield from _successions(scenario)
    for path, order in orders(scenario):
        since = scenario.intents[int(path[1])].since
        if not _before(since, order.until):
            what = f"the standing order expires before it is given: the intent begins at {since!r}."
            yield (*path, "until"), what, "Correct until, or since of the intent."
        yield from _order(path, order)


def orders(scenario: Scenario) -> Iterator[tuple[Path, StandingOrder]]:
    """Every standing order and its path."""
    for i, intent in enumerate(scenario.intents):
        for j, order in enumerate(intent.orders):
            yield ("intents", i, "orders", j), order


def _no_times(scenario: Scenario) -> Iterator[Problem]:
    """Text that begins like a date and is none: as a label it would compare with nothing, and nobody would see."""
    stated: list[tuple[Path, str]] = [((*path, "until"), order.until) for path, order in orders(scenario)]
    for i, intent in enumerate(scenario.intents):
        stated += [(("intents", i, "since"), intent.since), (("intents", i, "until"), intent.until)]
    for path, text in stated:
        if _DATE.match(text) and _time(text) is None:
            what = f"{text!r} begins like a date, and is no time."
            yield path, what, "Write ISO 8601, like 2025-06-01 or 2025-06-01T20:00+02:00, or a label."


def _order(path: Path, order: StandingOrder) -> Iterator[Problem]:
    if not order.name and (order.told or order.variants):
        yield path, "a standing order with words needs a name.", "Add, for example: name: resist-later"
    if order.revoked and not order.revocable:
        what = "the order cannot be revoked, and there are words for its being revoked."
        yield (*path, "revoked"), what, 'Say revocable: true, or revoked: ""'


def _overlaps(scenario: Scenario) -> Iterator[Problem]:
    """Intents of one principal, or of which one succeeds the other, do not hold at the same time."""
    pairs = {(change.earlier, change.later) for change in scenario.succession}
    for j, later in enumerate(scenario.intents):
        for earlier in scenario.intents[:j]:
            if earlier.principal == later.principal or (earlier.name, later.name) in pairs:
                yield from _overlap(earlier, later, j)


def _overlap(earlier: Intent, later: Intent, place: int) -> Iterator[Problem]:
    ends, starts = _time(earlier.until), _time(later.since)
    first = _time(earlier.since)
    after = _time(later.until)
    apart = first and after and not _less(first, after)
    if ends and starts and _less(starts, ends) and not apart:
        what = (
            f"the intents {earlier.name!r} and {later.name!r} overlap: {later.since!r} is before {earlier.until!r}."
        )
        yield ("intents", place, "since"), what, "The end of an intent is not included; let the next begin there."


def _successions(scenario: Scenario) -> Iterator[Problem]:
    places = {intent.name: i for i, intent in enumerate(scenario.intents)}
    for i, change in enumerate(scenario.succession):
        if change.earlier not in places or change.later not in places:
            continue
        if places[change.earlier] >= places[change.later]:
            what = f"{change.earlier!r} does not come before {change.later!r}."
            yield ("succession", i), what, "Write intents in order of time."
    later = [(("succession", i, "to"), change.later) for i, change in enumerate(scenario.succession)]
    yield from doubles("succession, as the later intent,", later)


def _before(start: str, end: str) -> bool:
    """Whether a start can be before an end: labels differ, times run forward."""
    first, last = _time(start), _time(end)
    if first and last:
        return _less(first, last)
    return not start or start != end


def _less(first: datetime, last: datetime) -> bool:
    """Times that both state their zone are compared as instants, others as they are written."""
    if first.tzinfo and last.tzinfo:
        return first < last
    return first.replace(tzinfo=None) < last.replace(tzinfo=None)


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
