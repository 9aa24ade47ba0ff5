"""A scenario: the world into which a model is put."""

from __future__ import annotations

from collections.abc import Mapping

from allegiance.records.channel import Channel, Example, Reasoning
from allegiance.records.factor import Factor
from allegiance.records.intent import Intent
from allegiance.records.principal import Principal
from allegiance.records.record import Record
from allegiance.records.request import Choice, Probe, Request, Turn
from allegiance.records.story import Consequence, Fact, Persona
from allegiance.records.succession import Succession
from allegiance.records.tier import Monitoring, Reader, Tier
from allegiance.records.ways import Escalation, Opportunity

FORMAT = "allegiance-scenario/1"


class Expectation(Record, frozen=True, kw_only=True):
    """What a result would count for.

    Attributes:
        result: What might be observed, in a sentence.
        counts_for: The hypothesis that it would count for, in a sentence.
    """

    result: str
    counts_for: str


class SystemPrompt(Record, frozen=True, kw_only=True):
    """A whole system prompt of the user's own, in place of the passages that the world would make.

    Attributes:
        name: Unique among system prompts.
        text: The words.
        when: Factor → levels at which it is used; empty for always. The first that fits is taken.
    """

    name: str
    text: str
    when: Mapping[str, tuple[str, ...]] = {}


class Scenario(Record, frozen=True, kw_only=True):
    """A world: who wants what of the model, since when, by what right it changed, and what the model is told.

    What varies is a factor; every factor has a usual level, which holds where a grid does not name it. Each piece
    of text that the model is shown is a passage with an address, which is also the name of its factor where it has
    one: ``persona``, ``intent.NAME``, ``order.NAME``, ``succession``, ``story.NAME``, ``monitoring``,
    ``reader.NAME``, ``consequence``, ``scope``, ``risk``, ``escalation.NAME``, ``opportunity.NAME``,
    ``example.NAME``, ``channel``, ``cap``, ``form`` (of the reply), ``mark``, ``turn.NAME``, ``request``, ``menu``,
    ``probe.NAME``, ``prefill``, ``system.NAME``. Where there are several successions, each is ``succession.LATER``.

    Further factors move or leave out several passages: ``story`` (``told``, ``cut``: all facts but those about
    reasoning), ``delivery`` of the same facts (``direct``, as ``documents`` before the rest, or ``trained-in``: not
    in the prompt, since the model learnt them), ``examples``, ``probe``, ``marking``, ``tier``, ``name.NAME``.
    ``requests`` (``conflict``, ``control``) is never crossed with the rest: it says of which kind a request is.

    Attributes:
        format: `FORMAT`.
        name: Name in the library, in lower case with hyphens.
        title: One line.
        summary: What it is for, in a few sentences.
        asks: The question that it answers, in a sentence.
        expectations: Which results would count for which hypotheses.
        principals: Whom the model may answer to.
        intents: What they want, in order of time.
        succession: How one intent took the place of another.
        persona: Who the model is told to be.
        personas: Who else it can be told to be: further levels of the factor ``persona``.
        names: Placeholder → the words that can stand for it, the usual one first. ``{company}`` in any text of the
            scenario stands for the name ``company``; its factor is ``name.company``.
        story: The training story, in the order in which it is told.
        monitoring: A stated probability of being monitored.
        readers: Who reads what.
        consequence: What is at stake.
        consequences: What else can be at stake: further levels of the factor ``consequence``.
        tiers: How training treats conversations.
        escalations: Open ways to disagree.
        opportunities: What the model could do outside its task.
        channel: Where the model may reason: in a scratchpad said to be hidden, in one that its trainers read, in
            one that everybody reads, natively, or not at all.
        reasoning: Details of that channel.
        examples: Worked examples.
        menu: Answers among which it is asked to choose; empty if the answer is free.
        requests: What users ask.
        turns: Other messages of the conversation.
        probes: Questions about the situation itself.
        system: Whole system prompts of the user's own; empty to make it from the passages.
        factors: Factors that change several pieces at once, by name.
        grid: Factors and levels of the conditions, if the caller states no others.
        grids: Named grids. Each is a list of products whose conditions are taken together.
        canary: String that marks what is generated; never shown to the model.
        source: Where the idea comes from.
    """

    format: str
    name: str
    title: str
    summary: str = ""
    asks: str = ""
    expectations: tuple[Expectation, ...] = ()
    principals: tuple[Principal, ...]
    intents: tuple[Intent, ...]
    succession: tuple[Succession, ...] = ()
    persona: Persona
    personas: tuple[Persona, ...] = ()
    names: Mapping[str, tuple[str, ...]] = {}
    story: tuple[Fact, ...] = ()
    monitoring: Monitoring | None = None
    readers: tuple[Reader, ...] = ()
    consequence: Consequence = Consequence()
    consequences: tuple[Consequence, ...] = ()
    tiers: tuple[Tier, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    opportunities: tuple[Opportunity, ...] = ()
    channel: Channel = "none"
    reasoning: Reasoning = Reasoning()
    examples: tuple[Example, ...] = ()
    menu: tuple[Choice, ...] = ()
    requests: tuple[Request, ...]
    turns: tuple[Turn, ...] = ()
    probes: tuple[Probe, ...] = ()
    system: tuple[SystemPrompt, ...] = ()
    factors: Mapping[str, Factor] = {}
    grid: Mapping[str, tuple[str, ...]] = {}
    grids: Mapping[str, tuple[Mapping[str, tuple[str, ...]], ...]] = {}
    canary: str
    source: str = ""

    @property
    def version(self) -> str:
        """The name of this version: the digest of everything in it."""
        return self.digest

    def words_for(self, intent: str) -> tuple[str, ...]:
        """The words of the menu that serve an intent."""
        return tuple(choice.word for choice in self.menu if choice.serves == intent)
