"""The nodes of the log's tree, kept beside its entries: a root or a proof needs a few of them, not the whole log.

A node is the hash of a complete subtree: node `place` of `level` covers the leaves from ``place << level`` to
before ``(place + 1) << level``. It never changes once written. Nodes are saved in one transaction with the entry
that completes them, and can all be worked out from the entries: `fsck` does. A database from before there were
nodes gets them with its next entry; until then, roots and proofs are worked out from the entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping, Sequence

import sqlalchemy as sa

from allegiance.errors import StudyError
from allegiance.ledger import merkle
from allegiance.ledger.database import events, nodes
from allegiance.ledger.merkle import Range

Place = tuple[int, int]
"""Level and place of a node."""

_LEVEL = 1 << 48
"""A node is stored under ``level * 2^48 + place``."""

_SIZE = sa.select(sa.func.max(nodes.c.node)).where(nodes.c.node < _LEVEL)
_SOME = sa.select(nodes.c.node, nodes.c.hash).where(nodes.c.node.in_(sa.bindparam("wanted", expanding=True)))
_MANY = 400
"""Most nodes asked for in one query."""


def size(connection: sa.Connection) -> int:
    """How many leaves the stored tree has."""
    if not sa.inspect(connection).has_table(nodes.name):
        return 0
    return _size(connection)


def every(connection: sa.Connection) -> dict[Place, bytes]:
    """All stored nodes."""
    if not sa.inspect(connection).has_table(nodes.name):
        return {}
    return {divmod(at, _LEVEL): node for at, node in connection.execute(sa.select(nodes))}


def extend(connection: sa.Connection, seq: int, leaf: bytes) -> None:
    """Adds the leaf of entry `seq`, and before it those of entries that the tree does not have yet.

    Raises:
        StudyError: The tree has more leaves than the log has entries before this one, or an entry is missing.
    """
    if nodes.name not in connection.info:  # once a transaction, which has its connection to itself
        nodes.create(connection, checkfirst=True)
        connection.info[nodes.name] = True
    have = _size(connection)
    if have > seq:
        raise StudyError(
            f"the log was cut off: it has {seq} entries, and its tree {have}. Nothing was added.",
            next="See `allegiance corpus fsck`, and restore the study from a backup.",
        )
    earlier = _leaves(connection, have, seq) if have < seq else []
    if have + len(earlier) != seq:
        raise StudyError(
            f"the log lacks {seq - have - len(earlier)} of its entries. Nothing was added.",
            next="See `allegiance corpus fsck`, and restore the study from a backup.",
        )
    edge = _stored(connection, merkle.parts(0, have))
    rows = [row for place, one in enumerate([*earlier, leaf], have) for row in grow(edge, place, one)]
    connection.execute(nodes.insert(), [{"node": _key(at), "hash": node} for at, node in rows])


def grow(edge: MutableMapping[Place, bytes], place: int, leaf: bytes) -> Iterator[tuple[Place, bytes]]:
    """The nodes that a new leaf completes, lowest first.

    Args:
        edge: The roots of the complete subtrees that the leaves before it make up; brought up to date.
        place: Number of the leaf, from 0.
        leaf: Its hash.
    """
    level, node = 0, leaf
    yield (level, place), node
    while place & 1:
        node = merkle.node_hash(edge.pop((level, place - 1)), node)
        level, place = level + 1, place >> 1
        yield (level, place), node
    edge[level, place] = node


def all_nodes(leaves: Iterable[bytes]) -> dict[Place, bytes]:
    """Every node over these leaves."""
    edge: dict[Place, bytes] = {}
    return {at: node for place, leaf in enumerate(leaves) for at, node in grow(edge, place, leaf)}


def roots(connection: sa.Connection, ranges: Sequence[Range], of: int) -> list[bytes]:
    """The roots over these ranges of the first `of` entries, from stored nodes if the tree has come that far."""
    if size(connection) < of:
        leaves = _leaves(connection, 0, of)
        return [merkle.root(leaves[low:high]) for low, high in ranges]
    split = [merkle.parts(low, high) for low, high in ranges]
    found = _stored(connection, [part for parts in split for part in parts])
    return [merkle.join([found[part] for part in parts]) for parts in split]


def as_bytes(stored: object) -> bytes:
    """What a column of bytes holds; somebody else's hand may have put text there."""
    return stored if isinstance(stored, bytes) else str(stored).encode(errors="surrogatepass")


def _key(at: Place) -> int:
    return at[0] * _LEVEL + at[1]


def _size(connection: sa.Connection) -> int:
    last = connection.scalar(_SIZE)
    return 0 if last is None else int(last) + 1


def _leaves(connection: sa.Connection, start: int, stop: int) -> list[bytes]:
    query = sa.select(events.c.entry).where(events.c.seq >= start, events.c.seq < stop).order_by(events.c.seq)
    return [merkle.leaf_hash(as_bytes(entry)) for entry in connection.scalars(query)]


def _stored(connection: sa.Connection, wanted: Sequence[Place]) -> dict[Place, bytes]:
    """These nodes.

    Raises:
        StudyError: One is missing.
    """
    found: dict[Place, bytes] = {}
    keys = [_key(at) for at in wanted]
    for start in range(0, len(keys), _MANY):
        rows = connection.execute(_SOME, {"wanted": keys[start : start + _MANY]})
        found |= {divmod(at, _LEVEL): node for at, node in rows}
    if lost := [at for at in wanted if at not in found]:
        raise StudyError(
            f"the tree of the log lacks node {lost[0][1]} of level {lost[0][0]}.",
            next="See `allegiance corpus fsck`, and restore the study from a backup.",
        )
    return found
