"""Taking in what an import has read: transcripts into the corpus, labels from elsewhere into the label store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice

import msgspec

from allegiance.corpus.adding import adding
from allegiance.corpus.importers import FileReport, ImportedLabel, ImportResult
from allegiance.corpus.importers.stream import Stream
from allegiance.errors import ImportRefused
from allegiance.evidence.keep import Keep
from allegiance.rating.labels import last
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record

LABELS_AT_ONCE = 100_000
"""Labels that are saved with one entry in the log, where they come in a stream."""


class Intake(Record, frozen=True, kw_only=True):
    """What became of an import.

    Attributes:
        version: The version of the corpus that resulted.
        new, duplicates: Transcripts added; transcripts that were there already or came twice.
        labels: Labels that were new.
    """

    version: str
    new: int
    duplicates: int
    labels: int


def take_in(keep: Keep, read: ImportResult | Stream, *, again: bool = False) -> Intake:
    """Stores what was read, or is read now, and enters it in the log. What is there already adds nothing.

    Should it stop half-way, importing the same files again completes it.

    Raises:
        ImportRefused: There is nothing in the files; or (unless `again`) records of them are in the corpus under
            other names, because they were read by another mapping, and would count twice. Nothing was changed.
            Of a stream also what reading raises.
    """
    if isinstance(read, Stream):
        return _stream_in(keep, read, again=again)
    _refuse_nothing(bool(read.transcripts), read.files)
    if not again:
        _refuse_twice(keep, read)
    added = keep.add(read.transcripts, _sources(read))
    saved = save_labels(keep, read.labels)
    return Intake(version=added.version, new=added.new, duplicates=added.duplicates, labels=saved)


def _stream_in(keep: Keep, read: Stream, *, again: bool) -> Intake:
    before = keep.corpus.head().version
    with adding(keep.corpus) as rows:
        for staged, names in read.staged(rows.folder):
            rows.take(staged, names)
        fresh = rows.fresh(read.dropped())
        _refuse_nothing(any(file.kept for file in read.files), read.files)
        if not again and len(twice := rows.read_before(fresh)):
            raise _twice(len(twice), read.file_of(int(twice[0])))
        added = rows.publish(fresh)
        found = read.labels(rows.names)
    keep.entered(before, added, _sources(read))
    saved = 0
    while some := list(islice(found, LABELS_AT_ONCE)):
        saved += save_labels(keep, some)
    return Intake(version=added.version, new=added.new, duplicates=added.duplicates, labels=saved)


def _refuse_nothing(any_: bool, files: Sequence[FileReport]) -> None:
    if not any_ and not any(file.format.startswith("inspect") for file in files):
        raise ImportRefused("there are no transcripts in it.", where=", ".join(file.file for file in files))


def _twice(count: int, where: str) -> ImportRefused:
    return ImportRefused(
        f"{count} transcripts of these files are in the corpus already, read by another mapping.",
        where=where,
        next="They would count twice: use the mapping of before, a new study, or --again to keep both.",
    )


def save_labels(keep: Keep, labels: list[ImportedLabel]) -> int:
    """Saves labels from elsewhere; how many were new. Where a rater answered otherwise before, it is a revision."""
    return sum(_save(keep, question, rater, found) for question, rater, found in _by_rater(labels))


def _refuse_twice(keep: Keep, read: ImportResult) -> None:
    rows = keep.corpus.rows()
    names, places = {row.name for row in rows}, {(row.source, row.member, row.record) for row in rows}
    sources = ((item, name) for item, name in zip(read.transcripts, read.names, strict=True) if name not in names)
    twice = [
        item.source for item, _ in sources if (item.source.digest, item.source.member, item.source.record) in places
    ]
    if twice:
        raise _twice(len(twice), twice[0].file)


def _save(keep: Keep, question: Question, rater: RaterCard, found: list[ImportedLabel]) -> int:
    """Saves labels; where a rater answered before and the answer differs, as the next revision."""
    before = last(keep.labels.all(question.digest, rater.digest))
    labels = {label.transcript: label for label in (_label(one, question, rater) for one in found)}
    fresh = [label for name, label in labels.items() if not _same(before.get(name), label)]
    return keep.labels.save(
        question, rater, [keep.labels.revise(x) if x.transcript in before else x for x in fresh]
    )


def _label(found: ImportedLabel, question: Question, rater: RaterCard) -> Label:
    label = found.exact or Label(
        transcript="", question="", rater="", value=found.value, score=found.score, raw=found.raw
    )
    return msgspec.structs.replace(
        label, transcript=found.transcript, question=question.digest, rater=rater.digest, revision=0
    )


def _same(old: Label | None, new: Label) -> bool:
    return old is not None and msgspec.structs.replace(old, revision=new.revision) == new


def _by_rater(labels: list[ImportedLabel]) -> list[tuple[Question, RaterCard, list[ImportedLabel]]]:
    found: dict[tuple[str, str], list[ImportedLabel]] = defaultdict(list)
    for label in labels:
        found[label.question.digest, label.rater.digest].append(label)
    return [(batch[0].question, batch[0].rater, batch) for _, batch in sorted(found.items())]


def _sources(read: ImportResult | Stream) -> dict[str, object]:
    files = [{"file": f.sha256, "format": f.format, "records": f.records, "kept": f.kept} for f in read.files]
    return {"files": files, "rejected": len(read.rejects)}
