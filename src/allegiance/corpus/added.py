"""What became of transcripts that were given to a corpus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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
    names: Sequence[str]
