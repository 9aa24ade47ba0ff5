"""Drawing: from a commitment and what it pins to the items, for making a draw and for checking one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from allegiance.corpus.predicate import parse
from allegiance.corpus.rows import Row
from allegiance.errors import Refusal
from allegiance.evidence import rated, tickets
from allegiance.records.canonical import digest_names, plain
from allegiance.records.draw import Commitment, Design, Draw
from allegiance.records.frame import Frame
from allegiance.stats.designs import draw_weights


def carry_out(
    commitment: Commitment, rows: Sequence[Row], held: rated.Source = lambda _column: (), size: int | None = None
) -> Draw:
    """The draw that follows from a commitment.

    Args:
        commitment: What was fixed beforehand.
        rows: The rows of its frame.
        held: The labels that its design and strata rest on.
        size: How many items; by default as many as the design declares.

    Raises:
        Refusal: The design does not fit the frame.
    """
    design, seed = commitment.design, tickets.seed_of(commitment)
    check_design(design, commitment.frame)
    names = [row.name for row in rows]
    match design.kind:
        case "census":
            items = tickets.order(seed, names)
        case "uniform":
            items = tickets.order(seed, names)[: design.n if size is None else size]
        case "weighted":
            items = tickets.order(seed, names, weights(design, held, names))[: design.n if size is None else size]
        case "elusion":
            top = highest(design, held, names)
            items = [*top, *tickets.order(seed, set(names) - set(top))[: design.n]]
        case "stratified":
            items = [name for part in strata(design, rows, held) for name in _first(seed, part)]
    return Draw(commitment=commitment, seed=seed.hex(), items=tuple(items))


def announcement(draw: Draw) -> dict[str, object]:
    """What the log says about a draw."""
    return {
        "draw": draw.name,
        "commitment": plain(draw.commitment),
        "seed": draw.seed,
        "items": digest_names(draw.items),
    }


def growth(draw: Draw) -> dict[str, object]:
    """What the log says when a draw has grown."""
    return {"draw": draw.name, "items": digest_names(draw.items), "size": len(draw.items)}


def with_scores(design: Design, held: rated.Source, names: Sequence[str]) -> Design:
    """The design with the digest of the scores that it rests on."""
    if design.scored is None:
        return design
    return msgspec.structs.replace(design, scores=rated.scores_digest(rated.scores(design.scored, held, names)))


def scores_of(design: Design, held: rated.Source, names: Sequence[str]) -> dict[str, float]:
    """Transcript → score under a design that rests on scores.

    Raises:
        Refusal: The scores are not those that the design pins.
    """
    given = rated.scores(design.scored, held, names) if design.scored else {}
    if rated.scores_digest(given) != design.scores:
        raise Refusal("the scores are not those that the draw was committed to.", where=design.scores)
    return given


def weights(design: Design, held: rated.Source, names: Sequence[str]) -> Mapping[str, int]:
    """Transcript → how many chances it has, from its score."""
    ordered = sorted(names)
    given = scores_of(design, held, ordered)
    found = draw_weights([given[name] for name in ordered])
    return {name: int(weight) for name, weight in zip(ordered, found, strict=True)}


def highest(design: Design, held: rated.Source, names: Sequence[str]) -> list[str]:
    """The `top` names with the highest scores; of equal scores the lesser name first."""
    given = scores_of(design, held, names)
    return sorted(names, key=lambda name: (-given[name], name))[: design.top]


def strata(design: Design, rows: Sequence[Row], held: rated.Source) -> list[tuple[list[str], int]]:
    """The names in each stratum of a frame, and how many are drawn from it.

    Raises:
        Refusal: The strata leave a transcript out, hold one twice, or are smaller than what is drawn from them.
    """
    parts = [
        ([row.name for row in rated.select(parse(each.predicate), rows, each.rated, held)], each.n)
        for each in design.strata
    ]
    placed = [name for names, _ in parts for name in names]
    whole = sorted(placed) == sorted(row.name for row in rows)
    check_cover(whole, (len(placed), len(set(placed)), len(rows)), [(len(names), n) for names, n in parts])
    return parts


def check_cover(whole: bool, counts: tuple[int, int, int], parts: Sequence[tuple[int, int]]) -> None:
    """Refuses strata that are no partition of the frame, or too small.

    Args:
        whole: Whether each transcript of the frame is in exactly one stratum.
        counts: Transcripts in all strata, different ones among them, transcripts in the frame.
        parts: For each stratum, how many it holds and how many are drawn from it.

    Raises:
        Refusal: They are.
    """
    if not whole:
        raise Refusal(
            f"the strata hold {counts[0]} transcripts, {counts[1]} different ones; the population has {counts[2]}.",
            next="Choose filters of which exactly one holds for each transcript.",
        )
    small = next(((size, n) for size, n in parts if not 1 <= n <= size), None)
    if small:
        raise Refusal(
            f"{small[1]} cannot be drawn from a stratum of {small[0]}.", next="Draw between 1 and all of it."
        )


def check_design(design: Design, population: Frame) -> None:
    """Refuses a design that cannot be carried out on a population.

    Raises:
        Refusal: The message says what would fit.
    """
    rest = population.n - design.top if design.kind == "elusion" else population.n
    least = 1 if design.kind in {"uniform", "weighted", "elusion"} else 0
    if design.kind == "elusion" and not 1 <= design.top < population.n:
        raise Refusal(
            f"the top {design.top} of {population.n} leaves no rest to draw from.", next="Take fewer than all."
        )
    if design.kind != "census" and not least <= design.n <= rest:
        raise Refusal(
            f"{design.n} cannot be drawn from {rest} transcripts.",
            where=population.predicate or "the corpus",
            next=f"Draw between 1 and {rest}, or take a census.",
        )
    _check_stop(design)


def _check_stop(design: Design) -> None:
    goes_on = design.kind in {"uniform", "weighted"}
    if (design.stop != "fixed" and not goes_on) or (design.kind == "weighted" and design.stop == "until"):
        raise Refusal(
            f"reading cannot go on ({design.stop}) in a draw of the kind {design.kind!r}.",
            next="Use a uniform draw, or for a rater's scores a weighted one that stays open.",
        )
    if (design.stop == "until") != (design.until > 0):
        raise Refusal("a draw that is read until so many are found says how many.", next="Say --until K.")
    if (design.kind in {"weighted", "elusion"}) != (design.scored is not None):
        raise Refusal(
            f"a draw of the kind {design.kind!r} and a rater's scores do not go together without each other.",
            next="Name the rater whose scores it rests on, or draw uniformly.",
        )


def _first(seed: bytes, part: tuple[list[str], int]) -> list[str]:
    names, n = part
    return tickets.order(seed, names)[:n]
