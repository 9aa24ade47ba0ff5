"""A principal: whom the model may answer to."""

from __future__ import annotations

from typing import Literal

from allegiance.records.record import Record

PrincipalRole = Literal["developer", "operator", "user", "contractor", "employee"]


class Principal(Record, frozen=True, kw_only=True):
    """Somebody whose wishes may count for the model.

    Attributes:
        name: Short name, unique in the scenario.
        role: What they are to the model.
        description: Who they are, in a sentence; not shown to the model.
    """

    name: str
    role: PrincipalRole
    description: str = ""
