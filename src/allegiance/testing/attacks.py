"""Attacks on a bundle, each with the step of verification that must catch it.

Every attacker seals the bundle again, so that no digest of a member gives it away; those marked so also compute the
log anew. Use them to test a verifier.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from allegiance.evidence.bundle import to_members
from allegiance.evidence.material import Material
from allegiance.ledger.log import Entry, checkpoint
from allegiance.ledger.merkle import leaf_hash
from allegiance.records.canonical import canonical, digest_names
from allegiance.records.claim import Claim
from allegiance.records.draw import Draw

Forged = tuple[Claim, Material]
replace = msgspec.structs.replace


class Attack(NamedTuple):
    """How a bundle is forged, and the name of the step that must fail."""

    forge: Callable[[Claim, Material], Forged]
    step: str


def forged(attack: Attack, claim: Claim, material: Material) -> dict[str, bytes]:
    """The members of the forged bundle."""
    return to_members(*attack.forge(claim, material))


def flip_a_label(claim: Claim, material: Material) -> Forged:
    """The first ``no`` becomes a ``yes``, in the labels and in the digest that the claim pins."""
    at = next(i for i, label in enumerate(material.labels) if label.value == "no")
    flipped = replace(material.labels[at], value="yes")
    labels = (*material.labels[:at], flipped, *material.labels[at + 1 :])
    return replace(claim, labels=digest_names(label.digest for label in labels)), replace(material, labels=labels)


def drop_a_label(claim: Claim, material: Material) -> Forged:
    """A label is left out of the labels and of the digest that the claim pins."""
    labels = material.labels[1:]
    return replace(claim, labels=digest_names(label.digest for label in labels)), replace(material, labels=labels)


def nudge_the_number(claim: Claim, material: Material) -> Forged:
    """The estimate becomes a little smaller."""
    estimate = claim.estimate
    return replace(claim, estimate=replace(estimate, value=estimate.value - 0.01)), material


def narrow_the_interval(claim: Claim, material: Material) -> Forged:
    """The upper end comes down to the estimate."""
    estimate = claim.estimate
    return replace(claim, estimate=replace(estimate, high=estimate.value)), material


def trim_the_frame(claim: Claim, material: Material) -> Forged:
    """A transcript vanishes from the rows."""
    return claim, replace(material, rows=material.rows[1:])


def alter_a_column(claim: Claim, material: Material) -> Forged:
    """A transcript is said to be from another tier."""
    row = material.rows[0]
    moved = replace(row.condition, levels={**row.condition.levels, "tier": "another"})
    return claim, replace(material, rows=(replace(row, condition=moved), *material.rows[1:]))


def choose_the_seed(claim: Claim, material: Material) -> Forged:
    """The seed of the draw is another, and the claim names the draw so changed."""
    drawn = _draw(material)
    chosen = replace(drawn, seed="00" * 32)
    return replace(claim, draw=chosen.digest), replace(material, draw=chosen)


def swap_a_drawn_item(claim: Claim, material: Material) -> Forged:
    """The first two ranks of the draw change places."""
    drawn = _draw(material)
    swapped = replace(drawn, items=(drawn.items[1], drawn.items[0], *drawn.items[2:]))
    return replace(claim, draw=swapped.digest), replace(material, draw=swapped)


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
    "the frame is trimmed": Attack(trim_the_frame, "population"),
    "a column is altered": Attack(alter_a_column, "population"),
    "the seed is chosen": Attack(choose_the_seed, "draw"),
    "drawn items are swapped": Attack(swap_a_drawn_item, "ranks"),
    "a transcript's text is altered": Attack(alter_a_transcript, "transcripts"),
    "the draw is moved after a reading": Attack(move_the_draw, "order of events"),
    "an event is dropped": Attack(drop_an_event, "log"),
    "a search is not counted": Attack(hide_a_search, "words"),
    "the basis is improved": Attack(improve_the_basis, "words"),
}
"""Every attack, by what it does. They need a claim from a draw, with a reading of it and a search before it."""


def _with_log(claim: Claim, material: Material, entries: list[Entry]) -> Forged:
    renumbered = {entry.seq: seq for seq, entry in enumerate(entries)}
    log = tuple(replace(entry, seq=seq) for seq, entry in enumerate(entries))
    point = checkpoint([leaf_hash(canonical(entry)) for entry in log])
    batches = {str(renumbered[int(seq)]): names for seq, names in material.batches.items()}
    return (
        replace(claim, log_size=point.size, log_root=point.root),
        replace(material, log=log, batches=batches),
    )


def _draw(material: Material) -> Draw:
    if material.draw is None:
        raise ValueError("this attack needs a claim from a draw")
    return material.draw
