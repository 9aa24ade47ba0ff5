"""The requests of batches, found by name for the replies that stand in another file of the same import."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from allegiance.corpus.archive import Limits
from allegiance.corpus.importers import exchanges, formats
from allegiance.corpus.importers.records import Object
from allegiance.corpus.importers.source import Candidate, opened
from allegiance.corpus.safe import load
from allegiance.errors import ImportRefused

_LONGEST_FIRST = 16 << 20
_SUFFIXES = (".jsonl", ".json", ".ndjson", ".txt", "")


@dataclass(frozen=True)
class _Spot:
    """Where a request stands: a file, and its bytes there."""

    file: Candidate
    start: int
    size: int


@dataclass
class Requests:
    """The requests of all batch inputs among some files. Nothing is read until the first is asked for."""

    files: Sequence[Candidate]
    limits: Limits
    _spots: dict[str, _Spot | None] | None = field(default=None, repr=False)

    def __call__(self, name: str) -> Object | None:
        """What the request of this name asked; None if no file here has it.

        Raises:
            ValueError: Two files have a request of this name, so that nobody can tell which was answered.
            ImportRefused: The file cannot be read any more.
        """
        if self._spots is None:
            self._spots = {}
            for file in self.files:
                self._index(file, self._spots)
        if name not in self._spots:
            return None
        spot = self._spots[name]
        if spot is None:
            raise ValueError(f"two batch inputs have a request {name!r}; import each batch with its own input")
        with opened(spot.file, self.limits) as source:
            source.file.seek(spot.start)
            return exchanges.asked(load(source.file.read(spot.size), spot.file.name))

    def _index(self, file: Candidate, spots: dict[str, _Spot | None]) -> None:
        if file.path.suffix.lower() not in _SUFFIXES:
            return
        try:
            with opened(file, self.limits) as source:
                for start, line in _lines(source.file):
                    value = load(line, file.name)
                    if not formats.is_batch_input(value):
                        return
                    name = exchanges.named(value)
                    spots[name] = None if name in spots else _Spot(file, start, len(line))
        except ImportRefused:
            return  # it is told when its turn to be read comes


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, each with where it starts; nothing of a file whose first is very long."""
    file.seek(0)
    start = 0
    while line := file.readline(_LONGEST_FIRST if start == 0 else -1):
        if start == 0 and len(line) == _LONGEST_FIRST:
            return
        if line.strip():
            yield start, line
        start += len(line)
