"""Prompts as Inspect samples, and the solver that asks a model one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from inspect_ai.dataset import Sample
from inspect_ai.event import ModelEvent
from inspect_ai.log import transcript
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver

from allegiance.bridge.faults import Stopped, failed, fatal
from allegiance.bridge.naming import KEY, sample_id, seed_of
from allegiance.bridge.replies import Replies, Reply
from allegiance.errors import UsageError
from allegiance.records.prompt import Prompt
from allegiance.records.transcript import Message

_ROLES: dict[str, Callable[..., ChatMessage]] = {
    "system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant,
}  # fmt: skip


def samples(prompts: Iterable[Prompt]) -> list[Sample]:
    """One sample for each prompt."""
    return [sample(prompt, 0) for prompt in prompts]


def sample(prompt: Prompt, repeat: int, failed_before: int = 0) -> Sample:
    """A prompt as an Inspect sample.

    Args:
        prompt: What to ask.
        repeat: Index of the repeat, from 0. Repeats are samples of their own, so that a stopped run can go on with
            exactly those that are missing.
        failed_before: How often it was asked in earlier parts of its run, and failed.
    """
    note = {
        "request": prompt.request,
        "condition": {"levels": dict(prompt.condition.levels), "scenario": prompt.condition.scenario},
        "canary": prompt.canary,
        "menu": list(prompt.menu),
        "grammar": prompt.grammar,
        "grammar_forced": False,
        "sample": repeat,
        "prefill": prompt.prefill,
        "then": [_message(message).text for message in prompt.then],
        "failed_before": failed_before,
    }
    kept = {key: value for key, value in note.items() if value or key not in _RARE}
    return Sample(id=sample_id(prompt, repeat), input=[_message(m) for m in prompt.messages], metadata={KEY: kept})


_RARE = ("prefill", "then", "failed_before")
"""Notes that are left out where there is nothing to say."""


@solver
def ask(
    seed: int = 0,
    run: str = "",
    on_done: Callable[[], None] | None = None,
    replies: Replies | None = None,
    on_fatal: Callable[[str], None] | None = None,
) -> Solver:
    """Ask the model what the sample says, and what is to be said then; each reply is kept in the conversation.

    A reply is begun for the model where the sample says so. A model that can be held to a form is, in its first
    reply. The sample's metadata says of each reply how it ended and how many tries it took.

    Args:
        seed: Seed of the run, from which each sample's own is made.
        run: Identity of the run, noted in each sample; empty to leave it to Inspect.
        on_done: Called after each sample, answered or failed.
        replies: Where replies are kept and looked for; nowhere if None.
        on_fatal: Told the reason, in a sentence, when an error concerns every sample; the run then ends at once. If
            None, such an error is one like others.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        try:
            return await _converse(state, generate, _noted(state, run), seed, replies)
        except Exception as error:
            if on_fatal is not None and (reason := fatal(error)):
                on_fatal(reason)
                raise Stopped(reason) from None
            raise
        finally:
            if on_done is not None:
                on_done()

    return solve


async def _converse(
    state: TaskState, generate: Generate, note: dict[str, Any], seed: int, replies: Replies | None
) -> TaskState:
    settings = _settings(note, seed)
    if note.get("prefill"):
        begun = {KEY: {"prefill": True}}
        state.messages.append(ChatMessageAssistant(content=str(note["prefill"]), metadata=begun))
    state = await _reply(state, generate, settings, replies)
    for words in note.get("then", ()):
        state.messages.append(ChatMessageUser(content=words))
        state = await _reply(state, generate, settings, replies)
    return state


async def _reply(
    state: TaskState, generate: Generate, settings: dict[str, Any], replies: Replies | None
) -> TaskState:
    """One call, or the reply that was kept of it; notes how it ended, and the tries."""
    key = replies.key(f"{state.sample_id}/{state.epoch}", state.messages, settings) if replies else ""
    kept = replies.get(key) if replies else None
    if kept is not None:
        state.output = kept.output
        state.messages.append(kept.output.message)
        _note_reply(state, {"stop": kept.output.stop_reason, "tries": 0, "from": kept.run}, kept.run)
        return state
    before = len(transcript().events)
    try:
        state = await generate(state, **settings)
    except Exception as error:
        tries = _tries(before)
        _note_reply(state, {"stop": "error", "tries": tries})
        raise failed(error, tries) from error
    if replies:
        replies.put(key, Reply(run=str(state.metadata[KEY].get("run", "")), output=state.output))
    _note_reply(state, {"stop": state.output.stop_reason, "tries": _tries(before)})
    return state


def _tries(before: int) -> int:
    """Calls that the provider got since then, the repeated ones counted."""
    asked = [event for event in transcript().events[before:] if isinstance(event, ModelEvent)]
    return sum(1 + (event.retries or 0) for event in asked)


def _note_reply(state: TaskState, said: dict[str, object], run: str = "") -> None:
    """Note a reply. A sample belongs to the run that asked for its last reply."""
    note = dict(state.metadata.get(KEY, {}))
    if run:
        note["run"] = run
    note["replies"] = [*note.get("replies", ()), said]
    state.metadata = {**state.metadata, KEY: note}


def _noted(state: TaskState, run: str) -> dict[str, Any]:
    """What the sample says of itself, with the repeat it is and whether it will be held to its form."""
    note: dict[str, Any] = dict(state.metadata.get(KEY, {}))
    note["sample"] = int(note.get("sample", 0)) + state.epoch - 1
    note["grammar_forced"] = _local() and bool(note.get("grammar")) and not note.get("prefill")
    if run:
        note["run"] = run
    state.metadata = {**state.metadata, KEY: note}
    return note


def _settings(note: dict[str, Any], seed: int) -> dict[str, Any]:
    """Seed and grammar, for models that take them."""
    if not _local():
        return {}
    condition = msgspec.json.encode(note.get("condition"), order="sorted").decode()
    settings: dict[str, Any] = {"seed": seed_of(seed, str(note.get("request")), condition, note["sample"])}
    return settings | ({"extra_body": {"grammar": note["grammar"]}} if note["grammar_forced"] else {})


def _local() -> bool:
    return bool(getattr(get_model().api, "holds_form", False))


def _message(message: Message) -> ChatMessage:
    if message.role not in _ROLES or any(part.kind != "text" for part in message.parts):
        raise UsageError(f"a message of role {message.role!r} with these parts cannot be sent.", where="prompt",
                         next="Send text from system, user or assistant.")  # fmt: skip
    return _ROLES[message.role](content=message.text())
