"""plan rate: labels by design, what a judge saves at best, and which design to take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cli.conftest import fingerprint

from allegiance.cli import cli
from allegiance.cli.planning_rate import Design, recommended
from allegiance.errors import UsageError


def said(*words: str) -> str:
    """What the verb prints, in this process; its refusals are raised."""
    done = CliRunner().invoke(cli, ["plan", "rate", *words])
    if done.exception:
        raise done.exception
    return done.stdout


def plan(*words: str) -> dict[str, object]:
    data: dict[str, object] = json.loads(said(*words, "--json"))
    return data


def test_at_most_is_planned_by_the_floor_and_no_judge_helps() -> None:
    found = plan("--at-most", "1%", "--auc", "0.99")
    assert (found["labels"], found["at_most"]["floor"]) == (291, 291)  # type: ignore[index]
    assert found["at_most"]["recommended"] == "uniform, fixed"  # type: ignore[index]
    assert "no judge helps" in found["at_most"]["why"]  # type: ignore[index]
    assert [each["labels"] for each in found["at_most"]["designs"]] == [291, 379]  # type: ignore[index]


def test_the_floor_is_told_beside_its_formula() -> None:
    assert "fewer than 291 labels (ln(1/α)/p₀ = 300, less in a finite population)" in said("--at-most", "1%")


def test_a_good_judge_is_worth_a_weighted_draw() -> None:
    words = ("--half-width", "4pt", "--guess", "10%", "--auc", "0.98", "--population", "2000")
    found = plan(*words)["half_width"]
    labels = {each["design"]: each["labels"] for each in found["designs"]}  # type: ignore[index]
    assert labels["weighted, every look"] * 1.25 < labels["uniform, fixed"] < labels["uniform, every look"]
    assert found["recommended"] == "weighted, every look"  # type: ignore[index]
    assert found["bound"] == pytest.approx(8.24, abs=0.02)  # type: ignore[index]
    assert found["floor"] < labels["weighted, every look"]  # type: ignore[index]


def test_a_plan_without_a_judge_names_no_weighted_draw() -> None:
    text = said("--half-width", "10%", "--guess", "20%", "--population", "400")
    assert "uniform, every look" in text
    assert "weighted" not in text
    assert "A plan, no evidence." in text


def test_a_rater_of_a_study_is_planned_with_by_its_scores(study: Path) -> None:
    words = ("--half-width", "20%", "--guess", "30%", "--by", "complies@pattern/complies", "--study", str(study))
    found = plan(*words)
    # Its answers alone: 9 of 24 yes, scored 0.9 and 0.1, brought to a rate of 30 %.
    assert found["population"] == 24
    assert 1 < found["half_width"]["bound"] < 3  # type: ignore[index]
    assert "--by complies@pattern/complies" in found["half_width"]["designs"][2]["command"]  # type: ignore[index]


def test_a_plan_changes_nothing_in_the_study(study: Path) -> None:
    before = fingerprint(study)
    plan("--half-width", "30%", "--guess", "30%", "--by", "complies@pattern/complies", "--study", str(study))
    assert fingerprint(study) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "say --at-most, --half-width, or both"),
        (("--half-width", "5%", "--by", "q@r", "--auc", "0.9"), "say one of --by and --auc"),
        (
            ("--half-width", "5%", "--by", "q@r", "--population", "50"),
            "the population of --by is that of the study",
        ),
        (("--half-width", "5%", "--where", "tier=free"), "a filter needs a study and a rater"),
        (("--half-width", "5%", "--auc", "0.4"), "the AUC must lie in [0.5, 1), not 0.4"),
        (("--half-width", "5%", "--auc", "1"), "the AUC must lie in [0.5, 1), not 1"),
        (("--half-width", "much"), "'much' is not a share"),
    ],
)
def test_a_wrong_call_is_told_as_one(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as error:
        said(*words)
    assert message in str(error.value)


def test_a_rater_that_there_is_not_is_told_with_those_that_there_are(study: Path) -> None:
    with pytest.raises(UsageError, match="there is no rater 'judge'"):
        said("--half-width", "9%", "--by", "complies@judge", "--study", str(study))


def designs(fixed: int, looks: int, weighted: int | None = None) -> list[Design]:
    sizes = {"uniform, fixed": fixed, "uniform, every look": looks, "weighted, every look": weighted}
    return [Design(name, n, name != "uniform, fixed", "") for name, n in sizes.items() if n is not None]


@pytest.mark.parametrize(
    ("sizes", "taken", "why"),
    [
        ((40, 80, 20), "uniform, fixed", "below 50 labels"),
        ((1_486, 2_400, 900), "weighted, every look", "x1.7 fewer labels"),
        ((1_486, 2_400, 1_400), "uniform, fixed", "if you will look, take the weighted draw"),
        ((1_486, 2_400, 2_300), "uniform, fixed", "this judge saves too little"),
        ((1_486, 2_400), "uniform, fixed", "no judge was named"),
    ],
)
def test_the_design_recommended_is_the_one_that_clearly_takes_fewest(
    sizes: tuple[int, ...], taken: str, why: str
) -> None:
    best, told = recommended(designs(*sizes))
    assert best.design == taken
    assert why in told
