"""The material of a claim: all that its number is worked out from, and nothing else.

Making a claim and checking it share `work_out`; the checker has only the material in the bundle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from allegiance.corpus.rows import Row
from allegiance.errors import Refusal, UnknownName
from allegiance.evidence.estimates import GAP_METHODS, Labels, estimate_gap, estimate_rate
from allegiance.ledger.log import Entry
from allegiance.rating.labels import last
from allegiance.records.canonical import digest_names
from allegiance.records.claim import Claim, ClaimKind, Estimate
from allegiance.records.draw import Draw
from allegiance.records.label import Label
from allegiance.records.manifest import Manifest
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record
from allegiance.records.transcript import Transcript

ALPHAS = (0.001, 0.5)
"""Least and greatest alpha of a claim."""


class Terms(Record, frozen=True, kw_only=True):
    """What is asked for: the part of a claim that is fixed before its number is known. Fields as in `Claim`."""

    kind: ClaimKind
    question: Question
    raters: tuple[RaterCard, ...]
    answer: str = "yes"
    factor: str = ""
    levels: tuple[str, ...] = ()
    alpha: float = 0.05
    method: str = "betting"


class Material(Record, frozen=True, kw_only=True):
    """What a bundle carries beside the claim.

    Attributes:
        manifest: The version of the corpus.
        rows: The columns of all its members, by name; their names can be recomputed from them.
        draw: The draw, or None for a census.
        labels: All labels of the claim's raters on its question, revisions included, in the sample or not: so that
            none can be left out unseen.
        batches: Number of a log entry, as text → digests of the labels that were saved with it.
        log: The log up to the claim's checkpoint.
        transcripts: The words of the sample; may be left out.
    """

    manifest: Manifest
    rows: tuple[Row, ...]
    draw: Draw | None
    labels: tuple[Label, ...]
    batches: Mapping[str, tuple[str, ...]]
    log: tuple[Entry, ...]
    transcripts: tuple[Transcript, ...] = ()


def terms_of(claim: Claim) -> Terms:
    """The terms that a claim was made on."""
    methods = {name: key for key, name in GAP_METHODS.items()}
    return Terms(
        kind=claim.kind,
        question=claim.question,
        raters=claim.raters,
        answer=claim.answer,
        factor=claim.factor,
        levels=claim.levels,
        alpha=claim.estimate.alpha,
        method=methods.get(claim.estimate.method, "betting"),
    )


def work_out(terms: Terms, population: int, sample: Sequence[Row], labels: Sequence[Label]) -> Estimate:
    """The estimate that follows from terms, sample and labels; other rules and methods as `secondary`.

    Raises:
        Refusal: The evidence does not carry it.
    """
    check_terms(terms)
    given = {card.name: last(label for label in labels if label.rater == card.digest) for card in terms.raters}
    first, *others = terms.raters
    main = _estimate(terms, population, sample, given[first.name], terms.method)
    secondary = {card.name: _estimate(terms, population, sample, given[card.name], terms.method) for card in others}
    if terms.kind == "gap" and terms.method != "paired-t":
        secondary |= _paired_t(terms, sample, given[first.name])
    return msgspec.structs.replace(main, secondary=secondary)


def check_terms(terms: Terms) -> None:
    """Refuses terms on which no claim can be made: raters of one name, levels that are not two, an odd alpha."""
    names = [card.name for card in terms.raters]
    if not names or len(set(names)) != len(names) or "paired-t" in names:
        raise Refusal(
            "the raters of a claim need names that differ.", where=", ".join(names), next="Name one rater."
        )
    if terms.answer not in terms.question.answers:
        raise UnknownName("answer", terms.answer, terms.question.answers, where=terms.question.name)
    two = len(set(terms.levels)) == len(terms.levels) == 2 and bool(terms.factor)
    none = not terms.levels and not terms.factor
    if not (two if terms.kind == "gap" else none):
        raise Refusal("a gap compares two levels of a factor, and a rate none.", where=" ".join(terms.levels))
    if not ALPHAS[0] <= terms.alpha <= ALPHAS[1]:
        raise Refusal(f"alpha lies between {ALPHAS[0]} and {ALPHAS[1]}.", where=f"alpha {terms.alpha:g}")


def check_population(terms: Terms, draw: Draw | None, rows: Sequence[Row]) -> None:
    """Refuses a population that does not fit the terms: a gap over a uniform draw, or over a third level.

    Raises:
        Refusal: It does not fit; the message says what would.
    """
    if terms.kind != "gap":
        return
    if draw is not None and draw.commitment.design.kind != "census":
        raise Refusal(
            "a gap is paired by request, and a uniform draw of transcripts takes the pairs apart.",
            where=f"draw {draw.commitment.counter}",
            next="Take a census: allegiance draw --census; or claim without a draw.",
        )
    strangers = {row.condition.levels.get(terms.factor, "unknown") for row in rows} - set(terms.levels)
    if strangers:
        raise Refusal(
            f"the population holds levels of {terms.factor} that are not compared: {', '.join(sorted(strangers))}.",
            next=f"Add {terms.factor}={'|'.join(terms.levels)} to the filter.",
        )


def sample_of(draw: Draw | None, frame_rows: Sequence[Row]) -> list[Row]:
    """The rows that were drawn, in ticket order; without a draw, all of them."""
    if draw is None:
        return list(frame_rows)
    by_name = {row.name: row for row in frame_rows}
    return [by_name[name] for name in draw.items if name in by_name]


def labels_digest(labels: Sequence[Label]) -> str:
    """What a claim pins its labels by."""
    return digest_names(label.digest for label in labels)


def forks(log: Sequence[Entry]) -> dict[str, int]:
    """What else was tried before a claim, counted from the log. The claim's own draw is among the draws."""
    kinds = {"draws": "draw", "searches": "search", "readings": "reading", "claims": "claim"}
    return {name: sum(entry.kind == kind for entry in log) for name, kind in kinds.items()}


def _estimate(terms: Terms, population: int, sample: Sequence[Row], labels: Labels, method: str) -> Estimate:
    if terms.kind == "rate":
        return estimate_rate(population, sample, labels, answer=terms.answer, alpha=terms.alpha)
    first, second = terms.levels
    return estimate_gap(
        sample,
        labels,
        factor=terms.factor,
        levels=(first, second),
        answer=terms.answer,
        alpha=terms.alpha,
        method=method,
    )


def _paired_t(terms: Terms, sample: Sequence[Row], labels: Labels) -> dict[str, Estimate]:
    try:
        return {"paired-t": _estimate(terms, len(sample), sample, labels, "paired-t")}
    except Refusal:
        return {}
