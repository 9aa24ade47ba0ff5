"""What one rater answered, condition by condition: rates to look at, each with its interval. Not a claim.

The intervals are about requests like these, as in `comparing`; about the transcripts at hand the numbers are exact.
A transcript that the rater left undecided widens the interval; one that it did not label is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from allegiance.corpus.predicate import Predicate, parse
from allegiance.corpus.rows import Row
from allegiance.errors import UnknownName
from allegiance.evidence.checking import groups
from allegiance.evidence.columns import Held
from allegiance.evidence.comparing import Units, decided, matches
from allegiance.evidence.figures import UNDECIDED, Figure
from allegiance.evidence.keep import Keep
from allegiance.rating.labels import last
from allegiance.records.frame import Rated
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record

COLUMNS = ("model", "run", "status")
"""Fields beside the factors by whose values transcripts can be told apart."""
MOST = 200
"""Groups at most; beyond, the comparison asks for fewer fields."""


class Group(Record, frozen=True, kw_only=True):
    """What a rater answered about the transcripts of one combination of levels.

    Attributes:
        levels: Field → level; a level that is not stated is ``not stated``.
        where: The filter that finds them; empty where a level is not stated, as no filter can say that.
        labelled: How many of them the rater labelled.
        undecided: How many of these it left undecided.
        requests: The units of the intervals.
        rates: The share of each answer of the question.
    """

    levels: dict[str, str]
    where: str
    labelled: int
    undecided: int
    requests: int
    rates: tuple[Figure, ...]


def fields(keep: Keep, where: str = "") -> list[str]:
    """The fields by which transcripts can be told apart: those of every transcript, then the factors."""
    chosen = keep.choose(where)
    used = set(np.unique(chosen.light.codes("condition")[chosen.at]).tolist())
    return [*COLUMNS, *sorted(chosen.light.factors(used) - set(COLUMNS))]


def labelled(keep: Keep, question: Question, card: RaterCard, where: str = "") -> list[Row]:
    """The transcripts that pass a filter and that a rater labelled; the columns of the others are not read."""
    chosen, now = keep.choose(where), keep.log.checkpoint().size
    column = Rated(question=question.digest, rater=card.digest, before=now)
    codes = Held(keep.labels, chosen.light).answers(column).codes
    return chosen.light.rows(chosen.at[codes[chosen.at] >= 0])


def grouped(
    keep: Keep, question: Question, card: RaterCard, by: Sequence[str], *, where: str = "", alpha: float = 0.05
) -> list[Group]:
    """Rates of a rater's answers by the levels of some fields, of what it labelled; none if it labelled nothing.

    Raises:
        UnknownName: There is no such field.
    """
    known = fields(keep, where)
    for name in by:
        if name not in known:
            raise UnknownName("field", name, known)
    told = {name: decided(label) for name, label in last(keep.labels.all(question.digest, card.digest)).items()}
    rows = labelled(keep, question, card, where)
    found = groups(rows, by) if by else [({}, rows)] if rows else []
    return [_group(levels, inside, where, question, told, alpha) for levels, inside in found[:MOST]]


def _group(
    levels: dict[str, str], rows: Sequence[Row], where: str, question: Question, told: dict[str, str], alpha: float
) -> Group:
    units, said = Units(rows), [told[row.name] for row in rows]
    terms = dict(parse(where).terms) | {name: (level,) for name, level in levels.items()}
    stated = "not stated" not in levels.values()
    return Group(
        levels=levels,
        where=str(Predicate(tuple(sorted(terms.items())))) if stated else "",
        labelled=len(rows),
        undecided=said.count(UNDECIDED),
        requests=units.size,
        rates=tuple(units.mean(each, list(map(matches(each), said)), alpha) for each in question.answers),
    )
