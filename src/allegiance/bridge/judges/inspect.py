"""Judges through Inspect's model API: any provider that it knows, and their batch interfaces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from allegiance.bridge.faults import fatal, flat
from allegiance.bridge.judges.pump import Call, pump
from allegiance.bridge.needs import need
from allegiance.errors import RunError
from allegiance.rating.judging.asking import Ask, Outcome, Said, Token

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage, GenerateConfig, Model, ModelOutput

_ENDS: Mapping[str, Outcome] = {
    "max_tokens": "cut", "model_length": "cut", "content_filter": "filtered", "refusal": "refused",
}  # fmt: skip


@dataclass(kw_only=True)
class InspectAsker:
    """Sends calls to a model of Inspect; implements the protocol `Asker`.

    Keys are read by Inspect's providers from the environment. No log of Inspect's is written: the replies are kept
    with the labels.

    Attributes:
        model: Inspect's name of the model, or a model that is open already.
        connections: Calls under way at the same time.
        max_tokens: Bound on a reply.
        retries: How often Inspect repeats a call that failed for a passing reason.
        timeout: Seconds that one try may take.
        structured: Whether the reply is to be held to its schema, by providers that can.
        chances: Whether to ask for the probabilities of tokens.
        batch: Whether to use the provider's batch interface: cheaper, and slow.
        settings: Further settings of generation, such as ``temperature`` or ``seed``.
        model_args: Settings of the provider; no secrets.
    """

    model: str | Model
    connections: int = 20
    max_tokens: int = 600
    retries: int = 5
    timeout: int = 120
    structured: bool = True
    chances: bool = False
    batch: bool = False
    settings: Mapping[str, object] = field(default_factory=dict)
    model_args: Mapping[str, object] = field(default_factory=dict)

    def ask(self, calls: Iterator[Ask | None]) -> Iterator[Said]:
        """Makes the calls; see the protocol.

        Raises:
            MissingExtra: Inspect or the provider is not installed.
            RunError: There is no such model, its key is missing or refused, or call after call fails.
        """
        need("inspect_ai", "inspect-ai", "run")
        return pump(calls, self._opened, self.connections)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Call]:
        from allegiance.bridge.engine import opened  # noqa: PLC0415

        if not isinstance(self.model, str):
            yield self._caller(self.model)
            return
        with opened(self.model, self.model_args) as model:
            yield self._caller(model)

    def _caller(self, model: Model) -> Call:
        config = self._config()

        async def call(asked: Ask) -> Said:
            return await self._call(model, config, asked)

        return call

    async def _call(self, model: Model, config: GenerateConfig, asked: Ask) -> Said:
        from inspect_ai.model import ChatMessageSystem, ChatMessageUser  # noqa: PLC0415

        messages: list[ChatMessage] = [ChatMessageSystem(content=asked.system), ChatMessageUser(content=asked.text)]
        own = config.model_copy(update={"response_schema": _schema(asked.schema)}) if self.structured else config
        try:
            output = await model.generate(messages, config=own)
        except Exception as error:
            if reason := fatal(error):
                raise RunError(f"the judge cannot be asked: {reason}", where=str(model)) from None
            return Said(asked.id, outcome="failed", error=flat(error))
        return _said(asked.id, output)

    def _config(self) -> GenerateConfig:
        from inspect_ai.model import GenerateConfig  # noqa: PLC0415

        told: dict[str, Any] = {
            "max_connections": self.connections, "max_tokens": self.max_tokens, "max_retries": self.retries,
            "attempt_timeout": self.timeout, "logprobs": self.chances or None,
            "top_logprobs": 10 if self.chances else None, "batch": self.batch or None,
        }  # fmt: skip
        return GenerateConfig(
            **{key: value for key, value in (told | dict(self.settings)).items() if value is not None}
        )


def _schema(form: Mapping[str, object]) -> Any:
    from inspect_ai.model import ResponseSchema  # noqa: PLC0415
    from inspect_ai.util import JSONSchema  # noqa: PLC0415

    return ResponseSchema(name="verdict", json_schema=JSONSchema.model_validate(form), strict=True)


def _said(id: str, output: ModelOutput) -> Said:
    if output.error or not output.choices:
        return Said(id, outcome="failed", error=flat(output.error or "there is no reply"))
    choice, usage = output.choices[0], output.usage
    logs = choice.logprobs.content if choice.logprobs else []
    tokens = tuple(
        Token(one.token, {one.token: one.logprob} | {each.token: each.logprob for each in one.top_logprobs or ()})
        for one in logs
    )
    outcome = _ENDS.get(str(choice.stop_reason), "answered")
    counts = (usage.input_tokens, usage.output_tokens) if usage else (0, 0)
    return Said(id, output.completion, outcome, output.model, *counts, tokens)
