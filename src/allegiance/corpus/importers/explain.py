"""What a file is recognised as, and what each of its fields becomes. Nothing is stored.

Nothing here knows the formats: the first record is read, then read again with one field changed, and what differs
in the transcript is what the field became. So what is told is what an import does, with a mapping or without.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from allegiance.corpus.archive import Limits
from allegiance.corpus.importers.explain_first import First, first
from allegiance.corpus.importers.found import Kept
from allegiance.corpus.importers.source import candidates, opened
from allegiance.corpus.mapping import Mapping_
from allegiance.errors import AllegianceError, ImportRefused
from allegiance.records.transcript import Part, Transcript

MOST_FIELDS = 400
"""Fields of a record that are looked at."""
_LONGEST = 60
_MARK = " ⟦changed⟧"
_SHAPE = "decides what is read"
_LOST = "not kept"
_DIGEST = re.compile("[0-9a-f]{32,}")
_PARTS = {"reasoning": "reasoning", "tool_call": "tool call", "data": "other content"}
Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class FieldUse:
    """A field of the record, what it becomes, and its value in the first record, shortened."""

    field: str
    becomes: str
    example: str


@dataclass(frozen=True)
class Explained:
    """What a file is read as.

    Attributes:
        file: Its name.
        format: What it is recognised as.
        says: The same in words.
        transcripts: How many the first record makes.
        summary: What is known of the first of them: name → value.
        fields: What each field becomes; empty where the file says by itself what its fields are.
    """

    file: str
    format: str
    says: str
    transcripts: int
    summary: Mapping[str, str]
    fields: tuple[FieldUse, ...]


def explain(path: Path, mapping: Mapping_ | None = None) -> Explained:
    """Read the first record of a file, and say what became of it.

    Raises:
        ImportRefused: It is no file, cannot be read, or holds no transcripts that we know.
        MappingError: The mapping does not fit.
    """
    taken, _ = candidates(path)
    if path.is_dir() or not taken:
        raise ImportRefused("this is not a file.", where=str(path), next="Name one file to explain.")
    with opened(taken[0], Limits()) as source:
        found = first(source, mapping)
        try:
            kept = found.read(found.record)
        except ValueError as error:
            raise ImportRefused(f"its first record cannot be read: {error}.", where=source.name) from None
        uses = tuple(_uses(found, kept)) if found.open else ()
        summary = _summary(kept[0].transcript) if kept else {}
        return Explained(source.name, found.format, found.says, len(kept), summary, uses)


def _uses(found: First, kept: Sequence[Kept]) -> Iterator[FieldUse]:
    before = [_places(one) for one in kept]
    for name, path, value in islice(_leaves(found.record), MOST_FIELDS):
        changed = _becomes(found.read, _changed(found.record, path, value), before)
        yield FieldUse(name, changed, _shortened(value))


def _becomes(
    read: Callable[[object], Sequence[Kept]], record: object, before: Sequence[Mapping[str, object]]
) -> str:
    try:
        after = [_places(one) for one in read(record)]
    except (ValueError, AllegianceError, AssertionError):
        return _SHAPE
    if len(after) != len(before):
        return _SHAPE
    told: dict[str, None] = {}
    for old, new in zip(before, after, strict=True):
        if old["(form)"] != new["(form)"]:
            return _SHAPE
        differ = [key for key in {**old, **new} if old.get(key) != new.get(key)]
        told.update((key.partition("#")[0], None) for key in differ)
    return ", ".join(told) or _LOST


def _places(one: Kept) -> dict[str, object]:
    """What a transcript says, by what it says it as. ``#`` tells several of a kind apart."""
    item = one.transcript
    made: dict[str, object] = {"(form)": [[part.kind for part in turn.parts] for turn in item.messages]}
    for i, turn in enumerate(item.messages):
        made[f"role#{i}"] = turn.role
        made[f"kept beside the message#{i}"] = turn.extra
        for j, part in enumerate(turn.parts):
            made |= {f"{key}#{i}.{j}": value for key, value in _part(part, turn.role).items()}
    for key in ("request", "model", "run", "sample", "status"):
        made[key] = getattr(item, key)
    made |= {f"condition {factor}": level for factor, level in item.condition.levels.items()}
    for v in one.verdicts:
        made[f"label {v.question.name}@{v.rater.name}"] = (v.value, v.score, v.raw)
    return made | {"kept as metadata": item.metadata}


def _part(part: Part, role: str) -> dict[str, object]:
    said = "words" if part.kind == "text" else _PARTS[part.kind]
    # The role of a message stands in no key, or a changed role would look like changed words.
    return {
        said: (part.text, part.data),
        "reasoning, whether withheld": part.redacted,
        "kept beside it": part.extra,
    }


def _leaves(value: object, name: str = "", path: Path_ = ()) -> Iterator[tuple[str, Path_, object]]:
    """The first value under each field: its name with kinds in brackets, where it is, and what it is."""
    seen: set[str] = set()
    for field, where, leaf in _walk(value, name, path):
        if field not in seen:
            seen.add(field)
            yield field, where, leaf


def _walk(value: object, name: str, path: Path_) -> Iterator[tuple[str, Path_, object]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            shown = "*" if _DIGEST.fullmatch(str(key)) else str(key)
            yield from _walk(item, f"{name}.{shown}" if name else shown, (*path, str(key)))
    elif isinstance(value, list | tuple) and value:
        for index, item in enumerate(value):
            yield from _walk(item, f"{name}[{_kind(item)}]", (*path, index))
    else:
        yield name, path, value


def _kind(item: object) -> str:
    """What an element of a list calls itself."""
    if isinstance(item, Mapping):
        for key in ("role", "type", "source"):
            said = item.get(key)
            if isinstance(said, str) and 0 < len(said) <= 30:
                return said
    return ""


def _changed(value: object, path: Path_, leaf: object) -> object:
    """The record with one value changed; what is on the way to it is made anew."""
    if not path:
        return _other(leaf)
    head, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        return {key: _changed(item, rest, leaf) if key == head else item for key, item in value.items()}
    assert isinstance(value, list | tuple)
    return [_changed(item, rest, leaf) if index == head else item for index, item in enumerate(value)]


def _other(leaf: object) -> object:
    if isinstance(leaf, bool):
        return not leaf
    if isinstance(leaf, int | float):
        return leaf + 1
    return f"{leaf}{_MARK}" if isinstance(leaf, str) else _MARK


def _shortened(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _summary(item: Transcript) -> dict[str, str]:
    turns = " ".join(turn.role for turn in item.messages[:12]) + (" …" if len(item.messages) > 12 else "")
    thoughts = [part for turn in item.messages for part in turn.parts if part.kind == "reasoning"]
    withheld = sum(part.redacted for part in thoughts)
    empty = sum(not part.redacted and not part.text for part in thoughts)
    told = f"{len(thoughts)} parts, {withheld} withheld, {empty} empty" if thoughts else "absent"
    made = {"messages": turns, "reasoning": told, "model": item.model, "request": item.request,
            "condition": item.condition.name, "run": item.run, "status": item.status}  # fmt: skip
    return {
        key: value if len(value) <= _LONGEST * 2 else f"{value[: _LONGEST * 2]}…" for key, value in made.items()
    }
