"""A run through Inspect AI: prompts in, transcripts out, the logs kept as Inspect wrote them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from allegiance.bridge.naming import KEY, sample_id, transcript_id, unique
from allegiance.bridge.needs import need
from allegiance.corpus.importers import plan_import
from allegiance.errors import AllegianceError, RunError, UsageError
from allegiance.records.canonical import digest
from allegiance.records.prompt import Prompt
from allegiance.records.transcript import Transcript

Progress = Callable[[int, int], None]
Slots = Mapping[str, tuple[Prompt, int]]
_SECRET = ("key", "token", "secret", "password", "credential", "auth")


def count_calls(prompts: Sequence[Prompt], samples: int = 1) -> int:
    """How many calls a run of these prompts makes if nothing of it was done before."""
    return len(prompts) * samples


@dataclass
class InspectRun:
    """Sends prompts to any model that Inspect knows; implements the protocol `Run`.

    Attributes:
        model: Inspect's name of the model, for example ``allegiance/smollm2`` or ``openai/gpt-4o``.
        log_dir: Where the logs go, and where a stopped run of the same plan is looked for.
        samples: Repeats of each prompt.
        max_connections: Calls under way at the same time; the provider's own number if None.
        max_retries: How often Inspect repeats a call that failed for a passing reason.
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
    resume: bool = True
    seed: int = 0
    model_args: Mapping[str, object] = field(default_factory=dict)
    on_progress: Progress | None = None

    def __call__(self, prompts: Sequence[Prompt]) -> list[Transcript]:
        """Ask, and read the logs back.

        Returns:
            A transcript for each prompt and repeat, in the order of the prompts; samples that failed have status
            ``error``.

        Raises:
            MissingExtra: Inspect or the provider is not installed.
            RunError: The run could not start, or was stopped; what was answered is in the log, and the same call
                goes on from there.
        """
        slots, plan = self._slots(prompts), self._plan(prompts)
        run, missing = self._missing(slots, plan)
        if missing:
            self._ask(slots, missing, {"plan": plan, "run": run, "seed": self.seed, "canary": prompts[0].canary})
        return self._read(slots, run)

    def pending(self, prompts: Sequence[Prompt]) -> int:
        """How many calls would be made now, given what the logs already hold."""
        return len(self._missing(self._slots(prompts), self._plan(prompts))[1])

    def _slots(self, prompts: Sequence[Prompt]) -> Slots:
        if self.samples < 1 or not prompts:
            raise UsageError("there is nothing to run.", where="run", next="Give prompts, and at least one sample.")
        _refuse_secrets(self.model_args)
        unique(prompts)
        return {sample_id(p, repeat): (p, repeat) for p in prompts for repeat in range(self.samples)}

    def _plan(self, prompts: Sequence[Prompt]) -> str:
        """What makes two runs the same: prompts, model and its settings, repeats, seed."""
        settings = {key: str(value) for key, value in self.model_args.items()}
        return digest([[p.digest for p in prompts], self.model, settings, self.samples, self.seed])

    def _missing(self, slots: Slots, plan: str) -> tuple[str, list[str]]:
        """The run to go on with, or a new one, and the ids that it lacks."""
        logs = _engine().latest_run(self.log_dir, plan) if self.resume else ()
        done = frozenset[str]().union(*(log.answered() for log in logs))
        return (logs[-1].run if logs else uuid.uuid4().hex), [name for name in slots if name not in done]

    def _ask(self, slots: Slots, missing: Sequence[str], note: Mapping[str, object]) -> None:
        engine = _engine()
        limits = {"max_connections": self.max_connections, "max_samples": self.max_connections}
        with engine.opened(self.model, self.model_args) as model:
            self.log_dir.mkdir(parents=True, exist_ok=True)
            count = _counter(self.on_progress, len(slots) - len(missing), len(slots))
            try:
                log = engine.evaluate([slots[name] for name in missing], model, self.log_dir, note, seed=self.seed,
                                      on_done=count, limits=limits | {"max_retries": self.max_retries})  # fmt: skip
            except AllegianceError:
                raise
            except KeyboardInterrupt:
                raise self._stopped("was interrupted") from None
            except Exception as error:
                raise self._stopped(f"could not go on: {engine.first_line(error)}") from error
        if log.status != "success":
            reason = engine.first_line(log.error.message) if log.error else "interrupted"
            raise self._stopped(f"ended early: {reason}")

    def _stopped(self, how: str) -> RunError:
        advice = "Samples that were answered are kept; the same call goes on from there."
        return RunError(f"the run of {self.model} {how.rstrip('.')}.", where=str(self.log_dir), next=advice)

    def _read(self, slots: Slots, run: str) -> list[Transcript]:
        """The transcripts of a run from its logs: one for each slot, an answer before a failure."""
        paths = [log.path for log in _engine().of_run(self.log_dir, run) if log.ids()]
        best: dict[str, Transcript] = {}
        for item in map(_as_asked, plan_import(paths, None).transcripts if paths else ()):
            name = transcript_id(item)
            if name not in best or best[name].status == "error":
                best[name] = item
        lost = [name for name in slots if name not in best]
        if lost:
            raise self._stopped(f"left {len(lost)} of {len(slots)} samples without a record, such as {lost[0]!r}")
        return [best[name] for name in slots]


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


def _as_asked(item: Transcript) -> Transcript:
    """A transcript as its own sample says: the repeat it was, and complete if the model ended its reply."""
    metadata: Any = item.metadata.get("metadata")
    note = metadata.get(KEY) if isinstance(metadata, Mapping) else None
    repeat = note.get("sample", item.sample) if isinstance(note, Mapping) else item.sample
    ended = item.status == "incomplete" and item.metadata.get("stop_reason") == "stop"
    return msgspec.structs.replace(item, sample=int(str(repeat)), status="complete" if ended else item.status)


def _refuse_secrets(names: Iterable[str]) -> None:
    for name in names:
        if any(word in name.lower() for word in _SECRET):
            raise UsageError(
                f"the model setting {name!r} looks like a secret, and settings are written to the log.",
                where="model_args",
                next="Set the provider's environment variable instead.",
            )
