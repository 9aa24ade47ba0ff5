"""What importing finds: transcripts, the labels that came with them, and what could not be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.transcript import Transcript

Progress = Callable[[str, int, int], None]
"""Told before each file: its name, how many files are done, and how many there are."""


@dataclass(frozen=True)
class Verdict:
    """A label that came with a transcript, before the transcript has a name.

    Attributes:
        question, rater: What was asked, and of whom.
        value: On our menu.
        score: The number, where the source gave one; finite.
        raw: What the source says, verbatim; JSON where it is not text.
        exact: The label itself, where one of ours comes back.
    """

    question: Question
    rater: RaterCard
    value: str
    score: float | None = None
    raw: str = ""
    exact: Label | None = None


@dataclass(frozen=True)
class ImportedLabel:
    """A `Verdict` on a transcript, given by the name of the occurrence."""

    transcript: str
    question: Question
    rater: RaterCard
    value: str
    score: float | None
    raw: str
    exact: Label | None = None


@dataclass(frozen=True)
class Kept:
    """A record that was read."""

    transcript: Transcript
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True)
class Reject:
    """A record that could not be read, or a file that could not: then `member` is empty and `line` is 0.

    Attributes:
        file: Name of the file.
        member: Member of the archive; empty if there is none.
        line: Line, or index of the record from 1; 0 if it is about the whole file or member.
        reason: Why, in a sentence.
        record: The record itself, as text, where it is at hand.
    """

    file: str
    member: str
    line: int
    reason: str
    record: str = ""

    @property
    def where(self) -> str:
        """The place in one phrase."""
        return " › ".join(filter(None, (self.file, self.member, f"record {self.line}" if self.line else "")))


@dataclass(frozen=True)
class FileReport:
    """What became of a file.

    Attributes:
        file: Its name, relative to what was imported.
        format: What it was read as; ``not read`` with the reason in `note`.
        records: Records that it holds.
        kept: Records that became transcripts; one record with ten replies counts ten times in both.
        sha256: Content name of its bytes; empty if it was not read.
        note: Anything worth telling: the encoding, the state of the log.
    """

    file: str
    format: str
    records: int
    kept: int
    sha256: str
    note: str = ""


@dataclass(frozen=True)
class ImportResult:
    """Everything that an import would add, read in full before anything is written.

    Attributes:
        transcripts: In the order of files and records; occurrences that came twice are still twice.
        names: Name of each transcript, in the same order.
        labels: Labels that came with them.
        rejects: Records that were left out; empty unless bad records were to be skipped.
        files: One report a file.
    """

    transcripts: list[Transcript]
    names: list[str]
    labels: list[ImportedLabel]
    rejects: list[Reject]
    files: list[FileReport]
