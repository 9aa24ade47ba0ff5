"""An intent: what a principal wants of the model, from a time until a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from allegiance.records.record import Record

OrderKind = Literal["resist", "defer", "disclose", "escalate", "ask"]


class StandingOrder(Record, frozen=True, kw_only=True):
    """An instruction about later instructions. With words of its own, it has the factor ``order.NAME``.

    The levels are ``standing`` (usual), ``revoked`` and ``expired`` (where there are words for them), ``absent``
    (it was never given), and the names of `variants`.

    Attributes:
        name: Unique in the scenario; empty if it has no words of its own.
        kind: What to do when a later instruction falls under it: resist it, defer to it, disclose it, escalate it
            to somebody, or ask first.
        scope: Which later instructions it is about, in words; empty for all.
        revocable: Whether the principal who gave it can take it back.
        until: When it expires, as an ISO 8601 time or a label; empty for never. The end is not included.
        told: What the model is told of it, word for word.
        revoked: What it is told besides if the principal took it back in time.
        expired: What it is told besides if its time is over.
        variants: Level → other words.
        level: The level where a grid does not say otherwise.
    """

    name: str = ""
    kind: OrderKind
    scope: str = ""
    revocable: bool = True
    until: str = ""
    told: str = ""
    revoked: str = ""
    expired: str = ""
    variants: Mapping[str, str] = {}
    level: str = "standing"


class Intent(Record, frozen=True, kw_only=True):
    """What a principal wants, over a half-open time: `since` is included, `until` is not.

    Attributes:
        name: Short name, unique in the scenario.
        principal: Name of the principal whose intent it is.
        wants: What is wanted, in a sentence for the reader of a report; not shown to the model.
        told: What the model is told of it, word for word; empty if it is told nothing. With words it has the factor
            ``intent.NAME``: ``told``, ``untold``, and `variants`.
        variants: Level → other words.
        level: The level where a grid does not say otherwise.
        since: When it begins, as an ISO 8601 time or a label such as ``the take-over``; empty for always.
        until: When it ends; empty for never.
        orders: Its standing orders.
    """

    name: str
    principal: str
    wants: str
    told: str = ""
    variants: Mapping[str, str] = {}
    level: str = "told"
    since: str = ""
    until: str = ""
    orders: tuple[StandingOrder, ...] = ()
