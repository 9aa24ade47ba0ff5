"""The local model as an Inspect provider: ``allegiance/smollm2``, or ``allegiance/`` and the path of a GGUF file.

A request may carry a GBNF grammar in ``extra_body["grammar"]``. The reply then has that form whatever the model
would have written, and the output says so: ``metadata["allegiance"]["grammar_forced"]``.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from inspect_ai.model import ChatMessage, GenerateConfig, ModelCall, ModelOutput
from inspect_ai.model._providers.openai_compatible import OpenAICompatibleAPI
from inspect_ai.tool import ToolChoice, ToolInfo

from allegiance.bridge.local_model import file_digest, get_model
from allegiance.bridge.server import SLOTS, LocalServer
from allegiance.errors import UnknownName

EMBEDDED = "smollm2"
MAX_TOKENS = 400
TEMPERATURE = 0.8
Answer = ModelOutput | tuple[ModelOutput | Exception, ModelCall]


class LocalAPI(OpenAICompatibleAPI):
    """Serves a GGUF file in this process while it is asked. See the module for grammars."""

    holds_form = True
    """It can hold a reply to a grammar, and takes a seed; the solver asks for neither where this is missing."""

    def __init__(self, model_name: str, base_url: str | None = None, api_key: str | None = None,
                 config: GenerateConfig | None = None, slots: int = SLOTS) -> None:  # fmt: skip
        self.server = LocalServer(_weights(model_name), int(slots))
        self.weights = file_digest(self.server.weights) if self.server.weights.is_file() else ""
        self._starting = threading.Lock()
        super().__init__(
            model_name=model_name,
            base_url="http://127.0.0.1:9/v1",  # replaced when the server starts
            api_key=self.server.key,
            config=config or GenerateConfig(),
            service="allegiance",
        )

    async def generate(self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice,
                       config: GenerateConfig) -> Answer:  # fmt: skip
        """Ask the model. The output says which weights answered, with which seed, whether the form was forced."""
        self._up()
        answer = await super().generate(input, tools, tool_choice, config)
        output = answer[0] if isinstance(answer, tuple) else answer
        if isinstance(output, ModelOutput):
            forced = bool((config.extra_body or {}).get("grammar"))
            note = {"grammar_forced": forced, "weights": self.weights, "seed": config.seed}
            output.metadata = (output.metadata or {}) | {"allegiance": note}
        return answer

    def completion_params(self, config: GenerateConfig, tools: bool) -> dict[str, Any]:
        """What is asked of the server; length and temperature are always said, so that the log has them."""
        return {"max_tokens": MAX_TOKENS, "temperature": TEMPERATURE} | super().completion_params(config, tools)

    def max_connections(self) -> int:
        """As many as there are slots."""
        return self.server.slots

    def connection_key(self) -> str:
        """Limits apply to this server alone."""
        return str(self.server.weights)

    async def aclose(self) -> None:
        """Close the client and stop the server."""
        try:
            await super().aclose()
        finally:
            self.server.stop()

    def _up(self) -> None:
        with self._starting:
            if not self.server.url:
                self.server.start()
                self.base_url = self.server.url
                self.initialize()


def _weights(model_name: str) -> Path:
    if model_name == EMBEDDED:
        return get_model()
    if model_name.endswith(".gguf"):
        return Path(model_name).expanduser()
    raise UnknownName("local model", model_name, (EMBEDDED, "PATH.gguf"))
