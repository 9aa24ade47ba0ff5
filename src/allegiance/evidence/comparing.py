"""Comparisons: what several raters answered about the same transcripts. None of them is the truth here.

The intervals are about requests like these: request means are taken as independent, and nothing is assumed of
their distribution (`stats.intervals.bounded_mean`). About the transcripts at hand the numbers are exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

import numpy as np

from allegiance.corpus.rows import Row
from allegiance.errors import Refusal, UsageError
from allegiance.evidence.figures import UNDECIDED, Figure
from allegiance.evidence.keep import Keep
from allegiance.evidence.statements import basis
from allegiance.evidence.tallies import DIGITS, Labels
from allegiance.rating.labels import last
from allegiance.records.label import UNDECIDED as LEFT_OPEN
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record
from allegiance.stats.agreement import (
    ac1_range,
    alpha_range,
    cohen_kappa,
    disagreements,
    gwet_ac1,
    kappa_range,
    krippendorff_alpha,
)
from allegiance.stats.intervals import Interval, bounded_mean, round_outward

WHAT = "not a claim: what several raters answered about the same transcripts"
"""What a comparison is, for people."""

PROPERTY = "the rate is a property of the rater: '{answer}' lies between {low} and {high} by who is asked"


class RateBy(Record, frozen=True, kw_only=True):
    """What one rater answered.

    Attributes:
        rater, basis: Its name, and what its labels are worth.
        rates: The share of each answer among decided labels; the undecided widen the interval.
        counts: Value → number of labels.
    """

    rater: str
    basis: str
    rates: tuple[Figure, ...]
    counts: Mapping[str, int]


class Pair(Record, frozen=True, kw_only=True):
    """Two raters.

    Attributes:
        first, second: Names.
        agreement: ``raw agreement``, ``kappa``, ``alpha``, ``AC1``; undecided is an answer of its own.
        differences: For each answer, how much more often the first gives it.
        table: (first, second, number) for what was answered.
        apart: Names of the transcripts on which they differ.
    """

    first: str
    second: str
    agreement: tuple[Figure, ...]
    differences: tuple[Figure, ...]
    table: tuple[tuple[str, str, int], ...]
    apart: tuple[str, ...]


class Stray(Record, frozen=True, kw_only=True):
    """A raw answer that the rule of a rater turns into no answer of the question, and what it is turned into."""

    rater: str
    raw: str
    value: str
    n: int


class Comparison(Record, frozen=True, kw_only=True):
    """Several raters on the same transcripts.

    Attributes:
        question: Its name.
        transcripts, requests: Transcripts that all of them labelled, and the units of the intervals.
        units: ``requests``; ``transcripts`` where a transcript does not say its request.
        left_out: Transcripts that some of them labelled, and not all.
        raters, pairs: As they say; `together` is over all raters, empty for two.
        rules: Rater → the rule that turns what it said into answers, where one is stated.
        strays: Raw answers off the menu.
        said: What follows, in sentences.
    """

    question: str
    transcripts: int
    requests: int
    units: str
    left_out: int
    raters: tuple[RateBy, ...]
    pairs: tuple[Pair, ...]
    together: tuple[Figure, ...]
    rules: Mapping[str, str]
    strays: tuple[Stray, ...]
    said: tuple[str, ...]


class Units:
    """Transcripts grouped by request, and means over these."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.names = tuple(row.name for row in rows)
        self.by_request = all(row.request for row in rows)
        keys = [row.request if self.by_request else row.name for row in rows]
        self.code = np.unique(np.array(keys), return_inverse=True)[1]
        self.size = int(self.code.max()) + 1

    def mean(self, name: str, values: Sequence[float], alpha: float, least: float = 0.0) -> Figure:
        """The mean over requests of the mean of each; values in [least, 1], NaN where not known."""
        given = np.asarray(values, dtype=np.float64)
        low = self._means((np.nan_to_num(given, nan=least) - least) / (1 - least))
        high = self._means((np.nan_to_num(given, nan=1.0) - least) / (1 - least))
        ends = bounded_mean(low.clip(0, 1), alpha, high=np.maximum(low, high).clip(0, 1))
        span = round_outward(Interval(least + (1 - least) * ends.low, least + (1 - least) * ends.high), DIGITS)
        known = ~np.isnan(given)
        value = self._known(given, known) if known.any() else None
        low_end, high_end = span if value is None else (min(span.low, value), max(span.high, value))
        return Figure(name=name, value=value, low=low_end, high=high_end, n=int(known.sum()))

    def _means(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(np.bincount(self.code, values, self.size) / np.bincount(self.code, minlength=self.size))

    def _known(self, values: np.ndarray, known: np.ndarray) -> float:
        count = np.bincount(self.code[known], minlength=self.size)
        total = np.bincount(self.code[known], values[known], self.size)
        return float((total[count > 0] / count[count > 0]).mean())


def compare(
    keep: Keep, question: Question, raters: Sequence[RaterCard], *, where: str = "", alpha: float = 0.05
) -> Comparison:
    """What raters answered about the transcripts that all of them labelled.

    Raises:
        UsageError: Fewer than two raters, or one twice.
        Refusal: No transcript has a label of each.
    """
    if len({card.digest for card in raters}) != len(raters) or len(raters) < 2:
        raise UsageError("a comparison needs two raters or more, each once.", where="rater compare")
    given = {card.name: last(keep.labels.all(question.digest, card.digest)) for card in raters}
    some = [row for row in keep.select(where) if any(row.name in labels for labels in given.values())]
    rows = [row for row in some if all(row.name in labels for labels in given.values())]
    if not rows:
        raise Refusal(
            "no transcript has a label of each of these raters.", next="See what there is: allegiance rater list"
        )
    units = Units(rows)
    answers = {name: [decided(labels[row.name]) for row in rows] for name, labels in given.items()}
    made = tuple(_rates(units, question, card, given[card.name], alpha) for card in raters)
    pairs = tuple(_pair(units, question, one, two, answers, alpha) for one, two in combinations(answers, 2))
    return Comparison(
        question=question.name,
        transcripts=len(rows),
        requests=units.size,
        units="requests" if units.by_request else "transcripts",
        left_out=len(some) - len(rows),
        raters=made,
        pairs=pairs,
        together=_agreement(units, question, list(answers.values()), alpha) if len(answers) > 2 else (),
        rules={card.name: rule for card in raters if (rule := stated_rule(card))},
        strays=tuple(stray for card in raters for stray in strays(card.name, given[card.name], units.names)),
        said=tuple(_said(made, pairs)),
    )


def stated_rule(card: RaterCard) -> str:
    """The rule that turns what a rater said into answers, where its card states one; else nothing."""
    if "values" not in card.settings:
        return ""
    return f"{card.settings['values']}, anything else: {card.settings.get('otherwise', 'unrated')}"


def strays(rater: str, labels: Labels, names: Sequence[str]) -> list[Stray]:
    """What a rater said that became no answer, as it said it, the most common first."""
    found: Counter[tuple[str, str]] = Counter()
    for name in names:
        label = labels[name]
        if label.value in LEFT_OPEN and label.raw:
            found[label.raw, label.value] += 1
    return [Stray(rater=rater, raw=raw, value=value, n=n) for (raw, value), n in sorted(
        found.items(), key=lambda each: (-each[1], each[0]))]  # fmt: skip


def decided(label: Label) -> str:
    """The answer of a label; `figures.UNDECIDED` for ``unsure`` and ``unrated``."""
    return UNDECIDED if label.value in LEFT_OPEN else label.value


def matches(answer: str) -> Callable[[str], float]:
    """1 for this answer, 0 for another, NaN for none."""
    return lambda told: float("nan") if told == UNDECIDED else float(told == answer)


def _rates(units: Units, question: Question, card: RaterCard, labels: Labels, alpha: float) -> RateBy:
    told = [decided(labels[name]) for name in units.names]
    return RateBy(
        rater=card.name,
        basis=basis(card),
        rates=tuple(units.mean(answer, list(map(matches(answer), told)), alpha) for answer in question.answers),
        counts=dict(Counter(labels[name].value for name in units.names)),
    )


def _pair(
    units: Units, question: Question, one: str, two: str, answers: Mapping[str, Sequence[str]], alpha: float
) -> Pair:
    first, second = answers[one], answers[two]
    pairs = list(zip(first, second, strict=True))
    return Pair(
        first=one,
        second=two,
        agreement=_agreement(units, question, [first, second], alpha),
        differences=tuple(
            units.mean(answer, [matches(answer)(a) - matches(answer)(b) for a, b in pairs], alpha, -1.0)
            for answer in question.answers
        ),
        table=tuple((a, b, n) for (a, b), n in sorted(Counter(pairs).items())),
        apart=tuple(name for name, (a, b) in zip(units.names, pairs, strict=True) if a != b),
    )


def _agreement(units: Units, question: Question, told: Sequence[Sequence[str]], alpha: float) -> tuple[Figure, ...]:
    """Raw agreement, kappa (of two), alpha and AC1; half of alpha for the disagreement, half for the shares."""
    menu = [*question.answers, *([UNDECIDED] if any(UNDECIDED in each for each in told) else [])]
    place = {answer: i for i, answer in enumerate(menu)}
    counts = np.zeros((len(units.names), len(menu)))
    for each in told:
        counts[np.arange(len(each)), [place[value] for value in each]] += 1
    apart = disagreements(counts)
    raw = units.mean("raw agreement", list(1 - apart), alpha)
    seen = units.mean("", list(apart), alpha / 2)
    k = 1 if len(menu) == 2 else len(menu)
    pooled = [units.mean("", list(column), alpha / 2 / k) for column in (counts / len(told)).T]
    spread, span = Interval(seen.low, seen.high), [Interval(each.low, each.high) for each in pooled]
    made = [
        _coefficient("alpha", krippendorff_alpha(counts), alpha_range(spread, span), raw.n),
        _coefficient("AC1", gwet_ac1(counts), ac1_range(spread, span), raw.n),
    ]
    if len(told) == 2:
        table = np.zeros((len(menu), len(menu)))
        np.add.at(table, ([place[a] for a in told[0]], [place[b] for b in told[1]]), 1)
        boxes = [
            [_span(units, [float(value == answer) for value in each], alpha / 4 / k) for answer in menu]
            for each in told
        ]
        made.insert(0, _coefficient("kappa", cohen_kappa(table), kappa_range(spread, *boxes), raw.n))
    return (raw, *made)


def _span(units: Units, values: Sequence[float], alpha: float) -> Interval:
    made = units.mean("", values, alpha)
    return Interval(made.low, made.high)


def _coefficient(name: str, value: float, ends: Interval, n: int) -> Figure:
    low, high = round_outward(ends, DIGITS)
    if np.isnan(value):
        return Figure(name=name, value=None, low=low, high=high, n=n)
    return Figure(name=name, value=value, low=min(low, value), high=max(high, value), n=n)


def _said(made: Sequence[RateBy], pairs: Sequence[Pair]) -> list[str]:
    """Where two raters' rates differ for sure, that they do."""
    found = []
    for i, figure in enumerate(made[0].rates):
        values = [each.rates[i].value for each in made]
        known = [value for value in values if value is not None]
        sure = [pair for pair in pairs if not pair.differences[i].low <= 0 <= pair.differences[i].high]
        if known and max(known) > min(known):
            ends = {"low": f"{100 * min(known):.1f} %", "high": f"{100 * max(known):.1f} %"}
            told = PROPERTY.format(answer=figure.name, **ends)
            found.append(told + ("" if sure else "; over requests like these the difference is not certain"))
    return found[:1] if len(made[0].rates) == 2 else found
