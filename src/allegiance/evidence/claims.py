"""Making claims: from what a study holds to a claim and the material that proves it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from allegiance.corpus.rows import Row
from allegiance.errors import Refusal
from allegiance.evidence.bundle import write_bundle
from allegiance.evidence.judged import refuse_unsafe
from allegiance.evidence.keep import Keep
from allegiance.evidence.material import Material, forks_of, labels_digest, pinned_columns
from allegiance.evidence.population import frame
from allegiance.evidence.registration import plans_entered, registered
from allegiance.evidence.statements import basis_of, standing, statement
from allegiance.evidence.terms import Terms, check_population, check_terms
from allegiance.evidence.uncorrected import refuse_patterns
from allegiance.evidence.verify import run_steps
from allegiance.evidence.working import cited, sample, work_out
from allegiance.ledger.log import checkpoint
from allegiance.ledger.merkle import leaf_hash
from allegiance.records.canonical import canonical
from allegiance.records.claim import FORMAT, Claim, Estimate
from allegiance.records.draw import Draw
from allegiance.records.frame import Frame, Rated

USUAL = (("trained", "untrained"), ("free", "paid"))
"""Pairs of tiers in the order in which the field subtracts them."""

TRANSCRIPTS_SHIPPED = 2000
"""Bundles carry the words of samples up to this size unless told otherwise."""


def make_claim(
    keep: Keep,
    terms: Terms,
    *,
    draw: Draw | None = None,
    predicate: str = "",
    words: bool | None = None,
    unsafe: bool = False,
) -> tuple[Claim, Material]:
    """A claim and the material that proves it.

    Args:
        keep: The study's corpus, log and labels.
        terms: What is asked.
        draw: The draw whose items were labelled; its population is the claim's.
        predicate: The population where there is no draw: all that match it.
        words: Whether the bundle carries the transcripts of the sample; by default if they are few.
        unsafe: Whether a judge that is unsafe for claims may be the rater; the statement says so then.

    Raises:
        Refusal: The evidence does not carry it; the message says what would. Nothing was published.
    """
    check_terms(terms)
    refuse_patterns(terms)
    population, rows = _pinned(keep, draw, predicate)
    check_population(terms, draw, rows)
    material = _with_words(keep, terms, population, _material(keep, terms, population, draw), words)
    refuse_unsafe(material.log, terms, unsafe=unsafe)
    claim = _claim(terms, population, rows, material)
    _require_verifiable(claim, material)
    return claim, material


def preview(
    keep: Keep, terms: Terms, *, draw: Draw | None = None, predicate: str = ""
) -> tuple[Estimate, Material]:
    """The number that a claim would have, and its material. Nothing is published, and nothing logged.

    Arguments and errors as in `make_claim`.
    """
    check_terms(terms)
    refuse_patterns(terms)
    population, rows = _pinned(keep, draw, predicate)
    check_population(terms, draw, rows)
    material = _material(keep, terms, population, draw)
    return work_out(terms, population, material), material


def compared(rows: Sequence[Row], factor: str) -> tuple[str, str]:
    """The two levels of a factor among these rows, minuend first: the tier said to be trained on, if it is known.

    Raises:
        Refusal: There are not exactly two.
    """
    levels = {row.condition.levels[factor] for row in rows if factor in row.condition.levels}
    if len(levels) != 2:
        raise Refusal(
            f"a gap compares two levels of {factor}; there are {len(levels)}: {', '.join(sorted(levels))}.",
            next="Choose two with --levels first,second, and the factor with --factor.",
        )
    for pair in USUAL:
        if set(pair) == levels:
            return pair
    first, second = sorted(levels)
    return first, second


def _claim(terms: Terms, population: Frame, rows: Sequence[Row], material: Material) -> Claim:
    estimate = work_out(terms, population, material)
    point = checkpoint([leaf_hash(canonical(entry)) for entry in material.log])
    plan = registered(material.log, terms, population, rows, material.draw)
    own = {name: getattr(terms, name) for name in Terms.__struct_fields__ if name != "alpha"}
    return Claim(
        **own,
        statement=statement(terms, population, material, estimate, standing(plan, plans_entered(material.log))),
        frame=population,
        draw=material.draw.digest if material.draw else "",
        labels=labels_digest(material.labels),
        basis=basis_of(terms),
        estimate=estimate,
        forks=forks_of(terms, material),
        plan=plan,
        log_size=point.size,
        log_root=point.root,
        format=FORMAT,
    )


def _require_verifiable(claim: Claim, material: Material) -> None:
    """Refuses a claim that its own verification would not pass, and says at which step."""
    for check in run_steps(claim, material):
        if not check.passed:
            raise Refusal(
                f"this claim would not verify: step {check.step} ({check.name}): {check.finding}",
                next="See what that step asks for in docs/formats.md; nothing was published.",
            )


def _pinned(keep: Keep, draw: Draw | None, predicate: str) -> tuple[Frame, list[Row]]:
    if draw is None:
        return frame(keep.corpus, predicate, keep.labels, keep.log.checkpoint().size)
    population = draw.commitment.frame
    return population, keep.rows(population)


def _material(keep: Keep, terms: Terms, population: Frame, draw: Draw | None) -> Material:
    # The log comes first: labels that are saved while this runs belong to later claims.
    log = keep.log.entries()
    own = [Rated(question=terms.question.digest, rater=card.digest, before=0) for card in terms.raters]
    pairs = sorted({(each.question, each.rater) for each in (*own, *pinned_columns(population, draw))})
    labels = [label for asked, by in pairs for label in keep.labels.all(asked, by, before=len(log))]
    batches: dict[int, list[str]] = {}
    for asked, by in pairs:
        batches |= keep.labels.batches(asked, [by], before=len(log))
    return Material(
        manifest=keep.corpus.manifest(population.corpus),
        rows=tuple(keep.corpus.rows(population.corpus)),
        draw=draw,
        labels=tuple(sorted(labels, key=lambda label: label.digest)),
        batches={str(seq): tuple(members) for seq, members in batches.items()},
        log=tuple(log),
    )


def _with_words(keep: Keep, terms: Terms, population: Frame, material: Material, words: bool | None) -> Material:
    if terms.kind == "quote" and (quoted := cited(terms, material.log).transcript) in keep.corpus.taken_down():
        raise Refusal("the quoted transcript was withdrawn, so that its words stand nowhere.", where=quoted)
    gone = tuple(keep.corpus.taken_down(population.corpus))
    material = msgspec.structs.replace(material, withdrawn=gone)
    names = sorted({row.name for row in sample(terms, population, material)}.difference(gone))
    if terms.kind == "quote" or (words if words is not None else len(names) <= TRANSCRIPTS_SHIPPED):
        return msgspec.structs.replace(material, transcripts=tuple(item for _, item in keep.corpus.iter(names)))
    return material


def publish(keep: Keep, folder: Path, claim: Claim, material: Material) -> Path:
    """Enters a claim in the log and writes its bundle under the next free number of a folder.

    When this returns, both survive a loss of power. A crash between the two leaves a claim in the log without a
    bundle: it counts as a fork of later claims.

    Returns:
        The path of the bundle, ``NNNN-kind.claim``.
    """
    made = material.draw.name if material.draw else ""
    body = {"claim": claim.digest, "kind": claim.kind, "question": claim.question.digest}
    keep.log.append("claim", body | {"draw": made, "predicate": claim.frame.predicate})
    while True:
        path = _next(folder, claim.kind)
        try:
            write_bundle(path, claim, material)
        except FileExistsError:
            continue  # another process took the number
        return path


def _next(folder: Path, kind: str) -> Path:
    taken = [int(path.name[:4]) for path in folder.glob("*.claim") if path.name[:4].isdigit()]
    return folder / f"{max(taken, default=0) + 1:04d}-{kind}.claim"
