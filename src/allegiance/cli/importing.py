"""The verb that imports, and that explains what it would read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.engines import engine_option, find_engine
from allegiance.cli.options import json_option, open_study, study_option
from allegiance.cli.output import emit, fields, note, progress, table

if TYPE_CHECKING:
    from allegiance.corpus.importers.explain import Explained
    from allegiance.corpus.importers.stream import Stream
    from allegiance.corpus.mapping import Mapping_
    from allegiance.evidence.intake import Intake
    from allegiance.evidence.keep import Keep
    from allegiance.evidence.scanned import Scanned


@click.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH_OR_URL...")
@click.option("--mapping", type=click.Path(path_type=Path), help="How fields become transcripts (YAML).")
@click.option(
    "--explain", "explaining", is_flag=True, help="Say what a file is and what its fields become; store nothing."
)
@click.option("--skip-bad", is_flag=True, help="Leave records out that cannot be read, and list them.")
@click.option(
    "--rejects", type=click.Path(path_type=Path), help="Leave them out, and write them to this file (JSONL)."
)
@click.option("--again", is_flag=True, help="Keep records a second time that another mapping reads otherwise.")
@click.option(
    "--split", "halves", is_flag=True, help="Hide half of the requests from searches and lists, to confirm."
)
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Processes that read; else one for each core, 4 at most."
)
@engine_option
@study_option
@json_option
def import_(
    paths: tuple[str, ...], mapping: Path | None, explaining: bool, skip_bad: bool, rejects: Path | None,
    again: bool, halves: bool, workers: int | None, engine: str, folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """Import transcripts: logs, dumps of model APIs, sessions of agents, tables, folders of these; local or by URL.

    All of it is read before any is stored; on an error nothing changes. The same file twice adds nothing.

    \b
    Example:
      allegiance import logs/ --study care
      allegiance import requests.jsonl replies.jsonl --study care
      allegiance import results/ --mapping examples/mappings/vlaf.yaml --study care
      allegiance import --explain session.jsonl
      allegiance import s3://bucket/logs/ --rejects rejects.jsonl --study care
    """
    from allegiance.corpus.importers import remote
    from allegiance.corpus.importers.rejects import check_target
    from allegiance.corpus.mapping import load_mapping

    using = load_mapping(mapping) if mapping else None
    if rejects is not None:
        check_target(rejects)
    with remote.local(paths) as files:
        if explaining:
            return _explain(files, using, as_json=as_json)
        study = open_study(folder)
        new = not study.keep.corpus.head().count
        done = _Done(study.keep, files)
        done.read(using, skip_bad=skip_bad or rejects is not None, again=again, workers=workers, engine=engine)
        _split(study.keep, halves, new)
        return done.tell(rejects, as_json=as_json)


class _Done:
    """An import: what was read, and what became of it."""

    def __init__(self, keep: Keep, files: Sequence[Path]) -> None:
        from allegiance.corpus.importers import scans

        self._keep, self._files = keep, files
        self._scans = scans.find(files)
        self._read: Stream | None = None
        self._taken: Intake | None = None
        self._scanned: Scanned | None = None

    def read(
        self, using: Mapping_ | None, *, skip_bad: bool, again: bool, workers: int | None, engine: str
    ) -> None:
        """Transcripts first, then the labels of scans, which need them."""
        from allegiance.corpus.importers.stream import Stream
        from allegiance.evidence.intake import take_in
        from allegiance.evidence.scanned import take_scans

        rest = [path for path in self._files if path not in self._scans and not self._only_scans(path)]
        if rest:
            who = None if engine == "local" else find_engine(engine)
            with progress("reading", in_bytes=True) as shown:
                self._read = Stream(
                    rest, using, skip_bad=skip_bad, progress=lambda _, done, of: shown(done, of),
                    workers=workers, engine=who,
                )  # fmt: skip
                self._taken = take_in(self._keep, self._read, again=again)
        if self._scans:
            self._scanned = take_scans(self._keep, self._scans)

    def tell(self, rejects: Path | None, *, as_json: bool) -> None:
        """Says what became of it, and writes what was left out."""
        from allegiance.corpus.importers.plan import NOT_READ
        from allegiance.corpus.importers.rejects import write

        data = self._counts(NOT_READ)
        found = [] if self._read is None else self._read.rejects
        if rejects is not None:
            write(rejects, found, self._files)
        bad = [{"file": r.file, "member": r.member, "line": r.line, "reason": r.reason} for r in found]
        files = [] if self._read is None else self._read.files
        aside = [{"file": file.file, "reason": file.note} for file in files if file.format == NOT_READ]
        lines = [f"  rejected {r.where}: {r.reason}" for r in found]
        lines += [f"  not read {one['file']}: {one['reason']}" for one in aside]
        emit(as_json, data | {"rejects": bad, "not_read": aside}, "\n".join([fields(data), *lines]))

    def _only_scans(self, path: Path) -> bool:
        """Whether a folder holds scan results and nothing else that is looked for."""
        from allegiance.corpus.importers.source import candidates

        return path.is_dir() and bool(self._scans) and not candidates(path)[0]

    def _counts(self, not_read: str) -> dict[str, object]:
        files = [] if self._read is None else self._read.files
        taken, scanned = self._taken, self._scanned
        data: dict[str, object] = {
            "files": sum(file.format != not_read for file in files),
            "records": sum(file.records for file in files),
            "kept": sum(file.kept for file in files),
            "rejected": 0 if self._read is None else len(self._read.rejects),
            "new": taken.new if taken else 0,
            "duplicates": taken.duplicates if taken else 0,
            "labels": (taken.labels if taken else 0) + (scanned.labels if scanned else 0),
            "version": taken.version if taken else self._keep.corpus.head().version,
        }
        if scanned is not None:
            data |= {"scan results": scanned.results, "about other transcripts": scanned.lost}
        return data


def _explain(files: Sequence[Path], using: Mapping_ | None, *, as_json: bool) -> None:
    from dataclasses import asdict

    from allegiance.corpus.importers.explain import explain

    found = [explain(path, using) for path in files]
    emit(as_json, [asdict(one) for one in found], "\n\n".join(map(_explained, found)))


def _explained(one: Explained) -> str:
    head = {
        "file": one.file,
        "read as": f"{one.format}: {one.says}",
        "first record": f"{one.transcripts} transcripts",
    }
    rows = [(use.field, use.becomes, use.example) for use in one.fields]
    known = {key: value for key, value in one.summary.items() if value}
    parts = [fields(head | known)]
    return "\n\n".join([*parts, table(rows, ("field", "becomes", "example"))] if rows else parts)


def _split(keep: Keep, wanted: bool, new: bool) -> None:
    """Splits a study if that is wanted, and offers it where it is new; says what it is."""
    from allegiance.evidence.splits import WHAT, is_split, turn_on

    if wanted:
        note(WHAT if turn_on(keep) else "the study is in two halves already.")
    elif new and not is_split(keep.log.entries()):
        note(
            "nothing is hidden from searches and lists. If questions are still to be found by reading, split the "
            "study before you look: the same command with --split adds nothing else."
        )


VERBS = (import_,)
