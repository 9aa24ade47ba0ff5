"""What attackers have in common: they compute anew all that follows from what they changed.

Digests, pins, the number, its words, the numbers of log entries, the root of the log: only the rule that was broken
can give them away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec

from allegiance.corpus.rows import Row
from allegiance.errors import AllegianceError
from allegiance.evidence.drawing import announcement, growth
from allegiance.evidence.material import Material, forks_of, frame_rows, labels_digest
from allegiance.evidence.population import columns_digest, pin
from allegiance.evidence.registration import plans_entered, registered
from allegiance.evidence.statements import basis_of, standing, statement
from allegiance.evidence.terms import terms_of
from allegiance.evidence.working import work_out
from allegiance.ledger.log import Entry, checkpoint
from allegiance.ledger.merkle import leaf_hash
from allegiance.records.canonical import canonical, digest_names
from allegiance.records.claim import Claim, Estimate
from allegiance.records.draw import Draw
from allegiance.records.label import Label

Forged = tuple[Claim, Material]
replace = msgspec.structs.replace
T = TypeVar("T")


def finish(claim: Claim, material: Material) -> Forged:
    """The claim with all that follows from its terms and its material computed again, the number too if it can."""
    terms = terms_of(claim)
    with suppress(AllegianceError):  # then the attacker keeps the number
        claim = replace(claim, estimate=work_out(terms, claim.frame, material))
    return restated(pinned(claim, material), material)


def pinned(claim: Claim, material: Material) -> Claim:
    """The claim with its pins computed again; number and words are left."""
    terms = terms_of(claim)
    point = checkpoint([leaf_hash(canonical(entry)) for entry in material.log])
    rows = frame_rows(claim.frame, material)
    return replace(
        claim,
        labels=labels_digest(material.labels),
        forks=forks_of(terms, material),
        basis=basis_of(terms),
        plan=registered(material.log, terms, claim.frame, rows, material.draw),
        draw=material.draw.digest if material.draw else "",
        log_size=point.size,
        log_root=point.root,
    )


def restated(claim: Claim, material: Material, estimate: Estimate | None = None) -> Forged:
    """The claim with another number, and the words that follow from it."""
    made = estimate or claim.estimate
    told = standing(claim.plan, plans_entered(material.log))
    said = statement(terms_of(claim), claim.frame, material, made, told)
    return replace(claim, estimate=made, statement=said), material


def with_log(claim: Claim, material: Material, entries: Sequence[Entry]) -> Forged:
    """The bundle with these entries, numbered anew, and the claim pinned to them; its number and words are left."""
    renumbered = {entry.seq: seq for seq, entry in enumerate(entries)}
    log = tuple(replace(entry, seq=seq) for seq, entry in enumerate(entries))
    batches = {
        str(renumbered[int(seq)]): names for seq, names in material.batches.items() if int(seq) in renumbered
    }
    changed = replace(material, log=log, batches=batches)
    point = checkpoint([leaf_hash(canonical(entry)) for entry in log])
    return replace(claim, log_size=point.size, log_root=point.root), changed


def edited(material: Material, kind: str, change: Callable[[dict[str, object]], dict[str, object]]) -> Material:
    """The material with the body of each log entry of a kind changed."""
    log = tuple(
        replace(entry, body=change(dict(entry.body))) if entry.kind == kind else entry for entry in material.log
    )
    return replace(material, log=log)


def first(log: Iterable[Entry], kind: str) -> int:
    """The place of the first entry of a kind."""
    return next(at for at, entry in enumerate(log) if entry.kind == kind)


def last(log: Sequence[Entry], kind: str) -> int:
    """The place of the last entry of a kind."""
    return max(at for at, entry in enumerate(log) if entry.kind == kind)


def moved(log: Sequence[Entry], source: int, target: int) -> list[Entry]:
    """The entries with one taken to another place."""
    entries = list(log)
    entries.insert(target, entries.pop(source))
    return entries


def relabelled(material: Material, change: Callable[[Label], Label | None]) -> Material:
    """The material with labels changed or dropped, in their batches and in the log too: the whole chain."""
    pairs = [(label, change(label)) for label in material.labels]
    renamed = {old.digest: new.digest if new else "" for old, new in pairs}
    batches = {
        seq: tuple(renamed.get(name, name) for name in names if renamed.get(name, name))
        for seq, names in material.batches.items()
    }
    by_name = {new.digest: new for _, new in pairs if new}
    log = []
    for entry in material.log:
        names = batches.get(str(entry.seq))
        if names is not None:
            body = dict(entry.body) | {"labels": digest_names(names), "count": len(names)}
            told = {by_name[name].question for name in names if name in by_name}
            body["question"] = told.pop() if len(told) == 1 else body["question"]
            entry = replace(entry, body=body)  # noqa: PLW2901 - the entry as the attacker writes it
        log.append(entry)
    labels = tuple(new for _, new in pairs if new)
    return replace(material, labels=labels, batches=batches, log=tuple(log))


def only(
    labels: Iterable[Label], chosen: Callable[[Label], bool], change: Callable[[Label], T]
) -> Callable[[Label], Label | T]:
    """A change of the first label that is chosen; all others stay."""
    target = next(label for label in labels if chosen(label))
    return lambda label: change(label) if label == target else label


def announced_anew(claim: Claim, material: Material, made: Draw) -> Forged:
    """The bundle with another draw in the place of its own: in announcement, extensions, readings and looks."""
    old = drawn(material).name

    def told(entry: Entry) -> Entry:
        body = dict(entry.body)
        if entry.kind == "draw" and body.get("draw") == old:
            return replace(entry, body=announcement(made))
        if entry.kind == "extension" and body.get("draw") == old:
            return replace(entry, body=growth(made))
        if entry.kind == "look" and body.get("draw") == old:
            return replace(entry, body=body | {"draw": made.name})
        reading = body.get("reading")
        if (
            isinstance(reading, dict)
            and isinstance(route := reading.get("route"), dict)
            and route.get("draw") == old
        ):
            item = made.items[int(route["rank"]) - 1]
            again = reading | {"route": route | {"draw": made.name}, "transcript": item}
            return replace(entry, body={"reading": again})
        return entry

    return finish(claim, replace(material, draw=made, log=tuple(told(entry) for entry in material.log)))


def with_rows(claim: Claim, material: Material, rows: Sequence[Row], *, logged: bool) -> Forged:
    """The bundle with other rows, the frame pinned anew to those that it selects; in the log too, if `logged`."""
    corpus = claim.frame.corpus
    changed = replace(material, rows=tuple(rows))
    if logged:
        columns = columns_digest(rows)
        changed = edited(
            changed, "import", lambda body: body | {"columns": columns} if body["to"] == corpus else body
        )
    selected = frame_rows(claim.frame, changed)
    return replace(claim, frame=pin(corpus, claim.frame.predicate, selected, claim.frame.rated)), changed


def drawn(material: Material) -> Draw:
    """The draw of a claim that has one."""
    if material.draw is None:
        raise ValueError("this attack needs a claim from a draw")
    return material.draw
