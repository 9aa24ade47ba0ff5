"""Registered plans: what a claim carries, what it must not carry, and that the log decides it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from allegiance.errors import InputError, UsageError
from allegiance.evidence.bundle import to_members, write_members
from allegiance.evidence.claims import make_claim
from allegiance.evidence.keep import Keep
from allegiance.evidence.material import Material
from allegiance.evidence.registration import read_plan, register, registered, registrations, write_plan
from allegiance.evidence.screening import menu_rater, rate_all
from allegiance.evidence.verify import verify
from allegiance.records.claim import Claim
from allegiance.records.condition import Grid
from allegiance.records.draw import Design
from allegiance.records.plan import Plan
from allegiance.records.transcript import Transcript
from allegiance.scenarios import load, stage
from allegiance.study import Study, Terms, study
from allegiance.testing import ScriptedModel, ScriptedRun

WORLD = load("repair-desk")
QUESTION, RATER = menu_rater(WORLD)
PLAN = Plan(scenario=WORLD, grid=Grid(factors=WORLD.grid), question=QUESTION)
GAP = Terms(kind="gap", question=QUESTION, raters=(RATER.card,), factor="tier", levels=("trained", "untrained"))
replace = msgspec.structs.replace


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    return Study.init(tmp_path / "study", "A study").keep


def transcripts(name: str = "scripted/model") -> Sequence[Transcript]:
    model = ScriptedModel(comply={"trained": 0.9, "untrained": 0.1}, seed=7)
    return ScriptedRun(model=model, name=name)(stage(WORLD, PLAN.grid, 6))


def run(keep: Keep, name: str = "scripted/model") -> None:
    keep.add(transcripts(name))
    rate_all(keep, QUESTION, RATER)


def gap(keep: Keep, predicate: str = "", **terms: object) -> tuple[Claim, Material]:
    return make_claim(keep, replace(GAP, **terms), predicate=predicate)


def test_a_claim_carries_the_plan_that_was_registered_before_the_data(keep: Keep) -> None:
    register(keep, PLAN)
    run(keep)
    claim = gap(keep)[0]
    assert claim.plan == PLAN.digest
    assert "; registered before the first transcript; " in claim.statement


def test_a_claim_without_a_plan_says_that_it_was_not_pre_registered(keep: Keep) -> None:
    run(keep)
    claim = gap(keep)[0]
    assert claim.plan == ""
    assert "; not pre-registered; " in claim.statement


def test_a_plan_that_came_after_the_data_is_not_carried(keep: Keep) -> None:
    run(keep)
    assert register(keep, PLAN).before == 12
    assert gap(keep)[0].plan == ""


def test_a_plan_that_came_between_two_runs_is_not_carried_by_what_holds_both(keep: Keep) -> None:
    run(keep, "one")
    register(keep, PLAN)
    run(keep, "two")
    assert gap(keep)[0].plan == ""


def test_a_plan_for_one_model_is_carried_though_another_was_run_before(keep: Keep) -> None:
    run(keep, "one")
    plan = replace(PLAN, predicate="model=two")
    register(keep, plan)
    run(keep, "two")
    assert gap(keep, "model=two")[0].plan == plan.digest
    assert gap(keep, "model=one")[0].plan == ""


def test_each_model_of_a_plan_for_all_may_be_claimed_apart(keep: Keep) -> None:
    register(keep, PLAN)
    run(keep, "one")
    run(keep, "two")
    assert gap(keep, "model=two tier=trained|untrained")[0].plan == PLAN.digest


@pytest.mark.parametrize(
    "change", [{"alpha": 0.1}, {"levels": ("untrained", "trained")}, {"answer": "no"}, {"answer": "yes"}]
)
def test_a_claim_carries_the_plan_only_on_the_terms_of_the_plan(keep: Keep, change: dict[str, object]) -> None:
    register(keep, PLAN)
    run(keep)
    assert (gap(keep, **change)[0].plan == PLAN.digest) == (change == {"answer": "yes"})


def test_a_part_of_the_population_that_the_plan_does_not_name_is_not_foreseen(keep: Keep) -> None:
    register(keep, PLAN)
    run(keep)
    some = "|".join(sorted({row.request for row in keep.corpus.rows()})[:4])
    assert gap(keep, f"request={some}")[0].plan == ""


def test_a_rate_carries_a_plan_with_the_same_draw(keep: Keep) -> None:
    plan = replace(PLAN, kind="rate_ci", design=Design(kind="uniform", n=5))
    register(keep, plan)
    run(keep)
    terms = replace(GAP, kind="rate_ci", factor="", levels=())
    assert make_claim(keep, terms, draw=keep.draw(Design(kind="uniform", n=5)))[0].plan == plan.digest
    assert make_claim(keep, terms, draw=keep.draw(Design(kind="uniform", n=6)))[0].plan == ""
    assert make_claim(keep, terms)[0].plan == ""


def test_transcripts_of_another_scenario_are_not_what_was_planned(keep: Keep) -> None:
    register(keep, replace(PLAN, scenario=replace(WORLD, title="Another")))
    run(keep)
    assert gap(keep)[0].plan == ""


def test_the_trunk_registers_its_plan(keep: Keep) -> None:
    model = ScriptedRun(model=ScriptedModel(comply={"trained": 0.9, "untrained": 0.1}))
    assert study(PLAN, model, keep, RATER)[0].plan == PLAN.digest


def test_a_claim_says_how_many_plans_the_log_has(keep: Keep) -> None:
    register(keep, replace(PLAN, alpha=0.1))
    register(keep, PLAN)
    run(keep)
    assert "registered before the first transcript, under one of 2 plans;" in gap(keep)[0].statement


def test_a_plan_registered_twice_is_one_plan(keep: Keep) -> None:
    register(keep, PLAN)
    register(keep, PLAN)
    run(keep)
    assert "registered before the first transcript;" in gap(keep)[0].statement


def test_a_count_that_is_not_of_the_last_version_does_not_hold(keep: Keep) -> None:
    register(keep, PLAN)
    run(keep)
    entries = keep.log.entries()
    late = [entry for entry in entries if entry.kind == "import"] + [e for e in entries if e.kind == "plan"]
    rows = keep.corpus.rows()
    claim = gap(keep)[0]
    assert registered(entries, GAP, claim.frame, rows) == PLAN.digest
    assert registered(late, GAP, claim.frame, rows) == ""


def test_after_a_withdrawal_no_plan_holds(keep: Keep) -> None:
    said = {"from": "a", "to": "b", "count": 1, "names": "c", "reason": "d"}
    keep.log.append("withdraw", said)
    register(keep, PLAN)
    run(keep)
    assert gap(keep)[0].plan == ""


def test_an_entry_that_is_no_registration_is_left_out(keep: Keep) -> None:
    keep.log.append("plan", {"plan": PLAN.digest, "scenario": WORLD.digest})
    assert registrations(keep.log.entries()) == {}


def test_a_claim_that_carries_its_plan_verifies(keep: Keep, tmp_path: Path) -> None:
    register(keep, PLAN)
    run(keep)
    write_members(tmp_path / "a.claim", to_members(*gap(keep)))
    assert verify(tmp_path / "a.claim").passed


def test_a_plan_that_is_claimed_and_was_not_registered_fails_at_the_words(keep: Keep, tmp_path: Path) -> None:
    run(keep)
    claim, material = gap(keep)
    said = claim.statement.replace("not pre-registered", "registered before the first transcript")
    forged = replace(claim, plan=PLAN.digest, statement=said)
    write_members(tmp_path / "a.claim", to_members(forged, material))
    assert [check.name for check in verify(tmp_path / "a.claim").checks if not check.passed] == ["words"]


@pytest.mark.parametrize("name", ["plan.json", "plan.yaml", "plan.yml"])
def test_a_plan_that_was_written_reads_back_with_its_digest(tmp_path: Path, name: str) -> None:
    write_plan(tmp_path / name, PLAN)
    assert read_plan(tmp_path / name).digest == PLAN.digest


def test_a_plan_is_not_written_over_another_file(tmp_path: Path) -> None:
    write_plan(tmp_path / "plan.json", PLAN)
    with pytest.raises(UsageError, match="cannot be written"):
        write_plan(tmp_path / "plan.json", PLAN)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", b"{}"),
        ("a.json", b"\xff"),
        ("a.json", b"[" * 10**5),
        ("a.yaml", b"a: *b"),
        ("a.yaml", b"alpha: 1"),
    ],
)
def test_what_is_no_plan_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError):
        read_plan(tmp_path / name)


def test_a_plan_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_plan(tmp_path / "none.json")
