"""Claims that need no draw: so many exist, a share of the hits that were read, these words stand there.

Pure: rows and labels in, `Estimate` out.
"""

from __future__ import annotations

from collections.abc import Sequence

from allegiance.corpus.rows import Row
from allegiance.errors import Refusal
from allegiance.evidence.tallies import Labels, hits, tally
from allegiance.records.claim import Counts, Estimate

COUNT_METHOD = "count/1"
PRECISION_METHOD = "precision/1"
QUOTE_METHOD = "exhibit/1"


def estimate_existence(rows: Sequence[Row], labels: Labels, k: int, *, answer: str = "yes") -> Estimate:
    """That at least so many transcripts of a population have an answer. How they were found does not matter.

    Raises:
        Refusal: Fewer were found.
    """
    looked = [row for row in rows if row.name in labels]
    counts = tally(len(rows), looked, labels, answer)
    found = hits(counts, answer)
    if found < k:
        raise Refusal(f"{found} were found, not {k}.", next=f"Claim --k {found}." if found else "Find one first.")
    share = found / len(rows)
    return Estimate(value=share, low=share, high=1.0, alpha=ALPHA, method=COUNT_METHOD, counts=counts)


def estimate_precision(rows: Sequence[Row], labels: Labels, *, answer: str = "yes") -> Estimate:
    """The share of an answer among the first hits of a search, all of which were read. It is about them alone.

    Raises:
        Refusal: None of them is decided.
    """
    counts = tally(len(rows), rows, labels, answer)
    found, decided = hits(counts, answer), counts.yes + counts.no
    if not decided:
        raise Refusal(f"none of the {len(rows)} hits is labelled.", next="Label them: allegiance label")
    unknown = len(rows) - decided
    return Estimate(
        value=found / decided,
        low=found / len(rows),
        high=(found + unknown) / len(rows),
        alpha=ALPHA,
        method=PRECISION_METHOD,
        counts=counts,
    )


def estimate_quote(population: int) -> Estimate:
    """That one transcript of a population holds the words."""
    share = 1 / population
    counts = Counts(frame=population, used=1, yes=1, no=0)
    return Estimate(value=share, low=share, high=1.0, alpha=ALPHA, method=QUOTE_METHOD, counts=counts)


ALPHA = 0.05
"""These claims have no chance of error from a draw; the field of the record stays at its usual value."""
