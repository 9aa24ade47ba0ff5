"""A run through Inspect AI: prompts in, transcripts out, the logs kept as Inspect wrote them."""

from __future__ import annotations

import math
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from allegiance.bridge.alone import alone
from allegiance.bridge.faults import Stopped, told
from allegiance.bridge.kept_transcripts import KeptTranscripts, Place
from allegiance.bridge.naming import sample_id, unique
from allegiance.bridge.needs import need
from allegiance.errors import AllegianceError, RunError, UsageError
from allegiance.records.canonical import digest
from allegiance.records.prompt import Prompt

if TYPE_CHECKING:
    from allegiance.bridge.kept_logs import Outcomes

Progress = Callable[[int, int], None]
Slots = Mapping[str, tuple[Prompt, int]]
_SECRET = ("key", "token", "secret", "password", "credential", "auth")
_PASSWORD_IN_URL = re.compile(r"://[^/\s@]*:[^/\s@]*@")
INTERRUPTED = 130
"""Exit status of a program that was interrupted from the keyboard."""


def count_calls(prompts: Sequence[Prompt], samples: int = 1) -> int:
    """How many calls a run of these prompts makes if nothing of it was done before: one for each turn."""
    return sum(1 + len(prompt.then) for prompt in prompts) * samples


@dataclass
class InspectRun:
    """Sends prompts to any model that Inspect knows; implements the protocol `Run`.

    Attributes:
        model: Inspect's name of the model, for example ``allegiance/smollm2`` or ``openai/gpt-4o``.
        log_dir: Where the logs go, and where a stopped run of the same plan is looked for.
        samples: Repeats of each prompt.
        max_connections: Calls under way at the same time; the provider's own number if None.
        max_retries: How often Inspect repeats a call that failed for a passing reason.
        timeout: Seconds that one try of a call may take; the provider's own limit if None.
        temperature: Of sampling; the provider's own if None.
        max_tokens: Bound on a reply; the provider's own if None.
        batch: Whether to use the provider's batch interface, or the size of a batch.
        cache: Whether to keep replies by what was asked, and to read those that are kept instead of asking.
        resume: Whether to go on with the latest run of the same plan: what it answered is kept and not asked
            again, what failed or is missing is asked; if all is there, no call is made. If false, begin anew.
        seed: Seed of the run, for models that take one.
        model_args: Settings of the provider. Keys and other secrets are refused here, as settings are written to
            the log; providers take them from the environment.
        on_progress: Told how many samples are done, and of how many.
    """

    model: str
    log_dir: Path
    samples: int = 1
    max_connections: int | None = None
    max_retries: int = 5
    timeout: int | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    batch: bool | int | None = None
    cache: bool = False
    resume: bool = True
    seed: int = 0
    model_args: Mapping[str, object] = field(default_factory=dict)
    on_progress: Progress | None = None

    def __call__(self, prompts: Sequence[Prompt]) -> KeptTranscripts:
        """Ask; the transcripts are read from the logs when they are gone through, one at a time.

        Returns:
            A transcript for each prompt and repeat, in the order of the prompts; samples that failed have status
            ``error``.

        Raises:
            MissingExtra: Inspect or the provider is not installed.
            RunError: The run could not start, or was stopped; what was answered is in the log, and the same call
                goes on from there.
        """
        slots, plan = self._slots(prompts), self._plan(prompts)
        engine = _engine()
        with alone(self.log_dir, plan):
            held = self._held(plan)
            missing = [name for name in slots if name not in held.answered]
            run = held.run or uuid.uuid4().hex
            if missing:
                note = {"plan": plan, "run": run, "seed": self.seed, "canary": prompts[0].canary,
                        "began": time.time_ns()}  # fmt: skip
                todo = [(*slots[name], held.failures[name]) for name in missing]
                self._ask(todo, len(slots), note)
        return self._found(slots, engine.Outcomes(engine.of_run(self.log_dir, run)).places)

    def check(self, prompts: Sequence[Prompt]) -> None:
        """Look whether this could be run at all; reads no logs and makes no call.

        Raises:
            UsageError: There is nothing to run, a prompt comes twice, or a setting looks like a secret.
        """
        self._slots(prompts)

    def missing(self, prompts: Sequence[Prompt]) -> list[Prompt]:
        """What would be asked now, given what the logs already hold: each prompt as often as it is missing."""
        slots, answered = self._slots(prompts), self._held(self._plan(prompts)).answered
        return [prompt for name, (prompt, _) in slots.items() if name not in answered]

    def pending(self, prompts: Sequence[Prompt]) -> int:
        """How many samples would be asked now."""
        return len(self.missing(prompts))

    def _slots(self, prompts: Sequence[Prompt]) -> Slots:
        if self.samples < 1 or not prompts:
            raise UsageError("there is nothing to run.", where="run", next="Give prompts, and at least one sample.")
        if self.temperature is not None and not 0 <= self.temperature < math.inf:
            raise UsageError("the temperature is no number from 0 on.", where="temperature")
        _refuse_secrets(self.model_args)
        unique(prompts)
        return {sample_id(p, repeat): (p, repeat) for p in prompts for repeat in range(self.samples)}

    def _plan(self, prompts: Sequence[Prompt]) -> str:
        """What makes two runs the same: prompts, model and all that changes its replies, repeats."""
        return digest([[p.digest for p in prompts], *self._answering(), self.samples, self.seed])

    def _answering(self) -> list[object]:
        """Model and the settings on which its replies depend; what is not stated is left out."""
        asked = {"temperature": self.temperature, "max_tokens": self.max_tokens}
        stated = {key: str(value) for key, value in asked.items() if value is not None}
        return [self.model, {key: str(value) for key, value in self.model_args.items()} | stated]

    def _held(self, plan: str) -> Outcomes:
        engine = _engine()
        held: Outcomes = engine.Outcomes(engine.latest_run(self.log_dir, plan) if self.resume else ())
        return held

    def _ask(self, todo: Sequence[tuple[Prompt, int, int]], total: int, note: Mapping[str, object]) -> None:
        engine = _engine()
        count = _counter(self.on_progress, total - len(todo), total)
        about = digest([*self._answering(), self.seed])
        replies = engine.Replies(self.log_dir / "replies", about) if self.cache else None
        reasons: list[str] = []
        solver = engine.ask(self.seed, str(note["run"]), count, replies, reasons.append)
        with engine.opened(self.model, self.model_args) as model:
            try:
                log = engine.evaluate(todo, model, self.log_dir, note, solver, self._settings())
            except AllegianceError:
                raise
            except KeyboardInterrupt:
                raise self._interrupted() from None
            except (Exception, Stopped) as error:
                raise self._stopped(f"was stopped: {reasons[0] if reasons else told(error)}") from error
        if log is None or log.status == "cancelled":
            raise self._interrupted()
        if log.status != "success":
            why = told(log.error.message) if log.error else "it ended early."
            raise self._stopped(f"was stopped: {reasons[0] if reasons else why}")

    def _settings(self) -> dict[str, object]:
        return {
            "max_connections": self.max_connections,
            "max_samples": self.max_connections,
            "max_retries": self.max_retries,
            "attempt_timeout": self.timeout,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "batch": self.batch or None,
        }

    def _interrupted(self) -> RunError:
        error = self._stopped("was interrupted.")
        error.exit_code = INTERRUPTED
        return error

    def _stopped(self, how: str) -> RunError:
        advice = "Samples that were answered are kept; the same call goes on from there."
        return RunError(f"the run of {self.model} {how}", where=str(self.log_dir), next=advice)

    def _found(self, slots: Slots, places: Mapping[str, Place]) -> KeptTranscripts:
        """The transcripts of a run: one for each slot."""
        lost = [name for name in slots if name not in places]
        if lost:
            raise self._stopped(f"left {len(lost)} of {len(slots)} samples without a record, such as {lost[0]!r}.")
        return KeptTranscripts([places[name] for name in slots])


def _engine() -> ModuleType:
    """What needs Inspect, loaded when the first run begins."""
    need("inspect_ai", "inspect-ai", "run")
    from allegiance.bridge import engine  # noqa: PLC0415

    return engine


def _counter(progress: Progress | None, done: int, total: int) -> Callable[[], None] | None:
    if progress is None:
        return None
    lock, count = threading.Lock(), [done]

    def one_more() -> None:
        with lock:
            count[0] += 1
            progress(count[0], total)

    progress(done, total)
    return one_more


def _refuse_secrets(settings: Mapping[str, object]) -> None:
    for name, value in settings.items():
        if any(word in name.lower() for word in _SECRET) or _PASSWORD_IN_URL.search(str(value)):
            raise UsageError(
                f"the model setting {name!r} looks like a secret, and settings are written to the log.",
                where="model_args",
                next="Set the provider's environment variable instead.",
            )
