"""Inspect logs, ``.eval`` and ``.json``, read without Inspect.

Old and new shapes are read: samples whole or in chunks, text inline or as attachments. A log whose run did not end
well is read as far as it goes, and its transcripts are marked. Events are not kept; the words of the conversation,
scores, targets and metadata are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from allegiance.corpus.archive import Archive
from allegiance.corpus.importers.found import Kept, Reject
from allegiance.corpus.importers.sample_fields import sample_fields
from allegiance.corpus.importers.samples import sample
from allegiance.corpus.importers.source import SourceFile
from allegiance.corpus.mapping_apply import Applied
from allegiance.corpus.safe import clean, decode, load, parse
from allegiance.errors import ImportRefused
from allegiance.records.transcript import Source

EVAL, JSON = "inspect-eval", "inspect-json"
_SAMPLE = re.compile(r"samples/(?P<key>.+_epoch_\d+)(?:\.json|/sample\.json)", re.DOTALL)
_JOURNAL = re.compile(r"_journal/summaries/(\d+)\.json")


@dataclass(frozen=True)
class Header:
    """What a log says of its run: its status, and `eval` with a canonical form."""

    status: str
    eval: Mapping[str, object]


def is_log(value: object) -> bool:
    """Whether a JSON value is an Inspect log."""
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("eval"), Mapping)
        and isinstance(value["eval"].get("task"), str)
        and isinstance(value["eval"].get("model"), str)
    )


def read_json(source: SourceFile, log: Mapping[str, object], applied: Applied | None) -> Iterator[Kept | Reject]:
    """The samples of a ``.json`` log that was already parsed."""
    header = _header(log, source.name)
    samples = log.get("samples") or []
    if not isinstance(samples, Sequence):
        raise ImportRefused("the samples of this log are not a list.", where=source.name)
    for index, raw in enumerate(samples):
        place = Source(digest=source.digest, file=source.name, record=index, format=JSON)
        try:
            yield sample(raw, header.status, header.eval, place, applied, source.limits.member_bytes)
        except (ImportRefused, ValueError) as error:
            yield Reject(source.name, "", index + 1, _reason(error))


def read_eval(source: SourceFile, applied: Applied | None) -> Iterator[Kept | Reject]:
    """The samples of an ``.eval`` log."""
    log = EvalLog(source, applied)
    yield from log.some(0, len(log.keys), last=True)


class EvalLog:
    """An ``.eval`` log, a sample at a time.

    Attributes:
        keys: ``ID_epoch_N`` of each sample that it holds.
    """

    def __init__(self, source: SourceFile, applied: Applied | None = None) -> None:
        """Read its directory and header.

        Raises:
            ImportRefused: It is damaged, or no log.
        """
        self._source, self._applied = source, applied
        self.archive = Archive(source.file, source.name, source.limits)
        self.names = self.archive.names()
        self._header = _eval_header(self.archive, source.name)
        self._members = {match["key"]: name for name in self.names if (match := _SAMPLE.fullmatch(name))}
        self.keys = tuple(self._members)
        self._index = {key: index for index, key in enumerate(self.keys)}

    def sizes(self) -> list[int]:
        """Bytes of each sample."""
        return [self.archive.size(member) for member in self._members.values()]

    def some(self, start: int, end: int, *, last: bool) -> Iterator[Kept | Reject]:
        """The samples from one index to before another; after the last, those that should be there and are not."""
        for key in self.keys[start:end]:
            yield self.read(key)
        if last:
            yield from _missing(self.archive, self.names, set(self.keys), self._source.name)

    def read(self, key: str) -> Kept | Reject:
        """One sample, or why it cannot be read."""
        source, member = self._source, self._members[key]
        place = Source(digest=source.digest, file=source.name, member=member, record=self._index[key], format=EVAL)
        try:
            raw = _whole(self.archive, key, member, self.names, source.limits.record_bytes)
            return sample(
                raw, self._header.status, self._header.eval, place, self._applied, source.limits.member_bytes
            )
        except (ImportRefused, ValueError) as error:
            return Reject(source.name, member, 0, _reason(error))


def _reason(error: Exception) -> str:
    return error.what if isinstance(error, ImportRefused) else f"{error}."


def _header(log: Mapping[str, object], where: str) -> Header:
    if not is_log(log):
        raise ImportRefused("the header of this log does not say task and model.", where=where)
    run, _ = clean(log["eval"])
    assert isinstance(run, dict)
    return Header(str(log.get("status", "started")), run)


def _eval_header(archive: Archive, where: str) -> Header:
    for name in ("header.json", "_journal/start.json"):
        if name in archive.names():
            raw = load(archive.read(name), f"{where} › {name}")
            if isinstance(raw, Mapping):
                return _header(raw, f"{where} › {name}")
    raise ImportRefused(
        "this zip archive is not an Inspect log: it has neither header.json nor _journal/start.json.", where=where
    )


def _whole(archive: Archive, key: str, member: str, names: Sequence[str], most: int) -> object:
    """A sample as one JSON value, whether it is stored whole or in chunks, without what is not read of it."""
    raw = sample_fields(archive, member, most)
    if member.endswith("/sample.json") and isinstance(raw, dict):
        folder = f"samples/{key}/"
        pool = _sequence(archive, folder + "messages/", names)
        raw["messages"] = [
            message for first, last in _spans(raw.pop("message_refs", [])) for message in pool[first:last]
        ]
        texts = _sequence(archive, folder + "attachments/", names)
        raw["attachments"] = {str(index): text for index, text in enumerate(texts)}
        if folder + "metadata.json" in names:
            raw["metadata"] = load(archive.read(folder + "metadata.json"), folder + "metadata.json")
    return raw


def _sequence(archive: Archive, folder: str, names: Sequence[str]) -> list[object]:
    """The items of a chunked sequence: its chunks are named by the index of their first item."""
    starts = sorted(
        int(stem) for n in names if n.startswith(folder) and (stem := n[len(folder) : -len(".json")]).isdigit()
    )
    items: list[object] = []
    for start in starts:
        chunk = load(archive.read(f"{folder}{start}.json"), f"{folder}{start}.json")
        if not isinstance(chunk, list) or start != len(items):
            raise ImportRefused("the chunks of this sample do not join.", where=folder)
        items += chunk
    return items


def _spans(refs: object) -> Iterator[tuple[int, int]]:
    """Half-open ranges of indices."""
    if not isinstance(refs, list):
        raise ImportRefused("the message references of this sample are not a list.")
    for ref in refs:
        if not isinstance(ref, list) or len(ref) != 2 or not all(isinstance(index, int) for index in ref):
            raise ImportRefused("a message reference of this sample is not a range.")
        yield ref[0], ref[1]


def _missing(archive: Archive, names: Sequence[str], have: set[str], where: str) -> Iterator[Reject]:
    """A reject for every sample that the summaries list and the archive does not hold."""
    if "summaries.json" in names:
        lists = ["summaries.json"]
    else:
        lists = [name for name in names if _JOURNAL.fullmatch(name)]
    listed: dict[str, str] = {}
    for name in lists:
        for summary in _summaries(archive, name):
            if isinstance(summary, Mapping):
                listed.setdefault(f"{summary.get('id')}_epoch_{summary.get('epoch')}", name)
    # Inspect does not write ids with a slash as they are, so counts decide whether anything is missing at all.
    if len(listed) > len(have):
        for key, name in listed.items():
            if key not in have:
                yield Reject(where, name, 0, f"the sample {key!r} is listed here, but the log does not hold it.")


def _summaries(archive: Archive, name: str) -> Sequence[object]:
    try:
        found = parse(decode(archive.read(name), name).text, name)
    except ImportRefused:
        return []
    return found if isinstance(found, list) else []


def header_text(log: Mapping[str, object]) -> str:
    """The run's status as a note for people; empty if it ended well."""
    status = log.get("status")
    return "" if status == "success" else f"the run's status is {json.dumps(status)}"
