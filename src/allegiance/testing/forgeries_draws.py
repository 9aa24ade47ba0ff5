"""Forgeries of draws: what was drawn, how, from what, and when."""

from __future__ import annotations

from allegiance.evidence import rated, tickets
from allegiance.evidence.drawing import carry_out
from allegiance.evidence.material import Material, frame_rows, source_of
from allegiance.evidence.population import pin
from allegiance.records.canonical import digest_names
from allegiance.records.claim import Claim
from allegiance.records.draw import Draw
from allegiance.records.label import Label
from allegiance.testing.forging import (
    Forged,
    announced_anew,
    drawn,
    edited,
    finish,
    last,
    only,
    relabelled,
    replace,
    with_log,
)


def choose_the_seed(claim: Claim, material: Material) -> Forged:
    """The seed of the draw is another, in the log too."""
    return announced_anew(claim, material, replace(drawn(material), seed="00" * 32))


def choose_the_seed_in_the_bundle(claim: Claim, material: Material) -> Forged:
    """The seed of the draw is another, in the bundle alone."""
    return finish(claim, replace(material, draw=replace(drawn(material), seed="00" * 32)))


def announce_another_seed(claim: Claim, material: Material) -> Forged:
    """The seed of the draw is another, in the log alone."""
    return finish(claim, edited(material, "draw", lambda body: body | {"seed": "00" * 32}))


def name_another_algorithm(claim: Claim, material: Material) -> Forged:
    """The draw is carried out by tickets of a version that there is not."""
    commitment = replace(drawn(material).commitment, algorithm="ticket/2")
    made = carry_out(commitment, frame_rows(claim.frame, material))
    return announced_anew(claim, replace(material, transcripts=()), made)


def hide_the_draw(claim: Claim, material: Material) -> Forged:
    """The bundle leaves the draw out, and all its labels pass for a census."""
    forged, material = finish(claim, replace(material, draw=None, transcripts=()))
    return replace(forged, draw=claim.draw), material


def name_another_draw(claim: Claim, material: Material) -> Forged:
    """The claim names another draw than the bundle holds."""
    return replace(claim, draw="sha256:" + "0" * 64), material


def widen_the_filter(claim: Claim, material: Material) -> Forged:
    """The claim names the population otherwise than the draw, though it is the same set."""
    rows = frame_rows(claim.frame, material)
    return finish(replace(claim, frame=pin(claim.frame.corpus, "tier=trained|untrained", rows)), material)


def swap_drawn_items(claim: Claim, material: Material) -> Forged:
    """The last two ranks of the draw change places, in the log too."""
    made = drawn(material)
    return announced_anew(claim, material, replace(made, items=(*made.items[:-2], made.items[-1], made.items[-2])))


def renumber_the_draw(claim: Claim, material: Material) -> Forged:
    """The draw is said to be the ninth, with the seed and items that follow; the log shows no eight before it."""
    commitment = replace(drawn(material).commitment, counter=9)
    made = carry_out(commitment, frame_rows(claim.frame, material))
    return announced_anew(claim, replace(material, transcripts=()), made)


def forget_an_extension(claim: Claim, material: Material) -> Forged:
    """The draw has grown, and the log does not say so."""
    entries = [entry for entry in material.log if entry.kind != "extension"]
    return finish(*with_log(claim, material, entries))


def extend_by_others(claim: Claim, material: Material) -> Forged:
    """The log has the draw grow by other items, as many."""
    others = digest_names(row.name for row in material.rows[: len(drawn(material).items)])
    return finish(claim, edited(material, "extension", lambda body: body | {"items": others}))


def extend_after_reading(claim: Claim, material: Material) -> Forged:
    """The draw is extended after somebody has read what it drew."""
    entries = list(material.log)
    grown, read = last(entries, "extension"), last(entries, "reading")
    entries.insert(read, entries.pop(grown))
    return finish(*with_log(claim, material, entries))


def change_a_score(claim: Claim, material: Material) -> Forged:
    """A score on which the draw rests is another, in the whole chain of its label."""
    return finish(claim, _rescored(claim, material))


def change_a_score_and_pin_it(claim: Claim, material: Material) -> Forged:
    """As before, and the design pins the other scores; the items stay as they were."""
    material = _rescored(claim, material)
    made = drawn(material)
    design, names = made.commitment.design, [row.name for row in material.rows]
    given = rated.scores(design.scored, source_of(material), names) if design.scored else {}
    design = replace(design, scores=rated.scores_digest(given))
    commitment = replace(made.commitment, design=design)
    again = replace(made, commitment=commitment, seed=tickets.seed_of(commitment).hex())
    return announced_anew(claim, material, again)


def drop_scores(claim: Claim, material: Material) -> Forged:
    """Labels that gave scores are left out, in the whole chain."""
    judge = _judge(material)
    labels = [label for label in material.labels if label.rater == judge][:5]
    return finish(claim, relabelled(material, lambda label: None if label in labels else label))


def score_after_the_draw(claim: Claim, material: Material) -> Forged:
    """The draw is said to rest on all scores that are saved by the end of the log."""
    made = drawn(material)
    design = made.commitment.design
    scored = replace(design.scored, before=len(material.log)) if design.scored else None
    commitment = replace(made.commitment, design=replace(design, scored=scored))
    return announced_anew(claim, material, replace(made, commitment=commitment))


def drop_a_stratum(claim: Claim, material: Material) -> Forged:
    """A stratum vanishes from the design, and what was drawn from it from the draw."""
    made = drawn(material)
    design = made.commitment.design
    first, *others = design.strata
    commitment = replace(made.commitment, design=replace(design, strata=tuple(others), n=design.n - first.n))
    again = replace(made, commitment=commitment, items=made.items[first.n :])
    return announced_anew(claim, replace(material, transcripts=()), again)


def draw_less_from_a_stratum(claim: Claim, material: Material) -> Forged:
    """The last item of the last stratum is no longer drawn; the log is left as it is."""
    made = drawn(material)
    design = made.commitment.design
    *others, final = design.strata
    strata = (*others, replace(final, n=final.n - 1))
    commitment = replace(made.commitment, design=replace(design, strata=strata, n=design.n - 1))
    shorter = Draw(commitment=commitment, seed=made.seed, items=made.items[:-1])
    return finish(claim, replace(material, draw=shorter, transcripts=()))


def alter_the_domain(claim: Claim, material: Material) -> Forged:
    """An answer by which the population was chosen is another, in the whole chain of its label."""
    column = claim.frame.rated[0]
    change = only(
        material.labels,
        lambda label: label.rater == column.rater and label.value == "no",
        lambda label: replace(label, value="yes"),
    )
    return finish(claim, relabelled(material, change))


def draw_before_the_import(claim: Claim, material: Material) -> Forged:
    """The version of the corpus is entered after the draw from it."""
    entries = list(material.log)
    entries.insert(last(entries, "draw"), entries.pop(last(entries, "import")))
    return finish(*with_log(claim, material, entries))


def _rescored(claim: Claim, material: Material) -> Material:
    judge = _judge(material)

    def other(label: Label) -> Label:
        return replace(label, score=0.33)

    return relabelled(material, only(material.labels, lambda label: label.rater == judge, other))


def _judge(material: Material) -> str:
    scored = drawn(material).commitment.design.scored
    if scored is None:
        raise ValueError("this attack needs a draw that rests on scores")
    return scored.rater
