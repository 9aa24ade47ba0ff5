"""What a full-text index must do for us: five methods, so that another engine can take the place of the first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from allegiance.corpus.search.query import Query


class Entry(NamedTuple):
    """A transcript as it is indexed.

    Attributes:
        name: Its name.
        words: Field (see `placing.FIELDS`) → its texts.
        facts: What a filter can ask of it: field → value.
    """

    name: str
    words: Mapping[str, list[str]]
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Within:
    """Among which transcripts is searched: those that pass all of these.

    Attributes:
        facts: Field → its alternatives.
        among: Names; None for all.
        without: Names that are left out.
        segments: Digests of the segments that count; None for all that are indexed.
    """

    facts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    among: Collection[str] | None = None
    without: Collection[str] = ()
    segments: Collection[str] | None = None


@dataclass(frozen=True)
class Found:
    """What a search of the index found.

    Attributes:
        count: How many transcripts match, counted.
        searched: How many were searched, counted.
        ranked: Name and score of the best, larger first.
    """

    count: int
    searched: int
    ranked: tuple[tuple[str, float], ...]


class TextIndex(Protocol):
    """A full-text index of some segments of a corpus."""

    def covered(self) -> Mapping[str, int]:
        """The segments that are indexed, by digest, with their number of transcripts."""
        ...

    def add(self, segments: Iterable[tuple[str, Iterable[Entry]]]) -> None:
        """Index whole segments; when this returns they are on disk, and after a kill all of them or none."""
        ...

    def drop(self, segments: Collection[str]) -> None:
        """Forget these segments."""
        ...

    def facts(self) -> frozenset[str]:
        """The fields that a filter can ask for."""
        ...

    def search(self, query: Query, within: Within, limit: int) -> Found:
        """The best by BM25, and how many there are."""
        ...
