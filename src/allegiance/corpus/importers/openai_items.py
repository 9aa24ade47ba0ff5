"""OpenAI's responses: conversations as lists of items (messages, reasoning, calls and what came of them)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from allegiance.corpus.importers.found import Kept
from allegiance.corpus.importers.openai_chat import refusing
from allegiance.corpus.importers.records import NOTHING, Object, an_object, kept, objects, rest, said, text, whole
from allegiance.corpus.messages import from_chat
from allegiance.records.transcript import Message, Part, Source, Status

NAME = "openai-responses"
_STATES: dict[object, Status] = {"failed": "error", "in_progress": "incomplete", "cancelled": "incomplete",
                                 "queued": "incomplete"}  # fmt: skip
_CUT: dict[object, Status] = {"max_output_tokens": "truncated", "content_filter": "filtered"}
_CALLS = ("function_call", "custom_tool_call", "local_shell_call")
_RESULTS = ("function_call_output", "custom_tool_call_output", "local_shell_call_output")
_WORDS = ("input_text", "output_text", "text", "summary_text", "reasoning_text")


def asks(value: Object) -> bool:
    """Whether this is a request."""
    given = value.get("input")
    return isinstance(value.get("model"), str) and (isinstance(given, str) or is_items(given))


def answers(value: Object) -> bool:
    """Whether this is a response."""
    return value.get("object") == "response" or (is_items(value.get("output")) and "status" in value)


def is_items(value: object) -> bool:
    """Whether this is a list of items: objects that each have a type, or a role."""
    items = objects(value)
    return bool(items) and all(
        isinstance(item.get("type"), str) or isinstance(item.get("role"), str) for item in items or ()
    )


def read(request: Object, response: Object, outer: Object, place: Source, asked: str) -> list[Kept]:
    """The transcript of a request and its response; see `openai_chat.read`."""
    told = request.get("instructions") or response.get("instructions")
    turns = [said("system", told)] if isinstance(told, str) else items(objects(told) or ())
    given = request.get("input")
    turns += [said("user", given)] if isinstance(given, str) else items(objects(given) or ())
    turns += items(objects(response.get("output")) or ())
    about: dict[str, object] = {
        "record": outer,
        "request": rest(request, "instructions", "input", "model"),
        "response": rest(response, "instructions", "output", "model"),
    }
    model = text(response.get("model")) or text(request.get("model"))
    return [kept(turns, place, about, request=asked, model=model, status=_status(response, turns))]


def items(found: Iterable[Object]) -> list[Message]:
    """The messages that these items make. What the model did in a row (thought, said, called) is one message."""
    made: list[Message] = []
    spoken = False
    for item in found:
        turn, speaks = _item(item), item.get("type", "message") == "message"
        if made and turn.role == "assistant" == made[-1].role and not (speaks and spoken):
            before = made[-1]
            made[-1] = Message(
                role="assistant", parts=before.parts + turn.parts, extra={**before.extra, **turn.extra}
            )
            spoken = spoken or speaks
        else:
            made.append(turn)
            spoken = speaks
    return made


def _item(item: Object) -> Message:
    """One item as a message of its own. The id of what is no message stays with its part."""
    kind = item.get("type")
    if kind == "message" or (kind is None and "role" in item):
        return _message(item)
    if kind in _RESULTS:
        return _result(item)
    if kind == "reasoning":
        return Message(role="assistant", parts=(_reasoning(item),))
    if kind in _CALLS:
        return Message(role="assistant", parts=(_call(item),))
    return Message(role="assistant", parts=(Part(kind="data", data=dict(item)),))


def _message(item: Object) -> Message:
    content = item.get("content")
    if isinstance(content, list | tuple):
        content = [_piece(piece) for piece in content]
    return refusing(from_chat({**rest(item, "type"), "content": content}))


def _piece(piece: object) -> object:
    """A piece of content under the name that the common form has for it."""
    if isinstance(piece, dict) and piece.get("type") in _WORDS and isinstance(piece.get("text"), str):
        return {**piece, "type": "text"}
    return piece


def _reasoning(item: Object) -> Part:
    """Reasoning: its words where they were given, else a summary in their place, else withheld."""
    words = _joined(item.get("content"))
    if words is not None:
        return Part(kind="reasoning", text=words, extra=rest(item, "type", "content"))
    summary = _joined(item.get("summary"))
    more = rest(item, "type", "summary", "encrypted_content", "content")
    cipher = item.get("encrypted_content")
    extra = more | ({"reasoning": cipher} if cipher is not None else {})
    data: dict[str, object] = {"form": "summary"} if summary else {}
    return Part(kind="reasoning", text=summary or "", redacted=True, data=data, extra=extra)


def _joined(pieces: object) -> str | None:
    """The texts of these pieces, joined by blank lines; None if there is none."""
    found = [piece["text"] for piece in objects(pieces) or () if isinstance(piece.get("text"), str)]
    return "\n\n".join(cast("list[str]", found)) if found else None


def _call(item: Object) -> Part:
    known = "arguments" if "arguments" in item else "input" if "input" in item else "action"
    name = item.get("name", item.get("type"))
    extra = rest(item, "name", known, "call_id") | {"id": item.get("call_id")}
    return Part(kind="tool_call", data={"function": name, "arguments": item.get(known)}, extra=extra)


def _result(item: Object) -> Message:
    output = item.get("output")
    if isinstance(output, list | tuple):
        known = {"tool_call_id": item.get("call_id"), **rest(item, "call_id", "output")}
        return from_chat({**known, "role": "tool", "content": [_piece(piece) for piece in output]})
    extra = {"tool_call_id": item.get("call_id"), **rest(item, "call_id", "output")}
    if not isinstance(output, str):
        return Message(role="tool", parts=(Part(kind="data", data={"output": output}),), extra=extra)
    return Message(role="tool", parts=(Part(text=output),), extra=extra)


def _status(response: Object, turns: Sequence[Message]) -> Status:
    if any(part.extra.get("refusal") is True for turn in turns[-1:] for part in turn.parts):
        return "refused"
    state = response.get("status")
    if state == "incomplete":
        why = an_object(response.get("incomplete_details")) or NOTHING
        return _CUT.get(why.get("reason"), "incomplete")
    return _STATES.get(state) or whole(turns)
