"""The verbs of plan: powers, plans that are written, registered and shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import allegiance, ok


def found(*words: str) -> dict[str, object]:
    data: dict[str, object] = json.loads(ok("plan", *words, "--json"))
    return data


def test_a_survey_names_the_least_design_and_its_calls() -> None:
    data = found("gap", "--detect", "40%", "--base", "30%", "--samples", "2")
    assert data["calls"] == 2 * data["requests"] * data["samples"]  # type: ignore[operator]
    (design,) = data["designs"]  # type: ignore[misc]
    assert 0.8 <= design["power"] < 0.95
    assert {"requests_paired_t", "error", "calls"} <= set(design)


def test_a_survey_shows_that_more_requests_find_more_than_more_samples() -> None:
    text = ok("plan", "gap", "--detect", "30%", "--base", "40%")
    assert "More requests find more than more samples of each" in text
    assert "± " in text


def test_the_power_of_one_design_is_told_alone() -> None:
    assert found("gap", "--at", "100,1")["error"] == 0
    assert 0 < found("gap", "--at", "100,2")["error"] < 0.01  # type: ignore[operator]


@pytest.mark.parametrize(
    "words",
    [
        ("--at", "many"),
        ("--icc", "0.2", "--between", "20%"),
        ("--base", "95%"),
        ("--write", "plan.json"),
        ("--scenario", "repair-desk"),
        ("--between", "60%"),
    ],
)
def test_a_wrong_call_is_told_as_one(words: tuple[str, ...]) -> None:
    assert allegiance("plan", "gap", *words).returncode == 2


def test_a_plan_is_written_registered_and_kept(tmp_path: Path) -> None:
    file, home = str(tmp_path / "plan.yaml"), str(tmp_path / "study")
    ok("init", home)
    words = ("--detect", "60%", "--base", "30%", "--samples", "1", "--where", "model=new")
    written = found("gap", *words, "--write", file, "--scenario", "repair-desk", "--grid", "tier=trained|untrained")
    entered = found("register", file, "--study", home)
    assert (entered["plan"], entered["before"]) == (written["plan"], 0)
    assert found("show", str(entered["kept"]))["plan"] == written["plan"]
    (row,) = json.loads(ok("plan", "show", "--study", home, "--json"))
    assert (row["plan"], row["entry"]) == (written["plan"], 1)


def test_a_study_without_a_plan_says_so(tmp_path: Path) -> None:
    ok("init", str(tmp_path / "study"))
    assert "no plan is registered" in ok("plan", "show", "--study", str(tmp_path / "study"))


def test_exported_records_are_counted_by_their_canary(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    ok("corpus", "export", str(out), "--study", str(study))
    assert json.loads(ok("corpus", "fsck", "--exported", str(out), "--json"))["carrying"] == 24
    (tmp_path / "bare.md").write_text("no mark", "utf-8")
    done = allegiance("corpus", "fsck", "--exported", str(tmp_path / "bare.md"))
    assert done.returncode == 1
    assert "1 of 1 carry no canary" in done.stderr
