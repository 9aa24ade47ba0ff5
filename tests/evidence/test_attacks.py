"""Attacks: each fails at its step and nowhere else; the honest claims that they are made on pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.evidence.bases import BASES, base

from allegiance.evidence.bundle import to_members, unseal, write_members
from allegiance.evidence.verify import STEPS, Verification, verify
from allegiance.testing.attacks import ATTACKS, forged
from allegiance.testing.forging import finish


def failed(found: Verification) -> list[str]:
    return [check.name for check in found.checks if not check.passed]


@pytest.mark.parametrize("name", BASES)
def test_an_honest_claim_passes_every_step(name: str, tmp_path: Path) -> None:
    write_members(tmp_path / "honest.claim", to_members(*base(name)))
    assert failed(verify(tmp_path / "honest.claim")) == []


@pytest.mark.parametrize("name", BASES)
def test_an_attacker_who_changes_nothing_makes_the_same_bytes(name: str) -> None:
    assert to_members(*finish(*base(name))) == to_members(*base(name))


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_fails_at_its_step(name: str, tmp_path: Path) -> None:
    attack, path = ATTACKS[name], tmp_path / "forged.claim"
    write_members(path, forged(attack, *base(attack.on)))
    assert set(failed(verify(path))) == {attack.step, *attack.also}


@pytest.mark.parametrize("name", BASES)
def test_the_members_of_a_bundle_read_back_as_they_were_written(name: str) -> None:
    members = to_members(*base(name))
    assert to_members(*unseal(members)) == members


def test_every_step_but_the_first_has_its_attacks() -> None:
    assert {attack.step for attack in ATTACKS.values()} == {name for name, _ in STEPS}


def test_all_failures_are_told_not_only_the_first(tmp_path: Path) -> None:
    claim, material = base("rate")
    for name in ("the number is nudged", "a search is not counted", "a transcript's text is altered"):
        claim, material = ATTACKS[name].forge(claim, material)
    write_members(tmp_path / "forged.claim", to_members(claim, material))
    assert failed(verify(tmp_path / "forged.claim")) == ["number", "words", "transcripts"]


def test_an_unwelcome_label_that_is_dropped_widens_the_bound(tmp_path: Path) -> None:
    attack = ATTACKS["an unwelcome label is dropped"]
    claim, material = attack.forge(*base("rate"))
    again, _ = finish(claim, material)
    assert again.estimate.high >= claim.estimate.high
    assert again.estimate.low < claim.estimate.low
    assert again.estimate.counts.missing == 1
