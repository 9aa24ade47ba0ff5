"""Keys of the document, resolved before anything is typed: what a scenario extends, leaves out, uses and reads.

None of them is part of the record, so that the same world has the same version wherever its files lie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TypeVar

from allegiance.errors import AllegianceError, ScenarioError
from allegiance.scenarios import parts as parts_
from allegiance.scenarios.files import Origin, beside, is_path, library_parts, origin, shipped
from allegiance.scenarios.merging import merged, pieces, without
from allegiance.scenarios.nodes import Path as Spot
from allegiance.scenarios.nodes import Place, Sheet, Tree, read
from allegiance.scenarios.sources import noted, request_source, requests_from, system_from, system_source

KEYS = ("extends", "without", "parts", "requests_from", "system_from")
"""Keys of the document."""
MAX_CHAIN = 20
"""Most worlds that build on each other."""

T = TypeVar("T")


@dataclass(frozen=True)
class Resolved:
    """A scenario with the keys of the document carried out.

    Attributes:
        sheet: Only keys of the record are left.
        faults: What went wrong with the others.
        parts: The parts that were at hand.
        notes: On files that requests came from.
    """

    sheet: Sheet
    faults: tuple[ScenarioError, ...] = ()
    parts: parts_.Parts | None = None
    notes: tuple[str, ...] = ()


def resolved(source: Origin) -> Resolved:
    """A scenario as written, with the keys of the document carried out.

    Raises:
        ScenarioError: The text is not YAML, or no mapping.
    """
    made = _Resolver(source, (source.identity,)).run()
    if not made.notes or made.faults:
        return made
    fields = made.sheet.tree.fields
    told = fields.get("source", Tree("", made.sheet.tree.place))
    source_tree = Tree(noted(told.text or "", made.notes), told.place, told.key)
    return Resolved(Sheet(made.sheet.tree.with_fields({**fields, "source": source_tree}), made.sheet.where))


class _Resolver:
    """Carries out the keys of one document; those of what it extends first."""

    def __init__(self, source: Origin, chain: tuple[str, ...]) -> None:
        self.source, self.chain = source, chain
        self.sheet = read(source.text, source.where)
        self.faults: list[ScenarioError] = []
        self.notes: list[str] = []

    def run(self) -> Resolved:
        fields = self.sheet.tree.fields
        if not isinstance(self.sheet.tree.value, dict):
            advice = "It begins with: format: allegiance-scenario/1"
            raise self.sheet.error("a scenario is a mapping of keys to values.", (), next=advice)
        base = self._base()
        self.faults += base.faults
        self.notes += base.notes
        parts = self._parts(base.parts or parts_.of_library())
        under = self._thinned(base.sheet.tree)
        tree = self._with_system(self._with_requests(self.sheet.tree))
        tree, faults = parts_.expanded(tree, parts, self.source.where)
        self.faults += faults
        whole = merged(under, tree.with_fields({k: v for k, v in tree.fields.items() if k not in KEYS}))
        whole = self._named(whole, base.sheet.tree, fields)
        return Resolved(Sheet(whole, self.source.where), tuple(self.faults), parts, tuple(self.notes))

    def _base(self) -> Resolved:
        nothing = Resolved(Sheet(Tree({}, Place(0, 0))))
        tree = self.sheet.tree.fields.get("extends")
        if tree is None:
            return nothing
        name = self._text(("extends",), tree)
        made = self._try(("extends",), partial(self._extended, name)) if name else None
        return made or nothing

    def _extended(self, name: str) -> Resolved:
        found = origin(name, self.source.folder)
        if found.identity in self.chain or len(self.chain) > MAX_CHAIN:
            raise ScenarioError(self._chain_told(found), next="Let one of them stand on its own.")
        made = _Resolver(found, (*self.chain, found.identity)).run()
        if found.identity.startswith("library:"):  # a world of the library is right; what does not fit is done here
            tree = made.sheet.tree.moved(self.sheet.tree.fields["extends"].place)
            return replace(made, sheet=Sheet(tree, made.sheet.where))
        return made

    def _chain_told(self, found: Origin) -> str:
        if found.identity not in self.chain:
            return f"more than {MAX_CHAIN} worlds build on each other."
        circle = [*self.chain[self.chain.index(found.identity) :], found.identity]
        told = " → ".join(Path(each.removeprefix("library:")).stem for each in circle)
        return f"extends goes in a circle: {told}."

    def _parts(self, known: parts_.Parts) -> parts_.Parts:
        found = dict(known)
        for index, tree in enumerate(self._listed("parts")):
            name = self._text(("parts", index), tree)
            read_parts = self._try(("parts", index), partial(self._part_file, name)) if name else None
            found |= read_parts or {}
        return found

    def _part_file(self, name: str) -> parts_.Parts:
        if is_path(name):
            return parts_.from_file(beside(self.source.folder, name), name)
        if name not in library_parts():
            near = get_close_matches(name, library_parts(), n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(library_parts())}."
            raise ScenarioError(f"there is no file of parts {name!r}.", next=hint)
        return parts_.from_file(shipped() / "parts" / f"{name}.yaml", f"{parts_.LIBRARY}{name}.yaml")

    def _with_requests(self, tree: Tree) -> Tree:
        for index, entry in enumerate(self._listed("requests_from")):
            source, faults = request_source(self.sheet, index)
            self.faults += faults
            if source is None:
                continue
            spot: Spot = ("requests_from", index, "file")
            path = self._try(spot, partial(beside, self.source.folder, source.file))
            found = self._try(spot, partial(requests_from, path, source, links=False)) if path else None
            if found:
                self.notes.append(found[1])
                tree = _appended(tree, "requests", found[0].items, entry)
        return tree

    def _with_system(self, tree: Tree) -> Tree:
        for index, entry in enumerate(self._listed("system_from")):
            source, faults = system_source(self.sheet, index)
            self.faults += faults
            if source is None:
                continue
            spot: Spot = ("system_from", index, "file")
            path = self._try(spot, partial(beside, self.source.folder, source.file))
            text = self._try(spot, partial(system_from, path, source)) if path else None
            if text is not None:
                fields = {key: entry.fields[key] for key in entry.fields if key in {"name", "when"}}
                made = entry.with_fields({**fields, "text": Tree(text, entry.place)})
                tree = _appended(tree, "system", [made], entry)
        return tree

    def _thinned(self, base: Tree) -> Tree:
        if not base.fields and "extends" in self.sheet.tree.fields:
            return base  # what is wrong with it was said
        for index, tree in enumerate(self._listed("without")):
            address = self._text(("without", index), tree)
            if not address:
                continue
            fewer = without(base, address)
            if fewer is None:
                menu = tuple(pieces(base))
                near = get_close_matches(address, menu, n=1)
                hint = f"Did you mean {near[0]!r}?" if near else "Addresses are like story.NAME or request.ID."
                what = f"nothing is inherited under the address {address!r}."
                self.faults.append(self.sheet.error(what, ("without", index), next=hint))
            else:
                base = fewer
                self.notes = [] if address == "requests" else self.notes
        return base

    def _named(self, tree: Tree, base: Tree, own: dict[str, Tree]) -> Tree:
        """The tree with a name of its own: the one written, else that of the file."""
        inherited = base.fields.get("name")
        if "name" not in own:
            fields = {key: item for key, item in tree.fields.items() if key != "name"}
            name = {"name": Tree(self.source.stem, tree.place)} if self.source.stem else {}
            tree = tree.with_fields(name | fields)
        mine = tree.fields.get("name")
        if inherited is not None and mine is not None and mine.value == inherited.value:
            what = f"this world has the name of the one that it extends: {inherited.text!r}."
            spot: Spot = ("name",) if "name" in own else ("extends",)
            self.faults.append(
                self.sheet.error(what, spot, next="Give it a name of its own, for example: name: mine")
            )
        return tree

    def _listed(self, key: str) -> list[Tree]:
        tree = self.sheet.tree.fields.get(key)
        if tree is None:
            return []
        if not isinstance(tree.value, list):
            self.faults.append(self.sheet.error("this should be a list.", (key,), next="Put - before each item."))
        return tree.items

    def _text(self, spot: Spot, tree: Tree) -> str:
        if not tree.text:
            self.faults.append(self.sheet.error("this should be text.", spot))
        return tree.text or ""

    def _try(self, spot: Spot, act: Callable[[], T]) -> T | None:
        """The outcome; an error is kept, at its own line if it has one, else at this place."""
        try:
            return act()
        except ScenarioError as error:
            placed = error.line > 0
            what = error.what if placed or not error.where else f"{error.where}: {error.what}"
            self.faults.append(error if placed else self.sheet.error(what, spot, next=error.next))
        except AllegianceError as error:
            self.faults.append(self.sheet.error(error.what, spot, next=error.next))
        return None


def _appended(tree: Tree, key: str, items: Sequence[Tree], entry: Tree) -> Tree:
    there = tree.fields.get(key, Tree([], entry.place))
    if not isinstance(there.value, list):
        return tree
    return tree.with_fields({**tree.fields, key: Tree([*there.value, *items], there.place, there.key)})
