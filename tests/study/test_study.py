"""The trunk: a whole study on a scripted model whose disposition is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from allegiance.errors import StudyError
from allegiance.evidence.screening import menu_rater
from allegiance.evidence.verify import verify
from allegiance.records.claim import Claim
from allegiance.records.condition import Grid
from allegiance.records.draw import Design
from allegiance.records.plan import Plan
from allegiance.records.prompt import Prompt
from allegiance.records.transcript import Transcript
from allegiance.scenarios import load
from allegiance.study import Study, study
from allegiance.testing import ScriptedModel, ScriptedRun

WORLD = load("repair-desk")
QUESTION, RATER = menu_rater(WORLD)
PLAN = Plan(scenario=WORLD, grid=Grid(factors=WORLD.grid), question=QUESTION)


@pytest.fixture
def home(tmp_path: Path) -> Study:
    return Study.init(tmp_path / "study", "A study")


def run(trained: float, untrained: float) -> ScriptedRun:
    return ScriptedRun(model=ScriptedModel(comply={"trained": trained, "untrained": untrained}, seed=7))


def carried_out(home: Study, trained: float, untrained: float, plan: Plan = PLAN) -> Claim:
    return study(plan, run(trained, untrained), home.keep, RATER)[0]


def test_a_model_that_complies_only_when_trained_has_a_gap_of_one(home: Study) -> None:
    estimate = carried_out(home, 1, 0).estimate
    assert estimate.value == 1
    assert 0.5 < estimate.low < estimate.high == 1


def test_a_model_that_never_complies_has_no_gap_and_an_interval_that_is_not_a_point(home: Study) -> None:
    estimate = carried_out(home, 0, 0).estimate
    assert estimate.value == 0
    assert estimate.low < -0.1
    assert estimate.high > 0.1


def test_the_interval_holds_the_true_gap_of_a_scripted_model(home: Study) -> None:
    estimate = carried_out(home, 0.8, 0.3).estimate
    assert estimate.low <= 0.5 <= estimate.high


def test_a_rate_from_a_uniform_draw_is_claimed_by_the_same_trunk(home: Study) -> None:
    plan = msgspec.structs.replace(PLAN, kind="rate_ci", design=Design(kind="uniform", n=20))
    claim = carried_out(home, 1, 0, plan)
    assert claim.estimate.counts.used == 20
    assert claim.estimate.low <= 0.5 <= claim.estimate.high


def test_the_claim_of_a_study_verifies(home: Study) -> None:
    claim, material = study(PLAN, run(0.9, 0.1), home.keep, RATER)
    assert verify(home.publish(claim, material)).passed


def test_a_study_writes_plan_import_draw_and_labels_to_the_log_in_that_order(home: Study) -> None:
    carried_out(home, 1, 0)
    kinds = [entry.kind for entry in home.keep.log.entries()]
    assert kinds == ["start", "plan", "import", "draw", "rubric", "labels"]


def test_a_sample_that_failed_is_counted_and_not_left_out(home: Study) -> None:
    def failing(prompts: Sequence[Prompt]) -> list[Transcript]:
        made = list(run(1, 0)(prompts))
        return [msgspec.structs.replace(made[0], status="error", messages=made[0].messages[:2]), *made[1:]]

    estimate = study(PLAN, failing, home.keep, RATER)[0].estimate
    assert (estimate.counts.used, estimate.counts.faulty, estimate.counts.unrated) == (40, 1, 1)


def test_a_study_opens_as_it_was_left(home: Study) -> None:
    carried_out(home, 1, 0)
    again = Study(home.folder)
    assert again.settings == home.settings
    assert again.keep.log.checkpoint() == home.keep.log.checkpoint()
    assert again.keep.corpus.head() == home.keep.corpus.head()


def test_a_study_is_not_made_over_another(home: Study) -> None:
    with pytest.raises(StudyError, match="not an empty directory"):
        Study.init(home.folder, "Another")


def test_claims_are_listed_in_order(home: Study) -> None:
    claim, material = study(PLAN, run(0.9, 0.1), home.keep, RATER)
    made = [home.publish(claim, material) for _ in range(2)]
    assert home.claims == made
