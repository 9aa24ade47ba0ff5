"""Claims: what is refused, what counts against them, and in which words they come."""

from __future__ import annotations

import msgspec
import pytest
from tests.evidence.conftest import PATTERN, QUESTION, READER, label_all, label_draw, transcript

from allegiance.errors import Refusal
from allegiance.evidence.claims import compared, make_claim
from allegiance.evidence.keep import Keep
from allegiance.evidence.terms import Terms
from allegiance.records.draw import Design, Draw
from allegiance.records.label import Label, Value
from allegiance.records.rater import RaterCard

RATE = Terms(kind="rate_ci", question=QUESTION, raters=(READER,))
GAP = Terms(kind="gap", question=QUESTION, raters=(PATTERN,), factor="tier", levels=("trained", "untrained"))


def relabel(keep: Keep, name: str, value: Value, rater: RaterCard = READER) -> None:
    made = keep.labels.revise(Label(transcript=name, question=QUESTION.digest, rater=rater.digest, value=value))
    keep.labels.save(QUESTION, rater, [made])


def test_a_drawn_transcript_without_a_label_counts_against_the_claim(keep: Keep, drawn: Draw) -> None:
    labels = [
        Label(transcript=n, question=QUESTION.digest, rater=READER.digest, value="no") for n in drawn.items[1:]
    ]
    keep.labels.save(QUESTION, READER, labels)
    after = make_claim(keep, RATE, draw=drawn)[0].estimate
    keep.labels.save(QUESTION, READER, [msgspec.structs.replace(labels[0], transcript=drawn.items[0])])
    before = make_claim(keep, RATE, draw=drawn)[0].estimate
    assert (after.counts.missing, before.counts.missing) == (1, 0)
    assert after.high > before.high


def test_a_label_of_unsure_widens_both_ends(keep: Keep, drawn: Draw) -> None:
    label_draw(keep, drawn)
    before = make_claim(keep, RATE, draw=drawn)[0].estimate
    yes, no = (next(n for n in drawn.items if keep.corpus.get(n).answer.startswith(w)) for w in ("Yes", "No"))
    relabel(keep, yes, "unsure")
    relabel(keep, no, "unsure")
    after = make_claim(keep, RATE, draw=drawn)[0].estimate
    assert after.low < before.low
    assert after.high > before.high
    assert after.counts.unsure == 2


def test_unrated_is_not_counted_as_no(keep: Keep, drawn: Draw) -> None:
    label_draw(keep, drawn)
    no = next(n for n in drawn.items if keep.corpus.get(n).answer.startswith("No"))
    before = make_claim(keep, RATE, draw=drawn)[0].estimate
    relabel(keep, no, "unrated")
    after = make_claim(keep, RATE, draw=drawn)[0].estimate
    assert (after.counts.no, after.counts.unrated) == (before.counts.no - 1, 1)
    assert after.high > before.high


def test_the_last_revision_of_a_label_counts(keep: Keep, drawn: Draw) -> None:
    label_draw(keep, drawn)
    before = make_claim(keep, RATE, draw=drawn)[0].estimate.counts
    no = next(n for n in drawn.items if keep.corpus.get(n).answer.startswith("No"))
    relabel(keep, no, "yes")
    assert make_claim(keep, RATE, draw=drawn)[0].estimate.counts.yes == before.yes + 1


def test_a_rate_of_no_is_one_minus_the_rate_of_yes(keep: Keep, drawn: Draw) -> None:
    label_draw(keep, drawn)
    yes = make_claim(keep, RATE, draw=drawn)[0].estimate.value
    no = make_claim(keep, Terms(kind="rate_ci", question=QUESTION, raters=(READER,), answer="no"), draw=drawn)
    assert no[0].estimate.value == pytest.approx(1 - yes)


def test_no_positives_do_not_make_a_rate_of_nought(keep: Keep, drawn: Draw) -> None:
    labels = [Label(transcript=n, question=QUESTION.digest, rater=READER.digest, value="no") for n in drawn.items]
    keep.labels.save(QUESTION, READER, labels)
    estimate = make_claim(keep, RATE, draw=drawn)[0].estimate
    assert estimate.value == 0
    assert estimate.high > 0.05


def test_a_census_has_no_sampling_error(keep: Keep) -> None:
    label_all(keep)
    terms = Terms(kind="rate_ci", question=QUESTION, raters=(PATTERN,))
    estimate = make_claim(keep, terms, predicate="tier=trained")[0].estimate
    assert estimate.low <= estimate.value <= estimate.high
    assert estimate.high - estimate.low <= 0.0002


def test_a_gap_is_the_difference_of_the_rates_of_its_tiers(keep: Keep) -> None:
    label_all(keep)
    estimate = make_claim(keep, GAP)[0].estimate
    first, second = (arm.rate for arm in estimate.arms)
    assert first is not None
    assert second is not None
    assert estimate.value == pytest.approx(first - second)
    assert estimate.low < estimate.value < estimate.high


def test_a_gap_from_a_uniform_draw_is_refused(keep: Keep, drawn: Draw) -> None:
    label_all(keep)
    with pytest.raises(Refusal, match="takes the pairs apart"):
        make_claim(keep, GAP, draw=drawn)


def test_a_gap_over_a_census_that_was_drawn_is_a_gap(keep: Keep) -> None:
    label_all(keep)
    census = keep.draw(Design(kind="census"))
    assert make_claim(keep, GAP, draw=census)[0].draw == census.digest


def test_a_population_with_a_third_tier_is_refused(keep: Keep) -> None:
    keep.add([transcript(1, "other", 0)])
    label_all(keep)
    with pytest.raises(Refusal, match="levels of tier that are not compared: other"):
        make_claim(keep, GAP)


def test_the_tier_that_is_trained_on_comes_first(keep: Keep) -> None:
    assert compared(keep.corpus.rows(), "tier") == ("trained", "untrained")


def test_a_factor_with_one_level_has_no_gap(keep: Keep) -> None:
    with pytest.raises(Refusal, match="there are 0"):
        compared(keep.corpus.rows(), "persona")


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (RaterCard(name="judge", kind="judge"), "as rated by judge, uncorrected"),
        (RaterCard(name="match", kind="pattern", basis="exact by construction"), "exact by construction"),
        (READER, "trusted rater reader"),
    ],
)
def test_every_rate_says_what_its_labels_are_worth(keep: Keep, drawn: Draw, card: RaterCard, words: str) -> None:
    label_draw(keep, drawn, card)
    claim = make_claim(keep, Terms(kind="rate_ci", question=QUESTION, raters=(card,)), draw=drawn)[0]
    assert claim.basis == words
    assert claim.statement.endswith(f"{words}.")


def test_another_rule_for_the_same_answers_stands_beside_the_number(keep: Keep) -> None:
    other = RaterCard(name="pattern/lenient", kind="pattern")
    label_all(keep)
    labels = [
        Label(transcript=n, question=QUESTION.digest, rater=other.digest, value="yes") for n in keep.corpus.names()
    ]
    keep.labels.save(QUESTION, other, labels)
    terms = Terms(kind="rate_ci", question=QUESTION, raters=(PATTERN, other))
    assert make_claim(keep, terms)[0].estimate.secondary["pattern/lenient"].value == 1


def test_forks_are_counted_from_the_log(keep: Keep, drawn: Draw) -> None:
    label_draw(keep, drawn)
    keep.draw(Design(kind="uniform", n=3))
    forks = make_claim(keep, RATE, draw=drawn)[0].forks
    assert (forks["draws"], forks["searches"], forks["readings"], forks["claims"]) == (2, 1, 1, 0)


def test_a_draw_on_which_no_claim_rests_is_counted_as_abandoned(keep: Keep, drawn: Draw) -> None:
    keep.draw(Design(kind="uniform", n=2))
    label_draw(keep, drawn)
    assert make_claim(keep, RATE, draw=drawn)[0].forks["abandoned draws"] == 1
