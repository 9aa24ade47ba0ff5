"""Forks: what else was tried in a study before a claim, counted from the log, so that all of it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from allegiance.ledger.log import Entry
from allegiance.records.label import Label
from allegiance.records.question import Question

KINDS: Mapping[str, str] = {
    "draws": "draw",
    "searches": "search",
    "readings": "reading",
    "looks": "look",
    "claims": "claim",
    "unlocks": "unlock",
}


def forks(log: Sequence[Entry], question: Question, draw: str = "", changed: int = 0) -> dict[str, int]:
    """What was tried before a claim. The claim's own draw is among the draws.

    Args:
        log: The log up to the claim.
        question: What the claim is about.
        draw: Name of its draw; empty for a census.
        changed: Labels that were changed after their effect had been shown; see `changed_after_display`.

    Returns:
        Counts: the kinds of `KINDS`; draws on which neither this claim nor an earlier one rests; versions of the
        question under its name; different populations that were drawn from, browsed or claimed about; labels
        changed.
    """
    counted = {name: sum(entry.kind == kind for entry in log) for name, kind in KINDS.items()}
    return counted | {
        "abandoned draws": len(_drawn(log) - _claimed(log) - {draw}),
        "question versions": max(1, _versions(log, question)),
        "populations": len(_populations(log)),
        "labels changed": changed,
    }


def changed_after_display(
    log: Sequence[Entry], question: str, labels: Sequence[Label], saved: Mapping[str, int]
) -> int:
    """How many answers were revised after a number that rests on the question (by digest) had been shown.

    Args:
        log: The log up to the claim.
        question: Digest of the question.
        labels: The labels of the claim.
        saved: Digest of a label → number of the log entry that it was saved with.
    """
    shown = (e.seq for e in log if e.kind in {"look", "claim"} and e.body.get("question") == question)
    first = next(shown, len(log))
    return sum(each.revision > 0 and saved.get(each.digest, 0) > first for each in labels)


def _drawn(log: Sequence[Entry]) -> set[object]:
    return {entry.body.get("draw") for entry in log if entry.kind == "draw"}


def _claimed(log: Sequence[Entry]) -> set[object]:
    return {entry.body.get("draw") for entry in log if entry.kind == "claim"}


def _versions(log: Sequence[Entry], question: Question) -> int:
    rubrics = (entry.body for entry in log if entry.kind == "rubric")
    return len({body.get("question") for body in rubrics if body.get("name") == question.name})


def _populations(log: Sequence[Entry]) -> set[str]:
    found: set[str] = set()
    for entry in log:
        if entry.kind in {"filter", "claim"}:
            found.add(str(entry.body.get("predicate", "")))
        commitment = entry.body.get("commitment")
        frame = commitment.get("frame") if entry.kind == "draw" and isinstance(commitment, dict) else None
        if isinstance(frame, dict):
            found.add(str(frame.get("predicate", "")))
    return found
