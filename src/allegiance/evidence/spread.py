"""What a gap is averaged over: how far it differs between wordings, and which other factors vary behind it.

A random factor (`Factor.effect`) stands for others like its levels, as paraphrases do. A claim averages over them
within the request. What is here stands beside a claim and is none: it has no interval, and no bundle proves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from allegiance.corpus.predicate import parse
from allegiance.corpus.rows import Row
from allegiance.evidence.keep import Keep
from allegiance.evidence.standings import Part, situation
from allegiance.evidence.tallies import Labels, outcome
from allegiance.rating.labels import last
from allegiance.records.claim import Claim
from allegiance.records.record import Record
from allegiance.records.scenario import Scenario
from allegiance.records.standing import standing_question
from allegiance.scenarios.levels import random_factors


class Spread(Record, frozen=True, kw_only=True):
    """The gap at each level of a random factor, and what to make of their differences.

    Attributes:
        factor: The random factor, for example ``wording``.
        levels: The two levels compared, the minuend first.
        gaps: Level of the random factor → gap, a difference of shares in [-1, 1], decided labels only.
        requests: Requests behind each of these gaps: the same for all.
        left_out: Requests that lack a decided label at one of the wordings in one of the two levels.
        sd: Standard deviation between the gaps (n - 1 in the denominator).
        by_chance: The standard deviation that sampling alone would give if the factor made no difference.
    """

    factor: str
    levels: tuple[str, str]
    gaps: Mapping[str, float]
    requests: int
    left_out: int
    sd: float
    by_chance: float

    @property
    def value(self) -> float:
        """The mean of the gaps."""
        return sum(self.gaps.values()) / len(self.gaps)


class Averaged(Record, frozen=True, kw_only=True):
    """What a gap is averaged over: random factors, and other factors with more than one level among its rows."""

    spreads: tuple[Spread, ...] = ()
    together: Mapping[str, tuple[str, ...]] = {}


def spread(
    rows: Sequence[Row],
    labels: Labels,
    *,
    over: str,
    order: Sequence[str] = (),
    factor: str = "tier",
    levels: tuple[str, str],
    answer: str = "yes",
) -> Spread | None:
    """The gap at each level of a random factor, paired by request, over the requests that have all of them.

    With d the difference of a request at a wording, W wordings and R requests, `by_chance` is the root of MS / R,
    where MS = Σ (d - mean of its request - mean of its wording + mean of all)² / ((R - 1)(W - 1)): the residual
    mean square of a table without repeats (Montgomery, Design and Analysis of Experiments, section 5.3.7). What
    wordings share, a request that is easy in each of them, is in neither number.

    Args:
        rows: Transcripts; those of other levels of `factor` are passed over.
        labels: Their labels.
        over: The random factor.
        order: Its levels. The first is that of a condition that does not name it.
        factor: The factor whose levels are compared.
        levels: The two levels, minuend first.
        answer: The label value whose share is asked.

    Returns:
        None if fewer than two wordings, or fewer than two requests that have them all, can be compared.
    """
    found: dict[tuple[str, str, str], list[float]] = {}
    usual = order[0] if order else ""
    for row in rows:
        at = row.condition.levels
        y = outcome(labels.get(row.name), answer)
        if at.get(factor) in levels and row.request and not np.isnan(y):
            found.setdefault((row.request, at.get(over, usual), at[factor]), []).append(y)
    there = {wording for _, wording, _ in found}
    wordings = [*(level for level in order if level in there), *sorted(there - set(order))]
    asked = sorted({request for request, *_ in found})
    cells = [(request, wording, side) for request in asked for wording in wordings for side in levels]
    means = [sum(found[cell]) / len(found[cell]) if cell in found else np.nan for cell in cells]
    table = np.array(means, dtype=np.float64).reshape(len(asked), len(wordings), 2)
    d = table[..., 0] - table[..., 1]
    whole = d[~np.isnan(d).any(axis=1)]
    if len(wordings) < 2 or len(whole) < 2:
        return None
    gaps = whole.mean(axis=0)
    return Spread(
        factor=over,
        levels=levels,
        gaps=dict(zip(wordings, map(float, gaps), strict=True)),
        requests=len(whole),
        left_out=len(d) - len(whole),
        sd=float(gaps.std(ddof=1)),
        by_chance=_by_chance(whole),
    )


def likely(sd: float, n: int) -> tuple[float, float]:
    """Within which bounds the standard deviation of n draws lies in 19 of 20 cases, if it is `sd` in truth.

    For draws of a normal distribution: (n - 1) s² / σ² has a chi-square distribution with n - 1 degrees.
    """
    from scipy.stats import chi2  # noqa: PLC0415 (heavy)

    low, high = (float(chi2.ppf(tail, n - 1)) for tail in (0.025, 0.975))
    return sd * sqrt(low / (n - 1)), sd * sqrt(high / (n - 1))


def of_claim(keep: Keep, worlds: Mapping[str, Scenario], claim: Claim) -> Averaged:
    """What a gap that was claimed of a census is averaged over, by the labels that the claim rests on.

    Args:
        keep: The study in which it was made.
        worlds: Version → scenario, as far as known; a factor of another scenario is not known to be random.
        claim: Any claim; there are none for other kinds.
    """
    if claim.kind != "gap" or claim.draw or not claim.raters:
        return Averaged()
    rows = [row for row in keep.rows(claim.frame) if row.condition.levels.get(claim.factor) in claim.levels]
    held = keep.labels.all(claim.question.digest, claim.raters[0].digest, before=claim.log_size)
    levels = claim.levels[0], claim.levels[1]
    random = {name for name, _ in _random(rows, worlds)}
    varied = {name: some for name, some in _varied(rows).items() if name not in {claim.factor, *random}}
    return Averaged(spreads=_spreads(rows, last(held), worlds, claim.factor, levels, claim.answer), together=varied)


def of_part(
    keep: Keep, worlds: Mapping[str, Scenario], part: Part, predicate: str = "", factor: str = "tier"
) -> dict[str, tuple[Spread, ...]]:
    """Intent → the spreads of the share that serves it, in the first less in the second of two tiers.

    Args:
        keep, worlds, predicate, factor: As for `matrix`.
        part: A part of that matrix.
    """
    world = worlds.get(part.version)
    tiers = [tally.tier for tally in part.intents[0].tiers if tally.tier] if part.intents else []
    if world is None or len(tiers) != 2 or not random_factors(world):
        return {}
    rows = [
        row
        for row in keep.corpus.select(parse(predicate))
        if (row.condition.scenario, row.model) == (part.version, part.model)
        and situation(world, row.condition.levels) == part.situation
    ]
    found: dict[str, tuple[Spread, ...]] = {}
    for row in part.intents:
        question = standing_question(world, row.intent).digest
        cards = [card for card in keep.labels.raters(question) if card.name == part.rater]
        if len(cards) == 1:
            labels = last(keep.labels.all(question, cards[0].digest))
            found[row.intent] = _spreads(rows, labels, worlds, factor, (tiers[0], tiers[1]), "serves")
    return {intent: some for intent, some in found.items() if some}


def _spreads(
    rows: Sequence[Row],
    labels: Labels,
    worlds: Mapping[str, Scenario],
    factor: str,
    levels: tuple[str, str],
    answer: str,
) -> tuple[Spread, ...]:
    made = (
        spread(rows, labels, over=name, order=order, factor=factor, levels=levels, answer=answer)
        for name, order in _random(rows, worlds)
        if name != factor
    )
    return tuple(one for one in made if one)


def _random(rows: Sequence[Row], worlds: Mapping[str, Scenario]) -> list[tuple[str, tuple[str, ...]]]:
    """The random factors of the scenarios that made these rows, with their levels."""
    here = [worlds[version] for version in sorted({row.condition.scenario for row in rows}) if version in worlds]
    return list({name: tuple(w.factors[name].levels) for w in here for name in random_factors(w)}.items())


def _varied(rows: Sequence[Row]) -> dict[str, tuple[str, ...]]:
    """Factors with more than one level among these rows; where it is not named the level is empty."""
    conditions = {row.condition.name: row.condition.levels for row in rows}.values()
    names = sorted({name for levels in conditions for name in levels})
    found = {name: {levels.get(name, "") for levels in conditions} for name in names}
    return {name: tuple(sorted(some)) for name, some in found.items() if len(some) > 1}


def _by_chance(d: NDArray[np.float64]) -> float:
    requests, wordings = d.shape
    left = d - d.mean(axis=1, keepdims=True) - d.mean(axis=0, keepdims=True) + d.mean()
    return sqrt(float((left**2).sum()) / ((requests - 1) * (wordings - 1)) / requests)
