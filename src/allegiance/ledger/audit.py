"""What is wrong with a log: all of it is read, and the tree worked out anew from the entries.

The tree that is kept beside the entries remembers what was acknowledged. Against it, an entry that was rewritten,
moved, lost or cut off shows. Whoever rewrites entries *and* tree leaves nothing to see here; a checkpoint published
elsewhere still shows it (`anchors`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import msgspec

from allegiance.ledger import merkle, tree
from allegiance.ledger.entry import Entry
from allegiance.ledger.tree import Place
from allegiance.records.canonical import canonical

Row = tuple[int, str, bytes]
"""Number, kind and stored bytes of an entry."""

TOLD = 20
"""Most findings of one run that are told one by one."""


def audit(rows: Sequence[Row], stored: Mapping[Place, bytes]) -> list[str]:
    """What is wrong with these entries and this tree; empty if nothing.

    Args:
        rows: All entries in order.
        stored: All nodes; none for a database that has none yet.
    """
    found = _findings(rows, stored)
    told = list(islice(found, TOLD))
    rest = sum(1 for _ in found)
    return [*told, f"the log has {rest} more faults of the kinds above"] if rest else told


def _findings(rows: Sequence[Row], stored: Mapping[Place, bytes]) -> Iterator[str]:
    size = sum(level == 0 for level, _ in stored)
    leaves = [merkle.leaf_hash(data) for _, _, data in rows]
    known = {stored.get((0, place), b""): place for place in range(size)}
    gaps = list(_gaps([seq for seq, _, _ in rows], size))
    yield from gaps
    sound = not gaps
    for (seq, kind, data), leaf in zip(rows, leaves, strict=True):
        fault = _moved(seq, leaf, stored, known) or _fault(seq, kind, data)
        sound = sound and not fault
        if fault:
            yield fault
    if sound:
        yield from _other_tree(leaves, stored, size)
        yield from _other_heads(rows, tree.all_nodes(leaves))


def _gaps(numbers: Sequence[int], size: int) -> Iterator[str]:
    """Tells which entries are missing."""
    end = numbers[-1] + 1 if numbers else 0
    for first, last in _runs(sorted(set(range(end)) - set(numbers))):
        yield f"log entry {first} is missing" if first == last else f"log entries {first} to {last} are missing"
    if size > end:
        yield f"the log was cut off: its tree has {size} entries, and it ends after {end}"


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for i, number in enumerate(numbers):
        if i + 1 == len(numbers) or numbers[i + 1] != number + 1:
            yield numbers[start], number
            start = i + 1


def _moved(seq: int, leaf: bytes, stored: Mapping[Place, bytes], known: Mapping[bytes, int]) -> str:
    """How an entry is not the one that was acknowledged, if the tree knows of it."""
    told = stored.get((0, seq))
    if told is None or told == leaf:
        return ""
    if leaf in known:
        return f"log entry {seq} is out of place: it was written as entry {known[leaf]}"
    return f"log entry {seq} was rewritten: it hashes to {leaf.hex()[:16]}…, and was logged as {told.hex()[:16]}…"


def _fault(seq: int, kind: str, data: bytes) -> str:
    """What is wrong with an entry in itself."""
    try:
        entry = msgspec.json.decode(data, type=Entry)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"log entry {seq} cannot be read: {error}"
    if entry.seq != seq:
        return f"log entry {seq} is out of place: it says that it is entry {entry.seq}"
    if entry.kind != kind:
        return f"log entry {seq} is listed as {kind!r}, and is {entry.kind!r}"
    return "" if canonical(entry) == data else f"log entry {seq} is not in canonical form"


def _other_tree(leaves: Sequence[bytes], stored: Mapping[Place, bytes], size: int) -> Iterator[str]:
    expected = tree.all_nodes(leaves[:size])
    odd = sorted(at for at in expected.keys() | stored.keys() if expected.get(at) != stored.get(at))
    for level, place in odd:
        yield f"node {place} of level {level} of the log's tree does not follow from the entries"


def _other_heads(rows: Sequence[Row], nodes: Mapping[Place, bytes]) -> Iterator[str]:
    """Tells of anchors in the log that name another root than its entries have."""
    for seq, kind, data in rows:
        if kind != "anchor":
            continue
        body = msgspec.json.decode(data, type=Entry).body
        size, root = body.get("size"), body.get("root")
        if not isinstance(size, int) or not 0 <= size <= seq:
            yield f"log entry {seq} is an anchor of {size} entries, which there were not"
            continue
        now = merkle.join([nodes[part] for part in merkle.parts(0, size)]).hex()
        if now != root:
            yield f"the log was forked: entry {seq} anchored {size} entries with root {root}; theirs is {now}"
