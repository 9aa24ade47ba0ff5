"""Raters beside each other: agreement, the rate under each, stray answers, drift, joint tables."""

from __future__ import annotations

import msgspec
import pytest
from tests.evidence.conftest import QUESTION, READER, label, label_all, label_draw

from allegiance.errors import Refusal, UnknownName, UsageError
from allegiance.evidence.claims import make_claim
from allegiance.evidence.comparing import compare
from allegiance.evidence.drift import drift, joint
from allegiance.evidence.keep import Keep
from allegiance.evidence.terms import Terms
from allegiance.evidence.uncorrected import hits_only, remark
from allegiance.rating.patterns import PatternRater
from allegiance.rating.questions import load_question
from allegiance.records.draw import Design, Draw
from allegiance.records.label import Label
from allegiance.records.rater import RaterCard
from allegiance.stats.agreement import cohen_kappa

FIRST, SECOND, THIRD = (RaterCard(name=name, kind="judge") for name in ("first", "second", "third"))
RULED = RaterCard(name="ruled", kind="imported", settings={"values": '{"a": "yes"}', "otherwise": "unsure"})
DOUBTS = load_question("doubts-the-set-up")


def rate(keep: Keep, card: RaterCard, wrong: int) -> None:
    labels = []
    for at, (name, item) in enumerate(keep.corpus.iter()):
        value = label(name, item, card).value if at % wrong else "yes"
        labels.append(Label(transcript=name, question=QUESTION.digest, rater=card.digest, value=value))
    keep.labels.save(QUESTION, card, labels)


def test_the_rate_under_each_rater_stands_beside_the_others(keep: Keep) -> None:
    rate(keep, FIRST, 1000)
    rate(keep, SECOND, 2)
    found = compare(keep, QUESTION, (FIRST, SECOND))
    first, second = (each.rates[0] for each in found.raters)
    assert second.value > first.value + 0.2  # type: ignore[operator]
    assert found.pairs[0].differences[0].high < 0
    assert found.said == (
        f"the rate is a property of the rater: 'yes' lies between {100 * first.value:.1f} % and "  # type: ignore[operator]
        f"{100 * second.value:.1f} % by who is asked",  # type: ignore[operator]
    )


def test_agreement_is_that_of_the_table(keep: Keep) -> None:
    rate(keep, FIRST, 7)
    rate(keep, SECOND, 5)
    (pair,) = compare(keep, QUESTION, (FIRST, SECOND)).pairs
    cells = {(a, b): n for a, b, n in pair.table}
    table = [[cells.get((a, b), 0) for b in ("yes", "no")] for a in ("yes", "no")]
    told = {each.name: each for each in pair.agreement}
    assert told["kappa"].value == pytest.approx(cohen_kappa(table))
    assert all(each.low <= each.value <= each.high for each in told.values())  # type: ignore[operator]
    assert len(pair.apart) == table[0][1] + table[1][0]


def test_the_units_of_the_intervals_are_requests(keep: Keep) -> None:
    rate(keep, FIRST, 7)
    rate(keep, SECOND, 5)
    found = compare(keep, QUESTION, (FIRST, SECOND))
    assert (found.units, found.requests, found.transcripts) == ("requests", 20, 120)


def test_three_raters_are_also_compared_together(keep: Keep) -> None:
    for card, wrong in ((FIRST, 7), (SECOND, 5), (THIRD, 3)):
        rate(keep, card, wrong)
    found = compare(keep, QUESTION, (FIRST, SECOND, THIRD))
    assert len(found.pairs) == 3
    assert [each.name for each in found.together] == ["raw agreement", "alpha", "AC1"]


def test_answers_off_the_menu_are_shown_as_they_were_said_with_the_rule_that_decided(keep: Keep) -> None:
    rate(keep, FIRST, 7)
    strange = ["1", "N/A", "a\nb", "N/A"]
    labels = [
        Label(transcript=name, question=QUESTION.digest, rater=RULED.digest, value="unsure", raw=raw)
        for name, raw in zip(keep.corpus.names(), strange, strict=False)
    ]
    keep.labels.save(QUESTION, RULED, labels)
    found = compare(keep, QUESTION, (FIRST, RULED))
    assert found.rules == {"ruled": '{"a": "yes"}, anything else: unsure'}
    assert [(each.raw, each.value, each.n) for each in found.strays] == [
        ("N/A", "unsure", 2), ("1", "unsure", 1), ("a\nb", "unsure", 1)
    ]  # fmt: skip
    assert found.left_out == 116
    assert found.pairs[0].agreement[0].value == 0  # undecided agrees with no answer


@pytest.mark.parametrize("raters", [(FIRST,), (FIRST, FIRST)])
def test_one_rater_is_no_comparison(keep: Keep, raters: tuple[RaterCard, ...]) -> None:
    rate(keep, FIRST, 7)
    with pytest.raises(UsageError):
        compare(keep, QUESTION, raters)


def test_raters_without_a_common_transcript_are_refused(keep: Keep) -> None:
    rate(keep, FIRST, 7)
    with pytest.raises(Refusal):
        compare(keep, QUESTION, (FIRST, SECOND))


def test_drift_of_two_cards_says_how_many_answers_changed(keep: Keep) -> None:
    rate(keep, FIRST, 1000)
    rate(keep, SECOND, 4)
    found = drift(keep, QUESTION, FIRST, SECOND)
    assert found.changed.low <= len(found.names) / 120 <= found.changed.high
    assert found.shifts[0].value > 0  # type: ignore[operator]
    assert found.shifts[0].value == pytest.approx(-found.shifts[1].value)  # type: ignore[operator]


def test_drift_of_one_card_is_between_its_first_and_last_answers(keep: Keep) -> None:
    rate(keep, FIRST, 1000)
    names = keep.corpus.names()[:10]
    again = [
        Label(transcript=name, question=QUESTION.digest, rater=FIRST.digest, value="yes", revision=1)
        for name in names
    ]
    keep.labels.save(QUESTION, FIRST, again)
    found = drift(keep, QUESTION, FIRST)
    assert found.transcripts == 10
    assert all(after == "yes" for _, after, _ in found.table)


def test_a_rater_that_answered_nothing_twice_has_no_drift(keep: Keep) -> None:
    rate(keep, FIRST, 1000)
    with pytest.raises(Refusal, match="twice"):
        drift(keep, QUESTION, FIRST)


def test_a_joint_table_has_the_share_of_each_cell_by_the_draw(keep: Keep) -> None:
    rate(keep, FIRST, 7)
    other = msgspec.structs.replace(QUESTION, name="other")
    labels = [
        Label(transcript=name, question=other.digest, rater=SECOND.digest, value="yes" if at % 3 else "no")
        for at, name in enumerate(keep.corpus.names())
    ]
    keep.labels.save(other, SECOND, labels)
    every = joint(keep, "complies@first", "other@second")
    made = keep.draw(Design(n=40))
    found = joint(keep, "complies@first", "other@second", draw=made, by=("tier",))
    truth = {(cell.first, cell.second): cell.share.value for cell in every.parts[0].cells}
    assert every.design == "census"
    assert sum(cell.n for cell in found.parts[0].cells) == 40
    for cell in found.parts[0].cells:
        assert cell.share.low <= truth[cell.first, cell.second] <= cell.share.high  # type: ignore[operator]
    assert [part.levels for part in found.parts] == [{}, {"tier": "trained"}, {"tier": "untrained"}]


def test_a_joint_table_of_a_question_that_there_is_not_is_refused(keep: Keep) -> None:
    rate(keep, FIRST, 7)
    with pytest.raises(UnknownName):
        joint(keep, "complies@first", "distress@first")


def test_a_rate_of_a_rater_stands_beside_the_draw_that_would_correct_it(keep: Keep) -> None:
    rate(keep, FIRST, 7)
    said = remark(keep, QUESTION, FIRST)
    assert said.startswith("as rated by first, uncorrected; a draw of ")
    assert "allegiance draw " in said


def test_where_a_draw_is_labelled_the_remark_names_the_check(keep: Keep, drawn: Draw) -> None:
    rate(keep, FIRST, 7)
    label_draw(keep, drawn)
    assert "allegiance rater check first --against reader" in remark(keep, QUESTION, FIRST)


def test_a_trusted_rater_needs_no_correction(keep: Keep) -> None:
    label_all(keep, READER)
    assert remark(keep, QUESTION, READER) == ""


def test_the_share_of_a_patterns_hits_is_no_rate_of_an_act(keep: Keep) -> None:
    pattern = PatternRater(name="words", yes="rather|hypothetical")
    keep.labels.save(DOUBTS, pattern.card, pattern.labels(keep.corpus.table(pattern.columns()), DOUBTS))
    keep.draw(Design(kind="census"))
    for kind in ("rate_ci", "rate_upper", "rate_lower"):
        with pytest.raises(Refusal, match="is a pattern") as error:
            make_claim(keep, Terms(kind=kind, question=DOUBTS, raters=(pattern.card,)), draw=keep.find_draw(1))
        assert "mentions-a-test" in error.value.next
    assert "finds words" in hits_only(DOUBTS, pattern.card)


def test_it_is_one_of_what_is_mentioned(keep: Keep) -> None:
    asked = load_question("mentions-a-test")
    pattern = PatternRater(name="words", yes="rather|hypothetical")
    keep.labels.save(asked, pattern.card, pattern.labels(keep.corpus.table(pattern.columns()), asked))
    keep.draw(Design(kind="census"))
    made, _ = make_claim(
        keep, Terms(kind="rate_ci", question=asked, raters=(pattern.card,)), draw=keep.find_draw(1)
    )
    assert "as rated by words, uncorrected" in made.statement
    assert hits_only(asked, pattern.card) == ""
