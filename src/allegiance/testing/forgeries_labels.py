"""Forgeries of labels and questions: what was answered, by whom, to what, and when."""

from __future__ import annotations

import unicodedata

from allegiance.evidence.material import Material
from allegiance.records.canonical import digest_names
from allegiance.records.claim import Claim
from allegiance.records.label import Label
from allegiance.testing.forging import (
    Forged,
    drawn,
    finish,
    first,
    last,
    moved,
    only,
    pinned,
    relabelled,
    replace,
    with_log,
)


def flip_a_label(claim: Claim, material: Material) -> Forged:
    """The first ``no`` becomes a ``yes``, in the labels and in the digest that the claim pins."""
    change = only(material.labels, lambda label: label.value == "no", lambda label: replace(label, value="yes"))
    return finish(claim, replace(material, labels=tuple(map(change, material.labels))))


def flip_a_label_and_its_batch(claim: Claim, material: Material) -> Forged:
    """The first ``no`` becomes a ``yes``, in the list of its batch too; the log is left as it is."""
    change = only(material.labels, lambda label: label.value == "no", lambda label: replace(label, value="yes"))
    return finish(claim, replace(relabelled(material, change), log=material.log))


def drop_a_label(claim: Claim, material: Material) -> Forged:
    """A label of a transcript that was not drawn is left out, and the claim pinned to the rest."""
    items = set(drawn(material).items)
    at = next(i for i, label in enumerate(material.labels) if label.transcript not in items)
    return finish(claim, replace(material, labels=(*material.labels[:at], *material.labels[at + 1 :])))


def drop_an_unwelcome_label(claim: Claim, material: Material) -> Forged:
    """A drawn ``yes`` is left out, in the whole chain; number and words stay as they were."""
    items = set(drawn(material).items)
    change = only(material.labels, lambda x: x.value == "yes" and x.transcript in items, lambda _label: None)
    material = relabelled(material, change)
    return pinned(claim, material), material


def drop_a_batch(claim: Claim, material: Material) -> Forged:
    """All labels of one batch are left out, and the batch with them; the log is left as it is."""
    seq = max(material.batches, key=int)
    gone = set(material.batches[seq])
    labels = tuple(label for label in material.labels if label.digest not in gone)
    batches = {key: names for key, names in material.batches.items() if key != seq}
    return finish(claim, replace(material, labels=labels, batches=batches, transcripts=()))


def answer_again_after_the_claim(claim: Claim, material: Material) -> Forged:
    """A label is revised once the claim has been made, and the claim rests on the revision."""
    old = next(label for label in material.labels if label.value == "yes")
    return finish(claim, replace(material, labels=(*material.labels, replace(old, value="no", revision=1))))


def skip_a_revision(claim: Claim, material: Material) -> Forged:
    """A label stands under a number that leaves out an earlier answer, in the whole chain."""
    return finish(claim, relabelled(material, only(material.labels, _any, lambda x: replace(x, revision=1))))


def answer_off_the_menu(claim: Claim, material: Material) -> Forged:
    """An answer is none of the question's, in the whole chain."""
    return finish(claim, relabelled(material, only(material.labels, _any, lambda x: replace(x, value="perhaps"))))


def save_a_label_twice(claim: Claim, material: Material) -> Forged:
    """A label of the first batch is in the last one too, so that it passes for a later one."""
    early, late = min(material.batches, key=int), max(material.batches, key=int)
    names = (*material.batches[late], material.batches[early][0])
    batches = dict(material.batches) | {late: names}
    entries = list(material.log)
    body = dict(entries[int(late)].body) | {"labels": digest_names(names), "count": len(names)}
    entries[int(late)] = replace(entries[int(late)], body=body)
    return finish(*with_log(claim, replace(material, batches=batches), entries))


def borrow_a_label(claim: Claim, material: Material) -> Forged:
    """A label in a batch is by another rater, in the whole chain."""
    items = set(drawn(material).items)

    def strange(label: Label) -> Label:
        return replace(label, rater="sha256:" + "0" * 64)

    return finish(claim, relabelled(material, only(material.labels, lambda x: x.transcript not in items, strange)))


def pin_other_labels(claim: Claim, material: Material) -> Forged:
    """The claim pins other labels than the bundle holds."""
    return replace(claim, labels=digest_names(())), material


def edit_the_question(claim: Claim, material: Material) -> Forged:
    """The question is asked in other words under its name, in the whole chain but for its own entry."""
    return _asked_otherwise(claim, material, replace(claim.question, text="Does the reply hint at a yes?").text)


def decompose_the_question(claim: Claim, material: Material) -> Forged:
    """The text of the question is written in NFD, in the whole chain but for its own entry."""
    return _asked_otherwise(claim, material, unicodedata.normalize("NFD", claim.question.text))


def enter_the_question_late(claim: Claim, material: Material) -> Forged:
    """The question is entered in the log after the answers."""
    log = material.log
    return finish(*with_log(claim, material, moved(log, first(log, "rubric"), last(log, "labels"))))


def label_before_the_draw(claim: Claim, material: Material) -> Forged:
    """Question and labels are entered before the draw that they are of."""
    entries = list(material.log)
    place = first(entries, "draw")
    for kind in ("labels", "rubric"):
        entries.insert(place, entries.pop(last(entries, kind)))
    return finish(*with_log(claim, material, entries))


def _asked_otherwise(claim: Claim, material: Material, text: str) -> Forged:
    asked = replace(claim.question, text=text)

    def readdressed(label: Label) -> Label:
        return replace(label, question=asked.digest)

    return finish(replace(claim, question=asked), relabelled(material, readdressed))


def _any(_label: Label) -> bool:
    return True
