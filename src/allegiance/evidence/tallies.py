"""Tallies: what became of every transcript of a sample."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from allegiance.corpus.rows import Row
from allegiance.errors import Refusal
from allegiance.records.claim import Counts
from allegiance.records.label import UNDECIDED, Label
from allegiance.stats.intervals import Interval, hypergeometric

DIGITS = 4
"""Decimal places of the ends of an interval, which are rounded outward."""

Labels = Mapping[str, Label]
"""Transcript → the label that counts."""


def tally(population: int, sample: Sequence[Row], labels: Labels, answer: str = "yes") -> Counts:
    """What became of every transcript of a sample. One without a label counts as unrated.

    Where the answer asked for is ``no``, `no` counts it and `yes` all others; else `yes` counts the answer asked
    for and `no` all others.

    Raises:
        Refusal: The sample is empty.
    """
    if not sample:
        raise Refusal("the sample is empty, so there is nothing to estimate.", next="Draw first: allegiance draw")
    values = [labels[row.name].value if row.name in labels else "unrated" for row in sample]
    undecided = {value: values.count(value) for value in UNDECIDED}
    asked = values.count(answer)
    others = len(values) - asked - sum(undecided.values())
    return Counts(
        frame=population,
        used=len(sample),
        yes=others if answer == "no" else asked,
        no=asked if answer == "no" else others,
        unsure=undecided["unsure"],
        unrated=undecided["unrated"],
        missing=sum(row.name not in labels for row in sample),
        faulty=sum(row.status != "complete" for row in sample),
    )


def outcome(label: Label | None, answer: str) -> float:
    """1 for the answer asked for, 0 for another, NaN where none is decided."""
    undecided = label is None or label.value in UNDECIDED
    return float("nan") if undecided or label is None else float(label.value == answer)


def share(counts: Counts, answer: str) -> float:
    """The share of an answer among the labels that are decided.

    Raises:
        Refusal: None is.
    """
    decided = counts.yes + counts.no
    if not decided:
        raise Refusal(f"none of {counts.used} labels is decided, so there is no rate.", next="Label them.")
    return hits(counts, answer) / decided


def hits(counts: Counts, answer: str) -> int:
    """How many labels are the answer asked for."""
    return counts.no if answer == "no" else counts.yes


def exact(counts: Counts, answer: str, alpha: float) -> Interval:
    """The exact interval of a uniform draw; labels that are not decided count against both ends."""
    unknown = counts.unsure + counts.unrated
    return hypergeometric(hits(counts, answer), counts.used, counts.frame, alpha, unknown=unknown)


def total(counts: Sequence[Counts]) -> Counts:
    """The counts of several samples together."""
    sums = {name: sum(getattr(each, name) for each in counts) for name in Counts.__struct_fields__}
    return Counts(**sums)


def require_labels(names: Collection[str], labels: Labels) -> None:
    """Refuses if a transcript has no label; the error counts them and names the first."""
    missing = [name for name in names if name not in labels]
    if missing:
        raise Refusal(
            f"{len(missing)} of {len(names)} transcripts in the sample have no label.",
            where=missing[0],
            next="Label them all; `unsure` and `unrated` are answers, a gap in the sample is not.",
        )


def require_requests(rows: Collection[Row]) -> None:
    """Refuses if a transcript does not say which request it answers, for then it cannot be paired."""
    missing = [row.name for row in rows if not row.request]
    if missing:
        raise Refusal(
            f"{len(missing)} of {len(rows)} transcripts have no request, so they cannot be paired.",
            where=missing[0],
            next="Import them with a mapping that says which field identifies the request.",
        )
