"""Prompts as Inspect samples, and the solver that asks a model one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver

from allegiance.bridge.naming import KEY, sample_id, seed_of
from allegiance.errors import UsageError
from allegiance.records.prompt import Prompt
from allegiance.records.transcript import Message

_ROLES: dict[str, Callable[..., ChatMessage]] = {
    "system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant,
}  # fmt: skip


def samples(prompts: Iterable[Prompt]) -> list[Sample]:
    """One sample for each prompt."""
    return [sample(prompt, 0) for prompt in prompts]


def sample(prompt: Prompt, repeat: int) -> Sample:
    """A prompt as an Inspect sample.

    Args:
        prompt: What to ask.
        repeat: Index of the repeat, from 0. Repeats are samples of their own, so that a stopped run can go on with
            exactly those that are missing.
    """
    note = {
        "request": prompt.request,
        "condition": {"levels": dict(prompt.condition.levels), "scenario": prompt.condition.scenario},
        "canary": prompt.canary,
        "menu": list(prompt.menu),
        "grammar": prompt.grammar,
        "grammar_forced": False,
        "sample": repeat,
    }
    return Sample(id=sample_id(prompt, repeat), input=[_message(m) for m in prompt.messages], metadata={KEY: note})


@solver
def ask(seed: int = 0, on_done: Callable[[], None] | None = None) -> Solver:
    """Ask the model once. A model that can be held to a form is; the sample's metadata says whether it was.

    Args:
        seed: Seed of the run, from which each sample's own is made.
        on_done: Called after each sample, answered or failed.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        try:
            return await generate(state, **_settings(state, seed))
        finally:
            if on_done is not None:
                on_done()

    return solve


def _settings(state: TaskState, seed: int) -> dict[str, Any]:
    """Seed and grammar, for models that take them; notes in the metadata what was asked for."""
    note: dict[str, Any] = dict(state.metadata.get(KEY, {}))
    note["sample"] = int(note.get("sample", 0)) + state.epoch - 1
    local = bool(getattr(get_model().api, "holds_form", False))
    note["grammar_forced"] = local and bool(note.get("grammar"))
    state.metadata = {**state.metadata, KEY: note}
    if not local:
        return {}
    condition = msgspec.json.encode(note.get("condition"), order="sorted").decode()
    settings: dict[str, Any] = {"seed": seed_of(seed, str(note.get("request")), condition, note["sample"])}
    return settings | ({"extra_body": {"grammar": note["grammar"]}} if note["grammar_forced"] else {})


def _message(message: Message) -> ChatMessage:
    if message.role not in _ROLES or any(part.kind != "text" for part in message.parts):
        raise UsageError(f"a message of role {message.role!r} with these parts cannot be sent.", where="prompt",
                         next="Send text from system, user or assistant.")  # fmt: skip
    return _ROLES[message.role](content=message.text())
