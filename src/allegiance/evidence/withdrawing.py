"""Take-down in a study: corpus, indexes and bundles lose the words, the log says what went and why.

What the log, claims and draws rest on stays: names, digests and columns. Labels stay as they are, since claims pin
them; those that quote what was taken down are counted and told, and so are logs of runs and pages that may hold it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import msgspec
import sqlalchemy as sa

from allegiance.corpus.purging import purge
from allegiance.corpus.segments import file_digest
from allegiance.errors import InputError, UsageError
from allegiance.evidence.bundle import read_members, rewrite_bundle, unseal
from allegiance.evidence.keep import Keep
from allegiance.evidence.population import columns_digest_of
from allegiance.ledger.database import labels
from allegiance.ledger.log import append
from allegiance.records.canonical import digest_names
from allegiance.records.label import Label
from allegiance.records.manifest import Manifest
from allegiance.records.record import Record


class TakenDown(Record, frozen=True, kw_only=True):
    """What became of a take-down.

    Attributes:
        version: The version after it.
        count: How many transcripts were taken down by it; those that were gone before do not count.
        segments: How many segments were written anew.
        bundles: Bundles that lost words, or now say that some are withdrawn.
        quoting: Labels that quote it, or carry a rater's reply or a remark about it; they stay.
        elsewhere: Files of the study in which its words may still stand, and which were not touched.
    """

    version: str
    count: int
    segments: int
    bundles: tuple[str, ...] = ()
    quoting: int = 0
    elsewhere: tuple[str, ...] = ()


def take_down(keep: Keep, study: Path, names: Sequence[str], reason: str) -> TakenDown:
    """Takes transcripts down. Should it stop half-way, the same call again completes it.

    Args:
        keep: Corpus, log and labels.
        study: The directory of the study: its bundles are in ``claims``.
        names: Names, or prefixes of names.
        reason: Why, in words; it goes into the log as it is.

    Raises:
        UnknownName: One is not in the corpus and never was. Nothing was changed.
        UsageError: No reason is given. Nothing was changed.
    """
    if not reason.strip():
        raise UsageError("a take-down has a reason, which goes into the log.", next='Say it: --reason "…"')
    full = _resolved(keep, names)
    sources = _sources(keep, full)
    made = purge(keep.corpus, full)
    bundles = [path for path in sorted((study / "claims").glob("*.claim")) if _redacted(path, set(full))]
    enter(keep, reason)
    return TakenDown(
        version=made.version,
        count=len(made.names),
        segments=made.segments,
        bundles=tuple(path.name for path in bundles),
        quoting=_quoting(keep, full),
        elsewhere=tuple(_elsewhere(study, full, sources)),
    )


def enter(keep: Keep, reason: str) -> None:
    """Enters every take-down that the log does not have yet: what went, and the columns of what is left."""
    known = {entry.body.get("to") for entry in keep.log.entries("withdraw")}
    manifests = [keep.corpus.manifest(version) for version in keep.corpus.versions()]
    for before, after in zip(manifests[:0:-1], manifests[-2::-1], strict=True):
        if len(after.purged) > len(before.purged) and after.version not in known:
            _enter(keep, before, after, reason)


def _enter(keep: Keep, before: Manifest, after: Manifest, reason: str) -> None:
    names = {name for one in after.purged[len(before.purged) :] for name in one.names}
    step = {"from": before.version, "to": after.version}
    columns = columns_digest_of(keep.corpus, after.version)
    brought = {"new": 0, "duplicates": 0, "columns": columns, "source": {"withdrawn": len(names)}}
    with keep.database.write() as connection:
        told = {"count": len(names), "names": digest_names(names), "reason": reason}
        append(connection, "withdraw", step | told)
        append(connection, "import", step | brought)


def _resolved(keep: Keep, names: Iterable[str]) -> list[str]:
    """Full names; a prefix may mean what was taken down before, so that a take-down can be completed."""
    gone = keep.corpus.taken_down()
    made = []
    for name in names:
        wanted = name if name.startswith("sha256:") else f"sha256:{name}"
        before = [one for one in gone if one.startswith(wanted)] if len(wanted) >= len("sha256:") + 8 else []
        made.append(before[0] if len(before) == 1 else keep.corpus.resolve(name))
    return made


def _sources(keep: Keep, names: Collection[str]) -> set[str]:
    """The digests of the files that these transcripts came from."""
    wanted = set(names)
    return {row.source for row in keep.corpus.rows() if row.name in wanted}


def _redacted(path: Path, names: set[str]) -> bool:
    """Takes the words of some transcripts out of a bundle, and says in it that they are withdrawn.

    Returns whether anything changed. What is no bundle of ours is left as it is.
    """
    try:
        claim, material = unseal(read_members(path))
    except InputError:
        return False
    gone = {row.name for row in material.rows} & names
    withdrawn = tuple(sorted({*material.withdrawn, *gone}))
    if withdrawn == material.withdrawn:
        return False
    kept = tuple(item for item in material.transcripts if item.name not in gone)
    rewrite_bundle(path, claim, msgspec.structs.replace(material, transcripts=kept, withdrawn=withdrawn))
    return True


def _quoting(keep: Keep, names: Collection[str]) -> int:
    """How many labels of these transcripts hold words: a quote, a reply, a remark."""
    found = 0
    with keep.database.read() as connection:
        for name in names:
            bodies = connection.scalars(sa.select(labels.c.body).where(labels.c.transcript == name))
            found += sum(_speaks(msgspec.json.decode(body, type=Label)) for body in bodies)
    return found


def _speaks(label: Label) -> bool:
    return bool(label.raw or label.note or any(span.text for span in label.spans))


def _elsewhere(study: Path, names: Collection[str], sources: Collection[str]) -> list[str]:
    """Files of a study that hold a transcript by their own digest, or name one: logs of runs, pages."""
    logs = [path for path in sorted((study / "runs").rglob("*")) if path.is_file() and file_digest(path) in sources]
    short = [name.removeprefix("sha256:")[:12].encode() for name in names]
    pages = [path for path in sorted((study / "reports").rglob("*")) if path.is_file()]
    naming = [path for path in pages if any(one in path.read_bytes() for one in short)]
    return [str(path.relative_to(study)) for path in (*logs, *naming)]
