"""Versions side by side, and versions made of others: difference, subset, merge, compaction."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from allegiance.corpus import rewriting, segments
from allegiance.corpus.digests import Digests, distinct, packed, texts, without
from allegiance.corpus.fsck import examine
from allegiance.corpus.places import Held, Places
from allegiance.corpus.store import Corpus
from allegiance.errors import CorpusDamaged
from allegiance.records.manifest import Segment


@dataclass(frozen=True)
class Difference:
    """What one version has and another has not.

    Attributes:
        added: Names that the second has and the first has not, sorted.
        gone: Names that the first has and the second has not.
        taken_down: Those of `gone` that were taken down; for the rest the first is simply the newer one.
    """

    added: tuple[str, ...]
    gone: tuple[str, ...]
    taken_down: tuple[str, ...]


@dataclass(frozen=True)
class Brought:
    """What became of transcripts from another corpus.

    Attributes:
        version: The version after it; the one before if nothing was new.
        new, duplicates: How many were added; how many were there already.
        barred: How many were left out because they were taken down here.
        copied: How many of the new segments are copies, byte for byte.
    """

    version: str
    new: int
    duplicates: int
    barred: int
    copied: int


@dataclass(frozen=True)
class Compacted:
    """Segments before and after a compaction, and the version after it."""

    version: str
    before: int
    after: int


def difference(corpus: Corpus, first: str, second: str) -> Difference:
    """What changed from one version to another, by name.

    Raises:
        StudyError: There is no such version, or its segments were given up.
    """
    one, two = (packed(corpus.names(version)) for version in (first, second))
    gone = without(one, two)
    down = rewriting.among(gone, packed(corpus.taken_down()))
    return Difference(tuple(texts(without(two, one))), tuple(texts(gone)), tuple(texts(down)))


def bring(corpus: Corpus, other: Corpus, only: Digests | None = None, *, check: bool = True) -> Brought:
    """Take in the transcripts of another corpus. All are stored, or none.

    A segment that is new as a whole is copied as it is; of others the rows that are new are written.

    Args:
        corpus: Where to.
        other: Where from: its current version.
        only: Names that are wanted; all if None.
        check: Whether each segment is checked first as `corpus fsck` does. Leave it out only for what is our own.

    Raises:
        CorpusDamaged: The other corpus is damaged. Nothing was changed.
    """
    offered = without(other.places().digests(), packed(other.head().withdrawn))
    offered = offered if only is None else rewriting.among(offered, only)
    with corpus.writing() as before:
        barred = rewriting.among(offered, packed(corpus.taken_down()))
        wanted = without(offered, barred)
        fresh = wanted[~corpus.places().has_digests(wanted)]
        written, copied = _brought(corpus, other, fresh, check=check)
        after = corpus.publish(corpus.grown(before, written, fresh)) if len(fresh) else before
    return Brought(after.version, len(fresh), len(wanted) - len(fresh), len(barred), copied)


def compact(corpus: Corpus) -> Compacted:
    """Write the small segments of the current version into large ones, as a new version with the same members.

    Nothing changes if fewer than two segments are less than half full. Older versions stay readable, by the old
    segments, until `leftovers.collect` removes them.

    Raises:
        CorpusDamaged: What was written does not hold the same transcripts. Nothing was changed.
    """
    with corpus.writing() as before:
        there = corpus.held()
        small = [each for each in there if each.rows <= segments.SEGMENT_ROWS // 2]
        if len(small) < 2:
            return Compacted(before.version, len(there), len(there))
        inside = Places(corpus.folder, small).digests()
        hidden = packed(before.withdrawn)
        rows = (one for each in small for one in rewriting.chosen(each, hidden, there=False))
        written = rewriting.write(corpus.folder / "segments", rows)
        _require_same(corpus, written, without(inside, hidden))
        gone = {each.digest for each in small}
        kept = [segment for segment in before.segments if segment.digest not in gone]
        after = msgspec.structs.replace(
            before,
            segments=(*kept, *written),
            parent=before.version,
            withdrawn=tuple(texts(without(hidden, rewriting.among(hidden, inside)))),
        )
        corpus.publish(after)
    return Compacted(after.version, len(there), len(after.segments))


def _brought(corpus: Corpus, other: Corpus, fresh: Digests, *, check: bool) -> tuple[list[Segment], int]:
    """The segments that hold what is new, and how many of them are copies."""
    folder = corpus.folder / "segments"
    whole: list[Held] = []
    parts: list[Held] = []
    count = 0
    for each in other.held():
        here = rewriting.among(Places(other.folder, [each]).digests(), fresh)
        if len(here):
            (whole if len(here) == each.rows and rewriting.is_ours(each.path) else parts).append(each)
            count += len(here)
            _require_sound(each, check=check)
    if count != len(fresh):
        raise CorpusDamaged("a transcript is in two segments of the other corpus.", where=str(other.folder))
    copied = [rewriting.copied(folder, each) for each in whole]
    rows = (one for each in parts for one in rewriting.chosen(each, fresh, there=True))
    return [*copied, *rewriting.write(folder, rows)], len(copied)


def _require_sound(held: Held, *, check: bool) -> None:
    damage = [one for one in examine(held)[1] if not one.harmless] if check else []
    if damage:
        raise CorpusDamaged(damage[0].what, where=damage[0].where, next="Nothing was changed.")


def _require_same(corpus: Corpus, written: list[Segment], wanted: Digests) -> None:
    """That new segments hold exactly these transcripts, as read back from them."""
    folder = corpus.folder / "segments"
    held = [
        Held(each.digest, folder / f"{each.digest.removeprefix('sha256:')}.parquet", each.rows) for each in written
    ]
    found = distinct(Places(corpus.folder, held).digests())
    if not np.array_equal(found, wanted) or sum(each.rows for each in written) != len(wanted):
        raise CorpusDamaged("what was written does not hold the same transcripts.", where=str(folder))
