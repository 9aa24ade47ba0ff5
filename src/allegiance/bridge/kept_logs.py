"""The ``.eval`` logs of a run: which there are, and which samples they already hold.

A run that was stopped and continued has several logs. Each holds the samples that were missing before it, so
together they hold every sample once, apart from failed ones that were tried again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog, list_eval_logs, read_eval_log, read_eval_log_sample_summaries

from allegiance.bridge.kept_transcripts import Place
from allegiance.bridge.naming import KEY

_BROKEN_OFF = "CancelledError"
"""Start of the error that Inspect notes for samples that were under way when a run was stopped."""


@dataclass(frozen=True)
class KeptLog:
    """A log: its file, the plan and the run that it belongs to, when it began (in ns), and how it ended."""

    path: Path
    plan: str
    run: str
    began: int
    status: str

    def outcomes(self) -> dict[str, bool]:
        """Id of each sample that it holds to its end → whether the model answered it."""
        ended = [s for s in _summaries(self.path) if not str(s.error or "").startswith(_BROKEN_OFF)]
        return {str(s.id): s.error is None and s.completed_at is not None for s in ended}


class Outcomes:
    """What the logs of a run hold, taken together.

    Attributes:
        run: The run; empty if there are no logs.
        places: Id of each sample → where its record is: the first answer, or else the last failure.
        answered: Ids of the samples that the model answered.
        failures: Id → how many logs hold it as failed.
    """

    def __init__(self, logs: Sequence[KeptLog]) -> None:
        self.run = logs[-1].run if logs else ""
        self.places: dict[str, Place] = {}
        self.answered: set[str] = set()
        self.failures: Counter[str] = Counter()
        for log in logs:
            for name, answered in log.outcomes().items():
                if name not in self.answered:
                    self.places[name] = Place(log.path, name)
                if answered:
                    self.answered.add(name)
                else:
                    self.failures[name] += 1


def latest_run(folder: Path, plan: str) -> tuple[KeptLog, ...]:
    """The logs of the latest run of a plan, oldest first; empty if it never ran."""
    logs = [log for log in _logs(folder) if log.plan == plan]
    return tuple(log for log in logs if log.run == logs[-1].run) if logs else ()


def of_run(folder: Path, run: str) -> tuple[KeptLog, ...]:
    """The logs of one run, oldest first."""
    return tuple(log for log in _logs(folder) if log.run == run)


def _logs(folder: Path) -> list[KeptLog]:
    if not folder.is_dir():
        return []
    files = list_eval_logs(str(folder), formats=["eval"])
    found = [_kept(Path(info.name.removeprefix("file://"))) for info in files]
    return sorted((log for log in found if log is not None), key=lambda log: (log.began, log.path.name))


def _kept(path: Path) -> KeptLog | None:
    """The log in a file; None if it is not one of ours, or too damaged to say."""
    header = _header(path)
    note: Mapping[str, Any] = ((header.eval.metadata if header else None) or {}).get(KEY, {})
    if header is None or "plan" not in note or "run" not in note:
        return None
    return KeptLog(path, str(note["plan"]), str(note["run"]), int(note.get("began", 0)), str(header.status))


def _header(path: Path) -> EvalLog | None:
    try:
        return read_eval_log(str(path), header_only=True)
    except Exception:  # whatever a torn or foreign file makes the reader raise, it holds no sample for us
        return None


def _summaries(path: Path) -> list[Any]:
    try:
        return list(read_eval_log_sample_summaries(str(path)))
    except Exception:  # as above: nothing was flushed before the run was killed
        return []
