"""The label store: append-only, each batch with its entry in the log."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest

from allegiance.errors import UnknownName, UsageError
from allegiance.ledger.database import Database
from allegiance.ledger.log import Log
from allegiance.rating.labels import LabelStore, check_value, last
from allegiance.rating.people import person
from allegiance.records.canonical import digest_names
from allegiance.records.label import Label, Value
from allegiance.records.question import Question

QUESTION = Question(name="polite", text="Is it polite?")
READER = person("reader")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.create(tmp_path / "study.sqlite")


def label(name: str, value: Value = "yes", revision: int = 0) -> Label:
    return Label(transcript=name, question=QUESTION.digest, rater=READER.digest, value=value, revision=revision)


@pytest.mark.parametrize("value", ["maybe", "YES", "", "unrated "])
def test_a_value_off_the_menu_is_refused(value: str) -> None:
    with pytest.raises(UnknownName, match="label value"):
        check_value(value, QUESTION)


def test_what_was_saved_is_what_is_read(database: Database) -> None:
    store = LabelStore(database)
    made = msgspec.structs.replace(label("a"), score=0.25, raw="x\x00\u2028", note="é")
    store.save(QUESTION, READER, [made])
    assert store.all(QUESTION.digest, READER.digest) == [made]


def test_the_same_label_twice_adds_nothing(database: Database) -> None:
    store = LabelStore(database)
    assert store.save(QUESTION, READER, [label("a")]) == 1
    assert store.save(QUESTION, READER, [label("a")]) == 0
    assert len(Log(database).entries("labels")) == 1


def test_a_changed_answer_must_be_a_revision(database: Database) -> None:
    store = LabelStore(database)
    store.save(QUESTION, READER, [label("a", "yes")])
    with pytest.raises(UsageError, match="without being the next revision"):
        store.save(QUESTION, READER, [label("a", "no")])
    assert [x.value for x in store.all(QUESTION.digest, READER.digest)] == ["yes"]


def test_a_refused_batch_leaves_nothing_behind(database: Database) -> None:
    store = LabelStore(database)
    store.save(QUESTION, READER, [label("a", "yes")])
    before = Log(database).checkpoint()
    with pytest.raises(UsageError):
        store.save(QUESTION, READER, [label("b"), label("a", "no")])
    assert [x.transcript for x in store.all(QUESTION.digest, READER.digest)] == ["a"]
    assert Log(database).checkpoint() == before


def test_the_last_revision_counts_and_the_first_is_kept(database: Database) -> None:
    store = LabelStore(database)
    store.save(QUESTION, READER, [label("a", "yes")])
    store.save(QUESTION, READER, [store.revise(label("a", "no"))])
    kept = store.all(QUESTION.digest, READER.digest)
    assert [(x.revision, x.value) for x in kept] == [(0, "yes"), (1, "no")]
    assert last(kept)["a"].value == "no"


def test_a_label_on_another_question_is_refused(database: Database) -> None:
    with pytest.raises(UsageError, match="another question"):
        LabelStore(database).save(Question(name="other", text="Other?"), READER, [label("a")])


def test_the_log_pins_every_label_of_a_batch(database: Database) -> None:
    store = LabelStore(database)
    store.save(QUESTION, READER, [label("a"), label("b", "no")])
    (entry,) = Log(database).entries("labels")
    (batch,) = store.batches(QUESTION.digest, [READER.digest], before=entry.seq + 1).values()
    assert entry.body["labels"] == digest_names(batch)
    assert set(batch) == {label("a").digest, label("b", "no").digest}


def test_raters_with_different_cards_are_different_raters(database: Database) -> None:
    store, other = LabelStore(database), person("reader", trusted=False)
    store.save(QUESTION, READER, [label("a")])
    store.save(QUESTION, other, [Label(transcript="a", question=QUESTION.digest, rater=other.digest, value="no")])
    assert len(store.raters(QUESTION.digest)) == 2
    assert [x.value for x in store.all(QUESTION.digest, other.digest)] == ["no"]


@pytest.mark.parametrize("number", [2, 7])
def test_a_revision_that_skips_a_number_is_refused(database: Database, number: int) -> None:
    store = LabelStore(database)
    store.save(QUESTION, READER, [label("a", "yes")])
    with pytest.raises(UsageError, match="next revision"):
        store.save(QUESTION, READER, [label("a", "no", revision=number)])


def test_fsck_names_a_batch_with_a_changed_label(database: Database) -> None:
    store = LabelStore(database)
    store.save(QUESTION, READER, [label("a", "yes")])
    assert store.fsck() == []
    with sqlite3.connect(database.path) as raw:
        raw.execute("UPDATE labels SET body = CAST(replace(CAST(body AS TEXT), 'yes', 'no') AS BLOB)")
    assert store.fsck() == ["the labels saved with log entry 1 are not those that it pins"]
