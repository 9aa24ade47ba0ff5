"""The steps of verification. Each takes a claim and its material, says what it found, or raises what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from allegiance.corpus.predicate import parse
from allegiance.errors import Refusal, VerificationFailed
from allegiance.evidence import tickets
from allegiance.evidence.drawing import announcement, carry_out, growth
from allegiance.evidence.material import (
    Material,
    forks_of,
    frame_rows,
    labels_digest,
    pinned_columns,
    source_of,
)
from allegiance.evidence.population import columns_digest, pin
from allegiance.evidence.registration import plans_entered, registered
from allegiance.evidence.statements import basis_of, standing, statement
from allegiance.evidence.terms import check_population, terms_of
from allegiance.evidence.working import answers, cited, sample, work_out
from allegiance.ledger.log import Entry, checkpoint
from allegiance.ledger.merkle import leaf_hash
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
    selected = frame_rows(claim.frame, material)
    _require(
        pin(claim.frame.corpus, claim.frame.predicate, selected, claim.frame.rated) == claim.frame,
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
    counter = made.commitment.counter
    _require(made.commitment.algorithm == ALGORITHM, f"there is no algorithm {made.commitment.algorithm!r}")
    _require(made.commitment.frame == claim.frame, "the draw is from another population than the claim is about")
    seed = tickets.seed_of(made.commitment).hex()
    _require(made.seed == seed, f"the seed is {made.seed[:16]}…, but {seed[:16]}… follows from the commitment")
    entry, grown = _announced(material), _grown(material)
    as_announced = _again(claim, material, None)
    _require(entry.body == announcement(as_announced), "the log announces another draw under this number")
    _require(not grown or grown[-1].body == growth(made), "the log has the draw grow to another size")
    _require(
        bool(grown) or len(made.items) == len(as_announced.items), "the draw is longer or shorter than the log says"
    )
    before = sum(earlier.kind == "draw" for earlier in material.log[: entry.seq])
    _require(counter == before + 1, f"the draw calls itself number {counter}, and the log has {before} before it")
    return f"draw {made.commitment.counter}, announced in log entry {entry.seq}"


def ranks(claim: Claim, material: Material) -> str:
    """The items are those with the lowest tickets, in their order."""
    made = material.draw
    if made is None:
        return f"census of {claim.frame.n}"
    again = _again(claim, material, len(made.items))
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
    early = [entry.seq for entry in material.log[:announced] if _read(entry).get("draw") == made.name]
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
    expected = _expected(claim, material)
    _require_revisions(material.labels)
    for label in material.labels:
        fits = (label.question, label.rater) in expected
        _require(fits, f"the label of {label.transcript} is on another question or by another rater")
    batched = _logged_batches(claim, material)
    here = {label.digest for label in material.labels}
    _require(here <= batched, f"{len(here - batched)} labels were never entered in the log, or were changed since")
    _require(batched <= here, f"{len(batched - here)} labels that the log has were left out")
    terms = terms_of(claim)
    names = {row.name for row in sample(terms, claim.frame, material)}
    missing = [len(names - answers(terms, material, card.digest).keys()) for card in claim.raters]
    lacking = f"{missing[0]} of {len(names)} transcripts read lack one" if missing else "none is needed"
    return f"{len(here)} labels, all in the log; {lacking}"


def number(claim: Claim, material: Material) -> str:
    """The number, its interval and its counts follow from the labels."""
    terms = terms_of(claim)
    check_population(terms, material.draw, frame_rows(claim.frame, material))
    again = work_out(terms, claim.frame, material)
    _require(_same(claim.estimate, again), f"recomputed {_short(again)}, claimed {_short(claim.estimate)}")
    return f"recomputed {_short(again)} by {again.method}"


def words(claim: Claim, material: Material) -> str:
    """The statement, the basis, the plan and the counts of forks are those that follow."""
    terms = terms_of(claim)
    _require(claim.basis == basis_of(terms), "the basis is not what the rater's card says")
    plan = registered(material.log, terms, claim.frame, frame_rows(claim.frame, material), material.draw)
    _require(claim.plan == plan, f"the plan that foresaw it is {plan or 'none'}; it names {claim.plan or 'none'}")
    told = standing(plan, plans_entered(material.log))
    said = statement(terms, claim.frame, material, claim.estimate, told)
    _require(claim.statement == said, f"the statement should read: {said}")
    counted = forks_of(terms, material)
    _require(dict(claim.forks) == counted, f"the log counts {counted}, the claim says {dict(claim.forks)}")
    return ", ".join(f"{count} {name}" for name, count in counted.items()) + " before this claim"


def transcripts(claim: Claim, material: Material) -> str:
    """The words that were shipped are those that the names stand for."""
    by_name = {row.name: row for row in material.rows}
    for item in material.transcripts:
        _require(item.name in by_name, f"a transcript's words do not belong to any name: it hashes to {item.name}")
    shipped = {item.name for item in material.transcripts}
    read = {row.name for row in sample(terms_of(claim), claim.frame, material)}
    _require(not shipped or shipped == read, "the transcripts shipped are not those of the sample")
    if claim.kind == "quote":
        return _exhibit(claim, material)
    return f"{len(shipped)} of {len(read)} shipped, each hashes to its name"


def _exhibit(claim: Claim, material: Material) -> str:
    """The words that a claim quotes stand where it says, in a transcript that was shipped."""
    citation = cited(terms_of(claim), material.log)
    item = next((each for each in material.transcripts if each.name == citation.transcript), None)
    _require(item is not None, "the transcript that is quoted was not shipped")
    span = citation.span
    parts = item.messages[span.message].parts if item and span.message < len(item.messages) else ()
    text = parts[span.part].text if span.part < len(parts) else ""
    _require(0 <= span.start < span.end <= len(text), "the quoted place is not in the transcript")
    told = _read_before(material, citation.transcript)
    _require(
        told in {None, citation.before}, f"{told} readings came before it, the citation says {citation.before}"
    )
    return f"it reads: {text[span.start : span.end][:80]!r}"


def _read_before(material: Material, name: str) -> int | None:
    """How many readings the log has before the first one of a transcript; None if it was never opened."""
    opened = [_read(entry).get("transcript") for entry in material.log if entry.kind == "reading"]
    return opened.index(name) if name in opened else None


def _again(claim: Claim, material: Material, size: int | None) -> Draw:
    """The draw carried out anew, at the size that was announced or at another."""
    if material.draw is None:
        raise VerificationFailed("there is no draw.")
    commitment = material.draw.commitment
    fixed = commitment.design.stop == "fixed"
    try:
        return carry_out(
            commitment, frame_rows(claim.frame, material), source_of(material), None if fixed else size
        )
    except Refusal as error:
        raise VerificationFailed(f"the draw cannot be carried out: {error.what}") from error


def _grown(material: Material) -> list[Entry]:
    name = material.draw.name if material.draw else ""
    return [entry for entry in material.log if entry.kind == "extension" and entry.body.get("draw") == name]


def _announced(material: Material) -> Entry:
    made = material.draw
    for entry in material.log:
        if made is not None and entry.kind == "draw" and entry.body.get("draw") == made.name:
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
        counting = answers(terms_of(claim), material, rater)
        given = (counting[name] for name in made.items if name in counting)
        found |= {label.transcript for label in given if saved.get(label.digest, announced) <= announced}
    return sorted(found)


def _require_revisions(labels: Sequence[Label]) -> None:
    """Each rater's answers on a transcript are numbered 0, 1, 2, … without gaps, so that one is the last."""
    numbers: dict[tuple[str, str, str], list[int]] = {}
    for label in labels:
        numbers.setdefault((label.question, label.rater, label.transcript), []).append(label.revision)
    odd = [name for (_, _, name), found in numbers.items() if sorted(found) != list(range(len(found)))]
    _require(not odd, f"the revisions of {len(odd)} labels are not numbered in order, first of {odd[:1]}")


def _logged_batches(claim: Claim, material: Material) -> set[str]:
    expected = _expected(claim, material)
    entries = {
        str(entry.seq): entry.body
        for entry in material.log
        if entry.kind == "labels" and (entry.body.get("question"), entry.body.get("rater")) in expected
    }
    _require(entries.keys() == material.batches.keys(), "the batches of labels are not those that the log has")
    for seq, names in material.batches.items():
        whole = entries[seq].get("labels") == digest_names(names) and entries[seq].get("count") == len(names)
        _require(whole, f"log entry {seq} is about another batch of labels")
    return {name for names in material.batches.values() for name in names}


def _expected(claim: Claim, material: Material) -> set[tuple[object, object]]:
    """Question and rater of every label that belongs in the bundle of a claim."""
    columns = pinned_columns(claim.frame, material.draw)
    own = {(claim.question.digest, card.digest) for card in claim.raters}
    return own | {(column.question, column.rater) for column in columns}


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
