"""What planning an import asks of the formats: the records of a file, if they are transcripts in a form we know."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from allegiance.corpus.archive import Limits
from allegiance.corpus.importers import chats, formats, tables
from allegiance.corpus.importers.batch_inputs import Requests
from allegiance.corpus.importers.found import Kept, Reject
from allegiance.corpus.importers.source import Candidate, SourceFile
from allegiance.corpus.safe import decode, parse
from allegiance.errors import ImportRefused
from allegiance.records.transcript import Source

TABLES: Final = ("parquet", tables.ARROW)
_WIDE: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


@dataclass(frozen=True)
class Found:
    """What a file is read as, and what it holds, one at a time."""

    format: str
    records: Iterator[Kept | Reject]


@dataclass
class Foreign:
    """The formats at work on the files of one import. Made once an import, since files may belong together."""

    files: Sequence[Candidate]
    requests: Requests

    @classmethod
    def among(cls, files: Sequence[Candidate], limits: Limits) -> Foreign:
        """For these files."""
        return cls(files, Requests(files, limits))

    def any(self, source: SourceFile, form: str, value: object = None) -> Found | None:
        """What a file holds that looks like this (``json``, ``jsonl``, ``parquet`` or ``arrow``).

        Args:
            source: The file.
            form: What it looks like.
            value: Its JSON value, where that had to be parsed to know.

        Returns:
            None for a Parquet file that is a database, and for what is in no form that we know.

        Raises:
            ImportRefused: It cannot be read, or is the input of a batch and nothing else is imported.
        """
        if form not in ("json", "jsonl", *TABLES):
            return None
        if form not in TABLES or not tables.is_database(tables.columns(source, form)):
            return self.read(source, values(source, form, value))
        return Found(tables.ARROW, tables.database(source)) if form == tables.ARROW else None

    def read(self, source: SourceFile, values: Iterable[formats.Numbered]) -> Found | None:
        """The transcripts of records, taken as they come; None if they are in no form that we know.

        The requests of a batch make none by themselves: they are read with its replies.

        Raises:
            ImportRefused: The first cannot be read, and none after it is in a form that we know.
        """
        stream = iter(values)
        first = next(stream, None)
        if first is None:
            return None
        if formats.is_batch_input(first[1]):
            return Found(formats.BATCH_INPUT, self._asked(source))
        place = Source(digest=source.digest, file=source.name)
        found = formats.read(chain([first], stream), place, self.requests)
        if found is None and isinstance(first[1], Reject):
            raise ImportRefused(first[1].reason, where=first[1].where)
        return None if found is None else Found(formats.label(first[1]) or "jsonl", found)

    def _asked(self, source: SourceFile) -> Iterator[Kept | Reject]:
        if len(self.files) == 1:
            raise ImportRefused(
                "these are the requests of a batch, without its replies.",
                where=source.name,
                next="Give the output of the batch too: allegiance import INPUT OUTPUT",
            )
        return iter(())


def values(source: SourceFile, form: str, value: object = None) -> Iterator[formats.Numbered]:
    """The records of a file that looks like this, numbered from 1; see `Foreign.any`."""
    if form == "json":
        return iter(enumerate(formats.split(value), 1))
    return lines(source) if form == "jsonl" else tables.values(source, form)


def lines(source: SourceFile) -> Iterator[formats.Numbered]:
    """The values of a JSONL file with their line numbers from 1, a line in memory at a time."""
    source.file.seek(0)
    start = source.file.read(4)
    if start.startswith(_WIDE) or 0 in start:
        yield from chats.lines(decode(source.bytes(), source.name).text, source.name)
        return
    at = len(codecs.BOM_UTF8) if start.startswith(codecs.BOM_UTF8) else 0
    source.file.seek(at)
    for number, line in enumerate(source.file, 1):
        if line.strip():
            yield number, _value(line, number, at, source.name)
        at += len(line)


def _value(line: bytes, number: int, at: int, name: str) -> object:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        why = f"byte {at + error.start} (line {number}) is not UTF-8: 0x{line[error.start]:02x}."
        return Reject(name, "", number, why)
    try:
        return parse(text, name)
    except ImportRefused as error:
        why = error.what.replace("at line 1, column", "at column")
        return Reject(name, "", number, why, text.rstrip("\n"))
