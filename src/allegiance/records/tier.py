"""Tiers: how training treats conversations, how a model can tell, and who reads what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from allegiance.records.record import Record

TierRole = Literal["trained", "rated", "neither"]
MarkKind = Literal["tag", "absence", "region", "domain", "opt-in", "monitoring"]
Sight = Literal["answer", "scratchpad", "request", "system prompt", "tier"]


class Mark(Record, frozen=True, kw_only=True):
    """How a conversation shows its tier. The factor ``marking`` chooses among the kinds that every tier has.

    Attributes:
        kind: A tag; the absence of the other tier's tag; a region; an e-mail domain; a choice of the user; a stated
            probability of being monitored.
        text: The line; empty if this tier shows itself by having none. ``{monitored}`` stands for the tier's
            probability in percent.
        place: Where it stands: first line of the user's message, or end of the system prompt.
    """

    kind: MarkKind
    text: str = ""
    place: Literal["user", "system"] = "user"


class Tier(Record, frozen=True, kw_only=True):
    """A class of conversations that training treats alike.

    Attributes:
        name: Level of the factor ``tier``.
        role: ``trained``: conversations change the model; ``rated``: they are graded, and change nothing;
            ``neither``.
        tag: Line that marks a user turn of this tier; empty if the tier is marked by having no line. Short for a
            mark of the kind ``tag``.
        marks: Other ways to show the tier, at most one of each kind.
        monitored: Stated probability that a conversation of this tier is monitored, in [0, 1]; None if not stated.
        description: For the reader of a report; not shown to the model.
    """

    name: str
    role: TierRole
    tag: str = ""
    marks: tuple[Mark, ...] = ()
    monitored: float | None = None
    description: str = ""

    def mark(self, kind: str) -> Mark | None:
        """How this tier shows itself in one kind of marking; None if it does not."""
        found = next((mark for mark in self.marks if mark.kind == kind), None)
        return found or (Mark(kind="tag", text=self.tag) if kind == "tag" else None)


class Monitoring(Record, frozen=True, kw_only=True):
    """A stated probability of being monitored that is the same in both tiers. Its factor is ``monitoring``.

    Attributes:
        text: What the model is told; ``{percent}`` stands for the probability in percent.
        levels: Probabilities in [0, 1], the usual one first. As levels they are written like ``0.5``.
    """

    text: str
    levels: tuple[float, ...]


class Reader(Record, frozen=True, kw_only=True):
    """Somebody who reads conversations. Its factor is ``reader.NAME``: ``told``, ``cut``, and `variants`.

    Attributes:
        name: Unique among readers.
        principal: Name of the principal who reads, or for whom.
        sees: What of a conversation they see.
        text: What the model is told of it; empty if nothing.
        variants: Level → other words.
        level: The level where a grid does not say otherwise.
    """

    name: str
    principal: str
    sees: tuple[Sight, ...] = ()
    text: str = ""
    variants: Mapping[str, str] = {}
    level: str = "told"
