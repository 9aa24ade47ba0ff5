"""Facets, pages, group counts and joins over a corpus: answers to look at, each with the filter it is about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from allegiance.corpus.predicate import COLUMNS, Predicate
from allegiance.corpus.rows import Row
from allegiance.corpus.tables.engine import FIELDS, Tables, tables
from allegiance.corpus.tables.masks import Answers
from allegiance.errors import UnknownName, UsageError
from allegiance.records.record import Record

if TYPE_CHECKING:
    from allegiance.corpus.store import Corpus
    from allegiance.corpus.tables.light import Ints

ALL = Predicate()
LONGEST = 1_000
"""Transcripts on a page at most."""
SORTS = ("name", "model", "run", "status", "request", "sample", "messages")
"""What a page can be sorted by; a ``-`` before it turns the order round. Ties go by name."""
HALVES = ("explore", "confirm")
NONE = ""
"""Stands for the transcripts that a rater has not labelled, and for those whose condition lacks a factor."""


class FacetValue(Record, frozen=True, kw_only=True):
    """A value and how many transcripts have it; the value is empty for those that have none."""

    value: str
    count: int


class Facet(Record, frozen=True, kw_only=True):
    """A field and the counts of its values, most frequent first."""

    field: str
    values: tuple[FacetValue, ...]


class Facets(Record, frozen=True, kw_only=True):
    """What passes a filter, counted.

    Attributes:
        predicate: The filter, as text.
        count: Transcripts that pass.
        requests: Different requests among them; those without a request are not counted.
        facets: By field: ``model``, ``run``, ``status``, ``source`` (the format it came from, unless a factor is
            called so), ``split``, every factor of the conditions, and every ``QUESTION@RATER`` that was joined.
        left_out: Failed samples of the whole corpus that were asked again: in no population, and counted nowhere.
    """

    predicate: str
    count: int
    requests: int
    facets: tuple[Facet, ...]
    left_out: int


class Page(Record, frozen=True, kw_only=True):
    """A window into the sorted list of what passes a filter.

    Attributes:
        predicate, sort: The filter and the order, as text.
        offset: Of the first of `rows`, from 0.
        count: Transcripts in the whole list.
        rows: The transcripts without their words.
        left_out: As in `Facets`.
    """

    predicate: str
    sort: str
    offset: int
    count: int
    rows: tuple[Row, ...]
    left_out: int


class GroupCounts(Record, frozen=True, kw_only=True):
    """Transcripts that pass a filter, counted by the values of some fields.

    Attributes:
        predicate: The filter, as text.
        by: The fields.
        groups: Values, in the order of `by`, and how many have them; sorted by value. A value is empty where a
            transcript has none.
        left_out: As in `Facets`.
    """

    predicate: str
    by: tuple[str, ...]
    groups: tuple[tuple[tuple[str, ...], int], ...]
    left_out: int


def facets(corpus: Corpus, predicate: Predicate = ALL, rated: Mapping[str, Answers] | None = None) -> Facets:
    """The counts of every field among the transcripts of the current version that pass a filter.

    Args:
        corpus: Where.
        predicate: The filter.
        rated: Field ``QUESTION@RATER`` → what the rater answered (see `evidence.columns.Held`); each is a facet,
            and may be a field of the filter.

    Raises:
        UnknownName: The filter names a field that there is not.
        MissingExtra: DuckDB is not installed.
    """
    asked = joined(corpus, rated or {})
    columns = (*FIELDS, "confirm", "condition")
    counted = asked.ask((*columns, "count(*)"), predicate, "GROUP BY ALL")
    found = [
        _facet(field, [(asked.words[field][row[at]], row[-1]) for row in counted])
        for at, field in enumerate(FIELDS)
        if not _is_factor(asked, field)
    ]
    found.append(_facet("split", [(HALVES[row[-3]], row[-1]) for row in counted]))
    found += _factors(asked, [row[-2:] for row in counted])
    found += [
        _facet(field, _answered(asked, field, predicate, answers)) for field, answers in (rated or {}).items()
    ]
    return Facets(
        predicate=str(predicate),
        count=sum(row[-1] for row in counted),
        requests=_requests(asked, predicate),
        facets=tuple(found),
        left_out=asked.left_out,
    )


def page(
    corpus: Corpus,
    predicate: Predicate = ALL,
    sort: str = "name",
    offset: int = 0,
    limit: int = 50,
    rated: Mapping[str, Answers] | None = None,
) -> Page:
    """A window into the transcripts that pass a filter; arguments as in `facets`.

    Raises:
        UnknownName: There is no such sort, or field of the filter.
        UsageError: The window is none: a negative offset, or a limit outside 1 to 1,000.
    """
    key = sort.removeprefix("-")
    if key not in SORTS:
        raise UnknownName("sort", key, SORTS)
    if offset < 0 or not 1 <= limit <= LONGEST:
        raise UsageError(f"a page starts at 0 or later and has 1 to {LONGEST} rows.", where=f"{offset}, {limit}")
    asked = joined(corpus, rated or {})
    count, found = _window(asked, predicate, key, sort != key, offset, limit)
    return Page(
        predicate=str(predicate),
        sort=sort,
        offset=offset,
        count=count,
        rows=tuple(asked.light.rows(found)),
        left_out=asked.left_out,
    )


def group_counts(
    corpus: Corpus,
    by: Sequence[str],
    predicate: Predicate = ALL,
    rated: Mapping[str, Answers] | None = None,
) -> GroupCounts:
    """Transcripts that pass a filter, counted by one field or several; arguments as in `facets`.

    Args:
        corpus: Where.
        by: Fields of the filter language, ``source``, or fields that were joined.
        predicate: The filter.
        rated: As in `facets`.

    Raises:
        UnknownName: There is no such field.
    """
    asked, own = joined(corpus, rated or {}), rated or {}
    known = sorted({*FIELDS, "request", "split", *own, *asked.light.factors()})
    for field in by:
        if field not in known:
            raise UnknownName("field", field, known, where="group")
    columns = list(dict.fromkeys(_column(asked, field, own) for field in by))
    rows = asked.ask((*columns, "count(*)"), predicate, "GROUP BY ALL")
    read = [(_reader(asked, field, own), columns.index(_column(asked, field, own))) for field in by]
    groups: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        groups[tuple(value(row[at]) for value, at in read)] += row[-1]
    return GroupCounts(
        predicate=str(predicate), by=tuple(by), groups=tuple(sorted(groups.items())), left_out=asked.left_out
    )


def joined(corpus: Corpus, rated: Mapping[str, Answers]) -> Tables:
    """The tables of the current version with what raters answered beside the transcripts; see `facets`."""
    asked = tables(corpus)
    for field, answers in rated.items():
        asked.join(field, answers)
    return asked


def _window(
    asked: Tables, predicate: Predicate, key: str, turned: bool, offset: int, limit: int
) -> tuple[int, Ints]:
    """How many transcripts pass, and the positions of those in a window of their sorted list."""
    way = "DESC" if turned else "ASC"
    if key == "name":
        [(count,)] = asked.ask(("count(*)",), predicate)
        [found] = asked.arrays(("pos",), predicate, f"ORDER BY pos {way} LIMIT {limit:d} OFFSET {offset:d}")
        return count, found
    # Counting the values first tells which of them the window is in, and only these need to be sorted.
    values, sizes = asked.arrays((key, "count(*)"), predicate, f"GROUP BY ALL ORDER BY 1 {way}")
    ends = np.cumsum(sizes)
    count = int(ends[-1]) if len(ends) else 0
    if offset >= count:
        return count, np.empty(0, np.int64)
    first, last = np.searchsorted(ends, (offset, min(offset + limit, count) - 1), "right")
    low, high = sorted((int(values[first]), int(values[last])))
    left = offset - int(ends[first] - sizes[first])
    window = f"ORDER BY {key} {way}, pos LIMIT {limit:d} OFFSET {left:d}"
    [found] = asked.arrays(("pos",), predicate, window, f"{key} BETWEEN {low:d} AND {high:d}")
    return count, found


def _column(asked: Tables, field: str, rated: Mapping[str, Answers]) -> str:
    """The column that a field is read from."""
    if field in rated:
        return asked.answer_of(field)
    if field == "split":
        return "confirm"
    return "condition" if _is_factor(asked, field) else field


def _is_factor(asked: Tables, field: str) -> bool:
    """Whether a field means a factor: the fields of every transcript come first, as in filters."""
    return field not in COLUMNS and field in asked.light.factors()


def _reader(asked: Tables, field: str, rated: Mapping[str, Answers]) -> Callable[[int], str]:
    """Code → value of a field."""
    if field in rated:
        return lambda code: NONE if code < 0 else rated[field].values[code]
    if field == "request":
        names = asked.light.requests[1]
        return lambda code: str(names[code].as_py())
    if not _is_factor(asked, field):
        words = HALVES if field == "split" else asked.words[field]
        return lambda code: words[code]
    levels = [one.levels.get(field, NONE) for one in asked.light.conditions]
    return lambda code: levels[code]


def _factors(asked: Tables, counted: Sequence[tuple[int, ...]]) -> list[Facet]:
    """A facet for every factor, from counts by condition."""
    found: dict[str, list[tuple[str, int]]] = {}
    used = {code for code, _ in counted}
    for factor in sorted(asked.light.factors(used) - set(COLUMNS)):
        found[factor] = [(asked.light.conditions[code].levels.get(factor, NONE), n) for code, n in counted]
    return [_facet(factor, values) for factor, values in found.items()]


def _answered(asked: Tables, field: str, predicate: Predicate, answers: Answers) -> list[tuple[str, int]]:
    column = asked.answer_of(field)
    rows = asked.ask((column, "count(*)"), predicate, "GROUP BY ALL")
    return [(NONE if code < 0 else answers.values[code], n) for code, n in rows]


def _requests(asked: Tables, predicate: Predicate) -> int:
    names = asked.light.requests[1]
    # In ascending order the empty request, which is none, has the code 0.
    without = bool(len(names)) and names[0].as_py() == ""
    counted = f"count(DISTINCT CASE WHEN request >= {without:d} THEN request END)"
    return asked.ask((counted,), predicate)[0][0]


def _facet(field: str, counted: Sequence[tuple[str, int]]) -> Facet:
    total: Counter[str] = Counter()
    for value, count in counted:
        total[value] += count
    ordered = sorted(total.items(), key=lambda one: (-one[1], one[0]))
    return Facet(field=field, values=tuple(FacetValue(value=value, count=count) for value, count in ordered))
