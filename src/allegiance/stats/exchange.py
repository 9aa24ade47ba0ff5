"""Whether one group of scores is higher than chance would sort it: exact, if the scores could be exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

import numpy as np

from allegiance.errors import UsageError

MOST_ITEMS = 400
"""Scores in both groups together."""
MOST_SUM = 100_000


def exchange_p(first: Sequence[int], second: Sequence[int]) -> float:
    """How often a random split into groups of these sizes has as high a sum in the first group.

    If every way of sorting the scores into the two groups is as likely, this is at most any alpha with a
    probability of at most alpha, whatever the scores, ties included.

    Args:
        first, second: Scores that are whole numbers of at least 0.

    Returns:
        The one-sided p-value, in (0, 1]; 1 if a group is empty.

    Raises:
        UsageError: A score is negative, or there are more than can be counted out.

    Source: Fisher, The Design of Experiments (1935), section 21; Pitman, JRSS Supplement 4 (1937). Counted by
    convolution over the scores.
    """
    scores, total = [*first, *second], sum(first)
    if any(score < 0 for score in scores) or len(scores) > MOST_ITEMS or sum(scores) > MOST_SUM:
        raise UsageError(f"needed: at most {MOST_ITEMS} scores of at least 0, with a sum of at most {MOST_SUM:,}.")
    if not first or not second:
        return 1.0
    size = len(first)
    splits = np.zeros((size + 1, sum(scores) + 1))  # by how many are in the first group, and their sum
    splits[0, 0] = 1.0
    for place, score in enumerate(scores, 1):
        # As shares of all splits so far, so that nothing overflows.
        splits[1:, score:] += splits[:-1, : splits.shape[1] - score].copy()
        if place % 32 == 0:
            splits /= splits.sum()
    reached = splits[size]
    return min(1.0, float(reached[total:].sum() / reached.sum()))


def least_p(first: int, second: int) -> float:
    """The smallest p-value that groups of these sizes can have."""
    return 1 / comb(first + second, first)
