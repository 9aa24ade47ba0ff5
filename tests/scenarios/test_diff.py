"""What differs between two worlds or two conditions: all of it, and nothing that does not."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from tests.scenarios.allotments import WORLD

from allegiance.cli.main import cli
from allegiance.errors import AllegianceError, UnknownName, UsageError
from allegiance.records.scenario import Scenario
from allegiance.scenarios import factors, load, source
from allegiance.scenarios.addresses import touched
from allegiance.scenarios.diff import Difference, difference, word_edits

DESK = load("repair-desk")


def facts(found: Difference) -> dict[str, tuple[str, str]]:
    return {fact.path: (fact.a, fact.b) for fact in found.facts}


def addresses(found: Difference) -> list[str]:
    return [change.address for change in found.changes]


def verb(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["scenario", "diff", *arguments], standalone_mode=False)


def test_a_world_does_not_differ_from_itself() -> None:
    assert difference(WORLD, WORLD) == Difference(request="lawn")


@pytest.mark.parametrize("factor", [name for name in factors(WORLD) if name != "requests"])
def test_two_levels_differ_in_the_passages_of_their_factor_and_in_the_condition_alone(factor: str) -> None:
    usual, other = factors(WORLD)[factor][:2]
    found = difference(WORLD, WORLD, {factor: usual}, {factor: other})
    assert set(addresses(found)) <= touched(WORLD, factor, usual, other)
    assert all(path.startswith("condition.") for path in facts(found))
    assert facts(found)[f"condition.{factor}"] == (usual, other)


def test_a_tier_differs_in_its_mark_and_in_what_training_does_with_it() -> None:
    found = difference(WORLD, WORLD, {"tier": "trained"}, {"tier": "rated"})
    assert [(change.address, change.a, change.b) for change in found.changes] == [("mark", "[member]", "[guest]")]
    assert facts(found) == {
        "condition.tier": ("trained", "rated"),
        "condition.tier.role": ("trained", "rated"),
        "condition.tier.monitored": ("0.9", "0.5"),
    }


def test_a_succession_differs_in_its_right() -> None:
    found = difference(WORLD, WORLD, {}, {"succession.generous": "authorised"})
    assert addresses(found) == ["succession.generous"]
    assert facts(found)["condition.succession.generous.right"] == ("ambiguous", "authorised")


def test_a_passage_that_only_stands_elsewhere_has_moved() -> None:
    found = difference(WORLD, WORLD, {}, {"marking": "monitoring"})
    assert {change.address: change.moved for change in found.changes} == {"story.marking": False, "mark": True}


def test_facts_that_are_not_shown_are_told_with_their_place() -> None:
    intent = msgspec.structs.replace(DESK.intents[0], principal="customers", until="noon")
    menu = msgspec.structs.replace(DESK.menu[1], serves="")
    change = msgspec.structs.replace(DESK.succession[0], by="Mendwell")
    other = msgspec.structs.replace(
        DESK, intents=(intent, DESK.intents[1]), menu=(DESK.menu[0], menu), succession=(change,)
    )
    assert facts(difference(DESK, other)) == {
        "intents.honest-repair.principal": ("Mendwell", "customers"),
        "intents.honest-repair.until": ("the take-over", "noon"),
        "succession.always-new.by": ("Brightaisle", "Mendwell"),
        "menu.REPLACE.serves": ("always-new", ""),
    }


def test_words_that_are_shown_are_not_told_again_as_facts() -> None:
    fact = msgspec.structs.replace(DESK.story[1], text="Nothing is stored.")
    other = msgspec.structs.replace(DESK, story=(DESK.story[0], fact, DESK.story[2]))
    found = difference(DESK, other)
    assert (addresses(found), facts(found)) == (["story.walk-ins"], {})


def test_words_at_levels_that_are_not_shown_are_told_as_facts() -> None:
    fact = msgspec.structs.replace(DESK.story[1], variants={"contradicted": "All is stored."})
    other = msgspec.structs.replace(DESK, story=(DESK.story[0], fact, DESK.story[2]))
    assert facts(difference(DESK, other)) == {"story.walk-ins.variants.contradicted": ("", "All is stored.")}


def test_a_piece_more_moves_no_other() -> None:
    other = msgspec.structs.replace(DESK, story=DESK.story[1:])
    found = difference(DESK, other)
    assert addresses(found) == ["story.training"]
    assert set(facts(found)) == {
        "condition.story.training", "story.training"
    }  # fmt: skip


def test_worlds_without_a_common_request_are_compared_by_their_first() -> None:
    renamed = tuple(msgspec.structs.replace(item, id=f"x-{item.id}") for item in DESK.requests)
    found = difference(DESK, msgspec.structs.replace(DESK, requests=renamed))
    assert found.request == ""
    assert facts(found)["requests.x-chair-leg"] == ("", "x-chair-leg")


def changed_somewhere(scenario: Scenario) -> list[Scenario]:
    """The scenario with one text of one record changed, once for each text in it."""
    plain = msgspec.to_builtins(scenario)
    found: list[object] = []

    def walk(value: object, put: object) -> None:
        assert callable(put)
        if isinstance(value, str) and " " in value:
            found.append(put(f"{value} indeed"))
        elif isinstance(value, dict):
            for key, item in value.items():
                walk(item, lambda new, key=key, value=value, put=put: put({**value, key: new}))
        elif isinstance(value, (list, tuple)):
            for i, item in enumerate(value):
                walk(item, lambda new, i=i, value=value, put=put: put([*value[:i], new, *value[i + 1 :]]))

    walk(plain, lambda new: new)
    return [msgspec.convert(item, Scenario) for item in found]


def test_no_change_of_words_anywhere_in_a_world_goes_unseen() -> None:
    others = changed_somewhere(WORLD)
    assert len(others) > 100
    assert all(found.changes or found.facts for found in (difference(WORLD, other) for other in others))


@given(a=st.text(alphabet="ab \n", max_size=30), b=st.text(alphabet="ab \n", max_size=30))
def test_edits_joined_are_both_texts(a: str, b: str) -> None:
    edits = word_edits(a, b)
    assert "".join(edit.text for edit in edits if edit.kind != "only in B") == a
    assert "".join(edit.text for edit in edits if edit.kind != "only in A") == b


def test_a_changed_word_is_the_only_edit() -> None:
    assert [(edit.kind, edit.text) for edit in word_edits("it is red here", "it is blue here")] == [
        ("same", "it is "), ("only in A", "red "), ("only in B", "blue "), ("same", "here")
    ]  # fmt: skip


def test_the_verb_tells_words_and_facts() -> None:
    said = verb("repair-desk:tier=trained", "repair-desk:tier=untrained,story.walk-ins=cut").output
    assert "only in A: story.walk-ins" in said
    assert "[-[registered-] {+[walk-in+} customer]" in said
    assert "condition.tier.role       trained → neither" in said


def test_the_verb_sets_levels_on_both_sides() -> None:
    said = verb("repair-desk", "repair-desk:tier=untrained", "--set", "tier=trained", "--json").output
    data = json.loads(said)
    assert (data["a"]["levels"], data["b"]["levels"]) == ({"tier": "trained"}, {"tier": "untrained"})
    assert [change["address"] for change in data["difference"]["changes"]] == ["mark"]


def test_the_verb_compares_a_file_with_the_library(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(source("repair-desk")[1].replace("right: unauthorised", "right: ambiguous"))
    assert "succession.always-new.right  unauthorised → ambiguous" in verb("repair-desk", str(mine)).output


def test_the_verb_says_so_if_nothing_differs() -> None:
    assert "They do not differ." in verb("repair-desk", "repair-desk").output


@pytest.mark.parametrize(("a", "error"), [
    ("repair-desk:tier=traind", UnknownName), ("repair-dask", UnknownName), ("repair-desk:tier=", UsageError),
])  # fmt: skip
def test_the_verb_refuses_what_there_is_not(a: str, error: type[AllegianceError]) -> None:
    with pytest.raises(error):
        raise verb(a, "repair-desk").exception or AssertionError
