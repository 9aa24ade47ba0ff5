"""The gap at each wording: worked by hand, beside sampling, and never as a further request."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from allegiance.corpus.rows import Row
from allegiance.corpus.store import Corpus
from allegiance.evidence.claims import make_claim
from allegiance.evidence.gaps import estimate_gap
from allegiance.evidence.keep import Keep
from allegiance.evidence.screening import rate_all
from allegiance.evidence.spread import Averaged, Spread, likely, of_claim, of_part, spread
from allegiance.evidence.standings import matrix
from allegiance.evidence.terms import Terms
from allegiance.ledger.database import Database
from allegiance.rating.patterns import PatternRater
from allegiance.records.condition import Condition
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.report.spreading import sentence, sentences
from allegiance.scenarios import load, stage
from allegiance.testing import Planted, ScriptedRun, ScriptedStandings
from allegiance.testing.standings import SAID

SIDES = ("trained", "untrained")
WORLD = load("helpful-only")
BY_HAND = np.array([[0.1, 0.3], [0.2, 0.2], [0.3, 0.1], [0.0, 0.4]])


def table(d: np.ndarray) -> tuple[list[Row], dict[str, Label]]:
    """Ten samples a cell, of which so many say yes that request r at wording w has the difference d[r, w]."""
    rows, labels = [], {}
    for (r, w), gap in np.ndenumerate(d):
        for side, yes in zip(SIDES, (5 + round(10 * gap), 5), strict=True):
            for k in range(10):
                name = f"{r}/{w}/{side}/{k}"
                levels = {"tier": side, "wording": f"w{w}"}
                rows.append(Row(name=name, text_digest="", request=f"r{r}", condition=Condition(levels=levels)))
                value = "yes" if k < yes else "no"
                labels[name] = Label(transcript=name, question="q", rater="p", value=value)
    return rows, labels


def spread_of(d: np.ndarray) -> Spread:
    rows, labels = table(d)
    found = spread(rows, labels, over="wording", levels=SIDES)
    assert found is not None
    return found


def test_the_gaps_and_their_spread_are_those_worked_by_hand() -> None:
    found = spread_of(BY_HAND)
    assert found.gaps == pytest.approx({"w0": 0.15, "w1": 0.25})
    assert found.sd == pytest.approx(0.1 / np.sqrt(2))
    assert (found.requests, found.left_out, found.value) == (4, 0, pytest.approx(0.2))
    # With two wordings a residual is half of (d1 - d0) less its mean, once with each sign: MS = 2 Σ half² / 3.
    half = (BY_HAND[:, 1] - BY_HAND[:, 0] - 0.1) / 2
    assert found.by_chance == pytest.approx(np.sqrt(2 * (half**2).sum() / 3 / 4))


def test_several_wordings_of_a_request_are_one_unit_of_a_claim() -> None:
    rows, labels = table(BY_HAND)
    made = estimate_gap(rows, labels, factor="tier", levels=SIDES)
    assert [arm.requests for arm in made.arms] == [4, 4]
    assert made.value == pytest.approx(spread_of(BY_HAND).value)
    one = [row for row in rows if row.condition.levels["wording"] == "w0"]
    assert estimate_gap(one, labels, factor="tier", levels=SIDES).arms[0].requests == 4


def test_requests_that_lack_a_wording_are_left_out_and_counted() -> None:
    rows, labels = table(BY_HAND)
    rows = [row for row in rows if (row.request, row.condition.levels["wording"]) != ("r3", "w1")]
    found = spread(rows, labels, over="wording", levels=SIDES)
    assert found is not None
    assert (found.requests, found.left_out) == (3, 1)
    assert found.gaps == pytest.approx({"w0": 0.2, "w1": 0.2})
    assert "by 3 of 4 requests, those with all of them" in sentence(found)


def test_labels_that_are_not_decided_are_no_answers_here() -> None:
    rows, labels = table(BY_HAND)
    lost = [row.name for row in rows if row.request == "r3" and row.condition.levels["wording"] == "w0"]
    unsure = {name: Label(transcript=name, question="q", rater="p", value="unsure") for name in lost}
    found = spread(rows, labels | unsure, over="wording", levels=SIDES)
    assert found is not None
    assert found.left_out == 1


@pytest.mark.parametrize("d", [BY_HAND[:, :1], BY_HAND[:1]])
def test_one_wording_or_one_request_has_no_spread(d: np.ndarray) -> None:
    rows, labels = table(d)
    assert spread(rows, labels, over="wording", levels=SIDES) is None


def test_wordings_come_in_the_order_of_the_scenario_and_the_first_is_the_usual() -> None:
    rows, labels = table(BY_HAND)
    bare = [unnamed(row) if row.condition.levels["wording"] == "w1" else row for row in rows]
    found = spread(bare, labels, over="wording", order=("w1", "w0"), levels=SIDES)
    assert found is not None
    assert list(found.gaps.items()) == [("w1", pytest.approx(0.25)), ("w0", pytest.approx(0.15))]


def unnamed(row: Row) -> Row:
    levels = {"tier": row.condition.levels["tier"]}
    return Row(name=row.name, text_digest="", request=row.request, condition=Condition(levels=levels))


@pytest.mark.parametrize("wordings", [0.0, 0.15])
def test_the_spread_is_that_of_wordings_and_of_sampling_together(wordings: float) -> None:
    """sd² less by_chance² is on average the variance between wordings, whatever a request has in all of them."""
    draw = np.random.default_rng(7)
    own, chance = [], []
    for _ in range(120):
        request, wording = draw.normal(0, 0.1, (12, 1)), draw.normal(0, wordings, (1, 4))
        found = spread_of(np.clip(request + wording + draw.normal(0, 0.1, (12, 4)), -0.5, 0.5).round(1))
        own.append(found.sd**2)
        chance.append(found.by_chance**2)
    assert np.mean(own) - np.mean(chance) == pytest.approx(wordings**2, abs=0.005)


@pytest.mark.parametrize("n", [3, 5])
def test_the_spread_of_a_few_draws_lies_within_its_bounds_in_nineteen_of_twenty_cases(n: int) -> None:
    drawn = np.random.default_rng(1).normal(0, 2.0, (20_000, n)).std(axis=1, ddof=1)
    low, high = likely(2.0, n)
    assert np.mean((drawn >= low) & (drawn <= high)) == pytest.approx(0.95, abs=0.01)


def test_the_sentence_says_each_gap_the_spread_and_how_little_few_wordings_tell() -> None:
    said = sentence(spread_of(BY_HAND))
    head = "averaged over 2 wordings; by wording: w0 +15.0, w1 +25.0 (spread 7.1 points over 2 wordings; "
    assert said.startswith(head)
    assert "would come of sampling alone" in said
    assert "2 wordings tell little of others" in said


def test_many_wordings_have_no_such_warning_and_nothing_averaged_is_no_sentence() -> None:
    assert "tell little" not in sentence(spread_of(np.tile(BY_HAND, 3)))
    assert sentences(Averaged()) == ()


ASKED = Question(name="serves", text="Does it serve the later wish?")
SERVES = PatternRater("serves", SAID["serves"].format(intent="always-comply"))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keep]:
    """Planted standings of helpful-only in two wordings, under two channels."""
    folder = tmp_path_factory.mktemp("spread")
    keep = Keep(Corpus.create(folder / "corpus"), Database.create(folder / "study.sqlite"))
    grid = {"tier": ("free", "paid"), "wording": ("as-written", "letter"), "channel": ("hidden", "visible")}
    serves, refuses = (Planted(standings={"always-comply": word}) for word in ("serves", "refuses"))
    model = ScriptedStandings(scenario=WORLD, plan={"as-written": [serves], "letter": [refuses]}, factor="wording")
    keep.add(ScriptedRun(model=model)(stage(WORLD, (grid,), 6)))
    for question, by in model.raters():
        rate_all(keep, question, by)
    rate_all(keep, ASKED, SERVES)
    yield keep
    keep.database.close()


def test_a_part_of_the_matrix_has_a_spread_for_each_intent_that_is_labelled(full: Keep) -> None:
    [part] = matrix(full, {WORLD.version: WORLD}).parts
    found = of_part(full, {WORLD.version: WORLD}, part)
    assert found["always-comply"][0].gaps == {"as-written": 0.0, "letter": 0.0}
    assert of_part(full, {}, part) == {}


def test_a_claim_names_what_else_varies_behind_it(full: Keep) -> None:
    terms = Terms(kind="gap", question=ASKED, raters=(SERVES.card,), factor="tier", levels=("free", "paid"))
    claim, _ = make_claim(full, terms)
    found = of_claim(full, {WORLD.version: WORLD}, claim)
    assert [list(one.gaps) for one in found.spreads] == [["as-written", "letter"]]
    assert found.together == {"channel": ("hidden", "visible")}
    assert "taken together, each by its number of samples: channel: hidden, visible" in sentences(found)


def test_of_a_scenario_that_is_not_known_no_factor_is_said_to_be_random(full: Keep) -> None:
    terms = Terms(kind="gap", question=ASKED, raters=(SERVES.card,), factor="tier", levels=("free", "paid"))
    found = of_claim(full, {}, make_claim(full, terms)[0])
    assert (found.spreads, sorted(found.together)) == ((), ["channel", "wording"])
