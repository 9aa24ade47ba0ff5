"""Ticket order, algorithm ``ticket/1``: who is drawn follows from what was committed, and anyone can redo it.

The seed is SHA-256(``draw-seed-v1`` ‖ canonical form of ``{algorithm, counter, members}``) of the commitment: the
count of draws so far and the set drawn from; with ``scores``, the digest of the scores, where the design rests on
them. How the set is described, and how many are drawn, do not enter: they
could be varied until a seed pleases. So draws of different sizes from one set and count are prefixes of one order.

The ticket of an item is the least of SHA-256(seed ‖ 0x1F ‖ name ‖ 0x1F ‖ j) over 0 ≤ j < weight, with j in decimal
digits; the order is by ticket, then by name. The order restricted to a subset is the draw of that subset.
`tests/vectors/tickets.json` pins the bytes. The scheme follows the sampling of
risk-limiting audits (Rivest's consistent sampling), with integer weights as an exponential race.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from allegiance.records.canonical import canonical
from allegiance.records.draw import Commitment

_UNIT = b"\x1f"
_LAST = b"\xff" * 32
_CHUNK = 8_192
"""Tickets in memory at a time, beside the best."""


def seed_of(commitment: Commitment) -> bytes:
    """The 32-byte seed that follows from a commitment."""
    fixed = {
        "algorithm": commitment.algorithm,
        "counter": commitment.counter,
        "members": commitment.frame.members,
    }
    if commitment.design.scores:
        fixed["scores"] = commitment.design.scores
    return hashlib.sha256(b"draw-seed-v1" + canonical(fixed)).digest()


def ticket(seed: bytes, name: str, weight: int = 1) -> bytes:
    """The ticket of one item; an item of weight w has w chances at a low one."""
    start = hashlib.sha256(seed + _UNIT + name.encode() + _UNIT)
    return min(_finish(start, j) for j in range(weight))


def order(seed: bytes, names: Iterable[str], weights: Mapping[str, int] | None = None) -> list[str]:
    """The names in ticket order; all weights 1 if none are given."""
    given = weights or {}
    return [name for _, name in sorted((ticket(seed, name, given.get(name, 1)), name) for name in set(names))]


def first(seed: bytes, names: Sequence[bytes], n: int, weights: Sequence[int] | None = None) -> list[bytes]:
    """The first `n` of the different names (UTF-8) in ticket order, as `order` has them: a heap, not a sort.

    What it costs is the hashes, one for each name and unit of weight: about half a microsecond each.
    """
    best: list[tuple[bytes, bytes]] = []
    step = _CHUNK if n < len(names) // 4 else max(1, len(names))
    for start in range(0, len(names), step):
        part = names[start : start + step]
        made = _tickets(seed, part, None if weights is None else weights[start : start + step])
        worst = best[-1][0] if len(best) >= n > 0 else _LAST
        starts = np.frombuffer(b"".join(made), ">u8")[::4]
        near = [(made[i], part[i]) for i in np.flatnonzero(starts <= int.from_bytes(worst[:8])).tolist()]
        best = heapq.nsmallest(n, set(near).union(best))
    return [name for _, name in best]


def _tickets(seed: bytes, names: Sequence[bytes], weights: Sequence[int] | None) -> list[bytes]:
    """The ticket of each name, by the shortest way to it."""
    sha, before, once = hashlib.sha256, seed + _UNIT, _UNIT + b"0"
    if weights is None:
        return [sha(before + name + once).digest() for name in names]
    ends = [_UNIT + str(j).encode() for j in range(max(weights, default=0))]
    until = [ends[:weight] for weight in range(len(ends) + 1)]
    return [
        min([sha(start + end).digest() for end in until[weight]])
        for start, weight in zip(map(before.__add__, names), weights, strict=True)
    ]


def _finish(start: hashlib._Hash, j: int) -> bytes:
    tail = start.copy()
    tail.update(str(j).encode())
    return tail.digest()
