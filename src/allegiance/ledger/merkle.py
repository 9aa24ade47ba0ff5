"""Merkle trees as in RFC 6962, section 2.1: roots, inclusion proofs and consistency proofs.

A leaf hashes as SHA-256(0x00 ‖ data), a node as SHA-256(0x01 ‖ left ‖ right), so that neither can pass for the
other. All functions take and return raw 32-byte hashes.

A proof is the roots of certain ranges of leaves. Which ranges, follows from sizes and index alone
(`inclusion_ranges`, `consistency_ranges`); where their roots come from, all leaves in memory or a few stored nodes
(`tree`), is another matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

Range = tuple[int, int]
"""Leaves from the first number to before the second."""

EMPTY = hashlib.sha256(b"").digest()
"""The root over no leaves."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of one entry."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes; of none, the SHA-256 of nothing."""
    if not leaves:
        return EMPTY
    level = list(leaves)
    while len(level) > 1:
        pairs = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf `index`, from the leaf upward (RFC 6962, 2.1.1)."""
    return [root(leaves[low:high]) for low, high in inclusion_ranges(index, len(leaves))]


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges whose roots are the audit path of leaf `index` among `size`, from the leaf upward."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} among {size}")
    low, high, found = 0, size, list[Range]()
    while high - low > 1:
        middle = low + _split(high - low)
        found.append((middle, high) if index < middle else (low, middle))
        low, high = (low, middle) if index < middle else (middle, high)
    return found[::-1]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether `proof` shows that `leaf` is entry `index` of the tree of `size` entries with root `expected`."""
    if not 0 <= index < size:
        return False
    position, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position % 2 == 1 or position == last:
            node = node_hash(sibling, node)
            while position % 2 == 0 and position != 0:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and node == expected


def consistency_proof(leaves: Sequence[bytes], old: int) -> list[bytes]:
    """The proof that the first `old` leaves are a prefix of the tree (RFC 6962, 2.1.2); empty for 0 or all."""
    return [root(leaves[low:high]) for low, high in consistency_ranges(old, len(leaves))]


def consistency_ranges(old: int, size: int) -> list[Range]:
    """The ranges whose roots prove that the first `old` of `size` leaves are a prefix; none for 0 or all."""
    if not 0 <= old <= size:
        raise ValueError(f"{old} leaves are no prefix of {size}")
    low, high, found = 0, size, list[Range]()
    while 0 < old < high:
        middle = low + _split(high - low)
        found.append((middle, high) if old <= middle else (low, middle))
        low, high = (low, middle) if old <= middle else (middle, high)
    # The old tree itself is known to whoever checks, unless it is made of several parts.
    return [*([(low, high)] if low else []), *found[::-1]] if 0 < old < size else []


def parts(low: int, high: int) -> list[tuple[int, int]]:
    """The largest complete subtrees of a range, from left to right, as (level, index at that level).

    The range starts where a subtree of its size may start, as all ranges in proofs do.
    """
    found = []
    while low < high:
        level = (high - low).bit_length() - 1
        found.append((level, low >> level))
        low += 1 << level
    return found


def join(hashes: Sequence[bytes]) -> bytes:
    """The root over a range, from the roots of its `parts`."""
    if not hashes:
        return EMPTY
    *others, node = hashes
    for left in reversed(others):
        node = node_hash(left, node)
    return node


def extends(old: int, old_root: bytes, size: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree (`size`, `new_root`) begins with the tree (`old`, `old_root`)."""
    if old == size:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == root([])
    if not 0 < old < size or not proof:
        return False
    position, last = old - 1, size - 1
    while position % 2 == 1:
        position, last = position >> 1, last >> 1
    path = list(proof) if position else [old_root, *proof]
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position % 2 == 1 or position == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while position % 2 == 0 and position != 0:
                position, last = position >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)
