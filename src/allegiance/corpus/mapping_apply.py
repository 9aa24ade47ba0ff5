"""Applying a mapping to the records of one file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from allegiance.corpus import plain
from allegiance.corpus.building import COUNTED
from allegiance.corpus.glob import capture
from allegiance.corpus.importers.found import Kept, Verdict
from allegiance.corpus.mapping import Field, LabelRule, Mapping_, Turn
from allegiance.corpus.messages import from_chat
from allegiance.corpus.prompt_file import system_prompt
from allegiance.corpus.safe import Note, clean, is_clean, marked
from allegiance.records.condition import Condition
from allegiance.records.label import Value
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.transcript import Message, Part, Source, Status, Transcript

Context = Mapping[str, object]
_ABSENT = object()
_encode = msgspec.json.Encoder().encode


class Quick(NamedTuple):
    """A transcript whose messages are stored already: they are in `chat`, and not in `item`.

    Attributes:
        chat: The messages.
        item: All else.
        metadata: Its metadata as JSON.
        verdicts: The labels that came with it.
    """

    chat: plain.Chat
    item: Transcript
    metadata: bytes
    verdicts: tuple[Verdict, ...]


class Applied:
    """A mapping at work on one file. Counts repeats, so it is made anew for each file.

    Attributes:
        mapping: The mapping.
        counting: Whether repeats are counted; otherwise a sample index that is to be counted is `COUNTED`.
    """

    def __init__(self, mapping: Mapping_, captures: Mapping[str, str], name: str, root: str) -> None:
        self.mapping, self.counting = mapping, True
        self._file = {**captures, "name": name}
        self._system = system_prompt(mapping, root) if mapping.system else ""
        self._repeats: Counter[tuple[object, ...]] = Counter()
        self._asked = [
            (rule, msgspec.convert(rule.question, Question, from_attributes=True), *_cards(rule, captures))
            for rule in mapping.labels
        ]
        self._used = _used(mapping)
        self._spent = {at.removeprefix("record.") for at in self._used if at.startswith("record.")}
        self._spent |= set(mapping.each)
        self._messages = _simple_messages(mapping)

    def kept(self, record: object, place: Source) -> Iterator[Kept]:
        """The transcripts of one record.

        Raises:
            ValueError: The record does not fit the mapping; the text says why.
        """
        value, notes = clean(record)
        if not isinstance(value, dict):
            raise ValueError("the record is not an object")
        for item in self._items(value):
            yield self._one({"record": value, "item": item, "file": self._file}, place, notes)

    def quick(self, record: object, place: Source) -> Quick | None:
        """What `kept` would give for a record of plain messages that is clean as it is; None for any other.

        Raises:
            ValueError: The record does not fit the mapping; the text says why.
        """
        if not self._messages or type(record) is not dict:
            return None
        chat = plain.chat(record.get(self._messages), self._system if self.mapping.system else None)
        if chat is None or not is_clean(record, self._messages):
            return None
        context: Context = {"record": record, "item": {}, "file": self._file}
        metadata = self._rest(context)
        item = self._stamped(context, place, (), "complete" if chat.replied else "incomplete", metadata)
        return Quick(chat, item, _encode(metadata), self._verdicts(context))

    def refine(self, item: Transcript, context: Context) -> tuple[Transcript, tuple[Verdict, ...]]:
        """A transcript that was read already, with what the mapping says of it.

        Raises:
            ValueError: The data does not fit the mapping; the text says why.
        """
        whole = {**context, "file": self._file}
        levels = {**item.condition.levels, **self._levels(whole)}
        stated = {key: self._stated(key, whole) for key in ("request", "model", "run")}
        index = self._index(whole)
        changed = msgspec.structs.replace(
            item,
            condition=Condition(levels=levels, scenario=item.condition.scenario),
            sample=item.sample if index is None else index,
            **{key: text for key, text in stated.items() if text},
        )
        return changed, self._verdicts(whole)

    def _items(self, record: Mapping[str, object]) -> list[dict[str, object]]:
        lists = {name: record[name] for name in self.mapping.each if record.get(name) is not None}
        if not self.mapping.each:
            return [{}]
        columns = {name: value if isinstance(value, list) else [value] for name, value in lists.items()}
        lengths = {name: len(column) for name, column in columns.items()}
        if not columns:
            raise ValueError(f"the record has none of the fields {', '.join(self.mapping.each)}")
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise ValueError(f"lists that belong together differ in length: {told}")
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def _one(self, context: Context, place: Source, notes: list[Note]) -> Kept:
        turns = self._turns(context)
        status: Status = "complete" if any(turn.role == "assistant" for turn in turns) else "incomplete"
        item = self._stamped(context, place, turns, status, marked(self._rest(context), notes))
        return Kept(item, self._verdicts(context))

    def _stamped(
        self,
        context: Context,
        place: Source,
        turns: tuple[Message, ...],
        status: Status,
        metadata: Mapping[str, object],
    ) -> Transcript:
        """The transcript, with request, condition, model, run and sample index."""
        made = Transcript(
            messages=turns,
            source=place,
            request=self._stated("request", context),
            condition=Condition(levels=self._levels(context)),
            model=self._stated("model", context),
            run=self._stated("run", context),
            sample=COUNTED,
            status=status,
            metadata=metadata,
        )
        index = self._index(context)
        if index is None and not self.counting and made.request and made.model:
            return made
        return msgspec.structs.replace(made, sample=self._count(made) if index is None else index)

    def _turns(self, context: Context) -> tuple[Message, ...]:
        system = [Message(role="system", parts=(Part(text=self._system),))] if self.mapping.system else []
        if isinstance(self.mapping.messages, Field):
            chat = _look(context, self.mapping.messages.from_)
            if not isinstance(chat, list) or not all(isinstance(raw, Mapping) for raw in chat):
                raise ValueError(f"{self.mapping.messages.from_} is not a list of messages")
            return (*system, *(from_chat(raw) for raw in chat))
        turns = [_turn(turn, context) for turn in self.mapping.messages]
        return (*system, *(turn for turn in turns if turn is not None))

    def _stated(self, name: str, context: Context) -> str:
        field: Field | None = getattr(self.mapping, name)
        return "" if field is None else _text(field, context, name) or ""

    def _levels(self, context: Context) -> dict[str, str]:
        found = {factor: _text(field, context, factor) for factor, field in self.mapping.condition.items()}
        return {factor: level for factor, level in found.items() if level is not None}

    def _index(self, context: Context) -> int | None:
        if self.mapping.sample is None:
            return None
        text = _text(self.mapping.sample, context, "sample")
        if text is None or not text.isdecimal() or len(text) > 15:
            raise ValueError(f"the sample index is {text!r}, not a whole number from 0")
        return int(text)

    def _count(self, item: Transcript) -> int:
        """Which repeat of a request in a condition by a model this is; -1 if request or model is unknown."""
        if not item.request or not item.model:
            return -1
        key = (item.request, item.model, item.run, tuple(sorted(item.condition.levels.items())))
        self._repeats[key] += 1
        return self._repeats[key] - 1

    def _verdicts(self, context: Context) -> tuple[Verdict, ...]:
        made = []
        for rule, question, card, second in self._asked:
            found = _look(context, rule.from_)
            if found is _ABSENT or found is None:
                continue
            said = _as_text(found)
            made.append(_verdict(question, card, rule.values, rule.otherwise, said))
            if rule.alternative is not None and second is not None:
                made.append(
                    _verdict(question, second, {**rule.values, **rule.alternative.values}, rule.otherwise, said)
                )
        return tuple(made)

    def _rest(self, context: Context) -> dict[str, object]:
        """What the conversation does not hold already: other fields, the other lists' elements, the captures."""
        record, item = context["record"], context["item"]
        assert isinstance(record, dict)
        assert isinstance(item, dict)
        kept: dict[str, object] = {}
        if rest := {key: value for key, value in record.items() if key not in self._spent}:
            kept["record"] = rest
        if item and (rest := {key: value for key, value in item.items() if f"item.{key}" not in self._used}):
            kept["item"] = rest
        return {**kept, "file": self._file}


def applied(mapping: Mapping_, name: str, root: str) -> Applied | None:
    """The mapping at work on the file of this name under the import root; None if its globs do not fit the name.

    Raises:
        MappingError: The system prompt cannot be made.
    """
    for glob in mapping.files:
        captures = capture(glob, name)
        if captures is not None:
            return Applied(mapping, captures, name, root)
    return None


def _used(mapping: Mapping_) -> set[str]:
    """Where the messages are."""
    turns = mapping.messages
    if isinstance(turns, Field):
        return {turns.from_}
    return {turn.from_ for turn in turns} | {turn.reasoning for turn in turns}


def _simple_messages(mapping: Mapping_) -> str:
    """The key of a record under which its messages stand, where each record is one conversation; else empty."""
    if not isinstance(mapping.messages, Field) or mapping.each:
        return ""
    root, _, key = mapping.messages.from_.partition(".")
    return key if root == "record" and "." not in key else ""


def _turn(turn: Turn, context: Context) -> Message | None:
    words = turn.text if turn.text else _look(context, turn.from_)
    thoughts = _look(context, turn.reasoning) if turn.reasoning else _ABSENT
    parts = [] if thoughts is _ABSENT or thoughts is None else [Part(kind="reasoning", text=_as_text(thoughts))]
    if words is _ABSENT:
        raise ValueError(f"there is no {turn.from_}")
    if words is None:
        return Message(role=turn.role, parts=tuple(parts)) if parts else None
    if not isinstance(words, str):
        raise ValueError(f"{turn.from_} is not text")
    return Message(role=turn.role, parts=(*parts, Part(text=words)))


def _text(field: Field, context: Context, name: str) -> str | None:
    """The value of a field as text; None if the data has none."""
    found = field.text or _look(context, field.from_)
    if found is _ABSENT or found is None:
        return None
    text = _as_text(found)
    if field.match:
        text = _matched(field.match, text, name)
    if not field.map:
        return text
    if text in field.map:
        return field.map[text]
    if field.otherwise is None:
        raise ValueError(f"{name}: the value {text[:80]!r} is not in the map")
    return field.otherwise


def _matched(pattern: str, text: str, name: str) -> str:
    found = pc.extract_regex(pa.array([text]), pattern)[0].as_py()
    if found is None:
        raise ValueError(f"{name}: the text does not match {pattern!r}")
    return str(found["value"])


@cache
def _simple(reference: str) -> tuple[str, str]:
    """Root and key of a reference that names one key under a root; else nothing for the key."""
    root, _, key = reference.partition(".")
    return root, "" if "." in key else key


def _look(context: Context, reference: str) -> object:
    """What is at a path of names and indices. A mapping key that itself has dots is found too."""
    root, key = _simple(reference)
    held = context.get(root)
    if key and type(held) is dict:
        return held.get(key, _ABSENT)
    found: object = context
    steps = reference.split(".")
    while steps:
        if isinstance(found, Mapping):
            size = next((n for n in range(len(steps), 0, -1) if ".".join(steps[:n]) in found), 0)
            if not size:
                return _ABSENT
            found, steps = found[".".join(steps[:size])], steps[size:]
        elif isinstance(found, list) and steps[0].isdecimal() and int(steps[0]) < len(found):
            found, steps = found[int(steps[0])], steps[1:]
        else:
            return _ABSENT
    return found


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _verdict(
    question: Question, card: RaterCard, menu: Mapping[str, Value], otherwise: Value, said: str
) -> Verdict:
    return Verdict(question=question, rater=card, value=menu.get(said.strip(), otherwise), raw=said)


def _cards(rule: LabelRule, captures: Mapping[str, str]) -> tuple[RaterCard, RaterCard | None]:
    rater = rule.rater
    for key, value in captures.items():
        rater = rater.replace(f"{{{key}}}", value)

    def card(name: str, menu: Mapping[str, Value]) -> RaterCard:
        settings = {
            "values": json.dumps(dict(menu), sort_keys=True, ensure_ascii=False),
            "otherwise": rule.otherwise,
        }
        return RaterCard(
            name=name, kind=rule.kind, version=rule.version, model=rule.model, settings=settings, basis=rule.basis
        )

    first = card(rater, rule.values)
    if rule.alternative is None:
        return first, None
    return first, card(f"{rater}/{rule.alternative.name}", {**rule.values, **rule.alternative.values})
