"""What the pages share: the log in memory is the log, and answers are worked out once for as long as they hold."""

from __future__ import annotations

import sqlalchemy as sa
from tests.web.conftest import transcript

from allegiance.ledger.database import events
from allegiance.ledger.log import Log
from allegiance.study import Study
from allegiance.web.state import Recalled, State


def test_the_log_in_memory_has_what_others_add(study: Study) -> None:
    log, own = Recalled(study.keep.database), Log(study.keep.database)
    assert log.entries() == own.entries()
    own.append("unlock", {"reader": "ann", "split": "x", "reason": "y"})
    assert log.entries() == own.entries()
    assert log.entries("unlock") == own.entries("unlock")
    assert log.entries(size=1) == own.entries(size=1)


def test_a_list_of_entries_is_the_callers_own(study: Study) -> None:
    log = Recalled(study.keep.database)
    log.entries().clear()
    assert log.entries() == Log(study.keep.database).entries() != []


def test_a_log_that_became_shorter_is_read_anew(study: Study) -> None:
    log, own = Recalled(study.keep.database), Log(study.keep.database)
    own.append("unlock", {"reader": "ann", "split": "x", "reason": "y"})
    assert len(log.entries("unlock")) == 1
    with study.keep.database.write() as connection:
        last = connection.scalar(sa.select(sa.func.max(events.c.seq)))
        connection.execute(sa.text("DROP TRIGGER IF EXISTS events_no_delete"))
        for name in connection.scalars(
            sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'")
        ).all():
            connection.execute(sa.text(f'DROP TRIGGER "{name}"'))
        connection.execute(events.delete().where(events.c.seq == last))
    assert log.entries("unlock") == []
    assert log.entries() == own.entries()


def test_an_answer_is_worked_out_once_until_the_log_grows(study: Study) -> None:
    state, made = State(study, "ann"), []
    for _ in range(3):
        state.remember("key", lambda: made.append(1))
    assert len(made) == 1
    study.keep.log.append("unlock", {"reader": "ann", "split": "x", "reason": "y"})
    state.remember("key", lambda: made.append(1))
    assert len(made) == 2


def test_an_answer_about_the_corpus_holds_until_that_grows(study: Study) -> None:
    state, made = State(study, "ann"), []
    study.keep.log.append("unlock", {"reader": "ann", "split": "x", "reason": "y"})
    for _ in range(2):
        state.remember("key", lambda: made.append(1), lasting="corpus")
        study.keep.log.append("unlock", {"reader": "ann", "split": "x", "reason": "y"})
    assert len(made) == 1
    study.keep.add([transcript(99, "free", 0)])
    state.remember("key", lambda: made.append(1), lasting="corpus")
    assert len(made) == 2
