"""One sample of an Inspect log as a transcript."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from allegiance.corpus.importers import exported
from allegiance.corpus.importers.found import Kept
from allegiance.corpus.importers.scores import verdicts
from allegiance.corpus.mapping_apply import Applied
from allegiance.corpus.messages import from_chat
from allegiance.corpus.safe import clean, marked
from allegiance.errors import ImportRefused
from allegiance.records.condition import Condition
from allegiance.records.transcript import Message, Source, Status, Transcript

OWN = "allegiance"
"""Key of sample metadata under which our own runs say request, condition and canary."""
_ATTACHMENT = "attachment://"
_BULKY = (
    "messages",
    "events",
    "events_data",
    "attachments",
    "message_pool",
    "call_pool",
    "timelines",
    "transcript",
)
_HEADER = (
    "task", "task_id", "task_version", "task_args", "task_args_passed", "eval_id", "run_id", "created", "model",
    "model_args", "model_generate_config", "model_roles", "packages", "revision", "solver", "solver_args", "tags",
)  # fmt: skip
_STOPS: dict[object, Status] = {
    "content_filter": "filtered",
    "refusal": "refused",
    "max_tokens": "truncated",
    "model_length": "truncated",
    "length": "truncated",
}


class _Own(msgspec.Struct):
    request: str = ""
    condition: Condition = Condition()
    canary: str = ""
    sample: int = -1
    run: str = ""


def sample(
    raw: object, status: str, run: Mapping[str, object], place: Source, applied: Applied | None, most: int
) -> Kept:
    """The transcript and labels of a sample. `status` is the run's, `run` its header, `most` the limit in bytes.

    Raises:
        ValueError: It is not a sample; the text says why.
    """
    try:
        return _sample(raw, status, run, place, applied, most)
    except RecursionError:
        raise ValueError("this sample is nested too deeply") from None


def _sample(
    raw: object, status: str, run: Mapping[str, object], place: Source, applied: Applied | None, most: int
) -> Kept:
    epoch = _epoch(raw)
    assert isinstance(raw, Mapping)
    texts = raw.get("attachments") or _old_attachments(raw)
    kept = {key: value for key, value in raw.items() if key not in _BULKY}
    spread = _Spread(texts if isinstance(texts, Mapping) else {}, most)
    resolved = spread.out({**kept, "messages": raw.get("messages") or _input(raw)})
    value, notes = clean(resolved)
    assert isinstance(value, dict)
    if exported.is_carried(value):
        return exported.take(value, _mappings(value["messages"]) if raw.get("messages") else [])
    turns = tuple(from_chat(message) for message in _mappings(value.pop("messages")))
    item = Transcript(
        messages=turns,
        source=place,
        request=f"{run['task']}/{value['id']}",
        model=str(run["model"]),
        # Inspect keeps the id of a task when it is retried, and gives each task of a run its own.
        run=str(run.get("task_id") or run.get("run_id") or ""),
        sample=epoch - 1,
        status=_status(value, status, turns),
        metadata=marked(_metadata(value, status, run, turns), notes),
    )
    context = {"eval": run, "sample": value | {"messages": []}}
    if applied is None:
        return Kept(_ours(item, value), verdicts(value))
    item, stated = applied.refine(item, context)
    # A mapping that names labels says what the scores mean; the scores themselves stay in the metadata.
    return Kept(_ours(item, value), stated if applied.mapping.labels else verdicts(value))


class _Spread:
    """Puts attachments back where they are referred to, up to a number of characters in all."""

    def __init__(self, texts: Mapping[str, object], most: int) -> None:
        self._texts, self._left = texts, most

    def out(self, value: object) -> object:
        """The value with its references replaced; unknown ones stay as they are."""
        if not self._texts:
            return value
        if isinstance(value, str):
            return self._text(value) if value.startswith(_ATTACHMENT) else value
        if isinstance(value, Mapping):
            return {key: self.out(item) for key, item in value.items()}
        return [self.out(item) for item in value] if isinstance(value, list) else value

    def _text(self, value: str) -> object:
        text = self._texts.get(value.removeprefix(_ATTACHMENT), value)
        self._left -= len(text) if isinstance(text, str) else 0
        if self._left < 0:
            raise ImportRefused("the attachments of this sample would fill more than the limit.")
        return text


def _epoch(raw: object) -> int:
    epoch = raw.get("epoch", 1) if isinstance(raw, Mapping) and "id" in raw else None
    if not isinstance(epoch, int) or isinstance(epoch, bool) or not 1 <= epoch < 1 << 31:
        raise ValueError("this is not a sample: it has no id, or its epoch is not a number from 1")
    return epoch


def _old_attachments(raw: Mapping[str, object]) -> object:
    old = raw.get("transcript")
    return old.get("content") if isinstance(old, Mapping) else None


def _input(raw: Mapping[str, object]) -> list[object]:
    """What was asked, where the conversation was not logged."""
    asked = raw.get("input")
    if isinstance(asked, str):
        return [{"role": "user", "content": asked}]
    return asked if isinstance(asked, list) else []


def _mappings(value: object) -> list[Mapping[str, object]]:
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise ValueError("the messages of this sample are not a list of objects")
    return value


def _output(value: Mapping[str, object]) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """The model's output, and its first choice."""
    output = value.get("output")
    if not isinstance(output, Mapping):
        return {}, {}
    choices = output.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else {}
    return output, first if isinstance(first, Mapping) else {}


def _status(value: Mapping[str, object], run: str, turns: tuple[Message, ...]) -> Status:
    output, first = _output(value)
    if value.get("error") or output.get("error"):
        return "error"
    if first.get("stop_reason") in _STOPS:
        return _STOPS[first.get("stop_reason")]
    if any(part.extra.get("refusal") is True for turn in turns[-1:] for part in turn.parts):
        return "refused"
    if value.get("limit"):
        return "truncated"
    replied = any(turn.role == "assistant" for turn in turns)
    return "complete" if run == "success" and replied else "incomplete"


def _metadata(
    value: Mapping[str, object], status: str, run: Mapping[str, object], turns: tuple[Message, ...]
) -> dict[str, object]:
    """Everything of a sample but its conversation; what only repeats the conversation is left out."""
    skip = {"id", "epoch", "output", "metadata", "input"}
    kept = {key: item for key, item in value.items() if key not in skip and item not in (None, {}, [])}
    log: dict[str, object] = {key: run[key] for key in _HEADER if run.get(key) not in (None, {}, [])}
    log |= {"status": status, "id": value["id"], "epoch": value.get("epoch", 1)}
    if isinstance(error := kept.get("error"), Mapping):
        log["error"] = error.get("message")
    if isinstance(limit := kept.get("limit"), Mapping):
        log["limit"] = limit.get("type")
    if isinstance(seconds := kept.get("total_time"), int | float):
        log["total_time"] = seconds
    output, first = _output(value)
    if first and _said(first, turns):
        kept["output"] = {k: v for k, v in output.items() if k not in ("choices", "completion")}
        kept["stop_reason"] = first.get("stop_reason")
    elif output:
        kept["output"] = output
    if not _asked(value.get("input"), turns):
        kept["input"] = value.get("input")
    return {**kept, "metadata": value.get("metadata") or {}, "inspect": clean(log)[0]}


def _said(choice: Mapping[str, object], turns: tuple[Message, ...]) -> bool:
    """Whether the conversation already holds the words of this choice."""
    message = choice.get("message")
    if not isinstance(message, Mapping) or not set(choice) <= {"message", "stop_reason"}:
        return False
    try:
        parts = from_chat(message).parts
    except ValueError:
        return False
    return any(turn.parts == parts for turn in reversed(turns) if turn.role == "assistant")


def _asked(asked: object, turns: tuple[Message, ...]) -> bool:
    """Whether the conversation already holds the words of this input."""
    if isinstance(asked, str):
        return any(turn.text() == asked for turn in turns if turn.role == "user")
    if not isinstance(asked, list):
        return asked is None
    try:
        wanted = [from_chat(message).parts for message in _mappings(asked)]
    except ValueError:
        return False
    held = [turn.parts for turn in turns]
    return all(parts in held for parts in wanted)


def _ours(item: Transcript, value: Mapping[str, object]) -> Transcript:
    """What our own runs say of a sample wins over all else."""
    metadata = value.get("metadata")
    stated = metadata.get(OWN) if isinstance(metadata, Mapping) else None
    if not isinstance(stated, Mapping):
        return item
    try:
        own = msgspec.convert(stated, _Own)
    except msgspec.ValidationError as error:
        raise ValueError(f"its metadata under {OWN!r} is not what our runs write: {error}") from None
    return msgspec.structs.replace(
        item,
        request=own.request or item.request,
        condition=item.condition if own.condition == Condition() else own.condition,
        canary=own.canary,
        sample=own.sample if own.sample >= 0 else item.sample,
        run=own.run or item.run,
    )
