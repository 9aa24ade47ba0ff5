"""A corpus version: an immutable set of transcripts, named by the digest of its members."""

from __future__ import annotations

from allegiance.records.canonical import digest, digest_names
from allegiance.records.record import Record

FORMAT = "allegiance-corpus/1"


class Segment(Record, frozen=True, kw_only=True):
    """One immutable Parquet file.

    Attributes:
        digest: SHA-256 of the file, which also names it.
        rows: Number of transcripts in it.
        bytes: Its size.
    """

    digest: str
    rows: int
    bytes: int


class Purge(Record, frozen=True, kw_only=True):
    """A take-down in one segment: the segment was written anew without some transcripts, and deleted.

    Attributes:
        segment: Digest of the segment that held them; the file is gone.
        into: Digest of the segment that took its place; empty if nothing was left of it.
        names: The transcripts taken down, sorted: their tombstones.
        columns: Digest of the file that keeps what is known of them without their words.
    """

    segment: str
    into: str = ""
    names: tuple[str, ...]
    columns: str


class Manifest(Record, frozen=True, kw_only=True):
    """One version of a corpus.

    Attributes:
        segments: The files, in the order in which they were written.
        members: Digest of the sorted names of all transcripts (see `digest_names`).
        count: Number of transcripts.
        parent: The version before, empty for the first.
        withdrawn: Names that do not count although a segment holds them, sorted.
        purged: What was taken down so far, in order; every later version repeats it. An older version whose
            segments are named here is read without these transcripts.
        format: `FORMAT`; written out, so that an old manifest keeps saying what it is.
    """

    segments: tuple[Segment, ...] = ()
    members: str = digest_names(())
    count: int = 0
    parent: str = ""
    withdrawn: tuple[str, ...] = ()
    purged: tuple[Purge, ...] = ()
    format: str

    @property
    def version(self) -> str:
        """The name of this version: the digest of the manifest."""
        return digest(self)
