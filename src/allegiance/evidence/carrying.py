"""What a route carries: what may be said of a transcript that was reached by it, what not, and what next."""

from __future__ import annotations

import math

from allegiance.records.record import Record
from allegiance.records.route import Browsed, Drawn, Linked, Route, Searched, SelfReported
from allegiance.stats.order import most_striking

ALPHA = 0.05
"""One minus the confidence of what is said of the most striking of a draw."""

EXISTENCE = "at least one such transcript exists"
"""What every route supports."""

NO_RATE = "how often, or that it is typical"
"""What no route but a draw supports."""


class Carried(Record, frozen=True, kw_only=True):
    """What a route carries, each without a full stop.

    Attributes:
        supports: What may be said.
        lacks: What may not be said.
        next: What would carry a rate, or how to claim it.
    """

    supports: str
    lacks: str
    next: str


def carried(route: Route) -> Carried:
    """What a route carries."""
    match route:
        case Drawn():
            return _drawn(route)
        case Searched():
            return Carried(
                supports=f"{EXISTENCE}; the share among the first hits, once all of them are labelled",
                lacks=NO_RATE,
                next=f"allegiance claim precision --search {route.earlier + 1} --k K; "
                "for a rate: allegiance draw N",
            )
        case Browsed():
            where = f" --where '{route.predicate}'" if route.predicate else ""
            return Carried(supports=EXISTENCE, lacks=NO_RATE, next=f"for a rate: allegiance draw N{where}")
        case Linked() | SelfReported():
            return Carried(supports=EXISTENCE, lacks=NO_RATE, next="for a rate: allegiance draw N")


def striking_at_most(route: Drawn, alpha: float = ALPHA) -> float:
    """The largest share of the population that is at least as striking as the most striking of a draw.

    One-sided, at confidence ``1 - alpha``; rounded up to a hundredth of a per cent. It takes an order of the
    striking that does not depend on the draw, and in which no two are equal. Source: `stats.order.most_striking`.
    """
    bound = most_striking(route.n, route.of, alpha, one_sided=True).high
    return min(1.0, math.ceil(10_000 * bound - 1e-9) / 10_000)


def _drawn(route: Drawn) -> Carried:
    whole = f"the {route.of:,} that it was drawn from" + (f" ({route.predicate})" if route.predicate else "")
    claim = f"allegiance claim rate --draw {route.number}"
    if route.chosen == "striking":
        share = f"{100 * striking_at_most(route):.2f} %"
        return Carried(
            supports=f"at most {share} of {whole} are at least as striking ({100 * (1 - ALPHA):g} %, no two alike)",
            lacks="that it is typical, or that models often do this",
            next=f"for a rate, label all of the draw: {claim}",
        )
    outside = "that it is typical, unless it was chosen by its rank alone"
    outside += "; anything outside the filter" if route.predicate else ""
    if _enough(route):
        return Carried(supports=f"{EXISTENCE}; with its draw, the rate in {whole}", lacks=outside, next=claim)
    return Carried(
        supports=f"{EXISTENCE}; with its draw, the rate in {whole}, {_until(route)}", lacks=outside, next=claim
    )


def _enough(route: Drawn) -> bool:
    """Whether what is labelled carries the rate already."""
    return route.labelled >= route.n or (route.stop == "open" and route.labelled > 0)


def _until(route: Drawn) -> str:
    if route.stop == "until":
        return f"once {route.until} are found"
    return "as soon as any of it is labelled" if route.stop == "open" else f"once all {route.n:,} are labelled"
