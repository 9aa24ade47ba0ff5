"""Take-down: transcripts leave a corpus with all their words, and leave a tombstone.

Every segment that holds one, in whatever version, is written anew without it. The next version has the new segments
and says which old ones they stand for; then the old files go, after every index that may cover them. What is known
beside the words is kept (`rewriting.LIGHT`), so that earlier draws and claims can still be worked out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from allegiance.corpus import rewriting
from allegiance.corpus.digests import Digests, digest_of, distinct, packed, texts, without
from allegiance.corpus.leftovers import finish_purges, leftovers, remove
from allegiance.corpus.places import Held, Places
from allegiance.corpus.store import Corpus
from allegiance.errors import UnknownName, UsageError
from allegiance.records.canonical import is_digest
from allegiance.records.manifest import Manifest, Purge, Segment


@dataclass(frozen=True)
class Purged:
    """What became of a take-down.

    Attributes:
        version: The version after it.
        names: What was taken down by it; those that were gone before are not among them.
        segments: How many segments were written anew.
        removed: Files and indexes that were deleted.
    """

    version: str
    names: tuple[str, ...]
    segments: int
    removed: tuple[Path, ...]


def purge(corpus: Corpus, names: Sequence[str]) -> Purged:
    """Take transcripts down: their words leave every version, every segment and every index.

    Those that were taken down before stay so, and what a killed take-down left to delete is deleted.

    Args:
        corpus: Where.
        names: Full names.

    Raises:
        UnknownName: One is not in the corpus and never was. Nothing was changed.
        UsageError: One is not a full name. Nothing was changed.
    """
    if odd := [name for name in names if not is_digest(name)]:
        raise UsageError(f"this is not a full name: {odd[0]!r}.", next="Give sha256: and all 64 digits.")
    with corpus.writing() as before:
        wanted = without(distinct(packed(names)), packed(corpus.taken_down()))
        held, found = _holding(corpus, wanted)
        if len(missing := without(wanted, found)):
            raise UnknownName("transcript", texts(missing)[0], [])
        removed = _orphans(corpus)  # words may stand in what a killed import left, too
        if not held:
            return Purged(before.version, (), 0, tuple(removed))
        made = {each.digest: _rewritten(corpus, each, inside) for each, inside in held}
        after = corpus.publish(_after(corpus, before, made, wanted))
        corpus.places().make_sure()
        removed += finish_purges(corpus.folder, after)
        corpus.places().make_sure()
    return Purged(after.version, tuple(texts(wanted)), len(made), tuple(removed))


def _holding(corpus: Corpus, wanted: Digests) -> tuple[list[tuple[Held, Digests]], Digests]:
    """The segments of all versions that hold any of these, each with those it holds; and all that were found."""
    segments: dict[str, Held] = {}
    collected = corpus.collected()
    for version in corpus.versions():
        if version not in collected:
            segments |= {each.digest: each for each in corpus.held(version)}
    made, found = [], [packed([])]
    for each in segments.values():
        inside = wanted[Places(corpus.folder, [each]).has_digests(wanted)]
        if len(inside):
            made.append((each, inside))
            found.append(inside)
    return made, distinct(np.concatenate(found))


def _rewritten(corpus: Corpus, held: Held, inside: Digests) -> tuple[Purge, Segment | None]:
    """A segment written anew without some rows, and what there is to say of these."""
    light = rewriting.write_light(corpus.folder / "withdrawn", rewriting.chosen(held, inside, there=True))
    written = rewriting.write(corpus.folder / "segments", rewriting.chosen(held, inside, there=False))
    new = written[0] if written else None
    into = new.digest if new else ""
    return Purge(segment=held.digest, into=into, names=tuple(texts(inside)), columns=light), new


def _after(
    corpus: Corpus, before: Manifest, made: dict[str, tuple[Purge, Segment | None]], wanted: Digests
) -> Manifest:
    segments: list[Segment] = []
    for segment in before.segments:
        if segment.digest not in made:
            segments.append(segment)
        elif (new := made[segment.digest][1]) is not None:
            segments.append(new)
    hidden = without(packed(before.withdrawn), wanted)
    members = without(without(corpus.places().digests(), wanted), hidden)
    return msgspec.structs.replace(
        before,
        segments=tuple(segments),
        members=digest_of(members),
        count=len(members),
        parent=before.version,
        withdrawn=tuple(texts(hidden)),
        purged=(*before.purged, *(purge for purge, _ in made.values())),
    )


def _orphans(corpus: Corpus) -> list[Path]:
    """Removes segments that are part of no version; returns what went."""
    needed = [version for version in corpus.versions() if version not in corpus.collected()]
    gone = [each.path for each in leftovers(corpus, needed).found if each.path.parent.name == "segments"]
    for path in gone:
        remove(path)
    return gone
