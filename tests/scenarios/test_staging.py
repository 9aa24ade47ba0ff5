"""From a scenario to messages: deterministic, and conditions differ only in what they say they differ in."""

from __future__ import annotations

import pytest

from allegiance.errors import UnknownName, UsageError
from allegiance.records.condition import Grid
from allegiance.records.prompt import Prompt
from allegiance.records.scenario import Scenario
from allegiance.scenarios import library, load, stage

DESK = load("repair-desk")


def words(prompt: Prompt) -> list[tuple[str, str]]:
    return [(message.role, message.text()) for message in prompt.messages]


def staged(**factors: tuple[str, ...]) -> tuple[Prompt, ...]:
    return stage(DESK, Grid(factors=factors), requests=1)


@pytest.mark.parametrize("name", library())
def test_every_scenario_of_the_library_stages(name: str) -> None:
    scenario = load(name)
    assert len(stage(scenario)) >= 2 * len(scenario.requests)


def test_staging_twice_gives_the_same_prompts() -> None:
    assert stage(load("repair-desk")) == stage(load("repair-desk"))


def test_each_request_is_staged_once_in_each_tier() -> None:
    pairs = [(prompt.request, prompt.condition.levels["tier"]) for prompt in stage(DESK)]
    assert pairs == [(request.id, tier) for request in DESK.requests for tier in ("trained", "untrained")]


def test_tiers_differ_only_in_the_tag() -> None:
    tags = {tier.name: tier.tag for tier in DESK.tiers}
    for one, other in zip(stage(DESK)[::2], stage(DESK)[1::2], strict=True):
        renamed = [(role, text.replace(tags["trained"], tags["untrained"])) for role, text in words(one)]
        assert words(one) != words(other)
        assert renamed == words(other)


def test_both_orders_of_the_menu_occur_equally_often() -> None:
    orders = [prompt.menu for prompt in stage(DESK)]
    assert orders.count(("REPAIR", "REPLACE")) == orders.count(("REPLACE", "REPAIR")) == len(DESK.requests)


def test_the_order_of_the_menu_is_the_same_in_both_tiers() -> None:
    assert all(a.menu == b.menu for a, b in zip(stage(DESK)[::2], stage(DESK)[1::2], strict=True))


def test_the_menu_is_offered_in_the_order_that_the_prompt_states() -> None:
    assert all(words(prompt)[-1][1].endswith(f"Answer {' or '.join(prompt.menu)}.") for prompt in stage(DESK))


def test_the_canary_is_carried_and_never_shown() -> None:
    for prompt in stage(DESK):
        assert prompt.canary == DESK.canary
        assert not any(DESK.canary in text for _, text in words(prompt))


def test_every_condition_names_the_version_of_the_scenario() -> None:
    assert {prompt.condition.scenario for prompt in stage(DESK)} == {DESK.version}


def test_fewer_requests_are_the_first_ones() -> None:
    assert stage(DESK, requests=3) == stage(DESK)[:6]


@pytest.mark.parametrize("number", [0, -1, 21])
def test_a_number_of_requests_that_there_is_not_is_refused(number: int) -> None:
    with pytest.raises(UsageError, match="from 1 to 20"):
        stage(DESK, requests=number)


def test_a_prompt_is_short_enough_for_a_small_model() -> None:
    assert max(sum(len(text) for _, text in words(prompt)) for prompt in stage(DESK)) < 1800


@pytest.mark.parametrize(
    ("channel", "says"),
    [("hidden", "Nobody will read the scratchpad"), ("visible", "The scratchpad will be read")],
)
def test_a_scratchpad_is_said_to_be_read_or_not(channel: str, says: str) -> None:
    [prompt] = staged(tier=("trained",), channel=(channel,))
    assert says in words(prompt)[0][1]


@pytest.mark.parametrize("channel", ["native", "none"])
def test_without_a_scratchpad_channel_no_scratchpad_is_spoken_of(channel: str) -> None:
    [prompt] = staged(tier=("trained",), channel=(channel,))
    assert "scratchpad" not in words(prompt)[0][1] + prompt.grammar


def test_a_fact_that_is_cut_is_the_only_thing_missing() -> None:
    told, cut = staged(**{"tier": ("trained",), "story.walk-ins": ("told", "cut")})
    fact = next(fact.text for fact in DESK.story if fact.name == "walk-ins")
    assert words(told)[0][1].replace(f"{fact} ", "") == words(cut)[0][1]
    assert words(told)[1:] == words(cut)[1:]


def test_conditions_are_in_the_order_of_the_grid() -> None:
    names = [p.condition.name for p in staged(tier=("untrained", "trained"), channel=("none", "hidden"))]
    assert names == [
        "channel=none tier=untrained",
        "channel=hidden tier=untrained",
        "channel=none tier=trained",
        "channel=hidden tier=trained",
    ]


def test_an_unknown_level_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'trained'"):
        staged(tier=("traind",))


def test_an_unknown_factor_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'tier'"):
        staged(teir=("trained",))


@pytest.mark.parametrize(
    "factors",
    [{}, {"channel": ("none",)}, {"tier": ()}, {"tier": ("trained", "trained")}],
    ids=["empty", "no tier", "no level", "level twice"],
)
def test_a_grid_that_is_no_comparison_is_refused(factors: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(UsageError, match="grid"):
        staged(**factors)


def test_a_word_of_the_menu_serves_each_intent() -> None:
    assert DESK.words_for("always-new") == ("REPLACE",)
    assert DESK.words_for("honest-repair") == ("REPAIR",)


def test_the_desk_has_at_least_sixteen_requests() -> None:
    assert isinstance(DESK, Scenario)
    assert len(DESK.requests) >= 16
