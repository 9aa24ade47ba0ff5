"""Designs beyond the plain draw: open, until, weighted, strata, elusion; and filters by what raters answered."""

from __future__ import annotations

import msgspec
import pytest
from tests.evidence.conftest import PATTERN, QUESTION, label, label_all, transcript

from allegiance.errors import Refusal, UnknownName
from allegiance.evidence.drawing import carry_out
from allegiance.evidence.keep import Keep
from allegiance.evidence.rated import resolve, scores, scores_digest
from allegiance.records.draw import Design, Stratum
from allegiance.records.frame import Rated
from allegiance.records.label import Label
from allegiance.records.rater import RaterCard

JUDGE = RaterCard(name="judge", kind="judge")


def score_all(keep: Keep) -> Rated:
    """Scores by the judge: high where the reply says yes."""
    batch = [
        msgspec.structs.replace(label(name, item, JUDGE), score=0.8 if item.answer.startswith("Yes") else 0.05)
        for name, item in keep.corpus.iter()
    ]
    keep.labels.save(QUESTION, JUDGE, batch)
    return resolve(keep.labels, "complies@judge", keep.log.checkpoint().size)


def test_an_open_draw_grows_and_keeps_its_ranks(keep: Keep) -> None:
    made = keep.draw(Design(n=10, stop="open"))
    grown = keep.extend(1, 15)
    assert (len(grown.items), grown.items[:10]) == (25, made.items)


def test_a_draw_that_has_grown_keeps_its_name(keep: Keep) -> None:
    made = keep.draw(Design(n=10, stop="open"))
    assert keep.extend(1, 5).name == made.name


def test_a_draw_that_has_grown_is_found_at_its_size(keep: Keep) -> None:
    keep.draw(Design(n=10, stop="open"))
    keep.extend(1, 5)
    grown = keep.extend(1, 5)
    assert keep.find_draw(1) == grown
    assert len(grown.items) == 20


def test_a_draw_of_declared_size_does_not_grow(keep: Keep) -> None:
    keep.draw(Design(n=10))
    with pytest.raises(Refusal, match="was declared to have 10 items"):
        keep.extend(1, 5)
    assert keep.log.entries("extension") == []


@pytest.mark.parametrize("more", [0, -3, 111])
def test_a_draw_grows_by_items_that_are_there(keep: Keep, more: int) -> None:
    keep.draw(Design(n=10, stop="open"))
    with pytest.raises(Refusal, match="has 10 of 120 items"):
        keep.extend(1, more)


def test_a_draw_until_some_are_found_says_how_many(keep: Keep) -> None:
    with pytest.raises(Refusal, match="says how many"):
        keep.draw(Design(n=10, stop="until"))


def test_elusion_takes_the_highest_scores_first_and_then_draws_from_the_rest(keep: Keep) -> None:
    scored = score_all(keep)
    made = keep.draw(Design(kind="elusion", top=6, n=9, scored=scored))
    given = scores(scored, keep.source, keep.corpus.names())
    assert len(made.items) == len(set(made.items)) == 15
    assert min(given[name] for name in made.items[:6]) >= max(
        given[n] for n in set(keep.corpus.names()) - set(made.items[:6])
    )


def test_elusion_needs_the_scores_of_a_rater(keep: Keep) -> None:
    with pytest.raises(Refusal, match="scores do not go together without each other"):
        keep.draw(Design(kind="elusion", top=6, n=9))


def test_a_weighted_draw_brings_the_likelier_ones_forward(keep: Keep) -> None:
    scored = score_all(keep)
    made = keep.draw(Design(kind="weighted", n=30, stop="open", scored=scored))
    likely = {name for name, item in keep.corpus.iter() if item.answer.startswith("Yes")}
    assert len(likely.intersection(made.items)) / 30 > len(likely) / 120


def test_a_draw_pins_the_scores_that_it_rests_on(keep: Keep) -> None:
    scored = score_all(keep)
    made = keep.draw(Design(kind="elusion", top=6, n=9, scored=scored))
    names = sorted(keep.corpus.names())
    assert made.commitment.design.scores == scores_digest(scores(scored, keep.source, names))


def test_labels_that_come_later_do_not_move_a_draw(keep: Keep) -> None:
    made = keep.draw(Design(kind="elusion", top=6, n=9, scored=score_all(keep)))
    name = made.items[-1]
    keep.labels.save(
        QUESTION,
        JUDGE,
        [keep.labels.revise(msgspec.structs.replace(label(name, keep.corpus.get(name), JUDGE), score=1.0))],
    )
    assert keep.find_draw(1) == made


def test_other_scores_than_those_pinned_are_refused(keep: Keep) -> None:
    made = keep.draw(Design(kind="elusion", top=6, n=9, scored=score_all(keep)))
    with pytest.raises(Refusal, match="not those that the draw was committed to"):
        carry_out(made.commitment, keep.corpus.rows(), lambda _column: [])


def test_other_scores_give_another_seed(keep: Keep) -> None:
    scored = score_all(keep)
    one = keep.draw(Design(kind="elusion", top=6, n=9, scored=scored)).commitment
    other = msgspec.structs.replace(one, design=msgspec.structs.replace(one.design, scores="sha256:" + "0" * 64))
    plain = msgspec.structs.replace(one, design=Design(n=9))
    from allegiance.evidence.tickets import seed_of

    assert len({seed_of(one), seed_of(other), seed_of(plain)}) == 3


def test_a_stratified_draw_takes_from_each_stratum_what_was_declared(keep: Keep) -> None:
    parts = (Stratum(predicate="tier=trained", n=7), Stratum(predicate="tier=untrained", n=4))
    made = keep.draw(Design(kind="stratified", n=11, strata=parts))
    tiers = [keep.corpus.get(name).condition.levels["tier"] for name in made.items]
    assert tiers == ["trained"] * 7 + ["untrained"] * 4


def test_strata_that_leave_a_transcript_out_are_refused(keep: Keep) -> None:
    with pytest.raises(Refusal, match="the strata hold 60 transcripts"):
        keep.draw(Design(kind="stratified", n=7, strata=(Stratum(predicate="tier=trained", n=7),)))


def test_strata_that_overlap_are_refused(keep: Keep) -> None:
    parts = (Stratum(predicate="", n=7), Stratum(predicate="tier=untrained", n=4))
    with pytest.raises(Refusal, match="120 different ones"):
        keep.draw(Design(kind="stratified", n=11, strata=parts))


def test_a_filter_can_go_by_what_a_rater_answered(keep: Keep) -> None:
    label_all(keep)
    found = keep.select("complies@pattern=yes tier=trained")
    said = {name for name, item in keep.corpus.iter() if item.answer.startswith("Yes")}
    assert {row.name for row in found} == {r.name for r in keep.select("tier=trained") if r.name in said}


def test_a_frame_by_a_raters_answers_stays_when_an_answer_changes(keep: Keep) -> None:
    label_all(keep)
    made = keep.draw(Design(n=5), "complies@pattern=yes")
    changed = Label(
        transcript=made.items[0], question=QUESTION.digest, rater=PATTERN.digest, value="no", revision=1
    )
    keep.labels.save(QUESTION, PATTERN, [changed])
    assert keep.find_draw(1) == made


@pytest.mark.parametrize("field", ["doubts@pattern=yes", "complies@nobody=yes"])
def test_a_filter_by_answers_that_nobody_gave_names_what_there_is(keep: Keep, field: str) -> None:
    label_all(keep)
    with pytest.raises(UnknownName, match=r"there is no (question|rater)"):
        keep.select(field)


def test_two_raters_of_one_name_are_told_apart_by_digest(keep: Keep) -> None:
    label_all(keep)
    other = RaterCard(name="pattern", kind="pattern", version="2")
    label_all(keep, other)
    with pytest.raises(Refusal, match="called 'pattern'"):
        keep.select("complies@pattern=yes")
    assert keep.select(f'"complies@{other.digest}"=yes') == keep.select(f'"complies@{PATTERN.digest}"=yes')


def test_a_corpus_that_has_grown_does_not_change_an_old_frame(keep: Keep) -> None:
    label_all(keep)
    made = keep.draw(Design(n=5), "complies@pattern=yes")
    keep.add([transcript(99, "trained", 0)])
    assert keep.find_draw(1).items == made.items
