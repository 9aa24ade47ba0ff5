"""A model that answers at once, counts its calls, and fails when told to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from inspect_ai.model import ChatMessage, GenerateConfig, ModelAPI, ModelOutput, ModelUsage, modelapi

from allegiance.bridge.run import InspectRun
from allegiance.records.prompt import Prompt
from allegiance.scenarios import load, stage


@dataclass
class Script:
    """What the fake model does, and what it was asked."""

    fails_after: int | None = None
    fails_on: str = ""
    asked: list[str] = field(default_factory=list)
    configs: list[GenerateConfig] = field(default_factory=list)
    stop_reason: Any = "stop"
    delay: float = 0.0


SCRIPT = Script()


@modelapi(name="fake")
class Fake(ModelAPI):
    """Answers REPAIR; its name is ``fake/model``."""

    def __init__(
        self, model_name: str, base_url: str | None = None, api_key: str | None = None, **rest: Any
    ) -> None:
        super().__init__(model_name, base_url, api_key, ["FAKE_API_KEY"], GenerateConfig())
        self.api_key = os.environ.get("FAKE_API_KEY")

    async def generate(
        self, input: list[ChatMessage], tools: Any, tool_choice: Any, config: GenerateConfig
    ) -> ModelOutput:
        SCRIPT.asked.append(input[-1].text)
        number = len(SCRIPT.asked)
        await anyio.sleep(SCRIPT.delay)
        SCRIPT.configs.append(config)
        if SCRIPT.fails_after is not None and number > SCRIPT.fails_after:
            raise ValueError("the fake model is out of order")
        if SCRIPT.fails_on and SCRIPT.fails_on in input[-1].text:
            raise ValueError("the fake model dislikes this")
        text = f"<scratchpad>call {number}</scratchpad><answer>REPAIR</answer>"
        output = ModelOutput.from_content("fake/model", text, stop_reason=SCRIPT.stop_reason)
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output


@pytest.fixture
def script() -> Iterator[Script]:
    """The fake model's script, fresh."""
    SCRIPT.__init__()  # type: ignore[misc]
    yield SCRIPT
    SCRIPT.__init__()  # type: ignore[misc]


@pytest.fixture(scope="session")
def prompts() -> tuple[Prompt, ...]:
    """Three requests in two tiers."""
    return stage(load("repair-desk"), requests=3)


@pytest.fixture
def run(tmp_path: Path, script: Script) -> InspectRun:
    """A run of the fake model."""
    return InspectRun("fake/model", tmp_path / "runs")
