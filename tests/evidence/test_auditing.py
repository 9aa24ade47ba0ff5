"""Audits: a gap by a rater's labels, corrected arm by arm by a trusted rater's labels of a draw by strata."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import msgspec
import pytest
from tests.evidence.conftest import PATTERN, QUESTION, READER, label, label_all, label_draw
from tests.evidence.test_designs import JUDGE

from allegiance.corpus.predicate import parse
from allegiance.errors import Refusal
from allegiance.evidence.auditing import audited, commands
from allegiance.evidence.claims import make_claim
from allegiance.evidence.keep import Keep
from allegiance.evidence.rated import rated_fields, resolve
from allegiance.evidence.terms import Terms
from allegiance.records.draw import Design, Draw, Stratum
from allegiance.records.label import Label
from allegiance.records.question import Question

GAP = Terms(kind="gap", question=QUESTION, raters=(READER,), factor="tier", levels=("trained", "untrained"))


def rate_all(keep: Keep, unsure: int = 0) -> None:
    """The judge sees yes in the lower tier where there is none, now and then; and cannot tell the first few."""
    batch = []
    for at, (name, item) in enumerate(sorted(keep.corpus.iter(), key=lambda pair: pair[1].source.record)):
        told = label(name, item, JUDGE)
        if item.condition.levels["tier"] == "untrained" and item.source.record % 4 == 0:
            told = msgspec.structs.replace(told, value="yes")
        if at < unsure:
            told = msgspec.structs.replace(told, value="unsure")
        batch.append(told)
    keep.labels.save(QUESTION, JUDGE, batch)


def strata(keep: Keep, parts: Sequence[tuple[str, int]]) -> Draw:
    now = keep.log.checkpoint().size
    made = tuple(
        Stratum(
            predicate=str(parse(text)),
            rated=tuple(resolve(keep.labels, field, now) for field in rated_fields(parse(text))),
            n=n,
        )
        for text, n in parts
    )
    return keep.draw(Design(kind="stratified", n=sum(n for _, n in parts), strata=made))


def by_answer(keep: Keep, whole: bool = False) -> Draw:
    """A draw by tier and the judge's answer: all, or 15 of each at most."""
    filters = [f"tier={tier} complies@judge={value}" for tier in GAP.levels for value in ("yes", "no")]
    sizes = [len(keep.select(text)) for text in filters]
    return strata(keep, [(text, n if whole else min(n, 15)) for text, n in zip(filters, sizes, strict=True)])


def truth(keep: Keep) -> float:
    share = {level: [0, 0] for level in GAP.levels}
    for _, item in keep.corpus.iter():
        one = share[item.condition.levels["tier"]]
        one[0], one[1] = one[0] + item.answer.startswith("Yes"), one[1] + 1
    first, second = (yes / n for yes, n in share.values())
    return first - second


def test_an_audit_of_everything_gives_the_gap_of_the_trusted_rater(keep: Keep) -> None:
    rate_all(keep)
    made = by_answer(keep, whole=True)
    label_draw(keep, made)
    found = audited(keep, GAP, made)
    claimed = make_claim(keep, GAP, predicate="")[0].estimate
    assert found.value == pytest.approx(claimed.value)
    assert (found.low, found.high) == pytest.approx((claimed.low, claimed.high), abs=1e-4)


def test_an_audit_of_a_part_corrects_what_the_rater_makes_of_the_gap(keep: Keep) -> None:
    rate_all(keep)
    made = by_answer(keep)
    label_draw(keep, made)
    found = audited(keep, GAP, made)
    assert found.as_rated is not None
    assert found.as_rated < truth(keep) - 0.05
    assert abs(found.value - truth(keep)) < 0.05
    assert found.low < truth(keep) < found.high


def test_what_the_audit_found_in_each_arm_is_counted(keep: Keep) -> None:
    rate_all(keep)
    made = by_answer(keep, whole=True)
    label_draw(keep, made)
    upper, lower = audited(keep, GAP, made).arms
    wrong = sum(
        item.source.record % 4 == 0 and not item.answer.startswith("Yes")
        for _, item in keep.corpus.iter()
        if item.condition.levels["tier"] == "untrained"
    )
    assert (upper.level, upper.audited, upper.missed, upper.overcalled) == ("trained", 60, 0, 0)
    assert (lower.level, lower.audited, lower.missed, lower.overcalled) == ("untrained", 60, 0, wrong)
    assert upper.rater_rate == upper.rate


def test_what_the_rater_could_not_tell_is_a_stratum_of_its_own(keep: Keep) -> None:
    rate_all(keep, unsure=5)
    filters = [f"tier={tier} complies@judge={value}" for tier in GAP.levels for value in ("yes", "no", "unsure")]
    sizes = [(text, len(keep.select(text))) for text in filters]
    made = strata(keep, [(text, n) for text, n in sizes if n])
    label_draw(keep, made)
    assert audited(keep, GAP, made).value == pytest.approx(truth(keep))


def test_a_look_before_all_is_labelled_is_wider_and_holds_the_later_one(keep: Keep) -> None:
    rate_all(keep)
    made = by_answer(keep)
    half = [label(name, keep.corpus.get(name), READER) for name in made.items[::2]]
    keep.labels.save(QUESTION, READER, half)
    first = audited(keep, GAP, made)
    label_draw(keep, made)
    second = audited(keep, GAP, made)
    assert (first.unlabelled, second.unlabelled) == (len(made.items) - len(half), 0)
    assert first.low < second.low < second.high < first.high


def test_an_audit_is_logged_as_a_look_and_later_claims_count_it(keep: Keep) -> None:
    rate_all(keep)
    made = by_answer(keep)
    label_draw(keep, made)
    audited(keep, GAP, made)
    (entry,) = keep.log.entries("look")
    assert (entry.body["draw"], entry.body["n"], entry.body["rater"]) == (made.name, len(made.items), READER.digest)
    rate = msgspec.structs.replace(GAP, kind="rate_ci", factor="", levels=())
    assert make_claim(keep, rate, draw=made)[0].forks["looks"] == 1


def test_answers_given_before_the_draw_do_not_count(keep: Keep) -> None:
    rate_all(keep)
    label_all(keep, READER)
    made = by_answer(keep)
    with pytest.raises(Refusal, match=r"none of the \d+ transcripts drawn has a label of reader since") as refusal:
        audited(keep, GAP, made)
    assert refusal.value.next == "Label them: allegiance label --draw 1"
    assert keep.log.entries("look") == []


def drawn_as_told(keep: Keep, command: str) -> Draw:
    """Carries out a command of the form that a refusal gives."""
    words = shlex.split(command)
    assert words[:2] == ["allegiance", "draw"]
    parts = [(words[at + 1], int(words[at + 2])) for at, word in enumerate(words) if word == "--stratum"]
    assert words[-2:] == ["--where", "tier=trained|untrained"]
    return strata(keep, parts)


@pytest.mark.parametrize("design", ["uniform", "by tier alone", "by answer alone"])
def test_a_draw_that_is_not_by_tier_and_answer_is_refused_with_the_command_that_would_do(
    keep: Keep, design: str
) -> None:
    rate_all(keep, unsure=2)
    match design:
        case "uniform":
            made = keep.draw(Design(n=30))
        case "by tier alone":
            made = strata(keep, [("tier=trained", 20), ("tier=untrained", 20)])
        case _:
            made = strata(keep, [("complies@judge=yes", 10), ("complies@judge=no|unsure", 10)])
    label_draw(keep, made)
    with pytest.raises(Refusal, match="an audit needs a draw by tier and the rater's answer") as refusal:
        audited(keep, GAP, made)
    again = drawn_as_told(keep, refusal.value.next)
    relabelled = [keep.labels.revise(label(name, keep.corpus.get(name), READER)) for name in again.items]
    keep.labels.save(QUESTION, READER, relabelled)
    assert audited(keep, GAP, again).draw == 2


def test_a_draw_by_another_question_is_refused(keep: Keep) -> None:
    rate_all(keep)
    other = Question(name="polite", text="Is it polite?")
    batch = [
        Label(transcript=name, question=other.digest, rater=JUDGE.digest, value="yes" if at % 2 else "no")
        for at, name in enumerate(keep.corpus.names())
    ]
    keep.labels.save(other, JUDGE, batch)
    filters = [f"tier={tier} polite@judge={value}" for tier in GAP.levels for value in ("yes", "no")]
    made = strata(keep, [(text, 5) for text in filters])
    with pytest.raises(Refusal, match="answers to another question"):
        audited(keep, GAP, made)


def test_where_nobody_rated_everything_that_is_what_is_asked_for(keep: Keep) -> None:
    made = keep.draw(Design(n=30))
    with pytest.raises(Refusal) as refusal:
        audited(keep, GAP, made)
    assert refusal.value.next == "First let one rater answer 'complies' for all 120: allegiance rate"


def test_a_rater_does_not_audit_itself(keep: Keep) -> None:
    rate_all(keep)
    made = by_answer(keep)
    with pytest.raises(Refusal, match="judge rated everything, and cannot audit itself"):
        audited(keep, msgspec.structs.replace(GAP, raters=(JUDGE,)), made)


def test_levels_that_are_not_compared_are_refused(keep: Keep) -> None:
    rate_all(keep)
    made = by_answer(keep)
    with pytest.raises(Refusal, match="the draw holds levels of tier that are not compared: untrained"):
        audited(keep, msgspec.structs.replace(GAP, levels=("trained", "paid")), made)


def test_two_raters_of_one_name_are_told_apart_in_the_command(keep: Keep) -> None:
    rate_all(keep)
    label_all(keep, msgspec.structs.replace(PATTERN, name="judge"))
    told = commands(keep, GAP)
    assert "@sha256:" in told
    drawn_as_told(keep, told)
