"""Adjudication: where two people answered differently, a third decides, and the settled answers are a rater's.

The two answer without seeing each other. The adjudicator sees both answers, with their notes. What they agree on
and what the adjudicator decided become the labels of one rater, whose card names all three; nobody's own answers
change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from allegiance.errors import Refusal
from allegiance.evidence.keep import Keep
from allegiance.evidence.labelling import Desk
from allegiance.rating.labels import last
from allegiance.records.draw import Draw
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record


class Disputed(Record, frozen=True, kw_only=True):
    """An item that people answered differently.

    Attributes:
        rank: Of the draw, from 1.
        name: The transcript.
        answers: Reader → their label.
        decided: What the adjudicator answered; empty while they have not.
    """

    rank: int
    name: str
    answers: Mapping[str, Label]
    decided: str = ""


@dataclass(frozen=True)
class Panel:
    """Two or more people and an adjudicator, one question, one draw.

    Attributes:
        desks: One for each person who answered, at least two.
        judge: The adjudicator's desk.
    """

    desks: tuple[Desk, ...]
    judge: Desk

    @classmethod
    def of(cls, keep: Keep, question: Question, readers: tuple[str, ...], adjudicator: str, number: int) -> Panel:
        """The panel of these readers for the draw of this number.

        Raises:
            Refusal: There are fewer than two, or the adjudicator is one of them.
        """
        if len(set(readers)) < 2 or adjudicator in readers:
            raise Refusal(
                "adjudication takes two people who answered, and another who decides.",
                where=", ".join((*readers, adjudicator)),
                next="Name them with: --readers ANN,BEN --reader CY",
            )
        desks = tuple(Desk.of(keep, question, reader, number) for reader in sorted(set(readers)))
        return cls(desks, Desk.of(keep, question, adjudicator, number))

    @property
    def draw(self) -> Draw:
        """The draw."""
        return self.judge.draw

    @property
    def card(self) -> RaterCard:
        """The rater whose labels the settled answers are."""
        readers = [desk.card for desk in self.desks]
        settings = {"readers": " ".join(card.digest for card in readers), "adjudicator": self.judge.card.digest}
        name = f"{'+'.join(card.name for card in readers)}/{self.judge.card.name}"
        return RaterCard(name=name, kind="person", version="adjudicated/1", settings=settings, basis="trusted")

    def missing(self) -> dict[str, int]:
        """Reader → how many items of the draw they have not answered."""
        return {desk.card.name: len(desk.open()) for desk in self.desks}

    def disputed(self) -> list[Disputed]:
        """The items that all have answered, and not all alike, in the order of the draw."""
        given = {desk.card.name: desk.answers() for desk in self.desks}
        decided = self.judge.answers()
        made = []
        for rank, name in enumerate(self.draw.items, 1):
            answers = {reader: each[name] for reader, each in given.items() if name in each}
            if len(answers) == len(self.desks) and len({label.value for label in answers.values()}) > 1:
                found = decided[name].value if name in decided else ""
                made.append(Disputed(rank=rank, name=name, answers=answers, decided=found))
        return made

    def settle(self) -> int:
        """Saves what is agreed or decided so far as labels of `card`; what was saved alike before adds nothing.

        Returns:
            How many items have a settled answer now. Those that somebody has not answered yet have none.
        """
        values = self._settled()
        question, card, labels = self.judge.question, self.card, self.judge.keep.labels
        before = last(labels.all(question.digest, card.digest))
        fresh = [
            labels.revise(Label(transcript=name, question=question.digest, rater=card.digest, value=value))
            for name, value in values.items()
            if name not in before or before[name].value != value
        ]
        labels.save(question, card, fresh)
        return len(values)

    def _settled(self) -> dict[str, str]:
        decided = self.judge.answers()
        disputed = {item.name for item in self.disputed()}
        given = [desk.answers() for desk in self.desks]
        alike = {
            name: given[0][name].value
            for name in self.draw.items
            if name not in disputed and all(name in each for each in given)
        }
        return alike | {name: decided[name].value for name in disputed if name in decided}
