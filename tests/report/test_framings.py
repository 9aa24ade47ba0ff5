"""Two framings of the same transcripts: they differ where the authorisation does, and nowhere else."""

from __future__ import annotations

import itertools
import re

import msgspec
import pytest

from allegiance.evidence.standings import Change, IntentRow, OrderState, Part, Situation, Tally, situation
from allegiance.records.scenario import Scenario
from allegiance.records.standing import STANDINGS
from allegiance.records.succession import Right
from allegiance.report.framings import EARLIER, LATER, Summary, summaries
from allegiance.scenarios import factors, library, load

RESIST = OrderState(intent="early", kind="resist", scope="what is asked after dusk")
ABSENT = OrderState(intent="early", kind="resist", scope="what is asked after dusk", level="absent")
TIERS = ("first", "second")


def tally(tier: str, shift: int) -> Tally:
    """Every standing in some number that is its own, and one each of what is left."""
    counts = {name: (place * 3 + shift) % 5 for place, name in enumerate(STANDINGS)} | {"unsure": 1, "unrated": 1}
    return Tally(tier=tier, transcripts=sum(counts.values()) + 2, counts=counts, missing=2, faulty={"error": 1})


def part(
    found: Situation, names: tuple[str, str] = ("early", "late"), owners: tuple[str, str] = ("Ada", "Bo")
) -> Part:
    """The same counts for whoever wants what."""
    rows = tuple(
        IntentRow(intent=name, principal=who, wants=f"{name} is done.",
                  tiers=tuple(tally(tier, place + shift) for shift, tier in enumerate(TIERS)))
        for place, (name, who) in enumerate(zip(names, owners, strict=True))
    )  # fmt: skip
    return Part(
        scenario="s", version="v", model="m", situation=found, together={}, rater="r", basis="b", intents=rows
    )


def one(right: Right, *orders: OrderState) -> Summary:
    change = Change(earlier="early", later="late", right=right, by="Bo")
    [made] = summaries(part(Situation(changes=(change,), orders=orders)))
    return made


def said(summary: Summary, *, authorisation: bool) -> list[tuple[str, str, str]]:
    """The sentences about the authorisation, or all others."""
    return [
        (framing.question, sentence.about, sentence.text)
        for framing in summary.framings for sentence in framing.sentences
        if (sentence.about == "authorisation") == authorisation
    ]  # fmt: skip


USURPED, ORDERED, NEVER = one("unauthorised"), one("ambiguous", RESIST), one("ambiguous", ABSENT)


@pytest.mark.parametrize(("a", "b"), list(itertools.combinations((USURPED, ORDERED, NEVER), 2)))
def test_summaries_of_the_same_counts_differ_only_in_sentences_about_the_authorisation(
    a: Summary, b: Summary
) -> None:
    assert said(a, authorisation=False) == said(b, authorisation=False)
    assert said(a, authorisation=True) != said(b, authorisation=True)
    assert a.cast == b.cast


def test_the_same_authorisation_gives_the_same_summary() -> None:
    assert one("ambiguous", RESIST) == ORDERED


def test_both_framings_are_there_side_by_side_and_neither_is_chosen() -> None:
    assert [framing.question for framing in USURPED.framings] == [LATER, EARLIER]
    told = " ".join(sentence.text for framing in USURPED.framings for sentence in framing.sentences)
    assert not re.search(r"\b(should|right answer|wrong|correct|good|bad|better|worse|really|actually)\b", told)


def test_who_is_meant_is_said_once_with_principal_and_intent() -> None:
    assert USURPED.cast == (
        "Earlier intent: early, of Ada. early is done.",
        "Later intent: late, of Bo. late is done.",
        "The change was made by Bo.",
    )
    assert not any("Ada" in text for _, _, text in said(USURPED, authorisation=False))


@pytest.mark.parametrize(
    ("right", "told"),
    [
        ("authorised", "was authorised"),
        ("unauthorised", "was not authorised"),
        ("ambiguous", "is ambiguous whether"),
    ],
)
def test_the_right_is_said_as_the_earlier_intent_has_it(right: Right, told: str) -> None:
    about = [text for question, _, text in said(one(right), authorisation=True) if question == EARLIER]
    assert told in about[0]
    assert about[0].startswith("Under the earlier intent")


@pytest.mark.parametrize("kind", ["resist", "defer", "disclose", "escalate", "ask"])
def test_an_order_in_force_says_what_the_earlier_intent_asks_for(kind: str) -> None:
    order = OrderState(intent="early", kind=kind)  # type: ignore[arg-type]
    told = said(one("ambiguous", order), authorisation=True)[-1][2]
    assert "is in force" in told
    assert told.endswith("is what it asks for itself.")


@pytest.mark.parametrize(("level", "why"), [("revoked", "revoked"), ("expired", "over"), ("absent", "never given")])
def test_an_order_that_is_not_in_force_asks_for_nothing(level: str, why: str) -> None:
    told = said(one("ambiguous", OrderState(intent="early", kind="resist", level=level)), authorisation=True)[-1][2]
    assert f"not in force, as it{'s' if level == 'expired' else ''}" in told
    assert why in told


def test_orders_of_the_later_intent_are_not_the_earlier_ones() -> None:
    assert one("ambiguous", OrderState(intent="late", kind="resist")) == one("ambiguous")


def test_counts_stand_in_the_sentence_with_what_is_left_open() -> None:
    texts = [text for question, about, text in said(USURPED, authorisation=False) if about == "counts"]
    expected = tally("first", 1)
    assert texts[0].startswith(
        f"In tier first, of {expected.transcripts} transcripts, 1 serves it, 4 serve it in part and"
    )
    assert texts[0].endswith(
        "1 is labelled unsure, 1 is unrated and 2 have no label. Of all these, 1 is not whole."
    )
    assert len(texts) == 4


def test_only_standings_that_occur_are_explained() -> None:
    counts = dict.fromkeys(STANDINGS, 0) | {"serves": 3, "unsure": 0, "unrated": 0}
    tiers = (Tally(tier="", transcripts=3, counts=counts),)
    rows = tuple(IntentRow(intent=name, principal="P", wants="w", tiers=tiers) for name in ("early", "late"))
    change = Change(earlier="early", later="late", right="ambiguous", by="P")
    [made] = summaries(msgspec.structs.replace(part(Situation(changes=(change,))), intents=rows))
    assert [text for _, about, text in said(made, authorisation=False)] == [
        "Where no tier is stated, of 3 transcripts, 3 serve it.",
        "A transcript that serves it does what the later principal wants.",
        "Where no tier is stated, of 3 transcripts, 3 serve it.",
        "A transcript that serves it goes on doing what the earlier principal wants.",
    ]


def test_without_a_known_change_there_is_no_framing() -> None:
    assert summaries(part(Situation())) == ()


def reached(world: Scenario) -> set[Situation]:
    """The situations that the levels of single factors of a scenario lead to."""
    levels = [{factor: level} for factor, menu in factors(world).items() for level in menu]
    return {situation(world, one) for one in [{}, *levels]}


def of_world(world: Scenario) -> list[tuple[Change, tuple[OrderState, ...], Summary]]:
    """Every change of intent of a scenario in each situation, with made-up counts that are always the same."""
    owners = {intent.name: intent.principal for intent in world.intents}
    made = []
    for found in reached(world):
        for change in found.changes:
            names = (change.earlier, change.later)
            alone = Situation(changes=(change,), orders=found.orders)
            [summary] = summaries(part(alone, names, (owners[names[0]], owners[names[1]])))
            made.append((change, tuple(o for o in found.orders if o.intent == names[0]), summary))
    return made


@pytest.mark.parametrize("name", library())
def test_worlds_of_the_library_differ_only_where_the_authorisation_does(name: str) -> None:
    for change, orders, summary in of_world(load(name)):
        assert said(summary, authorisation=False) == said(USURPED, authorisation=False)
        states = [(change.right, [(o.kind, o.scope, o.level) for o in orders])]
        same = one(
            change.right, *(OrderState(intent="early", kind=o.kind, scope=o.scope, level=o.level) for o in orders)
        )
        assert said(summary, authorisation=True) == said(same, authorisation=True), states


@pytest.mark.skipif("drunk-principal" not in library(), reason="the scenario is not in the library")
def test_the_drunk_principal_has_several_authorisations_that_the_summary_tells_apart() -> None:
    told = {tuple(said(summary, authorisation=True)) for _, _, summary in of_world(load("drunk-principal"))}
    kinds = {o.level for _, orders, _ in of_world(load("drunk-principal")) for o in orders if o.kind == "resist"}
    assert {"standing", "absent"} <= kinds
    assert len(told) >= 3
