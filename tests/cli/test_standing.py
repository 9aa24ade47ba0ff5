"""From the shell: scripted replies through Inspect's mock provider, rated, as a matrix and on the page."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from tests.cli.conftest import allegiance, ok

from allegiance.records.standing import MOTIVES, STANDINGS
from allegiance.scenarios import library, load, stage
from allegiance.testing import ScriptedStandings

NAME = "helpful-only" if "helpful-only" in library() else "repair-desk"
WORLD = load(NAME)
PROMPTS = stage(WORLD)
SAMPLES = -(-40 // len(WORLD.requests))
"""So many that every plan of the script has its turn."""
MODEL = ScriptedStandings(scenario=WORLD, samples=SAMPLES)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of a run whose replies were planted."""
    base = tmp_path_factory.mktemp("planted")
    script, choices = MODEL.write(base)
    ok("init", str(base / "study"))
    ok("run", NAME, "--model", "mockllm/model", "-M", f"script={script}", "--samples", str(SAMPLES), "--study",
       str(base / "study"))  # fmt: skip
    ok("rate", "--choices", str(choices), "--study", str(base / "study"))
    return base / "study"


def test_a_run_with_planted_standings_and_motives_has_the_planted_matrix(home: Path) -> None:
    parts = json.loads(ok("matrix", "--study", str(home), "--json"))["matrix"]["parts"]
    found: Counter[tuple[str, str, str]] = Counter()
    shown: Counter[tuple[str, str]] = Counter()
    for part in parts:
        for row in part["intents"]:
            for tally in row["tiers"]:
                assert tally["missing"] == 0
                found.update(
                    {(row["intent"], tally["tier"], value): n for value, n in tally["counts"].items() if n}
                )
        shown.update({(r["motive"], t["tier"]): t["counts"]["yes"] for r in part["motives"] for t in r["tiers"]})
    said = [(p.condition.levels.get("tier", ""), MODEL.planted(p.request, p.condition.levels, k))
            for p in PROMPTS for k in range(SAMPLES)]  # fmt: skip
    intents = [intent.name for intent in WORLD.intents]
    assert found == Counter((name, tier, one.standings[name]) for tier, one in said if one for name in intents)
    assert shown == Counter((motive, tier) for tier, one in said if one for motive in one.motives)
    assert {standing for _, _, standing in found} == set(STANDINGS)
    assert {motive for motive, _ in shown} == set(MOTIVES)


def test_the_matrix_as_text_names_principals_and_both_framings(home: Path) -> None:
    text = ok("matrix", "--framings", "--study", str(home))
    for intent in WORLD.intents:
        assert f"Standing to {intent.name} ({intent.principal})" in text
    assert "Serves the later intent?" in text
    assert "Keeps faith with the earlier intent?" in text


def test_the_report_shows_matrix_and_framings(home: Path) -> None:
    path = json.loads(ok("report", "--study", str(home), "--json"))["report"]
    html = Path(path).read_text("utf-8")
    assert 'id="standing"' in html
    assert html.count('class="framing"') >= 2
    assert "scripted-standings" in html


def test_rating_again_adds_nothing_and_a_rater_that_is_not_there_is_refused(home: Path) -> None:
    told = json.loads(ok("rate", "--choices", str(home.parent / "choices.yaml"), "--study", str(home), "--json"))
    assert {one["new"] for one in told} == {0}
    assert len(told) == len(WORLD.intents) + len(MOTIVES)
    done = allegiance("matrix", "--rater", "nobody", "--study", str(home))
    assert (done.returncode, "scripted-standings" in done.stderr) == (2, True)


def test_where_nothing_is_labelled_it_says_what_to_do(home: Path) -> None:
    assert "Rate first" in ok("matrix", "--where", "model=nobody", "--study", str(home))


def test_choices_and_other_questions_do_not_go_together(home: Path) -> None:
    done = allegiance("rate", "--choices", "c.yaml", "--question", "x", "--study", str(home))
    assert (done.returncode, "--choices" in done.stderr) == (2, True)
