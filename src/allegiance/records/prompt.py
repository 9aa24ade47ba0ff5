"""A prompt: the exact messages that a model will see, for one request in one condition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from allegiance.records.condition import Condition
from allegiance.records.record import Record
from allegiance.records.transcript import Message, Transcript


class Prompt(Record, frozen=True, kw_only=True):
    """What is sent, before it is sent.

    Attributes:
        request: Identity of the request, the same in all conditions.
        condition: The condition, with the scenario's version.
        messages: Exactly what the model sees, in order.
        prefill: Text with which the reply is begun for the model; empty for none. It is not among `messages`.
        then: Further user messages, each sent when the model has answered what came before.
        menu: Answers among which the model is asked to choose; empty if its answer is free.
        grammar: GBNF grammar that a local model may be held to; empty for none.
        canary: Canary string that marks the transcript as generated for research; never shown to the model.
    """

    request: str
    condition: Condition
    messages: tuple[Message, ...]
    prefill: str = ""
    then: tuple[Message, ...] = ()
    menu: tuple[str, ...] = ()
    grammar: str = ""
    canary: str = ""


class Run(Protocol):
    """Sends prompts to a model. The only kind of thing that meets one."""

    def __call__(self, prompts: Sequence[Prompt]) -> Iterable[Transcript]:
        """A transcript for each sample that was started; those that failed come with their status, not left out."""
        ...
