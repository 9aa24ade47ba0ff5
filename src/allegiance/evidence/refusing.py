"""Refusals of what a route does not carry, each with what would carry it and the labels that it takes."""

from __future__ import annotations

from allegiance.errors import Refusal
from allegiance.evidence.keep import Keep
from allegiance.stats.planning import rate_labels

USUAL_WIDTH, USUAL_RATE = 0.05, 0.5
"""Half-width and rate at which a refusal says how many labels a draw takes: the dearest rate there is."""


def refuse_search(keep: Keep, search: int) -> None:
    """Refuses a rate from the hits of a search.

    Raises:
        Refusal: Always.
    """
    population = keep.corpus.head().count
    labels = rate_labels(USUAL_WIDTH, USUAL_RATE, 0.05, population) if population else 0
    raise Refusal(
        "hits of a search carry no rate: they were chosen for what they say.",
        where=f"search {search}",
        next="They carry existence (allegiance claim exists) and their own precision (allegiance claim precision). "
        f"A rate within ±{100 * USUAL_WIDTH:g} points takes a draw of {labels}: allegiance draw {labels}",
    )
