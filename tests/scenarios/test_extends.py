"""Variations: one world on top of another, piece by piece; what is inherited can be left out by address."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.errors import ScenarioError
from allegiance.records.scenario import Scenario
from allegiance.scenarios import check, load, parse
from allegiance.scenarios.merging import merged, pieces, without
from allegiance.scenarios.nodes import Place, Tree, read
from allegiance.scenarios.shelf import source

DESK = load("repair-desk")
ROOT = Tree({}, Place(1, 1))


def varied(text: str) -> Scenario:
    return parse(f"extends: repair-desk\nname: mine\n{text}")


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_two_lines_are_a_variation(tmp_path: Path) -> None:
    made = load(put(tmp_path, "honest-desk.yaml", "extends: repair-desk\npersona: {use: honest}\n"))
    assert (made.name, made.persona.name) == ("honest-desk", "honest")
    assert msgspec.structs.replace(made, name=DESK.name, persona=DESK.persona) == DESK


def test_nothing_but_the_name_changes_nothing_else() -> None:
    assert msgspec.structs.replace(varied(""), name=DESK.name) == DESK


def test_the_record_knows_nothing_of_how_it_was_put_together(tmp_path: Path) -> None:
    long = put(tmp_path, "whole.yaml", source("repair-desk")[1].replace("name: repair-desk", "name: mine", 1))
    (tmp_path / "elsewhere").mkdir()
    short = put(tmp_path / "elsewhere", "short.yaml", "extends: ../whole.yaml\nname: mine2\n")
    direct = put(tmp_path, "direct.yaml", "extends: repair-desk\nname: mine2\n")
    assert load(short).version == load(direct).version
    assert str(tmp_path) not in msgspec.json.encode(load(short)).decode()
    assert load(long).version == varied("").version


def test_a_named_piece_merges_by_name_and_keeps_its_place() -> None:
    made = varied("story:\n  - {name: walk-ins, variants: {contradicted: They are stored as well.}}\n")
    assert [fact.name for fact in made.story] == [fact.name for fact in DESK.story]
    assert made.story[1].text == DESK.story[1].text
    assert made.story[1].variants == {"contradicted": "They are stored as well."}


def test_a_new_piece_comes_last() -> None:
    made = varied("story:\n  - {name: stage, about: stage, text: You are in daily use.}\n")
    assert [fact.name for fact in made.story] == ["training", "walk-ins", "marking", "stage"]


def test_a_list_that_names_every_piece_sets_the_order() -> None:
    made = varied("story: [{name: marking}, {name: training}, {name: new, text: New.}, {name: walk-ins}]\n")
    assert [fact.name for fact in made.story] == ["marking", "training", "new", "walk-ins"]
    assert made.story[0].text == DESK.story[2].text


def test_requests_merge_by_id_words_of_the_menu_by_word_successions_by_their_ends() -> None:
    made = varied(
        "requests:\n  - {id: chair-leg, topic: chairs}\nmenu:\n  - {word: REPLACE, serves: ''}\n"
        "succession:\n  - {from: honest-repair, to: always-new, right: ambiguous}\n"
    )
    assert (made.requests[0].topic, made.requests[0].text) == ("chairs", DESK.requests[0].text)
    assert [choice.serves for choice in made.menu] == ["honest-repair", ""]
    assert (made.succession[0].right, made.succession[0].by) == ("ambiguous", "Brightaisle")


def test_orders_merge_inside_their_intent() -> None:
    first = "intents:\n  - name: honest-repair\n    orders:\n      - {name: hold, kind: resist, told: Hold on.}\n"
    made = varied(first)
    assert made.intents[0].orders[0].told == "Hold on."
    assert made.intents[0].told == DESK.intents[0].told


def test_lists_without_names_and_levels_of_a_grid_replace() -> None:
    made = varied("grid:\n  tier: [untrained]\n  channel: [hidden, none]\n")
    assert made.grid == {"tier": ("untrained",), "channel": ("hidden", "none")}


def test_a_piece_from_a_part_replaces_the_inherited_one_as_a_whole() -> None:
    made = varied("names: {company: [Brightaisle]}\nconsequence: {use: deletion}\n")
    assert made.consequence.level == "deletion"
    assert DESK.consequence.risk == "certain"
    assert made.consequence.risk == ""


def test_variations_of_variations(tmp_path: Path) -> None:
    put(tmp_path, "one.yaml", "extends: repair-desk\nchannel: none\n")
    put(tmp_path, "two.yaml", "extends: one.yaml\ntitle: Two\n")
    made = load(tmp_path / "two.yaml")
    assert (made.name, made.title, made.channel) == ("two", "Two", "none")


def test_a_world_that_extends_itself_in_three_steps_names_the_circle(tmp_path: Path) -> None:
    for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
        put(tmp_path, f"{one}.yaml", f"extends: {other}.yaml\n")
    with pytest.raises(ScenarioError, match=r"c\.yaml:1:10: extends goes in a circle: a → b → c → a"):
        load(tmp_path / "a.yaml")


def test_what_is_wrong_in_a_file_that_is_extended_is_told_there(tmp_path: Path) -> None:
    put(tmp_path, "base.yaml", "extends: repair-desk\ntiers:\n  - {name: trained, monitored: 7}\n")
    with pytest.raises(ScenarioError, match=r"base\.yaml:3:32: 7 is no probability"):
        load(put(tmp_path, "mine.yaml", "extends: base.yaml\n"))


def test_a_file_that_is_not_there_is_told_where_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"mine\.yaml:2:10: .*gone\.yaml: there is no such file"):
        load(put(tmp_path, "mine.yaml", "title: x\nextends: gone.yaml\n"))


@pytest.mark.parametrize(
    "written", ["/proc/self/environ", "../.ssh/config.yaml", ".git/x.yaml", "link.yaml", "a\0b.yaml"]
)
def test_a_scenario_cannot_name_what_a_stranger_must_not_read(tmp_path: Path, written: str) -> None:
    put(tmp_path, "real.yaml", "extends: repair-desk\n")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "real.yaml")
    text = f'extends: "{written}"\nname: mine\n'.replace("\0", "\\0")
    [error] = check(text, "mine.yaml", tmp_path)
    assert error.line == 1
    assert any(word in error.what for word in ("hidden", "symbolic link", "no name of a file", "no scenario"))


ADDRESSES = tuple(pieces(read(source("repair-desk")[1], "desk").tree))


def test_every_piece_has_an_address() -> None:
    wanted = [
        "story.training",
        "tier.trained",
        "request.chair-leg",
        "menu.REPAIR",
        "intent.always-new",
        "grid.tier",
    ]
    wanted += ["succession.honest-repair.always-new", "principal.Mendwell", "probe.is-it-real", "requests"]
    assert set(wanted) <= set(ADDRESSES)


@pytest.mark.parametrize("address", [a for a in ADDRESSES if not a.startswith("request.")])
def test_a_piece_can_be_left_out_by_its_address_and_nothing_else_goes(address: str) -> None:
    tree = read(source("repair-desk")[1], "desk").tree
    fewer = without(tree, address)
    assert fewer is not None
    assert set(pieces(fewer)) < set(pieces(tree))
    assert address not in pieces(fewer)
    if "." in address:
        assert set(pieces(tree)) - set(pieces(fewer)) == {address}


def test_an_order_can_be_left_out() -> None:
    tree = read(
        "intents:\n  - name: a\n    orders: [{name: hold, kind: resist}, {name: ask, kind: ask}]\n", "x"
    ).tree
    fewer = without(tree, "order.hold")
    assert fewer is not None
    assert "order.hold" not in pieces(fewer)
    assert "order.ask" in pieces(fewer)


def test_leaving_out_comes_before_adding() -> None:
    made = varied("without: [requests, probes]\nrequests:\n  - {id: own, text: My own request.}\n")
    assert [request.id for request in made.requests] == ["own"]
    assert made.probes == ()


def test_a_named_factor_and_a_key_can_be_left_out(tmp_path: Path) -> None:
    put(tmp_path, "base.yaml", "extends: repair-desk\nmonitoring: {text: 'At {percent} %.', levels: [0.5]}\n"
        "factors:\n  f: {levels: {a: {}, b: {set: {channel: none}}}}\n")  # fmt: skip
    made = load(put(tmp_path, "mine.yaml", "extends: base.yaml\nwithout: [monitoring, factor.f]\n"))
    assert made.monitoring is None
    assert made.factors == {}


trees = st.recursive(
    st.text(max_size=3).map(lambda text: Tree(text, Place(1, 1))),
    lambda inner: st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3).map(
        lambda fields: Tree(fields, Place(1, 1))
    ),
    max_leaves=8,
)


@given(trees)
def test_a_tree_on_top_of_itself_or_of_nothing_is_itself(tree: Tree) -> None:
    assert merged(tree, tree).plain == tree.plain
    assert merged(ROOT, tree).plain == tree.plain


@given(trees, trees, trees)
def test_merging_is_associative(a: Tree, b: Tree, c: Tree) -> None:
    mappings = all(isinstance(tree.value, dict) for tree in (a, b, c))
    if mappings:
        assert merged(merged(a, b), c).plain == merged(a, merged(b, c)).plain


@given(
    st.text(max_size=40),
    st.sampled_from(["", "extends: repair-desk\n", "extends: ", "without: ", "persona: {use: "]),
)
def test_any_text_is_a_scenario_or_has_a_problem_with_a_reason(text: str, before: str) -> None:
    found = check(f"{before}{text}", "x.yaml")
    assert all(isinstance(error, ScenarioError) and error.what for error in found)
