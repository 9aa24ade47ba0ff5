"""The transcripts whose passages lie nearest to a vector: signs first, then the numbers.

The signs of a vector, 32 bytes for 256 numbers, are compared with those of every passage; the passages that agree
most are then measured by their cosine. Nothing has to be built for that beyond the signs, a filter costs nothing,
and one pass over 10^6 passages takes about ten milliseconds. The answer is exact up to `EXACT` passages, and nearly
so above it: how nearly is measured in `benchmarks/meaning.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from allegiance.corpus.digests import Digests, packed, texts
from allegiance.corpus.vectors.index import Index, Shelf, signs
from allegiance.records.encoder import Vectors

EXACT = 2_000
"""Passages that are measured by their cosine, at least."""
_PER_HIT = 20
_BLOCK = 65_536
_OUT = np.uint16(0xFFFF)


class Near(NamedTuple):
    """A transcript with its passage that is nearest.

    Attributes:
        name: The transcript.
        similarity: Cosine of the passage, from -1 to 1.
        message, part, start, end: Where the passage is; see `passages.Passage`.
    """

    name: str
    similarity: float
    message: int
    part: int
    start: int
    end: int


class Scope:
    """What of an index is searched: everything, or the transcripts of a filter that the index covers."""

    def __init__(self, index: Index, among: Collection[str] | None = None) -> None:
        """Looks the names up; takes about a tenth of a second for a million.

        Args:
            index: What can be searched.
            among: Names of the transcripts to search; all if None.
        """
        self.index = index
        self._among = None if among is None else frozenset(among)
        self._masks = [self._mask(shelf) for shelf in index.shelves]
        self.searched = index.searched if among is None else sum(int(m.sum()) for m in self._masks if m is not None)
        self.missing = index.missing if self._among is None else len(self._among) - self.searched

    def nearest(self, vector: Vectors, limit: int) -> list[Near]:
        """The nearest transcripts, nearest first; equals by name.

        Args:
            vector: What to be near to, of unit length, shape (width,).
            limit: How many at most.
        """
        shelves = self.index.shelves
        if not shelves or limit < 1:
            return []
        apart = np.concatenate([self._apart(at, vector) for at in range(len(shelves))])
        most = max(EXACT, _PER_HIT * limit)
        while True:
            chosen = _least(apart, most)
            found = self._measured(chosen, vector, limit)
            if len(found) >= limit or len(chosen) >= np.count_nonzero(apart != _OUT):
                return found
            most *= 4

    def like(self, vectors: Vectors, limit: int) -> list[Near]:
        """The transcripts that have, on average over some vectors, the nearest passages; with the nearest of them.

        Those are measured that are among the `EXACT` / 10 nearest to one of the vectors; all their passages count.

        Args:
            vectors: What to be near to, of unit length, shape (n, width).
            limit: How many at most.
        """
        most = max(EXACT // 10, limit)
        wanted = frozenset(near.name for vector in vectors for near in self.nearest(vector, most))
        found: list[Near] = []
        for shelf in self.index.shelves if wanted else ():
            rows = np.flatnonzero(np.isin(_first(shelf.names), _keys(wanted)))
            spots = np.flatnonzero(np.isin(shelf.rows, rows))
            of = np.searchsorted(shelf.starts, spots, side="right") - 1
            cosines = shelf.vectors[of].astype(np.float32) @ vectors.T
            for row in rows.tolist():
                own = shelf.rows[spots] == row
                nearest = cosines[own]
                place = int(spots[own][int(nearest.max(axis=1).argmax())])
                found.append(self._near(shelf, place, float(nearest.max(axis=0).mean())))
        return sorted((near for near in found if near.name in wanted), key=_order)[:limit]

    def _apart(self, at: int, vector: Vectors) -> npt.NDArray[np.uint16]:
        """In how many signs each vector of a shelf differs; `_OUT` where none of its transcripts is searched."""
        shelf, mask = self.index.shelves[at], self._masks[at]
        own = signs(vector[None, :], self.index.centre)[:, 0]
        made = np.empty(shelf.signs.shape[1], np.uint16)
        for low in range(0, len(made), _BLOCK):
            part = made[low : low + _BLOCK]
            part[:] = np.bitwise_count(shelf.signs[0, low : low + _BLOCK] ^ own[0])
            for column, bits in zip(shelf.signs[1:], own[1:], strict=True):
                part += np.bitwise_count(column[low : low + _BLOCK] ^ bits)
        if mask is not None and len(made):
            made[~np.logical_or.reduceat(mask[shelf.rows], shelf.starts[:-1])] = _OUT
        return made

    def _measured(self, chosen: npt.NDArray[np.int64], vector: Vectors, limit: int) -> list[Near]:
        """The best transcripts among those that have one of these vectors."""
        parts, first = [], 0
        for at, shelf in enumerate(self.index.shelves):
            last = first + len(shelf.vectors)
            own = chosen[np.searchsorted(chosen, first) : np.searchsorted(chosen, last)] - first
            parts.append(self._places(at, own, shelf.vectors[own].astype(np.float32) @ vector))
            first = last
        shelf_of = np.repeat(np.arange(len(parts)), [len(score) for score, _ in parts])
        scores = np.concatenate([score for score, _ in parts])
        at_place = np.concatenate([place for _, place in parts])
        return self._best(scores, shelf_of, at_place, limit)

    def _places(
        self, at: int, own: npt.NDArray[np.int64], cosines: Vectors
    ) -> tuple[Vectors, npt.NDArray[np.int64]]:
        """Cosine and index of each place of these vectors that is searched."""
        shelf, mask = self.index.shelves[at], self._masks[at]
        low = shelf.starts[own].astype(np.int64)
        counts = shelf.starts[own + 1] - low
        ends = np.cumsum(counts)
        place = np.arange(ends[-1] if len(ends) else 0) + np.repeat(low - (ends - counts), counts)
        scores = np.repeat(cosines, counts)
        if mask is None:
            return scores, place
        kept = mask[shelf.rows[place]]
        return scores[kept], place[kept]

    def _best(
        self, scores: Vectors, shelf_of: npt.NDArray[np.int64], place: npt.NDArray[np.int64], limit: int
    ) -> list[Near]:
        """The best places, one for each transcript; equals in the order of their names."""
        shelves = self.index.shelves
        parts = [shelf.rows[place[shelf_of == at]] for at, shelf in enumerate(shelves)]
        rows = np.concatenate(parts).astype(np.int64)
        order = np.lexsort((place, rows, shelf_of, -scores))
        _, once = np.unique((shelf_of[order] << 32) + rows[order], return_index=True)
        order = order[np.sort(once)]
        if len(order) > limit:
            order = order[scores[order] >= scores[order[limit - 1]]]
        found = [self._near(shelves[shelf_of[i]], int(place[i]), float(scores[i])) for i in order]
        if self._among is not None:
            found = [one for one in found if one.name in self._among]
        return sorted(found, key=_order)[:limit]

    def _near(self, shelf: Shelf, place: int, similarity: float) -> Near:
        row, *spot = (int(value) for value in shelf.places[place].tolist())
        return Near(texts(shelf.names[row : row + 1])[0], similarity, *spot)

    def _mask(self, shelf: Shelf) -> npt.NDArray[np.bool_] | None:
        """Which rows of a shelf are searched; None for all of them."""
        if self._among is None and not self.index.withdrawn:
            return None
        keys = _first(shelf.names)
        made = np.ones(len(keys), bool)
        if self._among is not None:
            made &= np.isin(keys, _keys(self._among))
        if self.index.withdrawn:
            made &= ~np.isin(keys, _keys(self.index.withdrawn))
        return made


def _least(apart: npt.NDArray[np.uint16], most: int) -> npt.NDArray[np.int64]:
    """Indexes of about `most` vectors that differ in the fewest signs: all up to a number of signs, in order."""
    counts = np.bincount(apart, minlength=1)[: int(_OUT)]
    reached = np.cumsum(counts)
    if not len(reached):
        return np.zeros(0, np.int64)
    cut = min(int(np.searchsorted(reached, most)), len(reached) - 1)
    return np.flatnonzero(apart <= cut)


def _order(near: Near) -> tuple[float, str]:
    return -near.similarity, near.name


def _keys(names: Collection[str]) -> npt.NDArray[np.uint64]:
    """The first 8 bytes of each name, as a number."""
    return _first(packed(sorted(names)))


def _first(names: Digests) -> npt.NDArray[np.uint64]:
    found: npt.NDArray[np.uint64] = np.ascontiguousarray(names[:, :8]).view("<u8")[:, 0]
    return found
