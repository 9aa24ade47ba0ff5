"""Verbs that collect: import, corpus, rate, search."""

from __future__ import annotations

from pathlib import Path

import click

from allegiance.cli.groups import Verbs
from allegiance.cli.options import json_option, open_study, same_question, study_option, where_option
from allegiance.cli.output import builtins, emit, fields, note, progress, table
from allegiance.errors import CorpusDamaged, UsageError


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mapping", type=click.Path(path_type=Path), help="How fields become transcripts (YAML).")
@click.option("--skip-bad", is_flag=True, help="Leave records out that cannot be read, and list them.")
@click.option("--again", is_flag=True, help="Keep records a second time that another mapping reads otherwise.")
@study_option
@json_option
def import_(
    paths: tuple[Path, ...], mapping: Path | None, skip_bad: bool, again: bool, folder: Path, as_json: bool
) -> None:
    """Import transcripts: Inspect logs, Scout databases, JSONL, JSON or CSV of chats, folders of these.

    All of it is read before any is stored; on an error nothing changes. The same file twice adds nothing.

    \b
    Example:
      allegiance import logs/ --study care
      allegiance import results/ --mapping examples/mappings/vlaf.yaml --study care
    """
    from allegiance.corpus.importers import plan_import
    from allegiance.corpus.importers.plan import NOT_READ
    from allegiance.corpus.mapping import load_mapping
    from allegiance.evidence.intake import take_in

    study = open_study(folder)
    with progress("reading") as shown:
        using = load_mapping(mapping) if mapping else None
        read = plan_import(paths, using, skip_bad=skip_bad, progress=lambda _file, done, of: shown(done, of))
    done = take_in(study.keep, read, again=again)
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
@study_option
@json_option
def corpus_fsck(folder: Path, as_json: bool) -> None:
    """Read everything back and check it against its names; change nothing.

    \b
    Example:
      allegiance corpus fsck --study care
    """
    keep = open_study(folder).keep
    found = keep.fsck()
    for problem in found:
        note(f"{'note' if problem.harmless else 'damaged'}: {problem.where}: {problem.what}")
    damage = [f"{problem.where}: {problem.what}" for problem in found if not problem.harmless]
    if damage:
        raise CorpusDamaged(f"{len(damage)} problems.", where="; ".join(damage), next="Restore from a backup.")
    data = {"problems": 0, "transcripts": keep.corpus.head().count, "log": keep.log.checkpoint().size}
    emit(
        as_json, data, f"{data['transcripts']} transcripts and {data['log']} log entries are as they were written."
    )


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
    folder: Path,
    as_json: bool,
) -> None:
    """Ask a question of every transcript with a pattern.

    \b
    Example:
      allegiance rate --scenario repair-desk --study repair
      allegiance rate --question apologises --yes-pattern '(?i)\\bsorry\\b' --study care
    """
    from allegiance.evidence.screening import menu_rater, rate_all
    from allegiance.rating.patterns import PatternRater, find_field
    from allegiance.records.question import Question
    from allegiance.scenarios import load

    study = open_study(folder)
    if world:
        question, by = menu_rater(load(world))
    elif asked and yes_pattern:
        question = Question(name=asked, text=text or f"{asked}?")
        by = PatternRater(name=rater or f"pattern/{asked}", yes=yes_pattern, no=no_pattern, field=find_field(field))
    else:
        raise UsageError("say --scenario, or --question with --yes-pattern.", where="rate")
    names = {card.name for card in study.keep.labels.raters(question.digest) if card.digest != by.card.digest}
    if by.card.name in names:
        raise UsageError(
            f"another pattern rates here as {by.card.name!r}.", next="Give this one a name: --rater NAME"
        )
    counts = rate_all(study.keep, same_question(study.keep, question), by)
    data = {"question": question.name, "rater": by.card.name, "basis": by.card.basis, **counts}
    emit(as_json, data, fields(data))


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
