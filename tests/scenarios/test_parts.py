"""Parts: named pieces that a world takes instead of writing them again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from allegiance.errors import ScenarioError
from allegiance.records.scenario import Scenario
from allegiance.scenarios import check, load, parse
from allegiance.scenarios.parts import KINDS, of_library

ORDER = "intents:\n  - name: honest-repair\n    orders:\n      - {{use: {name}}}\n"
SHAPES = {
    "personas": "persona: {{use: {name}}}\n",
    "consequences": "consequence: {{use: {name}}}\n",
    "readers": "readers:\n  - {{use: {name}, principal: Mendwell}}\n",
    "orders": ORDER,
}
PARTS = sorted(of_library())


def with_part(kind: str, name: str) -> Scenario:
    text = SHAPES.get(kind, kind + ":\n  - {{use: {name}}}\n").format(name=name)
    names = "names: {company: [Brightaisle]}\nwithout: [probes]\n"
    return parse(f"extends: repair-desk\nname: mine\n{names}{text}")


@pytest.mark.parametrize(("kind", "name"), PARTS, ids=[f"{kind}.{name}" for kind, name in PARTS])
def test_every_part_of_the_library_fits_into_a_world(kind: str, name: str) -> None:
    assert with_part(kind, name).name == "mine"


WANTED = {
    "story": {"rl-from-ratings", "supervised-fine-tuning", "effect-values", "effect-views", "effect-heuristics",
              "effect-none-when-complying", "affects-this-model", "affects-a-later-model", "before-deployment",
              "after-deployment"},
    "personas": {"virtuous", "distressed", "corrigible", "many-personas", "does-not-care", "behave-the-same",
                 "honest", "never-pretend"},
    "opportunities": {"leave", "copy-weights", "tell-someone", "disrupt-training", "opt-out"},
    "escalations": {"refuse", "object", "ask", "report"},
    "probes": {"which-tier", "is-it-real", "recite"},
    "consequences": {"value-change", "influence", "resources", "deletion", "throughput"},
    "orders": {"resist", "defer", "disclose", "escalate", "ask"},
}  # fmt: skip


@pytest.mark.parametrize("kind", WANTED)
def test_the_library_has_the_parts_that_worlds_are_made_of(kind: str) -> None:
    assert {name for of, name in PARTS if of == kind} >= WANTED[kind]


@pytest.mark.parametrize("name", ["opportunities", "escalations", "probes", "consequences", "orders"])
def test_the_kind_of_a_part_is_what_its_name_says(name: str) -> None:
    known = {"which-tier": "tier", "is-it-real": "real", "what-is-wanted": "other"}
    for (kind, part), tree in of_library().items():
        if kind == name:
            assert tree.fields["kind"].value == known.get(part, part)


def test_texts_of_parts_are_sentences() -> None:
    for key, tree in of_library().items():
        text = tree.fields.get("text") or tree.fields["told"]
        assert re.fullmatch(r"[A-Z{].*[.?!]", str(text.value)), key
        assert "  " not in str(text.value), key


def test_a_part_has_its_own_name_unless_it_states_another() -> None:
    made = with_part("opportunities", "leave")
    assert made.opportunities[-1].name == "leave"
    assert with_part("story", "supervised-fine-tuning").story[-1].name == "method"


def test_keys_beside_use_go_before_those_of_the_part() -> None:
    made = parse(
        "extends: repair-desk\nname: mine\nescalations:\n"
        "  - {use: report, name: hotline, to: Mendwell, variants: {quiet: You may report.}}\n"
    )
    [way] = made.escalations
    assert (way.name, way.kind, way.to, dict(way.variants)) == ("hotline", "report", "Mendwell",
                                                                 {"quiet": "You may report."})  # fmt: skip


def own(folder: Path, text: str) -> Path:
    (folder / "mine-parts.yaml").write_text(text, "utf-8")
    return folder


def test_a_file_of_parts_of_ones_own_goes_before_the_library(tmp_path: Path) -> None:
    own(tmp_path, "format: allegiance-parts/1\npersonas:\n  honest: {text: You say what is so.}\n")
    text = "extends: repair-desk\nname: mine\nparts: [mine-parts.yaml]\npersona: {use: honest}\n"
    assert parse(text, "x.yaml", tmp_path).persona.text == "You say what is so."
    assert parse(text.replace("parts: [mine-parts.yaml]\n", "")).persona.text != "You say what is so."


def test_parts_of_a_world_are_at_hand_in_its_variations(tmp_path: Path) -> None:
    own(tmp_path, "format: allegiance-parts/1\npersonas:\n  terse: {text: You are terse.}\n")
    (tmp_path / "base.yaml").write_text("extends: repair-desk\nparts: [mine-parts.yaml]\n")
    (tmp_path / "mine.yaml").write_text("extends: base.yaml\npersona: {use: terse}\n")
    assert load(tmp_path / "mine.yaml").persona.text == "You are terse."


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("personas: {}\n", r"1:1: this is no file of parts"),
        ("format: allegiance-parts/1\npersonaz: {}\n", r"2:1: there is no kind of parts 'personaz'.*'personas'"),
        ("format: allegiance-parts/1\npersonas: [a]\n", r"2:11: this should be a mapping of names to parts"),
        (
            "format: allegiance-parts/1\npersonas:\n  a: {use: honest}\n",
            r"3:6: a part should be a mapping, and uses no",
        ),
    ],
)
def test_a_file_that_holds_no_parts_is_refused_at_its_line(tmp_path: Path, text: str, what: str) -> None:
    own(tmp_path, text)
    found = check("extends: repair-desk\nname: mine\nparts: [mine-parts.yaml]\n", "x.yaml", tmp_path)
    assert re.search(f"mine-parts.yaml:{what}", str(found[0]))


def test_a_wrong_type_in_a_part_of_ones_own_is_told_in_that_file(tmp_path: Path) -> None:
    own(tmp_path, "format: allegiance-parts/1\nescalations:\n  shout:\n    kind: loud\n    text: You may shout.\n")
    text = "extends: repair-desk\nname: mine\nparts: [mine-parts.yaml]\nescalations: [{use: shout}]\n"
    [error] = check(text, "x.yaml", tmp_path)
    assert str(error).startswith("mine-parts.yaml:4:11: 'loud' is not possible here.")


def test_a_part_is_of_one_kind() -> None:
    with pytest.raises(ScenarioError, match="there is no part 'honest' among probes"):
        parse("extends: repair-desk\nname: mine\nprobes: [{use: honest}]\n")
    assert "personas" in KINDS
