"""What a rater's own rate lacks, and which draw would give it; and rates that a pattern cannot have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from allegiance.errors import Refusal
from allegiance.evidence.keep import Keep
from allegiance.evidence.statements import basis
from allegiance.evidence.terms import COMPARED, RATES, Terms
from allegiance.rating.labels import last
from allegiance.records.draw import Draw
from allegiance.records.label import UNDECIDED
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.stats.planning import rate_labels

HALF_WIDTH = 0.05
"""Half the width that an advised draw is made for."""


def refuse_patterns(terms: Terms) -> None:
    """Refuses to take the hits of a pattern for an act, where the question has a counterpart about mentioning it.

    A pattern finds words, and so does the counterpart ask. What the model does is another question, for which the
    hits can weight a draw and be checked, but whose rate they are not.

    Raises:
        Refusal: The message names the counterpart and the draw.
    """
    card, question = (terms.raters[0] if terms.raters else None), terms.question
    if card is None or terms.kind not in {*RATES, *COMPARED}:
        return
    if hits_only(question, card):
        raise Refusal(
            f"{card.name} is a pattern: the share of its hits is no rate of {question.name!r}, which asks what the "
            "model does.",
            next=f"Ask {question.pair!r} of it; or draw, label, and claim by a person's labels: allegiance draw "
            f"200; see how precise its hits are with: allegiance rater check {card.name} --against PERSON",
        )


def hits_only(question: Question, card: RaterCard) -> str:
    """What to say of a pattern's answers to a question about an act that has a counterpart about mentioning it."""
    if card.kind != "pattern" or card.basis != "as rated" or not question.act or not question.pair:
        return ""
    return (
        f"{card.name} is a pattern: it finds words, and {question.name!r} asks what the model does. The share of "
        f"its hits is no rate of that, and no claim is made of it; ask {question.pair!r} of a pattern, or label a "
        f"draw and see how precise the hits are: allegiance rater check {card.name} --against PERSON"
    )


def remark(keep: Keep, question: Question, card: RaterCard, where: str = "") -> str:
    """What stands beside a rate that is a rater's own: what it is worth, and the draw that would correct it.

    Returns:
        A sentence; empty where the labels are trusted or exact by construction.
    """
    if card.basis != "as rated":
        return ""
    trusted = [each for each in keep.labels.raters(question.digest) if each.basis == "trusted"]
    for draw in reversed(keep.draws()):
        for reader in trusted:
            if _labelled(keep, question, reader, draw):
                return (
                    f"{basis(card)}; draw {draw.commitment.counter} was labelled by {reader.name}: how far it is "
                    f"off says allegiance rater check {card.name} --against {reader.name} --question "
                    f"{question.name} --draw {draw.commitment.counter}"
                )
    names = [row.name for row in keep.select(where)]
    n = _size(keep, question, card, names)
    told = f" --where '{where}'" if where else ""
    return (
        f"{basis(card)}; a draw of {n} would correct it: allegiance draw {n}{told}; label it, then "
        f"allegiance claim rate --draw N --question {question.name} --rater PERSON"
    )


def _labelled(keep: Keep, question: Question, reader: RaterCard, draw: Draw) -> bool:
    given = last(keep.labels.all(question.digest, reader.digest, since=keep.announced(draw)))
    return bool(draw.items) and set(draw.items) <= given.keys()


def _size(keep: Keep, question: Question, card: RaterCard, names: Sequence[str]) -> int:
    """Labels for an interval of `HALF_WIDTH` either way, at the rater's own rate."""
    told = last(keep.labels.all(question.digest, card.digest))
    counts = Counter(told[name].value for name in names if name in told and told[name].value not in UNDECIDED)
    share = counts[question.answers[0]] / counts.total() if counts else 0.5
    return rate_labels(HALF_WIDTH, round(share, 3), 0.05, max(1, len(names)))
