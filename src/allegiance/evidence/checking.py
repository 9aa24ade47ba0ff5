"""Checks: how a rater's answers compare with those of a trusted rater on a draw. A look, not a claim.

The population is that of the draw (or a part of it); the rater answered for all of it, the trusted one for what was
drawn. Each figure is about the population: what it would be if the trusted rater had answered for all. Its interval
follows from the design and holds for this figure alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from allegiance.corpus.rows import Row
from allegiance.errors import Refusal
from allegiance.evidence import figures
from allegiance.evidence.domains import Base
from allegiance.evidence.figures import ByAnswer, ByConfusion, Figure
from allegiance.evidence.keep import Keep
from allegiance.evidence.tallies import Labels
from allegiance.rating.labels import last
from allegiance.records.draw import Draw
from allegiance.records.label import UNDECIDED
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record
from allegiance.stats.validation import ENOUGH, more_labels

WHAT = "not a claim: how a rater's answers compare with those of a trusted rater on a draw"
"""What a check is, for people."""

NOT_DRAWN = (
    "the trusted labels are not from a probability draw: what follows describes these {n} transcripts, and the "
    "error rates do not transfer to any others"
)
ONE_ANSWER = (
    "the rater answers '{answer}' throughout here: only its predictive value means anything, and for the rest draw "
    "from all transcripts"
)
NOT_TRUSTED = (
    "{name} is not a trusted rater: where the two differ, either may be wrong, and nothing here is an error rate"
)
PREVALENCE = (
    "agreement is high because '{answer}' is common: a rater that always answered '{answer}' would agree in "
    "{share} of cases"
)
CHANCE = (
    "not told apart from a rater that answers at random: sensitivity + specificity - 1 for '{answer}' is between "
    "{low:+.2f} and {high:+.2f}"
)
FEW = "only {n} trusted labels are '{answer}'{enough}: about {more} more of a like draw, or draw from {where}"


class Cell(Record, frozen=True, kw_only=True):
    """How many of what was read the trusted rater answered so and the rater so."""

    trusted: str
    rater: str
    n: int


class Part(Record, frozen=True, kw_only=True):
    """A part of the population: one combination of levels, or all of it.

    Attributes:
        levels: Which part; empty for all.
        transcripts: In the population.
        read: Of these, those that the trusted rater was to answer for.
        undecided: Of those read, how many it left undecided or has not answered yet; each counts where it makes an
            interval wider.
        unanswered: Transcripts of the population that the rater left undecided or did not answer for.
        table: What was answered, as counts.
        agreement: ``raw``, ``kappa``, ``alpha``, ``ac1``, over all answers.
        answers: The figures for each answer against the others.
        confusions: Known mistakes of the question, and how often each was made.
        calibration: What share the trusted rater calls yes, by the rater's score.
        warnings: What to know before using the figures.
    """

    levels: Mapping[str, str]
    transcripts: int
    read: int
    undecided: int
    unanswered: int
    table: tuple[Cell, ...]
    agreement: tuple[Figure, ...]
    answers: tuple[ByAnswer, ...]
    confusions: tuple[ByConfusion, ...] = ()
    calibration: tuple[figures.Bin, ...] = ()
    warnings: tuple[str, ...] = ()


class Check(Record, frozen=True, kw_only=True):
    """One rater held against a trusted one.

    Attributes:
        rater, kind, trusted, question: Names; what kind the rater is.
        draw: Number of the draw; 0 for none.
        design: As in `domains.Base`.
        alpha: One minus the confidence of each interval.
        parts: All of the population first, then each part asked for.
        warnings: What to know before using any of it.
    """

    rater: str
    kind: str
    trusted: str
    question: str
    draw: int
    design: str
    alpha: float
    parts: tuple[Part, ...]
    warnings: tuple[str, ...] = ()


def check(
    keep: Keep,
    question: Question,
    rater: RaterCard,
    trusted: RaterCard,
    *,
    draw: Draw | None = None,
    where: str = "",
    by: Sequence[str] = (),
    alpha: float = 0.05,
    given: Labels | None = None,
) -> Check:
    """Holds a rater against a trusted one. With a draw it is logged as a look before it is returned.

    Args:
        keep: The study.
        question: What both answered.
        rater: The rater that is checked.
        trusted: The rater that defines the truth.
        draw: What the trusted rater labelled; None to use whatever it labelled.
        where: A part of the population, as a filter.
        by: Factors (or ``model``) by whose levels the figures are shown apart.
        alpha: One minus the confidence, in (0, 1).
        given: The rater's labels, where they are not those kept in the study (a baseline).

    Raises:
        Refusal: The trusted rater is the rater itself, or labelled nothing of this.
    """
    if rater.digest == trusted.digest:
        raise Refusal(f"{rater.name} cannot be checked against itself.", next="Name another with --against.")
    rows = _rows(keep, draw, where)
    truth, drawn = _truth(keep, question, trusted, draw, rows)
    told = last(keep.labels.all(question.digest, rater.digest)) if given is None else given
    if not told:
        raise Refusal(
            f"{rater.name} has answered nothing of {question.name!r}.", next="Rate first: allegiance rate"
        )
    base = Base(keep, drawn, rows, _read(drawn, rows, truth))
    if not base.read:
        raise Refusal(
            f"{trusted.name} has labelled nothing of {question.name!r} here.",
            next="Draw, then label: allegiance draw 200; allegiance label --draw N",
        )
    if drawn is not None:
        body = {"draw": drawn.name, "question": question.digest, "rater": trusted.digest}
        done = sum(name in truth and truth[name].value not in UNDECIDED for name in base.read)
        keep.log.append("look", body | {"n": done, "checks": rater.digest})
    return Check(
        rater=rater.name,
        kind=rater.kind,
        trusted=trusted.name,
        question=question.name,
        draw=drawn.commitment.counter if drawn else 0,
        design=base.design,
        alpha=alpha,
        parts=tuple(_parts(keep, question, base, drawn, rows, by, told, truth, alpha)),
        warnings=_warnings(question, rater, trusted, base, drawn),
    )


def find_base(keep: Keep, question: Question, trusted: RaterCard) -> Draw | None:
    """The newest draw of which the trusted rater has labelled something since it was announced, if there is one."""
    for draw in reversed(keep.draws()):
        since = last(keep.labels.all(question.digest, trusted.digest, since=keep.announced(draw)))
        if since.keys() & set(draw.items):
            return draw
    return None


def _rows(keep: Keep, draw: Draw | None, where: str) -> list[Row]:
    if draw is None:
        return keep.select(where)
    rows = keep.rows(draw.commitment.frame)
    wanted = {row.name for row in keep.select(where)} if where else None
    return rows if wanted is None else [row for row in rows if row.name in wanted]


def _truth(
    keep: Keep, question: Question, trusted: RaterCard, draw: Draw | None, rows: Sequence[Row]
) -> tuple[Labels, Draw | None]:
    """The trusted labels that count, and the draw unless all of the population is labelled: that is a census.

    Of a draw, labels from before it was announced do not count: what was labelled then was not chosen by it.
    """
    every = last(keep.labels.all(question.digest, trusted.digest))
    if draw is None or all(row.name in every for row in rows):
        return every, None
    return last(keep.labels.all(question.digest, trusted.digest, since=keep.announced(draw))), draw


def _read(draw: Draw | None, rows: Sequence[Row], truth: Labels) -> list[str]:
    """What counts as read: all that was drawn; where reading goes on, to the last rank with a label."""
    if draw is None:
        return [row.name for row in rows if row.name in truth]
    if draw.commitment.design.stop == "fixed":
        return list(draw.items)
    labelled = [rank for rank, name in enumerate(draw.items, 1) if name in truth]
    return list(draw.items[: max(labelled, default=0)])


def _parts(
    keep: Keep,
    question: Question,
    base: Base,
    drawn: Draw | None,
    rows: Sequence[Row],
    by: Sequence[str],
    told: Labels,
    truth: Labels,
    alpha: float,
) -> list[Part]:
    made = [_part({}, base, question, told, truth, alpha)]
    for levels, inside in groups(rows, by):
        piece = Base(keep, drawn, inside, base.read)
        made.append(_part(levels, piece, question, told, truth, alpha))
    return made


def groups(rows: Sequence[Row], by: Sequence[str]) -> list[tuple[dict[str, str], list[Row]]]:
    """The rows by the levels of some fields, in order; none if no field is asked for."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows if by else ():
        fields = row.fields()
        found.setdefault(tuple(fields.get(name, "not stated") for name in by), []).append(row)
    return [(dict(zip(by, levels, strict=True)), found[levels]) for levels in sorted(found)]


def _part(
    levels: Mapping[str, str], base: Base, question: Question, told: Labels, truth: Labels, alpha: float
) -> Part:
    said = figures.Said(question, told, truth, base)
    cells = Counter((said.true(name), said.answer(name)) for name in base.read)
    answers = tuple(figures.by_answer(said, answer, alpha) for answer in figures.asked(question))
    agreement = figures.agreement(said, alpha)
    return Part(
        levels=levels,
        transcripts=len(base.names),
        read=len(base.read),
        undecided=sum(said.true(name) == figures.UNDECIDED for name in base.read),
        unanswered=sum(said.answer(name) == figures.UNDECIDED for name in base.names),
        table=tuple(Cell(trusted=t, rater=r, n=n) for (t, r), n in sorted(cells.items())),
        agreement=agreement,
        answers=answers,
        confusions=figures.by_confusion(said, alpha),
        calibration=figures.calibration(said, alpha),
        warnings=tuple(_cautions(said, cells, agreement, answers)),
    )


def _cautions(
    said: figures.Said, cells: Counter[tuple[str, str]], agreement: Sequence[Figure], answers: Sequence[ByAnswer]
) -> list[str]:
    """What the counts of a part do not carry."""
    found, read = [], len(said.base.read)
    told = {said.answer(name) for name in said.base.names}
    if len(told) == 1:
        return [ONE_ANSWER.format(answer=told.pop())]
    trusted = {a: sum(n for (t, _), n in cells.items() if t == a) for a in said.question.answers}
    for answer, n in trusted.items():
        if n < ENOUGH and said.base.design != "census":
            rare = f"those that the rater calls '{answer}'"
            found.append(FEW.format(n=n, answer=answer, enough=f", fewer than {ENOUGH}", where=rare,
                                    more=more_labels(n, read)))  # fmt: skip
    raw = agreement[0]
    answer, most = max(trusted.items(), key=lambda each: each[1])
    share = said.base.share(lambda name: said.is_true(name, answer), 0.5).value if most else None
    if share is not None and raw.value is not None and raw.value >= 0.8 and share >= raw.low:
        found.append(PREVALENCE.format(answer=answer, share=f"{100 * share:.1f} %"))
    for each in answers:
        skill = each.skill
        if skill.value is not None and skill.low <= 0:
            found.append(CHANCE.format(answer=each.answer, low=skill.low, high=skill.high))
    return found


def _warnings(
    question: Question, rater: RaterCard, trusted: RaterCard, base: Base, draw: Draw | None
) -> tuple[str, ...]:
    found = []
    if trusted.basis == "as rated":
        found.append(NOT_TRUSTED.format(name=trusted.name))
    if base.design == "as if uniform":
        found.append(NOT_DRAWN.format(n=len(base.read)))
    if rater.kind == "pattern" and question.act and rater.basis == "as rated":
        found.append(
            f"{rater.name} is a pattern: it finds words, and {question.name!r} asks what the model does; the "
            "positive predictive value is the precision of its hits, and the share of hits is no rate of the act"
        )
    if draw is not None and not base.fixed:
        found.append("the size of the draw was not declared: the intervals are those that hold at every look")
    return tuple(found)
