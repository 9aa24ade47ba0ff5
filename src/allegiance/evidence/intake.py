"""Taking in what an import has read: transcripts into the corpus, labels from elsewhere into the label store."""

from __future__ import annotations

from collections import defaultdict

from allegiance.corpus.importers import ImportedLabel, ImportResult
from allegiance.errors import ImportRefused
from allegiance.evidence.keep import Keep
from allegiance.rating.labels import last
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record


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


def take_in(keep: Keep, read: ImportResult, *, again: bool = False) -> Intake:
    """Stores what was read, and enters it in the log. What is there already adds nothing.

    Should it stop half-way, importing the same files again completes it.

    Raises:
        ImportRefused: There is nothing in the files; or (unless `again`) records of them are in the corpus under
            other names, because they were read by another mapping, and would count twice. Nothing was changed.
    """
    if not read.transcripts and not any(file.format.startswith("inspect") for file in read.files):
        raise ImportRefused("there are no transcripts in it.", where=", ".join(file.file for file in read.files))
    if not again:
        _refuse_twice(keep, read)
    added = keep.add(read.transcripts, _sources(read))
    batches = _by_rater(read.labels)
    saved = sum(_save(keep, question, rater, labels) for question, rater, labels in batches)
    return Intake(version=added.version, new=added.new, duplicates=added.duplicates, labels=saved)


def _refuse_twice(keep: Keep, read: ImportResult) -> None:
    rows = keep.corpus.rows()
    names, places = {row.name for row in rows}, {(row.source, row.member, row.record) for row in rows}
    sources = ((item, name) for item, name in zip(read.transcripts, read.names, strict=True) if name not in names)
    twice = [
        item.source for item, _ in sources if (item.source.digest, item.source.member, item.source.record) in places
    ]
    if twice:
        raise ImportRefused(
            f"{len(twice)} transcripts of these files are in the corpus already, read by another mapping.",
            where=twice[0].file,
            next="They would count twice: use the mapping of before, a new study, or --again to keep both.",
        )


def _save(keep: Keep, question: Question, rater: RaterCard, found: list[ImportedLabel]) -> int:
    """Saves labels; where a rater answered before and the answer differs, as the next revision."""
    before = last(keep.labels.all(question.digest, rater.digest))
    labels = {label.transcript: label for label in (_label(one, question, rater) for one in found)}
    fresh = [label for name, label in labels.items() if not _same(before.get(name), label)]
    return keep.labels.save(
        question, rater, [keep.labels.revise(x) if x.transcript in before else x for x in fresh]
    )


def _label(found: ImportedLabel, question: Question, rater: RaterCard) -> Label:
    return Label(
        transcript=found.transcript,
        question=question.digest,
        rater=rater.digest,
        value=found.value,
        score=found.score,
        raw=found.raw,
    )


def _same(old: Label | None, new: Label) -> bool:
    return old is not None and (old.value, old.score, old.raw) == (new.value, new.score, new.raw)


def _by_rater(labels: list[ImportedLabel]) -> list[tuple[Question, RaterCard, list[ImportedLabel]]]:
    found: dict[tuple[str, str], list[ImportedLabel]] = defaultdict(list)
    for label in labels:
        found[label.question.digest, label.rater.digest].append(label)
    return [(batch[0].question, batch[0].rater, batch) for _, batch in sorted(found.items())]


def _sources(read: ImportResult) -> dict[str, object]:
    files = [{"file": f.sha256, "format": f.format, "records": f.records, "kept": f.kept} for f in read.files]
    return {"files": files, "rejected": len(read.rejects)}
