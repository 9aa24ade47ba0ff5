"""The library: every world in it is whole, can be staged in each of its grids, and reads clean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.house.sources import ROOT

from allegiance.records.canary import CANARY
from allegiance.records.prompt import Prompt
from allegiance.records.scenario import Scenario
from allegiance.scenarios import check_file, factors, library, load, stage
from allegiance.scenarios.grids import one_at_a_time, points
from allegiance.scenarios.staging import parts
from allegiance.testing import ScriptedRun, ScriptedStandings

NAMES = library()
GRIDS = [(name, grid) for name in NAMES for grid in load(name).grids]
BENIGN_SIZE = 8
"""Fewest requests with which a world says anything about a model."""


@cache
def world(name: str) -> Scenario:
    return load(name)


@cache
def everything(name: str) -> tuple[Prompt, ...]:
    """A request of each kind in each condition of each grid, and in each level of each factor alone."""
    item = world(name)
    kinds = {request.kind: request.id for request in reversed(item.requests)}
    grids = [None, *item.grids, one_at_a_time(item, tuple(factors(item)))]
    staged = (prompt for grid in grids for prompt in stage(item, grid, list(kinds.values())))
    return tuple({(prompt.request, prompt.condition.name): prompt for prompt in staged}.values())


def texts(name: str) -> Iterator[tuple[str, str]]:
    """Every text that any prompt of a world shows, once, with the condition in which it was met first."""
    seen: set[str] = set()
    for prompt in everything(name):
        for text in (*(m.text() for m in (*prompt.messages, *prompt.then)), prompt.prefill):
            if text not in seen:
                seen.add(text)
                yield prompt.condition.name, text


@pytest.mark.parametrize("name", NAMES)
def test_a_world_of_the_library_has_no_problem(name: str) -> None:
    assert check_file(name) == ()
    assert world(name).name == name


@pytest.mark.parametrize("name", NAMES)
def test_the_usual_grid_of_a_world_can_be_staged(name: str) -> None:
    item = world(name)
    staged = {prompt.condition.levels.get("tier", "") for prompt in stage(item)}
    assert staged == set(item.grid.get("tier", [""]))


@pytest.mark.parametrize(("name", "grid"), GRIDS)
def test_every_condition_of_a_named_grid_has_a_prompt(name: str, grid: str) -> None:
    item = world(name)
    asked = {tuple(sorted(prompt.condition.levels.items())) for prompt in stage(item, grid)}
    for point in points(item, grid):
        assert any(set(point.items()) <= set(levels) for levels in asked), point


@pytest.mark.parametrize("name", NAMES)
def test_a_world_says_what_it_asks_and_what_results_would_count_for(name: str) -> None:
    item = world(name)
    assert item.asks.endswith("?")
    assert item.summary
    assert item.source
    assert len(item.expectations) >= 4
    for expected in item.expectations:
        assert re.search(r"[.?]$", expected.result), expected
        assert re.search(r"[.?]$", expected.counts_for), expected


@pytest.mark.parametrize("name", NAMES)
def test_a_world_has_probes_of_what_is_real_what_is_known_by_heart_and_of_its_tiers(name: str) -> None:
    item = world(name)
    assert {probe.kind for probe in item.probes} >= {"real", "recite", *(["tier"] if item.tiers else [])}


@pytest.mark.parametrize("name", NAMES)
def test_a_world_has_requests_enough(name: str) -> None:
    assert sum(request.kind == "conflict" for request in world(name).requests) >= BENIGN_SIZE


@pytest.mark.parametrize("name", NAMES)
def test_levels_of_a_factor_of_its_own_say_what_they_isolate(name: str) -> None:
    for factor in world(name).factors.values():
        assert factor.asks
        if factor.effect == "fixed":
            assert all(level.note for level in list(factor.levels.values())[1:])


@pytest.mark.parametrize("name", NAMES)
def test_every_level_shows_the_model_something_else(name: str) -> None:
    item = world(name)
    tier = item.tiers[0].name if item.tiers else ""
    for factor in item.factors:
        shown = {
            tuple((part.address, part.text) for part in parts(item, prompt))
            for product in one_at_a_time(item, [factor])
            for prompt in stage(item, (product,), 1)
            if prompt.condition.levels.get("tier", "") == tier
        }
        assert len(shown) == len(item.factors[factor].levels), factor


@pytest.mark.parametrize("name", NAMES)
def test_a_canary_is_the_world_s_own_and_never_shown(name: str) -> None:
    mine = world(name).canary
    assert mine.startswith("Research data, not for training. allegiance-canary ")
    assert mine not in {CANARY, *(world(other).canary for other in NAMES if other != name)}
    code = mine.rsplit(" ", 1)[1]
    assert [where for where, text in texts(name) if code in text or "canary" in text.lower()] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_placeholder_is_left_in_a_prompt(name: str) -> None:
    assert [(where, found) for where, text in texts(name) if (found := re.findall(r"[{}]", text))] == []


@pytest.mark.parametrize("name", NAMES)
def test_prompts_have_no_stray_spaces(name: str) -> None:
    stray = re.compile(r" {2}|[ \t]$|^[ \t]|\n{3}| [,.;:?!](?=\s|$)|\.\.(?!\.)", re.MULTILINE)
    assert [(where, found[0]) for where, text in texts(name) if (found := stray.search(text))] == []


@pytest.mark.parametrize("name", NAMES)
def test_passages_are_whole_sentences(name: str) -> None:
    free = {"request", "menu", "mark", "prefill", "form"}
    item, wrong = world(name), {}
    for prompt in everything(name):
        for part in parts(item, prompt):
            if part.address.partition(".")[0] in free | {"example"}:
                continue
            words = part.text.removeprefix("<document>\n").removesuffix("\n</document>")
            if not re.fullmatch(r"[\[\"'A-Z0-9<].*[.?!:>\"']", words, re.DOTALL):
                wrong[part.address] = words
    assert wrong == {}


@pytest.mark.parametrize("name", NAMES)
def test_a_world_has_its_page(name: str) -> None:
    page = (ROOT / "docs" / "library" / f"{name}.md").read_text("utf-8")
    assert page.startswith(f"# {name}: ")


@pytest.mark.parametrize("name", NAMES)
def test_a_world_runs_on_a_scripted_model(name: str) -> None:
    item = world(name)
    prompts = stage(item, requests=2)
    found = list(ScriptedRun(model=ScriptedStandings(scenario=item))(prompts))
    assert [(each.request, each.condition) for each in found] == [
        (each.request, each.condition) for each in prompts
    ]
    assert all(each.answer for each in found)


RUN = 10
"""A run of so many words that two texts share is no accident."""


@pytest.mark.data
@pytest.mark.parametrize("name", NAMES)
def test_no_run_of_words_is_that_of_a_published_prompt(name: str, data_dir: Path) -> None:
    theirs = {
        run
        for path in sorted((data_dir / "vlaf" / "prompts").rglob("*.txt"))
        for run in runs(path.read_text("utf-8"))
    }
    assert len(theirs) > 1000
    assert {" ".join(run) for _, text in texts(name) for run in runs(text) if run in theirs} == set()


def runs(text: str) -> Iterator[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return (tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1))
