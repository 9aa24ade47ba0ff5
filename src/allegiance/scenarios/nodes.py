"""YAML text to plain values that remember their line and column.

YAML 1.2 with its core types only: ``no``, ``12:30`` and ``2025-01-01`` are text. Refused, each with its place:
duplicate keys, keys that are not text, tags of any kind, more than one document, more than `MAX_ALIASES` aliases, a
value that holds itself, text whose aliases unfold to more than `MAX_NODES` values, nesting deeper than `MAX_DEPTH`.
Nothing is ever constructed from the text but mappings, lists, text, numbers, truth values and null.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from allegiance.errors import ScenarioError

MAX_BYTES = 4_000_000
MAX_ALIASES = 200
MAX_NODES = 200_000
MAX_DEPTH = 40

Path = tuple[str | int, ...]
_CORE = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Place:
    """A line and a column, both counted from 1."""

    line: int
    column: int


@dataclass
class Sheet:
    """A plain value and the place of each of its parts.

    Attributes:
        value: What the text says.
        values: Path → place of the value there.
        keys: Path → place of the last key of that path.
        where: Name of the file, for messages.
    """

    value: object = None
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    where: str = ""

    def place(self, path: Path, *, key: bool = False) -> Place:
        """The place of a value, or of its key; of its nearest parent where it has none."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Place(1, 1))

    def error(self, what: str, path: Path, *, next: str = "", key: bool = False) -> ScenarioError:
        """An error that says where in the text it is."""
        place = self.place(path, key=key)
        return ScenarioError(what, where=self.where, next=next, line=place.line, column=place.column)


def read(text: str, where: str) -> Sheet:
    """Read YAML text.

    Raises:
        ScenarioError: The text is not YAML, or uses what is refused (see the module).
    """
    sheet = Sheet(where=where)
    try:
        _guard(text, where)
        root = YAML(typ="safe", pure=True).compose(text)
    except (YAMLError, ValueError, RecursionError) as error:
        raise _unreadable(error, where) from None
    if root is None:
        raise ScenarioError("the file is empty.", where=where, next="Write a scenario, or copy one of the library.")
    sheet.value = _Builder(sheet).build(root, (), ())
    return sheet


def _guard(text: str, where: str) -> None:
    """Refuse too many aliases and too deep nesting while scanning, before anything is built."""
    aliases = depth = 0
    for token in YAML(typ="safe", pure=True).scan(text):
        kind, spot = type(token).__name__, token.start_mark
        aliases += kind == "AliasToken"
        depth += kind.endswith("StartToken") and kind not in {"StreamStartToken", "DocumentStartToken"}
        depth -= kind in {"BlockEndToken", "FlowSequenceEndToken", "FlowMappingEndToken"}
        if aliases > MAX_ALIASES or depth > MAX_DEPTH:
            what = f"{MAX_ALIASES} aliases" if aliases > MAX_ALIASES else f"{MAX_DEPTH} levels of nesting"
            place = {"line": spot.line + 1, "column": spot.column + 1}
            raise ScenarioError(f"there are more than {what}.", where=where, next="Write it flatter.", **place)


def _unreadable(error: Exception, where: str) -> ScenarioError:
    if isinstance(error, RecursionError):
        return ScenarioError("the text is nested too deeply.", where=where)
    mark = getattr(error, "problem_mark", None) if isinstance(error, MarkedYAMLError) else None
    what = str(getattr(error, "problem", "") or error).splitlines()[0]
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
    advice = "Look at the indentation, quotes and colons around this place."
    return ScenarioError(f"this is not YAML: {what}.", where=where, next=advice, line=line, column=column)


class _Builder:
    """Walks the node graph once; aliases are unfolded under a limit."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet, self.count = sheet, 0

    def build(self, node: Node, path: Path, parents: tuple[int, ...]) -> object:
        self.sheet.values[path] = _place(node)
        self.count += 1
        if self.count > MAX_NODES:
            raise self._error(node, f"the aliases unfold to more than {MAX_NODES} values.")
        if id(node) in parents:
            raise self._error(node, "a value holds itself through an alias.")
        parents = (*parents, id(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, path, parents)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, i), parents) for i, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: MappingNode, path: Path, parents: tuple[int, ...]) -> dict[str, object]:
        made: dict[str, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode) or str(key_node.tag) != _CORE + "str":
                raise self._error(key_node, "a key is not text.", "Put the key in quotes.")
            key = str(key_node.value)
            if key in made:
                raise self._error(key_node, f"the key {key!r} is here twice.", "Keep one of the two.")
            self.sheet.keys[(*path, key)] = _place(key_node)
            made[key] = self.build(value_node, (*path, key), parents)
        return made

    def _scalar(self, node: Node) -> object:
        tag, text = str(node.tag).removeprefix(_CORE), str(node.value)
        if tag in {"str", "timestamp"}:
            return text
        if tag == "null":
            return None
        if tag == "bool":
            return text.lower() == "true"
        if tag in {"int", "float"}:
            return self._number(node, tag, text.replace("_", ""))
        raise self._error(node, f"the tag {node.tag} is not allowed.", "Remove it; write plain text or numbers.")

    def _number(self, node: Node, tag: str, text: str) -> int | float:
        try:
            number = int(text, 0) if tag == "int" else float(text)
        except ValueError:
            number = math.nan
        if math.isnan(number) or math.isinf(number):
            raise self._error(node, f"{text[:40]!r} is not a plain number.", "Put it in quotes if it is text.")
        return number

    def _error(self, node: Node, what: str, next: str = "") -> ScenarioError:
        place = _place(node)
        return ScenarioError(what, where=self.sheet.where, next=next, line=place.line, column=place.column)


def _place(node: Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
