"""What the pages about raters and conditions share: choosing question and rater, and rates as lines and plots."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from allegiance.errors import UnknownName
from allegiance.evidence.figures import Figure
from allegiance.evidence.statements import basis
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record
from allegiance.report import plots, words
from allegiance.web.plotting import both
from allegiance.web.state import State

MOST_BARS = 60
"""Rates in a plot at most; the table holds all of them."""


class Option(Record, frozen=True, kw_only=True):
    """A choice of a form."""

    value: str
    label: str
    chosen: bool = False


def questions(state: State, chosen: str) -> list[Option]:
    """The questions that somebody has answered, as choices."""
    used = {asked for asked, _, _ in state.keep.labels.counts()}
    return [
        Option(value=one.digest, label=f"{one.name}: {one.text}", chosen=chosen in {one.digest, one.name})
        for one in state.keep.labels.questions()
        if one.digest in used
    ]


def find_question(state: State, asked: str) -> Question | None:
    """The question of this digest or name; the first that was answered if none is named, None if there is none.

    Raises:
        UnknownName: There is no such question.
    """
    known = state.keep.labels.questions()
    if not asked:
        first = questions(state, "")
        return next((one for one in known if first and one.digest == first[0].value), None)
    for one in known:
        if asked in {one.digest, one.name}:
            return one
    raise UnknownName("question", asked, [one.name for one in known])


def find_rater(state: State, question: Question, asked: str) -> RaterCard | None:
    """The rater of this digest or name, of those who answered a question; who answered most if none is named.

    Raises:
        UnknownName: There is no such rater.
    """
    counts = {by: n for about, by, n in state.keep.labels.counts() if about == question.digest}
    known = sorted(state.keep.labels.raters(question.digest), key=lambda card: -counts[card.digest])
    if not asked:
        return known[0] if known else None
    for card in known:
        if asked in {card.digest, card.name}:
            return card
    raise UnknownName("rater of this question", asked, [card.name for card in known])


def raters(state: State, question: Question, chosen: RaterCard | None) -> list[Option]:
    """The raters that answered a question, as choices."""
    return [
        Option(value=card.digest, label=f"{card.name} ({basis(card)})", chosen=card == chosen)
        for card in state.keep.labels.raters(question.digest)
    ]


def told(figure: Figure, as_words: Callable[[float], str] = words.number) -> dict[str, object]:
    """A figure in words; what is not known is said so."""
    value = "none decided" if figure.value is None else as_words(figure.value)
    return {"name": figure.name, "value": value, "interval": words.interval(figure.low, figure.high), "n": figure.n}


def plain(figure: Figure) -> dict[str, object]:
    """A coefficient, which is no share, with two digits."""
    value = "undefined" if figure.value is None else f"{figure.value:.2f}"
    ends = f"{figure.low:.2f} to {figure.high:.2f}"
    return {"name": figure.name, "value": value, "interval": ends.replace("-", "−"), "n": figure.n}


def plot(rows: Sequence[tuple[str, Figure]]) -> dict[str, object] | None:
    """Rates as a plot; None where nothing is known of any."""
    known = [
        plots.RateRow(name=name, value=one.value, low=one.low, high=one.high, samples=one.n)
        for name, one in rows[:MOST_BARS]
        if one.value is not None
    ]
    return dict(both(plots.rate_plot(known), plots.rate_plot(known, narrow=True))) if known else None
