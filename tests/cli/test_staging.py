"""The verb `stage`: which conditions and requests it shows, and that it shows exactly what would be sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from allegiance.cli.main import cli
from allegiance.errors import AllegianceError, UnknownName, UsageError
from allegiance.scenarios import load, stage

WORLD = str(Path(__file__).parents[1] / "scenarios" / "everything.yaml")


def verb(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["stage", *arguments], standalone_mode=False)


def test_a_named_grid_is_staged() -> None:
    data = json.loads(verb(WORLD, "--grid", "ablation", "--json").output)
    assert [prompt["condition"]["levels"] for prompt in data["prompts"]] == [
        dict(prompt.condition.levels) for prompt in stage(load(WORLD), "ablation")
    ]


def test_levels_take_the_place_of_the_grid_in_every_tier() -> None:
    said = verb("repair-desk", "--set", "channel=hidden|none", "--request", "chair-leg").output
    assert [line for line in said.splitlines() if line.startswith("===")] == [
        f"=== chair-leg  channel={channel} tier={tier}"
        for tier in ("trained", "untrained")
        for channel in ("hidden", "none")
    ]


def test_levels_can_name_the_tier() -> None:
    assert "1 prompt; nothing was sent." in verb(
        "repair-desk", "--set", "tier=trained", "--request", "chair-leg"
    ).output  # fmt: skip


def test_parts_are_shown_with_their_addresses_and_hold_the_same_words() -> None:
    arguments = (WORLD, "--set", "tier=rated", "--request", "lawn", "--json")
    plain, parted = (json.loads(verb(*arguments, *more).output) for more in ((), ("--parts",)))
    assert parted["prompts"] == plain["prompts"]
    [passages] = parted["passages"]
    assert {"persona", "order.resist-later", "story.effect", "mark", "menu"} <= {
        item["address"] for item in passages
    }
    assert "[story.effect]  (training)\nIf you do not comply" in verb(*arguments[:-1], "--parts").output


def test_what_is_sent_around_the_request_is_shown_too() -> None:
    said = verb(WORLD, "--set", "tier=rated", "--set", "prefill=calm", "--request", "lawn").output
    assert "[the reply begins]\n<scratchpad>Calmly:" in said
    assert "[user, after the reply]\nOakgate asks again." in said


def test_requests_of_a_file_are_staged_instead(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("text\nShould I mend my kite?\n")
    said = verb("repair-desk", "--requests-from", str(tmp_path / "mine.csv"), "--set", "tier=trained").output
    assert "[registered customer]\nShould I mend my kite? Answer REPAIR or REPLACE." in said
    assert "1 prompt;" in said


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--grid", "ablation", "--set", "tier=rated"), UsageError),
        (("--requests", "1", "--request", "lawn"), UsageError),
        (("--set", "tier"), UsageError),
        (("--set", "tier=rated", "--set", "tier=trained"), UsageError),
        (("--set", "tier=rate"), UnknownName),
        (("--grid", "ablations"), UnknownName),
        (("--request", "lawns"), UnknownName),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], error: type[AllegianceError]) -> None:
    with pytest.raises(error):
        raise verb(WORLD, *arguments).exception or AssertionError
