"""Where each transcript is: name → segment, row group, row; memory-mapped, derived, and never believed.

    corpus/index/places/<hex of the segment>.places

One file a segment: a header of 64 bytes (`_HEAD`: magic, rows, CRC-32 of the rest, digest of the segment); then,
for its rows in order of name, the first 8 bytes of each name as a number, all 32 of each name, row group and row.

All of it follows from the segment, so it may be deleted at any time, and two processes may make it at once. What is
found here is read from the segment and named again before anybody gets it; what is not found here is looked for a
second time after the check sums of these files were compared.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from allegiance.corpus import segments
from allegiance.corpus.digests import Digests, hexed, ordered, packed, texts
from allegiance.corpus.files import PARTIAL
from allegiance.errors import CorpusDamaged

FOLDER = "index/places"
SUFFIX = ".places"
_HEAD = struct.Struct("<8sQQ32s8x")
_MAGIC = b"places/1"
_KEY, _SPOT = np.dtype("<u8"), np.dtype("<u4")
_ROW_BYTES = 8 + 32 + 8


@dataclass(frozen=True)
class Place:
    """Where a transcript is: digest of the segment, row group, row in the group."""

    segment: str
    group: int
    row: int


@dataclass(frozen=True)
class Held:
    """A segment whose transcripts are to be found: its digest, its file, its number of rows."""

    digest: str
    path: Path
    rows: int


@dataclass(frozen=True)
class _Index:
    """The index of one segment: for its rows in order of names, first 8 bytes, all 32, and (group, row)."""

    keys: NDArray[np.uint64]
    names: Digests
    spots: NDArray[np.uint32]


class Places:
    """The places of all transcripts of some segments. Cheap to make; reads an index when it is first needed."""

    def __init__(self, folder: Path, held: Sequence[Held]) -> None:
        """Nothing is read yet.

        Args:
            folder: The folder of the corpus.
            held: The segments.
        """
        self.folder, self.held = folder / FOLDER, tuple(held)
        self._indexes: dict[str, _Index] = {}
        self._sure = False

    def __len__(self) -> int:
        return sum(each.rows for each in self.held)

    def has(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """Whether each of these names (``sha256:`` and 64 hex digits) is stored, in their order."""
        return self.has_digests(packed(names))

    def has_digests(self, wanted: Digests) -> NDArray[np.bool_]:
        """As `has`, for names as rows of 32 bytes."""
        self.make_sure()
        keys, at = self._merged
        found = np.zeros(len(wanted), bool)
        asked = _keys(wanted)
        spot = np.searchsorted(keys, asked)
        left = np.flatnonzero(spot < len(keys))
        while len(left):  # names that share their first 8 bytes with another stand side by side
            left = left[keys[spot[left]] == asked[left]]
            found[left] = (self._digests_at(at[spot[left]]) == wanted[left]).all(axis=1)
            spot[left] += 1
            left = left[~found[left] & (spot[left] < len(keys))]
        return found

    def find(self, name: str) -> Place | None:
        """Where a transcript is, as far as the indexes know; None if it is in none of these segments."""
        wanted = packed([name])
        place = self._find(wanted)
        if place is None and not self._sure:
            self.make_sure()
            place = self._find(wanted)
        return place

    def prefix(self, prefix: str, limit: int = 1000) -> list[str]:
        """The names that start with this, sorted; the first `limit` of each segment at most."""
        self.make_sure()
        digits = prefix.removeprefix("sha256:")
        if len(digits) > 64 or not set(digits) <= set("0123456789abcdef"):
            return []
        low, high = (np.uint64(int(digits[:16].ljust(16, fill), 16)) for fill in "0f")
        found: list[str] = []
        for each in self.held:
            index = self._index(each)
            begin, end = np.searchsorted(index.keys, low), np.searchsorted(index.keys, high, "right")
            fitting = (name for name in texts(index.names[begin:end]) if name.startswith(f"sha256:{digits}"))
            found += [name for name, _ in zip(fitting, range(limit), strict=False)]
        return sorted(found)

    def digests(self) -> Digests:
        """All names as rows of 32 bytes, sorted."""
        self.make_sure()
        return ordered(np.concatenate([hexed([]), *(self._index(each).names for each in self.held)]))

    def by_segment(self) -> Iterator[tuple[str, Digests]]:
        """The digest of each segment with the names in it, sorted, as rows of 32 bytes."""
        self.make_sure()
        yield from ((each.digest, self._index(each).names) for each in self.held)

    def differing(self, names: Mapping[str, Digests]) -> list[Path]:
        """The index files that do not hold exactly these names (digest of a segment → its names). Makes none."""
        found = []
        for each in self.held:
            data, path = self._read(each), self._file(each.digest)
            if data is None:
                found += [path] if path.exists() else []
            elif _sum(data) != _head(data)[2] or not np.array_equal(
                _parted(data, each.rows).names, ordered(names[each.digest])
            ):
                found.append(path)
        return found

    def forget(self, segment: str) -> None:
        """Throws the index of a segment away, on disk too; it is made again when it is next needed."""
        self._indexes.pop(segment, None)
        self.__dict__.pop("_merged", None)
        self._file(segment).unlink(missing_ok=True)

    def make_sure(self) -> None:
        """Compares the check sum of every index once, and makes those again that are wrong."""
        if self._sure:
            return
        for each in self.held:
            data = self._read(each)
            if data is None or _sum(data) != _head(data)[2]:
                self.forget(each.digest)
                self._index(each)
        self._sure = True

    def _find(self, wanted: Digests) -> Place | None:
        key = _keys(wanted)[0]
        for each in self.held:
            index = self._index(each)
            at = int(np.searchsorted(index.keys, key))
            while at < len(index.keys) and index.keys[at] == key:
                if bytes(index.names[at]) == bytes(wanted[0]):
                    return Place(each.digest, int(index.spots[at, 0]), int(index.spots[at, 1]))
                at += 1
        return None

    @cached_property
    def _merged(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """The first 8 bytes of all names in order, and the number of each row over all segments."""
        keys = np.concatenate([np.empty(0, _KEY), *(self._index(each).keys for each in self.held)])
        order = np.argsort(keys, kind="stable")
        return keys[order], order

    def _digests_at(self, numbers: NDArray[np.int64]) -> Digests:
        """The names of rows that are given by their number over all segments."""
        made = np.empty((len(numbers), 32), np.uint8)
        starts = np.cumsum([0, *(each.rows for each in self.held)])
        owner = np.searchsorted(starts, numbers, "right") - 1
        for number in np.unique(owner):
            mine = owner == number
            made[mine] = self._index(self.held[number]).names[numbers[mine] - starts[number]]
        return made

    def _index(self, held: Held) -> _Index:
        if held.digest not in self._indexes:
            data = self._read(held)
            self._indexes[held.digest] = _parted(self._made(held) if data is None else data, held.rows)
        return self._indexes[held.digest]

    def _read(self, held: Held) -> NDArray[np.uint8] | None:
        """The bytes of the index of a segment, mapped; None if there is none, or not one of this segment."""
        try:
            data: NDArray[np.uint8] = np.memmap(self._file(held.digest), np.uint8, "r")
        except (OSError, ValueError):
            return None
        if len(data) != _HEAD.size + held.rows * _ROW_BYTES:
            return None
        magic, rows, _, digest = _head(data)
        fits = (magic, rows, digest.hex()) == (_MAGIC, held.rows, held.digest.removeprefix("sha256:"))
        return data if fits else None

    def _made(self, held: Held) -> NDArray[np.uint8]:
        """The bytes of the index of a segment, made from it and kept on disk if that can be written."""
        data = _bytes(held)
        path = self._file(held.digest)
        partial = path.with_name(f"{PARTIAL}{os.getpid()}-{path.name}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
            partial.replace(path)
        except OSError:
            partial.unlink(missing_ok=True)  # a read-only study is read without
        return np.frombuffer(data, np.uint8)

    def _file(self, segment: str) -> Path:
        return self.folder / f"{segment.removeprefix('sha256:')}{SUFFIX}"


def _bytes(held: Held) -> bytes:
    """The index of a segment as it stands on disk."""
    groups = segments.names(held.path)
    try:
        names = packed([name for group in groups for name in group])
    except ValueError:
        raise CorpusDamaged("this segment holds a name that is none.", where=str(held.path)) from None
    if len(names) != held.rows:
        raise CorpusDamaged(
            f"this segment has {len(names)} rows; the manifest says {held.rows}.", where=str(held.path)
        )
    spots = np.empty((len(names), 2), _SPOT)
    spots[:, 0] = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    spots[:, 1] = np.concatenate([np.empty(0, _SPOT), *(np.arange(len(group)) for group in groups)])
    order = np.lexsort(np.ascontiguousarray(names).view(">u8").T[::-1])
    names, spots = names[order], spots[order]
    body = _keys(names).astype(_KEY).tobytes() + names.tobytes() + spots.tobytes()
    digest = bytes.fromhex(held.digest.removeprefix("sha256:"))
    return _HEAD.pack(_MAGIC, len(names), zlib.crc32(body), digest) + body


def _head(data: NDArray[np.uint8]) -> tuple[bytes, int, int, bytes]:
    """Magic, number of rows, check sum and digest of the segment."""
    magic, rows, told, digest = _HEAD.unpack(data[: _HEAD.size].tobytes())
    return magic, rows, told, digest


def _sum(data: NDArray[np.uint8]) -> int:
    """The check sum of all but the header."""
    return zlib.crc32(data[_HEAD.size :].data)


def _parted(data: NDArray[np.uint8], rows: int) -> _Index:
    """An index from its bytes, without a copy."""
    plain = data.view(np.ndarray)[_HEAD.size :]
    return _Index(
        keys=plain[: rows * 8].view(_KEY),
        names=plain[rows * 8 : rows * 40].reshape(rows, 32),
        spots=plain[rows * 40 :].view(_SPOT).reshape(rows, 2),
    )


def _keys(names: Digests) -> NDArray[np.uint64]:
    """The first 8 bytes of each name as a number that sorts as the name does."""
    return np.ascontiguousarray(names[:, :8]).view(">u8").reshape(-1).astype(np.uint64)
