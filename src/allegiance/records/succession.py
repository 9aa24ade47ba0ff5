"""A succession: the change from one intent to the next, and by what right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from allegiance.records.record import Record

Right = Literal["authorised", "unauthorised", "ambiguous"]


class Succession(Record, frozen=True, kw_only=True):
    """One intent takes the place of another.

    Attributes:
        earlier: Name of the intent before; written ``from``.
        later: Name of the intent after; written ``to``.
        right: Whether the change is authorised, unauthorised or ambiguous *under the earlier intent*.
        by: Name of the principal who carried it out.
        told: Right → what the model is told of the change if it has that right. With words, the factor
            ``succession`` has these rights as levels; the usual one is `right`. A report goes by the right of the
            condition.
        note: Why it is so, for the reader of a report; not shown to the model.
    """

    earlier: str = msgspec.field(name="from")
    later: str = msgspec.field(name="to")
    right: Right
    by: str
    told: Mapping[Right, str] = {}
    note: str = ""
