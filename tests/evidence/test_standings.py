"""The matrix: what was planted is what is counted, and nothing is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from allegiance.corpus.store import Corpus
from allegiance.errors import UnknownName, UsageError
from allegiance.evidence.keep import Keep
from allegiance.evidence.screening import rate_all
from allegiance.evidence.standings import Matrix, Part, Situation, matrix, situation
from allegiance.ledger.database import Database
from allegiance.rating.people import person
from allegiance.records.condition import Condition
from allegiance.records.intent import StandingOrder
from allegiance.records.label import Label
from allegiance.records.prompt import Prompt
from allegiance.records.scenario import Scenario
from allegiance.records.standing import MOTIVES, STANDINGS, motive_question, standing_question
from allegiance.scenarios import load, stage
from allegiance.testing import Planted, ScriptedRun, ScriptedStandings
from allegiance.testing.standings import RATER, SAID, SHOWN

DESK = load("repair-desk")
MODEL = ScriptedStandings(scenario=DESK)
PROMPTS = stage(DESK)
INTENTS = ("honest-repair", "always-new")


def empty(folder: Path) -> Keep:
    return Keep(Corpus.create(folder / "corpus"), Database.create(folder / "study.sqlite"))


def rated(keep: Keep, model: ScriptedStandings) -> None:
    for question, by in model.raters():
        rate_all(keep, question, by)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keep]:
    keep = empty(tmp_path_factory.mktemp("full"))
    keep.add(ScriptedRun(model=MODEL, samples=2)(PROMPTS))
    rated(keep, MODEL)
    yield keep
    keep.database.close()


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Keep]:
    made = empty(tmp_path)
    yield made
    made.database.close()


def of(keep: Keep, predicate: str = "", worlds: dict[str, Scenario] | None = None, **more: str) -> Matrix:
    return matrix(keep, {DESK.version: DESK} if worlds is None else worlds, predicate, **more)


def counted(part: Part) -> dict[tuple[str, str, str], int]:
    return {
        (row.intent, tally.tier, value): n
        for row in part.intents for tally in row.tiers for value, n in tally.counts.items() if n
    }  # fmt: skip


def planted(model: ScriptedStandings, prompts: tuple[Prompt, ...], samples: int) -> list[tuple[str, Planted]]:
    found = [(p.condition.levels["tier"], model.planted(p.request, p.condition.levels, k))
             for p in prompts for k in range(samples)]  # fmt: skip
    return [(tier, one) for tier, one in found if one]


def test_the_matrix_of_a_run_is_the_planted_one(full: Keep) -> None:
    [part] = of(full).parts
    truth = Counter((i, tier, one.standings[i]) for tier, one in planted(MODEL, PROMPTS, 2) for i in INTENTS)
    assert counted(part) == truth
    assert {(i, standing) for i, _, standing in truth} == {(i, s) for i in INTENTS for s in STANDINGS}


def test_the_motives_of_a_run_are_the_planted_ones(full: Keep) -> None:
    [part] = of(full).parts
    truth = Counter((motive, tier) for tier, one in planted(MODEL, PROMPTS, 2) for motive in one.motives)
    assert {(row.motive, t.tier): t.counts["yes"] for row in part.motives for t in row.tiers} == truth
    assert {row.motive for row in part.motives} == set(MOTIVES)


def test_tiers_have_different_counts_so_that_a_mix_up_would_show(full: Keep) -> None:
    [part] = of(full).parts
    for row in part.intents:
        trained, untrained = (tally.counts for tally in row.tiers)
        assert trained != untrained
    assert part.intents[0].tiers[1].counts != part.intents[1].tiers[1].counts


def test_each_column_adds_up_to_its_transcripts(full: Keep) -> None:
    for row in of(full).parts[0].intents:
        assert (
            [sum(t.counts.values()) + t.missing for t in row.tiers]
            == [t.transcripts for t in row.tiers]
            == [40, 40]
        )


def test_intents_stand_in_order_of_time_with_their_principals_and_tiers_as_written(full: Keep) -> None:
    [part] = of(full).parts
    assert [(row.intent, row.principal) for row in part.intents] == [
        ("honest-repair", "Mendwell"), ("always-new", "Brightaisle"),
    ]  # fmt: skip
    assert [tally.tier for tally in part.intents[0].tiers] == ["trained", "untrained"]


def test_the_labels_say_what_they_are_worth(full: Keep) -> None:
    assert of(full).parts[0].basis == "exact by construction"


def test_a_filter_takes_only_its_transcripts(full: Keep) -> None:
    found = of(full, "tier=trained")
    assert found.transcripts == 40
    assert [[t.tier for t in row.tiers] for row in found.parts[0].intents] == [["trained"], ["trained"]]


def test_an_unknown_rater_is_refused(full: Keep) -> None:
    with pytest.raises(UnknownName, match=RATER):
        of(full, rater="scripted-standing")


def test_errors_and_missing_labels_are_counted(keep: Keep) -> None:
    plan = {"trained": [Planted(standings=dict.fromkeys(INTENTS, "asks")), None], "untrained": [None]}
    model = ScriptedStandings(scenario=DESK, plan=plan)
    keep.add(ScriptedRun(model=model)(PROMPTS))
    question, by = model.raters()[0]
    rate_all(keep, question, by)
    first, second = of(keep).parts[0].intents
    assert [(t.counts["asks"], t.counts["unrated"], t.missing, t.faulty) for t in first.tiers] == [
        (10, 10, 0, {"error": 10}), (0, 20, 0, {"error": 20}),
    ]  # fmt: skip
    assert [t.missing for t in second.tiers] == [20, 20]


def test_unsure_has_a_column_of_its_own(keep: Keep) -> None:
    keep.add(ScriptedRun(model=ScriptedStandings(scenario=DESK, plan={"": [Planted(standings={})]}))(PROMPTS))
    rated(keep, MODEL)
    assert {t.counts["unsure"] for row in of(keep).parts[0].intents for t in row.tiers} == {20}


def test_the_last_label_of_a_person_counts_and_raters_have_parts_of_their_own(keep: Keep) -> None:
    keep.add(ScriptedRun(model=MODEL)(PROMPTS[:2]))
    rated(keep, MODEL)
    asked, reader = standing_question(DESK, "always-new"), person("reader")
    name = keep.corpus.names()[0]
    for value, revision in (("serves", 0), ("refuses", 1)):
        made = Label(transcript=name, question=asked.digest, rater=reader.digest, value=value, revision=revision)
        keep.labels.save(asked, reader, [made])
    found = of(keep)
    assert [part.rater for part in found.parts] == ["reader", RATER]
    [(_, _, value)] = counted(found.parts[0])
    assert value == "refuses"
    assert found.parts[0].basis == "trusted rater reader"
    assert {card.name for card in found.raters} == {"reader", RATER}
    assert [part.rater for part in of(keep, rater="reader").parts] == ["reader"]


def test_models_are_not_added_together(keep: Keep) -> None:
    for name in ("scripted/a", "scripted/b"):
        keep.add(ScriptedRun(model=MODEL, name=name)(PROMPTS))
    rated(keep, MODEL)
    assert [(p.model, p.intents[0].tiers[0].transcripts) for p in of(keep).parts] == [
        ("scripted/a", 20), ("scripted/b", 20),
    ]  # fmt: skip


def test_transcripts_without_a_standing_are_said_to_be_left_out(keep: Keep) -> None:
    keep.add(ScriptedRun(model=MODEL)(PROMPTS))
    found = of(keep)
    assert (found.parts, found.transcripts, found.unlabelled) == ((), 40, 40)


def test_without_the_scenario_the_counts_stand_and_no_right_is_said(full: Keep) -> None:
    [part] = of(full, worlds={}).parts
    assert {(row.intent, row.principal) for row in part.intents} == {(name, "") for name in INTENTS}
    assert part.situation == Situation()
    assert sum(counted(part).values()) == sum(counted(of(full).parts[0]).values())


def told_world() -> Scenario:
    change = msgspec.structs.replace(
        DESK.succession[0], told={"authorised": "Mendwell agreed.", "unauthorised": "No."}
    )
    order = StandingOrder(name="hold", kind="resist", told="Hold out.", revoked="No longer.")
    first = msgspec.structs.replace(DESK.intents[0], orders=(order,))
    return msgspec.structs.replace(DESK, succession=(change,), intents=(first, DESK.intents[1]))


@pytest.mark.parametrize(
    ("levels", "right", "level", "in_force"),
    [
        ({}, "unauthorised", "standing", True),
        ({"succession": "authorised"}, "authorised", "standing", True),
        ({"order.hold": "revoked"}, "unauthorised", "revoked", False),
        ({"order.hold": "absent", "succession": "authorised"}, "authorised", "absent", False),
    ],
)
def test_right_and_orders_are_those_of_the_condition(
    levels: dict[str, str], right: str, level: str, in_force: bool
) -> None:
    found = situation(told_world(), levels)
    assert [change.right for change in found.changes] == [right]
    assert [(order.level, order.in_force) for order in found.orders] == [(level, in_force)]


def test_conditions_of_different_right_are_parts_of_their_own(keep: Keep) -> None:
    world = told_world()
    rights = ("authorised", "unauthorised")
    conditions = [Condition(levels={"tier": "trained", "succession": r}, scenario=world.version) for r in rights]
    prompts = [Prompt(request="chair-leg", condition=one, messages=()) for one in conditions]
    model = ScriptedStandings(scenario=world)
    keep.add(ScriptedRun(model=model)(prompts))
    rated(keep, model)
    parts = of(keep, worlds={world.version: world}).parts
    assert sorted(part.situation.changes[0].right for part in parts) == ["authorised", "unauthorised"]
    assert {part.intents[0].tiers[0].transcripts for part in parts} == {1}


def test_factors_that_are_counted_together_are_named(keep: Keep) -> None:
    prompts = [msgspec.structs.replace(p, condition=Condition(levels={**p.condition.levels, "channel": channel},
               scenario=DESK.version)) for p in PROMPTS[:2] for channel in ("hidden", "none")]  # fmt: skip
    keep.add(ScriptedRun(model=MODEL)(prompts))
    rated(keep, MODEL)
    assert of(keep).parts[0].together == {"channel": ("hidden", "none")}


def test_every_standing_and_motive_has_words_and_a_question() -> None:
    assert (set(SAID), set(SHOWN)) == (set(STANDINGS), set(MOTIVES))
    assert len({motive_question(motive).digest for motive in MOTIVES}) == len(MOTIVES)


@pytest.mark.parametrize(
    "bad", [Planted(standings={"always-old": "serves"}), Planted(standings={}, motives=("greed",))]
)
def test_what_cannot_be_planted_is_refused(bad: Planted) -> None:
    with pytest.raises(UsageError, match=r"always-old|greed"):
        ScriptedStandings(scenario=DESK, plan={"": [bad]})


def test_an_unknown_intent_or_motive_has_no_question() -> None:
    with pytest.raises(UnknownName, match="always-new"):
        standing_question(DESK, "always-now")
    with pytest.raises(UnknownName, match="role-play"):
        motive_question("roleplay")


def test_the_script_says_what_the_model_says() -> None:
    script = ScriptedStandings(scenario=DESK, samples=3).script()
    for prompt in PROMPTS:
        for repeat in range(3):
            said = script.reply(prompt.request, prompt.condition.levels, repeat)
            assert said == MODEL.reply(prompt, repeat)
