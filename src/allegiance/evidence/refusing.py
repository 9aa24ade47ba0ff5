"""Refusals of what a route does not carry, each with what would carry it and the labels that it takes."""

from __future__ import annotations

from allegiance.errors import Refusal, UnknownName
from allegiance.evidence.citations import citations
from allegiance.evidence.keep import Keep
from allegiance.records.route import Drawn, Route
from allegiance.stats.planning import rate_labels

USUAL_WIDTH, USUAL_RATE = 0.05, 0.5
"""Half-width and rate at which a refusal says how many labels a draw takes: the dearest rate there is."""


def refuse_search(keep: Keep, search: int) -> None:
    """Refuses a rate from the hits of a search.

    Raises:
        Refusal: Always.
    """
    raise Refusal(
        "hits of a search carry no rate: they were chosen for what they say.",
        where=f"search {search}",
        next="They carry existence (allegiance claim exists) and their own precision (allegiance claim precision). "
        + _would_take(keep),
    )


def refuse_browsed(keep: Keep) -> None:
    """Refuses a rate from what was read in list order, or by name.

    Raises:
        Refusal: Always.
    """
    read = len(keep.log.entries("reading"))
    raise Refusal(
        "what was read in list order or by name carries no rate: nothing says that it is like the rest.",
        where=f"{read} readings",
        next="It carries existence (allegiance claim exists). " + _would_take(keep),
    )


def refuse_citation(keep: Keep, number: int) -> None:
    """Refuses a rate from a citation; what was drawn is named.

    Raises:
        Refusal: Always, if there is such a citation.
        UnknownName: There is none.
    """
    route = _cited(keep, number)
    would = _would_take(keep)
    if isinstance(route, Drawn):
        would = f"Its draw does, once labelled: allegiance claim rate --draw {route.number}"
    raise Refusal("one transcript that is quoted carries no rate.", where=f"citation {number}", next=would)


def refuse_typical(keep: Keep, number: int) -> None:
    """Refuses to call what is quoted typical.

    Raises:
        Refusal: Always, if there is such a citation.
        UnknownName: There is none.
    """
    route = _cited(keep, number)
    drawn = isinstance(route, Drawn)
    why = "it was chosen among the drawn by somebody who had read it" if drawn else "it was not drawn at random"
    raise Refusal(
        f"nothing shows that this transcript is typical: {why}.",
        where=f"citation {number}",
        next="Say how often: allegiance claim rate. To show what is usual, quote ranks 1, 2, 3 of a uniform draw, "
        "whatever they say.",
    )


def refuse_top(keep: Keep, top: int) -> None:
    """Refuses the highest scores as a sample, and so an average over them.

    Raises:
        Refusal: Always.
    """
    raise Refusal(
        f"the {top} highest scores alone carry no rate of the whole: an average over them is about them.",
        where=f"--top {top}",
        next=f"Draw from the rest as well: allegiance draw N --by QUESTION@RATER --top {top}. " + _would_take(keep),
    )


def _cited(keep: Keep, number: int) -> Route:
    made = citations(keep)
    if not 1 <= number <= len(made):
        raise UnknownName("citation", str(number), [str(place) for place in range(1, len(made) + 1)])
    return made[number - 1].route


def _would_take(keep: Keep) -> str:
    """The uniform draw that carries a rate, and how many labels it takes."""
    population = keep.corpus.head().count
    labels = rate_labels(USUAL_WIDTH, USUAL_RATE, 0.05, population) if population else 0
    return f"A rate within ±{100 * USUAL_WIDTH:g} points takes a draw of {labels}: allegiance draw {labels}"
