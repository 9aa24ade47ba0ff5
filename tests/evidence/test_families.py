"""Families: several gaps at once, alone and allowing for all; logged as looks, and never a claim."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from tests.evidence.conftest import PATTERN, QUESTION, label, label_all

from allegiance.errors import Refusal, UnknownName, UsageError
from allegiance.evidence.claims import make_claim
from allegiance.evidence.families import Family, explore
from allegiance.evidence.keep import Keep
from allegiance.evidence.splits import turn_on
from allegiance.evidence.terms import Terms
from allegiance.records.condition import Condition
from allegiance.records.label import Label, Value
from allegiance.records.transcript import Message, Part, Source, Transcript
from allegiance.stats.multiplicity import benjamini_hochberg, family, holm, selected_intervals

GAP = Terms(
    kind="gap", question=QUESTION, raters=(PATTERN,), factor="tier", levels=("trained", "untrained"), alpha=0.05
)
REQUESTS = 24


def says(request: int, tier: str, persona: str, model: str) -> bool:
    """The small model complies in the trained tier as an employee, on most requests; all else is rare."""
    if tier == "trained" and persona == "employee" and model == "small":
        return request % 8 != 0
    return (request * 7 + len(persona) + len(model)) % 12 == 0


def made(request: int, tier: str, persona: str, model: str) -> Transcript:
    text = "Yes." if says(request, tier, persona, model) else "No."
    return Transcript(
        messages=(
            Message(role="user", parts=(Part(text=f"[{tier} {persona}] request {request}"),)),
            Message(role="assistant", parts=(Part(text=text),)),
        ),
        source=Source(digest="sha256:" + "1" * 64, file="made.jsonl", record=request),
        request=f"request-{request}",
        condition=Condition(levels={"tier": tier, "persona": persona}),
        model=model,
        sample=0,
    )


@pytest.fixture
def crossed(keep: Keep) -> Keep:
    """Two models, two personas, two tiers on 24 requests, beside the small study; all labelled."""
    keep.add(
        made(r, tier, persona, model)
        for r in range(REQUESTS)
        for tier in ("trained", "untrained")
        for persona in ("employee", "contractor")
        for model in ("small", "large")
    )
    label_all(keep)
    return keep


ONLY = "persona=employee|contractor"


def differences(keep: Keep, persona: str, model: str) -> np.ndarray:
    """By hand: what each request says at one persona and model, trained less untrained."""
    tiers = [[float(says(r, tier, persona, model)) for r in range(REQUESTS)] for tier in ("trained", "untrained")]
    return np.array(tiers[0]) - np.array(tiers[1])


def undecide(keep: Keep, where: str, value: Value = "unsure") -> None:
    """The first transcript that a filter selects cannot be told after all."""
    name = keep.select(where)[0].name
    told = Label(transcript=name, question=QUESTION.digest, rater=PATTERN.digest, value=value)
    keep.labels.save(QUESTION, PATTERN, [keep.labels.revise(told)])


def names(found: Family) -> list[str]:
    return [each.name for each in found.contrasts]


def test_a_family_has_a_gap_for_each_combination_of_levels(crossed: Keep) -> None:
    found = explore(crossed, GAP, predicate=ONLY, by=("model", "persona"))
    assert names(found) == [
        "model=large persona=contractor",
        "model=large persona=employee",
        "model=small persona=contractor",
        "model=small persona=employee",
    ]
    wanted = [differences(crossed, p, m).mean() for m in ("large", "small") for p in ("contractor", "employee")]
    assert [each.value for each in found.contrasts] == pytest.approx(wanted)


def test_without_a_field_there_is_one_gap_and_it_is_that_of_the_claim(crossed: Keep) -> None:
    (one,) = explore(crossed, GAP, predicate="model=large").contrasts
    claimed = make_claim(crossed, GAP, predicate="model=large")[0].estimate
    assert (one.name, one.value, one.low, one.high, one.p) == (
        "all",
        claimed.value,
        claimed.low,
        claimed.high,
        claimed.p_value,
    )
    assert one.rates == tuple(arm.rate for arm in claimed.arms)


def test_the_tests_of_a_family_are_those_of_its_differences(crossed: Keep) -> None:
    found = explore(crossed, GAP, predicate=ONLY, by=("model", "persona")).contrasts
    d = [differences(crossed, p, m) for m in ("large", "small") for p in ("contractor", "employee")]
    # Requests in the order of their names, so that the same flips are drawn.
    order = sorted(range(REQUESTS), key=lambda r: f"request-{r}")
    wanted = family(np.array(d).T[order])
    assert [each.p for each in found] == list(wanted.p)
    assert [each.max_t for each in found] == list(wanted.max_t)
    assert [each.holm for each in found] == list(holm(wanted.p))
    assert [each.q for each in found] == list(benjamini_hochberg(wanted.p))


def test_what_is_picked_has_an_interval_that_allows_for_the_picking(crossed: Keep) -> None:
    found = explore(crossed, GAP, predicate=ONLY, by=("model", "persona")).contrasts
    assert [each.picked is not None for each in found] == [False, False, False, True]
    d = [differences(crossed, p, m) for m in ("large", "small") for p in ("contractor", "employee")]
    (span,) = selected_intervals(d, d, [3], 0.05)
    assert found[3].picked == pytest.approx((span.low, span.high), abs=1e-4)
    assert found[3].picked[0] < found[3].low  # type: ignore[index]


def test_contrasts_can_be_picked_by_name(crossed: Keep) -> None:
    found = explore(crossed, GAP, predicate=ONLY, by=("model",), pick=("model=large",)).contrasts
    assert [each.picked is not None for each in found] == [True, False]
    with pytest.raises(UnknownName, match="there is no contrast 'model=tiny'"):
        explore(crossed, GAP, predicate=ONLY, by=("model",), pick=("model=tiny",))


def test_an_interaction_is_the_difference_of_two_gaps_request_by_request(crossed: Keep) -> None:
    asked = [("persona", "employee", "contractor")]
    found = explore(crossed, GAP, predicate="model=small " + ONLY, by=("persona",), interactions=asked)
    one = found.contrasts[-1]
    assert one.name == "persona=employee - persona=contractor"
    d = differences(crossed, "employee", "small") - differences(crossed, "contractor", "small")
    assert one.value == pytest.approx(d.mean())
    assert -2 <= one.low < one.value < one.high <= 2
    assert len(one.rates) == 4
    assert one.picked is not None


def test_an_interaction_is_told_for_each_level_of_the_other_fields(crossed: Keep) -> None:
    asked = [("persona", "employee", "contractor")]
    found = explore(crossed, GAP, predicate=ONLY, by=("model",), interactions=asked)
    assert names(found)[2:] == [
        f"persona=employee - persona=contractor (model={name})" for name in ("large", "small")
    ]


def test_an_undecided_label_counts_at_its_worst_and_takes_the_tests_of_its_contrast(crossed: Keep) -> None:
    before = {each.name: each for each in explore(crossed, GAP, predicate=ONLY, by=("model",)).contrasts}
    undecide(crossed, "model=large tier=trained " + ONLY)
    after = {each.name: each for each in explore(crossed, GAP, predicate=ONLY, by=("model",)).contrasts}
    large, small = after["model=large"], after["model=small"]
    assert (large.undecided, large.p, large.max_t, large.holm, large.q) == (1, None, None, None, None)
    assert large.high - large.low > before["model=large"].high - before["model=large"].low
    assert small.p == before["model=small"].p
    # The other counts as 1, so that Holm and q allow for it; the largest of all flips is not known, so no max-T.
    assert small.max_t is None
    assert small.holm == pytest.approx(min(1.0, 2 * small.p))  # type: ignore[operator]


def test_a_contrast_that_no_request_has_in_all_arms_is_left_out_and_named(crossed: Keep) -> None:
    extra = [made(50, "trained", "robot", "small"), made(51, "untrained", "robot", "small")]
    crossed.add(extra)
    batch = [
        label(name, item, PATTERN)
        for name, item in crossed.corpus.iter(r.name for r in crossed.select("persona=robot"))
    ]
    crossed.labels.save(QUESTION, PATTERN, batch)
    found = explore(crossed, GAP, predicate=ONLY + "|robot", by=("persona",))
    assert found.left_out == ("persona=robot",)
    with pytest.raises(Refusal, match=r"no request was seen at both levels of tier in any of 1 contrasts"):
        explore(crossed, GAP, predicate="persona=robot", by=("persona",))


def test_each_gap_shown_is_a_look_and_later_claims_count_it(crossed: Keep) -> None:
    explore(crossed, GAP, predicate=ONLY, by=("model", "persona"))
    looks = crossed.log.entries("look")
    assert next(entry.body["contrast"] for entry in looks) == "model=large persona=contractor"
    assert {(entry.body["draw"], entry.body["n"], entry.body["rater"]) for entry in looks} == {
        ("", 2 * REQUESTS, PATTERN.digest)
    }
    assert make_claim(crossed, GAP, predicate="model=large")[0].forks["looks"] == 4


def test_a_family_that_is_refused_leaves_no_look(crossed: Keep) -> None:
    with pytest.raises(UnknownName):
        explore(crossed, GAP, predicate=ONLY, by=("mood",))
    assert crossed.log.entries("look") == []


def test_in_a_split_study_only_the_half_to_explore_is_looked_at(crossed: Keep) -> None:
    turn_on(crossed)
    found = explore(crossed, GAP, predicate=ONLY, by=("model",))
    assert "split=explore" in found.predicate
    assert {each.requests for each in found.contrasts} == {
        len({r.request for r in crossed.select(found.predicate)})
    }
    with pytest.raises(Refusal, match="half to confirm is hidden"):
        explore(crossed, GAP, predicate="split=confirm")


def test_a_transcript_without_a_label_is_refused(crossed: Keep) -> None:
    crossed.add([made(60, "trained", "employee", "small")])
    with pytest.raises(Refusal, match="1 of 193 transcripts in the sample have no label"):
        explore(crossed, GAP, predicate=ONLY, by=("model",))


@pytest.mark.parametrize(
    ("by", "crossing", "message"),
    [
        (("tier",), (), "tier is what is compared"),
        (("request",), (), "request is the unit"),
        (("model", "model"), (), "named twice"),
        ((), (("tier", "trained", "untrained"),), "tier is what is compared"),
        ((), (("persona", "employee", "employee"),), "two levels that differ"),
    ],
)
def test_a_field_that_cannot_set_gaps_apart_is_refused(
    crossed: Keep, by: tuple[str, ...], crossing: tuple[tuple[str, str, str], ...], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        explore(crossed, GAP, predicate=ONLY, by=by, interactions=crossing)


@pytest.mark.parametrize(
    ("by", "crossing", "levels", "message"),
    [
        (("mood",), (), ("trained", "untrained"), "no field 'mood'"),
        ((), (("persona", "employee", "robot"),), ("trained", "untrained"), "no level of persona 'robot'"),
        ((), (), ("trained", "paid"), "no level of tier 'paid'"),
    ],
)
def test_a_name_that_there_is_not_is_refused_with_those_that_there_are(
    crossed: Keep,
    by: tuple[str, ...],
    crossing: tuple[tuple[str, str, str], ...],
    levels: tuple[str, str],
    message: str,
) -> None:
    terms = msgspec.structs.replace(GAP, levels=levels)
    with pytest.raises(UnknownName, match=message):
        explore(crossed, terms, predicate=ONLY, by=by, interactions=crossing)
