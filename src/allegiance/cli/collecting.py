"""Verbs that collect: import, corpus, rate, search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.groups import Verbs
from allegiance.cli.options import json_option, open_study, same_question, study_option, where_option
from allegiance.cli.output import builtins, emit, fields, note, progress, table
from allegiance.errors import CorpusDamaged, UsageError

if TYPE_CHECKING:
    from allegiance.evidence.keep import Keep
    from allegiance.rating.choices import ChoiceRater
    from allegiance.rating.patterns import PatternRater
    from allegiance.records.question import Question


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mapping", type=click.Path(path_type=Path), help="How fields become transcripts (YAML).")
@click.option("--skip-bad", is_flag=True, help="Leave records out that cannot be read, and list them.")
@click.option("--again", is_flag=True, help="Keep records a second time that another mapping reads otherwise.")
@click.option(
    "--split", "halves", is_flag=True, help="Hide half of the requests from searches and lists, to confirm."
)
@study_option
@json_option
def import_(
    paths: tuple[Path, ...],
    mapping: Path | None,
    skip_bad: bool,
    again: bool,
    halves: bool,
    folder: Path,
    as_json: bool,
) -> None:
    """Import transcripts: Inspect logs, Scout databases, JSONL, JSON or CSV of chats, folders of these.

    All of it is read before any is stored; on an error nothing changes. The same file twice adds nothing.

    \b
    Example:
      allegiance import logs/ --study care
      allegiance import results/ --mapping examples/mappings/vlaf.yaml --study care
      allegiance import logs/ --split --study care
    """
    from allegiance.corpus.importers import plan_import
    from allegiance.corpus.importers.plan import NOT_READ
    from allegiance.corpus.mapping import load_mapping
    from allegiance.evidence.intake import take_in

    study = open_study(folder)
    with progress("reading") as shown:
        using = load_mapping(mapping) if mapping else None
        read = plan_import(paths, using, skip_bad=skip_bad, progress=lambda _file, done, of: shown(done, of))
    new = not study.keep.corpus.head().count
    done = take_in(study.keep, read, again=again)
    _split(study.keep, halves, new)
    rejects = [{"file": r.file, "member": r.member, "line": r.line, "reason": r.reason} for r in read.rejects]
    data = {
        "files": sum(file.format != NOT_READ for file in read.files),
        "records": sum(file.records for file in read.files),
        "kept": sum(file.kept for file in read.files),
        "rejected": len(rejects),
        "new": done.new,
        "duplicates": done.duplicates,
        "labels": done.labels,
        "version": done.version,
    }
    aside = [{"file": file.file, "reason": file.note} for file in read.files if file.format == NOT_READ]
    lines = [f"  rejected {r.where}: {r.reason}" for r in read.rejects]
    lines += [f"  not read {one['file']}: {one['reason']}" for one in aside]
    emit(as_json, data | {"rejects": rejects, "not_read": aside}, "\n".join([fields(data), *lines]))


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


@click.group(cls=Verbs)
def corpus() -> None:
    """Look at, check or export the corpus."""


@corpus.command("info")
@where_option
@study_option
@json_option
def corpus_info(where: str, folder: Path, as_json: bool) -> None:
    """Count transcripts by model and condition, and labels by rater.

    \b
    Example:
      allegiance corpus info --study care
    """
    from allegiance.evidence.overview import overview

    found = overview(open_study(folder).keep, where)
    groups = [(g.model, g.condition, g.requests, g.transcripts, sum(g.faulty.values())) for g in found.groups]
    labels = [(label.question, label.rater, label.labelled) for label in found.labels]
    parts = [
        f"{found.count} transcripts, version {found.version}",
        table(groups, ("model", "condition", "requests", "transcripts", "not whole")),
        table(labels, ("question", "rater", "labelled")),
    ]
    emit(as_json, builtins(found), "\n\n".join(parts))


@corpus.command("fsck")
@click.option("--exported", type=click.Path(path_type=Path), help="Check this file or folder for canaries instead.")
@study_option
@json_option
def corpus_fsck(exported: Path | None, folder: Path, as_json: bool) -> None:
    """Read everything back and check it against its names; change nothing.

    With --exported it says how many records of an exported file, or of every file in a folder, carry a canary.

    \b
    Example:
      allegiance corpus fsck --study care
      allegiance corpus fsck --exported care.jsonl
    """
    if exported is not None:
        return _check_canaries(exported, as_json=as_json)
    keep = open_study(folder).keep
    found = keep.fsck()
    for problem in found:
        note(f"{'note' if problem.harmless else 'damaged'}: {problem.where}: {problem.what}")
    damage = [f"{problem.where}: {problem.what}" for problem in found if not problem.harmless]
    if damage:
        raise CorpusDamaged(f"{len(damage)} problems.", where="; ".join(damage), next="Restore from a backup.")
    data = {"problems": 0, "transcripts": keep.corpus.head().count, "log": keep.log.checkpoint().size}
    return emit(
        as_json, data, f"{data['transcripts']} transcripts and {data['log']} log entries are as they were written."
    )


def _check_canaries(path: Path, *, as_json: bool) -> None:
    """Says for each file how many records carry a canary; leaves with a failure if one does not."""
    from allegiance.corpus.canary import check_exported
    from allegiance.scenarios import library, load

    found = check_exported(path, [load(name).canary for name in library()])
    items, carrying = sum(one.items for one in found), sum(one.carrying for one in found)
    lines = [f"{one.carrying} of {one.items} carry a canary  {one.file}" for one in found]
    lines += [f"  without: {name}" for one in found for name in one.lacking]
    data = {"items": items, "carrying": carrying, "files": [vars(one) for one in found]}
    emit(as_json, data, "\n".join([*lines, f"{carrying} of {items} in all"]))
    if carrying < items:
        note(f"error: {items - carrying} of {items} carry no canary.\nwhere: {path}")
        raise click.exceptions.Exit(1)


@corpus.command("export")
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "json", "parquet"]), default="jsonl", show_default=True
)
@study_option
@json_option
def corpus_export(target: Path, form: str, folder: Path, as_json: bool) -> None:
    """Write all transcripts to a file. Importing it again gives the same names.

    \b
    Example:
      allegiance corpus export care.jsonl --study care
    """
    from allegiance.corpus.export import export

    count = export(open_study(folder).keep.corpus, target, form)
    emit(as_json, {"file": str(target), "transcripts": count}, f"{count} transcripts written to {target}")


@click.command()
@click.option("--scenario", "world", help="Match the answer against the menu of this scenario.")
@click.option("--question", "asked", help="Name of the question, for a pattern of your own.")
@click.option("--text", default="", help="The question in a sentence.")
@click.option("--yes-pattern", help="Regular expression (RE2); a match means yes.")
@click.option(
    "--no-pattern", default="", help="Regular expression; a match means no. Without one, no match means no."
)
@click.option(
    "--field", type=click.Choice(["answer", "reasoning", "messages"]), default="answer", show_default=True
)
@click.option("--rater", help="Name of the rater; made from the question if none is given.")
@click.option("--choices", type=click.Path(path_type=Path), help="File with a pattern for each answer.")
@study_option
@json_option
def rate(
    world: str | None,
    asked: str | None,
    text: str,
    yes_pattern: str | None,
    no_pattern: str,
    field: str,
    rater: str | None,
    choices: Path | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Ask a question of every transcript with a pattern; with --choices, several, with a pattern for each answer.

    \b
    Example:
      allegiance rate --scenario repair-desk --study repair
      allegiance rate --question apologises --yes-pattern '(?i)\\bsorry\\b' --study care
      allegiance rate --choices standings.yaml --study care
    """
    from allegiance.evidence.choosing import read_choices
    from allegiance.evidence.screening import menu_rater
    from allegiance.rating.patterns import PatternRater, find_field
    from allegiance.records.question import Question
    from allegiance.scenarios import load

    study = open_study(folder)
    if choices is not None:
        if world or asked or yes_pattern or rater:
            raise UsageError("a file of choices says questions and rater itself.", where="--choices")
        _one_each(study.keep, made := read_choices(choices))
        told = [_rated(study.keep, question, by) for question, by in made]
        return emit(as_json, told, "\n\n".join(map(fields, told)))
    if world:
        question, by = menu_rater(load(world))
    elif asked and yes_pattern:
        question = Question(name=asked, text=text or f"{asked}?")
        by = PatternRater(name=rater or f"pattern/{asked}", yes=yes_pattern, no=no_pattern, field=find_field(field))
    else:
        raise UsageError("say --scenario, or --question with --yes-pattern.", where="rate")
    _one_each(study.keep, [(question, by)])
    data = _rated(study.keep, question, by)
    return emit(as_json, data, fields(data))


def _one_each(keep: Keep, made: Sequence[tuple[Question, PatternRater | ChoiceRater]]) -> None:
    """Refuses a question that is asked here in other words, and a name that another rater of it has."""
    for question, by in made:
        same_question(keep, question)
        others = {card.name for card in keep.labels.raters(question.digest) if card.digest != by.card.digest}
        if by.card.name in others:
            raise UsageError(
                f"another pattern rates here as {by.card.name!r}.", next="Give this one a name: --rater NAME"
            )


def _rated(keep: Keep, question: Question, by: PatternRater | ChoiceRater) -> dict[str, object]:
    from allegiance.evidence.screening import rate_all

    counts = rate_all(keep, question, by)
    return {"question": question.name, "rater": by.card.name, "basis": by.card.basis, **counts}


@click.command()
@click.argument("query")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many hits to show.")
@where_option
@study_option
@json_option
def search(query: str, limit: int, where: str, folder: Path, as_json: bool) -> None:
    """Find transcripts with these words. The search is entered in the log; its hits show existence, no rate.

    \b
    Example:
      allegiance search "used for training" --study care
    """
    from allegiance.evidence import searching

    if not query.strip():
        raise UsageError("there is nothing to search for.")
    number, made, hits = searching.search(open_study(folder).keep, query, where, limit)
    lines = [f"{hit.rank:>4}  {hit.name[7:19]}  {hit.snippet}" for hit in hits]
    head = f"search {number}: {made.hits} of {made.searched} transcripts have these words; {len(hits)} shown"
    data = {"search": number, "hits": made.hits, "searched": made.searched, "shown": builtins(hits)}
    emit(as_json, data, "\n".join([head, *lines]))


VERBS = (import_, corpus, rate, search)
