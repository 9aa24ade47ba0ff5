"""Applying a mapping to the records of one file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from allegiance.corpus.glob import capture
from allegiance.corpus.importers.found import Kept, Verdict
from allegiance.corpus.mapping import Field, LabelRule, Mapping_, Turn
from allegiance.corpus.messages import from_chat
from allegiance.corpus.prompt_file import system_prompt
from allegiance.corpus.safe import Note, clean, marked
from allegiance.records.condition import Condition
from allegiance.records.label import Value
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.transcript import Message, Part, Source, Transcript

Context = Mapping[str, object]
_ABSENT = object()


class Applied:
    """A mapping at work on one file. Counts repeats, so it is made anew for each file."""

    def __init__(self, mapping: Mapping_, captures: Mapping[str, str], name: str, root: str) -> None:
        self.mapping = mapping
        self._file = {**captures, "name": name}
        self._system = system_prompt(mapping, root) if mapping.system else ""
        self._repeats: Counter[tuple[object, ...]] = Counter()
        self._asked = [
            (rule, msgspec.convert(rule.question, Question, from_attributes=True), *_cards(rule))
            for rule in mapping.labels
        ]

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
        item = Transcript(
            messages=turns,
            source=place,
            request=self._stated("request", context),
            condition=Condition(levels=self._levels(context)),
            model=self._stated("model", context),
            run=self._stated("run", context),
            status="complete" if any(turn.role == "assistant" for turn in turns) else "incomplete",
            metadata=marked(self._rest(context), notes),
        )
        index = self._index(context)
        return Kept(
            msgspec.structs.replace(item, sample=self._count(item) if index is None else index),
            self._verdicts(context),
        )

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
        field = {"request": self.mapping.request, "model": self.mapping.model, "run": self.mapping.run}[name]
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
        assert isinstance(record, Mapping)
        assert isinstance(item, Mapping)
        used = self._used()
        kept: dict[str, object] = {
            "record": {k: v for k, v in record.items() if k not in self.mapping.each and f"record.{k}" not in used},
            "item": {k: v for k, v in item.items() if f"item.{k}" not in used},
            "file": self._file,
        }
        return {key: value for key, value in kept.items() if value}

    def _used(self) -> set[str]:
        turns = self.mapping.messages
        if isinstance(turns, Field):
            return {turns.from_}
        return {turn.from_ for turn in turns} | {turn.reasoning for turn in turns}


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


def _look(context: Context, reference: str) -> object:
    """What is at a path of names and indices. A mapping key that itself has dots is found too."""
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


def _cards(rule: LabelRule) -> tuple[RaterCard, RaterCard | None]:
    def card(name: str, menu: Mapping[str, Value]) -> RaterCard:
        settings = {
            "values": json.dumps(dict(menu), sort_keys=True, ensure_ascii=False),
            "otherwise": rule.otherwise,
        }
        return RaterCard(
            name=name, kind=rule.kind, version=rule.version, model=rule.model, settings=settings, basis=rule.basis
        )

    first = card(rule.rater, rule.values)
    if rule.alternative is None:
        return first, None
    return first, card(f"{rule.rater}/{rule.alternative.name}", {**rule.values, **rule.alternative.values})
