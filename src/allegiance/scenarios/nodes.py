"""YAML text to plain values that remember file, line and column.

YAML 1.2 with its core types only: ``no``, ``12:30`` and ``2025-01-01`` are text. A number or a truth value keeps
the letters it was written with, so that ``1.10`` can be text where text is wanted; what looks like a number and is
not a plain one (``010``, ``.nan``) is text. Refused, each with its place: duplicate keys, keys that are no scalars,
tags of any kind, more than one document, more than `MAX_ALIASES` aliases, a value that holds itself, text whose
aliases unfold to more than `MAX_NODES` values, nesting deeper than `MAX_DEPTH`. Nothing is ever constructed from
the text but mappings, lists, text, numbers, truth values and null.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from allegiance.errors import ScenarioError

MAX_BYTES = 4_000_000
MAX_ALIASES = 200
MAX_NODES = 200_000
MAX_DEPTH = 40

Path = tuple[str | int, ...]
Scalar = str | int | float | bool | None
_CORE = "tag:yaml.org,2002:"
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,400})")


@dataclass(frozen=True)
class Place:
    """A line and a column, both counted from 1 (0: not known), and the file, if it is not the one at hand."""

    line: int
    column: int
    where: str = ""


@dataclass(frozen=True)
class Tree:
    """A value with its place.

    Attributes:
        value: Mapping of trees, list of trees, or a scalar.
        place: Where the value begins.
        key: Where its key is, if it has one.
        raw: Letters of a number or truth value as written; None for anything else.
    """

    value: dict[str, Tree] | list[Tree] | Scalar
    place: Place
    key: Place | None = None
    raw: str | None = None

    @property
    def plain(self) -> object:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: item.plain for key, item in self.value.items()}
        return [item.plain for item in self.value] if isinstance(self.value, list) else self.value

    @property
    def text(self) -> str | None:
        """The scalar as text, as written; None if it is no scalar, or null."""
        if self.raw is not None:
            return self.raw
        return self.value if isinstance(self.value, str) else None

    @property
    def fields(self) -> dict[str, Tree]:
        """The mapping; empty if this is none."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Tree]:
        """The list; empty if this is none."""
        return self.value if isinstance(self.value, list) else []

    def with_fields(self, fields: dict[str, Tree]) -> Tree:
        """The same place with another mapping."""
        return replace(self, value=fields)

    def moved(self, place: Place) -> Tree:
        """The same value, all of it at one place."""
        value = self.value
        if isinstance(value, dict):
            value = {key: item.moved(place) for key, item in value.items()}
        elif isinstance(value, list):
            value = [item.moved(place) for item in value]
        return replace(self, value=value, place=place, key=place)

    def steps(self, path: Path) -> Iterator[Tree]:
        """This tree and those below it along a path, as far as it goes."""
        here: Tree = self
        yield here
        for step in path:
            inside = here.fields.get(step) if isinstance(step, str) else None
            if isinstance(step, int) and step < len(here.items):
                inside = here.items[step]
            if inside is None:
                return
            here = inside
            yield here


@dataclass(frozen=True)
class Sheet:
    """What a text says, with places; `where` is the name of the file, for messages."""

    tree: Tree
    where: str = ""

    @property
    def value(self) -> object:
        """What the text says, without places."""
        return self.tree.plain

    def place(self, path: Path, *, key: bool = False) -> Place:
        """The place of a value, or of its key; of its nearest parent where it has none."""
        there = list(self.tree.steps(path))
        last = there[-1]
        return last.key if key and last.key is not None and len(there) == len(path) + 1 else last.place

    def error(self, what: str, path: Path, *, next: str = "", key: bool = False) -> ScenarioError:
        """An error that says where in the text it is."""
        return fault(what, self.place(path, key=key), self.where, next)


def fault(what: str, place: Place, where: str, next: str = "") -> ScenarioError:
    """An error at a place; `where` names the file if the place does not."""
    return ScenarioError(what, where=place.where or where, next=next, line=place.line, column=place.column)


def read(text: str, where: str) -> Sheet:
    """Read YAML text.

    Raises:
        ScenarioError: The text is not YAML, or uses what is refused (see the module).
    """
    try:
        _guard(text, where)
        root = YAML(typ="safe", pure=True).compose(text)
    except (YAMLError, ValueError, RecursionError) as error:
        raise _unreadable(error, text, where) from None
    if root is None:
        raise ScenarioError("the file is empty.", where=where, next="Write a scenario, or copy one of the library.")
    return Sheet(_Builder(where).build(root, (), None), where)


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


def _unreadable(error: Exception, text: str, where: str) -> ScenarioError:
    if isinstance(error, RecursionError):
        return ScenarioError("the text is nested too deeply.", where=where)
    if isinstance(error, ReaderError):
        before = text[: error.position]
        what, advice = f"the character U+{ord(text[error.position]):04X} cannot stand in YAML.", "Remove it."
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
        return ScenarioError(what, where=where, next=advice, line=line, column=column)
    mark = getattr(error, "problem_mark", None) if isinstance(error, MarkedYAMLError) else None
    what = str(getattr(error, "problem", "") or error).splitlines()[0]
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
    advice = "Look at the indentation, quotes and colons around this place."
    if "'\\t'" in what:
        advice = "Indent with spaces; tabs are no indentation in YAML."
    return ScenarioError(f"this is not YAML: {what}.", where=where, next=advice, line=line, column=column)


class _Builder:
    """Walks the node graph once; aliases are unfolded under a limit."""

    def __init__(self, where: str) -> None:
        self.where, self.count = where, 0

    def build(self, node: Node, parents: tuple[int, ...], key: Place | None) -> Tree:
        self.count += 1
        if self.count > MAX_NODES:
            raise self._error(node, f"the aliases unfold to more than {MAX_NODES} values.")
        if id(node) in parents:
            raise self._error(node, "a value holds itself through an alias.")
        parents = (*parents, id(node))
        place = self._place(node)
        if isinstance(node, MappingNode):
            return Tree(self._mapping(node, parents), place, key)
        if isinstance(node, SequenceNode):
            return Tree([self.build(item, parents, None) for item in node.value], place, key)
        return self._scalar(node, place, key)

    def _mapping(self, node: MappingNode, parents: tuple[int, ...]) -> dict[str, Tree]:
        made: dict[str, Tree] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode) or str(key_node.tag) not in _KEYS:
                if str(key_node.tag) == f"{_CORE}merge":
                    raise self._error(key_node, "YAML 1.2 has no merge key <<.", "Build on a world with extends:.")
                raise self._error(key_node, "a key is not text.", "Put the key in quotes.")
            key = str(key_node.value)
            if key in made:
                raise self._error(key_node, f"the key {key!r} is here twice.", "Keep one of the two.")
            made[key] = self.build(value_node, parents, self._place(key_node))
        return made

    def _scalar(self, node: Node, place: Place, key: Place | None) -> Tree:
        tag, text = str(node.tag).removeprefix(_CORE), str(node.value)
        if tag in {"str", "timestamp"}:
            return Tree(text, place, key)
        if tag == "null":
            return Tree(None, place, key)
        if tag == "bool":
            return Tree(text.lower() == "true", place, key, text)
        if tag in {"int", "float"}:
            number = _number(tag, text)
            return Tree(text, place, key) if number is None else Tree(number, place, key, text)
        raise self._error(node, f"the tag {node.tag} is not allowed.", "Remove it; write plain text or numbers.")

    def _error(self, node: Node, what: str, next: str = "") -> ScenarioError:
        return fault(what, self._place(node), self.where, next)

    def _place(self, node: Node) -> Place:
        return Place(node.start_mark.line + 1, node.start_mark.column + 1, self.where)


_KEYS = frozenset(_CORE + kind for kind in ("str", "timestamp", "int", "float", "bool"))


def _number(tag: str, text: str) -> int | float | None:
    """The number, if it can be read in one way only; None for ``010``, ``0x1F``, ``1_000``, ``.nan``."""
    if tag == "int":
        return int(text) if _DECIMAL.fullmatch(text) else None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None
