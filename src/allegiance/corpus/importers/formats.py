"""Which formats of records are known, and reading records one by one as what they are.

A record is a line of JSONL, an element of a JSON list, a whole JSON value or a row of a table. The first that a
file holds says what the file is; a later one may be of another format that is known. The formats are small modules
beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import msgspec

from allegiance.corpus.importers import exchanges, sessions, trajectories
from allegiance.corpus.importers.found import Kept, Reject
from allegiance.corpus.importers.records import Object, an_object, is_chat
from allegiance.corpus.safe import Note, clean, marked
from allegiance.errors import ImportRefused
from allegiance.records.transcript import Source

Numbered = tuple[int, object]
"""The line or number of a record from 1, and its value; a `Reject` if it could not be parsed."""
Lookup = Callable[[str], Object | None]
"""The request of a batch by its name, if it is known."""
BATCH_INPUT = "batch-input"


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        name: Its name, as in `Source.format`.
        says: What it is, for people.
        knows: Whether a value is a record of it.
        read_record: The transcripts of a record, which must be clean.
        gather: For formats whose records make a transcript only together: the transcripts of all of them.
    """

    name: str
    says: str
    knows: Callable[[object], bool]
    read_record: Callable[[object, Source], list[Kept]] | None = None
    gather: Callable[[Iterable[tuple[int, Object]], Source], Iterator[Kept]] | None = None


def _bare(value: object, place: Source) -> list[Kept]:
    return exchanges.read_record({"messages": value}, place)


FORMATS: tuple[Format, ...] = (
    Format(trajectories.STEPS, "trajectory of an agent in steps", trajectories.is_steps, trajectories.steps),
    Format(trajectories.RUN, "agent run with its transcripts", trajectories.is_run, trajectories.run),
    Format(trajectories.TRY, "a try of a task with its reward", trajectories.is_try, trajectories.a_try),
    Format(sessions.ROLLOUT, "session of an agent, as a rollout", sessions.is_rollout, gather=sessions.rollout),
    Format(sessions.EVENTS, "sessions of an agent, as events", sessions.is_event, gather=sessions.events),
    Format("exchange", "requests to a model and its replies", exchanges.knows, exchanges.read_record),
    Format("messages", "a list of messages", is_chat, _bare),
    Format(sessions.LINES, "messages, one a line", sessions.is_message, gather=sessions.conversation),
)
"""In the order in which they are tried."""


def find(value: object) -> Format | None:
    """The format of a record; None if it is none that we know."""
    return next((one for one in FORMATS if one.knows(value)), None)


def label(value: object) -> str:
    """The name of a record's format as it stands in `Source.format`; empty if it is none that we know."""
    found = find(value)
    return "" if found is None else exchanges.name(value) or found.name


def is_batch_input(value: object) -> bool:
    """Whether this is a request of a batch, which is nothing without its reply."""
    return exchanges.is_asked(value) and find(value) is None


def split(value: object) -> list[object]:
    """The records of a whole JSON value: its elements if it is a list of records, else itself."""
    if isinstance(value, list) and not is_chat(value):
        return value
    record = an_object(value)
    held = record.get("data") if record and record.get("object") == "list" else None
    return held if isinstance(held, list) else [value]


def read(values: Iterable[Numbered], place: Source, asked: Lookup | None = None) -> Iterator[Kept | Reject] | None:
    """The transcripts of some records, and what could not be read; None if the first is of no format that we know.

    Args:
        values: The records in order. They are taken one at a time, but for formats that gather.
        place: Digest and file of the source; record and format are filled in.
        asked: Where requests of batches are found.
    """
    stream = iter(values)
    first: list[Numbered] = []
    for numbered in stream:
        first.append(numbered)
        if not isinstance(numbered[1], Reject):
            break
    found = find(first[-1][1]) if first else None
    if found is None:
        return None
    whole = chain(first, stream)
    if found.gather is not None:
        return _gathered(whole, found, found.gather, place)
    return _one_by_one(whole, place, asked)


def read_record(value: object, place: Source, asked: Lookup | None = None) -> list[Kept]:
    """The transcripts of one record. What had to be changed in it is noted in their metadata.

    Raises:
        ValueError: It is no record that we know, or is damaged; the text says why.
    """
    value, notes = clean(value)
    name = exchanges.wants(value) if asked is not None else ""
    request = asked(name) if asked is not None and name else None
    if request is not None and isinstance(value, dict):
        value = {**value, "request": clean(request)[0]}
    found = find(value)
    if found is None or found.read_record is None:
        raise ValueError("this record is not transcripts that we know")
    made = found.read_record(value, msgspec.structs.replace(place, format=exchanges.name(value) or found.name))
    return [_noted(one, notes) for one in made]


def _one_by_one(values: Iterable[Numbered], place: Source, asked: Lookup | None) -> Iterator[Kept | Reject]:
    for index, (line, value) in enumerate(values):
        if isinstance(value, Reject):
            yield value
            continue
        try:
            yield from read_record(value, msgspec.structs.replace(place, record=index), asked)
        except (ValueError, ImportRefused) as error:
            why = error.what if isinstance(error, ImportRefused) else f"{error}."
            yield Reject(place.file, "", line, why)


def _gathered(
    values: Iterable[Numbered],
    found: Format,
    gather: Callable[[Iterable[tuple[int, Object]], Source], Iterator[Kept]],
    place: Source,
) -> Iterator[Kept | Reject]:
    """The transcripts that these records make together; lines that cannot be read are told first."""
    bad: list[Reject] = []
    notes: list[Note] = []

    def good() -> Iterator[tuple[int, Object]]:
        for line, value in values:
            plain, changed = (value, []) if isinstance(value, Reject) else clean(value, f"/{line}")
            notes.extend(changed)
            if isinstance(plain, dict):
                yield line, plain
            else:
                bad.append(value if isinstance(value, Reject) else Reject(place.file, "", line, "it is no object."))

    try:
        made = list(gather(good(), msgspec.structs.replace(place, format=found.name)))
    except ValueError as error:
        made = []
        bad.append(Reject(place.file, "", 0, f"{error}."))
    yield from bad
    yield from (_noted(one, notes) for one in made)


def _noted(one: Kept, notes: list[Note]) -> Kept:
    if not notes:
        return one
    item = msgspec.structs.replace(one.transcript, metadata=marked(one.transcript.metadata, notes))
    return Kept(item, one.verdicts)
