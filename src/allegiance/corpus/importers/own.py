"""Our own JSONL and JSON: what `Corpus.export` writes, read back to the same names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from allegiance.corpus.importers.besides import LABELS, verdicts
from allegiance.corpus.importers.chats import Numbered, lines
from allegiance.corpus.importers.found import Kept, Reject
from allegiance.corpus.importers.source import SourceFile
from allegiance.corpus.safe import clean, decode, parse
from allegiance.errors import ImportRefused, NotCanonical
from allegiance.records.canary import MARKER
from allegiance.records.transcript import Transcript

_OUTSIDE = ("name", MARKER, LABELS)
"""Keys of a record that are no part of the transcript."""
MARK = "allegiance-transcripts"
"""First key of the first line, with the version of the format as its value."""
VERSION = 1


def is_own(value: object) -> bool:
    """Whether the first line, or the whole JSON value, is ours."""
    return isinstance(value, Mapping) and MARK in value


def read_jsonl(source: SourceFile) -> Iterator[Kept | Reject]:
    """The transcripts of an exported JSONL file."""
    numbered = lines(decode(source.bytes(), source.name).text, source.name)
    _, head = next(numbered)
    count = announced(head, source.name)
    yield from _read(numbered, count, source.name)


def read_json(source: SourceFile) -> Iterator[Kept | Reject]:
    """The transcripts of an exported JSON file."""
    value = parse(decode(source.bytes(), source.name).text, source.name)
    count = announced(value, source.name)
    items = value.get("transcripts") if isinstance(value, Mapping) else None
    yield from _read(enumerate(items if isinstance(items, list) else [], 1), count, source.name)


def _read(numbered: Iterable[Numbered], count: int, name: str) -> Iterator[Kept | Reject]:
    seen = 0
    for line, raw in numbered:
        seen += 1
        yield raw if isinstance(raw, Reject) else record(raw, line, name)
    if seen != count:
        raise ImportRefused(
            f"it is truncated: it announces {count:,} transcripts and holds {seen:,}.",
            where=name,
            next="Copy it again.",
        )


def record(raw: object, line: int, name: str) -> Kept | Reject:
    """The transcript of one record, which must have the name that it says; `line` and `name` are for people."""
    if not isinstance(raw, Mapping) or "name" not in raw:
        return Reject(name, "", line, "this is not a transcript with its name.")
    if clean(raw)[1]:
        return Reject(name, "", line, "it holds values that have no canonical form; it was altered.")
    try:
        item = msgspec.convert({key: value for key, value in raw.items() if key not in _OUTSIDE}, Transcript)
        real = item.name
    except (msgspec.ValidationError, NotCanonical) as error:
        return Reject(name, "", line, f"this is not a transcript: {error}.")
    if real != raw["name"]:
        return Reject(name, "", line, f"its words do not match its name {raw['name']}; it was altered.")
    try:
        return Kept(item, verdicts(raw.get(LABELS), real))
    except ImportRefused as error:
        return Reject(name, "", line, error.what)


def announced(head: object, name: str) -> int:
    """How many transcripts the first line announces; -1 if it does not say.

    Raises:
        ImportRefused: The file is of a newer format.
    """
    if not isinstance(head, Mapping) or head.get(MARK) != VERSION:
        raise ImportRefused(
            "it was exported by a newer version of this package.", where=name, next="Use that version."
        )
    count = head.get("count")
    return count if isinstance(count, int) else -1
