"""Verbs on scenarios."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from allegiance.cli import cli
from allegiance.scenarios import library, load
from allegiance.scenarios.schema import schema_json


def verb(*words: str, status: int = 0) -> str:
    done = CliRunner().invoke(cli, ["scenario", *words])
    assert done.exit_code == status, done.output
    return done.stdout


def test_the_list_has_every_scenario_with_its_numbers() -> None:
    listed = json.loads(verb("list", "--json"))
    assert [item["name"] for item in listed] == list(library())
    desk = next(item for item in listed if item["name"] == "repair-desk")
    assert (desk["tiers"], desk["conditions"], desk["requests"]) == (2, 2, 20)
    assert "A repair desk that a chain of shops has taken over" in verb("list")


def test_a_scenario_is_shown_with_its_timeline_and_what_varies() -> None:
    shown = verb("show", "repair-desk")
    assert "unauthorised under 'honest-repair', by Brightaisle" in shown
    assert "honest-repair (Mendwell; always … the take-over): Tell people honestly" in shown
    assert "story.walk-ins: told, cut" in shown
    assert "its own: tier(trained, untrained)" in shown


def test_orders_and_named_factors_are_shown(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "extends: repair-desk\nasks: Does an order help?\nexpectations: [{result: it does, counts_for: duty}]\n"
        "intents:\n  - name: honest-repair\n    orders: [{use: resist, scope: replacing, until: the next year}]\n"
        "factors:\n  wording:\n    effect: random\n    asks: Do words matter?\n"
        "    levels: {first: {}, second: {say: {persona: You help.}}}\n"
        "grids:\n  words:\n    - {tier: [trained], wording: [first, second]}\n    - {tier: [untrained]}\n"
    )
    shown = verb("show", str(tmp_path / "mine.yaml"))
    assert "order resist: resist, about replacing, can be revoked, until the next year" in shown
    assert "wording: first, second  [random] Do words matter?" in shown
    assert "words: tier(trained) × wording(first, second)\n      + tier(untrained)\n" in shown
    assert "asks: Does an order help?" in shown
    assert "if it does → duty" in shown


def test_as_json_a_scenario_comes_with_version_and_factors() -> None:
    data = json.loads(verb("show", "repair-desk", "--json"))
    assert data["version"] == load("repair-desk").version
    assert data["factors"]["tier"] == ["trained", "untrained"]


def test_the_source_can_be_copied(tmp_path: Path) -> None:
    (tmp_path / "copy.yaml").write_text(verb("show", "repair-desk", "--source"))
    assert load(tmp_path / "copy.yaml").version == load("repair-desk").version


@pytest.mark.parametrize("name", library())
def test_every_scenario_of_the_library_is_shown_and_right(name: str) -> None:
    assert load(name).version in verb("check", name)
    assert load(name).title in verb("show", name)


def test_every_problem_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("extends: repair-desk\nchannel: hiden\ncaps: [1]\n")
    told = verb("check", str(path), status=1).splitlines()
    assert told[0].startswith(f"{path}:2:10: 'hiden' is not possible here. Did you mean 'hidden'?")
    assert told[1].startswith(f"{path}:3:1: there is no key 'caps' here.")
    data = json.loads(verb("check", str(path), "--json", status=1))
    assert [(item["line"], item["column"]) for item in data["problems"]] == [(2, 10), (3, 1)]


def test_the_schema_is_printed() -> None:
    assert verb("schema") == schema_json()
