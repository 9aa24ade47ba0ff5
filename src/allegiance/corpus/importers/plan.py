"""Planning an import: everything is read and checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from allegiance.corpus.archive import Limits
from allegiance.corpus.importers import chats, inspect_log, own, parquet, tables
from allegiance.corpus.importers.foreign import Foreign
from allegiance.corpus.importers.found import FileReport, ImportedLabel, ImportResult, Kept, Progress, Reject
from allegiance.corpus.importers.source import Candidate, SourceFile, candidates, opened
from allegiance.corpus.mapping import Mapping_
from allegiance.corpus.mapping_apply import Applied, applied
from allegiance.corpus.rows import named
from allegiance.corpus.safe import decode, parse
from allegiance.errors import ImportRefused, MappingError
from allegiance.records.transcript import Transcript

NOT_READ = "not read"
DOES_NOT_FIT = "its name does not fit the mapping's files"
NEEDS_MAPPING = "Say how to read it with --mapping FILE; docs/howto/import.md shows how to write one."


def plan_import(
    paths: Sequence[Path],
    mapping: Mapping_ | None = None,
    *,
    skip_bad: bool = False,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> ImportResult:
    """Read files and directories in full; nothing is written. Then give the transcripts to `Corpus.add`.

    Args:
        paths: Files, and directories that are searched for Inspect logs, JSON, JSONL, CSV and Parquet.
        mapping: How to read chats, or what to add to Inspect logs.
        skip_bad: Leave out what cannot be read, and list it, instead of stopping at the first.
        progress: Told before each file.
        limits: What is read at most.

    Raises:
        ImportRefused: A file or record cannot be read (unless `skip_bad`), or a directory has none. Names file,
            member, line and reason.
        MappingError: The mapping does not fit the data.
    """
    work = _Work(mapping, skip_bad, limits or Limits())
    found, work.files = found_under(paths)
    work.foreign = Foreign.among(found, work.limits)
    for done, candidate in enumerate(found):
        if progress is not None:
            progress(candidate.name, done, len(found))
        work.read(candidate)
    check_any(mapping, work.files, work.rejects, paths)
    return work.result()


def found_under(paths: Sequence[Path]) -> tuple[list[Candidate], list[FileReport]]:
    """The files under some paths, and reports of those that are left aside.

    Raises:
        ImportRefused: There is no such path, or nothing in a directory.
    """
    found: list[Candidate] = []
    reports: list[FileReport] = []
    for path in paths:
        taken, aside = candidates(path)
        found += taken
        reports += [FileReport(name, NOT_READ, 0, 0, "", reason) for name, reason in aside]
        if not taken:
            raise ImportRefused(
                "there are no logs or transcripts in this directory.", where=str(path), next=NEEDS_MAPPING
            )
    return found, reports


def check_any(
    mapping: Mapping_ | None, files: Sequence[FileReport], rejects: Sequence[Reject], paths: Sequence[Path]
) -> None:
    """A mapping that fits no file is a mistake.

    Raises:
        MappingError: It fits none.
    """
    read = [report for report in files if report.format != NOT_READ]
    if mapping is not None and not read and not rejects:
        raise MappingError(
            f"no file fits the mapping's files: {', '.join(mapping.files)}.",
            where=", ".join(map(str, paths)),
            next="Correct `files` in the mapping, or import another directory.",
        )


def refusal(found: Reject) -> ImportRefused:
    """The error for a record that is not to be left out."""
    return ImportRefused(
        found.reason, where=found.where, next="Correct the file, or leave bad records out with --skip-bad."
    )


def recognise(path: Path) -> str:
    """What a file looks like: ``inspect-eval``, ``inspect-json``, ``parquet``, ``allegiance-jsonl``,
    ``allegiance-json``, or, for what only a mapping can read, ``json``, ``jsonl`` or ``csv``.

    Raises:
        ImportRefused: It is none of these, or cannot be opened.
    """
    taken, _ = candidates(path)
    if path.is_dir() or not taken:
        raise ImportRefused("this is not a file.", where=str(path))
    with opened(taken[0], Limits()) as source:
        return recognised(source)[0]


def recognised(source: SourceFile) -> tuple[str, object]:
    """The format of a file, and its JSON value if it had to be parsed to know."""
    source.file.seek(0)
    start = source.file.read(4)
    suffix = Path(source.name).suffix.lower()
    if start[:2] == b"PK" or suffix == ".eval":
        return inspect_log.EVAL, None
    if start == b"PAR1" or suffix == ".parquet":
        return "parquet", None
    if tables.is_arrow(start, source.name):
        return tables.ARROW, None
    if suffix == ".csv":
        return "csv", None
    return _recognised_json(source, suffix)


def _recognised_json(source: SourceFile, suffix: str) -> tuple[str, object]:
    if suffix in (".jsonl", ".ndjson"):
        return ("allegiance-jsonl" if _first_is_own(_start(source)) else "jsonl"), None
    text = decode(source.bytes(), source.name).text
    if suffix != ".json" and _first_is_own(text):
        return "allegiance-jsonl", None
    value = parse(text, source.name)
    if own.is_own(value):
        return "allegiance-json", value
    return (inspect_log.JSON if inspect_log.is_log(value) else "json"), value


def _start(source: SourceFile) -> str:
    """The first of a text, enough to hold the first line of an export of ours."""
    source.file.seek(0)
    return source.file.read(10_000).decode("utf-8-sig", "replace")


def _first_is_own(text: str) -> bool:
    first = text.lstrip().partition("\n")[0]
    return first.startswith(f'{{"{own.MARK}"') and len(first) < 10_000


@dataclass(frozen=True)
class Read:
    """A file that is being read.

    Attributes:
        format: What it is read as.
        records: What it holds, one at a time.
        note: Anything worth telling of it.
    """

    format: str
    records: Iterator[Kept | Reject]
    note: str = ""


def read_records(source: SourceFile, mapping: Mapping_ | None, foreign: Foreign) -> Read | None:
    """What a file holds; None if its name does not fit the files of the mapping.

    Raises:
        ImportRefused: It holds no transcripts that we know.
        MappingError: The mapping cannot be applied.
    """
    if mapping is not None and mapping.format != "inspect":  # so that nothing is parsed to know what it is
        use = applied(mapping, source.name, str(source.root))
        return None if use is None else Read(mapping.format, chats.read(source, use))
    format_, value = recognised(source)
    use = None
    if mapping is not None and not format_.startswith("allegiance") and format_ != "parquet":
        use = applied(mapping, source.name, str(source.root))
        if use is None:
            return None
    found = foreign.any(source, format_, value)
    if found is not None:
        return Read(found.format, found.records)
    note = inspect_log.header_text(value) if format_ == inspect_log.JSON and isinstance(value, dict) else ""
    return Read(format_, _records(source, format_, value, use), note)


def _records(source: SourceFile, format_: str, value: object, use: Applied | None) -> Iterator[Kept | Reject]:
    if format_ == inspect_log.EVAL:
        return inspect_log.read_eval(source, use)
    if format_ == inspect_log.JSON and isinstance(value, dict):
        return inspect_log.read_json(source, value, use)
    if format_ == "parquet":
        return parquet.read(source)
    if format_ == "allegiance-jsonl":
        return own.read_jsonl(source)
    if format_ == "allegiance-json":
        return own.read_json(source)
    raise ImportRefused(not_ours(format_, value), where=source.name, next=NEEDS_MAPPING)


@dataclass
class _Work:
    """An import that is being planned."""

    mapping: Mapping_ | None
    skip_bad: bool
    limits: Limits
    foreign: Foreign = field(init=False)
    transcripts: list[Transcript] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    labels: list[ImportedLabel] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    files: list[FileReport] = field(default_factory=list)

    def read(self, candidate: Candidate) -> None:
        """One file: all of it, or, if it is damaged, none of it."""
        before = len(self.transcripts), len(self.labels), len(self.rejects)
        try:
            with opened(candidate, self.limits) as source:
                report = self._read(source)
        except ImportRefused as error:
            if not self.skip_bad:
                raise
            del (
                self.transcripts[before[0] :],
                self.names[before[0] :],
                self.labels[before[1] :],
                self.rejects[before[2] :],
            )
            self.rejects.append(Reject(candidate.name, "", 0, error.what))
            report = FileReport(candidate.name, NOT_READ, 0, 0, "", error.what)
        self.files.append(report)

    def result(self) -> ImportResult:
        return ImportResult(self.transcripts, self.names, self.labels, self.rejects, self.files)

    def _read(self, source: SourceFile) -> FileReport:
        read = read_records(source, self.mapping, self.foreign)
        if read is None:
            return FileReport(source.name, NOT_READ, 0, 0, source.digest, DOES_NOT_FIT)
        kept = bad = 0
        for found in read.records:
            if isinstance(found, Reject):
                self._refuse(found)
                bad += 1
            else:
                self._keep(found)
                kept += 1
        return FileReport(source.name, read.format, kept + bad, kept, source.digest, read.note)

    def _keep(self, found: Kept) -> None:
        name, _ = named(found.transcript)
        self.transcripts.append(found.transcript)
        self.names.append(name)
        self.labels += [
            ImportedLabel(name, v.question, v.rater, v.value, v.score, v.raw, v.exact) for v in found.verdicts
        ]

    def _refuse(self, found: Reject) -> None:
        if not self.skip_bad:
            raise refusal(found)
        self.rejects.append(found)


def not_ours(format_: str, value: object) -> str:
    """Why a file of this format cannot be read without a mapping."""
    if format_ != "json":
        return f"this {format_.upper()} file is not transcripts that we know."
    if value in (None, [], {}) or not isinstance(value, dict | list):
        return "there are no transcripts in this JSON file."
    return "this JSON file is not an Inspect log, nor transcripts in another form that we know."
