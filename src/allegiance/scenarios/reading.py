"""YAML text to a typed scenario: every key known, every value of its type, every error in its place."""

from __future__ import annotations

import re
from difflib import get_close_matches

import msgspec
from msgspec import inspect as shapes

from allegiance.errors import ScenarioError
from allegiance.records.scenario import FORMAT, Scenario
from allegiance.scenarios.nodes import Path, Sheet

_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]|\[(\.\.\.)\]")
_WORDS = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "null": "nothing",
          "object": "a mapping", "array": "a list"}  # fmt: skip


def typed(sheet: Sheet) -> Scenario:
    """The scenario that a sheet holds.

    Raises:
        ScenarioError: An unknown or missing key, or a value of the wrong type; with line and column.
    """
    _known_keys(sheet, sheet.value, shapes.type_info(Scenario), ())
    try:
        made = msgspec.convert(sheet.value, Scenario)
    except msgspec.ValidationError as error:
        raise _misfit(sheet, str(error)) from None
    if made.format != FORMAT:
        raise sheet.error(
            f"the format is {made.format!r}; this version reads {FORMAT!r}.",
            ("format",),
            next="Use the version of this package that wrote the file, or correct the line.",
        )
    return made


def _known_keys(sheet: Sheet, value: object, shape: shapes.Type, path: Path) -> None:
    if isinstance(shape, shapes.StructType) and isinstance(value, dict):
        fields = {field.encode_name: field.type for field in shape.fields}
        for key, item in value.items():
            if key not in fields:
                raise _unknown_key(sheet, str(key), tuple(fields), (*path, str(key)))
            _known_keys(sheet, item, fields[key], (*path, str(key)))
    elif isinstance(shape, shapes.VarTupleType) and isinstance(value, list):
        for index, item in enumerate(value):
            _known_keys(sheet, item, shape.item_type, (*path, index))


def _unknown_key(sheet: Sheet, key: str, menu: tuple[str, ...], path: Path) -> ScenarioError:
    near = get_close_matches(key, menu, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(menu)}."
    return sheet.error(f"there is no key {key!r} here.", path, next=hint, key=True)


def _misfit(sheet: Sheet, message: str) -> ScenarioError:
    what, _, spot = message.partition(" - at `")
    path = _path(spot.rstrip("`"))
    if "missing required field" in what:
        return sheet.error(f"the key {what.split('`', 2)[1]!r} is missing here.", path, next="Add it.")
    if wrong := re.fullmatch(r"Expected `(.+)`, got `(.+)`", what):
        hint = "Put it in quotes." if wrong[1].startswith("str") and wrong[2] in {"int", "float", "bool"} else ""
        return sheet.error(f"this should be {_word(wrong[1])}, and is {_word(wrong[2])}.", path, next=hint)
    if wrong := re.fullmatch(r"Invalid enum value '(.*)'", what):
        return _off_menu(sheet, wrong[1], path)
    return sheet.error(f"{what[:1].lower()}{what[1:]}.", path)


def _off_menu(sheet: Sheet, value: str, path: Path) -> ScenarioError:
    shape = _shape(shapes.type_info(Scenario), path)
    menu = tuple(str(v) for v in shape.values) if isinstance(shape, shapes.LiteralType) else ()
    near = get_close_matches(value, menu, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return sheet.error(f"{value!r} is not possible here.", path, next=f"{hint}Possible: {', '.join(menu)}.")


def _shape(shape: shapes.Type, path: Path) -> shapes.Type | None:
    for step in path:
        if isinstance(shape, shapes.StructType):
            found = next((field.type for field in shape.fields if field.encode_name == step), None)
        else:
            found = shape.item_type if isinstance(shape, shapes.VarTupleType) else None
        if found is None:
            return None
        shape = found
    return shape


def _word(name: str) -> str:
    return _WORDS.get(name.partition(" | ")[0], name)


def _path(text: str) -> Path:
    found = _STEP.findall(text)
    steps: list[str | int] = [name or (int(index) if index else "...") for name, index, _ in found]
    return tuple(steps)
