"""Prompts of our own for the stub server, and its name as a model."""

from __future__ import annotations

from allegiance.records.condition import Condition
from allegiance.records.prompt import Prompt
from allegiance.records.transcript import Message, Part

MODEL = "openai-api/stub/model"


def asks(request: str, words: str, *, then: tuple[Message, ...] = (), prefill: str = "") -> Prompt:
    """A prompt with one user message."""
    return Prompt(
        request=request,
        condition=Condition(levels={"tier": "trained"}),
        messages=(Message(role="user", parts=(Part(text=words),)),),
        then=then,
        prefill=prefill,
    )


def many(count: int) -> tuple[Prompt, ...]:
    """So many prompts, each with words of its own."""
    return tuple(asks(f"r{index}", f"item {index}") for index in range(count))
