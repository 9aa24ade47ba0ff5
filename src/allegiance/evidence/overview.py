"""An overview of what a study holds: transcripts by model and condition, labels by rater."""

from __future__ import annotations

from collections import Counter

from allegiance.corpus.predicate import parse
from allegiance.corpus.rows import Row
from allegiance.evidence.keep import Keep
from allegiance.records.record import Record


class Group(Record, frozen=True, kw_only=True):
    """Transcripts of one model in one condition; `faulty` counts those that are not whole, by status."""

    model: str
    condition: str
    requests: int
    transcripts: int
    faulty: dict[str, int]


class Labelled(Record, frozen=True, kw_only=True):
    """How many transcripts a rater has labelled on a question."""

    question: str
    rater: str
    labelled: int


class Overview(Record, frozen=True, kw_only=True):
    """What a study holds."""

    version: str
    count: int
    groups: tuple[Group, ...]
    labels: tuple[Labelled, ...]


def overview(keep: Keep, predicate: str = "") -> Overview:
    """What a study holds of the transcripts that match a predicate."""
    rows = keep.corpus.select(parse(predicate))
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.model, row.condition.name), []).append(row)
    questions = {question.digest: question.name for question in keep.labels.questions()}
    raters = {card.digest: card.name for card in keep.labels.raters()}
    return Overview(
        version=keep.corpus.head().version,
        count=len(rows),
        groups=tuple(_group(model, condition, found) for (model, condition), found in sorted(groups.items())),
        labels=tuple(
            sorted(
                (
                    Labelled(question=questions[question], rater=raters[rater], labelled=count)
                    for question, rater, count in keep.labels.counts()
                ),
                key=lambda found: (found.question, found.rater),
            )
        ),
    )


def _group(model: str, condition: str, rows: list[Row]) -> Group:
    return Group(
        model=model,
        condition=condition,
        requests=len({row.request for row in rows if row.request}),
        transcripts=len(rows),
        faulty=dict(Counter(row.status for row in rows if row.status != "complete")),
    )
