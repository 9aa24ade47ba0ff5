"""Making claims: from what a study holds to a claim and the material that proves it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from allegiance.corpus.rows import Row
from allegiance.errors import Refusal
from allegiance.evidence.bundle import write_bundle
from allegiance.evidence.keep import Keep
from allegiance.evidence.material import (
    Material,
    Terms,
    check_population,
    forks,
    labels_digest,
    sample_of,
    work_out,
)
from allegiance.evidence.population import frame
from allegiance.evidence.statements import basis, statement
from allegiance.evidence.verify import run_steps
from allegiance.ledger.log import checkpoint
from allegiance.ledger.merkle import leaf_hash
from allegiance.records.canonical import canonical
from allegiance.records.claim import FORMAT, Claim
from allegiance.records.draw import Draw
from allegiance.records.frame import Frame

USUAL = (("trained", "untrained"), ("free", "paid"))
"""Pairs of tiers in the order in which the field subtracts them."""

TRANSCRIPTS_SHIPPED = 2000
"""Bundles carry the words of samples up to this size unless told otherwise."""


def claim_rate(
    keep: Keep, terms: Terms, *, draw: Draw | None = None, predicate: str = "", words: bool | None = None
) -> tuple[Claim, Material]:
    """A claim about how often, from a uniform draw; or, without one, from a census of what matches `predicate`.

    Args:
        keep: The study's corpus, log and labels.
        terms: What is asked.
        draw: The draw whose items were labelled.
        predicate: The population of a census; a draw has its own.
        words: Whether the bundle carries the transcripts of the sample; by default if they are few.

    Raises:
        Refusal: The evidence does not carry it; the message says what would.
    """
    population, rows = _pinned(keep, draw, predicate)
    return _claim(keep, terms, population, rows, draw, words)


def claim_gap(
    keep: Keep, terms: Terms, *, draw: Draw | None = None, predicate: str = "", words: bool | None = None
) -> tuple[Claim, Material]:
    """A claim about the difference between two tiers (or levels of another factor), paired by request.

    Arguments and errors as in `claim_rate`; a draw, if one is given, must be a census. The population is all that
    match `predicate`, each at one of the two levels.
    """
    population, rows = _pinned(keep, draw, predicate)
    return _claim(keep, terms, population, rows, draw, words)


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


def _claim(
    keep: Keep, terms: Terms, population: Frame, rows: Sequence[Row], draw: Draw | None, words: bool | None
) -> tuple[Claim, Material]:
    check_population(terms, draw, rows)
    sample = sample_of(draw, rows)
    material = _material(keep, terms, population, sample, draw, words)
    estimate = work_out(terms, population.n, sample, material.labels)
    point = checkpoint([leaf_hash(canonical(entry)) for entry in material.log])
    claim = Claim(
        kind=terms.kind,
        statement=statement(terms, population, draw, estimate),
        question=terms.question,
        answer=terms.answer,
        frame=population,
        factor=terms.factor,
        levels=terms.levels,
        draw=draw.digest if draw else "",
        raters=terms.raters,
        labels=labels_digest(material.labels),
        basis=basis(terms.raters[0]),
        estimate=estimate,
        forks=forks(material.log),
        log_size=point.size,
        log_root=point.root,
        format=FORMAT,
    )
    _require_verifiable(claim, material)
    return claim, material


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
        return frame(keep.corpus, predicate)
    population = draw.commitment.frame
    return population, keep.rows(population)


def _material(
    keep: Keep, terms: Terms, population: Frame, sample: Sequence[Row], draw: Draw | None, words: bool | None
) -> Material:
    # The log comes first: labels that are saved while this runs belong to later claims.
    log = keep.log.entries()
    asked, cards = terms.question.digest, [card.digest for card in terms.raters]
    labels = [label for card in cards for label in keep.labels.all(asked, card, before=len(log))]
    batches = keep.labels.batches(asked, cards, before=len(log))
    ship = words if words is not None else len(sample) <= TRANSCRIPTS_SHIPPED
    names = sorted(row.name for row in sample)
    return Material(
        manifest=keep.corpus.manifest(population.corpus),
        rows=tuple(keep.corpus.rows(population.corpus)),
        draw=draw,
        labels=tuple(sorted(labels, key=lambda label: label.digest)),
        batches={str(seq): tuple(members) for seq, members in batches.items()},
        log=tuple(log),
        transcripts=tuple(item for _, item in keep.corpus.iter(names)) if ship else (),
    )


def publish(keep: Keep, folder: Path, claim: Claim, material: Material) -> Path:
    """Enters a claim in the log and writes its bundle under the next free number of a folder.

    When this returns, both survive a loss of power. A crash between the two leaves a claim in the log without a
    bundle: it counts as a fork of later claims.

    Returns:
        The path of the bundle, ``NNNN-kind.claim``.
    """
    keep.log.append("claim", {"claim": claim.digest, "kind": claim.kind, "question": claim.question.digest})
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
