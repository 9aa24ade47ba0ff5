"""Verification: an honest bundle passes, and each attack fails at the step that it should."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.evidence.conftest import QUESTION, READER, label_all, label_draw

from allegiance.errors import InputError, VerificationFailed
from allegiance.evidence.bundle import read_members, seal, to_members, write_bundle, write_members
from allegiance.evidence.claims import make_claim, publish
from allegiance.evidence.keep import Keep
from allegiance.evidence.material import Material
from allegiance.evidence.terms import Terms
from allegiance.evidence.verify import STEPS, Verification, verify
from allegiance.records.claim import Claim
from allegiance.records.draw import Draw
from allegiance.records.rater import RaterCard
from allegiance.testing.attacks import ATTACKS, finish, forged

RATE = Terms(kind="rate_ci", question=QUESTION, raters=(READER,))


@pytest.fixture
def made(keep: Keep, drawn: Draw) -> tuple[Claim, Material]:
    label_all(keep, READER)
    return make_claim(keep, RATE, draw=drawn)


@pytest.fixture
def bundle(keep: Keep, made: tuple[Claim, Material], tmp_path: Path) -> Path:
    return publish(keep, tmp_path, *made)


def failed(found: Verification) -> list[str]:
    return [check.name for check in found.checks if not check.passed]


def test_an_honest_rate_passes_every_step(bundle: Path) -> None:
    found = verify(bundle)
    assert failed(found) == []
    assert found.passed


def test_there_are_ten_numbered_steps(bundle: Path) -> None:
    assert [check.step for check in verify(bundle).checks] == list(range(1, 11))
    assert len(STEPS) == 9


def test_an_honest_gap_passes_every_step(keep: Keep, tmp_path: Path) -> None:
    rater = RaterCard(name="pattern", kind="pattern")
    label_all(keep, rater)
    terms = Terms(kind="gap", question=QUESTION, raters=(rater,), factor="tier", levels=("trained", "untrained"))
    assert failed(verify(publish(keep, tmp_path, *make_claim(keep, terms)))) == []


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_fails_at_its_step(name: str, made: tuple[Claim, Material], tmp_path: Path) -> None:
    attack, path = ATTACKS[name], tmp_path / "forged.claim"
    write_members(path, forged(attack, *made))
    # Everything else fits: the attacker computed anew all that follows.
    assert set(failed(verify(path))) == {attack.step, *attack.also}


def test_an_attacker_who_changes_nothing_passes(made: tuple[Claim, Material], tmp_path: Path) -> None:
    write_members(tmp_path / "same.claim", to_members(*finish(*made)))
    assert failed(verify(tmp_path / "same.claim")) == []


def test_all_failures_are_told_not_only_the_first(made: tuple[Claim, Material], tmp_path: Path) -> None:
    claim, material = made
    for name in ("the number is nudged", "a search is not counted", "a transcript's text is altered"):
        claim, material = ATTACKS[name].forge(claim, material)
    write_members(tmp_path / "forged.claim", to_members(claim, material))
    assert failed(verify(tmp_path / "forged.claim")) == ["number", "words", "transcripts"]


def test_a_changed_byte_without_a_new_seal_fails_the_first_step(bundle: Path, tmp_path: Path) -> None:
    members = read_members(bundle)
    members["claim.json"] = members["claim.json"].replace(b'"used":30', b'"used":31', 1)
    write_members(tmp_path / "changed.claim", members)
    assert failed(verify(tmp_path / "changed.claim")) == ["bundle"]


def test_a_failed_verification_yields_no_verified_claim(made: tuple[Claim, Material], tmp_path: Path) -> None:
    write_members(tmp_path / "forged.claim", forged(ATTACKS["the number is nudged"], *made))
    with pytest.raises(VerificationFailed, match="number"):
        verify(tmp_path / "forged.claim").verified()


def test_a_bundle_verifies_without_the_study(bundle: Path, tmp_path: Path) -> None:
    alone = tmp_path / "elsewhere"
    alone.mkdir()
    (alone / "rate.claim").write_bytes(bundle.read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "allegiance", "verify", "rate.claim"],
        cwd=alone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_bundle_without_words_still_verifies_its_number(keep: Keep, drawn: Draw, tmp_path: Path) -> None:
    label_draw(keep, drawn)
    path = publish(keep, tmp_path, *make_claim(keep, RATE, draw=drawn, words=False))
    assert "transcripts.jsonl" not in read_members(path)
    assert verify(path).passed


def test_the_same_claim_made_twice_is_the_same_bytes(keep: Keep, drawn: Draw, tmp_path: Path) -> None:
    label_draw(keep, drawn)
    for name in ("one", "two"):
        write_members(tmp_path / name, to_members(*make_claim(keep, RATE, draw=drawn)))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_two_claims_never_take_the_same_number(made: tuple[Claim, Material], keep: Keep, tmp_path: Path) -> None:
    assert [publish(keep, tmp_path, *made).name for _ in range(2)] == ["0001-rate_ci.claim", "0002-rate_ci.claim"]


def test_a_bundle_is_never_written_over_another(made: tuple[Claim, Material], tmp_path: Path) -> None:
    (tmp_path / "taken.claim").write_text("mine")
    with pytest.raises(FileExistsError):
        write_bundle(tmp_path / "taken.claim", *made)
    assert [path.name for path in tmp_path.glob("*.claim")] == ["taken.claim"]
    assert (tmp_path / "taken.claim").read_text() == "mine"


@pytest.mark.parametrize("member", ["claim.json", "log.jsonl", "labels.jsonl"])
def test_json_nested_too_deeply_is_a_failed_step_and_no_crash(member: str, bundle: Path, tmp_path: Path) -> None:
    members = {**read_members(bundle), member: b"[" * 100_000}
    write_members(tmp_path / "deep.claim", seal(members))
    assert failed(verify(tmp_path / "deep.claim")) == ["bundle"]


@pytest.mark.parametrize("size", [0, 1, 100, 1000])
def test_a_truncated_bundle_is_refused_in_a_sentence(size: int, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.claim").write_bytes(bundle.read_bytes()[:size])
    with pytest.raises(InputError, match="not a bundle, or it is damaged"):
        verify(tmp_path / "cut.claim")


def test_a_compressed_member_is_refused(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "packed.claim", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in read_members(bundle).items():
            archive.writestr(name, data)
    with pytest.raises(InputError, match="stored, not compressed"):
        verify(tmp_path / "packed.claim")


def test_a_member_off_the_menu_is_refused(bundle: Path, tmp_path: Path) -> None:
    write_members(tmp_path / "more.claim", {**read_members(bundle), "run.py": b"print()"})
    with pytest.raises(InputError, match="not a bundle"):
        verify(tmp_path / "more.claim")
