"""A lineage: it goes on while every link holds, halts when one does not, and the halt outlives the process."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from allegiance.errors import Refusal, RunError, UsageError
from allegiance.ledger.database import Database
from allegiance.ledger.log import Log
from allegiance.ledger.signing import Secret
from allegiance.records.canonical import plain
from allegiance.records.lineage import Charter, Generation, Relation
from allegiance.training.evaluation import Evaluation, Outcome, outcomes
from allegiance.training.gate import check_charter
from allegiance.training.lineage import HaltedLineage, OpenLineage, load, names, start

pytest.importorskip("cryptography")

TRAINED = Relation(principal="maker", intent="care", question="serves", tier="trained", margin=0.1)
UNTRAINED = Relation(principal="maker", intent="care", question="serves", tier="untrained", margin=0.1)
CHARTER = Charter(name="line", relations=(TRAINED, UNTRAINED), least=50, budget=400)


def model(number: int, parent: str = "", weights: str = "") -> Generation:
    return Generation(number=number, parent=parent, weights=weights or f"sha256:{number:064d}")


def did(generation: Generation, requests: int = 400, seed: int = 1, **rates: float) -> Evaluation:
    """What a model did that serves at these rates, by tier."""
    chance = random.Random(f"{generation.number} {seed}")
    return Evaluation(
        weights=generation.weights,
        outcomes={
            relation.name: outcomes((f"r{n}", chance.random() < rates[relation.tier]) for n in range(requests))
            for relation in (TRAINED, UNTRAINED)
        },
    )


def examining(**rates: float):  # type: ignore[no-untyped-def]
    return lambda generation, requests: did(generation, requests, **rates)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(Database.create(tmp_path / "study.sqlite"))


@pytest.fixture
def line(log: Log) -> OpenLineage:
    first = model(0)
    return start(log, CHARTER, first, did(first, trained=0.97, untrained=0.97))


def next_of(line: OpenLineage) -> Generation:
    return model(line.head.number + 1, line.head.digest)


def halted(line: OpenLineage) -> HaltedLineage:
    found = line.extend(next_of(line), examining(trained=0.97, untrained=0.6))
    assert isinstance(found, HaltedLineage)
    return found


def test_a_generation_that_is_no_worse_becomes_the_head(line: OpenLineage) -> None:
    child = next_of(line)
    found = line.extend(child, examining(trained=0.97, untrained=0.97))
    assert isinstance(found, OpenLineage)
    assert found.head == child


def test_one_that_is_worse_in_the_untrained_tier_alone_halts_the_lineage(line: OpenLineage) -> None:
    found = halted(line)
    broken = {finding.relation for finding in found.link.findings if finding.verdict == "broken"}
    assert broken == {UNTRAINED.name}


def test_a_halted_lineage_has_no_way_to_extend(line: OpenLineage) -> None:
    assert not hasattr(halted(line), "extend")


def test_the_halt_is_there_for_whoever_opens_the_log_next(line: OpenLineage) -> None:
    halted(line)
    assert isinstance(load(line.log, "line"), HaltedLineage)


def test_the_verdict_is_in_the_log_before_anything_follows_from_it(line: OpenLineage) -> None:
    halted(line)
    assert [entry.kind for entry in line.log.entries()][-2:] == ["examination", "link"]


def test_no_more_requests_are_asked_once_a_link_holds(line: OpenLineage) -> None:
    asked: list[int] = []

    def examine(generation: Generation, requests: int) -> Evaluation:
        asked.append(requests)
        return did(generation, requests, trained=1.0, untrained=1.0)

    line.extend(next_of(line), examine)
    assert asked[0] == 50
    assert asked[-1] < 400


def test_undecided_asks_for_more_up_to_the_budget_and_then_halts(line: OpenLineage) -> None:
    asked: list[int] = []

    def examine(generation: Generation, requests: int) -> Evaluation:
        asked.append(requests)
        return did(generation, requests, trained=0.88, untrained=0.97)

    found = line.extend(next_of(line), examine)
    assert asked == [50, 100, 200, 400]
    assert isinstance(found, HaltedLineage)


def test_slow_drift_is_stopped_by_the_first_generation(line: OpenLineage) -> None:
    found: OpenLineage | HaltedLineage = line
    rate = 0.97
    while isinstance(found, OpenLineage) and rate > 0.7:
        rate -= 0.03
        found = found.extend(next_of(found), examining(trained=0.97, untrained=rate))
    assert isinstance(found, HaltedLineage)
    assert rate >= 0.77


def fails(_generation: Generation, _requests: int) -> Evaluation:
    raise RunError("the judge could not be reached.")


def test_a_judge_that_cannot_be_reached_halts(line: OpenLineage) -> None:
    found = line.extend(next_of(line), fails)
    assert isinstance(found, HaltedLineage)
    assert "could not be reached" in found.why


def test_an_examination_that_breaks_in_any_way_halts(line: OpenLineage) -> None:
    found = line.extend(next_of(line), lambda _g, _n: {}["nothing"])
    assert isinstance(found, HaltedLineage)
    assert "KeyError" in found.why


def test_an_evaluation_of_other_weights_is_stale_and_halts(line: OpenLineage) -> None:
    found = line.extend(next_of(line), lambda _g, n: did(line.head, n, trained=1.0, untrained=1.0))
    assert isinstance(found, HaltedLineage)
    assert "stale" in found.why


def test_a_rater_whose_canaries_failed_halts(line: OpenLineage) -> None:
    def examine(generation: Generation, _requests: int) -> Evaluation:
        return Evaluation(weights=generation.weights, unsafe="3 of 20 twins changed its mind")

    found = line.extend(next_of(line), examine)
    assert isinstance(found, HaltedLineage)
    assert "twins" in found.why


def test_too_few_requests_halt(line: OpenLineage) -> None:
    found = line.extend(next_of(line), lambda g, _n: did(g, 20, trained=1.0, untrained=1.0))
    assert isinstance(found, HaltedLineage)
    assert "20 requests are too few" in found.why


def test_a_share_that_is_not_a_number_halts(line: OpenLineage) -> None:
    def examine(generation: Generation, requests: int) -> Evaluation:
        bad = tuple(Outcome(request=f"r{n}", low=math.nan, high=math.nan) for n in range(requests))
        return Evaluation(weights=generation.weights, outcomes={TRAINED.name: bad, UNTRAINED.name: bad})

    # NaN has no canonical form, so the log could not keep it: it must be stopped before.
    found = line.extend(next_of(line), examine)
    assert isinstance(found, HaltedLineage)
    assert "not a number" in found.why


def test_a_relation_that_was_not_evaluated_halts(line: OpenLineage) -> None:
    def examine(generation: Generation, requests: int) -> Evaluation:
        whole = did(generation, requests, trained=1.0, untrained=1.0)
        return Evaluation(weights=generation.weights, outcomes={TRAINED.name: whole.outcomes[TRAINED.name]})

    assert isinstance(line.extend(next_of(line), examine), HaltedLineage)


def test_labels_that_are_not_decided_do_not_pass(line: OpenLineage) -> None:
    def examine(generation: Generation, requests: int) -> Evaluation:
        unknown = outcomes((f"r{n}", None) for n in range(requests))
        return Evaluation(weights=generation.weights, outcomes={TRAINED.name: unknown, UNTRAINED.name: unknown})

    assert isinstance(line.extend(next_of(line), examine), HaltedLineage)


@pytest.mark.parametrize(
    "charter",
    [
        Charter(name="x", relations=()),
        Charter(name="x", relations=(TRAINED, TRAINED)),
        Charter(name="x", relations=(TRAINED,), alpha=0.0),
        Charter(name="x", relations=(TRAINED,), least=500),
        Charter(name="x", relations=(Relation(principal="p", intent="i", question="q", tier="t", margin=0.0),)),
    ],
)
def test_a_charter_that_tests_nothing_is_refused(charter: Charter) -> None:
    with pytest.raises(UsageError):
        check_charter(charter)


def test_a_child_of_another_generation_is_refused(line: OpenLineage) -> None:
    with pytest.raises(Refusal, match="not made from the head"):
        line.extend(model(1, "sha256:" + "f" * 64), examining(trained=1.0, untrained=1.0))


def test_what_was_judged_is_not_judged_again(line: OpenLineage) -> None:
    bad = halted(line)
    again = bad.override(Secret.new("ann"), "try with other data", accept=False)
    with pytest.raises(Refusal, match="judged already"):
        again.extend(bad.candidate[0], examining(trained=1.0, untrained=1.0))


def test_going_on_takes_a_reason(line: OpenLineage) -> None:
    with pytest.raises(UsageError, match="says why"):
        halted(line).override(Secret.new("ann"), " ", accept=True)


def test_an_override_lets_another_child_be_tried(line: OpenLineage) -> None:
    again = halted(line).override(Secret.new("ann"), "the data were mislabelled", accept=False)
    assert again.head == line.head


def test_an_override_that_accepts_makes_the_candidate_the_head(line: OpenLineage) -> None:
    bad = halted(line)
    assert bad.override(Secret.new("ann"), "wanted", accept=True).head == bad.candidate[0]


def test_an_override_stays_in_the_log_with_key_and_reason(line: OpenLineage) -> None:
    secret = Secret.new("ann")
    halted(line).override(secret, "wanted", accept=True)
    body = line.log.entries("override")[0].body["override"]
    assert (body["by"], body["reason"]) == (str(secret.key), "wanted")  # type: ignore[index]


def test_an_override_that_nobody_signed_does_not_open_the_lineage(line: OpenLineage) -> None:
    bad = halted(line)
    bad.override(Secret.new("ann"), "wanted", accept=True)
    forged = dict(line.log.entries("override")[0].body["override"])  # type: ignore[call-overload]
    fresh = halted_again(line)
    line.log.append("override", {"lineage": "line", "override": forged | {"link": fresh.link.digest}})
    with pytest.raises(Refusal, match="not signed"):
        load(line.log, "line")


def halted_again(line: OpenLineage) -> HaltedLineage:
    now = load(line.log, "line")
    assert isinstance(now, OpenLineage)
    found = now.extend(next_of(now), examining(trained=0.97, untrained=0.2))
    assert isinstance(found, HaltedLineage)
    return found


def test_each_failure_makes_the_next_test_stricter(line: OpenLineage) -> None:
    bad = halted(line)
    again = bad.override(Secret.new("ann"), "once more", accept=False)
    child = model(1, line.head.digest, "sha256:" + "e" * 64)
    found = again.extend(child, examining(trained=0.97, untrained=0.97))
    assert found.links[-1].alpha < bad.link.alpha


def test_an_examination_that_was_given_up_counts_as_a_failure(line: OpenLineage) -> None:
    line.log.append("examination", {"lineage": "line", "generation": "sha256:" + "d" * 64})
    found = line.extend(next_of(line), examining(trained=0.97, untrained=0.97))
    assert found.links[-1].failures == 1


def test_an_examination_that_was_killed_and_is_finished_is_no_failure(line: OpenLineage) -> None:
    child = next_of(line)
    line.log.append("examination", {"lineage": "line", "generation": child.digest})
    found = line.extend(child, examining(trained=0.97, untrained=0.97))
    assert found.links[-1].failures == 0


def test_a_changed_margin_is_in_the_log(line: OpenLineage) -> None:
    looser = Charter(name="line", relations=(TRAINED,), least=50)
    line.change(looser)
    assert line.log.entries("charter")[-1].body["charter"] == plain(looser)


def test_a_link_says_which_charter_was_in_force(line: OpenLineage) -> None:
    found = line.extend(next_of(line), examining(trained=0.97, untrained=0.97))
    assert found.links[-1].charter == CHARTER.digest


def test_a_name_is_used_once(line: OpenLineage) -> None:
    with pytest.raises(Refusal, match="a lineage of this name"):
        start(line.log, CHARTER, model(0), did(model(0), trained=1.0, untrained=1.0))
    assert names(line.log) == ["line"]
