"""Populations: the rows of a frame, pinned by digest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from allegiance.corpus.predicate import parse
from allegiance.corpus.rows import Row
from allegiance.corpus.store import Corpus
from allegiance.corpus.tables import digests
from allegiance.corpus.tables.light import light, make_sure
from allegiance.errors import Refusal
from allegiance.evidence import rated
from allegiance.evidence.columns import Chosen, Held, choose
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
    made, chosen, _ = pinned(corpus, predicate, store, now)
    return made, chosen.rows()


def pinned(corpus: Corpus, predicate: str, store: LabelStore, now: int) -> tuple[Frame, Chosen, Held]:
    """As `frame`, with its transcripts as columns, and the labels beside them."""
    chosen, columns, held = passing(corpus, predicate, store, now)
    if not len(chosen):
        raise Refusal(
            "no transcript matches, so there is no population to speak of.",
            where=predicate or "the corpus",
            next="See what there is with: allegiance corpus info",
        )
    return chosen.pin(str(parse(predicate)), columns), chosen, held


def passing(corpus: Corpus, predicate: str, store: LabelStore, now: int) -> tuple[Chosen, tuple[Rated, ...], Held]:
    """The transcripts of the newest version that match a filter, none if none does; what its rated fields mean; and
    the labels beside them.
    """
    filter_ = parse(predicate)
    columns = tuple(rated.resolve(store, field, now) for field in rated.rated_fields(filter_))
    held = Held(store, light(corpus))
    return choose(held, filter_, columns), columns, held


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


def columns_digest_of(corpus: Corpus, version: str | None = None) -> str:
    """The same for all transcripts of a version (the current one if None), from its light columns.

    It goes into the log, so the columns that are kept are held against their check sums first.
    """
    make_sure(corpus, version)
    return digests.columns_digest(light(corpus, version))
