"""The one place that calls Inspect's `eval`: a model that is closed for certain, and logs that hold no secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog
from inspect_ai.model import Model, get_model
from inspect_ai.solver import Solver

import allegiance.bridge.registry  # noqa: F401  (makes the provider known where the package is not installed)
from allegiance.bridge.asking import ask, sample
from allegiance.bridge.faults import fatal, flat, lacking
from allegiance.bridge.kept_logs import Outcomes, latest_run, of_run
from allegiance.bridge.naming import KEY
from allegiance.bridge.replies import Replies
from allegiance.bridge.scripted import with_script
from allegiance.errors import AllegianceError, RunError
from allegiance.records.prompt import Prompt

__all__ = ["Outcomes", "Replies", "ask", "evaluate", "latest_run", "of_run", "opened"]
FLUSHES = 500
"""How often a run writes to disk at most, apart from its last batch: shorter runs write each sample as it ends."""


def evaluate(
    slots: Sequence[tuple[Prompt, int, int]],
    model: Model,
    folder: Path,
    note: Mapping[str, object],
    solver: Solver,
    settings: Mapping[str, Any],
) -> EvalLog | None:
    """Ask each prompt once and keep the log in a folder. A sample that fails does not stop the others.

    Returns:
        The log without its samples, which are on disk; None if the run was interrupted from the keyboard.
    """
    task = Task(name="allegiance", dataset=[sample(*slot) for slot in slots], solver=solver,
                metadata={KEY: dict(note)})  # fmt: skip
    given = {key: value for key, value in settings.items() if value is not None}
    logs = inspect_eval(
        task,
        model=model,
        log_dir=str(folder),
        log_format="eval",
        log_buffer=max(1, len(slots) // FLUSHES),
        log_realtime=False,
        log_header_only=True,
        log_level="error",
        display="none",
        fail_on_error=False,
        score=False,
        ctl_server=False,
        acp_server=False,
        **given,
    )
    return logs[0] if logs else None


@contextmanager
def opened(name: str, args: Mapping[str, object]) -> Iterator[Model]:
    """A model of Inspect by name; a local server behind it does not outlive the block.

    Raises:
        RunError: There is no such model, or it lacks a key or a package; the message is the provider's.
    """
    model = _model(name, dict(args))
    _spare_hopeless_tries(model)
    try:
        yield model
    finally:
        server = getattr(model.api, "server", None)
        if server is not None:
            server.stop()


def _spare_hopeless_tries(model: Model) -> None:
    """An error after which no call can succeed is not tried again, whatever the provider's own rule."""
    rule = model.api.should_retry
    model.api.should_retry = lambda ex: False if fatal(ex) else rule(ex)  # type: ignore[method-assign]


def _model(name: str, args: dict[str, Any]) -> Model:
    try:
        return get_model(name, memoize=False, **with_script(name, args))
    except AllegianceError:
        raise
    except (Exception, SystemExit) as error:
        if names := lacking(error):
            what = f"the provider of {name!r} needs {' or '.join(names)}, which is not set in the environment."
            raise RunError(what, where="model", next="Set it, and give the same command again.") from error
        advice = "See the providers of Inspect AI, or use allegiance/smollm2."
        raise RunError(f"the model {name!r} cannot be used: {flat(error)}", where="model", next=advice) from error
