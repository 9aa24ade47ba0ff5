"""The steps of verification. Each takes a claim and its material, says what it found, or raises what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from allegiance.corpus.predicate import parse
from allegiance.corpus.rows import Row, named
from allegiance.errors import Refusal, VerificationFailed
from allegiance.evidence import tickets
from allegiance.evidence.drawing import announcement, carry_out, growth
from allegiance.evidence.material import (
    Material,
    forks_of,
    frame_rows,
    label_name,
    labels_digest,
    pinned_columns,
    source_of,
)
from allegiance.evidence.ordering import order_of_events
from allegiance.evidence.population import columns_digest, pin
from allegiance.evidence.registration import plans_entered, registered
from allegiance.evidence.requiring import announced, grown, require
from allegiance.evidence.statements import basis_of, standing, statement
from allegiance.evidence.terms import COMPARED, QUOTE, Terms, check_population, terms_of
from allegiance.evidence.working import answers, cited, sample, searched, work_out
from allegiance.ledger.kinds import KINDS
from allegiance.ledger.log import Entry, checkpoint
from allegiance.ledger.merkle import leaf_hash
from allegiance.records.canonical import canonical, digest, digest_names, plain
from allegiance.records.claim import FORMAT, Claim, Estimate
from allegiance.records.draw import ALGORITHM, Draw
from allegiance.records.label import UNDECIDED, Label
from allegiance.records.transcript import Transcript

TOLERANCE = 1e-9
"""Largest difference between a claimed and a recomputed number that is not a difference."""

USED = {
    "bound": ("rate_upper", "rate_lower"),
    "margin": ("no_gap",),
    "k": ("at_least_k", "precision_at_k"),
    "search": ("precision_at_k",),
    "citation": ("quote",),
    "method": ("rate_ci", "rate_upper", "rate_lower", "gap"),
    "factor": COMPARED,
    "levels": COMPARED,
}
"""Which kinds of claim use a field; the others leave it at its default, so that it cannot mislead."""


def population(claim: Claim, material: Material) -> str:
    """The frame is exactly what its predicate selects from the version that it names, and nothing was trimmed."""
    manifest, rows = material.manifest, material.rows
    require(claim.format == FORMAT, f"the claim has format {claim.format!r}; this version knows {FORMAT!r}")
    require(manifest.version == claim.frame.corpus, "the manifest is not that of the corpus version claimed")
    stray = [row.name for row in rows if digest(row.identity()) != row.name]
    require(not stray, f"{len(stray)} columns do not belong to the transcript they name, first {stray[:1]}")
    require(len({row.name for row in rows}) == len(rows), "a transcript is listed twice")
    require(digest_names(row.name for row in rows) == manifest.members, "the rows are not the corpus's members")
    stored = sum(segment.rows for segment in manifest.segments) - len(manifest.withdrawn)
    require(len(rows) == manifest.count == stored, "the number of rows is not the corpus's count")
    told = str(parse(claim.frame.predicate))
    require(told == claim.frame.predicate, f"the filter should be written {told!r}")
    selected = frame_rows(claim.frame, material)
    require(
        pin(claim.frame.corpus, claim.frame.predicate, selected, claim.frame.rated) == claim.frame,
        f"the predicate selects {len(selected)} transcripts; the frame claimed is another set of {claim.frame.n}",
    )
    return f"{claim.frame.n} of {manifest.count} transcripts, as the predicate selects them"


def log(claim: Claim, material: Material) -> str:
    """The log is whole up to the checkpoint that the claim pins, and holds the version of the corpus."""
    entries = material.log
    gaps = [place for place, entry in enumerate(entries) if entry.seq != place]
    require(not gaps, f"entries are missing or out of place, first at {gaps[:1]}")
    point = checkpoint([leaf_hash(canonical(entry)) for entry in entries])
    require(point.size == claim.log_size, f"the log has {point.size} entries, the claim pins {claim.log_size}")
    require(point.root == claim.log_root, f"the log's root is {point.root}, the claim pins {claim.log_root}")
    strange = sorted({entry.kind for entry in entries} - set(KINDS))
    require(not strange, f"this version knows no log entries of the kind {strange[:1]}")
    told = [e.body.get("columns") for e in entries if e.kind == "import" and e.body.get("to") == claim.frame.corpus]
    require(
        told[:1] == [columns_digest(material.rows)],
        "the log does not have this version of the corpus, or has it with other columns",
    )
    return f"{point.size} entries, root {point.root[:16]}…"


def draw(claim: Claim, material: Material) -> str:
    """The draw was announced, is about the frame, and its seed follows from the commitment."""
    made = material.draw
    if made is None:
        require(not claim.draw, "the claim names a draw that the bundle does not hold")
        return "census: nothing was drawn"
    require(made.digest == claim.draw, "the draw is not the one that the claim names")
    counter = made.commitment.counter
    require(made.commitment.algorithm == ALGORITHM, f"there is no algorithm {made.commitment.algorithm!r}")
    require(made.commitment.frame == claim.frame, "the draw is from another population than the claim is about")
    seed = tickets.seed_of(made.commitment).hex()
    require(made.seed == seed, f"the seed is {made.seed[:16]}…, but {seed[:16]}… follows from the commitment")
    entry, later = announced(material), grown(material)
    as_announced = _again(claim, material, None)
    require(entry.body == announcement(as_announced), "the log announces another draw under this number")
    sizes = [len(as_announced.items), *(msgspec.convert(each.body.get("size"), int) for each in later)]
    require(sizes[-1] == len(made.items), "the draw is longer or shorter than the log says")
    wrong = [each.seq for each, size in zip(later, sizes[1:], strict=True) if each.body != _grown_to(made, size)]
    require(not wrong and sizes == sorted(set(sizes)), f"log entry {wrong[:1]} has the draw grow otherwise")
    columns = pinned_columns(claim.frame, made)
    require(
        all(column.before <= entry.seq for column in columns),
        f"the draw rests on answers that were given after entry {entry.seq} announces it",
    )
    before = sum(earlier.kind == "draw" for earlier in material.log[: entry.seq])
    require(counter == before + 1, f"the draw calls itself number {counter}, and the log has {before} before it")
    return f"draw {made.commitment.counter}, announced in log entry {entry.seq}"


def ranks(claim: Claim, material: Material) -> str:
    """The items are those with the lowest tickets, in their order."""
    made = material.draw
    if made is None:
        return f"census of {claim.frame.n}"
    again = _again(claim, material, len(made.items))
    pairs = zip(made.items, again.items, strict=False)
    wrong = [rank for rank, (one, other) in enumerate(pairs, 1) if one != other]
    require(
        made.items == again.items,
        f"{len(made.items)} items of {len(again.items)} to be drawn; the first out of place has rank {wrong[:1]}",
    )
    return f"ranks 1 to {len(made.items)} recomputed"


def labels(claim: Claim, material: Material) -> str:
    """The labels are all that the log has from these raters on this question; those that lack are counted."""
    require(labels_digest(material.labels) == claim.labels, "the labels are not those that the claim pins")
    _require_revisions(material.labels)
    menu = {*claim.question.answers, *UNDECIDED}
    odd = {each.value for each in material.labels if each.question == claim.question.digest} - menu
    require(not odd, f"{sorted(odd)[:1]} is no answer to the question")
    _require_batches(claim, material)
    batched = {name for names in material.batches.values() for name in names}
    here = {label_name(label) for label in material.labels}
    require(here <= batched, f"{len(here - batched)} labels were never entered in the log, or were changed since")
    require(batched <= here, f"{len(batched - here)} labels that the log has were left out")
    terms = terms_of(claim)
    names = {row.name for row in sample(terms, claim.frame, material)}
    missing = [len(names - answers(terms, material, card.digest).keys()) for card in claim.raters]
    lacking = f"{missing[0]} of {len(names)} transcripts read lack one" if missing else "none is needed"
    return f"{len(here)} labels, all in the log; {lacking}"


def number(claim: Claim, material: Material) -> str:
    """The number, its interval and its counts follow from the labels."""
    terms = terms_of(claim)
    _require_terms(terms)
    check_population(terms, material.draw, frame_rows(claim.frame, material))
    if claim.kind == "precision_at_k":
        _require_hits(claim, material)
    again = work_out(terms, claim.frame, material)
    require(_same(claim.estimate, again), f"recomputed {_short(again)}, claimed {_short(claim.estimate)}")
    return f"recomputed {_short(again)} by {again.method}"


def words(claim: Claim, material: Material) -> str:
    """The statement, the basis, the plan and the counts of forks are those that follow."""
    terms = terms_of(claim)
    require(
        claim.kind != "quote" or claim.question == QUOTE, "a quote answers no question but whether it stands there"
    )
    require(claim.basis == basis_of(terms), "the basis is not what the rater's card says")
    plan = registered(material.log, terms, claim.frame, frame_rows(claim.frame, material), material.draw)
    require(claim.plan == plan, f"the plan that foresaw it is {plan or 'none'}; it names {claim.plan or 'none'}")
    _require_early(plan, claim, material.log)
    told = standing(plan, plans_entered(material.log))
    said = statement(terms, claim.frame, material, claim.estimate, told)
    require(claim.statement == said, f"the statement should read: {said}")
    counted = forks_of(terms, material)
    require(dict(claim.forks) == counted, f"the log counts {counted}, the claim says {dict(claim.forks)}")
    return ", ".join(f"{count} {name}" for name, count in counted.items()) + " before this claim"


def transcripts(claim: Claim, material: Material) -> str:
    """The words that were shipped are those that the names stand for."""
    by_name = {row.name: row for row in material.rows}
    shipped = {}
    for item in material.transcripts:
        row = _row(item)
        shipped[row.name] = item
        require(by_name.get(row.name, row) == row, f"the columns of {row.name} are not those of the words shipped")
    read = {row.name for row in sample(terms_of(claim), claim.frame, material)}
    strange = shipped.keys() - read
    require(not strange, f"words were shipped that are not those of the sample, first {sorted(strange)[:1]}")
    gone = sorted(by_name.keys() & set(material.withdrawn) - shipped.keys())
    require(gone == list(material.withdrawn), "what is withdrawn is not a member, or its words are here")
    left_out = read - shipped.keys() - set(gone)
    require(not shipped or not left_out, "words of some transcripts of the sample were left out")
    told = f"; {len(gone)} items withdrawn, digests known" if gone else ""
    if claim.kind == "quote":
        return _exhibit(claim, material, shipped) + told
    return f"{len(shipped)} of {len(read)} shipped, each hashes to its name{told}"


def _row(item: Transcript) -> Row:
    """The columns that follow from a transcript."""
    name, text = named(item)
    source = item.source
    return Row(
        name=name,
        text_digest=text,
        request=item.request,
        condition=item.condition,
        model=item.model,
        run=item.run,
        sample=item.sample,
        status=item.status,
        source=source.digest,
        member=source.member,
        record=source.record,
    )


def _exhibit(claim: Claim, material: Material, shipped: Mapping[str, Transcript]) -> str:
    """The words that a claim quotes stand where it says, in a transcript that was shipped."""
    citation = cited(terms_of(claim), material.log)
    span, item = citation.span, shipped.get(citation.transcript)
    messages = item.messages if item else ()
    parts = messages[span.message].parts if 0 <= span.message < len(messages) else ()
    text = parts[span.part].text if 0 <= span.part < len(parts) else ""
    ends = [span.start, *(end for gap in citation.left_out for end in gap), span.end]
    fits = 0 <= span.start < span.end <= len(text) and ends == sorted(ends)
    gone = citation.transcript in material.withdrawn
    told = "the quoted transcript was withdrawn: its digest is known, its words cannot be checked any more"
    require(fits, told if gone else "the quoted place is not in a transcript that was shipped")
    return f"it reads: {text[span.start : span.end][:80]!r}"


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


def _grown_to(made: Draw, size: int) -> dict[str, object]:
    """What the log says when a draw has grown to a size."""
    return growth(msgspec.structs.replace(made, items=made.items[:size]))


def _require_terms(terms: Terms) -> None:
    """A claim fills only the fields that its kind uses."""
    plain_terms = Terms(kind=terms.kind, question=terms.question)
    filled = [field for field in USED if getattr(terms, field) != getattr(plain_terms, field)]
    stray = [field for field in filled if terms.kind not in USED[field]]
    require(not stray, f"a claim of the kind {terms.kind} has no {', '.join(stray)}")


def _require_hits(claim: Claim, material: Material) -> None:
    """The first hits of the search are all in the population, and in the order that the search entered."""
    terms = terms_of(claim)
    made, found = searched(terms, material.log), len(sample(terms, claim.frame, material))
    require(found == claim.k, f"{found} of the first {claim.k} hits are in the population")
    whole = len(made.shown) == made.hits
    require(not whole or digest(list(made.shown)) == made.ranking, "the hits are not in the order that was entered")


def _require_early(plan: str, claim: Claim, log: Sequence[Entry]) -> None:
    """As many transcripts as the claim is about were entered after the plan that foresaw it."""
    if not plan:
        return
    planned = [entry.seq for entry in log if entry.kind == "plan" and entry.body.get("plan") == plan]
    versions = [entry for entry in log if entry.kind == "import"]
    last = [entry.seq for entry in versions if entry.body.get("to") == claim.frame.corpus]
    after = [entry.body.get("new") for entry in versions if planned[0] < entry.seq <= last[0]]
    new = sum(msgspec.convert(each, int) for each in after)
    require(new >= claim.frame.n, f"{new} transcripts were entered after the plan; it is about {claim.frame.n}")


def _require_revisions(labels: Sequence[Label]) -> None:
    """Each rater's answers on a transcript are numbered 0, 1, 2, … without gaps, so that one is the last."""
    numbers: dict[tuple[str, str, str], list[int]] = {}
    for label in labels:
        numbers.setdefault((label.question, label.rater, label.transcript), []).append(label.revision)
    odd = [name for (_, _, name), found in numbers.items() if sorted(found) != list(range(len(found)))]
    require(not odd, f"the revisions of {len(odd)} labels are not numbered in order, first of {odd[:1]}")


def _require_batches(claim: Claim, material: Material) -> None:
    """The batches are those of the log, each whole, of one rater on one question that was there before."""
    expected = _expected(claim, material)
    entries = {
        str(entry.seq): entry.body
        for entry in material.log
        if entry.kind == "labels" and (entry.body.get("question"), entry.body.get("rater")) in expected
    }
    require(entries.keys() == material.batches.keys(), "the batches of labels are not those that the log has")
    by: dict[str, str] = {}
    asked: dict[int, object] = {}
    for seq, names in material.batches.items():
        whole = entries[seq].get("labels") == digest_names(names) and entries[seq].get("count") == len(names)
        require(whole, f"log entry {seq} is about another batch of labels")
        by |= dict.fromkeys(names, seq)
        asked[int(seq)] = entries[seq].get("question")
    require(len(by) == sum(map(len, material.batches.values())), "a label was saved twice")
    for label in material.labels:
        body = entries[by.get(label_name(label), "")] if label_name(label) in by else {}
        fits = not body or (label.question, label.rater) == (body.get("question"), body.get("rater"))
        require(fits, f"the label of {label.transcript} is on another question or by another rater than its batch")
    new = {(e.body.get("question")): e.seq for e in reversed(material.log) if e.kind == "rubric"}
    early = [seq for seq, question in asked.items() if new.get(question, seq) >= seq]
    require(not early, f"log entry {early[:1]} has labels on a question that was not entered in the log before")


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
