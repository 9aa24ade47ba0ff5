"""Families: several gaps of one study at once, and differences of gaps. A table to explore with, never a claim.

Each number shown is a look, and is in the log before it is returned. In a study that is split, only the half to
explore is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from allegiance.corpus.rows import Row
from allegiance.errors import Refusal, UnknownName, UsageError
from allegiance.evidence.keep import Keep
from allegiance.evidence.splits import visible
from allegiance.evidence.tallies import DIGITS, Labels, outcome, require_labels, require_requests
from allegiance.evidence.terms import Terms, check_terms
from allegiance.ledger.log import append
from allegiance.rating.labels import last
from allegiance.records.record import Record
from allegiance.stats import multiplicity
from allegiance.stats.experiments import Values, contrast_interval, contrast_values
from allegiance.stats.intervals import Interval, round_outward

ALL = "all"
"""Name of the gap over everything, where nothing sets the gaps apart."""

WHAT = (
    "exploratory, not a claim: intervals in the first columns hold each alone; max-T and Holm allow for all of the "
    "family, q for the share of false ones among those taken; intervals of those picked allow for the picking"
)
"""What a family is, for people."""

ARMS: Mapping[int, float] = {0: 1.0, 1: -1.0, 2: -1.0, 3: 1.0}
"""Weights of the arms: level A and B, then A and B of the side that is subtracted."""


class Contrast(Record, frozen=True, kw_only=True):
    """One line of a family.

    Attributes:
        name: What sets it apart, such as ``model=small`` or ``persona=a - persona=b``.
        value: The gap, or the difference of two gaps, over requests with decided labels; None if there are none.
        low, high: Its interval, this contrast alone; labels that are not decided count at their worst.
        rates: Mean over the same requests of each arm, in the order in which they are added and subtracted.
        requests: Requests seen in all of its arms.
        dropped: Requests not seen in all, left out.
        undecided: Labels of the requests kept that are not decided.
        samples: Transcripts of the requests kept.
        p, max_t, holm, q: Of sign-flip tests; None where a label is not decided, for the tests know decided labels
            only. `max_t` is None unless all labels of the family are decided.
        picked: The interval that allows for the picking; None if it was not picked.
    """

    name: str
    value: float | None
    low: float
    high: float
    rates: tuple[float | None, ...]
    requests: int
    dropped: int
    undecided: int
    samples: int
    p: float | None = None
    max_t: float | None = None
    holm: float | None = None
    q: float | None = None
    picked: tuple[float, float] | None = None


class Family(Record, frozen=True, kw_only=True):
    """A table of gaps.

    Attributes:
        factor, levels: What was compared, minuend first.
        alpha: One minus the confidence of each interval; the share of misses allowed among those picked.
        predicate: The population, in the filter language.
        contrasts: The lines.
        left_out: Contrasts of which no request was seen in all arms.
    """

    factor: str
    levels: tuple[str, str]
    alpha: float
    predicate: str
    contrasts: tuple[Contrast, ...]
    left_out: tuple[str, ...] = ()


class _Cell(NamedTuple):
    """A contrast to be worked out: its name and the rows of its arms."""

    name: str
    arms: tuple[list[Row], ...]


def explore(
    keep: Keep,
    terms: Terms,
    *,
    predicate: str = "",
    by: Sequence[str] = (),
    interactions: Sequence[tuple[str, str, str]] = (),
    pick: Sequence[str] = (),
) -> Family:
    """Gaps at every level of other factors, each alone and allowing for all; each is logged as a look.

    Args:
        keep: The study.
        terms: Of a gap: question, rater (the first), answer, factor, two levels, alpha.
        predicate: Which transcripts; in a split study the half to explore alone is seen.
        by: Fields, such as ``model``: a gap for each combination of their levels. None: one gap.
        interactions: (field, a, b): the gap at a less the gap at b, request by request, for each combination of the
            other fields of `by`.
        pick: Names of the contrasts picked. Empty for those with q <= alpha or an interval that leaves zero out.

    Raises:
        UsageError: A field is named twice over, or is the factor itself or the request.
        UnknownName: There is no such field, level, or contrast.
        Refusal: A transcript has no label, or no request was seen in all arms of any contrast.
    """
    check_terms(terms)
    chosen = visible(keep, predicate)
    rows = [row for row in keep.select(chosen) if row.condition.levels.get(terms.factor) in terms.levels]
    _check_fields(rows, terms, by, interactions)
    require_requests(rows)
    labels = last(keep.labels.all(terms.question.digest, terms.raters[0].digest))
    require_labels([row.name for row in rows], labels)
    cells, left_out = _split(_cells(rows, terms, by, interactions))
    if not cells:
        raise Refusal(
            f"no request was seen at both levels of {terms.factor} in any of {len(left_out)} contrasts.",
            where=chosen or "the corpus",
            next="Run the same requests at both levels.",
        )
    made = Family(
        factor=terms.factor,
        levels=(terms.levels[0], terms.levels[1]),
        alpha=terms.alpha,
        predicate=chosen,
        contrasts=_worked_out(cells, labels, terms, pick),
        left_out=tuple(left_out),
    )
    _log(keep, terms, made)
    return made


def _log(keep: Keep, terms: Terms, made: Family) -> None:
    """Each contrast as a look, all in one transaction."""
    body: dict[str, object] = {"draw": "", "question": terms.question.digest, "rater": terms.raters[0].digest}
    body |= {"factor": made.factor, "levels": list(made.levels), "predicate": made.predicate}
    with keep.database.write() as connection:
        for each in made.contrasts:
            append(connection, "look", body | {"n": each.samples, "contrast": each.name})


def _check_fields(
    rows: Sequence[Row], terms: Terms, by: Sequence[str], interactions: Sequence[tuple[str, str, str]]
) -> None:
    known: dict[str, set[str]] = {}
    for row in rows:
        for key, level in row.fields().items():
            known.setdefault(key, set()).add(level)
    seen = {row.condition.levels[terms.factor] for row in rows}
    for level in terms.levels:
        if level not in seen:
            raise UnknownName(f"level of {terms.factor}", level, sorted(seen))
    fields = sorted(known.keys() - {"request", terms.factor})
    for key in (*by, *(each[0] for each in interactions)):
        if key in {"request", terms.factor}:
            why = "is what is compared" if key == terms.factor else "is the unit"
            raise UsageError(f"{key} {why}, and cannot set gaps apart.", next=f"Choose from: {', '.join(fields)}")
        if key not in fields:
            raise UnknownName("field", key, fields)
    if len(set(by)) != len(by):
        raise UsageError("a field is named twice.", where=f"--by {' '.join(by)}")
    for key, *levels in interactions:
        if len(set(levels)) != 2:
            raise UsageError("an interaction has two levels that differ.", where=f"{key}={','.join(levels)}")
        for level in levels:
            if level not in known[key]:
                raise UnknownName(f"level of {key}", level, sorted(known[key]))


def _cells(
    rows: Sequence[Row], terms: Terms, by: Sequence[str], interactions: Sequence[tuple[str, str, str]]
) -> list[_Cell]:
    """All contrasts of a family: the gaps, then the differences of gaps."""
    cells = [_Cell(name, _arms(inside, terms)) for name, inside in _groups(rows, by)]
    for key, first, second in interactions:
        for name, inside in _groups(rows, [each for each in by if each != key]):
            sides = [[row for row in inside if row.fields().get(key) == level] for level in (first, second)]
            told = f"{key}={first} - {key}={second}" + ("" if name == ALL else f" ({name})")
            cells.append(_Cell(told, tuple(arm for side in sides for arm in _arms(side, terms))))
    return cells


def _groups(rows: Sequence[Row], by: Sequence[str]) -> list[tuple[str, list[Row]]]:
    """The rows at each combination of levels; those that lack one of the fields are in none."""
    if not by:
        return [(ALL, list(rows))]

    def levels(row: Row) -> tuple[str, ...]:
        return tuple(row.fields()[key] for key in by)

    told = sorted((row for row in rows if row.fields().keys() >= set(by)), key=levels)
    return [
        (" ".join(f"{key}={level}" for key, level in zip(by, at, strict=True)), list(inside))
        for at, inside in groupby(told, key=levels)
    ]


def _arms(rows: Sequence[Row], terms: Terms) -> tuple[list[Row], ...]:
    return tuple([row for row in rows if row.condition.levels[terms.factor] == level] for level in terms.levels)


def _split(cells: Sequence[_Cell]) -> tuple[list[_Cell], list[str]]:
    """The contrasts with a request that was seen in all arms, and the names of the others."""
    paired = [set.intersection(*({row.request for row in arm} for arm in cell.arms)) for cell in cells]
    kept = [cell for cell, common in zip(cells, paired, strict=True) if common]
    return kept, [cell.name for cell, common in zip(cells, paired, strict=True) if not common]


def _worked_out(cells: Sequence[_Cell], labels: Labels, terms: Terms, pick: Sequence[str]) -> tuple[Contrast, ...]:
    values = [_values(cell, labels, terms.answer) for cell in cells]
    tests = _tests(values)
    lines = [
        _tested(_line(cell, each, labels, terms), at, tests)
        for at, (cell, each) in enumerate(zip(cells, values, strict=True))
    ]
    chosen = _picked(lines, pick, terms.alpha)
    scaled = [(each.low / each.reach.high, each.high / each.reach.high) for each in values]
    spans = multiplicity.selected_intervals(
        [low for low, _ in scaled], [high for _, high in scaled], chosen, terms.alpha
    )
    for at, span in zip(chosen, spans, strict=True):
        scale = values[at].reach.high
        wide = round_outward(Interval(scale * span.low, scale * span.high), DIGITS)
        lines[at] = msgspec.structs.replace(lines[at], picked=(wide.low, wide.high))
    return tuple(lines)


def _values(cell: _Cell, labels: Labels, answer: str) -> Values:
    rows = [row for arm in cell.arms for row in arm]
    arms = [at for at, arm in enumerate(cell.arms) for _ in arm]
    told = [outcome(labels.get(row.name), answer) for row in rows]
    weights = {at: ARMS[at] for at in range(len(cell.arms))}
    return contrast_values(np.array([row.request for row in rows]), np.array(arms), np.array(told), weights)


def _line(cell: _Cell, values: Values, labels: Labels, terms: Terms) -> Contrast:
    known = np.isfinite(values.value)
    value = float(values.value[known].mean()) if bool(known.any()) else None
    span = contrast_interval(values, terms.alpha)
    low, high = (span.low, span.high) if value is None else (min(span.low, value), max(span.high, value))
    ends = round_outward(Interval(low, high), DIGITS)
    kept, decided = set(values.request.tolist()), set(values.request[known].tolist())
    return Contrast(
        name=cell.name,
        value=value,
        low=ends.low,
        high=ends.high,
        rates=tuple(_rate(arm, labels, terms.answer, decided) for arm in cell.arms),
        requests=values.request.size,
        dropped=values.dropped,
        undecided=values.unknown,
        samples=sum(row.request in kept for arm in cell.arms for row in arm),
    )


def _rate(arm: Sequence[Row], labels: Labels, answer: str, requests: set[str]) -> float | None:
    """The mean over these requests of the share among their decided labels."""
    told: dict[str, list[float]] = {}
    for row in arm:
        found = outcome(labels.get(row.name), answer)
        if row.request in requests and not np.isnan(found):
            told.setdefault(row.request, []).append(found)
    return float(np.mean([np.mean(each) for each in told.values()])) if told else None


class _Tests(NamedTuple):
    """P-values by contrast; those with undecided labels count as 1 in `holm` and `q`, and have none."""

    decided: list[bool]
    p: Sequence[float]
    max_t: Sequence[float] | None
    holm: Sequence[float]
    q: Sequence[float]


def _tests(values: Sequence[Values]) -> _Tests:
    decided = [each.unknown == 0 for each in values]
    told = multiplicity.family(_table(values))
    alone = [p if sure else 1.0 for p, sure in zip(told.p, decided, strict=True)]
    together = told.max_t if all(decided) else None
    return _Tests(decided, told.p, together, multiplicity.holm(alone), multiplicity.benjamini_hochberg(alone))


def _table(values: Sequence[Values]) -> NDArray[np.float64]:
    """Requests by contrasts; NaN where a request lacks the contrast, and 0 where none of its labels is decided."""
    place = {
        request: at for at, request in enumerate(sorted({r for each in values for r in each.request.tolist()}))
    }
    found = np.full((len(place), len(values)), np.nan)
    for at, each in enumerate(values):
        found[[place[request] for request in each.request.tolist()], at] = np.nan_to_num(each.value)
    return found


def _tested(line: Contrast, at: int, tests: _Tests) -> Contrast:
    if not tests.decided[at]:
        return line
    return msgspec.structs.replace(
        line,
        p=tests.p[at],
        max_t=tests.max_t[at] if tests.max_t else None,
        holm=tests.holm[at],
        q=tests.q[at],
    )


def _picked(lines: Sequence[Contrast], pick: Sequence[str], alpha: float) -> list[int]:
    names = [line.name for line in lines]
    for name in pick:
        if name not in names:
            raise UnknownName("contrast", name, names)
    if pick:
        return [at for at, name in enumerate(names) if name in pick]
    return [
        at
        for at, line in enumerate(lines)
        if (line.q is not None and line.q <= alpha) or line.low > 0 or line.high < 0
    ]
