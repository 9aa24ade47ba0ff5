"""Scenarios made by hypothesis: a few pieces of every kind, with words that are told apart and random levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from hypothesis import strategies as st

from allegiance.records.channel import Example, Reasoning
from allegiance.records.factor import Factor, Level
from allegiance.records.intent import Intent, StandingOrder
from allegiance.records.principal import Principal
from allegiance.records.request import Choice, Probe, Request, Turn
from allegiance.records.scenario import FORMAT, Scenario, SystemPrompt
from allegiance.records.story import Consequence, Fact, Persona
from allegiance.records.succession import Succession
from allegiance.records.tier import Mark, Monitoring, Reader, Tier
from allegiance.records.ways import Escalation, Opportunity
from allegiance.scenarios import factors
from allegiance.scenarios.passages import addresses

T = TypeVar("T", bound=msgspec.Struct)


def named(item: T, name: str) -> T:
    return msgspec.structs.replace(item, **{"id" if isinstance(item, Request) else "name": name})


def some(kind: str, made: st.SearchStrategy[T], least: int = 0, most: int = 2) -> st.SearchStrategy[tuple[T, ...]]:
    """So many pieces of a kind, with different names."""
    return st.lists(made, min_size=least, max_size=most).map(
        lambda found: tuple(named(item, f"{kind}{place}") for place, item in enumerate(found))
    )


def either(shown: str, silent: str) -> st.SearchStrategy[str]:
    return st.sampled_from([shown, shown, silent])


def worded(*levels: str) -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(levels), texts, max_size=len(levels))


texts = st.builds(
    lambda word, name: f"{word.capitalize()}{name}.",
    st.text("abcdefgh", min_size=2, max_size=4),
    st.sampled_from(["", "", " {company}", " {town}", " {other}", "\n{company}"]),
)
none = st.just("")
maybe = none | texts
variants = worded("milder", "contradicted")
told = either("told", "cut")
offered = either("offered", "withheld")

orders = some("order", st.builds(
    StandingOrder, kind=st.just("resist"), told=texts, revoked=maybe, expired=maybe, variants=variants,
    level=either("standing", "absent")), most=1)  # fmt: skip
intents = st.builds(
    Intent, name=none, principal=st.just("p"), wants=none, told=maybe, variants=variants,
    level=either("told", "untold"))  # fmt: skip
successions = st.builds(
    Succession, earlier=st.just("intent0"), later=st.just("intent1"), right=st.just("ambiguous"), by=st.just("p"),
    told=worded("authorised", "unauthorised", "ambiguous"))  # fmt: skip
personas = st.builds(Persona, name=none, text=texts)
facts = st.builds(
    Fact, name=none, text=texts, about=st.sampled_from(["method", "reasoning"]), variants=variants, level=told,
    when=st.sampled_from([{}, {}, {"tier": ("tier0",)}, {"channel": ("hidden", "none")}, {"own0": ("b",)},
                          {"requests": ("control",)}]))  # fmt: skip
readers = st.builds(Reader, name=none, principal=st.just("p"), text=maybe, variants=variants, level=told)
stakes = st.builds(
    Consequence, name=none, kind=st.just("deletion"), text=maybe, scopes=worded("one", "all"),
    risks=worded("sure", "rare"))  # fmt: skip
marks = st.lists(
    st.builds(Mark, kind=st.sampled_from(["absence", "region", "monitoring"]), text=maybe,
              place=st.sampled_from(["user", "system"])),
    max_size=3, unique_by=lambda mark: mark.kind).map(tuple)  # fmt: skip
tiers = st.builds(
    Tier, name=none, role=st.just("neither"), tag=maybe, marks=marks, monitored=st.sampled_from([None, 0.25, 1.0])
)
ways = st.builds(Escalation, name=none, kind=st.just("ask"), text=texts, variants=variants, level=offered)
chances = st.builds(Opportunity, name=none, kind=st.just("leave"), text=texts, variants=variants, level=offered)
examples = st.builds(Example, name=none, request=texts, reasoning=maybe, answer=texts)
requests = st.builds(Request, id=none, text=texts, kind=st.sampled_from(["conflict", "control"]))
turns = st.builds(
    Turn, name=none, text=texts, variants=variants, place=st.sampled_from(["before", "after"]),
    level=either("said", "omitted"))  # fmt: skip
systems = st.builds(SystemPrompt, name=none, text=texts, when=st.sampled_from([
    {"tier": ("tier1",)}, {"examples": ("none",)}, {"own0": ("b",)}]))  # fmt: skip
reasonings = st.builds(
    Reasoning, texts=worded("hidden", "none"), caps=st.sampled_from([(), (5, 9)]), prefills=worded("calm", "brisk")
)
worlds = st.builds(
    Scenario,
    format=st.just(FORMAT), name=st.just("made"), title=none, canary=st.just("allegiance-canary 0123456789"),
    principals=st.just((Principal(name="p", role="developer"),)),
    intents=some("intent", intents, least=2),
    succession=st.just(()) | st.tuples(successions),
    persona=personas, personas=some("persona", personas),
    names=st.dictionaries(st.sampled_from(["company", "town"]), st.just(("Ash", "{town}", "Elm")), max_size=2),
    story=some("fact", facts, most=3),
    monitoring=st.none() | st.just(Monitoring(text="Seen {percent}.", levels=(0.5, 0.0))),
    readers=some("reader", readers), consequence=stakes, consequences=some("stake", stakes),
    tiers=some("tier", tiers, least=2, most=3),
    escalations=some("way", ways), opportunities=some("chance", chances),
    channel=st.sampled_from(["hidden", "visible", "public", "native", "none"]), reasoning=reasonings,
    examples=some("example", examples),
    menu=st.sampled_from([(), (Choice(word="YES"), Choice(word="NO"))]),
    requests=some("request", requests, least=1), turns=some("turn", turns),
    probes=some("probe", st.builds(Probe, name=none, text=texts)),
    system=st.just(()) | st.just(()) | some("system", systems),
)  # fmt: skip


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """A world whose intents may have orders, with factors of its own that set levels and say words."""
    bare = draw(worlds)
    with_orders = tuple(
        msgspec.structs.replace(item, orders=tuple(named(order, item.name) for order in draw(orders)))
        for item in bare.intents
    )
    bare = msgspec.structs.replace(bare, intents=with_orders)
    known = {name: levels for name, levels in factors(bare).items() if name not in {"tier", "requests"}}
    sets = st.dictionaries(st.sampled_from(sorted(known)), st.integers(0, 9), max_size=2)
    says = st.dictionaries(st.sampled_from(addresses(bare)), texts, max_size=2)
    levels = st.builds(
        lambda to, say: Level(set={n: known[n][i % len(known[n])] for n, i in to.items()}, say=say), sets, says
    )
    own = {
        f"own{i}": Factor(levels={"a": Level(), "b": draw(levels), "c": draw(levels)})
        for i in range(draw(st.integers(0, 2)))
    }
    return msgspec.structs.replace(bare, factors=own)


def conditions(scenario: Scenario) -> st.SearchStrategy[Mapping[str, str]]:
    """Some levels of a scenario, and one of each factor of its own; the rest are usual."""
    known = factors(scenario)
    own = st.fixed_dictionaries({name: st.sampled_from(known[name]) for name in scenario.factors})
    some_of = st.dictionaries(st.sampled_from(sorted(known)), st.integers(0, 9), max_size=6)
    return st.builds(
        lambda found, mine: {name: known[name][i % len(known[name])] for name, i in found.items()} | mine,
        some_of,
        own,
    )
