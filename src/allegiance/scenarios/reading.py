"""From plain values to typed records: every key known, every value of its type, every problem in its place.

Where text is wanted, a number or truth value is the letters it was written with: ``1.10`` stays ``1.10``.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TypeVar

import msgspec
from msgspec import inspect as shapes

from allegiance.errors import ScenarioError
from allegiance.records.record import Record
from allegiance.records.scenario import FORMAT, Scenario
from allegiance.scenarios.nodes import Path, Sheet, Tree

R = TypeVar("R", bound=Record)


def typed(sheet: Sheet, also: Sequence[str] = ()) -> tuple[Scenario | None, tuple[ScenarioError, ...]]:
    """The scenario that a sheet holds, or all that is wrong with its keys and types.

    Args:
        sheet: A scenario whose document-level keys have been resolved.
        also: Keys that are known beside the fields, to be suggested for a misspelt one.
    """
    made, faults = fitted(sheet, Scenario, (), also)
    if made is not None and made.format != FORMAT:
        what = f"the format is {made.format!r}; this version reads {FORMAT!r}."
        advice = "Use the version of this package that wrote the file, or correct the line."
        return None, (sheet.error(what, ("format",), next=advice),)
    return made, faults


def fitted(
    sheet: Sheet, kind: type[R], path: Path = (), also: Sequence[str] = ()
) -> tuple[R | None, tuple[ScenarioError, ...]]:
    """The record of a kind that stands at a path of a sheet, or all that is wrong with its keys and types."""
    fitter = _Fitter(sheet, tuple(also))
    value = fitter.fit(list(sheet.tree.steps(path))[-1], shapes.type_info(kind), path)
    if fitter.faults:
        return None, tuple(fitter.faults)
    try:
        return msgspec.convert(value, kind), ()
    except msgspec.ValidationError as error:  # the walk above knows every type that our records use
        return None, (sheet.error(f"{error}.", path),)


class _Fitter:
    """Holds a tree against a type; collects what does not fit and goes on."""

    def __init__(self, sheet: Sheet, also: tuple[str, ...]) -> None:
        self.sheet, self.also = sheet, also
        self.faults: list[ScenarioError] = []

    def fit(self, tree: Tree, shape: shapes.Type, path: Path) -> object:
        if isinstance(shape, shapes.UnionType):
            return self._union(tree, shape, path)
        if isinstance(shape, shapes.StructType):
            return self._struct(tree, shape, path)
        if isinstance(shape, shapes.DictType):
            return self._mapping(tree, shape, path)
        if isinstance(shape, shapes.VarTupleType):
            return self._list(tree, shape, path)
        if isinstance(shape, shapes.LiteralType):
            return self._literal(tree, tuple(str(value) for value in shape.values), path)
        return self._scalar(tree, shape, path)

    def _list(self, tree: Tree, shape: shapes.VarTupleType, path: Path) -> object:
        if not isinstance(tree.value, list):
            return self._wrong(tree, "a list", path)
        return [self.fit(item, shape.item_type, (*path, i)) for i, item in enumerate(tree.value)]

    def _union(self, tree: Tree, shape: shapes.UnionType, path: Path) -> object:
        """A type or nothing: the only union that records use."""
        if tree.value is None:
            return None
        return self.fit(tree, next(kind for kind in shape.types if not isinstance(kind, shapes.NoneType)), path)

    def _struct(self, tree: Tree, shape: shapes.StructType, path: Path) -> object:
        if not isinstance(tree.value, dict):
            return self._wrong(tree, "a mapping", path)
        fields = {field.encode_name: field for field in shape.fields}
        made, meant = {}, set()
        for key, item in tree.value.items():
            if key in fields:
                made[key] = self.fit(item, fields[key].type, (*path, key))
            else:
                meant.add(self._unknown_key(key, (*fields, *(self.also if not path else ())), (*path, key)))
        for field in shape.fields:
            if field.required and field.encode_name not in {*tree.value, *meant}:
                what = f"the key {field.encode_name!r} is missing here."
                self.faults.append(self.sheet.error(what, path, next="Add it."))
        return made

    def _unknown_key(self, key: str, menu: Sequence[str], path: Path) -> str:
        """Complains; returns the key that was meant, if one is near."""
        near = get_close_matches(key, menu, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(menu)}."
        self.faults.append(self.sheet.error(f"there is no key {key!r} here.", path, next=hint, key=True))
        return near[0] if near else ""

    def _mapping(self, tree: Tree, shape: shapes.DictType, path: Path) -> object:
        if not isinstance(tree.value, dict):
            return self._wrong(tree, "a mapping", path)
        menu = (
            tuple(str(v) for v in shape.key_type.values) if isinstance(shape.key_type, shapes.LiteralType) else ()
        )
        for key in tree.value:
            if menu and key not in menu:
                self._unknown_key(key, menu, (*path, key))
        return {key: self.fit(item, shape.value_type, (*path, key)) for key, item in tree.value.items()}

    def _literal(self, tree: Tree, menu: tuple[str, ...], path: Path) -> object:
        if tree.text is None:
            return self._wrong(tree, "a word", path)
        if tree.text not in menu:
            near = get_close_matches(tree.text, menu, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            what = f"{tree.text[:80]!r} is not possible here."
            self.faults.append(self.sheet.error(what, path, next=f"{hint}Possible: {', '.join(menu)}."))
        return tree.text

    def _scalar(self, tree: Tree, shape: shapes.Type, path: Path) -> object:
        value = tree.value
        if isinstance(shape, shapes.StrType):
            return tree.text if tree.text is not None else self._wrong(tree, "text", path)
        if isinstance(shape, shapes.BoolType):
            return value if isinstance(value, bool) else self._wrong(tree, "true or false", path)
        if isinstance(shape, shapes.IntType):
            whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
            return value if whole else self._wrong(tree, "a whole number", path)
        if isinstance(shape, shapes.FloatType):
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return value if number else self._wrong(tree, "a number", path)
        raise AssertionError(f"records use no {type(shape).__name__}")

    def _wrong(self, tree: Tree, wanted: str, path: Path) -> object:
        what = f"this should be {wanted}, and is {_named(tree)}."
        self.faults.append(self.sheet.error(what, path, next=_advice(tree, wanted)))
        return None


def _named(tree: Tree) -> str:
    """What a tree is, in words."""
    if tree.value is None:
        return "nothing"
    if isinstance(tree.value, dict | list):
        return "a mapping" if isinstance(tree.value, dict) else "a list"
    text = (tree.text or "")[:40]
    if isinstance(tree.value, str):
        return f"the text {text!r}"
    return f"the truth value {text}" if isinstance(tree.value, bool) else f"the number {text}"


def _advice(tree: Tree, wanted: str) -> str:
    if wanted == "true or false":
        return "Write true or false."
    if "number" in wanted and isinstance(tree.value, str):
        try:
            return (
                f"Write {float(tree.value):g}." if tree.value.isdigit() else "Write digits, with a point if needed."
            )
        except ValueError:
            return ""
    if wanted == "a list" and tree.value is not None:
        return "Put - before each item, or [ ] around them."
    if tree.value is None and wanted == "text":
        return "Write something after the colon; inside { }, put text with a comma in quotes."
    return "Write something after the colon, or remove the line." if tree.value is None else ""
