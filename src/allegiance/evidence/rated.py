"""What raters answered, as columns: filters and designs may use them once they are pinned by the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from allegiance.corpus.predicate import COLUMNS, Predicate
from allegiance.corpus.rows import Row
from allegiance.errors import Refusal, UnknownName
from allegiance.rating.labels import LabelStore, last
from allegiance.records.canonical import canonical, digest_bytes
from allegiance.records.frame import Rated
from allegiance.records.label import Label

SPLIT = "@"
"""Stands between question and rater in the name of a field."""

UNSCORED = 0.5
"""Score of a transcript to which the rater gave none: as likely as not."""

SCORES: Mapping[str, float] = {"yes": 0.9, "no": 0.1}
"""Score of an answer that came without one."""

Source = Callable[[Rated], Iterable[Label]]
"""Where the labels of a column come from: a study, or a bundle. Others than the column's may come along."""


def rated_fields(chosen: Predicate) -> tuple[str, ...]:
    """The fields of a filter that are answers of raters, in order."""
    return tuple(key for key, _ in chosen.terms if SPLIT in key)


def resolve(store: LabelStore, field: str, before: int) -> Rated:
    """The column that a field ``QUESTION@RATER`` means, by names or digests.

    Raises:
        UnknownName: There is no such question, or that rater has not answered it.
        Refusal: Several have this name; their digests say which is meant.
    """
    asked, _, by = field.rpartition(SPLIT)
    questions = {card.digest: card.name for card in store.questions()}
    question = _one("question", asked, questions, field)
    raters = {card.digest: card.name for card in store.raters(question)}
    return Rated(question=question, rater=_one("rater", by, raters, field), before=before)


def source(store: LabelStore) -> Source:
    """The labels of a study, those of a column at a time."""
    return lambda column: store.all(column.question, column.rater, before=column.before)


def answers(column: Rated, held: Source) -> dict[str, str]:
    """Transcript → the answer that counts. One that was not rated is not in it."""
    return {name: label.value for name, label in _last(column, held).items()}


def scores(column: Rated, held: Source, names: Iterable[str]) -> dict[str, float]:
    """Transcript → how likely the rater thinks the answer ``yes``, in [0, 1], for each of these names.

    An answer without a score counts as `SCORES` says; one outside [0, 1] is moved to its end; none is `UNSCORED`.
    """
    given = {name: _score(label) for name, label in _last(column, held).items()}
    return {name: given.get(name, UNSCORED) for name in names}


def scores_digest(given: Mapping[str, float]) -> str:
    """What a design pins its scores by: SHA-256 of the canonical ``[name, score]`` by name, each ended by LF."""
    return digest_bytes(b"".join(canonical([name, given[name]]) + b"\n" for name in sorted(given)))


def select(chosen: Predicate, rows: Sequence[Row], columns: Sequence[Rated], held: Source) -> list[Row]:
    """The rows that are `current` and pass a filter. `columns` says what its rated fields mean, in their order.

    Raises:
        UnknownName: The filter names a field that no row has.
    """
    rows = current(rows)
    extra = {field: answers(each, held) for field, each in zip(rated_fields(chosen), columns, strict=True)}
    known = {factor for row in rows for factor in row.condition.levels} | set(COLUMNS) | set(extra)
    for key, _ in chosen.terms:
        if key not in known:
            raise UnknownName("field", key, sorted(known), where="filter")
    return [row for row in rows if chosen.matches(_fields(row, extra))]


def current(rows: Sequence[Row]) -> list[Row]:
    """The rows without those that were asked again: failed samples whose place another row of the run took."""
    answered = {_place(row) for row in rows if row.status != "error"}
    return [row for row in rows if row.status != "error" or not row.request or _place(row) not in answered]


def _place(row: Row) -> tuple[object, ...]:
    return (row.run, row.request, row.condition.name, row.condition.scenario, row.model, row.sample)


def _fields(row: Row, extra: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return row.fields() | {field: given[row.name] for field, given in extra.items() if row.name in given}


def _last(column: Rated, held: Source) -> dict[str, Label]:
    ours = (label for label in held(column) if (label.question, label.rater) == (column.question, column.rater))
    return last(ours)


def _score(label: Label) -> float:
    if label.score is None:
        return SCORES.get(label.value, UNSCORED)
    return min(max(label.score, 0.0), 1.0)


def _one(kind: str, name: str, known: Mapping[str, str], field: str) -> str:
    found = [digest for digest, own in known.items() if name in {own, digest}]
    if not found:
        raise UnknownName(kind, name, sorted(set(known.values())), where=f"filter field {field}")
    if len(found) > 1:
        raise Refusal(
            f"{len(found)} of the study's {kind}s are called {name!r}.",
            where=f"filter field {field}",
            next=f"Name one by its digest: {', '.join(found)}",
        )
    return found[0]
