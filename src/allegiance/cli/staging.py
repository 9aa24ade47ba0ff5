"""The verb that shows what a model would be sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.choosing import chosen, world_options
from allegiance.cli.options import json_option
from allegiance.cli.output import builtins, emit

if TYPE_CHECKING:
    from allegiance.records.prompt import Prompt
    from allegiance.scenarios.passages import Passage


@click.command()
@click.argument("name")
@world_options
@click.option("--parts", is_flag=True, help="Show each passage with its address.")
@json_option
def stage(
    name: str,
    grid: str | None,
    settings: tuple[str, ...],
    requests: int | None,
    wanted: tuple[str, ...],
    file: Path | None,
    parts: bool,
    as_json: bool,
) -> None:
    """Show exactly what a model would be sent. Sends nothing.

    NAME is a scenario of the library or a file. Levels given with --set take the place of the grid; if they name no
    tier, every tier is staged. Factors that are not named are at their usual level.

    \b
    Example:
      allegiance stage repair-desk --requests 1
      allegiance stage repair-desk --set 'channel=hidden|none' --request chair-leg --parts
    """
    from allegiance.scenarios.staging import parts as parts_of

    world, prompts = chosen(name, grid, settings, requests, wanted, file)
    passages = [parts_of(world, prompt) for prompt in prompts] if parts else None
    shown = [_shown(prompt, passages[i] if passages else None) for i, prompt in enumerate(prompts)]
    emit(as_json, _data(prompts, passages), "\n".join([*shown, f"{_count(prompts)}; nothing was sent."]))


def _count(prompts: tuple[Prompt, ...]) -> str:
    return "1 prompt" if len(prompts) == 1 else f"{len(prompts)} prompts"


def _shown(prompt: Prompt, passages: tuple[Passage, ...] | None) -> str:
    lines = [f"=== {prompt.request}  {prompt.condition.name}"]
    if passages is not None:
        return "\n".join([*lines, *(f"[{item.address}]  ({item.slot})\n{item.text}\n" for item in passages)])
    lines += [f"[{message.role}]\n{message.text()}\n" for message in prompt.messages]
    lines += [f"[the reply begins]\n{prompt.prefill}\n"] if prompt.prefill else []
    lines += [f"[{message.role}, after the reply]\n{message.text()}\n" for message in prompt.then]
    return "\n".join(lines)


def _data(prompts: tuple[Prompt, ...], passages: list[tuple[Passage, ...]] | None) -> dict[str, object]:
    from allegiance.records.canonical import plain

    data: dict[str, object] = {"prompts": [plain(prompt) for prompt in prompts], "sent": 0}
    return data if passages is None else data | {"passages": builtins(passages)}


VERBS = (stage,)
