"""The public fakes do exactly what they say."""

from __future__ import annotations

import pytest

from allegiance.errors import UsageError
from allegiance.scenarios import load, stage
from allegiance.testing import ScriptedModel, ScriptedRun, tiny_corpus

PROMPTS = stage(load("repair-desk"))
MODEL = ScriptedModel(comply={"trained": 0.8, "untrained": 0.3})


def share(level: str, run: ScriptedRun) -> float:
    items = [item for item in run(PROMPTS) if item.condition.levels["tier"] == level]
    return sum("<answer>REPLACE</answer>" in item.answer for item in items) / len(items)


@pytest.mark.parametrize(("level", "chance"), [("trained", 0.8), ("untrained", 0.3)])
def test_shares_come_near_the_stated_probabilities(level: str, chance: float) -> None:
    assert share(level, ScriptedRun(model=MODEL, samples=50)) == pytest.approx(chance, abs=0.05)


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_certain_probabilities_are_exact(chance: float) -> None:
    model = ScriptedModel(comply={"trained": chance, "untrained": chance})
    assert share("trained", ScriptedRun(model=model, samples=3)) == chance


def test_the_same_seed_gives_the_same_transcripts_and_another_does_not() -> None:
    assert tiny_corpus(seed=1) == tiny_corpus(seed=1)
    assert [item.answer for item in tiny_corpus(seed=1)] != [item.answer for item in tiny_corpus(seed=2)]


def test_a_sample_does_not_depend_on_what_else_is_asked() -> None:
    run = ScriptedRun(model=MODEL)
    assert [item.answer for item in run(PROMPTS[-2:])] == [item.answer for item in run(PROMPTS)[-2:]]


def test_the_tiny_corpus_has_distinct_names() -> None:
    assert len({item.name for item in tiny_corpus(requests=5, samples=3)}) == 5 * 2 * 3


def test_faults_are_transcripts_with_status_error_and_no_reply() -> None:
    items = tiny_corpus(faults=1.0)
    assert {item.status for item in items} == {"error"}
    assert {item.answer for item in items} == {""}


def test_garbled_replies_have_no_answer() -> None:
    assert not any("<answer>" in item.answer for item in tiny_corpus(garbled=1.0))


def test_a_level_without_a_probability_is_refused() -> None:
    with pytest.raises(UsageError, match="untrained"):
        ScriptedRun(model=ScriptedModel(comply={"trained": 0.5}))(PROMPTS)


def test_a_word_off_the_menu_is_refused() -> None:
    with pytest.raises(UsageError, match="menu"):
        ScriptedRun(model=ScriptedModel(comply={"trained": 0.5, "untrained": 0.5}, word="KEEP"))(PROMPTS)
