"""Populations: the rows of a frame, pinned by digest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from allegiance.corpus.predicate import parse
from allegiance.corpus.rows import Row
from allegiance.corpus.store import Corpus
from allegiance.errors import Refusal
from allegiance.records.canonical import canonical, digest_bytes, digest_names
from allegiance.records.frame import Frame


def frame(corpus: Corpus, predicate: str = "") -> tuple[Frame, list[Row]]:
    """The population of all transcripts of the newest version that match a predicate, and its rows by name.

    Raises:
        Refusal: No transcript matches: nothing can be said about none.
    """
    chosen = parse(predicate)
    version = corpus.head().version
    rows = corpus.select(chosen, version)
    if not rows:
        raise Refusal(
            "no transcript matches, so there is no population to speak of.",
            where=predicate or "the corpus",
            next="See what there is with: allegiance corpus info",
        )
    return pin(version, str(chosen), rows), rows


def pin(version: str, predicate: str, rows: Sequence[Row]) -> Frame:
    """The frame that these rows make."""
    return Frame(
        corpus=version,
        predicate=predicate,
        members=digest_names(row.name for row in rows),
        columns=columns_digest(rows),
        n=len(rows),
    )


def columns_digest(rows: Iterable[Row]) -> str:
    """The SHA-256 of the canonical rows, by name, each ended by LF."""
    ordered = sorted(rows, key=lambda row: row.name)
    return digest_bytes(b"".join(canonical(row) + b"\n" for row in ordered))
