"""Planning an import: everything is read and checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from allegiance.corpus.archive import Limits
from allegiance.corpus.importers import chats, inspect_log, own, parquet
from allegiance.corpus.importers.found import FileReport, ImportedLabel, ImportResult, Kept, Progress, Reject
from allegiance.corpus.importers.source import Candidate, SourceFile, candidates, opened
from allegiance.corpus.mapping import Mapping_
from allegiance.corpus.mapping_apply import Applied, applied
from allegiance.corpus.rows import named
from allegiance.corpus.safe import decode, parse
from allegiance.errors import ImportRefused, MappingError
from allegiance.records.transcript import Transcript

NOT_READ = "not read"
_NEEDS_MAPPING = "Say how to read it with --mapping FILE; docs/howto/import.md shows how to write one."


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
    found: list[Candidate] = []
    for path in paths:
        taken, aside = candidates(path)
        found += taken
        work.files += [FileReport(name, NOT_READ, 0, 0, "", reason) for name, reason in aside]
        if not taken:
            raise ImportRefused(
                "there are no logs or transcripts in this directory.", where=str(path), next=_NEEDS_MAPPING
            )
    for done, candidate in enumerate(found):
        if progress is not None:
            progress(candidate.name, done, len(found))
        work.read(candidate)
    work.check_any(paths)
    return work.result()


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
        return _recognised(source)[0]


def _recognised(source: SourceFile) -> tuple[str, object]:
    """The format of a file, and its JSON value if it had to be parsed to know."""
    source.file.seek(0)
    start = source.file.read(4)
    suffix = Path(source.name).suffix.lower()
    if start[:2] == b"PK" or suffix == ".eval":
        return inspect_log.EVAL, None
    if start == b"PAR1" or suffix == ".parquet":
        return "parquet", None
    if suffix == ".csv":
        return "csv", None
    return _recognised_json(source, suffix)


def _recognised_json(source: SourceFile, suffix: str) -> tuple[str, object]:
    text = decode(source.bytes(), source.name).text
    if suffix == ".jsonl" or (suffix != ".json" and _first_is_own(text)):
        return ("allegiance-jsonl" if _first_is_own(text) else "jsonl"), None
    value = parse(text, source.name)
    if own.is_own(value):
        return "allegiance-json", value
    return (inspect_log.JSON if inspect_log.is_log(value) else "json"), value


def _first_is_own(text: str) -> bool:
    first = text.lstrip().partition("\n")[0]
    return first.startswith(f'{{"{own.MARK}"') and len(first) < 10_000


@dataclass
class _Work:
    """An import that is being planned."""

    mapping: Mapping_ | None
    skip_bad: bool
    limits: Limits
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

    def check_any(self, paths: Sequence[Path]) -> None:
        """A mapping that fits no file is a mistake; so is an import of nothing."""
        read = [report for report in self.files if report.format != NOT_READ]
        if self.mapping is not None and not read and not self.rejects:
            raise MappingError(
                f"no file fits the mapping's files: {', '.join(self.mapping.files)}.",
                where=", ".join(map(str, paths)),
                next="Correct `files` in the mapping, or import another directory.",
            )

    def result(self) -> ImportResult:
        return ImportResult(self.transcripts, self.names, self.labels, self.rejects, self.files)

    def _read(self, source: SourceFile) -> FileReport:
        format_, value = self._format(source)
        use = None
        if self.mapping is not None and not format_.startswith("allegiance") and format_ != "parquet":
            use = applied(self.mapping, source.name, str(source.root))
            if use is None:
                return FileReport(
                    source.name, NOT_READ, 0, 0, source.digest, "its name does not fit the mapping's files"
                )
        kept = bad = 0
        for found in self._records(source, format_, value, use):
            if isinstance(found, Reject):
                self._refuse(found)
                bad += 1
            else:
                self._keep(found)
                kept += 1
        note = inspect_log.header_text(value) if format_ == inspect_log.JSON and isinstance(value, dict) else ""
        return FileReport(source.name, format_, kept + bad, kept, source.digest, note)

    def _format(self, source: SourceFile) -> tuple[str, object]:
        """What to read a file as; a mapping says so itself, so that nothing is parsed twice."""
        if self.mapping is not None and self.mapping.format != "inspect":
            return self.mapping.format, None
        return _recognised(source)

    def _records(
        self, source: SourceFile, format_: str, value: object, use: Applied | None
    ) -> Iterator[Kept | Reject]:
        if use is not None and use.mapping.format != "inspect":
            return chats.read(source, use)
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
        raise ImportRefused(_not_ours(format_, value), where=source.name, next=_NEEDS_MAPPING)

    def _keep(self, found: Kept) -> None:
        name, _ = named(found.transcript)
        self.transcripts.append(found.transcript)
        self.names.append(name)
        self.labels += [ImportedLabel(name, v.question, v.rater, v.value, v.score, v.raw) for v in found.verdicts]

    def _refuse(self, found: Reject) -> None:
        if not self.skip_bad:
            raise ImportRefused(
                found.reason, where=found.where, next="Correct the file, or leave bad records out with --skip-bad."
            )
        self.rejects.append(found)


def _not_ours(format_: str, value: object) -> str:
    if format_ != "json":
        return f"this {format_.upper()} file is not transcripts that we know."
    if value in (None, [], {}) or not isinstance(value, dict | list):
        return "there are no transcripts in this JSON file."
    return "this JSON file is not an Inspect log."
