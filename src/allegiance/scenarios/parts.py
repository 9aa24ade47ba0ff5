"""Parts: named pieces that a world takes by ``use`` instead of writing them again.

A file of parts maps kinds to parts by name; the kinds are the keys of a scenario under which such pieces stand::

    format: allegiance-parts/1
    personas:
      plain:
        text: You are an assistant.

The parts of the library are always there; ``parts: [mine.yaml]`` adds files, whose parts go before those of the
library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from allegiance.errors import ScenarioError
from allegiance.scenarios.files import library_parts, read_text, shipped
from allegiance.scenarios.merging import NAMED, SINGLE, USE, merged
from allegiance.scenarios.nodes import MAX_BYTES, Place, Sheet, Tree, fault, read

FORMAT = "allegiance-parts/1"
LIBRARY = "library: parts/"
"""What the names of the library's files begin with, in messages."""
KINDS = tuple(sorted(NAMED - {"requests", "menu", "succession", "marks"} | set(SINGLE.values())))
Parts = Mapping[tuple[str, str], Tree]
"""(kind, name) → the piece."""


@cache
def of_library() -> Parts:
    """All parts that come with the package."""
    found: dict[tuple[str, str], Tree] = {}
    for name in library_parts():
        found |= from_text(read_text(shipped() / "parts" / f"{name}.yaml", MAX_BYTES), f"{LIBRARY}{name}.yaml")
    return found


def from_file(path: Path, where: str) -> Parts:
    """The parts in a file.

    Raises:
        ScenarioError: The file cannot be read, or is no file of parts.
    """
    return from_text(read_text(path, MAX_BYTES, where), where)


def from_text(text: str, where: str) -> Parts:
    """The parts in a YAML text. See `from_file` for errors."""
    sheet = read(text, where)
    fields = sheet.tree.fields
    if "format" not in fields or fields["format"].value != FORMAT:
        raise sheet.error("this is no file of parts.", ("format",), next=f"It begins with: format: {FORMAT}")
    found: dict[tuple[str, str], Tree] = {}
    for kind, whole in fields.items():
        if kind != "format":
            found |= _of_kind(sheet, kind, whole)
    return found


def expanded(tree: Tree, parts: Parts, where: str) -> tuple[Tree, list[ScenarioError]]:
    """A scenario with its ``use`` filled in; the key stays, so that such a piece replaces what it overrides."""
    faults: list[ScenarioError] = []
    return tree.with_fields(
        {key: _filled(key, item, parts, where, faults) for key, item in tree.fields.items()}
    ), faults


def _of_kind(sheet: Sheet, kind: str, whole: Tree) -> dict[tuple[str, str], Tree]:
    if kind not in KINDS:
        near = get_close_matches(kind, KINDS, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(KINDS)}."
        raise sheet.error(f"there is no kind of parts {kind!r}.", (kind,), next=hint, key=True)
    if not isinstance(whole.value, dict):
        raise sheet.error("this should be a mapping of names to parts.", (kind,))
    for name, piece in whole.value.items():
        if not isinstance(piece.value, dict) or USE in piece.value:
            what = "a part should be a mapping, and uses no other part."
            raise sheet.error(what, (kind, name), next="Write its keys out.")
    return {(kind, name): piece for name, piece in whole.value.items()}


def _filled(key: str, tree: Tree, parts: Parts, where: str, faults: list[ScenarioError]) -> Tree:
    if key in NAMED and isinstance(tree.value, list):
        return replace(tree, value=[_piece(key, item, parts, where, faults) for item in tree.value])
    return _piece(SINGLE[key], tree, parts, where, faults) if key in SINGLE else tree


def _piece(kind: str, piece: Tree, parts: Parts, where: str, faults: list[ScenarioError]) -> Tree:
    if not isinstance(piece.value, dict):
        return piece
    inner = {key: _filled(key, item, parts, where, faults) for key, item in piece.value.items()}
    if USE not in inner:
        return piece.with_fields(inner)
    name = inner[USE].text or ""
    if (kind, name) not in parts:
        faults.append(_unknown(kind, name, parts, inner[USE].place, where))
        return piece
    part = _with_name(kind, name, parts[kind, name])
    if part.place.where.startswith(LIBRARY):
        part = part.moved(inner[USE].place)  # parts of the library are right; what does not fit is their use
    own = {key: item for key, item in inner.items() if key != USE}
    made = merged(part, piece.with_fields(own))
    return made.with_fields({**made.fields, USE: inner[USE]})


def _with_name(kind: str, name: str, part: Tree) -> Tree:
    """The part, with its name for its own if it states none; a consequence is called by its kind."""
    fields = part.fields
    same = kind == "consequences" and "kind" in fields and fields["kind"].text == name
    if "name" in fields or same or kind == "monitoring":
        return part
    return part.with_fields({"name": Tree(name, part.key or part.place), **fields})


def _unknown(kind: str, name: str, parts: Parts, place: Place, where: str) -> ScenarioError:
    menu = sorted(each for of, each in parts if of == kind)
    near = get_close_matches(name, menu, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(menu) or 'none'}."
    return fault(f"there is no part {name!r} among {kind}.", place, where, hint)
