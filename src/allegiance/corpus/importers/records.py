"""What the readers of foreign records share: looking into JSON objects, and putting a transcript together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from allegiance.corpus.importers.found import Kept
from allegiance.corpus.messages import from_chat
from allegiance.records.transcript import Message, Part, Source, Status, Transcript

Object = Mapping[str, object]
NOTHING: Object = {}


def an_object(value: object) -> Object | None:
    """The value, if it is a JSON object."""
    return value if isinstance(value, Mapping) else None


def objects(value: object) -> Sequence[Object] | None:
    """The value, if it is a list of JSON objects."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, Mapping) for item in value):
        return None
    return value


def text(value: object) -> str:
    """The value if it is text, or a whole number as text; else nothing."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def rest(value: Object, *known: str) -> dict[str, object]:
    """The fields of an object but these."""
    return {key: item for key, item in value.items() if key not in known}


def is_chat(value: object) -> bool:
    """Whether this is a conversation: a list of objects that each have a role."""
    turns = objects(value)
    return bool(turns) and all(isinstance(turn.get("role"), str) for turn in turns or ())


def chat(value: object) -> list[Message]:
    """The messages of a conversation.

    Raises:
        ValueError: It is not one; the text says why.
    """
    turns = objects(value)
    if turns is None:
        raise ValueError("the messages are not a list of objects")
    return [from_chat(turn) for turn in turns]


def said(role: str, words: str, **extra: object) -> Message:
    """A message of text alone."""
    return Message(role=role, parts=(Part(text=words),) if words else (), extra=extra)


def whole(turns: Iterable[Message]) -> Status:
    """``complete`` if the model has said anything, else ``incomplete``."""
    return "complete" if any(turn.role == "assistant" for turn in turns) else "incomplete"


def kept(turns: Sequence[Message], place: Source, metadata: Mapping[str, object], **facts: object) -> Kept:
    """A transcript. Metadata without a value are left out; `facts` are its fields, such as `model`."""
    made = Transcript(
        messages=tuple(turns),
        source=place,
        status=whole(turns),
        metadata={key: value for key, value in metadata.items() if value not in (None, {}, [], "")},
    )
    return Kept(msgspec.structs.replace(made, **facts))


def part_of(place: Source, part: str) -> Source:
    """The place of one of several transcripts in a record, so that equal words there are not one occurrence."""
    return msgspec.structs.replace(place, member=f"{place.member} › {part}" if place.member else part)
