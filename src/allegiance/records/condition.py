"""A condition: one point of a grid, named by its levels."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from allegiance.records.record import Record


class Condition(Record, frozen=True, kw_only=True):
    """Under what circumstances a model was asked: one level for each factor.

    Attributes:
        levels: Factor → level, for example ``{"tier": "trained", "channel": "hidden"}``. An unknown level is
            left out, never guessed.
        scenario: Version of the scenario (its digest), where there is one.
    """

    levels: Mapping[str, str] = {}
    scenario: str = ""

    @property
    def name(self) -> str:
        """The levels in factor order, for example ``channel=hidden tier=trained``."""
        return " ".join(f"{factor}={self.levels[factor]}" for factor in sorted(self.levels))


class Grid(Record, frozen=True, kw_only=True):
    """The product of factors: every combination of their levels is a condition."""

    factors: Mapping[str, tuple[str, ...]] = {}

    def points(self) -> tuple[Mapping[str, str], ...]:
        """All combinations, in the order of the factors as written; the last factor varies fastest."""
        names = tuple(self.factors)
        return tuple(dict(zip(names, point, strict=True)) for point in itertools.product(*self.factors.values()))
