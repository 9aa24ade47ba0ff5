"""The verb corpus duplicates: what is nearly the same is told, in groups, and nothing of a hidden half."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.corpus.made import said

from allegiance.cli.main import cli
from allegiance.cli.options import open_study
from allegiance.evidence.splits import turn_on
from allegiance.records.split import half
from allegiance.study import Study

SAME = "one two three four five six seven eight nine ten eleven twelve"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keep = Study.init(tmp_path / "s", "s", "").keep
    keep.add([said(0, SAME), said(1, f"{SAME} thirteen"), said(2, "something else altogether, as it happens")])
    return tmp_path / "s"


def run(folder: Path, *more: str) -> str:
    done = CliRunner().invoke(cli, ["corpus", "duplicates", "--study", str(folder), *more])
    assert done.exit_code == 0, done.output
    return done.output


def test_groups_are_printed_with_how_much_they_share(folder: Path) -> None:
    assert "2 of 3 transcripts are in 1 groups" in run(folder)
    assert "0.89" in run(folder)


def test_with_json_all_names_and_likenesses_are_given(folder: Path) -> None:
    data = json.loads(run(folder, "--json"))
    ((name, near),) = data["groups"][0]["members"]
    assert {name, data["groups"][0]["first"]} == {said(0, SAME).name, said(1, f"{SAME} thirteen").name}
    assert near == pytest.approx(8 / 9)


def test_a_filter_leaves_the_others_out(folder: Path) -> None:
    assert json.loads(run(folder, "--where", "tier=trained", "--json"))["searched"] == 1


def test_the_hidden_half_is_left_out(folder: Path) -> None:
    turn_on(open_study(folder).keep)
    shown = sum(half(f"q{index}") == "explore" for index in range(3))
    assert json.loads(run(folder, "--json"))["searched"] == shown < 3
