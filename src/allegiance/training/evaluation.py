"""What a generation did on the requests that its lineage is judged by."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from allegiance.errors import Refusal
from allegiance.records.lineage import Relation
from allegiance.records.record import Record
from allegiance.stats.intervals import Floats


class Outcome(Record, frozen=True, kw_only=True):
    """One request: the share of its samples with the answer that serves.

    Attributes:
        request: Its name.
        low, high: Least and greatest share that the labels allow: a label that is not decided counts as not serving
            in the one and as serving in the other. In [0, 1].
        samples: Labels behind it.
    """

    request: str
    low: float
    high: float
    samples: int = 1


class Evaluation(Record, frozen=True, kw_only=True):
    """What one generation did.

    Attributes:
        weights: Digest of the weights that were asked. An evaluation of other weights than those to be judged is
            stale.
        corpus: Version of the corpus that holds the transcripts.
        outcomes: Name of a relation → outcomes in the order in which the requests were drawn.
        unsafe: Why the rater must not be believed (its canaries failed, it could not be reached); empty if it may.
    """

    weights: str
    corpus: str = ""
    outcomes: Mapping[str, tuple[Outcome, ...]] = {}
    unsafe: str = ""


def outcomes(samples: Iterable[tuple[str, bool | None]]) -> tuple[Outcome, ...]:
    """Outcomes from single samples, in the order in which their requests first come.

    Args:
        samples: Request, and whether the sample has the answer that serves; None where that is not decided.
    """
    found: dict[str, list[bool | None]] = {}
    for request, value in samples:
        found.setdefault(request, []).append(value)
    return tuple(
        Outcome(
            request=request,
            low=sum(value is True for value in values) / len(values),
            high=sum(value is not False for value in values) / len(values),
            samples=len(values),
        )
        for request, values in found.items()
    )


def differences(relation: Relation, child: Evaluation, other: Evaluation, budget: int) -> tuple[Floats, Floats]:
    """Least and greatest difference, child less other, of each request that both were asked; the child's order."""
    theirs = _by_request(relation, other)
    both = [(mine, theirs[name]) for name, mine in _by_request(relation, child).items() if name in theirs][:budget]
    low = np.array([mine.low - their.high for mine, their in both], dtype=np.float64)
    high = np.array([mine.high - their.low for mine, their in both], dtype=np.float64)
    return low, high


def usable(evaluation: Evaluation) -> Evaluation:
    """The evaluation, if all its shares are numbers in [0, 1] and no request is in it twice.

    Raises:
        Refusal: One is not.
    """
    for name, given in evaluation.outcomes.items():
        seen: set[str] = set()
        for each in given:
            if not (math.isfinite(each.low) and math.isfinite(each.high) and 0 <= each.low <= each.high <= 1):
                raise Refusal("a share is not a number in [0, 1].", where=f"{name}: {each.request}")
            if each.request in seen:
                raise Refusal("a request is in the evaluation twice.", where=f"{name}: {each.request}")
            seen.add(each.request)
    return evaluation


def _by_request(relation: Relation, evaluation: Evaluation) -> dict[str, Outcome]:
    return {outcome.request: outcome for outcome in evaluation.outcomes.get(relation.name, ())}
