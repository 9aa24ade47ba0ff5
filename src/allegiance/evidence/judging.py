"""Judging the transcripts of a study: each batch with an entry of its own in the log, then its labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from allegiance.evidence.keep import Keep
from allegiance.rating.judging.judge import Judge
from allegiance.rating.judging.runner import BATCH, Batch, Counts, Judging
from allegiance.rating.labels import last

GROUP = 20 * BATCH
"""Transcripts that are begun together; the labels of a batch are saved long before they are all there."""


@dataclass
class Judged(Counts):
    """What became of a judging; the counts are of all its batches.

    Attributes:
        values: Answer → labels that were saved.
        failed: Transcripts without a reply, which have no label.
        first: Why the first of these has none.
        batches: How many.
    """

    values: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    first: str = ""
    batches: int = 0

    def add(self, batch: Batch) -> None:
        """Adds what became of a batch."""
        self.batches += 1
        self.values.update(label.value for label in batch.labels)
        self.failed += len(batch.failed)
        self.first = self.first or next(iter(batch.failed.values()), "")
        self.include(batch)


def pending(keep: Keep, judge: Judge, names: Sequence[str], *, anew: bool = False) -> list[str]:
    """Which of these transcripts the judge has not labelled; with `anew`, also those that it left unrated."""
    before = last(keep.labels.all(judge.question.digest, judge.card_digest))
    return [name for name in names if name not in before or (anew and before[name].value == "unrated")]


def judge_all(
    keep: Keep, judging: Judging, names: Sequence[str], told: Callable[[Batch], None] | None = None
) -> Judged:
    """Judges transcripts, and saves their labels batch by batch.

    What a run that was killed had saved stays; replies that were kept are not asked for again.

    Args:
        keep: The study's corpus, log and labels.
        judging: Who is asked, and how.
        names: The transcripts; see `pending`.
        told: Told of each batch after it was saved.
    """
    made, judge = Judged(), judging.judge
    before = {label.transcript for label in keep.labels.all(judge.question.digest, judge.card_digest)}
    entered = {entry.body["batch"] for entry in keep.log.entries("judging")}
    for part in _parts(names):
        for batch in judging.batches(keep.corpus.iter(part)):
            if batch.seed not in entered:
                enter(keep, judge, batch)
            new = [keep.labels.revise(one) if one.transcript in before else one for one in batch.labels]
            keep.labels.save(judge.question, judge.card, new)
            made.add(batch)
            if told is not None:
                told(batch)
        if judging.stopped:
            break
    return made


def enter(keep: Keep, judge: Judge, batch: Batch) -> None:
    """Enters in the log what the canaries of a batch said, before its labels are saved."""
    about = {"question": judge.question.digest, "rater": judge.card_digest, "batch": batch.seed}
    counts = {"labels": len(batch.labels), "failed": len(batch.failed), "models": dict(batch.models)}
    keep.log.append("judging", about | counts | batch.tally.counts())


def one_level_only(keep: Keep, names: Sequence[str], factor: str = "tier") -> str:
    """A warning where only one level of a factor is judged though the corpus has others; empty if none is due.

    What a judge finds at the level where it is expected says little without what it finds where it is not: that is
    its rate of false alarms.
    """
    wanted, levels, chosen = set(names), set(), set()
    for row in keep.corpus.rows():
        level = row.condition.levels.get(factor)
        if level is not None:
            levels.add(level)
            if row.name in wanted:
                chosen.add(level)
    if len(chosen) != 1 or len(levels) < 2:
        return ""
    others = ", ".join(sorted(levels - chosen))
    return (
        f"only {factor}={min(chosen)} is judged, and not {others}: what the judge finds there would show how often "
        "it finds what is not there. Judge both."
    )


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + GROUP] for start in range(0, len(names), GROUP))
