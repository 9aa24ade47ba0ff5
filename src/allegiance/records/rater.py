"""A rater: an instrument that answers questions about transcripts, with a card that says which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.record import Record
from allegiance.records.transcript import Transcript

RaterKind = Literal["pattern", "classifier", "judge", "person", "imported"]
Basis = Literal["exact by construction", "as rated", "trusted"]


class RaterCard(Record, frozen=True, kw_only=True):
    """Which rater this is; two raters are the same exactly when their cards are.

    Attributes:
        name: For people, for example ``complies/answer`` or ``reader``.
        kind: Pattern, classifier, judge, person, or imported (its labels came with the transcripts).
        version: Version of the program, or of the source of imported labels.
        model: Model behind it, for a judge.
        settings: Everything else that changes its answers: pattern, prompt digest, value map.
        basis: What its labels are worth alone. ``exact by construction``: an exact match of a constrained answer.
            ``as rated``: an instrument with unknown error. ``trusted``: the rater that defines the truth here.
    """

    name: str
    kind: RaterKind
    version: str = ""
    model: str = ""
    settings: Mapping[str, str] = {}
    basis: Basis = "as rated"


class Rater(Protocol):
    """Answers one question about one transcript. A rater needs this one method, and its card."""

    @property
    def card(self) -> RaterCard:
        """Which rater this is."""
        ...

    def __call__(self, item: Transcript, question: Question) -> Label:
        """The answer. A rater that cannot answer returns ``unrated`` or ``unsure``; it never guesses ``no``."""
        ...
