"""The steps of verification. Each takes a claim and its material, says what it found, or raises what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from allegiance.corpus.predicate import parse
from allegiance.corpus.rows import Row
from allegiance.errors import VerificationFailed
from allegiance.evidence import tickets
from allegiance.evidence.estimates import require_labels
from allegiance.evidence.keep import announcement, carry_out
from allegiance.evidence.material import (
    Material,
    check_population,
    forks,
    labels_digest,
    sample_of,
    terms_of,
    work_out,
)
from allegiance.evidence.population import columns_digest, pin
from allegiance.evidence.statements import basis, statement
from allegiance.ledger.log import Entry, checkpoint
from allegiance.ledger.merkle import leaf_hash
from allegiance.rating.labels import last
from allegiance.records.canonical import canonical, digest, digest_names, plain
from allegiance.records.claim import FORMAT, Claim, Estimate
from allegiance.records.draw import ALGORITHM, Draw
from allegiance.records.label import Label

TOLERANCE = 1e-9
"""Largest difference between a claimed and a recomputed number that is not a difference."""


def population(claim: Claim, material: Material) -> str:
    """The frame is exactly what its predicate selects from the version that it names, and nothing was trimmed."""
    manifest, rows = material.manifest, material.rows
    _require(claim.format == FORMAT, f"the claim has format {claim.format!r}; this version knows {FORMAT!r}")
    _require(manifest.version == claim.frame.corpus, "the manifest is not that of the corpus version claimed")
    stray = [row.name for row in rows if digest(row.identity()) != row.name]
    _require(not stray, f"{len(stray)} columns do not belong to the transcript they name, first {stray[:1]}")
    _require(len({row.name for row in rows}) == len(rows), "a transcript is listed twice")
    _require(digest_names(row.name for row in rows) == manifest.members, "the rows are not the corpus's members")
    stored = sum(segment.rows for segment in manifest.segments) - len(manifest.withdrawn)
    _require(len(rows) == manifest.count == stored, "the number of rows is not the corpus's count")
    told = str(parse(claim.frame.predicate))
    _require(told == claim.frame.predicate, f"the filter should be written {told!r}")
    selected = _frame_rows(claim, material)
    _require(
        pin(claim.frame.corpus, claim.frame.predicate, selected) == claim.frame,
        f"the predicate selects {len(selected)} transcripts; the frame claimed is another set of {claim.frame.n}",
    )
    return f"{claim.frame.n} of {manifest.count} transcripts, as the predicate selects them"


def log(claim: Claim, material: Material) -> str:
    """The log is whole up to the checkpoint that the claim pins, and holds the version of the corpus."""
    entries = material.log
    gaps = [place for place, entry in enumerate(entries) if entry.seq != place]
    _require(not gaps, f"entries are missing or out of place, first at {gaps[:1]}")
    point = checkpoint([leaf_hash(canonical(entry)) for entry in entries])
    _require(point.size == claim.log_size, f"the log has {point.size} entries, the claim pins {claim.log_size}")
    _require(point.root == claim.log_root, f"the log's root is {point.root}, the claim pins {claim.log_root}")
    imports = [e.body for e in entries if e.kind == "import" and e.body.get("to") == claim.frame.corpus]
    _require(bool(imports), "the corpus version was never entered in the log")
    columns = columns_digest(material.rows)
    _require(imports[0].get("columns") == columns, "the columns are not those that were entered in the log")
    return f"{point.size} entries, root {point.root[:16]}…"


def draw(claim: Claim, material: Material) -> str:
    """The draw was announced, is about the frame, and its seed follows from the commitment."""
    made = material.draw
    if made is None:
        _require(not claim.draw, "the claim names a draw that the bundle does not hold")
        return "census: nothing was drawn"
    _require(made.digest == claim.draw, "the draw is not the one that the claim names")
    design, counter = made.commitment.design, made.commitment.counter
    _require(made.commitment.algorithm == ALGORITHM, f"there is no algorithm {made.commitment.algorithm!r}")
    fits = design.n == 0 if design.kind == "census" else 1 <= design.n <= claim.frame.n
    _require(fits, f"{design.n} cannot be drawn from {claim.frame.n}")
    _require(made.commitment.frame == claim.frame, "the draw is from another population than the claim is about")
    seed = tickets.seed_of(made.commitment).hex()
    _require(made.seed == seed, f"the seed is {made.seed[:16]}…, but {seed[:16]}… follows from the commitment")
    entry = _announced(material)
    _require(entry.body == announcement(made), "the log announces another draw under this number")
    before = sum(earlier.kind == "draw" for earlier in material.log[: entry.seq])
    _require(counter == before + 1, f"the draw calls itself number {counter}, and the log has {before} before it")
    return f"draw {made.commitment.counter}, announced in log entry {entry.seq}"


def ranks(claim: Claim, material: Material) -> str:
    """The items are those with the lowest tickets, in their order."""
    made = material.draw
    if made is None:
        return f"census of {claim.frame.n}"
    again = carry_out(made.commitment, [row.name for row in _frame_rows(claim, material)])
    wrong = [rank for rank, pair in enumerate(zip(made.items, again.items, strict=False), 1) if pair[0] != pair[1]]
    _require(len(made.items) == len(again.items), f"{len(made.items)} items, {len(again.items)} were to be drawn")
    _require(not wrong, f"rank {wrong[:1]} holds another item than its ticket says")
    return f"ranks 1 to {len(made.items)} recomputed"


def order_of_events(claim: Claim, material: Material) -> str:
    """The draw was announced before anyone read from it, and before a trusted rater gave the answers that count."""
    made = material.draw
    if made is None:
        return "census: no order to keep"
    announced = _announced(material).seq
    early = [entry.seq for entry in material.log[:announced] if _read(entry).get("draw") == made.digest]
    _require(not early, f"log entry {early[:1]} reads from the draw before entry {announced} announces it")
    old = _answered_before(claim, material, made, announced)
    _require(
        not old,
        f"{len(old)} drawn transcripts were labelled before entry {announced} announces the draw, first {old[:1]}; "
        "label them again",
    )
    known = {_read(entry).get("transcript") for entry in material.log[:announced]}
    opened = len(known.intersection(made.items))
    return f"announced in entry {announced}; {opened} of {len(made.items)} had been opened by another route before"


def labels(claim: Claim, material: Material) -> str:
    """The labels are all that the log has from these raters on this question, and no drawn item lacks one."""
    _require(labels_digest(material.labels) == claim.labels, "the labels are not those that the claim pins")
    cards = {card.digest for card in claim.raters}
    _require_revisions(material.labels)
    for label in material.labels:
        fits = label.question == claim.question.digest and label.rater in cards
        _require(fits, f"the label of {label.transcript} is on another question or by another rater")
    batched = _logged_batches(claim, material)
    here = {label.digest for label in material.labels}
    _require(here <= batched, f"{len(here - batched)} labels were never entered in the log, or were changed since")
    _require(batched <= here, f"{len(batched - here)} labels that the log has were left out")
    names = [row.name for row in sample_of(material.draw, _frame_rows(claim, material))]
    for card in claim.raters:
        require_labels(names, last(label for label in material.labels if label.rater == card.digest))
    return f"{len(here)} labels, all in the log; none of {len(names)} transcripts lacks one"


def number(claim: Claim, material: Material) -> str:
    """The number, its interval and its counts follow from the labels."""
    rows = _frame_rows(claim, material)
    check_population(terms_of(claim), material.draw, rows)
    sample = sample_of(material.draw, rows)
    again = work_out(terms_of(claim), claim.frame.n, sample, material.labels)
    _require(_same(claim.estimate, again), f"recomputed {_short(again)}, claimed {_short(claim.estimate)}")
    return f"recomputed {_short(again)} by {again.method}"


def words(claim: Claim, material: Material) -> str:
    """The statement, the basis and the counts of forks are those that follow."""
    _require(claim.basis == basis(claim.raters[0]), "the basis is not what the rater's card says")
    said = statement(terms_of(claim), claim.frame, material.draw, claim.estimate)
    _require(claim.statement == said, f"the statement should read: {said}")
    counted = forks(material.log)
    _require(dict(claim.forks) == counted, f"the log counts {counted}, the claim says {dict(claim.forks)}")
    return ", ".join(f"{count} {name}" for name, count in counted.items()) + " before this claim"


def transcripts(claim: Claim, material: Material) -> str:
    """The words that were shipped are those that the names stand for."""
    by_name = {row.name: row for row in material.rows}
    for item in material.transcripts:
        _require(item.name in by_name, f"a transcript's words do not belong to any name: it hashes to {item.name}")
    shipped = {item.name for item in material.transcripts}
    sample = {row.name for row in sample_of(material.draw, _frame_rows(claim, material))}
    _require(not shipped or shipped == sample, "the transcripts shipped are not those of the sample")
    return f"{len(shipped)} of {len(sample)} shipped, each hashes to its name"


def _frame_rows(claim: Claim, material: Material) -> list[Row]:
    chosen = parse(claim.frame.predicate)
    return sorted((row for row in material.rows if chosen.matches(row.fields())), key=lambda row: row.name)


def _announced(material: Material) -> Entry:
    made = material.draw
    for entry in material.log:
        if made is not None and entry.kind == "draw" and entry.body.get("draw") == made.digest:
            return entry
    raise VerificationFailed("the draw was never announced in the log.")


def _read(entry: Entry) -> dict[str, object]:
    """Transcript and draw of a reading; empty for other entries."""
    reading = entry.body.get("reading") if entry.kind == "reading" else None
    if not isinstance(reading, dict):
        return {}
    route = reading.get("route")
    return {"transcript": reading.get("transcript"), "draw": route.get("draw") if isinstance(route, dict) else None}


def _answered_before(claim: Claim, material: Material, made: Draw, announced: int) -> list[str]:
    """Drawn transcripts of which a trusted rater's answer that counts is older than the announcement."""
    trusted = {card.digest for card in claim.raters if card.kind == "person" or card.basis == "trusted"}
    saved = {name: int(seq) for seq, names in material.batches.items() for name in names}
    found: set[str] = set()
    for rater in trusted:
        counting = last(label for label in material.labels if label.rater == rater)
        answers = (counting[name] for name in made.items if name in counting)
        found |= {label.transcript for label in answers if saved.get(label.digest, announced) <= announced}
    return sorted(found)


def _require_revisions(labels: Sequence[Label]) -> None:
    """Each rater's answers on a transcript are numbered 0, 1, 2, … without gaps, so that one is the last."""
    numbers: dict[tuple[str, str], list[int]] = {}
    for label in labels:
        numbers.setdefault((label.rater, label.transcript), []).append(label.revision)
    odd = [name for (_, name), found in numbers.items() if sorted(found) != list(range(len(found)))]
    _require(not odd, f"the revisions of {len(odd)} labels are not numbered in order, first of {odd[:1]}")


def _logged_batches(claim: Claim, material: Material) -> set[str]:
    asked, cards = claim.question.digest, {card.digest for card in claim.raters}
    entries = {
        str(entry.seq): entry.body
        for entry in material.log
        if entry.kind == "labels" and entry.body.get("question") == asked and entry.body.get("rater") in cards
    }
    _require(entries.keys() == material.batches.keys(), "the batches of labels are not those that the log has")
    for seq, names in material.batches.items():
        whole = entries[seq].get("labels") == digest_names(names) and entries[seq].get("count") == len(names)
        _require(whole, f"log entry {seq} is about another batch of labels")
    return {name for names in material.batches.values() for name in names}


def _same(claimed: Estimate, again: Estimate) -> bool:
    return _close(plain(claimed), plain(again))


def _close(left: object, right: object) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_close(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(_close, left, right))
    if isinstance(left, int | float) and isinstance(right, int | float):
        return abs(left - right) <= TOLERANCE
    return left == right


def _short(estimate: Estimate) -> str:
    return f"{estimate.value:.4f} [{estimate.low:.4f}, {estimate.high:.4f}]"


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise VerificationFailed(otherwise + ".")


__all__ = [
    "draw",
    "labels",
    "log",
    "number",
    "order_of_events",
    "population",
    "ranks",
    "transcripts",
    "words",
]
