"""Working a claim out: from terms and material to the number, for making claims and for checking them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from allegiance.corpus.predicate import parse
from allegiance.corpus.rows import Row
from allegiance.errors import Refusal
from allegiance.evidence import rated
from allegiance.evidence.drawing import highest, scores_of, strata, weights
from allegiance.evidence.existence import estimate_existence, estimate_precision, estimate_quote
from allegiance.evidence.gaps import estimate_difference, estimate_gap, estimate_no_gap
from allegiance.evidence.material import Material, frame_rows, label_name, source_of
from allegiance.evidence.rates import Sampled, estimate_active, estimate_rate, lower_claim, upper_claim
from allegiance.evidence.tallies import Labels
from allegiance.evidence.terms import ACTIVE, COMPARED, LEDGER, RATES, Terms, check_terms
from allegiance.ledger.log import Entry
from allegiance.rating.labels import last
from allegiance.records.claim import Estimate
from allegiance.records.draw import Draw
from allegiance.records.frame import Frame
from allegiance.records.route import Citation
from allegiance.records.search import Search
from allegiance.stats.multiplicity import ledger_alpha


def work_out(terms: Terms, population: Frame, material: Material) -> Estimate:
    """The estimate that follows from terms and material; other rules and methods as `secondary`.

    Raises:
        Refusal: The evidence does not carry it; the message says what would.
    """
    check_terms(terms)
    if terms.kind == "quote":
        return estimate_quote(population.n)
    require_no_peeking(terms, material)
    first, *others = terms.raters
    main = _estimate(terms, population, material, answers(terms, material, first.digest))
    secondary = {}
    for card in others:
        secondary[card.name] = _estimate(terms, population, material, answers(terms, material, card.digest))
    if terms.kind == "gap" and terms.method != "paired-t":
        secondary |= _beside("paired-t", msgspec.structs.replace(terms, method="paired-t"), population, material)
    if terms.kind in {*RATES, *COMPARED}:
        secondary |= _beside(LEDGER, _in_ledger(terms, material), population, material)
    if terms.kind == "rate_ci":
        secondary |= _by_scores(terms, population, material)
    return msgspec.structs.replace(main, secondary=secondary)


def answers(terms: Terms, material: Material, rater: str) -> Labels:
    """Transcript → the label of one rater (by digest) on the question that counts."""
    asked = terms.question.digest
    return last(label for label in material.labels if label.question == asked and label.rater == rater)


def sample(terms: Terms, population: Frame, material: Material) -> list[Row]:
    """The rows that a claim rests on, in order of reading.

    Where reading goes on, or every look is allowed for, they end with the last rank that the first rater has
    labelled (a person or a trusted rater: since the draw was announced). Ranks before it without a label count as
    unrated, so that none can be left out.
    """
    rows = frame_rows(population, material)
    by_name = {row.name: row for row in rows}
    if terms.kind == "quote":
        return [by_name[cited(terms, material.log).transcript]]
    if terms.kind == "precision_at_k":
        return [by_name[name] for name in searched(terms, material.log).shown[: terms.k] if name in by_name]
    given = answers(terms, material, terms.raters[0].digest)
    if terms.kind == "at_least_k":
        return [row for row in rows if row.name in given]
    made = material.draw
    if made is None:
        return rows
    drawn = [by_name[name] for name in made.items if name in by_name]
    if made.commitment.design.stop == "fixed" and terms.method != "betting":
        return drawn
    read = _since_announced(terms, made, material, given)
    labelled = [rank for rank, row in enumerate(drawn, 1) if row.name in read]
    return drawn[: max(labelled, default=0)]


def _since_announced(terms: Terms, made: Draw, material: Material, given: Labels) -> set[str]:
    """The transcripts that the first rater has labelled; by a reader, only what was labelled for this draw."""
    card = terms.raters[0]
    if card.kind != "person" and card.basis != "trusted":
        return set(given)
    told = (e.seq for e in material.log if e.kind == "draw" and e.body.get("draw") == made.name)
    start = next(told, 0)
    saved = {name: int(seq) for seq, names in material.batches.items() for name in names}
    return {name for name, label in given.items() if saved.get(label_name(label), start) > start}


def searched(terms: Terms, log: Sequence[Entry]) -> Search:
    """The search of a claim about its hits.

    Raises:
        Refusal: There is none of this number, or it showed fewer hits than are claimed about.
    """
    entries = [entry for entry in log if entry.kind == "search"]
    if not 1 <= terms.search <= len(entries):
        raise Refusal(f"there are {len(entries)} searches in the log; there is no search {terms.search}.")
    made = msgspec.convert(entries[terms.search - 1].body["search"], Search)
    if terms.k > len(made.shown):
        raise Refusal(
            f"search {terms.search} showed {len(made.shown)} hits, not {terms.k}.", next="Search with --limit."
        )
    return made


def cited(terms: Terms, log: Sequence[Entry]) -> Citation:
    """The citation of a claim about a quote, without its words.

    Raises:
        Refusal: There is none of this number.
    """
    entries = [entry for entry in log if entry.kind == "citation"]
    if not 1 <= terms.citation <= len(entries):
        raise Refusal(
            f"there are {len(entries)} citations in the log; there is no citation {terms.citation}.",
            next="Make one with: allegiance cite",
        )
    return msgspec.convert(entries[terms.citation - 1].body["citation"], Citation)


def require_no_peeking(terms: Terms, material: Material) -> None:
    """Refuses the exact interval of a declared size after somebody looked at a number before all was labelled.

    Raises:
        Refusal: Somebody did; the interval that allows for every look is named.
    """
    made = material.draw
    if (
        terms.kind not in RATES
        or made is None
        or made.commitment.design.stop != "fixed"
        or terms.method == "betting"
    ):
        return
    early = [
        entry.seq
        for entry in material.log
        if entry.kind == "look"
        and entry.body.get("draw") == made.name
        and entry.body.get("question") == terms.question.digest
        and msgspec.convert(entry.body.get("n"), int) < len(made.items)
    ]
    if early and made.commitment.design.kind == "uniform":
        raise Refusal(
            "an interval for a declared size does not hold after a look at fewer labels.",
            where=f"log entry {early[0]}",
            next="Claim with --method betting, which holds at every look.",
        )


def sampled(terms: Terms, population: Frame, material: Material) -> Sampled:
    """The sample of a rate, with what its design adds."""
    rows, made = tuple(sample(terms, population, material)), material.draw
    if made is None:
        return Sampled(population=population.n, rows=rows)
    design, held = made.commitment.design, source_of(material)
    whole = frame_rows(population, material)
    names = [row.name for row in whole]
    plain = Sampled(kind=design.kind, stop=design.stop, until=design.until, population=population.n, rows=rows)
    match design.kind:
        case "weighted":
            chances, scores = weights(design, held, names), scores_of(design, held, names)
            return msgspec.structs.replace(plain, weights=chances, scores=scores)
        case "elusion":
            top = len(highest(design, held, names))
            return msgspec.structs.replace(plain, parts=((top, top), (len(rows) - top, population.n - top)))
        case "stratified":
            parts = tuple((n, len(inside)) for inside, n in strata(design, whole, held))
            return msgspec.structs.replace(plain, parts=parts)
        case _:
            return plain


def _estimate(terms: Terms, population: Frame, material: Material, labels: Labels) -> Estimate:
    if terms.kind in RATES:
        return _rate(terms, population, material, labels)
    if terms.kind in COMPARED:
        return _compared(terms, population, material, labels)
    if terms.kind == "at_least_k":
        return estimate_existence(frame_rows(population, material), labels, terms.k, answer=terms.answer)
    return estimate_precision(sample(terms, population, material), labels, answer=terms.answer)


def _rate(terms: Terms, population: Frame, material: Material, labels: Labels) -> Estimate:
    made = estimate_rate(
        sampled(terms, population, material),
        labels,
        kind=terms.kind,
        answer=terms.answer,
        alpha=terms.alpha,
        method=terms.method,
    )
    if terms.kind == "rate_upper":
        return upper_claim(made, terms.bound, population.n, terms.answer)
    return lower_claim(made, terms.bound) if terms.kind == "rate_lower" else made


def _compared(terms: Terms, population: Frame, material: Material, labels: Labels) -> Estimate:
    rows, (first, second) = frame_rows(population, material), terms.levels
    if terms.kind == "gap":
        return estimate_gap(
            rows,
            labels,
            factor=terms.factor,
            levels=(first, second),
            answer=terms.answer,
            alpha=terms.alpha,
            method=terms.method or "betting",
        )
    if terms.kind == "no_gap":
        return estimate_no_gap(
            rows,
            labels,
            factor=terms.factor,
            levels=(first, second),
            margin=terms.margin or 0.0,
            answer=terms.answer,
            alpha=terms.alpha,
        )
    return estimate_difference(_two_parts(terms, material, rows), labels, answer=terms.answer, alpha=terms.alpha)


def _two_parts(terms: Terms, material: Material, rows: Sequence[Row]) -> list[tuple[str, int, list[Row]]]:
    """The two strata of a draw, by the level that each holds, the minuend first.

    Raises:
        Refusal: The strata are not the two levels.
    """
    made = material.draw
    design = made.commitment.design if made else None
    by_name = {row.name: row for row in rows}
    found: dict[str, tuple[str, int, list[Row]]] = {}
    at = 0
    for part in design.strata if design else ():
        inside = rated.select(parse(part.predicate), rows, part.rated, source_of(material))
        levels = {row.condition.levels.get(terms.factor, "") for row in inside}
        read = [by_name[name] for name in made.items[at : at + part.n]] if made else []
        at += part.n
        if len(levels) == 1:
            found[levels.pop()] = (part.predicate, len(inside), read)
    if set(found) != set(terms.levels) or design is None or len(design.strata) != 2:
        raise Refusal(
            f"the strata of the draw are not the two levels of {terms.factor}.", next="Draw them as strata."
        )
    return [(level, *found[level][1:]) for level in terms.levels]


def _in_ledger(terms: Terms, material: Material) -> Terms:
    """The same claim at what the i-th claim of a study may spend of alpha, so that all of them hold together."""
    place = 1 + sum(entry.kind == "claim" for entry in material.log)
    return msgspec.structs.replace(terms, alpha=ledger_alpha(place, terms.alpha), bound=None, margin=1.0)


def _beside(name: str, terms: Terms, population: Frame, material: Material) -> dict[str, Estimate]:
    """A line beside the number, where the evidence carries it."""
    try:
        first = answers(terms, material, terms.raters[0].digest)
        return {name: _estimate(terms, population, material, first)}
    except Refusal:
        return {}


def _by_scores(terms: Terms, population: Frame, material: Material) -> dict[str, Estimate]:
    """The line that leans on the rater's scores in large samples, for a weighted draw; never the number itself."""
    made = material.draw
    if made is None or made.commitment.design.kind != "weighted":
        return {}
    read = sampled(terms, population, material)
    try:
        labels = answers(terms, material, terms.raters[0].digest)
        return {ACTIVE: estimate_active(read, labels, answer=terms.answer, alpha=terms.alpha)}
    except Refusal:
        return {}
