"""A local model server in this process: OpenAI-compatible, on loopback, stopped for certain.

It listens on a free port of 127.0.0.1, answers only requests that carry a key made for this server alone, sends no
CORS permission, has no web page, and prints nothing.
"""

from __future__ import annotations

import atexit
import gc
import secrets
from pathlib import Path
from types import TracebackType
from typing import Any

from allegiance.bridge.needs import need
from allegiance.bridge.versions import threads
from allegiance.errors import RunError

SLOTS = 4
CONTEXT = 2048
"""Tokens of prompt and reply together, for each slot."""


class LocalServer:
    """A model served from a GGUF file. Use it as a context manager, or call `start` and `stop`.

    Attributes:
        weights: The GGUF file.
        slots: Requests that are worked on at the same time.
        context: Tokens a slot can hold.
        key: The key that requests must carry; made anew for each server, kept in memory only.
        url: Base URL of its API; empty while it does not run.
    """

    def __init__(self, weights: Path, slots: int = SLOTS, context: int = CONTEXT) -> None:
        self.weights, self.slots, self.context = weights, slots, context
        self.key = secrets.token_urlsafe(24)
        self.url = ""
        self._server: Any = None

    def start(self) -> None:
        """Load the model and listen. Does nothing if it runs already.

        Raises:
            MissingExtra: xllamacpp is not installed.
            RunError: The file is not a model that can be loaded.
        """
        if self._server is not None:
            return
        need("xllamacpp", "xllamacpp", "local")
        import xllamacpp  # noqa: PLC0415

        if not self.weights.is_file():
            raise RunError(
                "there is no such model file.", where=str(self.weights), next="Give the path of a GGUF file."
            )
        try:
            server = xllamacpp.Server(self._settings(xllamacpp))
            _first_word(server)
        except Exception as error:
            raise RunError(
                f"the model cannot be loaded: {error}.",
                where=str(self.weights),
                next="Give a GGUF file that llama.cpp can read.",
            ) from error
        self._server = server
        self.url = f"{self._server.listening_address}/v1"
        atexit.register(self.stop)

    def stop(self) -> None:
        """Stop listening and free the model. Does nothing if it does not run."""
        if self._server is None:
            return
        self._server, self.url = None, ""
        gc.collect()
        atexit.unregister(self.stop)

    def __enter__(self) -> LocalServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()

    def _settings(self, xllamacpp: Any) -> Any:
        settings = xllamacpp.CommonParams()
        settings.model.path = str(self.weights)
        settings.model_alias = {self.weights.stem}
        settings.n_parallel, settings.n_ctx = self.slots, self.context * self.slots
        settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = threads()
        settings.hostnames, settings.port = ["127.0.0.1"], 0
        settings.api_keys = [self.key]
        settings.cors_origins, settings.cors_credentials = "", False
        settings.ui = settings.endpoint_slots = settings.endpoint_props = settings.endpoint_metrics = False
        settings.cache_ram_mib, settings.verbosity = 0, -1
        return settings


def _first_word(server: Any) -> None:
    """Have one token made. A server that is stopped before its loop runs waits for ever, so see that it runs."""
    server.handle_completions({"prompt": "a", "max_tokens": 1})
