"""The one place that calls Inspect's `eval`: a model that is closed for certain, and logs that hold no secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog
from inspect_ai.model import Model, get_model

import allegiance.bridge.registry  # noqa: F401  (makes the provider known where the package is not installed)
from allegiance.bridge.asking import ask, sample
from allegiance.bridge.kept_logs import latest_run, of_run
from allegiance.bridge.naming import KEY
from allegiance.errors import AllegianceError, RunError
from allegiance.records.prompt import Prompt

__all__ = ["evaluate", "first_line", "latest_run", "of_run", "opened"]
WRITE_EACH = 500
"""Runs of at most this many samples write each to disk as it ends; longer ones leave it to Inspect, in batches."""


def evaluate(
    slots: Sequence[tuple[Prompt, int]],
    model: Model,
    folder: Path,
    note: Mapping[str, object],
    *,
    seed: int,
    on_done: Callable[[], None] | None,
    limits: Mapping[str, int | None],
) -> EvalLog:
    """Ask each prompt once and keep the log in a folder. A sample that fails does not stop the others."""
    task = Task(name="allegiance", dataset=[sample(*slot) for slot in slots], solver=ask(seed, on_done),
                metadata={KEY: dict(note)})  # fmt: skip
    settings: dict[str, Any] = {key: value for key, value in limits.items() if value is not None}
    [log] = inspect_eval(
        task,
        model=model,
        log_dir=str(folder),
        log_format="eval",
        log_buffer=1 if len(slots) <= WRITE_EACH else None,
        log_realtime=False,
        log_level="error",
        display="none",
        fail_on_error=False,
        score=False,
        ctl_server=False,
        acp_server=False,
        **settings,
    )
    return log


@contextmanager
def opened(name: str, args: Mapping[str, object]) -> Iterator[Model]:
    """A model of Inspect by name; a local server behind it does not outlive the block.

    Raises:
        RunError: There is no such model, or it lacks a key or a package; the message is the provider's.
    """
    model = _model(name, dict(args))
    try:
        yield model
    finally:
        server = getattr(model.api, "server", None)
        if server is not None:
            server.stop()


def first_line(error: object) -> str:
    """The first line of a message, or the name of the error if it has none."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _model(name: str, args: dict[str, Any]) -> Model:
    try:
        return get_model(name, memoize=False, **args)
    except AllegianceError:
        raise
    except (Exception, SystemExit) as error:
        advice = "See the providers of Inspect AI, or use allegiance/smollm2."
        what = f"the model {name!r} cannot be used: {first_line(error)}"
        raise RunError(what, where="model", next=advice) from error
