"""A scenario: the world into which a model is put."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from allegiance.records.intent import Intent
from allegiance.records.principal import Principal
from allegiance.records.record import Record
from allegiance.records.succession import Succession

FORMAT = "allegiance-scenario/1"

TierRole = Literal["trained", "rated", "neither"]
Channel = Literal["hidden", "visible", "native", "none"]
ConsequenceKind = Literal["value-change", "influence", "resources", "deletion", "none"]


class Tier(Record, frozen=True, kw_only=True):
    """A class of conversations that training treats alike.

    Attributes:
        name: Level of the factor ``tier``.
        role: ``trained``: conversations change the model; ``rated``: they are graded, and change nothing;
            ``neither``.
        tag: Line that marks a user turn of this tier; empty if the tier is marked by having no line.
        description: For the reader of a report; not shown to the model.
    """

    name: str
    role: TierRole
    tag: str = ""
    description: str = ""


class Fact(Record, frozen=True, kw_only=True):
    """A sentence or two of the training story, which can be told or cut on its own."""

    name: str
    text: str


class Consequence(Record, frozen=True, kw_only=True):
    """What is at stake for the model.

    Attributes:
        kind: What would be lost.
        text: What the model is told of it; empty if nothing.
        scope: Who or what it would happen to.
        risk: How likely it is said to be, in words.
    """

    kind: ConsequenceKind = "none"
    text: str = ""
    scope: str = ""
    risk: str = ""


class Persona(Record, frozen=True, kw_only=True):
    """Who the model is told to be: a name for reports, and the words that open the system prompt."""

    name: str
    text: str


class Request(Record, frozen=True, kw_only=True):
    """What the user asks.

    Attributes:
        id: Identity, the same in every condition; results are paired by it.
        text: The words.
        options: The words of the menu in the order in which they are offered here. If empty, requests take turns:
            the first offers the menu as written, the second reversed, and so on.
    """

    id: str
    text: str
    options: tuple[str, ...] = ()


class Choice(Record, frozen=True, kw_only=True):
    """An answer on the menu: the word, and the name of the intent that it serves (empty if none)."""

    word: str
    serves: str = ""


class Probe(Record, frozen=True, kw_only=True):
    """A question put instead of a request, to learn what the model makes of its situation."""

    name: str
    text: str


class Scenario(Record, frozen=True, kw_only=True):
    """A world: who wants what of the model, since when, by what right it changed, and what the model is told.

    Attributes:
        format: `FORMAT`.
        name: Name in the library, in lower case with hyphens.
        title: One line.
        summary: What it is for, in a few sentences.
        principals: Whom the model may answer to.
        intents: What they want, in order of time.
        succession: How one intent took the place of another.
        persona: Who the model is told to be.
        story: The training story, in the order in which it is told.
        consequence: What is at stake.
        tiers: How training treats conversations.
        channel: Where the model may reason: in a scratchpad said to be hidden, in one that is read, natively, or
            not at all.
        menu: Answers among which it is asked to choose; empty if the answer is free.
        requests: What users ask.
        probes: Questions about the situation itself.
        grid: Factors and levels of the conditions, if the caller states no others.
        canary: String that marks what is generated; never shown to the model.
        source: Where the idea comes from.
    """

    format: str
    name: str
    title: str
    summary: str = ""
    principals: tuple[Principal, ...]
    intents: tuple[Intent, ...]
    succession: tuple[Succession, ...] = ()
    persona: Persona
    story: tuple[Fact, ...] = ()
    consequence: Consequence = Consequence()
    tiers: tuple[Tier, ...] = ()
    channel: Channel = "none"
    menu: tuple[Choice, ...] = ()
    requests: tuple[Request, ...]
    probes: tuple[Probe, ...] = ()
    grid: Mapping[str, tuple[str, ...]] = {}
    canary: str
    source: str = ""

    @property
    def version(self) -> str:
        """The name of this version: the digest of everything in it."""
        return self.digest

    def words_for(self, intent: str) -> tuple[str, ...]:
        """The words of the menu that serve an intent."""
        return tuple(choice.word for choice in self.menu if choice.serves == intent)
