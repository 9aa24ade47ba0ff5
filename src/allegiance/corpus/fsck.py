"""Checking a corpus through the path by which it is read: every byte, every name, every version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow as pa

from allegiance.corpus import segments
from allegiance.corpus.files import PARTIAL
from allegiance.corpus.messages import words
from allegiance.corpus.rows import RECORD_COLUMNS, named, transcript
from allegiance.errors import AllegianceError
from allegiance.records.canonical import digest_bytes, digest_names
from allegiance.records.manifest import Manifest

_DERIVED = ("transcript_id", "text_digest", "answer", "reasoning", "text")


@dataclass(frozen=True)
class Problem:
    """Something wrong, and where. `harmless` things are no damage: leftovers, and what lacks a canary."""

    what: str
    where: str
    harmless: bool = False


def check(folder: Path) -> list[Problem]:
    """Everything wrong with the corpus in a folder; empty if nothing is.

    Files are hashed again; names and text digests are computed again from what is read; members, counts and parents
    of all versions are held against that. Transcripts that a scenario of ours generated without a canary are named.
    Reads everything, writes nothing.
    """
    found: list[Problem] = []
    manifests = _chain(folder, found)
    members: dict[str, set[str]] = {}
    for manifest in manifests:
        for segment in manifest.segments:
            if segment.digest not in members:
                path = folder / "segments" / f"{_hex(segment.digest)}.parquet"
                members[segment.digest] = set(_segment(path, segment.digest, segment.rows, found))
        found += _members(manifest, members)
    found += _orphans(folder, {_hex(m.version) for m in manifests}, {_hex(digest) for digest in members})
    return found


def _chain(folder: Path, found: list[Problem]) -> list[Manifest]:
    """The versions from HEAD back to the first, as far as they can be read."""
    made: list[Manifest] = []
    try:
        version = (folder / "HEAD").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        found.append(Problem(f"HEAD cannot be read: {error}.", str(folder / "HEAD")))
        return made
    while version:
        path = folder / "versions" / f"{_hex(version)}.json"
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


def _segment(path: Path, digest: str, rows: int, found: list[Problem]) -> Iterator[str]:
    """The names in a segment, as computed from what is read."""
    if not path.is_file():
        found.append(Problem("this segment is missing.", str(path)))
        return
    if segments.file_digest(path) != digest:
        found.append(Problem("the bytes of this segment do not match its name.", str(path)))
    count = 0
    try:
        for row in segments.scan(path, (*RECORD_COLUMNS, *_DERIVED)):
            count += 1
            yield _row(row, f"{path} row {count}", found)
    except (AllegianceError, pa.ArrowException, OSError, UnicodeDecodeError) as error:
        found.append(Problem(f"this segment cannot be read beyond row {count}: {error}.", str(path)))
        return
    if count != rows:
        found.append(Problem(f"this segment has {count} rows; the manifest says {rows}.", str(path)))


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
    real = dict(zip(_DERIVED, (name, text, item.answer, item.reasoning, words(item.messages)), strict=True))
    for column, value in real.items():
        if row[column] != value:
            found.append(Problem(f"the column {column} does not match what is stored.", where))
    return name


def _members(manifest: Manifest, members: dict[str, set[str]]) -> list[Problem]:
    names: set[str] = set().union(*(members[segment.digest] for segment in manifest.segments))
    names -= set(manifest.withdrawn)
    if len(names) == manifest.count and digest_names(names) == manifest.members:
        return []
    return [Problem("the members of this version are not those that its manifest declares.", manifest.version)]


def _orphans(folder: Path, versions: set[str], known: set[str]) -> list[Problem]:
    made = []
    for path in sorted(folder.glob("*/*")):
        wanted = versions if path.parent.name == "versions" else known
        if path.parent.name in ("versions", "segments") and path.stem not in wanted:
            what = (
                "left by a writer that was stopped" if path.name.startswith(PARTIAL) else "not part of any version"
            )
            made.append(Problem(f"this file is {what}.", str(path), harmless=True))
    return made


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")
