"""The corpus: an immutable, versioned set of transcripts in a folder.

    corpus/HEAD                     name of the current version
    corpus/versions/<hex>.json      manifests, in canonical form, named by their digest
    corpus/segments/<hex>.parquet   transcripts, named by the digest of the file

Nothing is ever changed in place. A version appears when HEAD is replaced; until then its files are not part of
anything. One process writes at a time; readers need no lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
import pyarrow as pa

from allegiance.corpus import segments
from allegiance.corpus.files import sweep, write_whole, writing
from allegiance.corpus.fsck import Problem, check
from allegiance.corpus.predicate import COLUMNS, Predicate
from allegiance.corpus.rows import RECORD_COLUMNS, ROW_COLUMNS, SCHEMA, Row, named, rows, transcript
from allegiance.errors import CorpusDamaged, StudyError, UnknownName, UsageError
from allegiance.records.canonical import canonical, digest_bytes, digest_names, is_digest
from allegiance.records.manifest import FORMAT, Manifest
from allegiance.records.transcript import Transcript

LOCK_WAIT = 30.0
"""Seconds that a second writer waits for the first."""
SHORTEST_PREFIX = 8


@dataclass(frozen=True)
class Added:
    """What became of the transcripts given to `Corpus.add`.

    Attributes:
        version: The version after it; the one before if nothing was new.
        new: How many were added.
        duplicates: How many were already there, or came twice.
        names: The name of each, in the order in which they were given.
    """

    version: str
    new: int
    duplicates: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """Where a transcript is: segment file, row group, row in the group."""

    segment: str
    group: int
    row: int


class Corpus:
    """A folder of transcripts; see the module. Open it with `open`, make one with `create`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._located: tuple[str, dict[str, Place]] = ("", {})

    @classmethod
    def create(cls, folder: Path) -> Corpus:
        """A new, empty corpus in a folder that does not exist or is empty.

        Raises:
            StudyError: There is something in it.
        """
        if folder.exists() and any(folder.iterdir()):
            raise StudyError("the folder of a new corpus must be empty.", where=str(folder))
        for part in ("segments", "versions"):
            (folder / part).mkdir(parents=True)
        corpus = cls(folder)
        with writing(folder, LOCK_WAIT):
            corpus._publish(Manifest(format=FORMAT))
        return corpus

    @classmethod
    def open(cls, folder: Path) -> Corpus:
        """The corpus in a folder.

        Raises:
            StudyError: There is none, or it was written by a newer version of this package.
        """
        if not (folder / "HEAD").is_file():
            raise StudyError(
                "there is no corpus here.", where=str(folder), next="Make a study with: allegiance init"
            )
        corpus = cls(folder)
        corpus.head()
        return corpus

    def head(self) -> Manifest:
        """The current version."""
        return self.manifest((self.folder / "HEAD").read_text("utf-8").strip())

    def manifest(self, version: str) -> Manifest:
        """A version by its name.

        Raises:
            StudyError: It does not exist, or is of a newer format.
            CorpusDamaged: Its bytes do not match its name.
        """
        path = self.folder / "versions" / f"{_hex(version)}.json"
        if not is_digest(version) or not path.is_file():
            raise StudyError(f"there is no version {version} of this corpus.", where=str(self.folder))
        data = path.read_bytes()
        if digest_bytes(data) != version:
            raise CorpusDamaged("this manifest does not match its name.", where=str(path))
        return _manifest(data, path)

    def versions(self) -> list[str]:
        """Names of all versions, newest first."""
        made, version = [], self.head().version
        while version:
            made.append(version)
            version = self.manifest(version).parent
        return made

    def add(self, transcripts: Iterable[Transcript]) -> Added:
        """Store transcripts as a new version. All are stored, or none.

        Those that are there already, or come twice, are counted and not stored again; if nothing is new, the
        version stays. When this returns, the transcripts survive a loss of power.

        Raises:
            StudyError: Another process is writing; says which.
            NotCanonical: A transcript holds a value that cannot be stored.
        """
        with writing(self.folder, LOCK_WAIT):
            sweep(self.folder / "segments")
            before = self.head()
            known, names = set(self._locate(before)), []

            def fresh() -> Iterator[tuple[str, str, Transcript]]:
                for item in transcripts:
                    name, text = named(item)
                    names.append(name)
                    if name not in known:
                        known.add(name)
                        yield name, text, item

            written = segments.write(self.folder / "segments", fresh())
            new = sum(segment.rows for segment in written)
            after = before
            if new:
                members = known - set(before.withdrawn)
                after = Manifest(
                    segments=before.segments + tuple(written),
                    members=digest_names(members),
                    count=len(members),
                    parent=before.version,
                    withdrawn=before.withdrawn,
                    format=FORMAT,
                )
                self._publish(after)
        return Added(after.version, new, len(names) - new, tuple(names))

    def names(self, version: str | None = None) -> list[str]:
        """Names of all transcripts of a version (the current one if None), sorted."""
        manifest = self._at(version)
        return sorted(set(self._locate(manifest)) - set(manifest.withdrawn))

    def resolve(self, prefix: str) -> str:
        """The full name that starts with this prefix: at least 8 hex digits, with or without ``sha256:``.

        Raises:
            UnknownName: No transcript, or more than one, has such a name.
        """
        wanted = prefix if prefix.startswith("sha256:") else f"sha256:{prefix}"
        places = self._locate(self.head())
        if wanted in places and wanted not in self.head().withdrawn:
            return wanted
        found = [name for name in self.names() if name.startswith(wanted)]
        if len(found) == 1 and len(wanted) >= len("sha256:") + SHORTEST_PREFIX:
            return found[0]
        if len(found) > 1:
            raise UsageError(
                f"{len(found)} transcripts have a name that starts with {prefix!r}.", next="Give more of the name."
            )
        raise UnknownName("transcript", prefix, found)

    def get(self, name: str) -> Transcript:
        """A transcript by its name or a prefix of it; see `resolve`.

        Raises:
            UnknownName: There is none.
            CorpusDamaged: What is stored does not have this name.
        """
        full = self.resolve(name)
        place = self._locate(self.head())[full]
        item = transcript(segments.row(self._segment(place.segment), place.group, place.row, RECORD_COLUMNS))
        if named(item)[0] != full:
            raise CorpusDamaged(
                f"the stored words do not match the name {full}.", next="Run: allegiance corpus fsck"
            )
        return item

    def iter(self, names: Sequence[str] | None = None) -> Iterator[tuple[str, Transcript]]:
        """Transcripts with their names: these, in this order, or all in the order of storage.

        Raises:
            UnknownName: A name is not in the corpus.
        """
        if names is not None:
            yield from ((name, self.get(name)) for name in names)
            return
        manifest = self.head()
        for path in self._paths(manifest):
            for row in segments.scan(path, ("transcript_id", *RECORD_COLUMNS)):
                if row["transcript_id"] not in manifest.withdrawn:
                    yield str(row["transcript_id"]), transcript(row)

    def table(self, columns: Sequence[str] | None = None, version: str | None = None) -> pa.Table:
        """Columns of a version (all if None) for a scan; `transcript_id` is the name. See `rows.SCHEMA`.

        Raises:
            UnknownName: There is no such column.
        """
        wanted = list(SCHEMA.names if columns is None else columns)
        for column in wanted:
            if column not in SCHEMA.names:
                raise UnknownName("column", column, SCHEMA.names)
        manifest = self._at(version)
        return segments.table(list(self._paths(manifest)), wanted, manifest.withdrawn)

    def rows(self, version: str | None = None) -> list[Row]:
        """All transcripts of a version without their words, sorted by name."""
        return sorted(rows(self.table(ROW_COLUMNS, version)), key=lambda row: row.name)

    def select(self, predicate: Predicate = Predicate(), version: str | None = None) -> list[Row]:  # noqa: B008
        """The transcripts that pass a predicate, sorted by name.

        Raises:
            UnknownName: The predicate names a field that no transcript here has.
        """
        found = self.rows(version)
        fields = {factor for row in found for factor in row.condition.levels} | set(COLUMNS)
        for key, _ in predicate.terms:
            if key not in fields:
                raise UnknownName("field", key, sorted(fields), where="filter")
        return [row for row in found if predicate.matches(row.fields())]

    def batches(self, version: str | None = None) -> Iterator[pa.RecordBatch]:
        """All columns of a version, in batches of at most one row group, in the order of storage."""
        manifest = self._at(version)
        for path in self._paths(manifest):
            yield from segments.batches(path, manifest.withdrawn)

    def fsck(self) -> list[Problem]:
        """Everything wrong with this corpus; see `fsck.check`."""
        return check(self.folder)

    @cached_property
    def _segments(self) -> Path:
        return self.folder / "segments"

    def _segment(self, digest: str) -> Path:
        path = self._segments / f"{_hex(digest)}.parquet"
        if not path.is_file():
            raise CorpusDamaged("a segment of this corpus is missing.", where=str(path))
        return path

    def _paths(self, manifest: Manifest) -> Iterator[Path]:
        return (self._segment(segment.digest) for segment in manifest.segments)

    def _at(self, version: str | None) -> Manifest:
        return self.head() if version is None else self.manifest(version)

    def _locate(self, manifest: Manifest) -> dict[str, Place]:
        """Name → place for everything in the segments of a version; kept for the last version asked for."""
        version = manifest.version
        if self._located[0] != version:
            places: dict[str, Place] = {}
            for segment in manifest.segments:
                for group, names in enumerate(segments.names(self._segment(segment.digest))):
                    places.update((name, Place(segment.digest, group, row)) for row, name in enumerate(names))
            self._located = (version, places)
        return self._located[1]

    def _publish(self, manifest: Manifest) -> None:
        data = canonical(manifest)
        write_whole(self.folder / "versions" / f"{_hex(digest_bytes(data))}.json", data)
        write_whole(self.folder / "HEAD", f"{digest_bytes(data)}\n".encode())


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _manifest(data: bytes, path: Path) -> Manifest:
    format_ = json.loads(data).get("format")
    if format_ != FORMAT:
        raise StudyError(
            f"this corpus has the format {format_!r}; this version of the package reads {FORMAT!r}.",
            where=str(path),
            next="Use a newer version of the package.",
        )
    return msgspec.json.decode(data, type=Manifest)
