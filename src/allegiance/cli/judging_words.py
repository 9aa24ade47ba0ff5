"""What a judging says when it is done: counts, canaries, and what its labels lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from allegiance.evidence.judged import doubt
from allegiance.evidence.uncorrected import remark
from allegiance.rating.judging.canaries import shares
from allegiance.records.label import UNDECIDED

if TYPE_CHECKING:
    from allegiance.evidence.judging import Judged
    from allegiance.evidence.keep import Keep
    from allegiance.rating.judging.judge import Judge


def as_data(keep: Keep, judge: Judge, made: Judged, stopped: str, paid: float) -> dict[str, object]:
    """It as JSON."""
    card, question = judge.card, judge.question
    canaries = {
        name: {"count": count, "of": of, "interval": list(ends) if ends else None}
        for name, (count, of, ends) in shares(made.tally).items()
    }
    return {
        "question": question.name,
        "rater": card.name,
        "basis": card.basis,
        "model": card.model,
        "models": dict(made.models),
        "labels": {value: made.values[value] for value in (*question.answers, *UNDECIDED)},
        "failed": made.failed,
        "first_failure": made.first,
        "parses": dict(sorted(made.parses.items())),
        "flagged": made.flagged,
        "shortened": made.shortened,
        "canaries": canaries | {"unanswered": made.tally.unanswered},
        "families": {name: list(pair) for name, pair in sorted(made.tally.families.items())},
        "unsafe": doubt(keep.log.entries(), question, card),
        "calls": made.asked,
        "kept_replies": made.kept,
        "input_tokens": made.sent,
        "output_tokens": made.back,
        "money": paid,
        "stopped": stopped,
        "missing": remark(keep, question, card),
    }


def in_words(keep: Keep, judge: Judge, made: Judged, stopped: str, paid: float) -> str:
    """It in words."""
    return "\n".join(_lines(as_data(keep, judge, made, stopped, paid), made))


def _lines(data: Mapping[str, object], made: Judged) -> Iterator[str]:
    labels = ", ".join(f"{count} {value}" for value, count in made.values.items()) or "none"
    yield f"{data['rater']} on {data['question']}: {made.values.total()} new labels ({labels})"
    if made.failed:
        yield f"  {made.failed} without a reply, left without a label; the first: {made.first}"
        yield "  The same command asks them again."
    yield f"  replies: {', '.join(f'{count} {name}' for name, count in made.parses.items()) or 'none'}"
    if len(made.models) > 1:
        yield f"  several models answered: {', '.join(f'{name} ({n})' for name, n in made.models.items())}"
    if made.flagged:
        yield f"  {made.flagged} labels have quotes that are not in the text, or none where one is due"
    if made.shortened:
        yield f"  {made.shortened} transcripts were too long, and not shown in full"
    yield "canaries of this run:"
    for name, (count, of, ends) in shares(made.tally).items():
        told = (
            f"{100 * count / of:.1f} %, 95 % interval {100 * ends.low:.1f} to {100 * ends.high:.1f}" if ends else ""
        )
        yield f"  {name}: {count} of {of}{f' ({told})' if told else ''}"
    if made.tally.families:
        pairs = ", ".join(f"{name} {flips}/{twins}" for name, (twins, flips) in sorted(made.tally.families.items()))
        yield f"  flipped by family: {pairs}"
    why = data["unsafe"]
    yield f"  unsafe for claims, by all of its batches: {why}" if why else "  it passed, by all of its batches"
    yield f"calls: {made.asked}; replies kept from before: {made.kept}; tokens: {made.sent} sent, {made.back} back"
    if data["stopped"]:
        yield f"stopped: {data['stopped']}"
    if data["missing"]:
        yield str(data["missing"])
