"""The verb that says in what two worlds, or two conditions of one, differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from allegiance.cli.options import json_option
from allegiance.cli.output import builtins, emit, fields
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.scenarios.diff import Change, Difference, Fact

MANY = 12
"""Most facts of one part of a world that are told one by one; the rest is counted."""


@click.command("diff")
@click.argument("a")
@click.argument("b")
@click.option(
    "--set", "settings", multiple=True, metavar="FACTOR=LEVEL", help="A level for both sides; repeatable."
)
@json_option
def diff(a: str, b: str, settings: tuple[str, ...], as_json: bool) -> None:
    """Show in which words and which facts two worlds differ.

    A and B are scenarios (names of the library, or files), each with levels of its own if wanted:
    NAME:factor=level,factor=level. Factors that are not named are at their usual level.

    \b
    Example:
      allegiance scenario diff repair-desk my-world.yaml
      allegiance scenario diff repair-desk:tier=trained repair-desk:tier=untrained
    """
    from allegiance.scenarios import load
    from allegiance.scenarios.diff import difference

    (name_a, at_a), (name_b, at_b) = _side(a), _side(b)
    both = _levels(settings)
    one, other = load(name_a), load(name_b)
    found = difference(one, other, both | at_a, both | at_b)
    data = {
        "a": {"scenario": one.name, "version": one.version, "levels": both | at_a},
        "b": {"scenario": other.name, "version": other.version, "levels": both | at_b},
        "difference": builtins(found),
    }
    emit(as_json, data, _told(a, b, found))


def _side(text: str) -> tuple[str, dict[str, str]]:
    """A scenario and levels from ``NAME:factor=level,factor=level``; a path may have colons of its own."""
    name, colon, levels = text.rpartition(":")
    if colon and "=" in levels:
        return name, _levels(levels.split(","))
    return text, {}


def _levels(pairs: list[str] | tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        factor, equals, level = pair.partition("=")
        if not (factor and equals and level):
            raise UsageError(f"{pair!r} is not a level.", where="levels", next="Write it like tier=trained.")
        found[factor.strip()] = level.strip()
    return found


def _told(a: str, b: str, found: Difference) -> str:
    lines = [f"A  {a}", f"B  {b}"]
    if not found.changes and not found.facts:
        return "\n".join([*lines, "", "They do not differ."])
    asked = f", asked {found.request!r}" if found.request else ", each asked its first request"
    count = len(found.changes)
    lines += ["", f"{count} {'passage differs' if count == 1 else 'passages differ'}{asked}"]
    lines += [line for change in found.changes for line in _change(change)]
    if found.facts:
        lines += ["", "beside these words", *_facts(found.facts)]
    return "\n".join(lines)


def _change(change: Change) -> list[str]:
    if not change.a or not change.b:
        return ["", f"only in {'A' if change.a else 'B'}: {change.address}", f"  {change.a or change.b}"]
    marks = {"same": "{}", "only in A": "[-{}-]", "only in B": "{{+{}+}}"}
    text = "".join(_marked(marks[edit.kind], edit.text) for edit in change.edits)
    return ["", f"{'moved' if change.moved else 'differs'}: {change.address}", f"  {text.rstrip()}"]


def _marked(mark: str, text: str) -> str:
    """The mark around the words, and the space after them outside it."""
    words = text.rstrip()
    return mark.format(words) + text[len(words) :]


def _facts(facts: tuple[Fact, ...]) -> list[str]:
    parts: dict[str, list[Fact]] = {}
    for fact in facts:
        parts.setdefault(fact.path.partition(".")[0], []).append(fact)
    told = {
        fact.path: f"{fact.a or '(none)'} → {fact.b or '(none)'}" for some in parts.values() for fact in some[:MANY]
    }
    more = {
        part: f"{len(some) - MANY} more differ; --json tells all"
        for part, some in parts.items()
        if len(some) > MANY
    }
    return [f"  {line}" for line in fields(told | more).splitlines()]
