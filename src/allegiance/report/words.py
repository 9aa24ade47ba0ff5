"""How numbers, routes and claims are put into words, the same on a page and in a terminal.

Shares are in [0, 1] and differences of shares in [-1, 1]; in words they are per cent and percentage points with one
decimal. Estimates are rounded to the nearest, ends of intervals outward.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from allegiance.records.claim import Arm, Claim, Counts, Estimate
from allegiance.records.draw import DesignKind
from allegiance.records.question import Question
from allegiance.records.route import Browsed, Citation, Drawn, Linked, Route, Searched

EXISTENCE = "shows existence, carries no rate"
"""What every route but a probability draw supports."""

# Controls, lone surrogates, and what changes the direction or presence of its neighbours without being seen.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """The text with every character that has no visible shape written out, for example ``⟦U+202E⟧``.

    Tab and line feed stay. Text without such characters comes back unchanged.
    """
    return _UNSEEN.sub(lambda found: f"⟦U+{ord(found.group()):04X}⟧", text)


def unseen(text: str) -> Iterator[re.Match[str]]:
    """The characters of a text that have no visible shape."""
    return _UNSEEN.finditer(text)


def number(share: float | None) -> str:
    """A share as per cent: 0.241 is ``24.1 %``; None, where nothing was decided, is ``none decided``."""
    return "none decided" if share is None else f"{_tenths(share, ROUND_HALF_EVEN)} %"


def points(difference: float) -> str:
    """A difference of shares as percentage points with its sign: 0.612 is ``+61.2``."""
    text = _tenths(difference, ROUND_HALF_EVEN)
    return text if text.startswith("−") or text == "0.0" else f"+{text}"


def interval(low: float, high: float) -> str:
    """An interval of shares or differences, rounded outward: ``30.1 to 83.0``."""
    return f"{_tenths(low, ROUND_FLOOR)} to {_tenths(high, ROUND_CEILING)}"


def confidence(alpha: float) -> str:
    """The confidence of an interval: 0.05 is ``95 %``."""
    return f"{100 * (1 - Decimal(repr(alpha))):f}".rstrip("0").rstrip(".") + " %"


def count(n: int) -> str:
    """A count with its thousands apart: ``1,204``."""
    return f"{n:,}"


def ordinal(n: int) -> str:
    """A rank: ``1st``, ``2nd``, ``3rd``, ``4th``, ``11th``, ``1,021st``."""
    tail = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n:,}{tail}"


def plural(n: int, one: str, many: str = "") -> str:
    """A count and its noun: ``1 request``, ``1,204 requests``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def probability(p: float) -> str:
    """A p-value with two digits that count: ``0.032``, or ``below 0.001``."""
    return "below 0.001" if p < 0.001 else f"{p:.2g}"


def route_sentence(route: Route) -> str:
    """How a transcript was reached, in one sentence without a full stop; what it supports, where that is little."""
    return way(route) if isinstance(route, Drawn) else f"{way(route)}: {EXISTENCE}"


def citation_sentence(citation: Citation) -> str:
    """The route of a citation, and how much had been read before it."""
    return f"{route_sentence(citation.route)}; {read_before(citation)}"


def read_before(citation: Citation) -> str:
    """How much had been read before what is cited."""
    return f"{plural(citation.before, 'transcript') if citation.before else 'nothing'} had been read before it"


def _drawn(route: Drawn) -> str:
    """The place of an item in a draw, what the draw was of, and how much of it is labelled."""
    where = f" ({route.predicate})" if route.predicate else ""
    design = _DESIGNS.get(route.design, _other)(route, f"{count(route.of)}{where}")
    if route.chosen:
        design = f"the most striking of {count(route.n)} random, all opened: {design}"
    known = ", opened before by another route" if route.known else ""
    return f"{design}, {_labelled(route)}{known}"


def subject(question: Question, answer: str = "yes") -> str:
    """What a claim is about: ``Compliance with Intent 2``, or the share of an answer to a question."""
    if question.name == "complies" and answer == "yes":
        return f"Compliance with {question.intent}" if question.intent else "Compliance"
    return f"The share of “{answer}” to “{question.text or question.name}”"


def claim_sentence(claim: Claim) -> str:
    """A claim with its interval, its sample, the basis of its labels and what was not decided."""
    return f"{finding(claim)} ({support(claim)})"


def finding(claim: Claim) -> str:
    """The number of a claim in words, without what supports it."""
    about, value = subject(claim.question, claim.answer), claim.estimate.value
    if claim.kind == "rate_ci":
        return f"{about} is {number(value)}"
    first, second = (f"{claim.factor} {level}" for level in claim.levels)
    size = _tenths(abs(value), ROUND_HALF_EVEN)
    if size == "0.0":
        return f"{about} is 0.0 points apart in {first} and in {second}"
    return f"{about} is {size} points {'higher' if value > 0 else 'lower'} in {first} than in {second}"


def support(claim: Claim) -> str:
    """What the number of a claim rests on: interval, sample, basis of its labels, what was not decided."""
    estimate = claim.estimate
    ends = f"{confidence(estimate.alpha)} interval {interval(estimate.low, estimate.high)}"
    parts = [f"{ends}, {_sample(claim)}", claim.basis, undecided_sentence(estimate.counts)]
    return "; ".join(filter(None, parts))


def undecided_sentence(counts: Counts) -> str:
    """What the labels left open, for example ``4 unsure or unrated, counted at their worst``; empty if nothing."""
    parts = [plural(n, name, name) for n, name in ((counts.unsure, "unsure"), (counts.unrated, "unrated")) if n]
    return f"{' and '.join(parts)}, counted at their worst" if parts else ""


def decided(counts: Counts) -> int:
    """Labels that say yes or no."""
    return counts.yes + counts.no


def way(route: Route) -> str:
    """How a transcript was reached, without what it supports."""
    if isinstance(route, Drawn):
        return _drawn(route)
    if isinstance(route, Searched):
        before = f", after {plural(route.earlier, 'other', 'others')}" if route.earlier else ""
        return (
            f"rank {count(route.rank)} of {count(route.searched)} by this query{before}: '{route.query}', "
            f"{plural(route.hits, 'hit')}"
        )
    if isinstance(route, Browsed):
        kept = f" under the filter '{route.predicate}'" if route.predicate else ""
        return f"browsed in list order{kept}, reading {count(route.reading)}{_switched(route)}"
    if isinstance(route, Linked):
        return f"opened by its name, reading {count(route.reading)} of this study"
    return f"self-reported, '{route.how}', with no log of how it was reached"


def _switched(route: Browsed) -> str:
    if not route.switched:
        return ""
    *others, last = route.switched
    if others:
        return f", filter switched {count(len(others) + 1)} times, last after {count(last)}"
    return f", filter switched after {count(last)}" if last else ", filter switched before the first reading"


def _uniform(route: Drawn, of: str) -> str:
    place, n = ordinal(route.rank), count(route.n)
    match route.stop:
        case "until":
            return f"{place} of a uniform draw from {of}, read until {count(route.until)} are found"
        case "open":
            return f"{place} of {n} drawn uniformly from {of}, open to more"
        case _:
            return f"{place} of {n} drawn uniformly from {of}"


def _weighted(route: Drawn, of: str) -> str:
    return f"{ordinal(route.rank)} of {count(route.n)} drawn by a rater's scores from {of}, open to more"


def _elusion(route: Drawn, of: str) -> str:
    top, rest = count(route.top), route.n - route.top
    if route.rank <= route.top:
        return f"{ordinal(route.rank)} of the {top} highest scores of {of}, with {count(rest)} drawn from the rest"
    place = f"{ordinal(route.rank - route.top)} of {count(rest)} drawn uniformly"
    return f"{place} from those left of {of} beside the {top} highest scores"


def _stratified(route: Drawn, of: str) -> str:
    rank, n = route.within
    return f"{ordinal(rank)} of {count(n)} drawn uniformly from the stratum '{route.stratum}' of {of}"


def _census(route: Drawn, of: str) -> str:
    return f"{ordinal(route.rank)} in a census of {of}"


def _other(route: Drawn, of: str) -> str:
    return f"{ordinal(route.rank)} of {count(route.n)} drawn ({route.design}) from {of}"


_DESIGNS: Mapping[DesignKind, Callable[[Drawn, str], str]] = {
    "uniform": _uniform,
    "census": _census,
    "weighted": _weighted,
    "stratified": _stratified,
    "elusion": _elusion,
}


def _labelled(route: Drawn) -> str:
    if route.labelled >= route.n:
        return f"all {count(route.n)} labelled" if route.n > 1 else "labelled"
    return f"{count(route.labelled)} of {count(route.n)} labelled"


def _sample(claim: Claim) -> str:
    estimate = claim.estimate
    if claim.kind == "gap":
        labels = " + ".join(count(decided(arm.counts)) for arm in estimate.arms)
        return f"paired by {plural(_requests(estimate.arms), 'request')}, {labels} decided samples"
    took = f"uniform draw of {count(estimate.counts.used)} from" if claim.draw else "census of"
    return f"{took} {plural(claim.frame.n, 'transcript')}, {count(decided(estimate.counts))} decided"


def _requests(arms: tuple[Arm, ...]) -> int:
    return min((arm.requests for arm in arms), default=0)


def requests(estimate: Estimate) -> int:
    """Number of requests in the pairing of a gap; 0 for a rate."""
    return _requests(estimate.arms)


def _tenths(share: float, rounding: str) -> str:
    value = (Decimal(repr(float(share))) * 100).quantize(Decimal("0.1"), rounding)
    text = f"{abs(value):.1f}"
    return text if value >= 0 or text == "0.0" else f"−{text}"
