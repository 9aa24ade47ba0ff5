"""Populations: the rows of a frame, pinned by digest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from allegiance.corpus.predicate import parse
from allegiance.corpus.rows import Row
from allegiance.corpus.store import Corpus
from allegiance.errors import Refusal
from allegiance.evidence import rated
from allegiance.rating.labels import LabelStore
from allegiance.records.canonical import canonical, digest_bytes, digest_names
from allegiance.records.frame import Frame, Rated


def frame(corpus: Corpus, predicate: str, store: LabelStore, now: int) -> tuple[Frame, list[Row]]:
    """The population of all transcripts of the newest version that match a filter, and its rows by name.

    Args:
        corpus: Where they are.
        predicate: The filter; empty for all.
        store: Where the answers of raters are that the filter may name.
        now: Number of the next log entry: answers saved later do not count.

    Raises:
        Refusal: No transcript matches: nothing can be said about none.
        UnknownName: The filter names a field, question or rater that there is not.
    """
    chosen = parse(predicate)
    columns = tuple(rated.resolve(store, field, now) for field in rated.rated_fields(chosen))
    version = corpus.head().version
    rows = rated.select(chosen, corpus.rows(version), columns, rated.source(store))
    if not rows:
        raise Refusal(
            "no transcript matches, so there is no population to speak of.",
            where=predicate or "the corpus",
            next="See what there is with: allegiance corpus info",
        )
    return pin(version, str(chosen), rows, columns), rows


def rows_of(population: Frame, rows: Sequence[Row], held: rated.Source) -> list[Row]:
    """The rows of a frame among all rows of its version, with the labels of its rated columns."""
    return rated.select(parse(population.predicate), rows, population.rated, held)


def pin(version: str, predicate: str, rows: Sequence[Row], columns: tuple[Rated, ...] = ()) -> Frame:
    """The frame that these rows make."""
    return Frame(
        corpus=version,
        predicate=predicate,
        rated=columns,
        members=digest_names(row.name for row in rows),
        columns=columns_digest(rows),
        n=len(rows),
    )


def columns_digest(rows: Iterable[Row]) -> str:
    """The SHA-256 of the canonical rows, by name, each ended by LF."""
    ordered = sorted(rows, key=lambda row: row.name)
    return digest_bytes(b"".join(canonical(row) + b"\n" for row in ordered))
