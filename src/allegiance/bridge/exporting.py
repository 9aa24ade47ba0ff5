"""A corpus as Inspect logs, written by Inspect: one log for each run, model, task and condition, so that
``inspect view`` shows them. Each sample carries its transcript's identity, so that importing the logs gives the
same names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalResults, EvalSample, EvalSpec, write_eval_log
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ModelOutput,
)
from inspect_ai.scorer import Score
from pydantic import ValidationError

from allegiance.corpus.export_target import ROBOTS, Chosen, new_folder
from allegiance.corpus.importers.besides import Beside
from allegiance.corpus.importers.exported import carry
from allegiance.corpus.messages import EXACT, to_chat
from allegiance.records.canary import CANARY, MARKER
from allegiance.records.canonical import digest
from allegiance.records.transcript import Transcript

MOST_SAMPLES = 500
"""Samples of a log; a group that has more fills several, since a log is made in memory."""
MOST_HELD = 8 * MOST_SAMPLES
"""Samples of all groups together that wait in memory; beyond that the fullest log is written."""
_KINDS: dict[str, type[ChatMessage]] = {
    "system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant, "tool": ChatMessageTool
}  # fmt: skip
_STOPS = {"truncated": "max_tokens", "filtered": "content_filter", "refused": "content_filter"}
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


@dataclass(frozen=True, order=True)
class Group:
    """What the samples of a log have in common."""

    run: str
    model: str
    task: str
    condition: str


@dataclass
class _Log:
    """A log that is being filled, and how many of its group are written."""

    samples: list[EvalSample] = field(default_factory=list)
    seen: set[tuple[str, int]] = field(default_factory=set)
    levels: Mapping[str, str] = field(default_factory=dict)
    written: int = 0


def write_logs(chosen: Chosen, dest: Path) -> int:
    """Write a folder of ``.eval`` logs, which appears whole or not at all.

    Returns:
        The number of transcripts written.

    Raises:
        UsageError: The target exists already, or the directory in which it is to be does not.
    """
    count = 0
    logs: dict[Group, _Log] = {}
    with new_folder(dest) as folder:
        for name, item in chosen.items():
            labels = None if chosen.labels is None else chosen.labels.get(name, ())
            group = _group(item)
            log = logs.setdefault(group, _Log(levels=item.condition.levels))
            log.samples.append(_sample(name, item, log.seen, labels))
            count += 1
            if (
                len(log.samples) >= MOST_SAMPLES
                or sum(len(one.samples) for one in logs.values()) > 8 * MOST_SAMPLES
            ):
                _write(folder, group, log)
        for group, log in sorted(logs.items()):
            if log.samples:
                _write(folder, group, log)
    return count


def _group(item: Transcript) -> Group:
    return Group(run=item.run, model=item.model, task=_fact(item, "task"), condition=item.condition.name)


def _fact(item: Transcript, key: str) -> str:
    """What the log that a transcript came from says of itself; empty if it came from none."""
    log = item.metadata.get("inspect")
    found = log.get(key) if isinstance(log, Mapping) else None
    return found if isinstance(found, str) else ""


def _write(folder: Path, group: Group, log: _Log) -> None:
    log.written += 1
    where = digest([group.run, group.model, group.task, group.condition]).removeprefix("sha256:")[:12]
    name = _UNSAFE.sub("-", "_".join(filter(None, (group.task or "transcripts", group.model))))[:80]
    made = EvalLog(
        status="success",
        eval=EvalSpec(
            created="1970-01-01T00:00:00+00:00",
            task=group.task or "transcripts",
            task_args=dict(log.levels),
            run_id=group.run or where,
            eval_id=f"{where}-{log.written}",
            task_id=group.run or where,
            dataset=EvalDataset(name="allegiance", samples=len(log.samples)),
            model=group.model or "unknown",
            config=EvalConfig(),
            metadata={MARKER: CANARY, "robots": ROBOTS, "condition": group.condition},
        ),
        results=EvalResults(total_samples=len(log.samples), completed_samples=len(log.samples)),
        samples=log.samples,
    )
    write_eval_log(made, str(folder / f"{name}_{where}-{log.written}.eval"), format="eval")
    log.samples = []


def _sample(name: str, item: Transcript, seen: set[tuple[str, int]], labels: Sequence[Beside] | None) -> EvalSample:
    turns = [_message(to_chat(message, index)) for index, message in enumerate(item.messages)]
    written = [json.loads(turn.model_dump_json(exclude_none=True, fallback=str)) for turn in turns]
    asked = next((turn.text for turn in turns if turn.role == "user"), "")
    return EvalSample(
        id=_id(name, item, seen),
        epoch=max(item.sample, 0) + 1,
        input=asked,
        target="",
        messages=turns,
        output=_output(item, turns),
        scores=_scores(labels) or None,
        metadata=carry(name, item, written, labels),
    )


def _id(name: str, item: Transcript, seen: set[tuple[str, int]]) -> str:
    """The request, which pairs are made by; with the name behind it where that would not be unique."""
    short, epoch = name.removeprefix("sha256:")[:12], max(item.sample, 0) + 1
    wanted = item.request if item.request and "/" not in item.request and len(item.request) < 100 else short
    if (wanted, epoch) in seen:
        wanted = f"{wanted}-{name.removeprefix('sha256:')}"
    seen.add((wanted, epoch))
    return wanted


def _message(raw: Mapping[str, object]) -> ChatMessage:
    """A message as Inspect has it: all that it can say of it, or, where that is not enough, its words alone."""
    kind = _KINDS[str(raw["role"])]
    try:
        return kind.model_validate({key: value for key, value in raw.items() if key != EXACT})
    except ValidationError:
        return kind.model_validate({"content": _plain(raw["content"])})


def _plain(content: object) -> str:
    pieces = content if isinstance(content, list) else [{"text": content}]
    found = [piece.get("text") for piece in pieces]
    return "\n\n".join(text for text in found if isinstance(text, str))


def _output(item: Transcript, turns: Sequence[ChatMessage]) -> ModelOutput:
    last = next((turn for turn in reversed(turns) if isinstance(turn, ChatMessageAssistant)), None)
    if last is None:
        return ModelOutput(model=item.model, error="there is no reply" if item.status == "error" else None)
    stop: Any = _STOPS.get(item.status, "stop")
    return ModelOutput.from_message(last, stop_reason=stop).model_copy(update={"model": item.model})


def _scores(labels: Sequence[Beside] | None) -> dict[str, Score]:
    """Labels as scores, for people; on import the labels come back from the metadata."""
    return dict(_scored(labels or ()))


def _scored(labels: Sequence[Beside]) -> Iterator[tuple[str, Score]]:
    for one in labels:
        yield (
            f"{one.question.name}@{one.rater.name}",
            Score(value=one.label.value, explanation=one.label.raw or None),
        )
