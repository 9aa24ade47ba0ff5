"""The first record of a file, and how records of that file are read: what `explain` starts from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from allegiance.corpus.archive import Archive
from allegiance.corpus.importers import chats, foreign, formats, inspect_log, own, parquet, plan, tables
from allegiance.corpus.importers.found import Kept, Reject
from allegiance.corpus.importers.samples import sample
from allegiance.corpus.importers.source import SourceFile
from allegiance.corpus.mapping import Mapping_
from allegiance.corpus.mapping_apply import Applied, applied
from allegiance.corpus.rows import RECORD_COLUMNS
from allegiance.corpus.safe import clean, decode, load, parse
from allegiance.errors import ImportRefused, MappingError
from allegiance.records.transcript import Source

_SHARED = 200
"""Lines that are read of a format whose lines make a transcript together."""
_TURNS = 12
"""Messages of a sample that are looked at; what follows them is of the same kinds."""
Reader = Callable[[object], Sequence[Kept]]


@dataclass(frozen=True)
class First:
    """The first record of a file.

    Attributes:
        format: What the file is.
        says: The same in words.
        record: The record.
        read: The transcripts of a record like it.
        open: Whether its fields are worth explaining; those of our own exports are the fields of a transcript.
    """

    format: str
    says: str
    record: object
    read: Reader
    open: bool = True


def first(source: SourceFile, mapping: Mapping_ | None) -> First:
    """The first record of a file, with or without a mapping.

    Raises:
        ImportRefused: It cannot be read, or holds no transcripts that we know.
        MappingError: The mapping does not fit its name.
    """
    if mapping is not None and mapping.format != "inspect":
        return _mapped(source, mapping)
    form, value = plan.recognised(source)
    if form in (inspect_log.EVAL, inspect_log.JSON):
        return _sample(source, form, value, mapping)
    if form.startswith("allegiance"):
        return _ours(source, form, value)
    if form in foreign.TABLES and tables.is_database(names := tables.columns(source, form)):
        return _row(source, form, names)
    return _foreign(source, form, value)


def _place(source: SourceFile, form: str = "") -> Source:
    return Source(digest=source.digest, file=source.name, format=form)


def _using(source: SourceFile, mapping: Mapping_) -> Applied:
    use = applied(mapping, source.name, str(source.root))
    if use is None:
        raise MappingError("the name of this file does not fit the mapping's files.", where=source.name)
    return use


def _mapped(source: SourceFile, mapping: Mapping_) -> First:
    _using(source, mapping)
    place = _place(source, mapping.format)
    says = f"records of a {mapping.format.upper()} file, as the mapping says"
    return First(
        mapping.format, says, _first_of(source, mapping), lambda r: list(_using(source, mapping).kept(r, place))
    )


def _first_of(source: SourceFile, mapping: Mapping_) -> object:
    if mapping.format == "jsonl":
        return _good(foreign.lines(source), source)
    text = decode(source.bytes(), source.name).text
    if mapping.format == "csv":
        return _good(chats.csv_rows(text, source.name), source)
    value = parse(text, source.name)
    for step in filter(None, mapping.records.split(".")):
        value = value.get(step) if isinstance(value, Mapping) else None
    if not isinstance(value, list) or not value:
        raise ImportRefused("there are no records where the mapping says.", where=source.name)
    return value[0]


def _good(values: Iterable[formats.Numbered], source: SourceFile) -> object:
    """The first value; of a file without one there is nothing to explain."""
    for _, value in values:
        if isinstance(value, Reject):
            raise ImportRefused(value.reason, where=value.where)
        return value
    raise ImportRefused("there are no transcripts in this file.", where=source.name)


def _sample(source: SourceFile, form: str, value: object, mapping: Mapping_ | None) -> First:
    use = None if mapping is None else _using(source, mapping)
    head, raw = _of_archive(source) if form == inspect_log.EVAL else _of_json(value)
    if not isinstance(head, Mapping) or not isinstance(head.get("eval"), Mapping) or not isinstance(raw, Mapping):
        raise ImportRefused("there are no samples in this log.", where=source.name)
    status = str(head.get("status", "started"))
    short = {**raw, "events": []}
    if isinstance(turns := raw.get("messages"), list):
        short["messages"] = turns[:_TURNS]
    if isinstance(texts := raw.get("attachments"), Mapping):
        used = json.dumps({key: value for key, value in short.items() if key != "attachments"})
        short["attachments"] = {key: text for key, text in texts.items() if f"attachment://{key}" in used}

    def read(record: object) -> list[Kept]:
        assert isinstance(record, Mapping)
        run, _ = clean(record["eval"])
        assert isinstance(run, Mapping)
        most = source.limits.member_bytes
        return [sample(record["sample"], status, run, _place(source, form), use, most)]

    return First(form, "an Inspect log; a record is a sample", {"eval": head["eval"], "sample": short}, read)


def _of_json(log: object) -> tuple[object, object]:
    found = log.get("samples") if isinstance(log, Mapping) else None
    return log, found[0] if isinstance(found, list) and found else None


def _of_archive(source: SourceFile) -> tuple[object, object]:
    archive = Archive(source.file, source.name, source.limits)
    names = archive.names()
    start = next((name for name in ("header.json", "_journal/start.json") if name in names), "")
    found = sorted(name for name in names if name.startswith("samples/") and name.count("/") == 1)
    if not start or not found:
        return None, None
    return load(archive.read(start), start), load(archive.read(found[0]), found[0])


def _ours(source: SourceFile, form: str, value: object) -> First:
    found = own.read_jsonl(source) if form == "allegiance-jsonl" else own.read_json(source)
    one = next(found, None)
    if one is None:
        raise ImportRefused("there are no transcripts in this export.", where=source.name)
    if isinstance(one, Reject):
        raise ImportRefused(one.reason, where=one.where)
    return First(form, "an export of ours; its fields are those of a transcript", None, lambda _: [one], False)


def _row(source: SourceFile, form: str, names: Sequence[str]) -> First:
    ours = set(names) >= set(RECORD_COLUMNS)
    row = next(tables.rows(source, form), None)
    if row is None:
        raise ImportRefused("there are no rows in this table.", where=source.name)
    says = "a table of ours; its columns are those of a segment" if ours else "a transcript database of Scout's"
    record: dict[str, object] = dict(row)
    if not ours:
        record["messages"] = parse(str(row["messages"] or "[]"), "messages")

    def read(changed: object) -> list[Kept]:
        assert isinstance(changed, Mapping)
        whole = changed if ours else {**changed, "messages": json.dumps(changed["messages"])}
        found = (parquet.of_ours if ours else parquet.of_scout)(whole, 0, source)
        if isinstance(found, Reject):
            raise ValueError(found.reason.rstrip("."))
        return [found]

    return First(form, says, record, read, not ours)


def _foreign(source: SourceFile, form: str, value: object) -> First:
    if form not in ("json", "jsonl", *foreign.TABLES):
        raise ImportRefused(plan.not_ours(form, value), where=source.name, next=plan.NEEDS_MAPPING)
    stream = iter(foreign.values(source, form, value))
    record = _good(stream, source)
    found = formats.find(clean(record)[0])
    if found is None:
        raise ImportRefused(plan.not_ours(form, value), where=source.name, next=plan.NEEDS_MAPPING)
    place = _place(source)
    if found.gather is None:
        return First(formats.label(record), found.says, record, lambda changed: formats.read_record(changed, place))
    shared = [record, *(line for _, line in islice(stream, _SHARED) if not isinstance(line, Reject))]

    def together(changed: object) -> list[Kept]:
        assert isinstance(changed, list)
        read = formats.read(enumerate(changed, 1), place)
        made = [] if read is None else list(read)
        if any(isinstance(one, Reject) for one in made) or not made:
            raise ValueError("its lines make no transcript")
        return [one for one in made if isinstance(one, Kept)]

    return First(found.name, found.says, shared, together)
