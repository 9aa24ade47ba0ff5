"""Where labels are kept: append-only, each batch together with its entry in the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from allegiance.errors import UnknownName, UsageError
from allegiance.ledger.database import Database, cards, events, labels
from allegiance.ledger.log import Entry, append, next_seq
from allegiance.rating.columns import answers
from allegiance.records.canonical import canonical, digest_bytes, digest_names
from allegiance.records.label import UNDECIDED, Label
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard

CardType = TypeVar("CardType", Question, RaterCard)


def check_value(value: str, question: Question) -> str:
    """The value, if it is an answer to the question.

    Raises:
        UnknownName: It is not. Nothing was saved.
    """
    menu = (*question.answers, *UNDECIDED)
    if value not in menu:
        raise UnknownName("label value", value, menu)
    return value


class LabelStore:
    """The labels of one study."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, question: Question, rater: RaterCard, batch: Sequence[Label]) -> int:
        """Saves labels of one rater on one question, in one transaction with one entry in the log; a question that
        is new here, or new in its words, has an entry of its own before it.

        A label equal to one that is there adds nothing. A different answer to the same transcript must come
        with the next revision (see `revise`).

        Returns:
            How many were new.

        Raises:
            UsageError: A label is on another question or by another rater, or changes an answer without revising
                it. Nothing was saved.
        """
        _check_batch(question, rater, batch)
        rows = dict(map(_row, batch))
        with self._database.write() as connection:
            fresh = sorted(rows.keys() - _known(connection, rows))
            if not fresh:
                return 0
            _require_next(connection, [rows[name] for name in fresh])
            if _save_card(connection, "question", question.name, question):
                append(connection, "rubric", {"question": question.digest, "name": question.name})
            _save_card(connection, "rater", rater.name, rater)
            seq = next_seq(connection)
            connection.execute(labels.insert(), [rows[name] | {"batch": seq} for name in fresh])
            append(connection, "labels", _event(question, rater, fresh))
        return len(fresh)

    def put(self, question: Question) -> bool:
        """Puts a question before anybody has answered it: its card, and an entry in the log. Whether it is new."""
        with self._database.write() as connection:
            new = _save_card(connection, "question", question.name, question)
            if new:
                append(connection, "rubric", {"question": question.digest, "name": question.name})
        return new

    def revise(self, label: Label) -> Label:
        """The same label with the revision number that follows this rater's last answer on this transcript."""
        query = sa.select(sa.func.max(labels.c.revision)).where(
            labels.c.question == label.question,
            labels.c.rater == label.rater,
            labels.c.transcript == label.transcript,
        )
        with self._database.read() as connection:
            last = connection.scalar(query)
        return label if last is None else msgspec.structs.replace(label, revision=last + 1)

    def all(self, question: str, rater: str, *, before: int | None = None, since: int = 0) -> list[Label]:
        """Every label of one rater on one question (both by digest), revisions included, by transcript.

        With `before`, only those saved before the log entry of that number; with `since`, only those from it on.
        """
        query = (
            sa.select(labels.c.body)
            .where(labels.c.question == question, labels.c.rater == rater, labels.c.batch >= since)
            .order_by(labels.c.transcript, labels.c.revision)
        )
        query = query if before is None else query.where(labels.c.batch < before)
        with self._database.read() as connection:
            return [msgspec.json.decode(body, type=Label) for body in connection.scalars(query)]

    def columns(self, question: str, rater: str, *, before: int | None = None) -> pa.Table:
        """The answers of one rater to one question that count, as columns; see `rating.columns`."""
        with self._database.read() as connection:
            return answers(connection, question, rater, before)

    def of(self, transcript: str) -> list[Label]:
        """The answers about one transcript that count: of each rater and question, the last."""
        query = sa.select(labels.c.body).where(labels.c.transcript == transcript).order_by(labels.c.revision)
        with self._database.read() as connection:
            found = [msgspec.json.decode(body, type=Label) for body in connection.scalars(query)]
        return list({(label.question, label.rater): label for label in found}.values())

    def batches(self, question: str, raters: Iterable[str], *, before: int) -> dict[int, list[str]]:
        """Number of a log entry → digests of the labels saved with it, for one question and these raters."""
        query = (
            sa.select(labels.c.batch, labels.c.digest)
            .where(labels.c.question == question, labels.c.rater.in_(list(raters)), labels.c.batch < before)
            .order_by(labels.c.batch, labels.c.digest)
        )
        found: dict[int, list[str]] = {}
        with self._database.read() as connection:
            for batch, name in connection.execute(query):
                found.setdefault(batch, []).append(name)
        return found

    def fsck(self) -> list[str]:
        """What is wrong with the labels; empty if nothing: changed ones, and batches that the log has otherwise."""
        query = sa.select(labels.c.batch, labels.c.digest, labels.c.body).order_by(labels.c.batch)
        batches: dict[int, list[str]] = {}
        with self._database.read() as connection:
            for batch, name, body in connection.execute(query):
                batches.setdefault(batch, []).append(name if digest_bytes(body) == name else "changed")
            logged = connection.execute(
                sa.select(events.c.seq, events.c.entry).where(events.c.kind == "labels")
            ).all()
        told = {seq: msgspec.json.decode(entry, type=Entry).body.get("labels") for seq, entry in logged}
        odd = [seq for seq in sorted(told | batches) if told.get(seq) != digest_names(batches.get(seq, []))]
        return [f"the labels saved with log entry {seq} are not those that it pins" for seq in odd]

    def questions(self) -> list[Question]:
        """The questions that have been put, by name."""
        return self._cards("question", Question)

    def raters(self, question: str = "") -> list[RaterCard]:
        """The raters that have labelled anything, or anything on one question (by digest), by name."""
        known = self._cards("rater", RaterCard)
        if not question:
            return known
        query = sa.select(labels.c.rater).where(labels.c.question == question).distinct()
        with self._database.read() as connection:
            used = set(connection.scalars(query))
        return [card for card in known if card.digest in used]

    def counts(self) -> list[tuple[str, str, int]]:
        """How many transcripts each rater (by digest) has labelled on each question (by digest)."""
        query = sa.select(
            labels.c.question, labels.c.rater, sa.func.count(sa.distinct(labels.c.transcript))
        ).group_by(labels.c.question, labels.c.rater)
        with self._database.read() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(query)]

    def _cards(self, kind: str, of: type[CardType]) -> list[CardType]:
        query = sa.select(cards.c.body).where(cards.c.kind == kind).order_by(cards.c.name, cards.c.digest)
        with self._database.read() as connection:
            return [msgspec.json.decode(body, type=of) for body in connection.scalars(query)]


def last(batch: Iterable[Label]) -> dict[str, Label]:
    """Transcript → the label that counts: the one with the highest revision."""
    return {label.transcript: label for label in sorted(batch, key=lambda label: label.revision)}


def _check_batch(question: Question, rater: RaterCard, batch: Sequence[Label]) -> None:
    asked, by = question.digest, rater.digest
    for label in batch:
        check_value(label.value, question)
        if label.question != asked or label.rater != by:
            raise UsageError(f"the label of {label.transcript} is on another question or by another rater.")


def _row(label: Label) -> tuple[str, dict[str, object]]:
    body = canonical(label)
    name = digest_bytes(body)
    return name, {
        "digest": name,
        "transcript": label.transcript,
        "question": label.question,
        "rater": label.rater,
        "revision": label.revision,
        "body": body,
    }


def _require_next(connection: sa.Connection, rows: Sequence[dict[str, object]]) -> None:
    """Refuses answers that are not numbered on from the last one of their rater on their transcript."""
    wanted: dict[object, list[object]] = {}
    for row in rows:
        wanted.setdefault(row["transcript"], []).append(row["revision"])
    of = (labels.c.question == rows[0]["question"], labels.c.rater == rows[0]["rater"])
    query = sa.select(labels.c.transcript, sa.func.max(labels.c.revision)).where(*of).group_by(labels.c.transcript)
    last_one = {str(row[0]): int(row[1]) for row in connection.execute(query)}
    for name, numbers in wanted.items():
        start = last_one.get(str(name), -1) + 1
        if sorted(numbers, key=str) != sorted(range(start, start + len(numbers)), key=str):
            raise UsageError(
                "a label changes an earlier answer of the same rater without being the next revision of it.",
                where=str(name),
                next="Give it the next revision number, or use another rater name.",
            )


def _event(question: Question, rater: RaterCard, fresh: Sequence[str]) -> dict[str, object]:
    return {
        "question": question.digest,
        "rater": rater.digest,
        "count": len(fresh),
        "labels": digest_names(fresh),
    }


def _save_card(connection: sa.Connection, kind: str, name: str, card: Question | RaterCard) -> bool:
    """Keeps a card, and says whether it is new."""
    body = canonical(card)
    row = {"digest": digest_bytes(body), "kind": kind, "name": name, "body": body}
    new = connection.scalar(sa.select(cards.c.digest).where(cards.c.digest == row["digest"])) is None
    if new:
        connection.execute(cards.insert().values(row))
    return new


def _known(connection: sa.Connection, names: Iterable[str]) -> set[str]:
    return {
        known
        for part in _chunks(list(names))
        for known in connection.scalars(sa.select(labels.c.digest).where(labels.c.digest.in_(part)))
    }


def _chunks(names: list[str], size: int = 500) -> Iterable[list[str]]:
    return (names[start : start + size] for start in range(0, len(names), size))
