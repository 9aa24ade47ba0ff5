"""The scenario as a task of Inspect's registry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks.stub_server import StubServer
from click.testing import CliRunner
from inspect_ai import eval as evaluate
from inspect_ai._util.registry import registry_lookup
from inspect_ai.log import read_eval_log
from tests.bridge.stub import MODEL

from allegiance.bridge.naming import seed_of
from allegiance.bridge.registry import TASKS, scenario
from allegiance.cli.running import run
from allegiance.errors import UnknownName
from allegiance.scenarios import library, load, stage
from allegiance.study import Study

TRAINED = {"tier": "trained"}


def test_the_task_asks_what_staging_shows() -> None:
    task = scenario("repair-desk", requests=2)
    shown = [[(m.role, m.text()) for m in prompt.messages] for prompt in stage(load("repair-desk"), requests=2)]
    asked = [[(m.role, m.text) for m in sample.input] for sample in task.dataset]  # type: ignore[union-attr]
    assert asked == shown


def test_each_scenario_of_the_library_is_a_task_of_its_own_name() -> None:
    assert set(TASKS) == set(library())
    for name in TASKS:
        assert registry_lookup("task", f"allegiance/{name}") is TASKS[name]


def test_a_scenario_under_its_own_name_has_the_same_samples() -> None:
    made = [
        [(s.id, [(m.role, m.text) for m in s.input], s.metadata) for s in task.dataset]  # type: ignore[union-attr]
        for task in (TASKS["repair-desk"](requests=2, grid=TRAINED), scenario("repair-desk", 2, TRAINED))
    ]
    assert made[0] == made[1] != []


@pytest.mark.slow
def test_inspect_from_a_shell_and_our_own_run_make_the_same_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Study.init(tmp_path / "study", "A study")
    with StubServer() as server:
        monkeypatch.setenv("STUB_BASE_URL", server.url)
        monkeypatch.setenv("STUB_API_KEY", "stub-key-of-nobody")
        words = ["repair-desk", "--requests", "2", "--model", MODEL, "--yes", "--study", str(tmp_path / "study")]
        assert CliRunner().invoke(run, words).exit_code == 0
        inspect = [Path(sys.executable).parent / "inspect", "eval", "allegiance/repair-desk", "-T", "requests=2"]
        options = ["--model", MODEL, "--display", "none", "--log-dir", str(tmp_path / "logs")]
        subprocess.run([*inspect, *options], check=True, capture_output=True)
    assert asked(tmp_path / "study" / "runs") == asked(tmp_path / "logs")


def asked(folder: Path) -> list[tuple[object, ...]]:
    """What the samples of the one log in a folder were made of."""
    [path] = folder.glob("*.eval")
    made = []
    for sample in read_eval_log(str(path)).samples or []:
        note = {k: v for k, v in sample.metadata["allegiance"].items() if k not in ("run", "replies")}
        words = [(m.role, m.text) for m in sample.input]  # type: ignore[union-attr]
        made.append((sample.id, sample.epoch, words, note))
    return sorted(made, key=str)


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
