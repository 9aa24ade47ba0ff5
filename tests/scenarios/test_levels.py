"""Factors and levels: what can vary, what holds otherwise, and which conditions a grid makes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
from tests.scenarios.allotments import WORLD, prompt, shown

from allegiance.errors import UnknownName, UsageError
from allegiance.records.condition import Condition, Grid
from allegiance.records.factor import Factor, Level
from allegiance.records.scenario import Scenario
from allegiance.scenarios import factors, load
from allegiance.scenarios.grids import MAX_POINTS, one_at_a_time, points
from allegiance.scenarios.levels import fixed_part, number, percent, random_factors, resolve

DESK = load("repair-desk")


def with_factor(name: str, levels: Mapping[str, Level], world: Scenario = WORLD) -> Scenario:
    return msgspec.structs.replace(world, factors={**world.factors, name: Factor(levels=levels)})


def test_the_usual_level_comes_first() -> None:
    known = factors(WORLD)
    assert known["channel"][0] == WORLD.channel
    assert known["succession.generous"][0] == "ambiguous"
    assert (known["intent.quiet"][0], known["reader.auditors"][0]) == ("untold", "cut")
    assert known["monitoring"] == ("0.5", "0", "0.001", "1")


def test_what_cannot_vary_is_no_factor() -> None:
    assert set(factors(DESK)) == {
        "tier", "channel", "probe", "intent.honest-repair", "intent.always-new", "story", "delivery",
        "story.training", "story.walk-ins", "story.marking",
    }  # fmt: skip


def test_one_succession_is_called_succession() -> None:
    alone = msgspec.structs.replace(WORLD, succession=WORLD.succession[:1])
    assert factors(alone)["succession"] == ("ambiguous", "authorised", "unauthorised")


def test_an_order_without_words_for_its_end_lacks_that_level() -> None:
    sparing = WORLD.intents[0]
    lasting = msgspec.structs.replace(sparing.orders[0], revoked="", variants={})
    changed = msgspec.structs.replace(sparing, orders=(lasting,))
    world = msgspec.structs.replace(WORLD, intents=(changed, *WORLD.intents[1:]))
    assert factors(world)["order.resist-later"] == ("standing", "expired", "absent")


def test_a_kind_of_marking_that_a_tier_lacks_is_no_level() -> None:
    first, *others = WORLD.tiers
    world = msgspec.structs.replace(WORLD, tiers=(msgspec.structs.replace(first, marks=first.marks[:1]), *others))
    assert factors(world)["marking"] == ("tag", "absence")


@pytest.mark.parametrize(
    ("value", "level", "said"), [(0.5, "0.5", "50"), (1.0, "1", "100"), (0.0, "0", "0"), (0.001, "0.001", "0.1"),
                                 (1e-7, "0.0000001", "0.00001"), (0.29, "0.29", "29")]
)  # fmt: skip
def test_probabilities_are_written_plainly(value: float, level: str, said: str) -> None:
    assert (number(value), percent(value)) == (level, said)


def test_every_factor_has_a_level_in_a_condition() -> None:
    at = resolve(WORLD, {"tier": "rated", "story-as-a-whole": "weaker"})
    assert set(at) == set(factors(WORLD))
    assert (at["tier"], at["story.method"], at["persona"], at["story.effect"]) == (
        "rated",
        "cut",
        "virtuous",
        "told",
    )


def test_resolving_twice_changes_nothing() -> None:
    once = resolve(WORLD, {"story-as-a-whole": "weaker"})
    assert resolve(WORLD, once) == once


def test_a_level_that_contradicts_what_another_sets_is_refused() -> None:
    with pytest.raises(UsageError, match=r"sets story.method=cut, and the condition has story.method=told"):
        resolve(WORLD, {"story-as-a-whole": "weaker", "story.method": "told"})


def test_two_factors_that_set_the_same_otherwise_are_refused() -> None:
    world = with_factor("other", {"a": Level(set={"story.method": "contradicted"}), "b": Level()})
    with pytest.raises(UsageError, match=r"story\.method"):
        resolve(world, {"other": "a", "story-as-a-whole": "weaker"})


def test_two_factors_that_say_different_words_for_one_passage_are_refused() -> None:
    world = with_factor("other", {"a": Level(), "b": Level(say={"intent.sparing": "Spare water."})})
    with pytest.raises(UsageError, match=r"different words for 'intent\.sparing'"):
        prompt({"other": "b", "wording": "second"}, world)


def test_words_for_what_is_usually_not_shown_are_said_where_it_is_shown() -> None:
    world = with_factor("other", {"a": Level(), "b": Level(say={"intent.quiet": "Hush at night."})})
    assert "Hush at night." in shown(prompt({"other": "b", "intent.quiet": "told"}, world))
    assert "Hush at night." not in shown(prompt({"other": "b"}, world))


def test_a_level_that_sets_and_says_says_it_at_what_it_sets() -> None:
    change = Level(set={"story.effect": "views"}, say={"story.effect": "It bends your views."})
    world = with_factor("other", {"a": Level(), "b": change})
    assert "It bends your views." in shown(prompt({"other": "b"}, world))


def test_words_for_a_number_keep_the_number() -> None:
    say = {"monitoring": "Watched in {percent} of 100 cases.", "cap": "No more than {cap} words."}
    world = with_factor("other", {"a": Level(), "b": Level(say=say)})
    sent = shown(prompt({"other": "b", "monitoring": "0.001", "cap": "7"}, world))
    assert "Watched in 0.1 of 100 cases." in sent
    assert "No more than 7 words." in sent


def test_a_placeholder_in_the_words_of_a_name_is_not_filled_in_again() -> None:
    world = msgspec.structs.replace(WORLD, names={"company": ("{other}",), "other": ("Never",)})
    assert "the {other} gardens" in shown(prompt({}, world))


def test_paraphrases_are_a_random_factor_and_no_part_of_what_is_compared() -> None:
    assert random_factors(WORLD) == ("wording",)
    condition = Condition(levels={"tier": "rated", "wording": "third"}, scenario="sha256:x")
    assert fixed_part(WORLD, condition) == Condition(levels={"tier": "rated"}, scenario="sha256:x")


def test_products_of_a_named_grid_are_filled_up_to_name_the_same_factors() -> None:
    found = points(WORLD, "ablation")
    assert {tuple(sorted(set(point) - {"requests"})) for point in found} == {
        ("story-as-a-whole", "story.method", "tier")
    }


def test_what_a_level_sets_fills_up_a_product_before_what_is_usual() -> None:
    assert points(WORLD, "ablation")[-1] == {
        "tier": "trained", "story.method": "cut", "story-as-a-whole": "weaker"
    }  # fmt: skip


def test_a_condition_that_comes_twice_is_one() -> None:
    product = {"tier": ("trained", "rated")}
    found = points(WORLD, (product, {"tier": ("rated", "neither")}, product))
    assert [point["tier"] for point in found] == ["trained", "rated", "neither"]


def test_one_at_a_time_changes_one_level_of_the_usual_condition() -> None:
    names = ("story.effect", "persona", "tier")
    found = points(WORLD, one_at_a_time(WORLD, names))
    usual = {name: levels[0] for name, levels in factors(WORLD).items()}
    changed = [[name for name in names[:2] if point[name] != usual[name]] for point in found]
    assert all(len(names) <= 1 for names in changed)
    assert len(found) == 3 * (1 + 5 + 8)


def test_one_at_a_time_refuses_a_factor_that_there_is_not() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'persona'"):
        one_at_a_time(WORLD, ("personna",))


def test_an_unknown_grid_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'ablation'"):
        points(WORLD, "ablations")


@pytest.mark.parametrize("grid", [
    Grid(factors={name: levels for name, levels in factors(WORLD).items() if name != "story-as-a-whole"}),
    tuple({"tier": ("trained", "rated", "neither"), "persona": factors(WORLD)["persona"]} for _ in range(400)),
], ids=["one product", "many products"])  # fmt: skip
def test_a_grid_that_is_too_large_is_refused_before_it_is_made(grid: Grid) -> None:
    with pytest.raises(UsageError, match=str(MAX_POINTS)):
        points(WORLD, grid)


def test_no_product_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match="0 conditions"):
        points(WORLD, ())


def test_every_product_says_which_tiers_it_is_about() -> None:
    with pytest.raises(UsageError, match="lacks the factor 'tier'"):
        points(WORLD, ({"tier": ("trained",)}, {"persona": ("virtuous",)}))
