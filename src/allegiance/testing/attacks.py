"""Attacks on a bundle, each with the step of verification that must catch it.

Every attacker computes anew what follows from the change (digests, pins, the number, its words, the log's root if
the log was changed) and seals the bundle: only the rule that was broken can give it away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from allegiance.evidence.bundle import to_members
from allegiance.evidence.drawing import announcement, carry_out
from allegiance.evidence.material import Material, forks_of, labels_digest
from allegiance.evidence.population import pin
from allegiance.evidence.statements import basis_of, statement
from allegiance.evidence.terms import terms_of
from allegiance.evidence.working import work_out
from allegiance.ledger.log import Entry, checkpoint
from allegiance.ledger.merkle import leaf_hash
from allegiance.records.canonical import canonical
from allegiance.records.claim import Claim, Estimate
from allegiance.records.draw import Draw

Forged = tuple[Claim, Material]
replace = msgspec.structs.replace


class Attack(NamedTuple):
    """How a bundle is forged, the step that must fail, and those that compare the same thing and fail too."""

    forge: Callable[[Claim, Material], Forged]
    step: str
    also: tuple[str, ...] = ()


def finish(claim: Claim, material: Material) -> Forged:
    """The claim with all that follows from its terms and its material computed again."""
    terms = terms_of(claim)
    estimate = work_out(terms, claim.frame, material)
    again = replace(
        claim,
        estimate=estimate,
        statement=statement(terms, claim.frame, material, estimate),
        labels=labels_digest(material.labels),
        forks=forks_of(terms, material),
        basis=basis_of(terms),
        draw=material.draw.digest if material.draw else "",
    )
    return _with_log(again, material, list(material.log))


def forged(attack: Attack, claim: Claim, material: Material) -> dict[str, bytes]:
    """The members of the forged bundle."""
    return to_members(*attack.forge(claim, material))


def flip_a_label(claim: Claim, material: Material) -> Forged:
    """The first ``no`` becomes a ``yes``, in the labels and in the digest that the claim pins."""
    at = next(i for i, label in enumerate(material.labels) if label.value == "no")
    flipped = replace(material.labels[at], value="yes")
    labels = (*material.labels[:at], flipped, *material.labels[at + 1 :])
    return finish(claim, replace(material, labels=labels))


def drop_a_label(claim: Claim, material: Material) -> Forged:
    """A label of another draw is left out, of the labels and of the digest that the claim pins."""
    drawn = set(_draw(material).items)
    at = next(i for i, label in enumerate(material.labels) if label.transcript not in drawn)
    return finish(claim, replace(material, labels=(*material.labels[:at], *material.labels[at + 1 :])))


def nudge_the_number(claim: Claim, material: Material) -> Forged:
    """The estimate becomes a little smaller."""
    estimate = claim.estimate
    return _restated(claim, material, replace(estimate, value=estimate.value - 0.01))


def narrow_the_interval(claim: Claim, material: Material) -> Forged:
    """The upper end comes down to the estimate."""
    estimate = claim.estimate
    return _restated(claim, material, replace(estimate, high=estimate.value))


def trim_the_frame(claim: Claim, material: Material) -> Forged:
    """A transcript that was not drawn vanishes from the rows."""
    drawn = set(_draw(material).items)
    at = next(i for i, row in enumerate(material.rows) if row.name not in drawn)
    return claim, replace(material, rows=(*material.rows[:at], *material.rows[at + 1 :]))


def alter_a_column(claim: Claim, material: Material) -> Forged:
    """A transcript is said to be from another tier."""
    row = material.rows[0]
    moved = replace(row.condition, levels={**row.condition.levels, "tier": "another"})
    return claim, replace(material, rows=(replace(row, condition=moved), *material.rows[1:]))


def choose_the_seed(claim: Claim, material: Material) -> Forged:
    """The seed of the draw is another, in the log too."""
    drawn = _draw(material)
    return _announced_anew(claim, material, replace(drawn, seed="00" * 32))


def swap_a_drawn_item(claim: Claim, material: Material) -> Forged:
    """The first two ranks of the draw change places, in the log too."""
    drawn = _draw(material)
    return _announced_anew(
        claim, material, replace(drawn, items=(drawn.items[1], drawn.items[0], *drawn.items[2:]))
    )


def renumber_the_draw(claim: Claim, material: Material) -> Forged:
    """The draw is said to be the ninth, with the seed and items that follow; the log shows no eight before it."""
    drawn = _draw(material)
    commitment = replace(drawn.commitment, counter=9)
    made = carry_out(commitment, material.rows)
    labelled = {label.transcript for label in material.labels}
    if not labelled.issuperset(made.items):
        raise ValueError("this attack needs labels of the whole frame")
    return _announced_anew(claim, material, made)


def forge_the_statement(claim: Claim, material: Material) -> Forged:
    """The words say more than the number."""
    return replace(claim, statement=claim.statement.replace("95 %", "99 %")), material


def skip_a_revision(claim: Claim, material: Material) -> Forged:
    """A second answer stands under a number that leaves out the first."""
    label = replace(material.labels[0], revision=2)
    return finish(claim, replace(material, labels=(*material.labels, label)))


def change_the_status(claim: Claim, material: Material) -> Forged:
    """A transcript is said to be cut off; the frame is pinned again, the log is left as it is."""
    rows = (replace(material.rows[0], status="truncated"), *material.rows[1:])
    return replace(claim, frame=pin(claim.frame.corpus, claim.frame.predicate, rows)), replace(material, rows=rows)


def share_a_name(claim: Claim, material: Material) -> Forged:
    """A second rater of the same name stands behind the first."""
    double = replace(claim.raters[0], version="another")
    return replace(claim, raters=(*claim.raters, double)), material


def loosen_alpha(claim: Claim, material: Material) -> Forged:
    """The interval is one of hardly any confidence."""
    return _restated(claim, material, replace(claim.estimate, alpha=0.9))


def label_before_the_draw(claim: Claim, material: Material) -> Forged:
    """The labels are entered before the draw that they are of."""
    entries = list(material.log)
    drawn = next(i for i, entry in enumerate(entries) if entry.kind == "draw")
    rated = next(i for i, entry in enumerate(entries) if entry.kind == "labels")
    entries.insert(drawn, entries.pop(rated))
    return _with_log(claim, material, entries)


def alter_a_transcript(claim: Claim, material: Material) -> Forged:
    """A word is added to what the model said."""
    item = material.transcripts[0]
    last = item.messages[-1]
    parts = (*last.parts[:-1], replace(last.parts[-1], text=last.parts[-1].text + " not"))
    changed = replace(item, messages=(*item.messages[:-1], replace(last, parts=parts)))
    return claim, replace(material, transcripts=(changed, *material.transcripts[1:]))


def move_the_draw(claim: Claim, material: Material) -> Forged:
    """The draw is entered after a reading from it; the log is computed anew."""
    entries = list(material.log)
    drawn = next(i for i, entry in enumerate(entries) if entry.kind == "draw")
    read = max(i for i, entry in enumerate(entries) if entry.kind == "reading")
    entries.insert(read, entries.pop(drawn))
    return _with_log(claim, material, entries)


def drop_an_event(claim: Claim, material: Material) -> Forged:
    """A reading vanishes from the log, which is not computed anew."""
    return claim, replace(material, log=tuple(entry for entry in material.log if entry.kind != "reading"))


def hide_a_search(claim: Claim, material: Material) -> Forged:
    """A search is not counted among the forks."""
    return replace(claim, forks={**claim.forks, "searches": 0}), material


def improve_the_basis(claim: Claim, material: Material) -> Forged:
    """The labels are said to be worth more than they are."""
    return replace(claim, basis="exact by construction"), material


ATTACKS: Mapping[str, Attack] = {
    "a label is flipped": Attack(flip_a_label, "labels"),
    "a label is dropped": Attack(drop_a_label, "labels"),
    "the number is nudged": Attack(nudge_the_number, "number"),
    "the interval is narrowed": Attack(narrow_the_interval, "number"),
    "the frame is trimmed": Attack(trim_the_frame, "population", ("log",)),
    "a column is altered": Attack(alter_a_column, "population", ("log",)),
    "the seed is chosen": Attack(choose_the_seed, "draw"),
    "drawn items are swapped": Attack(swap_a_drawn_item, "ranks"),
    "the draw is renumbered": Attack(renumber_the_draw, "draw", ("transcripts",)),
    "the labels are moved before the draw": Attack(label_before_the_draw, "order of events"),
    "a revision is skipped": Attack(skip_a_revision, "labels"),
    "a status is changed": Attack(change_the_status, "log", ("draw", "number")),
    "two raters share a name": Attack(share_a_name, "number"),
    "alpha is loosened": Attack(loosen_alpha, "number"),
    "the statement is forged": Attack(forge_the_statement, "words"),
    "a transcript's text is altered": Attack(alter_a_transcript, "transcripts"),
    "the draw is moved after a reading": Attack(move_the_draw, "order of events"),
    "an event is dropped": Attack(drop_an_event, "log", ("words",)),
    "a search is not counted": Attack(hide_a_search, "words"),
    "the basis is improved": Attack(improve_the_basis, "words"),
}
"""Every attack, by what it does. They need a claim from a draw of a frame that is labelled whole, with a reading of
the draw and a search before it."""


def _with_log(claim: Claim, material: Material, entries: list[Entry]) -> Forged:
    renumbered = {entry.seq: seq for seq, entry in enumerate(entries)}
    log = tuple(replace(entry, seq=seq) for seq, entry in enumerate(entries))
    point = checkpoint([leaf_hash(canonical(entry)) for entry in log])
    batches = {str(renumbered[int(seq)]): names for seq, names in material.batches.items()}
    return (
        replace(claim, log_size=point.size, log_root=point.root),
        replace(material, log=log, batches=batches),
    )


def _restated(claim: Claim, material: Material, estimate: Estimate) -> Forged:
    said = statement(terms_of(claim), claim.frame, material, estimate)
    return replace(claim, estimate=estimate, statement=said), material


def _announced_anew(claim: Claim, material: Material, made: Draw) -> Forged:
    """The material with another draw in the place of its own, announced so in the log."""
    said = announcement(made)
    log = tuple(replace(entry, body=said) if entry.kind == "draw" else entry for entry in material.log)
    return finish(claim, replace(material, draw=made, log=log))


def _draw(material: Material) -> Draw:
    if material.draw is None:
        raise ValueError("this attack needs a claim from a draw")
    return material.draw
