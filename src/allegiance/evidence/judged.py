"""Whether the labels of a judge carry claims, by what the log says of its canaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from allegiance.errors import Refusal
from allegiance.evidence.terms import Terms
from allegiance.ledger.log import Entry
from allegiance.rating.judging.canaries import why_unsafe
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard

OURS = "judge/"
"""How the version of a judge begins that is tried by canaries. Labels of other judges come from outside."""


class Trial(NamedTuple):
    """How a judge did on its canaries, over all its batches; see `rating.judging.canaries.Tally`."""

    asked: int
    wrong: int
    twins: int
    flips: int


def trial_of(log: Sequence[Entry], question: Question, card: RaterCard) -> Trial:
    """How a judge did on the canaries of one question, added up; a batch that was entered twice counts once."""
    mine = (question.digest, card.digest)
    batches = {
        batch: [_count(entry.body.get(name)) for name in Trial._fields]
        for entry in log
        if entry.kind == "judging"
        and isinstance(batch := entry.body.get("batch"), str)
        and (entry.body.get("question"), entry.body.get("rater")) == mine
    }
    return Trial(*map(sum, zip(*batches.values(), strict=True))) if batches else Trial(0, 0, 0, 0)


def doubt(log: Sequence[Entry], question: Question, card: RaterCard) -> str:
    """Why the labels of a rater carry no claim, in words; empty if they do, or if it is no judge of ours."""
    if card.kind != "judge" or not card.version.startswith(OURS):
        return ""
    return why_unsafe(*trial_of(log, question, card))


def remark(log: Sequence[Entry], question: Question, card: RaterCard) -> str:
    """What a claim adds that rests on a judge which is unsafe for claims; empty for others."""
    if not doubt(log, question, card):
        return ""
    made = trial_of(log, question, card)
    return (
        f"; by its canaries {card.name} is unsafe for claims ({made.flips} of {made.twins} twins flipped, "
        f"{made.wrong} of {made.asked} known answers missed)"
    )


def refuse_unsafe(log: Sequence[Entry], terms: Terms, *, unsafe: bool = False) -> None:
    """Refuses a claim from the labels of a judge that is unsafe for claims, unless that is wished.

    Raises:
        Refusal: It is; the message says why.
    """
    for card in () if unsafe else terms.raters:
        if why := doubt(log, terms.question, card):
            raise Refusal(
                f"{card.name} is unsafe for claims: {why}.",
                where=terms.question.name,
                next="Draw and label by hand, and let its scores only weight the draw; or say "
                "allegiance claim --unsafe-judge, and the claim will say so.",
            )


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
