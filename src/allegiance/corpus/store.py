"""The corpus: an immutable, versioned set of transcripts in a folder.

    corpus/HEAD                     name of the current version
    corpus/versions/<hex>.json      manifests, in canonical form, named by their digest
    corpus/segments/<hex>.parquet   transcripts, named by the digest of the file
    corpus/withdrawn/<hex>.parquet  what is known, without their words, of transcripts that were taken down
    corpus/collected.json           versions whose segments were given up (see `collecting`)
    corpus/index/                   derived; may be deleted at any time

Nothing is ever changed in place. A version appears when HEAD is replaced; until then its files are not part of
anything. One process writes at a time; readers need no lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from allegiance.corpus import segments
from allegiance.corpus.added import Added as Added  # noqa: PLC0414  (to be had from here too)
from allegiance.corpus.digests import Digests, digest_of, distinct, packed, texts, without
from allegiance.corpus.fetching import Shelf
from allegiance.corpus.files import sweep, write_whole, writing
from allegiance.corpus.fsck import Problem, Progress, check
from allegiance.corpus.leftovers import finish_purges
from allegiance.corpus.places import Held, Places
from allegiance.corpus.predicate import COLUMNS, Predicate
from allegiance.corpus.rows import RECORD_COLUMNS, ROW_COLUMNS, SCHEMA, Row, named, rows, transcript
from allegiance.errors import CorpusDamaged, StudyError, UnknownName, UsageError
from allegiance.records.canonical import canonical, digest_bytes, is_digest
from allegiance.records.manifest import FORMAT, Manifest, Purge, Segment
from allegiance.records.transcript import Transcript

LOCK_WAIT = 30.0
"""Seconds that a second writer waits for the first."""
SHORTEST_PREFIX = 8
CHUNK = 256
"""Transcripts that are looked for at once when they are added."""


class Corpus:
    """A folder of transcripts; see the module. Open it with `open`, make one with `create`."""

    def __init__(self, folder: Path, pinned: str = "") -> None:
        self.folder = folder
        self._pinned = pinned
        self._read: dict[str, Manifest] = {}
        self._known: tuple[tuple[str, str], Places] = (("", ""), Places(folder, ()))
        self._shelf = Shelf()

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
            corpus.publish(Manifest(format=FORMAT))
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

    def at(self, version: str) -> Corpus:
        """This corpus as it was: for reading only, its current version is the one given, by name or a prefix of it.

        Raises:
            UnknownName: There is no such version.
        """
        wanted = version if version.startswith("sha256:") else f"sha256:{version}"
        found = [name for name in self.versions() if name.startswith(wanted)]
        if len(found) != 1:
            raise UnknownName("version of the corpus", version, found)
        return Corpus(self.folder, found[0])

    def head(self) -> Manifest:
        """The current version."""
        return self.manifest(self._pinned or self._newest())

    def newest(self) -> Manifest:
        """The newest version, whichever this one is pinned to; it knows what was taken down."""
        return self.manifest(self._newest())

    def manifest(self, version: str) -> Manifest:
        """A version by its name.

        Raises:
            StudyError: It does not exist, or is of a newer format.
            CorpusDamaged: Its bytes do not match its name.
        """
        if version not in self._read:
            self._read[version] = _manifest(self.folder, version)
        return self._read[version]

    def versions(self) -> list[str]:
        """Names of all versions, newest first."""
        made, version = [], self._pinned or self._newest()
        while version:
            made.append(version)
            version = self.manifest(version).parent
        return made

    def held(self, version: str | None = None, *, columns: bool = False) -> list[Held]:
        """The segments of a version (the current one if None) as they are today, in the order of storage.

        Where transcripts were taken down since, the segments that took the place of theirs.

        Args:
            version: The version.
            columns: Whether files come along that say what is known of those taken down, without their words.

        Raises:
            StudyError: The segments of this version were given up.
            CorpusDamaged: One is missing.
        """
        made, gone = [], self._purges()
        for segment in self._at(version).segments:
            digest, rows = segment.digest, segment.rows
            while purge := gone.get(digest):
                digest, rows = purge.into, rows - len(purge.names)
                if columns:
                    path = self.folder / "withdrawn" / f"{_hex(purge.columns)}.parquet"
                    made.append(Held(purge.columns, path, len(purge.names)))
            if digest:
                made.append(Held(digest, self._segment(digest, version), rows))
        return made

    def places(self, version: str | None = None) -> Places:
        """Where the transcripts of a version are, and those taken down since; kept for the last one asked for."""
        newest = self._newest()
        key = (newest, version or self._pinned or newest)
        if self._known[0] != key:
            self._shelf.close()
            self._known = (key, Places(self.folder, self.held(version, columns=True)))
        return self._known[1]

    def taken_down(self, version: str | None = None) -> list[str]:
        """The names that were taken down: all, or those that a version (the name of one) had; sorted."""
        if version is None:
            return sorted({name for purge in self._purges().values() for name in purge.names})
        there = {segment.digest for segment in self.manifest(version).segments}
        found: list[str] = []
        for (
            old,
            purge,
        ) in self._purges().items():  # in order, so that what a purge made is known before it is purged
            if old in there:
                found += purge.names
                there.add(purge.into)
        return sorted(found)

    def add(self, transcripts: Iterable[Transcript]) -> Added:
        """Store transcripts as a new version. All are stored, or none.

        Those that are there already, were taken down, or come twice, are counted and not stored again; if nothing
        is new, the version stays. When this returns, the transcripts survive a loss of power.

        Raises:
            StudyError: Another process is writing; says which.
            NotCanonical: A transcript holds a value that cannot be stored.
        """
        with self.writing() as before:
            names: list[str] = []
            new: list[str] = []
            known, places = set(self.taken_down()), self.places()

            def fresh() -> Iterator[tuple[str, str, Transcript]]:
                stream = iter(transcripts)
                while items := [(*named(item), item) for item in islice(stream, CHUNK)]:
                    told = [name for name, _, _ in items]
                    names.extend(told)
                    for (name, text, item), old in zip(items, places.has(told), strict=True):
                        if not old and name not in known:
                            known.add(name)
                            new.append(name)
                            yield name, text, item

            written = segments.write(self.folder / "segments", fresh())
            after = self.publish(self.grown(before, written, packed(new))) if new else before
        return Added(after.version, len(new), len(names) - len(new), tuple(names))

    @contextmanager
    def writing(self) -> Iterator[Manifest]:
        """Hold the lock of the one writer; gives the current version, after what killed writers left was removed.

        Raises:
            StudyError: Another process is writing; says which. Or this is an older version, which stays as it is.
        """
        if self._pinned:
            raise StudyError("this is an older version; it stays as it is.", where=self._pinned)
        with writing(self.folder, LOCK_WAIT):
            sweep(self.folder / "segments")
            finish_purges(self.folder, before := self.head())
            yield before

    def grown(self, before: Manifest, written: Iterable[Segment], new: Digests) -> Manifest:
        """The version that has these segments, and the transcripts in them, beside those of another."""
        stored = np.concatenate([self.places(before.version).digests(), new])
        members = without(distinct(stored), packed(sorted(before.withdrawn)))
        return msgspec.structs.replace(
            before,
            segments=before.segments + tuple(written),
            members=digest_of(members),
            count=len(members),
            parent=before.version,
        )

    def publish(self, manifest: Manifest) -> Manifest:
        """Make a version the current one. The caller holds the lock, and its segments survive a loss of power."""
        data = canonical(manifest)
        write_whole(self.folder / "versions" / f"{_hex(digest_bytes(data))}.json", data)
        write_whole(self.folder / "HEAD", f"{digest_bytes(data)}\n".encode())
        self.places().make_sure()
        return manifest

    def names(self, version: str | None = None) -> list[str]:
        """Names of all transcripts of a version (the current one if None), sorted; also those taken down since."""
        gone = self._at(version).withdrawn
        return texts(without(self.places(version).digests(), packed(sorted(gone))))

    def resolve(self, prefix: str) -> str:
        """The full name that starts with this prefix: at least 8 hex digits, with or without ``sha256:``.

        Raises:
            UnknownName: No transcript, or more than one, has such a name.
            StudyError: It was taken down.
        """
        wanted = prefix if prefix.startswith("sha256:") else f"sha256:{prefix}"
        hidden = self.head().withdrawn
        if is_digest(wanted):
            found = [wanted] if wanted not in hidden and self.places().find(wanted) else []
        else:
            found = [name for name in self.places().prefix(wanted) if name not in hidden]
        if len(found) > 1:
            raise UsageError(
                f"{len(found)} transcripts have a name that starts with {prefix!r}.", next="Give more of the name."
            )
        if len(wanted) < len("sha256:") + SHORTEST_PREFIX:
            raise UnknownName("transcript", prefix, found)
        gone = [name for name in self.taken_down() if name.startswith(wanted)]
        if gone and (not found or found == gone):
            raise StudyError("this transcript was taken down; its name and columns are kept.", where=gone[0])
        if not found:
            raise UnknownName("transcript", prefix, found)
        return found[0]

    def get(self, name: str) -> Transcript:
        """A transcript by its name or a prefix of it; see `resolve`.

        Raises:
            UnknownName: There is none.
            StudyError: It was taken down.
            CorpusDamaged: What is stored does not have this name.
        """
        full = self.resolve(name)
        for _ in range(2):
            place = self.places().find(full)
            row = place and self._shelf.row(self._segment(place.segment), place.group, place.row, RECORD_COLUMNS)
            if place and row and named(item := transcript(row))[0] == full:
                return item
            if place:  # a wrong index is made anew, and then right; a wrong segment stays wrong
                self.places().forget(place.segment)
        raise CorpusDamaged(f"the stored words do not match the name {full}.", next="Run: allegiance corpus fsck")

    def iter(self, names: Sequence[str] | None = None) -> Iterator[tuple[str, Transcript]]:
        """Transcripts with their names: these, in this order, or all in the order of storage.

        Raises:
            UnknownName: A name is not in the corpus.
        """
        if names is not None:
            yield from ((name, self.get(name)) for name in names)
            return
        hidden = set(self.head().withdrawn)
        for held in self.held():
            for row in segments.scan(held.path, ("transcript_id", *RECORD_COLUMNS)):
                if row["transcript_id"] not in hidden:
                    yield str(row["transcript_id"]), transcript(row)

    def table(self, columns: Sequence[str] | None = None, version: str | None = None) -> pa.Table:
        """Columns of a version (all if None) for a scan; `transcript_id` is the name. See `rows.SCHEMA`.

        What was taken down since is not in it.

        Raises:
            UnknownName: There is no such column.
        """
        wanted = list(SCHEMA.names if columns is None else columns)
        for column in wanted:
            if column not in SCHEMA.names:
                raise UnknownName("column", column, SCHEMA.names)
        return self._table(wanted, self.held(version), version)

    def rows(self, version: str | None = None) -> list[Row]:
        """All transcripts of a version without their words, sorted by name; those taken down since included."""
        whole = self._table(ROW_COLUMNS, self.held(version, columns=True), version)
        return sorted(rows(whole), key=lambda row: row.name)

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
        hidden = self._at(version).withdrawn
        for held in self.held(version):
            yield from segments.batches(held.path, hidden)

    def fsck(self, jobs: int = 1, progress: Progress | None = None) -> list[Problem]:
        """Everything wrong with this corpus; see `fsck.check`."""
        return check(self, jobs, progress)

    def collected(self) -> set[str]:
        """The versions whose segments were given up."""
        path = self.folder / "collected.json"
        return set(json.loads(path.read_bytes())["versions"]) if path.is_file() else set()

    def _newest(self) -> str:
        return (self.folder / "HEAD").read_text("utf-8").strip()

    def _at(self, version: str | None) -> Manifest:
        return self.head() if version is None else self.manifest(version)

    def _purges(self) -> dict[str, Purge]:
        """Digest of a segment that is gone → what was taken down from it; in the order in which it was."""
        return {purge.segment: purge for purge in self.newest().purged}

    def _segment(self, digest: str, version: str | None = None) -> Path:
        path = self.folder / "segments" / f"{_hex(digest)}.parquet"
        if not path.is_file():
            if (version or self._pinned) in self.collected():
                raise StudyError("the segments of this version were given up by `corpus gc`.", where=str(version))
            raise CorpusDamaged("a segment of this corpus is missing.", where=str(path))
        return path

    def _table(self, columns: Sequence[str], held: Sequence[Held], version: str | None) -> pa.Table:
        return segments.table([each.path for each in held], list(columns), self._at(version).withdrawn)


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _manifest(folder: Path, version: str) -> Manifest:
    path = folder / "versions" / f"{_hex(version)}.json"
    if not is_digest(version) or not path.is_file():
        raise StudyError(f"there is no version {version} of this corpus.", where=str(folder))
    data = path.read_bytes()
    if digest_bytes(data) != version:
        raise CorpusDamaged("this manifest does not match its name.", where=str(path))
    if (told := json.loads(data).get("format")) != FORMAT:
        raise StudyError(
            f"this corpus has the format {told!r}; this version of the package reads {FORMAT!r}.",
            where=str(path),
            next="Use a newer version of the package.",
        )
    return msgspec.json.decode(data, type=Manifest)
