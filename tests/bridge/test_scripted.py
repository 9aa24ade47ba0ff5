"""A script for Inspect's mock provider: the sample says which reply it gets; no network is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from allegiance.bridge.run import InspectRun
from allegiance.bridge.scripted import with_script
from allegiance.errors import InputError
from allegiance.records.canonical import canonical
from allegiance.records.prompt import Prompt
from allegiance.records.script import Lines, Script

SCRIPT = Script(lines=(
    Lines(requests=("chair-leg",), levels={"tier": ("trained",)}, replies=("first", "second")),
    Lines(requests=("bike-tube",), replies=(None,)),
    Lines(replies=("else",)),
))  # fmt: skip


def asked(
    tmp_path: Path, prompts: tuple[Prompt, ...], samples: int = 1
) -> dict[tuple[str, str, int], tuple[str, str]]:
    path = tmp_path / "script.json"
    path.write_bytes(canonical(SCRIPT))
    run = InspectRun("mockllm/model", tmp_path / "runs", samples=samples, max_retries=0,
                     model_args={"script": str(path)})  # fmt: skip
    return {(i.request, i.condition.levels["tier"], i.sample): (i.answer, i.status) for i in run(prompts)}


def test_each_sample_gets_the_reply_of_its_request_condition_and_repeat(
    tmp_path: Path, prompts: tuple[Prompt, ...]
) -> None:
    said = asked(tmp_path, tuple(p for p in prompts if p.request != "bike-tube"), samples=3)
    assert [said["chair-leg", "trained", k][0] for k in range(3)] == ["first", "second", "first"]
    assert {
        answer for (request, tier, _), (answer, _) in said.items() if (request, tier) != ("chair-leg", "trained")
    } == {"else"}


def test_a_reply_that_is_none_is_a_sample_that_failed(tmp_path: Path, prompts: tuple[Prompt, ...]) -> None:
    statuses = {request: status for (request, _, _), (_, status) in asked(tmp_path, prompts).items()}
    assert statuses == {"chair-leg": "complete", "bike-tube": "error", "jacket-zip": "complete"}


@pytest.mark.parametrize(
    "text", ["{}", "not json", '{"format":"other/1","lines":[]}', '{"lines":[{"replies":[1]}]}']
)
def test_what_is_no_script_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "script.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"script\.json"):
        with_script("mockllm/model", {"script": str(path)})


def test_a_script_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        with_script("mockllm/model", {"script": str(tmp_path / "none.json")})


def test_settings_of_other_models_are_left_alone() -> None:
    assert with_script("openai/model", {"script": "x"}) == {"script": "x"}
