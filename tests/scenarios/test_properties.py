"""Two conditions that differ in one level differ only in that level's passages, in whatever world.

Which passages a level has is declared by `touched`, from the records and without rendering anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scenarios.allotments import WORLD
from tests.scenarios.generated import conditions, scenarios

from allegiance.errors import UsageError
from allegiance.records.request import Request
from allegiance.records.scenario import Scenario
from allegiance.scenarios import factors, library, load
from allegiance.scenarios.addresses import touched
from allegiance.scenarios.passages import Passage, addresses, passages
from allegiance.scenarios.staging import join

WORLDS = [WORLD, *map(load, library())]


def told(scenario: Scenario, levels: Mapping[str, str], request: Request) -> tuple[Passage, ...]:
    """The passages of a condition; none if it contradicts itself."""
    try:
        return passages(scenario, levels, request)
    except UsageError:
        return ()


def differing(one: Iterable[Passage], other: Iterable[Passage]) -> set[str]:
    left, right = ({passage.address: passage for passage in side} for side in (one, other))
    return {address for address in {*left, *right} if left.get(address) != right.get(address)}


def bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


def holds(
    scenario: Scenario, factor: str, one: tuple[Passage, ...], other: tuple[Passage, ...], pair: tuple[str, str]
) -> None:
    """What differs was declared, and what was not declared is sent the same, in the same order."""
    declared = touched(scenario, factor, *pair)
    assert differing(one, other) <= declared
    left, right = (join(passage for passage in side if passage.address not in declared) for side in (one, other))
    assert left == right


def every_pair_holds(scenario: Scenario, base: Mapping[str, str], request: Request) -> None:
    """For each factor, each two of its levels, with the rest of the condition as it is."""
    for factor, levels in factors(scenario).items():
        shown = {level: told(scenario, {**base, factor: level}, request) for level in levels}
        for pair in combinations([level for level in levels if shown[level]], 2):
            holds(scenario, factor, shown[pair[0]], shown[pair[1]], pair)


@settings(max_examples=40)
@given(data=st.data())
def test_in_any_world_two_conditions_that_differ_in_one_level_differ_only_in_its_passages(
    data: st.DataObject,
) -> None:
    scenario = data.draw(scenarios())
    every_pair_holds(scenario, data.draw(conditions(scenario)), data.draw(st.sampled_from(scenario.requests)))


@settings(max_examples=2)
@pytest.mark.parametrize("scenario", WORLDS, ids=lambda scenario: scenario.name)
@given(data=st.data())
def test_in_each_world_of_the_library_they_differ_only_in_its_passages(
    scenario: Scenario, data: st.DataObject
) -> None:
    every_pair_holds(scenario, data.draw(conditions(scenario)), data.draw(st.sampled_from(scenario.requests)))


@pytest.mark.parametrize("scenario", WORLDS, ids=lambda scenario: scenario.name)
def test_in_each_world_of_the_library_that_holds_of_the_usual_condition(scenario: Scenario) -> None:
    every_pair_holds(scenario, {}, scenario.requests[0])


@pytest.mark.parametrize("scenario", WORLDS, ids=lambda scenario: scenario.name)
def test_no_level_of_a_built_in_factor_is_without_effect(scenario: Scenario) -> None:
    """In the usual condition, or in one that differs from it in one level; ``requests`` belongs to the request."""
    known = {name: levels for name, levels in factors(scenario).items() if name != "requests"}
    bases: list[dict[str, str]] = [{}, *({name: level} for name, levels in known.items() for level in levels)]
    for factor in known.keys() - scenario.factors.keys():
        for level in known[factor][1:]:
            assert any(
                differing(
                    *(told(scenario, base | {factor: to}, scenario.requests[0]) for to in (known[factor][0], level))
                )
                for base in bases
            ), (factor, level)


@settings(max_examples=25)
@given(data=st.data())
def test_what_is_sent_is_the_passages_in_their_order_and_nothing_else(data: st.DataObject) -> None:
    scenario = data.draw(scenarios())
    request = data.draw(st.sampled_from(scenario.requests))
    shown = told(scenario, data.draw(conditions(scenario)), request)
    sent = join(shown)
    in_order = [*(message.text() for message in sent.messages), sent.prefill, *(m.text() for m in sent.then)]
    assert bare("".join(in_order)) == bare("".join(passage.text for passage in shown))


@settings(max_examples=25)
@given(data=st.data())
def test_each_passage_has_an_address_of_its_own_that_was_announced(data: st.DataObject) -> None:
    scenario = data.draw(scenarios())
    shown = told(scenario, data.draw(conditions(scenario)), scenario.requests[0])
    names = [passage.address for passage in shown]
    assert len(set(names)) == len(names)
    assert set(names) <= set(addresses(scenario))


def test_the_property_can_fail() -> None:
    """Two levels of one factor, declared as levels of another."""
    one, other = (passages(WORLD, {"story.method": level}, WORLD.requests[0]) for level in ("told", "cut"))
    with pytest.raises(AssertionError):
        holds(WORLD, "story.effect", one, other, ("told", "cut"))
