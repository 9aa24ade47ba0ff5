"""Versions of the corpus in a study: entered in the log, and kept as long as the log or a claim needs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from allegiance.corpus import versions
from allegiance.corpus.digests import packed
from allegiance.corpus.store import Corpus
from allegiance.corpus.tables.light import condition_of, light
from allegiance.corpus.versions import Brought, Compacted
from allegiance.errors import InputError
from allegiance.evidence.bundle import read_members
from allegiance.evidence.keep import Keep
from allegiance.evidence.population import columns_digest_of
from allegiance.records.claim import Claim
from allegiance.records.record import Record

MADE_ONLY = ("start", "import", "withdraw")
"""Kinds of log entries that say how a version came to be; no other needs it to be read again."""


class Version(Record, frozen=True, kw_only=True):
    """A version of the corpus.

    Attributes:
        version: Its name.
        count: Its transcripts.
        segments: Its files.
        logged: When the log says it came to be; empty if the log does not have it.
        how: What made it: ``import``, ``withdraw``, ``merge``, ``subset``, ``compaction``; empty if unknown.
        taken_down: How many of its transcripts were taken down since.
        readable: Whether it can be read; not so if its segments were given up.
        needed: Whether the log or a claim needs it, beyond its having been.
    """

    version: str
    count: int
    segments: int
    logged: str = ""
    how: str = ""
    taken_down: int = 0
    readable: bool = True
    needed: bool = False


class Change(Record, frozen=True, kw_only=True):
    """How many transcripts of one model in one condition are only in the newer or the older of two versions."""

    model: str
    condition: str
    added: int = 0
    gone: int = 0


def listed(keep: Keep, claims: Path) -> list[Version]:
    """All versions, newest first."""
    told: dict[object, tuple[str, str]] = {}
    for entry in (*keep.log.entries("import"), *keep.log.entries("withdraw")):
        source = entry.body.get("source")
        how = (
            next((key for key in ("merge", "subset", "compaction") if key in source), "import")
            if (isinstance(source, Mapping))
            else entry.kind
        )
        told[entry.body.get("to")] = (entry.at, how)
    needed_, gone = needed(keep, claims), keep.corpus.collected()
    made = []
    for version in keep.corpus.versions():
        manifest = keep.corpus.manifest(version)
        at, how = told.get(version, ("", ""))
        made.append(
            Version(
                version=version, count=manifest.count, segments=len(manifest.segments), logged=at, how=how,
                taken_down=len(keep.corpus.taken_down(version)), readable=version not in gone,
                needed=version in needed_,
            )
        )  # fmt: skip
    return made


def needed(keep: Keep, claims: Path) -> set[str]:
    """The versions that a log entry or a claim of the study needs, so that they must stay readable.

    An entry needs a version that it names, unless it only says how that version came to be (`MADE_ONLY`).
    """
    entries = [entry.body for entry in keep.log.entries() if entry.kind not in MADE_ONLY]
    told = {text for body in entries for text in _texts(body)}
    for path in sorted(claims.glob("*.claim")):
        try:
            told.add(msgspec.json.decode(read_members(path)["claim.json"], type=Claim).frame.corpus)
        except (InputError, KeyError, msgspec.MsgspecError):
            continue  # no bundle of ours
    return told & set(keep.corpus.versions())


def changes(keep: Keep, first: str, second: str) -> tuple[versions.Difference, list[Change]]:
    """What changed from one version to another: names, and counts by model and condition."""
    found = versions.difference(keep.corpus, first, second)
    counts: dict[tuple[str, str], list[int]] = {}
    for side, (names, version) in enumerate(((found.added, second), (found.gone, first))):
        for model, condition, count in _groups(keep.corpus, version, names):
            counts.setdefault((model, condition), [0, 0])[side] += count
    return found, [
        Change(model=model, condition=condition, added=one[0], gone=one[1])
        for (model, condition), one in sorted(counts.items())
    ]


def merge(keep: Keep, other: Corpus, source: Mapping[str, object]) -> Brought:
    """Takes in the transcripts of another study, each checked against its name, and logs the version that results.

    Labels do not come along: they belong to the log of the study in which they were given.
    """
    before = keep.corpus.head().version
    made = versions.bring(keep.corpus, other)
    enter(keep, before, made.version, made.new, made.duplicates, {"merge": dict(source)})
    return made


def subset(keep: Keep, target: Keep, names: list[str], source: Mapping[str, object]) -> Brought:
    """Copies some transcripts into a new study, and logs there which version of which study they are from."""
    before = target.corpus.head().version
    made = versions.bring(target.corpus, keep.corpus, packed(names), check=False)
    enter(target, before, made.version, made.new, made.duplicates, {"subset": dict(source)})
    return made


def compact(keep: Keep) -> Compacted:
    """Writes small segments into large ones, and logs the version that results: the same transcripts, no more."""
    before = keep.corpus.head().version
    made = versions.compact(keep.corpus)
    enter(keep, before, made.version, 0, 0, {"compaction": {"from": made.before, "to": made.after}})
    return made


def enter(keep: Keep, before: str, after: str, new: int, duplicates: int, source: Mapping[str, object]) -> None:
    """Logs a version, unless it is the one before or in the log already."""
    known = {entry.body.get("to") for entry in keep.log.entries("import")}
    made = keep.corpus.manifest(after)
    if after in known or not made.parent:
        return
    if before == after:  # the process that made it was stopped before it could log it
        before, new = made.parent, made.count - keep.corpus.manifest(made.parent).count
    body: dict[str, object] = {"from": before, "to": after, "new": new, "duplicates": duplicates}
    keep.log.append("import", body | {"columns": columns_digest_of(keep.corpus, after), "source": dict(source)})


def _groups(corpus: Corpus, version: str, names: tuple[str, ...]) -> Iterator[tuple[str, str, int]]:
    """How many of some transcripts of a version each model has in each condition."""
    if not names:
        return
    whole = light(corpus, version).table.select(["transcript_id", "model", "condition"])
    chosen = whole.filter(pc.is_in(whole["transcript_id"], value_set=pa.array(names, pa.large_string())))
    for row in chosen.group_by(["model", "condition"]).aggregate([([], "count_all")]).to_pylist():
        yield row["model"], condition_of(row["condition"]).name, row["count_all"]


def _texts(value: object) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
