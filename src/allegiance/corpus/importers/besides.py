"""Labels beside a transcript in an export: whole, each with its question and its rater, so that both come back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec

from allegiance.corpus.importers.found import Verdict
from allegiance.errors import ImportRefused
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record

LABELS = "labels"
"""Key of a record, and column, under which they stand."""


class Beside(Record, frozen=True, kw_only=True):
    """A label with the question that it answers and the card of who answered."""

    question: Question
    rater: RaterCard
    label: Label


Labels = Mapping[str, Sequence[Beside]]
"""Name of a transcript → its labels."""


def plain(found: Sequence[Beside]) -> list[dict[str, object]]:
    """Labels as JSON objects."""
    return [msgspec.to_builtins(one) for one in found]


def written(found: Sequence[Beside]) -> str:
    """Labels as a column of text holds them."""
    return json.dumps(plain(found), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def verdicts(value: object, name: str) -> tuple[Verdict, ...]:
    """The labels of the transcript of this name, from the list that stands beside it, or its text.

    Raises:
        ImportRefused: It is no such list, or a label in it is of another transcript, question or rater.
    """
    if value in (None, ""):
        return ()
    try:
        held = json.loads(value) if isinstance(value, str) else value
        found = msgspec.convert(held, list[Beside])
    except (ValueError, msgspec.ValidationError) as error:
        raise ImportRefused(f"the labels beside it cannot be read: {error}.") from None
    for one in found:
        label = one.label
        if (label.transcript, label.question, label.rater) != (name, one.question.digest, one.rater.digest):
            raise ImportRefused("a label beside it is of another transcript, question or rater; it was altered.")
        if label.value not in (*one.question.answers, "unsure", "unrated"):
            raise ImportRefused(f"a label beside it is {label.value!r}, which is no answer to its question.")
    return tuple(
        Verdict(one.question, one.rater, one.label.value, one.label.score, one.label.raw, one.label)
        for one in found
    )
