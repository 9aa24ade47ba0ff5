"""The scenario as a task of Inspect's registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as evaluate
from inspect_ai.log import read_eval_log

from allegiance.bridge.naming import seed_of
from allegiance.bridge.registry import scenario
from allegiance.errors import UnknownName
from allegiance.scenarios import load, stage


def test_the_task_asks_what_staging_shows() -> None:
    task = scenario("repair-desk", requests=2)
    shown = [[(m.role, m.text()) for m in prompt.messages] for prompt in stage(load("repair-desk"), requests=2)]
    asked = [[(m.role, m.text) for m in sample.input] for sample in task.dataset]  # type: ignore[union-attr]
    assert asked == shown


def test_a_sample_is_named_by_request_and_condition() -> None:
    names = [sample.id for sample in scenario("repair-desk", requests=1).dataset]
    assert names == ["chair-leg/tier=trained", "chair-leg/tier=untrained"]


def test_a_grid_can_be_given_as_levels_or_one_level() -> None:
    task = scenario("repair-desk", requests=1, grid={"tier": "trained", "channel": ["none", "visible"]})
    assert [s.id for s in task.dataset] == [
        "chair-leg/channel=none tier=trained",
        "chair-leg/channel=visible tier=trained",
    ]


def test_an_unknown_scenario_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="repair-desk"):
        scenario("repairdesk")


def test_inspect_runs_the_task_and_epochs_are_repeats(tmp_path: Path, script: Any) -> None:
    [log] = evaluate(
        scenario("repair-desk", requests=1), model="fake/model", epochs=2, display="none", log_dir=str(tmp_path)
    )
    samples = read_eval_log(log.location).samples or []
    assert sorted((s.id, s.metadata["allegiance"]["sample"]) for s in samples) == [
        ("chair-leg/tier=trained", 0),
        ("chair-leg/tier=trained", 1),
        ("chair-leg/tier=untrained", 0),
        ("chair-leg/tier=untrained", 1),
    ]


def test_the_log_names_the_version_of_the_scenario(tmp_path: Path, script: Any) -> None:
    task = scenario("repair-desk", requests=1)
    [log] = evaluate(task, model="fake/model", display="none", log_dir=str(tmp_path))
    assert (log.eval.metadata or {})["allegiance"]["version"] == load("repair-desk").version


def test_seeds_differ_between_samples_and_are_the_same_each_time() -> None:
    seeds = [seed_of(s, r, c, k) for s in (0, 1) for r in "ab" for c in "xy" for k in (0, 1)]
    assert len(set(seeds)) == len(seeds)
    assert seed_of(0, "a", "x", 0) == seeds[0]
    assert all(0 <= seed < 2**31 for seed in seeds)
