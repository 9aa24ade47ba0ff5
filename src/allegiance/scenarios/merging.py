"""One world on top of another: named pieces merge by name, the rest by key; pieces can be left out by address.

A piece that stands in a list is known by its name: see `identity`. Lists of such pieces merge piece by piece; new
ones come last, unless the list names every inherited piece, and then it also sets the order. Other lists replace
what was there. A piece that is made from a part (it has the key ``use``) replaces the inherited one as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from allegiance.scenarios.nodes import Place, Tree

_NOTHING = Tree(None, Place(0, 0))
USE = "use"
SINGLE = {"persona": "personas", "consequence": "consequences", "monitoring": "monitoring"}
"""Key of a single piece → the kind of part that fits there. For lists of pieces, kind and key are the same."""
NAMED = frozenset({
    "principals", "intents", "personas", "story", "readers", "consequences", "tiers", "escalations",
    "opportunities", "examples", "menu", "requests", "turns", "probes", "system", "succession", "orders", "marks",
})  # fmt: skip
"""Keys of lists of named pieces; ``orders`` stands in intents, ``marks`` in tiers."""
_HEADS = {
    "principal": "principals", "intent": "intents", "persona": "personas", "story": "story", "reader": "readers",
    "consequence": "consequences", "tier": "tiers", "escalation": "escalations", "opportunity": "opportunities",
    "example": "examples", "menu": "menu", "request": "requests", "turn": "turns", "probe": "probes",
    "system": "system", "succession": "succession", "factor": "factors", "grid": "grid", "grids": "grids",
    "name": "names",
}  # fmt: skip


def identity(key: str, piece: Tree) -> str | None:
    """What tells a piece from the others in the list under `key`; None if it has nothing of the kind."""
    fields = piece.fields
    if key == "succession":
        both = [fields[end].text for end in ("from", "to") if end in fields]
        return ".".join(end for end in both if end) if len(both) == 2 and all(both) else None
    for name in {"requests": ("id",), "menu": ("word",), "marks": ("kind",), "consequences": ("name", "kind")}.get(
        key, ("name",)
    ):
        if name in fields and fields[name].text:
            return fields[name].text
    return None


def merged(base: Tree, own: Tree, key: str = "") -> Tree:
    """`own` on top of `base`; places are those of whoever said it last."""
    if isinstance(own.value, dict) and _piece(key) and USE in own.value:
        return own.with_fields({name: item for name, item in own.value.items() if name != USE})
    if isinstance(own.value, dict) and (own.value or not key):  # an empty mapping under a key says: nothing
        under = base.fields
        fields = {name: merged(under.get(name, _NOTHING), item, name) for name, item in own.value.items()}
        return own.with_fields({name: fields.get(name, under.get(name, _NOTHING)) for name in under | fields})
    if isinstance(own.value, list) and own.value and key in NAMED:
        return _merged_list(base, own, key)
    return own


def without(tree: Tree, address: str) -> Tree | None:
    """The tree less the piece at an address, or less a whole key; None if there is no such thing."""
    if address in tree.fields:
        return tree.with_fields({name: item for name, item in tree.fields.items() if name != address})
    head, _, name = address.partition(".")
    if head == "order":
        return _without_order(tree, name)
    key = _HEADS.get(head, "")
    whole = tree.fields.get(key)
    if whole is None or not name:
        return None
    if isinstance(whole.value, dict):
        kept: dict[str, Tree] | list[Tree] = {each: item for each, item in whole.value.items() if each != name}
    else:
        kept = [item for item in whole.items if identity(key, item) != name]
    if not isinstance(whole.value, dict | list) or len(kept) == len(whole.value):
        return None
    return tree.with_fields(tree.fields | {key: Tree(kept, whole.place, whole.key)})


def pieces(tree: Tree) -> Iterator[str]:
    """Addresses of all that can be left out of a tree."""
    for head, key in _HEADS.items():
        whole = tree.fields.get(key, _NOTHING)
        names = [identity(key, item) for item in whole.items] if key in NAMED else list(whole.fields)
        yield from (f"{head}.{name}" for name in names if name)
    for intent in tree.fields.get("intents", _NOTHING).items:
        orders = intent.fields.get("orders", _NOTHING).items
        yield from (f"order.{name}" for order in orders if (name := identity("orders", order)))
    yield from tree.fields


def _piece(key: str) -> bool:
    return key in NAMED or key in SINGLE


def _merged_list(base: Tree, own: Tree, key: str) -> Tree:
    under = {identity(key, item): item for item in base.items}
    names = [identity(key, item) for item in own.items]
    if None in under or None in names or len(set(names)) < len(names):
        return Tree([merged(_NOTHING, item, key) for item in own.items], own.place, own.key)
    mine = {name: merged(under.get(name, _NOTHING), item, key) for name, item in zip(names, own.items, strict=True)}
    order = names if set(under) <= set(names) else [*under, *(name for name in names if name not in under)]
    return Tree([mine[name] if name in mine else under[name] for name in order], own.place, own.key)


def _without_order(tree: Tree, name: str) -> Tree | None:
    intents = tree.fields.get("intents", _NOTHING)
    for index, intent in enumerate(intents.items):
        orders = intent.fields.get("orders", _NOTHING)
        kept = [order for order in orders.items if identity("orders", order) != name]
        if len(kept) < len(orders.items):
            fewer = intent.with_fields(intent.fields | {"orders": Tree(kept, orders.place, orders.key)})
            items = [*intents.items[:index], fewer, *intents.items[index + 1 :]]
            return tree.with_fields(tree.fields | {"intents": Tree(items, intents.place, intents.key)})
    return None
