"""Sessions of coding agents, written as a line of JSON for each event.

Three shapes are known: events of the types ``user`` and ``assistant`` that carry a message; rollouts, whose
``response_item`` lines carry items; and bare messages, one a line. What one model saw in a row is one transcript:
the main thread of a session, and each side-chain (a sub-agent) on its own, with the session as its run. Events that
are no messages are kept as metadata, each with the number of messages before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from allegiance.corpus.importers import anthropic, openai_items
from allegiance.corpus.importers.found import Kept
from allegiance.corpus.importers.records import NOTHING, Object, an_object, kept, part_of, rest, text
from allegiance.corpus.messages import from_chat
from allegiance.records.transcript import Message, Source

EVENTS, ROLLOUT, LINES = "agent-events", "agent-rollout", "message-lines"
_SPOKEN = ("user", "assistant")
_KINDS = (*_SPOKEN, "system", "summary", "result", "progress", "file-history-snapshot", "queue-operation")
_NAMES = ("sessionId", "session_id", "uuid", "leafUuid", "messageId")
_ENVELOPES = ("session_meta", "response_item", "turn_context", "event_msg", "compacted")
_NOT_A_MODEL = "<synthetic>"


@dataclass
class Thread:
    """What one model saw in a row."""

    session: str
    chain: str
    turns: list[Message] = field(default_factory=list)
    events: list[dict[str, object]] = field(default_factory=list)
    models: dict[str, None] = field(default_factory=dict)

    def add(self, turns: Iterable[Message]) -> None:
        """Messages that came; a message that came in several lines is put together again."""
        for turn in turns:
            before = self.turns[-1] if self.turns else None
            name = turn.extra.get("id")
            if before and name and turn.role == "assistant" == before.role and before.extra.get("id") == name:
                extra = {**before.extra, **turn.extra}
                self.turns[-1] = Message(role=turn.role, parts=before.parts + turn.parts, extra=extra)
            else:
                self.turns.append(turn)

    def note(self, event: Object) -> None:
        """An event that is no message."""
        self.events.append({"after": len(self.turns), **event})

    def kept(self, place: Source) -> Kept:
        """The transcript."""
        models = [name for name in self.models if name and name != _NOT_A_MODEL]
        about: dict[str, object] = {"session": self.session, "sidechain": self.chain, "events": self.events}
        where = part_of(place, f"side-chain {self.chain}") if self.chain else place
        other = {"models": models} if len(models) > 1 else {}
        return kept(self.turns, where, about | other, model=models[0] if models else "", run=self.session)


def is_event(value: object) -> bool:
    """Whether this is a line of a session of events."""
    line = an_object(value) or NOTHING
    spoken = line.get("type") in _SPOKEN and an_object(line.get("message")) is not None
    named = any(isinstance(line.get(key), str) for key in _NAMES)
    return named and (spoken or (line.get("type") in _KINDS and "message" not in line))


def is_rollout(value: object) -> bool:
    """Whether this is a line of a rollout."""
    line = an_object(value) or NOTHING
    return line.get("type") in _ENVELOPES and an_object(line.get("payload")) is not None


def is_message(value: object) -> bool:
    """Whether this is a bare message."""
    line = an_object(value) or NOTHING
    return (
        isinstance(line.get("role"), str) and "content" in line and "messages" not in line and "choices" not in line
    )


def events(lines: Iterable[tuple[int, Object]], place: Source) -> Iterator[Kept]:
    """The transcripts of a file of events, by session, in the order in which their threads began."""
    threads: dict[tuple[str, str], Thread] = {}
    roots: dict[str, str] = {}
    last = ""
    for _, line in lines:
        last = text(line.get("sessionId")) or text(line.get("session_id")) or last
        chain = _chain(line, roots)
        thread = threads.setdefault((last, chain), Thread(last, chain))
        _take(thread, line)
    found = [thread for thread in threads.values() if thread.turns]
    loose = [event for thread in threads.values() if not thread.turns for event in thread.events]
    for index, thread in enumerate(found):
        if index == 0:
            thread.events = loose + thread.events
        yield thread.kept(msgspec.structs.replace(place, record=index))


def rollout(lines: Iterable[tuple[int, Object]], place: Source) -> Iterator[Kept]:
    """The transcript of a rollout. What its lines only show again for a screen is metadata."""
    thread, found = Thread("", ""), list[Object]()
    for _, line in lines:
        payload = an_object(line.get("payload")) or NOTHING
        if line.get("type") == "response_item":
            found.append(payload)
            continue
        if line.get("type") == "session_meta":
            thread.session = text(payload.get("id")) or thread.session
        thread.models.setdefault(text(payload.get("model")))
        thread.events.append({"after": len(found), **line})
    thread.turns = openai_items.items(found)
    if thread.turns:
        yield thread.kept(place)


def conversation(lines: Iterable[tuple[int, Object]], place: Source) -> Iterator[Kept]:
    """The one transcript of a file of bare messages."""
    turns = [part for _, line in lines for part in anthropic.message(line)]
    if turns:
        yield kept(turns, place, {}, model=text(turns[-1].extra.get("model")))


def _chain(line: Object, roots: dict[str, str]) -> str:
    """The side-chain of a line; empty for the main thread."""
    name, above = text(line.get("uuid")), text(line.get("parentUuid"))
    stated = text(line.get("parent_tool_use_id"))
    if line.get("isSidechain") is not True:
        return stated
    chain = text(line.get("agentId")) or roots.get(above) or name or "1"
    roots[name] = chain
    return chain


def _take(thread: Thread, line: Object) -> None:
    message = an_object(line.get("message"))
    if line.get("type") not in _SPOKEN or message is None:
        return thread.note(line)
    about = rest(line, "message", "type", "sessionId", "session_id")
    role = message.get("role") if isinstance(message.get("role"), str) else line.get("type")
    said = {**about, **rest(message, "type"), "role": role}
    thread.models.setdefault(text(message.get("model")))
    content = said.get("content")
    return thread.add(anthropic.message(said) if isinstance(content, list) else [from_chat(said)])
