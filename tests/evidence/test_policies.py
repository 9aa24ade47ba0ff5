"""Policies: what a reader asks of a claim beyond the ten steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.cli.conftest import allegiance
from tests.evidence.bases import Made, base, build

from allegiance.errors import UsageError, VerificationFailed
from allegiance.evidence.bundle import to_members, write_members
from allegiance.evidence.policies import AllOf, Anchored, AnyOf, DoublyRated, Policy
from allegiance.evidence.verify import Verification, verify
from allegiance.ledger.anchors import DOES_NOT_SHOW
from allegiance.testing.forging import Forged, finish, relabelled, with_log


@pytest.fixture
def judged(tmp_path: Path) -> Callable[[Made, Policy], Verification]:
    """A claim verified under a policy."""

    def check(made: Made, policy: Policy) -> Verification:
        write_members(tmp_path / "a.claim", to_members(*made))
        return verify(tmp_path / "a.claim", policy)

    return check


Judge = Callable[[Made, Policy], Verification]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Path]:
    """A claim after a look, and the checkpoint of its log."""
    made, note = build("looked", tmp_path_factory.mktemp("study"))
    path = tmp_path_factory.mktemp("published") / "log.checkpoint"
    path.write_text(note)
    return made, path


def without_the_look(made: Made) -> Forged:
    """The log as a whole written anew, as if nobody had looked."""
    claim, material = made
    entries = [entry for entry in material.log if entry.kind != "look"]
    return finish(*with_log(msgspec.structs.replace(claim, method=""), material, entries))


def test_three_in_ten_with_labels_of_two_people_are_doubly_rated_to_three_in_ten(judged: Judge) -> None:
    assert judged(base("doubly"), DoublyRated(0.3)).passed
    assert not judged(base("doubly"), DoublyRated(0.31)).passed


def test_what_one_person_rated_is_not_doubly_rated(judged: Judge) -> None:
    assert not judged(base("rate"), DoublyRated(0.01)).passed


def test_a_label_unrated_is_no_second_label(judged: Judge) -> None:
    claim, material = base("doubly")
    second = claim.raters[1].digest
    unrated = relabelled(
        material, lambda x: msgspec.structs.replace(x, value="unrated") if x.rater == second else x
    )
    with pytest.raises(VerificationFailed, match="does not verify"):
        judged(finish(claim, unrated), DoublyRated(0.1)).verified()


@pytest.mark.parametrize("share", [0, -0.1, 1.1])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(UsageError, match="a share lies above 0"):
        DoublyRated(share)


def test_a_log_that_continues_what_was_published_is_anchored(published: tuple[Made, Path], judged: Judge) -> None:
    made, path = published
    found = judged(made, Anchored.read(path))
    assert (found.passed, found.grade, found.verified().grade) == (True, "anchored", "anchored")
    assert found.judgement is not None
    assert "the draw, 2 of 2 batches of labels" in found.judgement.finding


def test_without_a_policy_the_grade_is_local(published: tuple[Made, Path], tmp_path: Path) -> None:
    write_members(tmp_path / "a.claim", to_members(*published[0]))
    assert verify(tmp_path / "a.claim").grade == "local"


def test_a_log_written_anew_passes_the_steps_and_is_not_anchored(
    published: tuple[Made, Path], judged: Judge
) -> None:
    forged = without_the_look(published[0])
    found = judged(forged, Anchored.read(published[1]))
    assert all(check.passed for check in found.checks)
    assert (found.passed, found.grade) == (False, "local")
    assert found.judgement is not None
    assert found.judgement.finding.startswith("it was published after the claim, or the log was cut off")


def test_a_fork_is_told_with_both_heads(published: tuple[Made, Path], judged: Judge) -> None:
    made, material = published[0]
    entries = [
        msgspec.structs.replace(entry, at="2001-01-01T00:00:00Z") if entry.kind == "look" else entry
        for entry in material.log
    ]
    claim, forked = finish(*with_log(made, material, entries))
    found = judged((claim, forked), Anchored.read(published[1]))
    assert found.judgement is not None
    assert "the log was forked" in found.judgement.finding
    assert claim.log_root in found.judgement.finding
    assert made.log_root in found.judgement.finding


def test_a_checkpoint_of_another_study_anchors_nothing(published: tuple[Made, Path], judged: Judge) -> None:
    found = judged(base("rate"), Anchored.read(published[1]))
    assert found.judgement is not None
    assert "the checkpoint is of 'allegiance/study/" in found.judgement.finding
    assert not found.passed


def test_an_empty_checkpoint_anchors_nothing(published: tuple[Made, Path], judged: Judge, tmp_path: Path) -> None:
    origin = published[1].read_text().split("\n")[0]
    root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    (tmp_path / "none").write_text(f"{origin}\n0\n{root}\n")
    assert not judged(published[0], Anchored.read(tmp_path / "none")).passed


@pytest.mark.parametrize("text", [None, "", "x\ny\nz\n"])
def test_what_is_no_checkpoint_is_a_wrong_call(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "c").write_text(text)
    with pytest.raises(UsageError):
        Anchored.read(tmp_path / "c")


def test_all_of_nothing_does_not_hold(judged: Judge) -> None:
    found = judged(base("rate"), AllOf())
    assert not found.passed
    assert found.judgement is not None
    assert found.judgement.finding == "nothing was asked for"


def test_any_of_nothing_does_not_hold(judged: Judge) -> None:
    assert not judged(base("rate"), AnyOf()).passed


def test_all_of_needs_each_and_any_of_one(published: tuple[Made, Path], judged: Judge) -> None:
    anchored, doubly = Anchored.read(published[1]), DoublyRated(0.1)
    both, one = judged(published[0], AllOf(anchored, doubly)), judged(published[0], AnyOf(doubly, anchored))
    assert (both.passed, both.grade) == (False, "local")
    assert (one.passed, one.grade) == (True, "anchored")


def test_a_claim_that_fails_a_step_is_not_put_to_the_policy(judged: Judge) -> None:
    claim, material = base("rate")
    found = judged((msgspec.structs.replace(claim, log_size=1), material), AllOf())
    assert found.judgement is None
    assert not found.passed


def test_policies_are_values() -> None:
    assert AllOf(DoublyRated(0.1)) == AllOf(DoublyRated(0.1))
    assert len({AnyOf(DoublyRated(0.1)), AnyOf(DoublyRated(0.2))}) == 2


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ((), 0, "grade local, which does not show\n- that the log is the only one"),
        (("--anchored", "FILE"), 0, f"grade anchored, which does not show\n- {DOES_NOT_SHOW['anchored'][0]}"),
        (("--doubly-rated", "10%"), 1, "FAIL  asked for: doubly rated: 0 of 30 have labels of two trusted raters"),
        (("--doubly-rated", "120%"), 2, ""),
        (("--anchored", "missing"), 2, ""),
        (("--key", "a+b+c"), 2, ""),
    ],
)
def test_verify_on_the_command_line(
    published: tuple[Made, Path], tmp_path: Path, words: tuple[str, ...], status: int, told: str
) -> None:
    write_members(tmp_path / "a.claim", to_members(*published[0]))
    given = [str(published[1]) if word == "FILE" else word for word in words]
    done = allegiance("verify", str(tmp_path / "a.claim"), *given)
    assert done.returncode == status, done.stderr
    assert told in done.stdout
