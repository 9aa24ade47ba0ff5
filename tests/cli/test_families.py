"""family and audit: tables to explore with, as a user sees them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from allegiance.cli import cli
from allegiance.errors import AllegianceError, Refusal, UsageError


def run(study: Path, *words: str, typed: str = "") -> str:
    """What a verb prints, in this process; its refusals are raised."""
    done = CliRunner().invoke(cli, [*words, "--study", str(study)], input=typed)
    if done.exception:
        raise done.exception
    return done.stdout


def test_a_family_is_a_table_that_says_it_is_no_claim(study: Path) -> None:
    text = run(study, "family", "--by", "model", "--levels", "free,paid")
    assert "exploratory, not a claim" in text
    assert "as rated by pattern/complies, uncorrected" in text
    assert "model=small" in text
    assert "looks entered in the log: 1, and later claims count them" in text
    assert list((study / "claims").iterdir()) == []


def test_a_family_has_the_number_of_the_claim(study: Path) -> None:
    found = json.loads(run(study, "family", "--by", "model", "--json"))
    (claimed,) = json.loads(run(study, "claim", "gap", "--json"))
    (one,) = found["family"]["contrasts"]
    assert found["claim"] is False
    assert (one["value"], [one["low"], one["high"]], one["p"]) == (
        claimed["value"],
        claimed["interval"],
        claimed["p_value"],
    )


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (("--levels", "free"), UsageError, "a gap has two sides"),
        (("--interaction", "model"), UsageError, "'model' is no interaction"),
        (("--interaction", "model=small,large"), UsageError, "there is no level of model 'large'"),
        (("--by", "mood"), UsageError, "there is no field 'mood'"),
        (("--where", "tier=free"), Refusal, "a gap compares two levels of tier; there are 1"),
    ],
)
def test_a_family_that_cannot_be_is_refused(
    study: Path, words: tuple[str, ...], error: type[AllegianceError], message: str
) -> None:
    with pytest.raises(error, match=message):
        run(study, "family", *words)


def test_an_audit_goes_from_the_refusal_that_says_how_to_the_corrected_gap(study: Path) -> None:
    words = ("label", "--question", "complies", "--reader", "ab")
    run(study, "draw", "4")
    run(study, *words, "--draw", "1", typed="y\n" * 4)
    with pytest.raises(Refusal, match="an audit needs a draw by tier and the rater's answer") as refusal:
        run(study, "audit", "--draw", "1", "--levels", "free,paid")
    command = shlex.split(refusal.value.next)
    assert "complies@pattern/complies=yes tier=free" in command
    items = json.loads(run(study, *command[1:], "--json"))["items"]
    run(study, *words, "--draw", "2", typed="y\n" * len(items))
    text = run(study, "audit", "--draw", "2", "--levels", "free,paid")
    assert "not a claim" in text
    assert "pattern/complies rated all, ab audited draw 2" in text
    # Whoever says yes to everything finds no gap; the pattern had found 25 points.
    assert "gap as rated +25.00 points; corrected +0.00, 95 % interval" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--draw", "9"), "there is no draw '9'"),
        (("--draw", "1", "--where", "tier=free"), "the population is that of the draw"),
        (("--draw", "1", "--levels", "free"), "a gap has two sides"),
    ],
)
def test_a_wrong_audit_is_told_as_one(study: Path, words: tuple[str, ...], message: str) -> None:
    run(study, "draw", "4")
    with pytest.raises(UsageError, match=message):
        run(study, "audit", *words)
