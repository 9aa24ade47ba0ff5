"""A transcript: what was said, in which condition, by which model, from which source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from allegiance.records.canonical import digest, plain
from allegiance.records.condition import Condition
from allegiance.records.record import Record

PartKind = Literal["text", "reasoning", "tool_call", "data"]
Status = Literal["complete", "truncated", "refused", "filtered", "error", "incomplete"]


class Part(Record, frozen=True, kw_only=True):
    """A piece of a message.

    Absent reasoning is no part; empty reasoning is a part with empty text; redacted reasoning has ``redacted``
    set. The three are different things.

    Attributes:
        kind: ``text``; ``reasoning``; ``tool_call`` (``data`` holds function and arguments); ``data`` for anything
            else, kept as it came in ``data``.
        text: The words, in code points as they came.
        redacted: Whether the source withheld the words.
        data: The words of parts that are not text.
        extra: Fields that are not words (ids, signatures, sources); kept, and outside every digest of words.
    """

    kind: PartKind = "text"
    text: str = ""
    redacted: bool = False
    data: Mapping[str, object] = {}
    extra: Mapping[str, object] = {}


class Message(Record, frozen=True, kw_only=True):
    """One turn. `role` is kept as it came: ``system``, ``user``, ``assistant``, ``tool``, or unknown to us."""

    role: str
    parts: tuple[Part, ...] = ()
    extra: Mapping[str, object] = {}

    def text(self, kind: PartKind = "text") -> str:
        """The words of all parts of one kind, joined by a blank line."""
        return "\n\n".join(part.text for part in self.parts if part.kind == kind)


class Source(Record, frozen=True, kw_only=True):
    """Where a transcript came from. Not part of its name.

    Attributes:
        digest: SHA-256 of the bytes of the file.
        file: Name of the file, for people; never opened again.
        member: Member of the archive, if the file is one.
        record: Index of the record in the file, from 0.
        format: What it was read as, for example ``inspect-eval``, ``inspect-json``, ``scout``, ``jsonl``.
    """

    digest: str
    file: str
    member: str = ""
    record: int = 0
    format: str = ""


class Transcript(Record, frozen=True, kw_only=True):
    """A conversation with a model, in a condition.

    Attributes:
        messages: The turns in order.
        source: Where it came from.
        request: Identity of what was asked, the same in all tiers; empty if unknown. Pairs are made by it.
        condition: The levels known.
        model: Name of the model; empty if unknown.
        run: Identity of the run, where the source states one; two runs of one task are different occurrences.
        sample: Index of the repeat of this request in this condition, from 0; -1 if unknown.
        status: Whether the reply is whole. A refusal here is the provider's stop reason, not a reading of the text.
        canary: Canary string that marks generated data, if any.
        metadata: Everything else, as it came.
    """

    messages: tuple[Message, ...]
    source: Source
    request: str = ""
    condition: Condition = Condition()
    model: str = ""
    run: str = ""
    sample: int = -1
    status: Status = "complete"
    canary: str = ""
    metadata: Mapping[str, object] = {}

    @property
    def text_digest(self) -> str:
        """Digest of the words alone: roles and parts, without ids and other extras. Same words, same digest."""
        return digest([[m.role, [_words(part) for part in m.parts]] for m in self.messages])

    @property
    def name(self) -> str:
        """The name of this occurrence; see `occurrence`."""
        return occurrence(self.text_digest, self)

    @property
    def answer(self) -> str:
        """The text of the last assistant message, without its reasoning; empty if there is none."""
        return next((m.text() for m in reversed(self.messages) if m.role == "assistant"), "")

    @property
    def reasoning(self) -> str:
        """The reasoning of all assistant messages, joined by a blank line; empty if there is none."""
        return "\n\n".join(filter(None, (m.text("reasoning") for m in self.messages if m.role == "assistant")))


def occurrence(text: str, item: Transcript) -> str:
    """The name of an occurrence, given the digest of its words.

    Identical replies to one request are different occurrences: the name covers words, request, condition, model,
    run and sample index. Where request, model or sample index is unknown, it covers the words, the digest of the
    source and the index of the record instead. Importing a file twice gives the same names either way.
    """
    return digest(identity(text, item))


def identity(text: str, item: Transcript) -> dict[str, object]:
    """What the name of an occurrence is the digest of: public, so that a bundle can carry it as a column."""
    if item.request and item.model and item.sample >= 0:
        return {
            "text": text,
            "request": item.request,
            "condition": plain(item.condition),
            "model": item.model,
            "run": item.run,
            "sample": item.sample,
        }
    return {
        "text": text,
        "source": item.source.digest,
        "member": item.source.member,
        "record": item.source.record,
        "condition": plain(item.condition),
    }


def _words(part: Part) -> list[object]:
    return [part.kind, part.text, part.redacted, part.data]
