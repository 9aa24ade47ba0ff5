"""Which repeat of its request a record is, counted over the parts of a file."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

KEY: Final = np.dtype("S16")
"""16 bytes that say of what a record is a repeat. All are of one length, so that NULs at their end do no harm."""


class Repeats:
    """Counts repeats over the parts of a file, at 24 bytes for each request that is asked there."""

    def __init__(self) -> None:
        self._kinds, self._counts = np.empty(0, KEY), np.empty(0, np.int64)

    def numbered(self, keys: NDArray[np.bytes_]) -> NDArray[np.int64]:
        """For each key, how often it came before, in this part and in those before it."""
        if not len(keys):
            return np.empty(0, np.int64)
        kinds, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        order = np.argsort(inverse, kind="stable")
        first = np.cumsum(counts) - counts
        rank = np.empty(len(keys), np.int64)
        rank[order] = np.arange(len(keys)) - np.repeat(first, counts)
        return rank + self._grown(kinds, counts)[inverse]

    def _grown(self, kinds: NDArray[np.bytes_], counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """How often each of these sorted kinds was counted before; they are counted now."""
        at = np.searchsorted(self._kinds, kinds)
        there = np.zeros(len(kinds), bool)
        inside = at < len(self._kinds)
        there[inside] = self._kinds[at[inside]] == kinds[inside]
        before = np.zeros(len(kinds), np.int64)
        before[there] = self._counts[at[there]]
        self._counts[at[there]] += counts[there]
        self._kinds = np.insert(self._kinds, at[~there], kinds[~there])
        self._counts = np.insert(self._counts, at[~there], counts[~there])
        return before
