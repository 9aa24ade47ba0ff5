"""Which asker reaches a model: a server that is named, the local model, or whatever Inspect knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from allegiance.bridge.judges.direct import DirectAsker
from allegiance.bridge.judges.inspect import InspectAsker
from allegiance.bridge.local_model import get_model
from allegiance.bridge.server import LocalServer
from allegiance.errors import UnknownName, UsageError
from allegiance.rating.judging.asking import Asker

LOCAL = "allegiance/"
EMBEDDED = f"{LOCAL}smollm2"
CONTEXT = 4096
"""Tokens of prompt and reply together that the local model holds for one call."""


@contextmanager
def opened(
    model: str,
    *,
    direct: str = "",
    key: str = "",
    max_tokens: int = 600,
    connections: int = 20,
    retries: int = 5,
    timeout: int = 120,
    structured: bool = True,
    chances: bool = False,
    batch: bool = False,
    settings: Mapping[str, object] | None = None,
    model_args: Mapping[str, object] | None = None,
) -> Iterator[Asker]:
    """What reaches a model; a local server behind it does not outlive the block.

    Args:
        model: Inspect's name of a model, ``allegiance/smollm2``, ``allegiance/PATH.gguf``; with `direct`, the name
            at that server.
        direct: Base URL of an OpenAI-compatible server; empty for none.
        key: Environment variable with the key for `direct`.
        max_tokens, connections, retries, timeout, structured, chances, batch: See `DirectAsker`, `InspectAsker`.
        settings: Settings of generation.
        model_args: Settings of Inspect's provider.

    Raises:
        UsageError: Options that exclude each other.
        MissingExtra: A package is missing.
        RunError: The local model cannot be started.
    """
    own = dict(settings or {})
    if (key and not direct) or (batch and (direct or model.startswith(LOCAL))):
        raise UsageError(
            "a key is named for --direct only, and batches are for Inspect's providers.", where="judge"
        )
    common = {"max_tokens": max_tokens, "retries": retries, "structured": structured, "chances": chances}
    if direct:
        yield DirectAsker(url=direct, model=model, key=key, connections=connections, timeout=timeout,
                          settings=own, **common)  # type: ignore[arg-type]  # fmt: skip
    elif model.startswith(LOCAL):
        with LocalServer(_weights(model), context=CONTEXT) as server:
            yield DirectAsker(url=server.url, model=model, secret=server.key, connections=server.slots,
                              timeout=max(timeout, 600),
                bounded=True, settings={"temperature": 0, "seed": 0} | own, **common)  # type: ignore[arg-type]  # fmt: skip
    else:
        yield InspectAsker(model=model, connections=connections, timeout=timeout, batch=batch, settings=own,
                           model_args=model_args or {}, **common)  # type: ignore[arg-type]  # fmt: skip


def _weights(model: str) -> Path:
    if model == EMBEDDED:
        return get_model()
    if model.endswith(".gguf"):
        return Path(model.removeprefix(LOCAL)).expanduser()
    raise UnknownName("local model", model, (EMBEDDED, f"{LOCAL}PATH.gguf"))
