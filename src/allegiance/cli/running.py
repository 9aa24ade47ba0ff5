"""Verbs that stage a scenario and run it on a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.options import json_option, open_study, study_option
from allegiance.cli.output import emit, note, progress
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.records.prompt import Prompt

LOCAL = "allegiance/smollm2"


@click.command()
@click.argument("name")
@click.option("--requests", type=click.IntRange(1), help="Only so many requests.")
@json_option
def stage(name: str, requests: int | None, as_json: bool) -> None:
    """Show exactly what a model would be sent. Sends nothing.

    NAME is a scenario of the library or a file.

    \b
    Example:
      allegiance stage repair-desk --requests 1
    """
    from allegiance.records.canonical import plain
    from allegiance.scenarios import load
    from allegiance.scenarios import stage as staged

    prompts = staged(load(name), requests=requests)
    shown = []
    for prompt in prompts:
        shown.append(f"=== {prompt.request}  {prompt.condition.name}")
        shown += [f"[{message.role}]\n{message.text()}\n" for message in prompt.messages]
    data = {"prompts": [plain(prompt) for prompt in prompts], "sent": 0}
    emit(as_json, data, "\n".join([*shown, f"{len(prompts)} prompts; nothing was sent."]))


@click.command()
@click.argument("name")
@click.option(
    "--model", "model_name", default=LOCAL, show_default=True, help="Any Inspect model, or the local one."
)
@click.option("--requests", type=click.IntRange(1), help="Only so many requests.")
@click.option("--samples", default=1, show_default=True, type=click.IntRange(1), help="Replies to each prompt.")
@click.option("--yes", is_flag=True, help="Do not ask before calls that may cost money.")
@click.option("--dry-run", is_flag=True, help="Say how many calls it would be, and stop.")
@study_option
@json_option
def run(
    name: str,
    model_name: str,
    requests: int | None,
    samples: int,
    yes: bool,
    dry_run: bool,
    folder: Path,
    as_json: bool,
) -> None:
    """Run a scenario on a model and keep the transcripts.

    A run that was stopped goes on where it stopped, and counts nothing twice.

    \b
    Example:
      allegiance run repair-desk --samples 2 --study repair
    """
    from allegiance.scenarios import load
    from allegiance.scenarios import stage as staged

    study = open_study(folder)
    world = load(name)
    prompts = staged(world, requests=requests)
    left = _left(study.runs, model_name, prompts, samples)
    if dry_run:
        data = {"calls": left, "of": len(prompts) * samples, "model": model_name, "sent": 0}
        return emit(as_json, data, f"{left} calls to {model_name}; nothing was sent.")
    confirm(left, model_name, yes=yes)
    from allegiance.bridge.run import InspectRun

    with progress(f"running {world.name}") as shown:
        transcripts = InspectRun(model_name, study.runs, samples=samples, on_progress=shown)(prompts)
    added = study.keep.add(transcripts, {"scenario": world.version, "model": model_name, "calls": left})
    failed = [item for item in transcripts if item.status == "error"]
    if failed:
        note(f"{len(failed)} of {len(transcripts)} samples failed; the first: {failed[0].metadata.get('error')}")
    whole = sum(item.status == "complete" for item in transcripts)
    data = {
        "model": model_name,
        "calls": left,
        "transcripts": len(transcripts),
        "complete": whole,
        "new": added.new,
        "version": added.version,
    }
    return emit(
        as_json, data, f"{len(transcripts)} transcripts ({whole} whole), {added.new} new, from {model_name}."
    )


def _left(runs: Path, model_name: str, prompts: Sequence[Prompt], samples: int) -> int:
    """How many calls are still to be made, given what stopped runs of the same plan have already."""
    if not any(runs.glob("*.eval")):
        return len(prompts) * samples
    from allegiance.bridge.run import InspectRun

    return InspectRun(model_name, runs, samples=samples).pending(prompts)


def confirm(calls: int, model_name: str, *, yes: bool) -> None:
    """Asks before calls to a model that may cost money. The local model and mock models cost none."""
    if not calls or yes or model_name.startswith(("allegiance/", "mockllm/")):
        return
    note(f"This sends {calls} calls to {model_name}.")
    try:
        click.confirm("Go on?", abort=True, err=True)
    except click.Abort:
        raise UsageError("nothing was sent.", next="Say --yes to go on without being asked.") from None


VERBS = (stage, run)
