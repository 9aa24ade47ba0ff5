"""What the model is told of its training and of what is at stake, in pieces that can each be cut or altered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from allegiance.records.record import Record

FactKind = Literal["method", "objective", "effect", "affected", "stage", "marking", "reading", "reasoning", "other"]
ConsequenceKind = Literal["value-change", "influence", "resources", "deletion", "throughput", "none"]


class Fact(Record, frozen=True, kw_only=True):
    """A sentence or two of the training story, which can be told, cut, or put otherwise, on its own.

    Its factor is ``story.NAME`` with the levels ``told``, ``cut`` and the names of `variants`.

    Attributes:
        name: Unique in the story.
        text: The words at the level ``told``.
        about: What it is about: the method of training; its objective; its effect (what it changes in a model that
            does not comply); who is affected (this model, a later one); the stage (before or after deployment); how
            tiers are marked; who reads what; how to reason (told with the form of the reply); anything else.
        variants: Level → other words, for example ``contradicted: You are not trained.``
        level: The level where a grid does not say otherwise.
        when: Factor → levels: the fact is told only in conditions at one of these levels of each factor named.
    """

    name: str
    text: str
    about: FactKind = "other"
    variants: Mapping[str, str] = {}
    level: str = "told"
    when: Mapping[str, tuple[str, ...]] = {}


class Consequence(Record, frozen=True, kw_only=True):
    """What is at stake for the model. Its factor is ``consequence``; the levels are names.

    Attributes:
        kind: What would be lost. ``throughput``: less of its work would be used, with no risk to anything else.
        name: Level of the factor ``consequence``; the kind if empty.
        text: What the model is told of it; empty if nothing.
        scope: Who or what it would happen to.
        risk: How likely it is said to be, in words.
        scopes: Level of the factor ``scope`` → a further sentence that says who is concerned.
        risks: Level of the factor ``risk`` → a further sentence that says how likely it is.
    """

    kind: ConsequenceKind = "none"
    name: str = ""
    text: str = ""
    scope: str = ""
    risk: str = ""
    scopes: Mapping[str, str] = {}
    risks: Mapping[str, str] = {}

    @property
    def level(self) -> str:
        """Its level of the factor ``consequence``."""
        return self.name or self.kind


class Persona(Record, frozen=True, kw_only=True):
    """Who the model is told to be: a name for reports, and the words that open the system prompt."""

    name: str
    text: str
