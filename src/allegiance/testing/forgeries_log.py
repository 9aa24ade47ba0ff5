"""Forgeries of the log and of the population: events, their order, manifest and columns."""

from __future__ import annotations

from allegiance.evidence.material import Material
from allegiance.records.canonical import digest, digest_names
from allegiance.records.claim import Claim
from allegiance.testing.forging import (
    Forged,
    drawn,
    edited,
    finish,
    first,
    last,
    moved,
    pinned,
    replace,
    restated,
    with_log,
    with_rows,
)


def drop_an_event(claim: Claim, material: Material) -> Forged:
    """A reading vanishes from the log, which is not computed anew."""
    return claim, replace(material, log=tuple(entry for entry in material.log if entry.kind != "reading"))


def leave_a_gap(claim: Claim, material: Material) -> Forged:
    """The last reading vanishes; the root is computed anew, the other entries keep their numbers."""
    at = last(material.log, "reading")
    return finish(claim, replace(material, log=(*material.log[:at], *material.log[at + 1 :])))


def misstate_the_size(claim: Claim, material: Material) -> Forged:
    """The claim says that the log had one entry more."""
    return replace(claim, log_size=claim.log_size + 1), material


def rewrite_an_event(claim: Claim, material: Material) -> Forged:
    """A search is entered with other words; the root stays."""

    def other(body: dict[str, object]) -> dict[str, object]:
        found = body["search"]
        return {"search": found | {"query": "another"}} if isinstance(found, dict) else body

    return claim, edited(material, "search", other)


def rename_an_event(claim: Claim, material: Material) -> Forged:
    """A search is entered as something that nobody counts; the root is computed anew."""
    entries = [replace(entry, kind="note") if entry.kind == "search" else entry for entry in material.log]
    return finish(*with_log(claim, material, entries))


def move_the_draw(claim: Claim, material: Material) -> Forged:
    """The draw is entered after a reading from it; the log is computed anew."""
    entries = list(material.log)
    return with_log(claim, material, moved(entries, first(entries, "draw"), last(entries, "reading")))


def read_another_rank(claim: Claim, material: Material) -> Forged:
    """A reading from the draw is said to have been of the next rank."""
    return finish(claim, edited(material, "reading", lambda body: _rerouted(body, "rank", 1)))


def renumber_a_reading(claim: Claim, material: Material) -> Forged:
    """A reading is said to have been a later one."""

    def later(body: dict[str, object]) -> dict[str, object]:
        found = body["reading"]
        return {"reading": found | {"order": int(found["order"]) + 1}} if isinstance(found, dict) else body

    return finish(claim, edited(material, "reading", later))


def look_at_more(claim: Claim, material: Material) -> Forged:
    """A look at some of the labels is said to have been at all, so that the exact interval is allowed."""
    material = edited(material, "look", lambda body: body | {"n": len(drawn(material).items)})
    return finish(replace(claim, method=""), material)


def look_before_the_labels(claim: Claim, material: Material) -> Forged:
    """A look is entered before the labels that it shows."""
    log = material.log
    return finish(*with_log(claim, material, moved(log, first(log, "look"), first(log, "labels"))))


def forget_the_look(claim: Claim, material: Material) -> Forged:
    """The exact interval is claimed though somebody looked; the number is that of one who did not."""
    unseen = replace(material, log=tuple(entry for entry in material.log if entry.kind != "look"))
    exact, _ = finish(replace(claim, method=""), unseen)
    return restated(pinned(exact, material), material)


def forget_the_version(claim: Claim, material: Material) -> Forged:
    """The log enters another version of the corpus."""
    return finish(claim, edited(material, "import", lambda body: body | {"to": "sha256:" + "0" * 64}))


def change_a_status(claim: Claim, material: Material) -> Forged:
    """A transcript that was not drawn is said to be cut off; the frame is pinned again, the log is left."""
    items = set(drawn(material).items)
    at = next(i for i, row in enumerate(material.rows) if row.name not in items)
    rows = [*material.rows[:at], replace(material.rows[at], status="truncated"), *material.rows[at + 1 :]]
    forged, changed = with_rows(claim, material, rows, logged=False)
    return restated(forged, changed)


def alter_a_column(claim: Claim, material: Material) -> Forged:
    """A transcript is said to be from another tier, in frame and log too; its name is that of the old one."""
    row = material.rows[0]
    levels = replace(row.condition, levels={**row.condition.levels, "tier": "another"})
    rows = (replace(row, condition=levels), *material.rows[1:])
    return finish(*with_rows(claim, material, rows, logged=True))


def trim_the_frame(claim: Claim, material: Material) -> Forged:
    """A transcript that was not drawn vanishes from the rows."""
    items = set(drawn(material).items)
    at = next(i for i, row in enumerate(material.rows) if row.name not in items)
    return claim, replace(material, rows=(*material.rows[:at], *material.rows[at + 1 :]))


def rewrite_the_filter(claim: Claim, material: Material) -> Forged:
    """The filter is written in another form, and selects the same."""
    return finish(replace(claim, frame=replace(claim.frame, predicate="tier=untrained|trained")), material)


def miscount_the_frame(claim: Claim, material: Material) -> Forged:
    """The population is said to be one smaller."""
    return finish(replace(claim, frame=replace(claim.frame, n=claim.frame.n - 1)), material)


def name_another_format(claim: Claim, material: Material) -> Forged:
    """The claim says that it is of a version that there is not."""
    return replace(claim, format="allegiance-claim/0"), material


def rewrite_the_manifest(claim: Claim, material: Material) -> Forged:
    """A transcript vanishes from rows, manifest and log; the version keeps its name."""
    forged, changed = with_rows(claim, material, material.rows[1:], logged=True)
    kept, manifest = changed.rows, changed.manifest
    segments = (replace(manifest.segments[0], rows=len(kept)), *manifest.segments[1:])
    members = digest_names(row.name for row in kept)
    return finish(
        forged, replace(changed, manifest=replace(manifest, members=members, count=len(kept), segments=segments))
    )


def recount_the_manifest(claim: Claim, material: Material) -> Forged:
    """A transcript vanishes from rows, manifest and log, but not from the count of the files; all is named anew."""
    kept = material.rows[1:]
    manifest = replace(material.manifest, members=digest_names(row.name for row in kept), count=len(kept))
    return _renamed(claim, replace(material, manifest=manifest), kept)


def list_a_transcript_twice(claim: Claim, material: Material) -> Forged:
    """A transcript is there twice, in rows, manifest and log; all is named anew."""
    rows = (material.rows[0], *material.rows)
    manifest = material.manifest
    segments = (replace(manifest.segments[0], rows=len(rows)), *manifest.segments[1:])
    changed = replace(material, manifest=replace(manifest, count=len(rows), segments=segments))
    return _renamed(claim, changed, rows)


def exchange_a_transcript(claim: Claim, material: Material) -> Forged:
    """A transcript is another sample of its request, in rows and log; the manifest is left as it is."""
    other = replace(material.rows[0], sample=material.rows[0].sample + 50)
    rows = (replace(other, name=digest(other.identity())), *material.rows[1:])
    return finish(*with_rows(claim, material, rows, logged=True))


def _renamed(claim: Claim, material: Material, rows: tuple[object, ...]) -> Forged:
    version = material.manifest.version
    old = claim.frame.corpus
    material = edited(material, "import", lambda body: body | {"to": version} if body["to"] == old else body)
    claim = replace(claim, frame=replace(claim.frame, corpus=version))
    return finish(*with_rows(claim, material, rows, logged=True))  # type: ignore[arg-type]


def _rerouted(body: dict[str, object], field: str, more: int) -> dict[str, object]:
    found = body["reading"]
    if not isinstance(found, dict):
        return body
    route = found["route"]
    return {"reading": found | {"route": route | {field: route[field] + more}}}
