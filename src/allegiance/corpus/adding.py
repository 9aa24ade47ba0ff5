"""Adding rows of any number to a corpus: staged in segments that nobody sees, then made a version all at once.

Staged segments lie beside the others under names that start with `files.PARTIAL`. They are part of nothing: whoever
is stopped leaves them behind, and the next writer removes them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from allegiance.corpus import segments
from allegiance.corpus.added import Added
from allegiance.corpus.digests import Digests, packed, texts
from allegiance.corpus.files import PARTIAL, sync_directory
from allegiance.corpus.importers.units import Staged
from allegiance.corpus.rows import STORED
from allegiance.corpus.store import Corpus
from allegiance.records.manifest import Manifest, Segment

Mask = NDArray[np.bool_]
_PLACE = ("source_digest", "source_member", "source_record")


class Adding:
    """Rows on their way into a corpus, whose lock is held; staged in `folder`. Make it with `adding`."""

    def __init__(self, corpus: Corpus, before: Manifest) -> None:
        self.folder = corpus.folder / "segments"
        self._corpus, self._before = corpus, before
        self._staged: list[Staged] = []
        self._names: list[Digests] = []
        self._dropped = 0

    @property
    def names(self) -> Digests:
        """The names of all rows that were taken in, in order."""
        return np.concatenate([np.empty((0, 32), np.uint8), *self._names])

    def take(self, staged: Iterable[Staged], names: Digests) -> None:
        """Take in segments that were staged in the `folder`, and the names of their rows in order."""
        self._staged += staged
        self._names.append(names)

    def stage(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Stage rows of the schema `rows.STORED`, and take them in."""

        def told() -> Iterator[pa.RecordBatch]:
            for batch in batches:
                self._names.append(packed(batch.column("transcript_id").to_pylist()))
                yield batch

        for path, segment in segments.stage(self.folder, f"{os.getpid()}-{len(self._staged)}", told()):
            self._staged.append(Staged(path.name, segment.digest, segment.rows, segment.bytes))

    def fresh(self, dropped: Mask | None = None) -> Mask:
        """For each row, whether it is new here: not stored, not taken down, not before in what was taken in.

        Args:
            dropped: Rows that are not to be kept, whatever they are.
        """
        names = self.names
        kept = np.ones(len(names), bool) if dropped is None else ~dropped
        self._dropped = len(names) - int(kept.sum())
        kept &= ~self._corpus.places().has_digests(names)
        if gone := self._corpus.taken_down():
            kept &= ~_among(names, packed(gone))
        at = np.flatnonzero(kept)
        kept[at[_repeated(names[at])]] = False
        return kept

    def read_before(self, fresh: Mask) -> NDArray[np.int64]:
        """The fresh rows that come from a record of which the corpus has a transcript already, by their number."""
        if not self._before.segments:
            return np.empty(0, np.int64)
        mine = self._places([self.folder / one.file for one in self._staged]).filter(_bools(fresh))
        if not mine.num_rows:
            return np.empty(0, np.int64)
        told = mine["source_digest"].unique()
        held = (self._places([each.path]) for each in self._corpus.held(self._before.version, columns=True))
        theirs = [part.filter(pc.is_in(part["source_digest"], told)) for part in held]
        known = pa.concat_tables([mine.slice(0, 0), *theirs])
        found = pc.indices_nonzero(pc.is_in(_keys(mine), _keys(known))).to_pylist()
        rows: NDArray[np.int64] = np.flatnonzero(fresh)[np.array(found, np.int64)]
        return rows

    def publish(self, fresh: Mask) -> Added:
        """Make a version of the fresh rows beside those that are there; if there are none, the version stays.

        When this returns, they survive a loss of power.
        """
        names = self.names
        new = int(fresh.sum())
        version = self._before.version
        if new:
            written = list(self._revealed(fresh))
            sync_directory(self.folder)
            version = self._corpus.publish(self._corpus.grown(self._before, written, names[fresh])).version
        return Added(version, new, len(names) - self._dropped - new, Names(names))

    def clear(self) -> None:
        """Remove what is still staged."""
        for leftover in self.folder.glob(f"{PARTIAL}*"):
            leftover.unlink(missing_ok=True)

    def _revealed(self, fresh: Mask) -> Iterator[Segment]:
        """The segments of the fresh rows; those that hold others too are written anew without them."""
        start = 0
        for one in self._staged:
            keep = fresh[start : start + one.rows]
            start += one.rows
            partial = self.folder / one.file
            if keep.all():
                yield _settled(partial, Segment(digest=one.digest, rows=one.rows, bytes=one.bytes))
            elif keep.any():
                tag = f"{one.file.removeprefix(PARTIAL)}-kept"
                for path, segment in segments.stage(self.folder, tag, _filtered(partial, keep)):
                    yield _settled(path, segment)

    def _places(self, paths: Sequence[Path]) -> pa.Table:
        schema = pa.schema([STORED.field(name) for name in _PLACE])
        return pa.concat_tables([schema.empty_table(), *(segments.table([path], _PLACE, ()) for path in paths)])


class Names(Sequence[str]):
    """Names, kept as 32 bytes each."""

    def __init__(self, digests: Digests) -> None:
        self._digests = digests

    def __len__(self) -> int:
        return len(self._digests)

    def __getitem__(self, at):  # type: ignore[no-untyped-def]
        """The name at an index, or those of a slice."""
        found = texts(self._digests[at].reshape(-1, 32))
        return tuple(found) if isinstance(at, slice) else found[0]


@contextmanager
def adding(corpus: Corpus) -> Iterator[Adding]:
    """Rows on their way into a corpus. Its lock is held meanwhile; what is staged and not published is removed.

    Raises:
        StudyError: Another process is writing; says which.
    """
    with corpus.writing() as before:
        made = Adding(corpus, before)
        try:
            yield made
        finally:
            made.clear()


def add_batches(corpus: Corpus, batches: Iterable[pa.RecordBatch]) -> Added:
    """Store rows of the schema `rows.STORED`, with their names, as a new version. All are stored, or none.

    What is there already, was taken down, or comes twice is counted and not stored again.

    Raises:
        StudyError: Another process is writing; says which.
    """
    with adding(corpus) as made:
        made.stage(batches)
        return made.publish(made.fresh())


def _settled(partial: Path, segment: Segment) -> Segment:
    partial.replace(partial.with_name(f"{segment.digest.removeprefix('sha256:')}.parquet"))
    return segment


def _filtered(path: Path, keep: Mask) -> Iterator[pa.RecordBatch]:
    start = 0
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            kept = table.filter(_bools(keep[start : start + table.num_rows])).combine_chunks()
            start += table.num_rows
            yield from kept.to_batches()


def _bools(mask: Mask) -> pa.Array:
    """As Arrow has it; made from its bits, since Arrow loads pandas, if it is there, for any array of numpy's."""
    bits = pa.py_buffer(np.packbits(mask, bitorder="little").tobytes())
    return pa.Array.from_buffers(pa.bool_(), len(mask), [None, bits])


def _repeated(names: Digests) -> Mask:
    """For each name, whether it stood before."""
    words = np.ascontiguousarray(names).view(">u8").astype(np.uint64)
    order = np.argsort(words[:, 0], kind="stable")
    first = words[order, 0]
    made = np.zeros(len(names), bool)
    if not (first[1:] == first[:-1]).any():
        return made
    order = np.lexsort(words.T[::-1])
    made[order[1:]] = (words[order[1:]] == words[order[:-1]]).all(axis=1)
    return made


def _among(names: Digests, others: Digests) -> Mask:
    """For each name, whether it is one of the others."""
    both = np.concatenate([others, names])
    return _repeated(both)[len(others) :]


def _keys(places: pa.Table) -> pa.ChunkedArray:
    columns = [places[name].cast(pa.large_string()) for name in ("source_digest", "source_record", "source_member")]
    return pc.binary_join_element_wise(*columns, pa.scalar("|", pa.large_string()))
