"""Verbs about versions of the corpus: versions, diff, subset, merge, compact, gc, purge; and fsck."""

from __future__ import annotations

import os
from pathlib import Path

import click

from allegiance.cli.corpora import corpus
from allegiance.cli.options import json_option, open_study, study_option, where_option
from allegiance.cli.output import builtins, emit, fields, note, progress, table
from allegiance.errors import CorpusDamaged, UsageError

SHOWN = 20
"""Names that `diff` prints; with --json it prints all."""


@corpus.command("versions")
@study_option
@json_option
def corpus_versions(folder: Path, as_json: bool) -> None:
    """List the versions of the corpus, the newest first: what they hold, what made them, who needs them.

    \b
    Example:
      allegiance corpus versions --study care
    """
    from allegiance.evidence.versioning import listed

    study = open_study(folder)
    found = listed(study.keep, study.folder / "claims")
    rows = [
        (
            one.version[7:19],
            one.count,
            one.segments,
            one.logged or "not logged",
            one.how,
            one.taken_down,
            _note(one),
        )
        for one in found
    ]
    head = ("version", "transcripts", "segments", "logged", "made by", "taken down since", "")
    emit(as_json, builtins(found), table(rows, head))


@corpus.command("diff")
@click.argument("first")
@click.argument("second")
@study_option
@json_option
def corpus_diff(first: str, second: str, folder: Path, as_json: bool) -> None:
    """Say what one version of the corpus has and another has not. Versions are given by name or its first digits.

    \b
    Example:
      allegiance corpus diff 3d17f64813ac 93d6cb833708 --study care
    """
    from allegiance.evidence.versioning import changes

    keep = open_study(folder).keep
    old, new = (keep.corpus.at(version).head().version for version in (first, second))
    found, groups = changes(keep, old, new)
    data = {
        "first": old, "second": new, "added": found.added, "gone": found.gone, "taken_down": found.taken_down,
        "groups": builtins(groups),
    }  # fmt: skip
    told = f"{len(found.added)} added, {len(found.gone)} gone, of these {len(found.taken_down)} taken down"
    rows = [(one.model, one.condition, one.added, one.gone) for one in groups]
    parts = [told, *([table(rows, ("model", "condition", "added", "gone"))] if rows else [])]
    signs = [*(("+", name) for name in found.added), *(("-", name) for name in found.gone)]
    parts += ["\n".join(f"{sign} {name}" for sign, name in signs[:SHOWN])] if signs else []
    parts += [f"showing {SHOWN} of {len(signs)} names; --json has all"] if len(signs) > SHOWN else []
    emit(as_json, data, "\n\n".join(parts))


@corpus.command("subset")
@click.argument("target", type=click.Path(path_type=Path))
@where_option
@study_option
@json_option
def corpus_subset(target: Path, where: str, folder: Path, as_json: bool) -> None:
    """Make a new study of the transcripts that pass a filter, under the same names. Labels do not come along.

    The log of the new study says from which version of which study they are.

    \b
    Example:
      allegiance corpus subset small --where 'model=ada-1 tier=paid' --study care
    """
    from allegiance.evidence.splits import is_split, turn_on
    from allegiance.evidence.versioning import subset
    from allegiance.study import Study

    study = open_study(folder)
    names = study.keep.choose(where).names
    if not names:
        raise UsageError("no transcript passes this filter.", where=where, next="See: allegiance corpus info")
    made = Study.init(target, target.resolve().name, study.settings.question)
    if is_split(study.keep.log.entries()):
        turn_on(made.keep)
    version = study.keep.corpus.head().version
    source = {"study": study.settings.id, "corpus": version, "predicate": where}
    brought = subset(study.keep, made.keep, [name.decode() for name in names], source)
    data = {"study": str(target), "transcripts": brought.new, "version": brought.version, "from": version}
    emit(as_json, data, fields(data))


@corpus.command("merge")
@click.argument("other", type=click.Path(path_type=Path))
@study_option
@json_option
def corpus_merge(other: Path, folder: Path, as_json: bool) -> None:
    """Bring the transcripts of another study into this one. Labels and log of the other stay where they are.

    Each transcript is checked against its name; one that is here already, or was taken down here, is left out.

    \b
    Example:
      allegiance corpus merge ../second-run --study care
    """
    from allegiance.evidence.versioning import merge

    study, theirs = open_study(folder), open_study(other)
    version = theirs.keep.corpus.head().version
    made = merge(study.keep, theirs.keep.corpus, {"study": theirs.settings.id, "corpus": version})
    data = {
        "new": made.new, "duplicates": made.duplicates, "taken down here": made.barred,
        "segments copied": made.copied, "version": made.version,
    }  # fmt: skip
    emit(as_json, data, fields(data))


@corpus.command("compact")
@study_option
@json_option
def corpus_compact(folder: Path, as_json: bool) -> None:
    """Write small segments into large ones: a new version with the same transcripts. Old versions stay readable.

    \b
    Example:
      allegiance corpus compact --study care
    """
    from allegiance.evidence.versioning import compact

    made = compact(open_study(folder).keep)
    data = {"segments before": made.before, "segments after": made.after, "version": made.version}
    emit(as_json, data, fields(data))


@corpus.command("gc")
@click.option("--yes", is_flag=True, help="Remove it; without this it is only shown.")
@study_option
@json_option
def corpus_gc(yes: bool, folder: Path, as_json: bool) -> None:
    """Show what nothing needs any more: leftovers, and segments of old versions. With --yes, remove it.

    The current version stays, and every version that a draw, a search, a plan or a claim names. The others can no
    longer be read once their segments are gone; `corpus versions` says so. Nobody else should be reading meanwhile.

    \b
    Example:
      allegiance corpus gc --study care
      allegiance corpus gc --yes --study care
    """
    from allegiance.corpus.leftovers import collect, leftovers
    from allegiance.evidence.versioning import needed

    study = open_study(folder)
    keep, claims = study.keep, study.folder / "claims"
    made = (
        collect(keep.corpus, lambda: needed(keep, claims)) if yes else leftovers(keep.corpus, needed(keep, claims))
    )
    total = sum(one.bytes for one in made.found)
    rows = [(str(one.path.relative_to(keep.corpus.folder)), one.bytes, one.what) for one in made.found]
    data = {
        "removed": yes, "bytes": total, "versions": made.versions,
        "found": [{"path": path, "bytes": size, "what": what} for path, size, what in rows],
    }  # fmt: skip
    lines = [table(rows, ("file", "bytes", "what"))] if rows else []
    lines += [f"{len(made.versions)} versions cannot be read any more without these."] if made.versions else []
    verb = "removed" if yes else "could be removed: --yes does it"
    emit(as_json, data, "\n".join([*lines, f"{len(rows)} files, {total:,} bytes {verb}"]))


@corpus.command("purge")
@click.argument("names", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why; it goes into the log.")
@study_option
@json_option
def corpus_purge(names: tuple[str, ...], reason: str, folder: Path, as_json: bool) -> None:
    """Take transcripts down: their words leave every version, every index and every bundle. There is no way back.

    Names and digests stay, so that claims made before say how many items were withdrawn. Importing the same files
    again does not bring them back. Labels stay too; those that quote them are counted.

    \b
    Example:
      allegiance corpus purge 625f08ebe56d --reason "the person asked for it" --study care
    """
    from allegiance.evidence.withdrawing import take_down

    study = open_study(folder)
    made = take_down(study.keep, study.folder, names, reason)
    data = {
        "taken down": made.count, "segments written anew": made.segments, "bundles changed": len(made.bundles),
        "labels that quote": made.quoting, "version": made.version,
    }  # fmt: skip
    emit(as_json, builtins(made), fields(data))
    if made.quoting:
        note(f"note: {made.quoting} labels hold words of it or about it; they stay, since claims pin them.")
    for path in made.elsewhere:
        note(f"note: {path} may still hold its words, and was not touched.")


@corpus.command("fsck")
@click.option("--exported", type=click.Path(path_type=Path), help="Check this file or folder for canaries instead.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), help="Processes that read at once; by default one for each core."
)
@study_option
@json_option
def corpus_fsck(exported: Path | None, jobs: int | None, folder: Path, as_json: bool) -> None:
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
    with progress("checking") as shown:
        found = keep.fsck(jobs or len(os.sched_getaffinity(0)), shown)
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


def _note(found: object) -> str:
    """What to know of a version beyond its numbers."""
    said = []
    if not getattr(found, "readable", True):
        said.append("its segments were given up")
    if getattr(found, "needed", False):
        said.append("the log or a claim needs it")
    return "; ".join(said)


VERBS = (corpus,)
