"""Anthropic's messages: content blocks, thinking, tool use and its results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from allegiance.corpus.importers.found import Kept
from allegiance.corpus.importers.records import Object, kept, objects, rest, said, text, whole
from allegiance.corpus.messages import from_chat
from allegiance.records.transcript import Message, Part, Source, Status

NAME = "anthropic-messages"
_ENDS: dict[object, Status] = {"max_tokens": "truncated", "model_context_window_exceeded": "truncated",
                               "refusal": "refused"}  # fmt: skip
_BLOCKS = ("thinking", "redacted_thinking", "tool_use", "tool_result", "server_tool_use")


def asks(value: Object) -> bool:
    """Whether this is a request of this API: a system prompt apart, or blocks that only it knows."""
    turns = objects(value.get("messages"))
    if not turns or not all(isinstance(turn.get("role"), str) for turn in turns):
        return False
    return "system" in value or any(_own(turn.get("content")) for turn in turns)


def answers(value: Object) -> bool:
    """Whether this is a reply of this API."""
    return (
        value.get("type") == "message"
        and value.get("role") == "assistant"
        and isinstance(value.get("content"), list)
    )


def read(request: Object, response: Object, outer: Object, place: Source, asked: str) -> list[Kept]:
    """The transcript of a request and its reply; see `openai_chat.read`."""
    system = request.get("system")
    turns = [said("system", system)] if isinstance(system, str) else _system(system)
    turns += [part for turn in objects(request.get("messages")) or () for part in message(turn)]
    if answers(response):
        turns += message({"role": "assistant", "content": response.get("content"), **_id(response)})
    about: dict[str, object] = {
        "record": outer,
        "request": rest(request, "messages", "system", "model"),
        "response": rest(response, "id", "type", "role", "content", "model"),
    }
    model = text(response.get("model")) or text(request.get("model"))
    status = _ENDS.get(response.get("stop_reason")) or whole(turns)
    return [kept(turns, place, about, request=asked, model=model, status=status)]


def message(raw: Object) -> list[Message]:
    """The messages of one turn: the results of tools become messages of the role ``tool``, in their order.

    Raises:
        ValueError: It has no role, or its content is neither text nor a list.
    """
    role, content = raw.get("role"), raw.get("content")
    if not isinstance(role, str) or not isinstance(content, list | tuple):
        return [from_chat(raw)]
    made: list[Message] = []
    parts: list[Part] = []
    extra = rest(raw, "role", "content")
    for block in content:
        if isinstance(block, dict) and block.get("type") == "tool_result":
            made += [Message(role=role, parts=tuple(parts), extra=extra)] if parts else []
            made.append(_result(block, extra))
            parts = []
        else:
            parts.append(_block(block))
    return [*made, Message(role=role, parts=tuple(parts), extra=extra)] if parts or not made else made


def _system(blocks: object) -> list[Message]:
    found = objects(blocks)
    return [Message(role="system", parts=tuple(map(_block, found)))] if found else []


def _own(content: object) -> bool:
    return any(block.get("type") in _BLOCKS for block in objects(content) or ())


def _id(response: Object) -> dict[str, object]:
    return {"id": response["id"]} if isinstance(response.get("id"), str) else {}


def _block(block: object) -> Part:
    """One block. Withheld thinking has no words; its cipher is an extra."""
    kind = block.get("type") if isinstance(block, dict) else None
    if isinstance(block, dict) and kind == "thinking" and isinstance(block.get("thinking"), str):
        return Part(kind="reasoning", text=block["thinking"], extra=rest(block, "type", "thinking"))
    if isinstance(block, dict) and kind == "redacted_thinking":
        cipher = {"reasoning": block["data"]} if "data" in block else {}
        return Part(kind="reasoning", redacted=True, extra=cipher | rest(block, "type", "data"))
    if isinstance(block, dict) and kind == "tool_use":
        data = {"function": block.get("name"), "arguments": block.get("input")}
        return Part(kind="tool_call", data=data, extra=rest(block, "type", "name", "input"))
    [part] = from_chat({"role": "", "content": [block]}).parts
    return part


def _result(block: Object, extra: Object) -> Message:
    content = block.get("content")
    known = {"tool_call_id": block.get("tool_use_id"), **rest(block, "type", "tool_use_id", "content"), **extra}
    return from_chat({"role": "tool", "content": content} | rest(known, "role", "content", "tool_calls"))


def conversation(turns: Iterable[Object]) -> Sequence[Message]:
    """The messages of several turns."""
    return [part for turn in turns for part in message(turn)]
