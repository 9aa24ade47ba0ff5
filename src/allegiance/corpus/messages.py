"""Messages to and from Inspect's chat message JSON, which is how they are stored.

`from_chat` reads any message in the common form: a role, a content that is text or a list of typed pieces, tool
calls (Inspect's or OpenAI's), and other fields. Nothing is dropped: a piece of an unknown kind becomes a part of
kind ``data`` as it came, other fields are kept in `extra`. `to_chat` writes what Inspect can read, and
``from_stored(to_chat(m, i), i) == m`` for every message: where the common form cannot say exactly what the record
says, the record itself is put beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec

from allegiance.records.transcript import Message, Part

EXACT = "allegiance:exact"
"""Key of a stored message under which the exact record stands, where the common form falls short."""
_ROLES = ("system", "user", "assistant", "tool")
_KINDS = ("image", "audio", "video", "document", "data", "tool_use")
_OWN = ("role", "content", "tool_calls")
_SPECIAL = {*_OWN, EXACT, "reasoning", "reasoning_content"}


def from_chat(raw: Mapping[str, object]) -> Message:
    """A message from its JSON object, which must already be clean (see `safe.clean`).

    Raises:
        ValueError: It has no role, or its content is neither text nor a list; the text says which.
    """
    role = raw.get("role")
    if not isinstance(role, str):
        raise ValueError("a message has no role")
    extra = {key: value for key, value in raw.items() if key not in _OWN}
    parts = _aside(role, extra) + _content(raw.get("content")) + _calls(raw.get("tool_calls"), extra)
    return Message(role=role, parts=tuple(parts), extra=extra)


def from_stored(raw: Mapping[str, object], index: int) -> Message:
    """A message as `to_chat` wrote it at this index."""
    exact = raw.get(EXACT)
    if exact is not None:
        return msgspec.convert(exact, Message)
    if raw.get("id") == _made(index):
        raw = {key: value for key, value in raw.items() if key != "id"}
    return from_chat(raw)


def to_chat(message: Message, index: int) -> dict[str, object]:
    """The message at this index as Inspect's chat message JSON, with an id. Read it back with `from_stored`."""
    raw = _common(message, index)
    if _sure(message, index):
        return raw
    try:
        if EXACT not in message.extra and _readable(raw) and from_stored(raw, index) == message:
            return raw
    except (ValueError, msgspec.ValidationError):
        pass
    return _inspectable(raw, message) | {EXACT: msgspec.to_builtins(message)}


def _sure(message: Message, index: int) -> bool:
    """Whether the common form is sure to read back to the same message, so that it need not be tried.

    That is so for a known role and parts of nothing but text and reasoning, unless an extra has a name by which
    something else would be read.
    """
    extra, parts = message.extra, message.parts
    if message.role not in _ROLES or not _SPECIAL.isdisjoint(extra):
        return False
    if "id" in extra and (type(extra["id"]) is not str or extra["id"] == _made(index)):
        return False
    if len(parts) == 1 and parts[0].kind == "text" and not parts[0].text:
        return False
    return all(p.kind in ("text", "reasoning") and not (p.redacted or p.data or p.extra) for p in parts)


def words(messages: Sequence[Message]) -> str:
    """All words of a conversation: the text of every part in order, joined by blank lines."""
    return "\n\n".join(part.text for message in messages for part in message.parts if part.text)


def _made(index: int) -> str:
    return f"allegiance-{index}"


def _aside(role: str, extra: dict[str, object]) -> list[Part]:
    """Reasoning that stands beside the content, as in OpenAI-style and older Inspect messages."""
    for key in ("reasoning", "reasoning_content"):
        if role == "assistant" and isinstance(extra.get(key), str):
            return [Part(kind="reasoning", text=str(extra.pop(key)))]
    return []


def _content(content: object) -> list[Part]:
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [Part(text=content)]
    if isinstance(content, list | tuple):
        return [_piece(piece) for piece in content]
    raise ValueError("the content of a message is neither text nor a list")


def _piece(piece: object) -> Part:
    if isinstance(piece, str):
        return Part(text=piece)
    if not isinstance(piece, Mapping):
        raise ValueError("a piece of content is neither text nor an object")
    kind = piece.get("type")
    if kind == "text" and isinstance(piece.get("text"), str):
        return Part(text=str(piece["text"]), extra=_rest(piece, "type", "text"))
    if kind == "reasoning" and isinstance(piece.get("reasoning"), str):
        return _reasoning(piece)
    return Part(kind="data", data=dict(piece))


def _reasoning(piece: Mapping[str, object]) -> Part:
    """Withheld reasoning has no words; its cipher is an extra. A summary in its place is its text, and says so."""
    words, summary = str(piece["reasoning"]), piece.get("summary")
    if piece.get("redacted") is True:
        rest = _rest(piece, "type", "redacted", "summary") if summary else _rest(piece, "type", "redacted")
        data: dict[str, object] = {"form": "summary"} if summary else {}
        return Part(kind="reasoning", text=str(summary or ""), redacted=True, data=data, extra=rest)
    data = {"summary": summary} if summary else {}
    rest = _rest(piece, "type", "reasoning", "summary") if summary else _rest(piece, "type", "reasoning")
    return Part(kind="reasoning", text=words, data=data, extra=rest)


def _calls(calls: object, extra: dict[str, object]) -> list[Part]:
    if calls is None:
        return []
    if not isinstance(calls, list | tuple) or not all(isinstance(call, Mapping) for call in calls):
        extra["tool_calls"] = calls
        return []
    return [_call(call) for call in calls]


def _call(call: Mapping[str, object]) -> Part:
    function = call.get("function")
    if isinstance(function, Mapping):
        data = {"function": function.get("name"), "arguments": function.get("arguments")}
        return Part(
            kind="tool_call", data=data, extra=_rest(call, "function") | _rest(function, "name", "arguments")
        )
    data = {"function": function, "arguments": call.get("arguments")}
    return Part(kind="tool_call", data=data, extra=_rest(call, "function", "arguments"))


def _rest(piece: Mapping[str, object], *known: str) -> dict[str, object]:
    return {key: value for key, value in piece.items() if key not in known}


def _common(message: Message, index: int) -> dict[str, object]:
    calls = [{**p.extra, **p.data} for p in message.parts if p.kind == "tool_call"]
    rest = [p for p in message.parts if p.kind != "tool_call"]
    plain = len(rest) == 1 and rest[0].kind == "text" and not rest[0].extra
    content: object = rest[0].text if plain else [_written(part) for part in rest] if rest else ""
    raw: dict[str, object] = {"id": _made(index), **message.extra, "role": message.role, "content": content}
    return raw | {"tool_calls": calls} if calls else raw


def _written(part: Part) -> dict[str, object]:
    if part.kind == "text":
        return {**part.extra, "type": "text", "text": part.text}
    if part.kind == "reasoning" and part.redacted:
        summary = {"summary": part.text} if part.text else {}
        return {"reasoning": "", **part.extra, **summary, "type": "reasoning", "redacted": True}
    if part.kind == "reasoning":
        return {**part.extra, **part.data, "type": "reasoning", "reasoning": part.text}
    return dict(part.data)


def _readable(raw: Mapping[str, object]) -> bool:
    """Whether roles, kinds and calls are such as Inspect knows."""
    content, calls = raw["content"], raw.get("tool_calls", [])
    if raw["role"] not in _ROLES or not isinstance(raw["id"], str):
        return False
    if isinstance(content, list) and not all(
        piece.get("type") in ("text", "reasoning", *_KINDS) for piece in content
    ):
        return False
    return isinstance(calls, list) and all(_callable(call) for call in calls)


def _callable(call: object) -> bool:
    if not isinstance(call, Mapping):
        return False
    plain = all(isinstance(call.get(key), str) for key in ("id", "function"))
    return plain and isinstance(call.get("arguments"), Mapping)


def _inspectable(raw: dict[str, object], message: Message) -> dict[str, object]:
    """The common form once more, for readers that know only Inspect's roles, kinds and argument objects."""
    role = message.role if message.role in _ROLES else "system" if message.role == "developer" else "user"
    content = raw["content"]
    if isinstance(content, list):
        content = [_known(piece) for piece in content]
    kept: dict[str, object] = {"id": raw["id"] if isinstance(raw["id"], str) else str(raw["id"])}
    kept |= {"role": role, "content": content}
    calls = [_known_call(part, i) for i, part in enumerate(message.parts) if part.kind == "tool_call"]
    return kept | {"tool_calls": calls} if calls and role == "assistant" else kept


def _known(piece: Mapping[str, object]) -> Mapping[str, object]:
    if piece.get("type") in ("text", "reasoning"):
        return piece
    return {"type": "data", "data": dict(piece)}


def _known_call(part: Part, index: int) -> dict[str, object]:
    arguments = part.data.get("arguments")
    if not isinstance(arguments, Mapping):
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        arguments = {"text": text}
    name = part.extra.get("id")
    return {
        "id": name if isinstance(name, str) else f"call-{index}",
        "function": str(part.data.get("function")),
        "arguments": dict(arguments),
    }
