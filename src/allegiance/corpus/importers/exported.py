"""Our own transcripts inside Inspect logs: how they are put into a sample's metadata, and taken out again.

A log says less than a transcript: it has no condition, and Inspect keeps only the fields it knows. So the sample's
metadata hold what the transcript says beside its words, and what the log's messages cannot say of them. The words
themselves are those of the log's messages, and must match the name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from allegiance.corpus.importers.besides import LABELS, Beside, plain, verdicts
from allegiance.corpus.importers.found import Kept
from allegiance.corpus.importers.scores import verdicts as scores
from allegiance.corpus.messages import from_stored
from allegiance.corpus.rows import named
from allegiance.errors import AllegianceError
from allegiance.records.canary import CANARY, MARKER
from allegiance.records.canonical import digest
from allegiance.records.record import Record
from allegiance.records.transcript import Message, Part, Transcript

KEY = "allegiance:transcript"
"""Key of a sample's metadata."""


class _Beside(Record, frozen=True, kw_only=True):
    """What a message is beyond its words: its extras, and those of its parts."""

    extra: Mapping[str, object] = {}
    parts: tuple[Mapping[str, object], ...] = ()


class _Carried(Record, frozen=True, kw_only=True):
    """A transcript without messages, its name, and what the log's messages do not say.

    Attributes:
        exact: Index → the whole message, where the log cannot say its words.
        extras: Index → what is beside the words, where the log says it otherwise.
    """

    name: str
    item: Transcript
    exact: Mapping[str, Message] = {}
    extras: Mapping[str, _Beside] = {}
    labels: list[object] | None = None
    marker: str = ""


def carry(
    name: str, item: Transcript, written: Sequence[Mapping[str, object]], labels: Sequence[Beside] | None = None
) -> dict[str, object]:
    """The metadata from which this transcript comes back, given its messages as the log will have them."""
    exact, extras = dict[str, Message](), dict[str, _Beside]()
    for index, message in enumerate(item.messages):
        read = _read(written[index], index) if index < len(written) else None
        if read == message:
            continue
        if read is not None and _words(read) == _words(message):
            extras[str(index)] = _Beside(extra=message.extra, parts=tuple(part.extra for part in message.parts))
        else:
            exact[str(index)] = message
    held = msgspec.structs.replace(item, messages=())
    made = _Carried(name=name, item=held, exact=exact, extras=extras, marker=CANARY)
    beside = {LABELS: plain(labels)} if labels is not None else {}
    return {KEY: msgspec.to_builtins(made) | beside, MARKER: CANARY}


def is_carried(raw: object) -> bool:
    """Whether a sample is a transcript of ours."""
    metadata = raw.get("metadata") if isinstance(raw, Mapping) else None
    return isinstance(metadata, Mapping) and KEY in metadata


def take(raw: Mapping[str, object], messages: Sequence[object]) -> Kept:
    """The transcript of a sample, whose messages are given with their attachments put back.

    Raises:
        ValueError: It is not what we wrote, or its words do not match its name.
    """
    metadata = raw["metadata"]
    assert isinstance(metadata, Mapping)
    try:
        held = msgspec.convert(metadata[KEY], _Carried)
        turns = tuple(_turn(index, found, held) for index, found in enumerate(messages))
        item = msgspec.structs.replace(held.item, messages=turns)
        name, _ = named(item)
        beside = None if held.labels is None else verdicts(held.labels, name)
    except (msgspec.ValidationError, AllegianceError) as error:
        raise ValueError(f"what this sample says of its transcript cannot be read: {error}") from None
    if name != held.name:
        raise ValueError(f"its words do not match its name {held.name}; it was altered")
    return Kept(item, scores(item.metadata) if beside is None else beside)


def _turn(index: int, found: object, held: _Carried) -> Message:
    key = str(index)
    if key in held.exact:
        return held.exact[key]
    message = _read(found, index)
    if message is None:
        raise ValueError(f"message {index} cannot be read")
    if key not in held.extras:
        return message
    beside = held.extras[key]
    if len(beside.parts) != len(message.parts):
        raise ValueError(f"message {index} does not have the parts that it had; it was altered")
    pairs = zip(message.parts, beside.parts, strict=True)
    parts = tuple(msgspec.structs.replace(part, extra=extra) for part, extra in pairs)
    return Message(role=message.role, parts=parts, extra=beside.extra)


def _read(found: object, index: int) -> Message | None:
    if not isinstance(found, Mapping):
        return None
    try:
        return from_stored(found, index)
    except (ValueError, msgspec.ValidationError):
        return None


def _words(message: Message) -> object:
    return [message.role, [_piece(part) for part in message.parts]]


def _piece(part: Part) -> object:
    return [part.kind, part.text, part.redacted, digest(part.data)]
