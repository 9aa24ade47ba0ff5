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


class Manifest(Record, frozen=True, kw_only=True):
    """One version of a corpus.

    Attributes:
        segments: The files, in the order in which they were written.
        members: Digest of the sorted names of all transcripts (see `digest_names`).
        count: Number of transcripts.
        parent: The version before, empty for the first.
        withdrawn: Names taken down (tombstones), sorted.
        format: `FORMAT`; written out, so that an old manifest keeps saying what it is.
    """

    segments: tuple[Segment, ...] = ()
    members: str = digest_names(())
    count: int = 0
    parent: str = ""
    withdrawn: tuple[str, ...] = ()
    format: str

    @property
    def version(self) -> str:
        """The name of this version: the digest of the manifest."""
        return digest(self)
