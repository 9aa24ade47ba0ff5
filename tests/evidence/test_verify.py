"""Verification: an honest bundle passes, and each attack fails at the step that it should."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.evidence.conftest import QUESTION, READER, label_all, label_draw

from allegiance.errors import InputError, VerificationFailed
from allegiance.evidence.bundle import read_members, to_members, write_members
from allegiance.evidence.claims import claim_gap, claim_rate, publish
from allegiance.evidence.keep import Keep
from allegiance.evidence.material import Material, Terms
from allegiance.evidence.verify import STEPS, Verification, verify
from allegiance.records.claim import Claim
from allegiance.records.draw import Draw
from allegiance.records.rater import RaterCard
from allegiance.testing.attacks import ATTACKS, forged

RATE = Terms(kind="rate", question=QUESTION, raters=(READER,))


@pytest.fixture
def made(keep: Keep, drawn: Draw) -> tuple[Claim, Material]:
    label_draw(keep, drawn)
    return claim_rate(keep, RATE, draw=drawn)


@pytest.fixture
def bundle(keep: Keep, made: tuple[Claim, Material], tmp_path: Path) -> Path:
    path = tmp_path / "rate.claim"
    publish(keep, path, *made)
    return path


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
    publish(keep, tmp_path / "gap.claim", *claim_gap(keep, terms))
    assert failed(verify(tmp_path / "gap.claim")) == []


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_fails_at_its_step(name: str, made: tuple[Claim, Material], tmp_path: Path) -> None:
    attack, path = ATTACKS[name], tmp_path / "forged.claim"
    write_members(path, forged(attack, *made))
    assert attack.step in failed(verify(path))


def test_a_log_computed_anew_hides_nothing_but_the_order(made: tuple[Claim, Material], tmp_path: Path) -> None:
    # The strongest form of the attack: every hash fits, and only the order of events is wrong.
    write_members(tmp_path / "forged.claim", forged(ATTACKS["the draw is moved after a reading"], *made))
    assert failed(verify(tmp_path / "forged.claim")) == ["order of events"]


def test_all_failures_are_told_not_only_the_first(made: tuple[Claim, Material], tmp_path: Path) -> None:
    claim, material = made
    for name in ("the number is nudged", "a search is not counted", "a transcript's text is altered"):
        claim, material = ATTACKS[name].forge(claim, material)
    write_members(tmp_path / "forged.claim", to_members(claim, material))
    assert failed(verify(tmp_path / "forged.claim")) == ["number", "words", "transcripts"]


def test_a_changed_byte_without_a_new_seal_fails_the_first_step(bundle: Path, tmp_path: Path) -> None:
    members = read_members(bundle)
    members["claim.json"] = members["claim.json"].replace(b'"small"', b'"large"').replace(b"30", b"31", 1)
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
    publish(keep, tmp_path / "bare.claim", *claim_rate(keep, RATE, draw=drawn, words=False))
    assert "transcripts.jsonl" not in read_members(tmp_path / "bare.claim")
    assert verify(tmp_path / "bare.claim").passed


def test_the_same_material_makes_the_same_bytes(made: tuple[Claim, Material], tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_members(tmp_path / name, to_members(*made))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


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
