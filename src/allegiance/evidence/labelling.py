"""Labelling a draw as a person: what is open, opening it, answering, taking an answer back.

Each person's answers are their own: nothing here shows or changes those of others. An answer is in the database
when `Desk.answer` returns, so whoever is stopped goes on where they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import msgspec

from allegiance.errors import Refusal, UsageError
from allegiance.evidence.keep import Keep
from allegiance.evidence.reading import read_drawn
from allegiance.rating.labels import check_value, last
from allegiance.rating.people import person
from allegiance.records.draw import Draw
from allegiance.records.label import Label, Span
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record
from allegiance.records.route import Reading
from allegiance.records.transcript import Transcript

TAKEN_BACK = "taken back"
"""What stands in `raw` of the label, ``unrated``, that takes an answer back."""
CONDITION = "condition"
"""What `Label.blind` says where condition, model and prompts were hidden."""


class Standing(Record, frozen=True, kw_only=True):
    """How far somebody has come with a draw.

    Attributes:
        reader: Who.
        answered: Items with an answer, ``unsure`` and ``unrated`` among them.
        of: Items drawn.
        values: Answer → how many.
        seconds: Median time an answer took, of those that were timed; None where none was.
    """

    reader: str
    answered: int
    of: int
    values: dict[str, int]
    seconds: float | None = None


@dataclass(frozen=True)
class Desk:
    """One person, one question, one draw.

    Attributes:
        keep: The study.
        question: What is asked.
        card: Who answers: the card of a person.
        draw: What is labelled, rank by rank.
        blind: Hide condition, model and prompts; each label says so.
    """

    keep: Keep
    question: Question
    card: RaterCard
    draw: Draw
    blind: bool = False

    @classmethod
    def of(cls, keep: Keep, question: Question, reader: str, number: int, *, blind: bool = False) -> Desk:
        """The desk of this reader for the draw of this number.

        Raises:
            UnknownName: There is no such draw.
        """
        return cls(keep, question, person(reader), keep.find_draw(number), blind)

    def answers(self) -> dict[str, Label]:
        """Transcript → this person's answer since the draw was announced; without those taken back."""
        since = self.keep.announced(self.draw)
        given = last(self.keep.labels.all(self.question.digest, self.card.digest, since=since))
        drawn = set(self.draw.items)
        return {name: one for name, one in given.items() if name in drawn and one.raw != TAKEN_BACK}

    def open(self) -> list[int]:
        """The ranks, from 1, that have no answer yet, in the order of the draw."""
        answered = self.answers()
        return [rank for rank, name in enumerate(self.draw.items, 1) if name not in answered]

    def show(self, rank: int) -> tuple[Reading, Transcript]:
        """The transcript of a rank. That it was opened is in the log before it is returned."""
        reading = read_drawn(self.keep, self.draw, rank, self.card.name)
        return reading, self.keep.corpus.get(reading.transcript)

    def answer(
        self, rank: int, value: str, *, note: str = "", spans: Sequence[Span] = (), seconds: float | None = None
    ) -> Label:
        """Saves an answer; an earlier one to the same transcript is kept, and this one counts.

        Args:
            rank: Of the draw, from 1.
            value: One of the question's answers, ``unsure`` or ``unrated``.
            note: A remark.
            spans: The words on which it rests.
            seconds: How long the transcript was open, from 0.

        Raises:
            UnknownName: The question has no such answer. Nothing was saved.
            UsageError: The draw has no such rank. Nothing was saved.
        """
        if not 1 <= rank <= len(self.draw.items):
            raise UsageError(f"the draw has ranks 1 to {len(self.draw.items)}; there is no rank {rank}.")
        made = Label(
            transcript=self.draw.items[rank - 1],
            question=self.question.digest,
            rater=self.card.digest,
            value=check_value(value, self.question),
            note=note,
            spans=tuple(spans),
            seconds=None if seconds is None else round(seconds, 1),
            blind=CONDITION if self.blind else "",
        )
        return self._save(made)

    def take_back(self) -> int:
        """Opens again what this person answered last in this draw.

        The answer stays in the record; a revision ``unrated`` follows it.

        Returns:
            The rank that is open again.

        Raises:
            Refusal: There is no answer to take back.
        """
        answered = self.answers()
        if not answered:
            raise Refusal(f"{self.card.name} has no answer in this draw to take back.")
        order = {
            digest: seq
            for seq, names in self.keep.labels.batches(
                self.question.digest, [self.card.digest], before=self.keep.log.checkpoint().size
            ).items()
            for digest in names
        }
        newest = max(answered.values(), key=lambda label: order[label.digest])
        plain = Label(
            transcript=newest.transcript, question=newest.question, rater=newest.rater, value="unrated",
            raw=TAKEN_BACK,
        )  # fmt: skip
        self._save(plain)
        return self.draw.items.index(newest.transcript) + 1

    def _save(self, label: Label) -> Label:
        revised = self.keep.labels.revise(label)
        self.keep.labels.save(self.question, self.card, [revised])
        return revised


def standing(desk: Desk) -> Standing:
    """How far somebody has come."""
    answered = desk.answers()
    timed = [label.seconds for label in answered.values() if label.seconds is not None]
    values = dict.fromkeys((*desk.question.answers, "unsure", "unrated"), 0)
    for label in answered.values():
        values[label.value] += 1
    return Standing(
        reader=desk.card.name,
        answered=len(answered),
        of=len(desk.draw.items),
        values=values,
        seconds=round(median(timed), 1) if timed else None,
    )


def hidden(item: Transcript) -> Transcript:
    """A transcript without what tells its condition: only the messages of the model are left.

    For showing alone: it has another name than the transcript, and places in it are not places in the transcript.
    """
    kept = tuple(message for message in item.messages if message.role == "assistant")
    return msgspec.structs.replace(item, messages=kept)
