"""Looks at a weighted draw: after 50 labels they say what the rater is worth that it is weighted by."""

from __future__ import annotations

import msgspec
import pytest
from tests.evidence.conftest import QUESTION, READER, label
from tests.evidence.test_designs import JUDGE, score_all

from allegiance.evidence.keep import Keep
from allegiance.evidence.looking import look
from allegiance.evidence.rated import resolve
from allegiance.evidence.terms import Terms
from allegiance.records.draw import Design, Draw
from allegiance.records.frame import Rated

RATE = Terms(kind="rate_ci", question=QUESTION, raters=(READER,))


def score_blindly(keep: Keep) -> Rated:
    """Half are scored as open, half as settled, whatever they say."""
    batch = [
        msgspec.structs.replace(label(name, item, JUDGE), score=0.5 if at % 2 else 0.001)
        for at, (name, item) in enumerate(sorted(keep.corpus.iter()))
    ]
    keep.labels.save(QUESTION, JUDGE, batch)
    return resolve(keep.labels, "complies@judge", keep.log.checkpoint().size)


def read(keep: Keep, made: Draw, n: int) -> None:
    batch = [label(name, keep.corpus.get(name), READER) for name in made.items[:n]]
    keep.labels.save(QUESTION, READER, batch)


@pytest.mark.parametrize(("blind", "verdict"), [(False, "saves labels"), (True, "costs more labels than it saves")])
def test_after_fifty_labels_a_look_says_what_the_rater_is_worth(keep: Keep, blind: bool, verdict: str) -> None:
    scored = score_blindly(keep) if blind else score_all(keep)
    made = keep.draw(Design(kind="weighted", n=90, stop="open", scored=scored))
    read(keep, made, 90)
    (said,) = look(keep, RATE, made).advice
    assert said.startswith(f"this rater {verdict}: x")
    assert "at best" in said


def test_before_that_a_look_says_nothing_of_it(keep: Keep) -> None:
    made = keep.draw(Design(kind="weighted", n=90, stop="open", scored=score_all(keep)))
    read(keep, made, 49)
    assert look(keep, RATE, made).advice == ()
