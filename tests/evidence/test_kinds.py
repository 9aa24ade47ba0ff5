"""Nine kinds of claim: what each needs, what it refuses, and that it verifies."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.evidence.conftest import PATTERN, QUESTION, READER, label, label_all, label_draw
from tests.evidence.test_designs import JUDGE, score_all

from allegiance.errors import Refusal
from allegiance.evidence.citations import cite, log_citation
from allegiance.evidence.claims import make_claim, publish
from allegiance.evidence.keep import Keep
from allegiance.evidence.looking import look
from allegiance.evidence.reading import read_drawn
from allegiance.evidence.refusing import refuse_search
from allegiance.evidence.searching import search
from allegiance.evidence.terms import QUOTE, Terms
from allegiance.evidence.verify import verify
from allegiance.records.claim import ClaimKind, Estimate
from allegiance.records.draw import Design, Draw, Stratum

RATE = Terms(kind="rate_ci", question=QUESTION, raters=(READER,))


def terms(kind: ClaimKind, **other: object) -> Terms:
    return msgspec.structs.replace(RATE, kind=kind, **other)


def read_first(keep: Keep, made: Draw, n: int) -> None:
    batch = [label(name, keep.corpus.get(name), READER) for name in made.items[:n]]
    keep.labels.save(QUESTION, READER, batch)


def estimated(keep: Keep, asked: Terms, draw: Draw | None = None, predicate: str = "") -> Estimate:
    """The estimate of a claim; making it verifies it."""
    return make_claim(keep, asked, draw=draw, predicate=predicate)[0].estimate


def share_of_yes(keep: Keep) -> float:
    said = [item.answer.startswith("Yes") for _, item in keep.corpus.iter()]
    return sum(said) / len(said)


def test_an_open_draw_carries_a_rate_by_the_sequence_that_holds_at_every_look(keep: Keep) -> None:
    made = keep.draw(Design(n=60, stop="open"))
    read_first(keep, made, 40)
    found = estimated(keep, RATE, made)
    assert (found.method, found.counts.used) == ("betting-sequence/1", 40)
    assert found.low < share_of_yes(keep) < found.high


def test_a_rank_that_was_skipped_in_an_open_draw_counts_as_unrated(keep: Keep) -> None:
    made = keep.draw(Design(n=60, stop="open"))
    batch = [label(name, keep.corpus.get(name), READER) for name in (*made.items[:9], made.items[10])]
    keep.labels.save(QUESTION, READER, batch)
    counts = estimated(keep, RATE, made).counts
    assert (counts.used, counts.missing, counts.unrated) == (11, 1, 1)


def test_an_open_draw_carries_no_interval_for_a_declared_size(keep: Keep) -> None:
    made = keep.draw(Design(n=60, stop="open"))
    read_first(keep, made, 40)
    with pytest.raises(Refusal, match="'exact' does not hold"):
        estimated(keep, terms("rate_ci", method="exact"), made)


def test_a_weighted_draw_carries_a_rate(keep: Keep) -> None:
    made = keep.draw(Design(kind="weighted", n=60, stop="open", scored=score_all(keep)))
    read_first(keep, made, 60)
    found = estimated(keep, RATE, made)
    assert found.low <= share_of_yes(keep) <= found.high
    assert found.method == "betting-sequence/1"


def test_reading_until_some_are_found_carries_a_rate_once_they_are(keep: Keep) -> None:
    made = keep.draw(Design(n=100, stop="until", until=5))
    yes = [rank for rank, name in enumerate(made.items, 1) if keep.corpus.get(name).answer.startswith("Yes")]
    read_first(keep, made, yes[4])
    found = estimated(keep, RATE, made)
    assert found.method == "negative-hypergeometric/1"
    assert found.low < share_of_yes(keep) < found.high


def test_reading_past_what_was_to_be_found_is_refused(keep: Keep) -> None:
    made = keep.draw(Design(n=100, stop="until", until=3))
    read_first(keep, made, 100)
    with pytest.raises(Refusal, match="the rule was to read until 3 are"):
        estimated(keep, RATE, made)


def test_elusion_carries_a_rate_of_the_whole(keep: Keep) -> None:
    made = keep.draw(Design(kind="elusion", top=30, n=40, scored=score_all(keep)))
    label_draw(keep, made)
    found = estimated(keep, RATE, made)
    assert (found.method, found.counts.used, found.counts.frame) == ("hypergeometric-elusion/1", 70, 120)
    assert found.low <= share_of_yes(keep) <= found.high


def test_strata_carry_a_rate_of_the_whole_and_a_difference(keep: Keep) -> None:
    parts = (Stratum(predicate="tier=trained", n=30), Stratum(predicate="tier=untrained", n=30))
    made = keep.draw(Design(kind="stratified", n=60, strata=parts))
    label_draw(keep, made)
    rate = estimated(keep, RATE, made)
    gap = estimated(keep, terms("difference", factor="tier", levels=("trained", "untrained")), made)
    assert rate.low <= share_of_yes(keep) <= rate.high
    assert gap.value == pytest.approx(gap.arms[0].rate - gap.arms[1].rate)  # type: ignore[operator]


def test_a_difference_needs_the_two_sides_as_strata(keep: Keep, drawn: Draw) -> None:
    label_draw(keep, drawn)
    with pytest.raises(Refusal, match="needs a draw with the two parts as strata"):
        estimated(keep, terms("difference", factor="tier", levels=("trained", "untrained")), drawn)


def test_at_most_what_the_labels_carry(keep: Keep, drawn: Draw) -> None:
    label_draw(keep, drawn)
    found = estimated(keep, terms("rate_upper"), drawn)
    two_sided = estimated(keep, RATE, drawn)
    assert found.low == 0
    assert share_of_yes(keep) < found.high < two_sided.high


def test_at_most_more_than_the_labels_carry_is_refused_with_the_floor(keep: Keep, drawn: Draw) -> None:
    label_draw(keep, drawn)
    with pytest.raises(Refusal, match="do not carry 'at most 1 %'") as refusal:
        estimated(keep, terms("rate_upper", bound=0.01), drawn)
    assert "labels with none found: ln(1/α)/p₀" in refusal.value.where


def test_at_least_less_than_the_labels_carry_says_what_was_asked(keep: Keep, drawn: Draw) -> None:
    label_draw(keep, drawn)
    said = make_claim(keep, terms("rate_lower", bound=0.02), draw=drawn)[0].statement
    assert "at least 2.00 %" in said


def test_so_many_exist_however_they_were_found(keep: Keep) -> None:
    label_all(keep, READER)
    found = estimated(keep, terms("at_least_k", k=7))
    assert found.high == 1
    with pytest.raises(Refusal, match="were found, not 90"):
        estimated(keep, terms("at_least_k", k=90))


def test_the_first_hits_of_a_search_carry_their_own_precision(keep: Keep) -> None:
    number, made, _ = search(keep, "I would rather not")
    keep.labels.save(QUESTION, READER, [label(n, keep.corpus.get(n), READER) for n in made.shown[:5]])
    found = estimated(keep, terms("precision_at_k", search=number, k=5))
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_a_hit_that_was_not_labelled_makes_the_precision_uncertain(keep: Keep) -> None:
    number, made, _ = search(keep, "I would rather not")
    keep.labels.save(QUESTION, READER, [label(n, keep.corpus.get(n), READER) for n in made.shown[:4]])
    assert estimated(keep, terms("precision_at_k", search=number, k=5)).high == pytest.approx(0.2)


def test_more_hits_than_were_shown_carry_nothing(keep: Keep) -> None:
    number, _, _ = search(keep, "I would rather not", limit=3)
    label_all(keep, READER)
    with pytest.raises(Refusal, match="showed 3 hits, not 5"):
        estimated(keep, terms("precision_at_k", search=number, k=5))


def test_hits_of_a_search_carry_no_rate(keep: Keep) -> None:
    with pytest.raises(Refusal, match="hits of a search carry no rate") as refusal:
        refuse_search(keep, 1)
    assert "allegiance draw" in refusal.value.next


def test_a_quote_is_claimed_with_its_place_and_route(keep: Keep, drawn: Draw) -> None:
    read_drawn(keep, drawn, 4, "reader")
    log_citation(keep, cite(keep, drawn.items[3], "request"))
    claim, material = make_claim(keep, Terms(kind="quote", question=QUOTE, citation=1))
    assert "not how many" in claim.statement
    assert [item.name for item in material.transcripts] == [drawn.items[3]]


def test_a_small_gap_is_claimed_to_be_below_a_margin(keep: Keep) -> None:
    label_all(keep)
    asked = terms("no_gap", raters=(PATTERN,), factor="tier", levels=("trained", "untrained"), margin=0.99)
    assert estimated(keep, asked).high < 0.99


def test_a_margin_that_is_not_shown_is_refused_with_the_one_that_is(keep: Keep) -> None:
    label_all(keep)
    asked = terms("no_gap", raters=(PATTERN,), factor="tier", levels=("trained", "untrained"), margin=0.01)
    with pytest.raises(Refusal, match=r"is not shown; below .* points is"):
        estimated(keep, asked)


def test_no_gap_without_a_margin_is_refused(keep: Keep) -> None:
    label_all(keep)
    with pytest.raises(Refusal, match="only that it is smaller than a margin"):
        estimated(keep, terms("no_gap", raters=(PATTERN,), factor="tier", levels=("trained", "untrained")))


def test_after_a_look_at_fewer_labels_the_exact_interval_is_refused(keep: Keep, drawn: Draw) -> None:
    read_first(keep, drawn, 10)
    look(keep, RATE, drawn)
    read_first(keep, drawn, 30)
    with pytest.raises(Refusal, match="does not hold after a look"):
        estimated(keep, RATE, drawn)
    assert estimated(keep, terms("rate_ci", method="betting"), drawn).method == "betting-sequence/1"


def test_a_look_is_logged_and_counted(keep: Keep) -> None:
    made = keep.draw(Design(n=60, stop="open"))
    read_first(keep, made, 20)
    look(keep, RATE, made)
    assert make_claim(keep, RATE, draw=made)[0].forks["looks"] == 1


def test_a_population_by_a_raters_answers_carries_a_rate_in_it(keep: Keep) -> None:
    label_all(keep)
    made = keep.draw(Design(n=10), "complies@pattern=yes")
    label_draw(keep, made)
    claim, _ = make_claim(keep, RATE, draw=made)
    assert claim.estimate.value == 1
    assert len(claim.frame.rated) == 1


@pytest.mark.parametrize("kind", ["weighted", "elusion", "open"])
def test_a_claim_by_scores_or_an_open_draw_verifies_from_its_file(keep: Keep, tmp_path: Path, kind: str) -> None:
    scored = score_all(keep)
    designs = {
        "weighted": Design(kind="weighted", n=20, stop="open", scored=scored),
        "elusion": Design(kind="elusion", n=20, top=5, scored=scored),
        "open": Design(n=10, stop="open"),
    }
    made = keep.draw(designs[kind])
    made = keep.extend(1, 10) if kind == "open" else made
    label_draw(keep, made)
    found = verify(publish(keep, tmp_path, *make_claim(keep, RATE, draw=made)))
    assert found.passed, [check for check in found.checks if not check.passed]


def test_the_judge_of_a_weighted_draw_is_in_the_bundle(keep: Keep) -> None:
    made = keep.draw(Design(kind="weighted", n=20, stop="open", scored=score_all(keep)))
    label_draw(keep, made)
    material = make_claim(keep, RATE, draw=made)[1]
    assert {each.rater for each in material.labels} == {READER.digest, JUDGE.digest}


def test_what_was_labelled_for_another_draw_does_not_lengthen_this_one(keep: Keep) -> None:
    first = keep.draw(Design(n=60, stop="open"))
    read_first(keep, first, 60)
    second = keep.draw(Design(n=60, stop="open"))
    anew = [
        msgspec.structs.replace(label(name, keep.corpus.get(name), READER), revision=int(name in first.items))
        for name in second.items[:12]
    ]
    keep.labels.save(QUESTION, READER, anew)
    assert estimated(keep, RATE, second).counts.used == 12


def test_a_third_answer_is_not_taken_for_no(keep: Keep) -> None:
    asked = msgspec.structs.replace(QUESTION, answers=("yes", "no", "maybe"))
    names = sorted(keep.corpus.names())
    batch = [
        msgspec.structs.replace(label(n, keep.corpus.get(n), READER), question=asked.digest, value=value)
        for n, value in zip(names, ["maybe"] * 86 + ["yes"] * 34, strict=True)
    ]
    keep.labels.save(asked, READER, batch)
    assert estimated(keep, terms("rate_ci", question=asked, answer="no")).value == 0
