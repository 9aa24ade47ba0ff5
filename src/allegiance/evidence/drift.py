"""Drift: whether a rater that is run again answers as it did; and joint tables of two questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from allegiance.errors import Refusal
from allegiance.evidence.checking import groups
from allegiance.evidence.comparing import Units, decided, matches
from allegiance.evidence.domains import Base, Share
from allegiance.evidence.figures import UNDECIDED, Figure
from allegiance.evidence.keep import Keep
from allegiance.evidence.rated import resolve
from allegiance.evidence.tallies import Labels
from allegiance.rating.labels import last
from allegiance.records.draw import Draw
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record


class Drift(Record, frozen=True, kw_only=True):
    """What changed between two runs on the same transcripts.

    Attributes:
        first, second: What is compared: two raters, or the first and the last answers of one.
        transcripts, requests: How many both answered, and the units of the intervals.
        changed: The share whose answer changed; undecided is an answer of its own.
        shifts: For each answer, by how much its share rose.
        table: (before, after, number).
        names: Transcripts whose answer changed.
    """

    first: str
    second: str
    transcripts: int
    requests: int
    changed: Figure
    shifts: tuple[Figure, ...]
    table: tuple[tuple[str, str, int], ...]
    names: tuple[str, ...]


class JointCell(Record, frozen=True, kw_only=True):
    """So many of what was read are answered `first` on the one question and `second` on the other."""

    first: str
    second: str
    n: int
    share: Share


class JointPart(Record, frozen=True, kw_only=True):
    """A joint table of one part of the population; empty levels for all of it."""

    levels: Mapping[str, str]
    transcripts: int
    read: int
    cells: tuple[JointCell, ...]


class Joint(Record, frozen=True, kw_only=True):
    """Two questions on the same transcripts. Fields as in `checking.Check`."""

    first: str
    second: str
    draw: int
    design: str
    alpha: float
    parts: tuple[JointPart, ...]


def drift(
    keep: Keep, question: Question, rater: RaterCard, later: RaterCard | None = None, *, alpha: float = 0.05
) -> Drift:
    """How a rater's answers changed: of two cards, or of one that answered the same transcripts again.

    Of one card, the transcripts are those that it answered more than once, and its first answer is held against its
    last. If it was asked again only where somebody doubted it, that is what this shows.

    Raises:
        Refusal: There is nothing that was answered twice.
    """
    every = keep.labels.all(question.digest, rater.digest)
    before, after = _first(every), last(every)
    if later is not None:
        before, after = after, last(keep.labels.all(question.digest, later.digest))
    else:
        again = {label.transcript for label in every if label.revision}
        before = {name: label for name, label in before.items() if name in again}
    rows = [row for row in keep.select() if row.name in before and row.name in after]
    if not rows:
        raise Refusal(
            f"{rater.name} has answered nothing twice.",
            next="Run it again on a fixed set, or name two raters: allegiance rater drift OLD NEW",
        )
    units = Units(rows)
    pairs = [(decided(before[name]), decided(after[name])) for name in units.names]
    return Drift(
        first=rater.name if later else f"{rater.name}, first answers",
        second=later.name if later else f"{rater.name}, last answers",
        transcripts=len(rows),
        requests=units.size,
        changed=units.mean("changed", [float(a != b) for a, b in pairs], alpha),
        shifts=tuple(
            units.mean(answer, [matches(answer)(b) - matches(answer)(a) for a, b in pairs], alpha, -1.0)
            for answer in question.answers
        ),
        table=tuple((a, b, n) for (a, b), n in sorted(Counter(pairs).items())),
        names=tuple(name for name, (a, b) in zip(units.names, pairs, strict=True) if a != b),
    )


def joint(
    keep: Keep,
    first: str,
    second: str,
    *,
    draw: Draw | None = None,
    where: str = "",
    by: Sequence[str] = (),
    alpha: float = 0.05,
) -> Joint:
    """How two questions are answered together, as counts, and as shares of the population by the design of a draw.

    Without a draw the transcripts are all that both answered; unless these are the whole population, the shares say
    nothing beyond them. What one of the two left undecided has a row or column of its own.

    Args:
        keep: The study.
        first, second: ``QUESTION@RATER`` each.
        draw: What was drawn, and labelled by both.
        where: A part of the population.
        by: Fields by whose levels the table is shown apart.
        alpha: One minus the confidence of each share, in (0, 1).

    Raises:
        UnknownName: There is no such question or rater.
        Refusal: Nothing has both answers.
    """
    now = keep.log.checkpoint().size
    sides = [_labels(keep, field, now) for field in (first, second)]
    rows = keep.rows(draw.commitment.frame) if draw else keep.select(where)
    if draw and where:
        wanted = {row.name for row in keep.select(where)}
        rows = [row for row in rows if row.name in wanted]
    both = sides[0].keys() & sides[1].keys()
    read = list(draw.items) if draw else [row.name for row in rows if row.name in both]
    base = Base(keep, draw, rows, read)
    if not both & set(base.read):
        raise Refusal("no transcript has both answers.", where=f"{first} {second}", next="Rate both questions.")
    parts = [_table({}, base, sides, alpha)]
    parts += [
        _table(levels, Base(keep, draw, inside, base.read), sides, alpha) for levels, inside in groups(rows, by)
    ]
    number = draw.commitment.counter if draw else 0
    return Joint(first=first, second=second, draw=number, design=base.design, alpha=alpha, parts=tuple(parts))


def _labels(keep: Keep, field: str, now: int) -> Labels:
    column = resolve(keep.labels, field, now)
    return last(keep.labels.all(column.question, column.rater))


def _table(levels: Mapping[str, str], base: Base, sides: Sequence[Labels], alpha: float) -> JointPart:
    told = {name: tuple(_said(side, name) for side in sides) for name in base.read}
    kinds = [sorted({pair[i] for pair in told.values()}) for i in (0, 1)]
    cells = []
    for a in kinds[0]:
        for b in kinds[1]:
            share = base.share(lambda name, cell=(a, b): float(told[name] == cell), alpha)  # type: ignore[misc]
            cells.append(JointCell(first=a, second=b, n=sum(pair == (a, b) for pair in told.values()), share=share))
    return JointPart(levels=levels, transcripts=len(base.names), read=len(base.read), cells=tuple(cells))


def _said(labels: Labels, name: str) -> str:
    return decided(labels[name]) if name in labels else UNDECIDED


def _first(every: Sequence[Label]) -> dict[str, Label]:
    return {label.transcript: label for label in sorted(every, key=lambda label: -label.revision)}
