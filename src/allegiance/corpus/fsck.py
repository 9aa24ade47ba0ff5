"""Checking a corpus through the path by which it is read: every byte, every name, every version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from allegiance.corpus import segments
from allegiance.corpus.digests import Digests, digest_of, distinct, packed, without
from allegiance.corpus.leftovers import hex_of, leftovers
from allegiance.corpus.messages import words
from allegiance.corpus.places import Held, Places
from allegiance.corpus.rows import RECORD_COLUMNS, ROW_COLUMNS, named, rows, transcript
from allegiance.errors import AllegianceError
from allegiance.records.canonical import digest, digest_bytes
from allegiance.records.manifest import Manifest, Purge
from allegiance.records.transcript import Transcript

if TYPE_CHECKING:
    from allegiance.corpus.store import Corpus

_DERIVED = ("transcript_id", "text_digest", "answer", "reasoning", "text")
_NONE = packed([])
WORTH = 20_000
"""Transcripts from which on it pays to start processes that check."""


@dataclass(frozen=True)
class Problem:
    """Something wrong, and where. `harmless` things are no damage: leftovers, and what lacks a canary."""

    what: str
    where: str
    harmless: bool = False


Progress = Callable[[int, int], None]
"""Told how many transcripts were checked, of how many."""


def check(corpus: Corpus, jobs: int = 1, progress: Progress | None = None) -> list[Problem]:
    """Everything wrong with a corpus; empty if nothing is.

    Files are hashed again; names and text digests are computed again from what is read; members, counts and parents
    of all versions are held against that. Transcripts that a scenario of ours generated without a canary are named.
    Reads everything, changes nothing, one row group in memory at a time.

    Args:
        corpus: What to check.
        jobs: How many processes read at once. They start anew, so a script that asks for more than one must be
            importable (`if __name__ == "__main__"`).
        progress: Told as segments are done.
    """
    found: list[Problem] = []
    manifests = _chain(corpus.folder, found)
    if not manifests:
        return found
    light = {
        purge.columns: _tombstones(corpus.folder, purge, found)
        for manifest in manifests[:1]
        for purge in manifest.purged
    }
    held, parts = _parts(corpus.folder, manifests, _collected(corpus, found))
    names = light | dict(_examined(held.values(), jobs, progress, found))
    for manifest in manifests:
        if manifest.version in parts:
            found += _members(manifest, [names[part] for part in parts[manifest.version]])
    wrong = Places(corpus.folder, list(held.values())).differing(names)
    found += [
        Problem("this index is wrong; it is made anew when needed.", str(path), harmless=True) for path in wrong
    ]
    return [*found, *_aside(corpus, manifests)]


def examine(held: Held) -> tuple[Digests, list[Problem]]:
    """The names in a segment as computed from what is read, and what is wrong with it."""
    found: list[Problem] = []
    names: list[str] = []
    if not held.path.is_file():
        return _NONE, [Problem("this segment is missing.", str(held.path))]
    if segments.file_digest(held.path) != held.digest:
        found.append(Problem("the bytes of this segment do not match its name.", str(held.path)))
    try:
        for row in _rows(held.path):
            names.append(_row(row, f"{held.path} row {len(names) + 1}", found))
        made = packed(names)
    except (AllegianceError, pa.ArrowException, OSError, ValueError, KeyError) as error:
        found.append(Problem(f"this segment cannot be read beyond row {len(names)}: {error}.", str(held.path)))
        return _NONE, found
    if len(names) != held.rows:
        found.append(Problem(f"this segment has {len(names)} rows; the manifest says {held.rows}.", str(held.path)))
    return made, found


def _chain(folder: Path, found: list[Problem]) -> list[Manifest]:
    """The versions from HEAD back to the first, as far as they can be read."""
    made: list[Manifest] = []
    try:
        version = (folder / "HEAD").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        found.append(Problem(f"HEAD cannot be read: {error}.", str(folder / "HEAD")))
        return made
    while version:
        path = folder / "versions" / f"{hex_of(version)}.json"
        try:
            data = path.read_bytes()
            manifest = msgspec.json.decode(data, type=Manifest)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            found.append(Problem(f"this version cannot be read: {error}.", str(path)))
            return made
        if digest_bytes(data) != version:
            found.append(Problem("this manifest does not match its name.", str(path)))
            return made
        made.append(manifest)
        version = manifest.parent
    return made


def _examined(
    held: Iterable[Held], jobs: int, progress: Progress | None, found: list[Problem]
) -> Iterator[tuple[str, Digests]]:
    """The names in each segment; what is wrong with them goes into `found`, in the order of the segments."""
    all_of_them, done = list(held), 0
    total = sum(each.rows for each in all_of_them)
    for each, (names, problems) in zip(all_of_them, _in_turn(all_of_them, jobs), strict=True):
        found += problems
        done += each.rows
        if progress:
            progress(done, total)
        yield each.digest, names


def _in_turn(held: list[Held], jobs: int) -> Iterator[tuple[Digests, list[Problem]]]:
    if jobs < 2 or len(held) < 2 or sum(each.rows for each in held) < WORTH:
        yield from map(examine, held)
        return
    with ProcessPoolExecutor(min(jobs, len(held)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(examine, held)


def _rows(path: Path) -> Iterator[dict[str, object]]:
    """The rows of a segment, with those derived columns that it holds."""
    with pq.ParquetFile(path) as file:
        there = set(file.schema_arrow.names)
        columns = [*RECORD_COLUMNS, *(name for name in _DERIVED if name in there)]
        for group in range(file.num_row_groups):
            yield from file.read_row_group(group, columns).to_pylist()


def _row(row: dict[str, object], where: str, found: list[Problem]) -> str:
    try:
        item = transcript(row)
        name, text = named(item)
    except AllegianceError as error:
        found.append(Problem(error.what, where))
        return str(row["transcript_id"])
    if item.condition.scenario and not item.canary:
        found.append(
            Problem("a scenario generated this transcript, and it carries no canary.", name, harmless=True)
        )
    for column in _DERIVED:
        if column in row and row[column] != _real(column, name, text, item):
            found.append(Problem(f"the column {column} does not match what is stored.", where))
    return name


def _real(column: str, name: str, text: str, item: Transcript) -> str:
    """What a derived column must say."""
    match column:
        case "transcript_id":
            return name
        case "text_digest":
            return text
        case "answer":
            return item.answer
        case "reasoning":
            return item.reasoning
        case _:
            return words(item.messages)


def _parts(
    folder: Path, manifests: list[Manifest], collected: set[str]
) -> tuple[dict[str, Held], dict[str, list[str]]]:
    """The segments from which versions are read today; and for each version the digests of what it is read from."""
    purges = {purge.segment: purge for purge in manifests[0].purged}
    held: dict[str, Held] = {}
    parts: dict[str, list[str]] = {}
    for place, manifest in enumerate(manifests):
        if place and manifest.version in collected:
            continue
        mine = parts.setdefault(manifest.version, [])
        for segment in manifest.segments:
            name, count = segment.digest, segment.rows
            while purge := purges.get(name):
                mine.append(purge.columns)
                name, count = purge.into, count - len(purge.names)
            if name:
                mine.append(name)
                held.setdefault(name, Held(name, folder / "segments" / f"{hex_of(name)}.parquet", count))
    return held, parts


def _tombstones(folder: Path, purge: Purge, found: list[Problem]) -> Digests:
    """The names in the file that keeps the columns of what was taken down, as these columns have it."""
    path = folder / "withdrawn" / f"{hex_of(purge.columns)}.parquet"
    try:
        if segments.file_digest(path) != purge.columns:
            found.append(Problem("the bytes of this file do not match its name.", str(path)))
        known = [digest(row.identity()) for row in rows(segments.table([path], ROW_COLUMNS, ()))]
    except (AllegianceError, OSError, ValueError, msgspec.MsgspecError) as error:
        found.append(Problem(f"this file cannot be read: {error}.", str(path)))
        return _NONE
    if sorted(known) != list(purge.names):
        found.append(Problem("these are not the columns of what was taken down.", str(path)))
    return packed(known)


def _members(manifest: Manifest, sets: list[Digests]) -> list[Problem]:
    names = distinct(np.concatenate([_NONE, *sets]))
    names = without(names, packed(manifest.withdrawn))
    if len(names) == manifest.count and digest_of(names) == manifest.members:
        return []
    return [Problem("the members of this version are not those that its manifest declares.", manifest.version)]


def _collected(corpus: Corpus, found: list[Problem]) -> set[str]:
    try:
        return corpus.collected()
    except (ValueError, KeyError, TypeError) as error:
        found.append(Problem(f"this list cannot be read: {error}.", str(corpus.folder / "collected.json")))
        return set()


def _aside(corpus: Corpus, manifests: list[Manifest]) -> list[Problem]:
    """Files that no version needs, and take-downs that have not deleted all they must."""
    if manifests[-1].parent:
        return []  # the chain is broken, so nobody can say what is needed
    old = {hex_of(purge.segment) for purge in manifests[0].purged}
    made = []
    for each in leftovers(corpus, {manifest.version for manifest in manifests}).found:
        if each.path.parent.name == "segments" and each.path.stem in old:
            what = "of a take-down that was stopped; whoever writes next deletes it"
        else:
            what = each.what
        made.append(Problem(f"this file is {what}.", str(each.path), harmless=True))
    return made
