"""Trajectories of agents as one JSON object each: in steps, as runs of transcripts, or as a try with its reward."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from allegiance.corpus.importers.found import Kept
from allegiance.corpus.importers.records import (
    NOTHING,
    Object,
    an_object,
    chat,
    is_chat,
    kept,
    objects,
    part_of,
    rest,
    text,
)
from allegiance.corpus.messages import from_chat
from allegiance.records.transcript import Message, Part, Source

STEPS, RUN, TRY = "agent-steps", "agent-run", "agent-try"
_ROLES = {"agent": "assistant"}
_STEP = ("source", "message", "reasoning_content", "tool_calls", "observation")


def is_steps(value: object) -> bool:
    """Whether this is a trajectory in steps (ATIF): each step has a source and a message."""
    record = an_object(value) or NOTHING
    steps = objects(record.get("steps"))
    return bool(steps) and "agent" in record and all("source" in step and "message" in step for step in steps or ())


def steps(value: object, place: Source) -> list[Kept]:
    """The transcript of a trajectory in steps; a step's observations follow it as messages of the role ``tool``.

    Raises:
        ValueError: It is none.
    """
    record = an_object(value) or NOTHING
    turns = [turn for step in objects(record.get("steps")) or () for turn in _step(step)]
    agent = an_object(record.get("agent")) or NOTHING
    named = [text(turn.extra.get("model_name")) for turn in turns if turn.role == "assistant"]
    model = text(agent.get("model_name")) or next(filter(None, named), "")
    return [kept(turns, place, rest(record, "steps"), model=model, run=text(record.get("session_id")))]


def is_run(value: object) -> bool:
    """Whether this is an agent run with its transcripts (Docent)."""
    return any(_transcripts(value))


def run(value: object, place: Source) -> list[Kept]:
    """The transcripts of an agent run. What is said of the run stands with each.

    Raises:
        ValueError: A message in it is not one.
    """
    record = an_object(value) or NOTHING
    about = rest(record, "transcripts")
    found = list(_transcripts(record))
    made = []
    for key, one in found:
        metadata = an_object(one.get("metadata")) or an_object(about.get("metadata")) or NOTHING
        where = part_of(place, key) if len(found) > 1 else place
        turns = chat(one.get("messages"))
        own = {"agent_run": about, "transcript": rest(one, "messages")}
        made.append(kept(turns, where, own, model=text(metadata.get("model")), run=text(record.get("id"))))
    return made


def is_try(value: object) -> bool:
    """Whether this is one try of a task with its reward: ``traj`` holds the messages."""
    return is_chat((an_object(value) or NOTHING).get("traj"))


def a_try(value: object, place: Source) -> list[Kept]:
    """The transcript of a try; the task is its request, the number of the try its sample index.

    Raises:
        ValueError: A message in it is not one.
    """
    record = an_object(value) or NOTHING
    trial = record.get("trial")
    number = trial if isinstance(trial, int) and not isinstance(trial, bool) and trial >= 0 else -1
    turns = chat(record.get("traj"))
    return [kept(turns, place, rest(record, "traj"), request=text(record.get("task_id")), sample=number)]


def _transcripts(value: object) -> Iterator[tuple[str, Object]]:
    """Name and object of each transcript of a run, if it is one."""
    held = (an_object(value) or NOTHING).get("transcripts")
    named = list(held.items()) if isinstance(held, Mapping) else list(enumerate(objects(held) or ()))
    if all(is_chat((an_object(one) or NOTHING).get("messages")) for _, one in named):
        for key, one in named:
            yield text(one.get("id")) or text(one.get("name")) or str(key), one


def _step(step: Object) -> list[Message]:
    source = step.get("source")
    if not isinstance(source, str):
        raise ValueError("a step does not say who speaks")
    raw: dict[str, object] = {
        "role": _ROLES.get(source, source),
        "content": step.get("message"),
        **rest(step, *_STEP),
    }
    if "reasoning_content" in step:
        raw["reasoning_content"] = step["reasoning_content"]
    turn = from_chat(raw)
    calls = tuple(_call(call) for call in objects(step.get("tool_calls")) or ())
    made = Message(role=turn.role, parts=turn.parts + calls, extra=turn.extra)
    seen = an_object(step.get("observation")) or NOTHING
    return [made, *(_observed(result) for result in objects(seen.get("results")) or ())]


def _call(call: Object) -> Part:
    data = {"function": call.get("function_name"), "arguments": call.get("arguments")}
    return Part(kind="tool_call", data=data, extra={"id": call.get("tool_call_id"), **rest(call, "tool_call_id",
                "function_name", "arguments")})  # fmt: skip


def _observed(result: Object) -> Message:
    known = {"tool_call_id": result.get("source_call_id"), **rest(result, "source_call_id", "content", "role")}
    return from_chat({**known, "role": "tool", "content": result.get("content")})
