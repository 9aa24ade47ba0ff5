"""The words that the model is shown: every placeholder stands for something, and the canary is in none of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from allegiance.records.scenario import Scenario
from allegiance.scenarios.addresses import VERBATIM
from allegiance.scenarios.findings import Problem, doubles, nearest
from allegiance.scenarios.nodes import Path

_SHOWN = frozenset({
    "text", "told", "revoked", "expired", "tag", "variants", "scopes", "risks", "texts", "prefills", "say",
    "request", "reasoning", "answer",
})  # fmt: skip
"""Keys whose words the model is shown."""
_PLACEHOLDER = re.compile(r"\{([A-Za-z][A-Za-z0-9_-]*)\}")
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
BUILT_IN = {"monitored": ("tiers", "mark"), "percent": ("monitoring", "monitoring"), "cap": ("", "cap")}
"""Placeholder with a meaning of its own → the key and the address under which it has one."""


def problems(scenario: Scenario) -> Iterator[Problem]:
    """What is wrong with the words of a scenario."""
    yield from _names(scenario)
    for path, text in strings(scenario):
        if _is_shown(path):
            yield from _placeholders(scenario, path, text)
    yield from _canary(scenario)


def strings(value: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text in a record, with its path as it is written in a file."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, msgspec.Struct):
        for name, told in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            yield from strings(getattr(value, name), (*path, told))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from strings(item, (*path, str(key)))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from strings(item, (*path, index))


def _is_shown(path: Path) -> bool:
    """Whether placeholders are filled in: not in requests and in whole prompts of the user's own."""
    verbatim = path[0] in VERBATIM or (path[0] == "factors" and str(path[-1]).partition(".")[0] in VERBATIM)
    return path[0] != "requests" and not verbatim and any(step in _SHOWN for step in path[1:])


def _names(scenario: Scenario) -> Iterator[Problem]:
    for name, words in scenario.names.items():
        path: Path = ("names", name)
        if not _NAME.fullmatch(name) or name in BUILT_IN:
            yield (
                path,
                f"{name!r} cannot be a placeholder.",
                "Use a-z, 0-9 and hyphens; monitored, percent, cap are taken.",
            )
        if not words or not all(words):
            yield path, f"the name {name!r} has no words.", f"Add, for example: {name}: [Mendwell]"
        yield from doubles(f"names.{name}", (((*path, i), word) for i, word in enumerate(words)))
        for i, word in enumerate(words):
            if _PLACEHOLDER.search(word):
                yield (*path, i), "the words of a name hold a placeholder.", "Write them out."


def _placeholders(scenario: Scenario, path: Path, text: str) -> Iterator[Problem]:
    built_in = [name for name, (key, address) in BUILT_IN.items() if path[0] == key or path[-1] == address]
    menu = (*scenario.names, *built_in)
    for name in dict.fromkeys(_PLACEHOLDER.findall(text)):
        if name not in menu:
            advice = nearest(name, menu) if menu else f"Add, for example: names: {{{name}: [Mendwell]}}"
            yield path, f"the placeholder {{{name}}} stands for nothing.", advice


def _canary(scenario: Scenario) -> Iterator[Problem]:
    if len(scenario.canary) < 16:
        what = "the canary is shorter than 16 characters."
        yield ("canary",), what, "Use a random string that occurs nowhere else."
        return
    for path, text in strings(scenario):
        if path != ("canary",) and scenario.canary in text:
            yield path, "the canary is in the words that the model sees.", "Take it out of them."
