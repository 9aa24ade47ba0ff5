"""OpenAI's chat completions: what a request asked and what its choices answered."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from allegiance.corpus.importers.found import Kept
from allegiance.corpus.importers.records import (
    NOTHING,
    Object,
    chat,
    is_chat,
    kept,
    objects,
    part_of,
    rest,
    text,
    whole,
)
from allegiance.corpus.messages import from_chat
from allegiance.records.transcript import Message, Part, Source, Status

NAME = "openai-chat"
_ENDS: dict[object, Status] = {"length": "truncated", "content_filter": "filtered"}


def asks(value: Object) -> bool:
    """Whether this is a request, or a conversation with its reply in it."""
    return is_chat(value.get("messages"))


def answers(value: Object) -> bool:
    """Whether this is a completion."""
    choices = objects(value.get("choices"))
    return bool(choices) and all(isinstance(choice.get("message"), dict) for choice in choices or ())


def read(request: Object, response: Object, outer: Object, place: Source, asked: str) -> list[Kept]:
    """One transcript a choice; one without a reply where there is no completion.

    Args:
        request, response: Of the API; empty where the file does not have it.
        outer: Other fields of the record.
        place: Where it was.
        asked: Identity of the request; empty if unknown.

    Raises:
        ValueError: A message is not one.
    """
    turns = [refusing(turn) for turn in chat(request.get("messages") or [])]
    model = text(response.get("model")) or text(request.get("model"))
    about: dict[str, object] = {"record": outer, "request": rest(request, "messages", "model")}
    choices = objects(response.get("choices")) or ()
    if not choices:
        about["response"] = rest(response, "model")
        return [kept(turns, place, about, request=asked, model=model)]
    about["response"] = rest(response, "choices", "model")
    return [_choice(turns, choice, n, place, about, asked, model) for n, choice in enumerate(choices)]


def _choice(
    turns: Sequence[Message], choice: Object, number: int, place: Source, about: Object, asked: str, model: str
) -> Kept:
    message = choice.get("message")
    reply = refusing(from_chat(message if isinstance(message, dict) else NOTHING))
    where = part_of(place, f"choice {number}") if number else place
    other = {**about, "choice": rest(choice, "message")}
    made = [*turns, reply]
    return kept(made, where, other, request=asked, model=model, status=_status(choice, reply, made))


def _status(choice: Object, reply: Message, turns: Sequence[Message]) -> Status:
    if any(part.extra.get("refusal") is True for part in reply.parts):
        return "refused"
    return _ENDS.get(choice.get("finish_reason")) or whole(turns)


def refusing(message: Message) -> Message:
    """The message with the words of a refusal that stand beside its content as a part of it."""
    words = message.extra.get("refusal")
    parts = tuple(_refusal(part) for part in message.parts)
    if isinstance(words, str) and words:
        parts = (*parts, Part(text=words, extra={"refusal": True}))
        return msgspec.structs.replace(message, parts=parts, extra=rest(message.extra, "refusal"))
    return msgspec.structs.replace(message, parts=parts)


def _refusal(part: Part) -> Part:
    """A piece of content of the kind ``refusal`` as words."""
    words = part.data.get("refusal")
    if part.kind != "data" or part.data.get("type") != "refusal" or not isinstance(words, str):
        return part
    return Part(text=words, extra={"refusal": True, **rest(part.data, "type", "refusal")})
