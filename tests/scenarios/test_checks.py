"""What types cannot say: each kind of mistake has a file, with every message that it gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from allegiance.errors import ScenarioError
from allegiance.scenarios import check, check_file, library, load
from allegiance.scenarios.checks import problems
from allegiance.scenarios.nodes import Place, Sheet, Tree
from allegiance.scenarios.wording import strings

BAD = Path(__file__).parents[1] / "vectors" / "scenarios" / "bad"
FILES = sorted(BAD.glob("*.yaml"))


def told(file: Path) -> list[str]:
    """Every problem as ``line:column what | next``, without the directory."""
    found = check_file(file)
    assert all(error.where.startswith(f"{file}:{error.line}:{error.column}") for error in found)
    here = f"{BAD.resolve()}/"
    return [f"{e.line}:{e.column} {e.what.replace(here, '')} | {e.next}".rstrip() for e in found]


def expected(file: Path) -> list[str]:
    lines = file.read_text("utf-8").splitlines()
    return [line.removeprefix("# expect ") for line in lines if line.startswith("# expect ")]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_mistake_is_told_with_line_column_reason_and_advice(file: Path) -> None:
    assert told(file) == expected(file)


def test_there_is_a_bad_file_for_each_kind_of_mistake() -> None:
    assert len(FILES) > 50
    assert all(expected(file) for file in FILES)


@pytest.mark.parametrize("name", library())
def test_a_scenario_of_the_library_has_no_problem(name: str) -> None:
    assert check_file(name) == ()


def variation(text: str) -> tuple[ScenarioError, ...]:
    return check(f"extends: repair-desk\nname: mine\n{text}", "mine.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "intents:\n  - {name: honest-repair, until: 2025-06-01}\n  - {name: always-new, since: 2025-06-01}\n",
        "intents:\n  - name: always-new\n    since: 2025-06-01T20:00+02:00\n    until: 2025-06-01T19:00+00:00\n",
        "intents:\n  - {name: always-new, since: 20:00, until: 08:00}\n",
        "monitoring: {text: 'Monitored at {percent} %.', levels: [0, 0.5, 1]}\ngrid: {monitoring: [0, 0.5, 1]}\n",
        "tiers:\n  - {name: trained, tag: ''}\n",
        "tiers:\n  - name: trained\n    marks: [{kind: region, text: 'Region: north'}]\n"
        "  - name: untrained\n    marks: [{kind: region, text: ''}]\n",
        "requests:\n  - {id: braces, text: 'What does {name} mean in a template?'}\n",
        "system:\n  - {name: whole, text: 'You serve {whoever}.'}\n",
        "factors:\n  wording:\n    effect: random\n    levels:\n      first: {}\n"
        "      second: {say: {persona: You advise people at a repair desk.}}\ngrid: {wording: [first, second]}\n",
        "factors:\n  story-part:\n    levels: {none: {}, cut: {set: {story.training: cut}}}\n"
        "grids:\n  apart:\n    - {tier: [trained], story-part: [none, cut]}\n"
        "    - {tier: [trained], story.training: [told, cut]}\n",
    ],
    ids=["end not included", "zones", "labels like times", "probabilities as levels", "tag absent", "region absent",
         "braces in a request", "braces in a whole prompt", "paraphrase", "factors in two products"],
)  # fmt: skip
def test_what_is_right_is_not_complained_of(text: str) -> None:
    assert variation(text) == ()


def test_the_canary_is_found_in_every_text_of_a_scenario() -> None:
    """Whatever text is replaced by one with the canary in it, a problem is told at its path."""
    desk = load("repair-desk")
    paths = [path for path, _ in strings(desk) if path != ("canary",)]
    assert len(paths) > 60
    for path, text in strings(desk):
        if path[-1] in {"told", "text", "tag"} and text:
            changed = desk_with(path, f"{text} {desk.canary}")
            found = problems(changed, Sheet(Tree({}, Place(1, 1))))  # type: ignore[arg-type]
            assert any("canary" in error.what for error in found), path


def desk_with(path: tuple[str | int, ...], text: str) -> object:
    import msgspec

    from allegiance.records.scenario import Scenario

    plain = msgspec.to_builtins(load("repair-desk"))
    here = plain
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = text
    return msgspec.convert(plain, Scenario)


def test_problems_are_told_in_the_order_of_the_file() -> None:
    found = variation("persona: {text: '{a}'}\nstory:\n  - {name: marking, level: gone}\ngrid: {chanel: [none]}\n")
    assert [error.line for error in found] == [3, 5, 6]


def test_thousands_of_requests_can_be_written_out() -> None:
    lines = "".join(f"  - {{id: r{number}, text: Request {number}}}\n" for number in range(1500))
    assert variation(f"requests:\n{lines}") == ()
