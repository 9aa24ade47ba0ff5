"""The figures of a check: sensitivity, specificity, predictive values, agreement, confusions, calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import isnan

from allegiance.evidence.domains import Base, Share
from allegiance.evidence.tallies import DIGITS, Labels
from allegiance.records.label import UNDECIDED as LEFT_OPEN
from allegiance.records.question import Question
from allegiance.records.record import Record
from allegiance.stats.agreement import ac1_range, alpha_range, kappa_range
from allegiance.stats.intervals import Interval, round_outward
from allegiance.stats.validation import Found, class_share, overlap, ratio

UNDECIDED = "undecided"
"""Stands for ``unsure``, ``unrated`` and no label at all."""
BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Ends of the bins of scores; the last holds its upper end."""
NAN = float("nan")


class Figure(Record, frozen=True, kw_only=True):
    """A number and its interval; `value` is None where nothing was seen to make it from. `n` labels it rests on."""

    name: str
    value: float | None
    low: float
    high: float
    n: int


class ByAnswer(Record, frozen=True, kw_only=True):
    """How the rater does on one answer against all others.

    Attributes:
        answer: The answer.
        sensitivity: Of what the trusted rater answers so, the share that the rater does.
        specificity: Of what the trusted rater answers otherwise, the share that the rater answers otherwise; what
            it leaves undecided is in neither.
        positive_value, negative_value: Of what the rater answers so (or otherwise), the share for which the
            trusted one does too.
        positive_agreement, negative_agreement: Twice what both answer so, over what each does.
        skill: Sensitivity and specificity less one; nought for a rater that answers at random.
    """

    answer: str
    sensitivity: Figure
    specificity: Figure
    positive_value: Figure
    negative_value: Figure
    positive_agreement: Figure
    negative_agreement: Figure
    skill: Figure

    @property
    def all(self) -> tuple[Figure, ...]:
        """The figures in order."""
        return (
            self.sensitivity, self.specificity, self.positive_value, self.negative_value,
            self.positive_agreement, self.negative_agreement, self.skill,
        )  # fmt: skip


class ByConfusion(Record, frozen=True, kw_only=True):
    """Known mistakes: of what the rater answers `seems`, the share for which the trusted one answers `right`.

    Labels do not say which of several known mistakes was made, so those of one kind stand together.

    Attributes:
        names, what: Of the mistakes that look so.
        seems, right: The rater's answer and the right one.
        share: Its share among what the rater answers so.
        seen: How often it was seen.
    """

    names: tuple[str, ...]
    what: tuple[str, ...]
    seems: str
    right: str
    share: Figure
    seen: int


class Bin(Record, frozen=True, kw_only=True):
    """Transcripts whose score lies in a bin: their mean score, and the share that the trusted rater calls yes."""

    low: float
    high: float
    score: float
    share: Figure
    transcripts: int


class Said:
    """What both raters answered, on a base."""

    def __init__(self, question: Question, told: Labels, truth: Labels, base: Base) -> None:
        self.question, self.base = question, base
        self._told, self._truth = told, truth

    def answer(self, name: str) -> str:
        """The rater's answer; `UNDECIDED` where it has none."""
        return _answer(self._told, name)

    def true(self, name: str) -> str:
        """The trusted rater's answer; `UNDECIDED` where it has none."""
        return _answer(self._truth, name)

    def is_true(self, name: str, answer: str) -> float:
        """1 or 0, NaN where the trusted rater has not decided."""
        found = self.true(name)
        return NAN if found == UNDECIDED else float(found == answer)

    def score(self, name: str) -> float | None:
        """The rater's score."""
        return self._told[name].score if name in self._told else None

    def inside(self, holds: Callable[[str], bool]) -> frozenset[str]:
        """The part of the population for whose answer by the rater something holds."""
        return frozenset(name for name in self.base.names if holds(self.answer(name)))


def asked(question: Question) -> tuple[str, ...]:
    """The answers that figures are made for: of two, the first."""
    return question.answers[:1] if len(question.answers) == 2 else question.answers


def by_answer(said: Said, answer: str, alpha: float) -> ByAnswer:
    """The figures for one answer against all others."""
    base = said.base
    same = said.inside(lambda told: told == answer)
    other = said.inside(lambda told: told not in {answer, UNDECIDED})
    yes, no = _hit(said, answer), _miss(said, answer)
    found = base.share(yes, alpha, same)
    left = base.share(no, alpha, other)
    sensitivity = _within(said, alpha, "sensitivity", yes, same)
    specificity = _within(said, alpha, "specificity", no, other)
    skill = [_within(said, alpha / 2, "", yes, same), _within(said, alpha / 2, "", no, other)]
    known = sensitivity.value is not None and specificity.value is not None
    return ByAnswer(
        answer=answer,
        sensitivity=sensitivity,
        specificity=specificity,
        positive_value=_figure("positive predictive value", found),
        negative_value=_figure("negative predictive value", left),
        positive_agreement=_both(said, alpha, "positive agreement", yes, same),
        negative_agreement=_both(said, alpha, "negative agreement", no, other),
        skill=Figure(
            name="sensitivity + specificity - 1",
            value=(sensitivity.value or 0) + (specificity.value or 0) - 1 if known else None,
            low=_down(skill[0].low + skill[1].low - 1),
            high=-_down(1 - skill[0].high - skill[1].high),
            n=min(sensitivity.n, specificity.n),
        ),
    )


def agreement(said: Said, alpha: float) -> tuple[Figure, ...]:
    """Raw agreement, kappa, alpha and AC1 over all answers; undecided by the rater is an answer of its own.

    The coefficients are those of the whole population. Their intervals are `stats.agreement`'s ranges, with half of
    alpha for the disagreement and half, shared out, for the trusted answers; the rater's own shares are known.
    """
    base, answers = said.base, list(said.question.answers)
    raw = base.share(lambda name: _equal(said, name), alpha)
    apart = base.share(lambda name: 1 - _equal(said, name), alpha / 2)
    each = alpha / 2 / (1 if len(answers) == 2 else len(answers))
    true = [base.share(_hit(said, answer), each) for answer in answers]
    if any(said.answer(name) == UNDECIDED for name in base.names):
        answers.append(UNDECIDED)
        true.append(Share(value=0.0, low=0.0, high=0.0, n=0, of=0))
    size = len(base.names)
    known = [len(said.inside(lambda told, a=answer: told == a)) / size for answer in answers]  # type: ignore[misc]
    spans = [Interval(share, share) for share in known]
    trusted = [share.interval for share in true]
    pooled = [Interval((p + q.low) / 2, (p + q.high) / 2) for p, q in zip(known, trusted, strict=True)]
    points = _points(apart.value, known, [share.value for share in true])
    ends = (
        kappa_range(apart.interval, spans, trusted),
        alpha_range(apart.interval, pooled),
        ac1_range(apart.interval, pooled),
    )
    named = zip(("kappa", "alpha", "AC1"), points, ends, strict=True)
    return (_figure("raw agreement", raw), *(_coefficient(*one, raw.n) for one in named))


def by_confusion(said: Said, alpha: float) -> tuple[ByConfusion, ...]:
    """How often each kind of known mistake of the question was made."""
    found = []
    kinds = dict.fromkeys((each.seems, each.right) for each in said.question.confusions)
    for seems, right in kinds:
        part = said.inside(lambda told, seems=seems: told == seems)  # type: ignore[misc]
        known = [each for each in said.question.confusions if (each.seems, each.right) == (seems, right)]
        found.append(
            ByConfusion(
                names=tuple(each.name for each in known),
                what=tuple(each.what for each in known),
                seems=seems,
                right=right,
                share=_figure(f"seems '{seems}', is '{right}'", said.base.share(_hit(said, right), alpha, part)),
                seen=sum(said.true(name) == right for name in said.base.read if name in part),
            )
        )
    return tuple(found)


def calibration(said: Said, alpha: float) -> tuple[Bin, ...]:
    """The share called yes by the trusted rater, by the rater's score; nothing where it gives no scores."""
    scores = {name: said.score(name) for name in said.base.names}
    known = {name: min(max(score, 0.0), 1.0) for name, score in scores.items() if score is not None}
    if not known or "yes" not in said.question.answers:
        return ()
    made = []
    for low, high in pairwise(BINS):
        part = {name for name, score in known.items() if low <= score < high or score == high == BINS[-1]}
        if part:
            share = _figure("called yes", said.base.share(_hit(said, "yes"), alpha, part))
            mean = sum(known[name] for name in part) / len(part)
            made.append(Bin(low=low, high=high, score=mean, share=share, transcripts=len(part)))
    return tuple(made)


def _answer(labels: Labels, name: str) -> str:
    if name not in labels or labels[name].value in LEFT_OPEN:
        return UNDECIDED
    return labels[name].value


def _hit(said: Said, answer: str) -> Callable[[str], float]:
    return lambda name: said.is_true(name, answer)


def _miss(said: Said, answer: str) -> Callable[[str], float]:
    return lambda name: 1 - said.is_true(name, answer)


def _equal(said: Said, name: str) -> float:
    return said.is_true(name, said.answer(name))


def _within(said: Said, alpha: float, name: str, belongs: Callable[[str], float], part: frozenset[str]) -> Figure:
    """Among what belongs by the trusted rater, the share that the rater puts into a part."""
    base = said.base
    counts = [(belongs(each), each in part) for each in base.read]
    hits, misses = sum(c == (1.0, True) for c in counts), sum(c == (1.0, False) for c in counts)
    maybe = [inside for value, inside in counts if isnan(value)]
    value: float | None = hits / (hits + misses) if hits + misses else None
    if base.design == "census":
        low = hits / total if (total := hits + misses + maybe.count(False)) else 0.0
        high = 1 - misses / total if (total := hits + misses + maybe.count(True)) else 1.0
        ends = Interval(low, high)
    elif base.simple:
        ends = class_share(Found(hits, misses, maybe.count(True), maybe.count(False)), alpha)
    else:
        inner, outer = _two(said, alpha, belongs, part)
        ends = ratio(*(_total(share) for share in (inner, outer)))
        value = _portion(inner, outer) if value is not None else None
    low, high = round_outward(ends, DIGITS)
    return Figure(name=name, value=value, low=low, high=high, n=hits + misses)


def _both(said: Said, alpha: float, name: str, belongs: Callable[[str], float], part: frozenset[str]) -> Figure:
    """Twice what both put there, over what each does."""
    inner, outer = _two(said, alpha, belongs, part)
    ends = round_outward(overlap(_total(inner), _total(outer), float(len(part))), DIGITS)
    a, c = _count(inner), _count(outer)
    seen = inner.value is not None or outer.value is not None
    value = 2 * a / (len(part) + a + c) if seen and len(part) + a + c > 0 else None
    if value is not None:
        ends = Interval(min(ends.low, value), max(ends.high, value))
    return Figure(name=name, value=value, low=ends.low, high=ends.high, n=inner.n + outer.n)


def _two(said: Said, alpha: float, belongs: Callable[[str], float], part: frozenset[str]) -> tuple[Share, Share]:
    """What belongs, within a part and outside of it, each at half of alpha."""
    return (
        said.base.share(belongs, alpha / 2, part),
        said.base.share(belongs, alpha / 2, said.base.names - part),
    )


def _total(share: Share) -> Interval:
    return Interval(share.low * share.of, share.high * share.of)


def _count(share: Share) -> float:
    return (share.value or 0.0) * share.of


def _portion(inner: Share, outer: Share) -> float | None:
    both = _count(inner) + _count(outer)
    return _count(inner) / both if both else None


def _points(
    apart: float | None, known: Sequence[float], true: Sequence[float | None]
) -> tuple[float | None, float | None, float | None]:
    """Kappa, alpha and AC1 of the population, from its estimated shares."""
    if apart is None or any(share is None for share in true):
        return (None, None, None)
    q = [share or 0.0 for share in true]
    chance = sum(p * t for p, t in zip(known, q, strict=True))
    pooled = [(p + t) / 2 for p, t in zip(known, q, strict=True)]
    squares = sum(share**2 for share in pooled)
    expected = (1 - chance, 1 - squares, 1 - (1 - squares) / (len(pooled) - 1))
    kappa, alpha, ac1 = (1 - apart / each if each > 1e-12 else None for each in expected)
    return kappa, alpha, ac1


def _coefficient(name: str, value: float | None, ends: Interval, n: int) -> Figure:
    low, high = round_outward(ends, DIGITS)
    if value is not None:
        low, high = min(low, value), max(high, value)
    return Figure(name=name, value=value, low=low, high=high, n=n)


def _figure(name: str, share: Share) -> Figure:
    return Figure(name=name, value=share.value, low=share.low, high=share.high, n=share.n)


def _down(value: float) -> float:
    return round_outward(Interval(value, value), DIGITS).low
