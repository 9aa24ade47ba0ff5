"""Verification: an honest bundle passes, and each attack fails at the step that it should."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest
from tests.evidence.conftest import QUESTION, READER, label_all, label_draw

from allegiance.errors import InputError, NotABundle, VerificationFailed
from allegiance.evidence.bundle import read_members, seal, to_members, write_bundle, write_members
from allegiance.evidence.claims import make_claim, publish
from allegiance.evidence.keep import Keep
from allegiance.evidence.material import Material
from allegiance.evidence.terms import Terms
from allegiance.evidence.verify import STEPS, Verification, run_steps, verify
from allegiance.records.canonical import digest_bytes
from allegiance.records.claim import Claim
from allegiance.records.draw import Draw
from allegiance.records.rater import RaterCard

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


def test_a_changed_byte_without_a_new_seal_fails_the_first_step(bundle: Path, tmp_path: Path) -> None:
    members = read_members(bundle)
    members["claim.json"] = members["claim.json"].replace(b'"used":30', b'"used":31', 1)
    write_members(tmp_path / "changed.claim", members)
    assert failed(verify(tmp_path / "changed.claim")) == ["bundle"]


def test_a_failed_verification_yields_no_verified_claim(made: tuple[Claim, Material], tmp_path: Path) -> None:
    claim, material = made
    write_members(tmp_path / "forged.claim", to_members(msgspec.structs.replace(claim, basis="true"), material))
    with pytest.raises(VerificationFailed, match="words"):
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
    with pytest.raises(NotABundle, match="not a bundle, or it is damaged"):
        verify(tmp_path / "cut.claim")


def test_a_bundle_that_is_not_there_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(NotABundle, match="there is no such bundle"):
        verify(tmp_path / "none.claim")


def unpacked(bundle: Path, folder: Path) -> Path:
    folder.mkdir()
    for name, data in read_members(bundle).items():
        (folder / name).write_bytes(data)
    return folder


def test_a_folder_with_the_members_of_a_bundle_is_one(bundle: Path, tmp_path: Path) -> None:
    found = verify(unpacked(bundle, tmp_path / "open"))
    assert found.passed
    assert found.bundle == digest_bytes((tmp_path / "open" / "bundle.json").read_bytes())


def test_a_folder_with_something_else_in_it_is_none(bundle: Path, tmp_path: Path) -> None:
    (unpacked(bundle, tmp_path / "open") / "notes.txt").write_text("mine")
    with pytest.raises(NotABundle, match="other members"):
        verify(tmp_path / "open")


def test_a_bundle_of_a_newer_format_is_not_guessed_at(bundle: Path, tmp_path: Path) -> None:
    members = read_members(bundle)
    newer = members["bundle.json"].replace(b"allegiance-bundle/1", b"allegiance-bundle/2")
    write_members(tmp_path / "newer.claim", {**members, "bundle.json": newer})
    (check,) = verify(tmp_path / "newer.claim").checks
    assert "this version reads 'allegiance-bundle/1'" in check.finding


OTHERWISE = {
    "a space": lambda line: line.replace(b":", b": ", 1),
    "a default written out": lambda line: line.replace(b"}", b',"revision":0}', 1),
    "a key twice": lambda line: line.replace(b'{"', b'{"value":"yes","', 1),
    "an empty line": lambda line: b"\n" + line,
    "a carriage return": lambda line: line.replace(b"\n", b"\r\n", 1),
    "a byte order mark": lambda line: b"\xef\xbb\xbf" + line,
    "no last line end": lambda line: line[:-1],
    "an escape": lambda line: line.replace(b"sha256", b"sha\\u0032" + b"56", 1),
}


@pytest.mark.parametrize("how", OTHERWISE)
def test_a_member_that_is_not_in_canonical_form_fails_the_first_step(
    how: str, bundle: Path, tmp_path: Path
) -> None:
    members = read_members(bundle)
    changed = OTHERWISE[how](members["labels.jsonl"])
    assert changed != members["labels.jsonl"]
    write_members(tmp_path / "odd.claim", seal({**members, "labels.jsonl": changed}))
    assert failed(verify(tmp_path / "odd.claim")) == ["bundle"]


@pytest.mark.parametrize("kind", ["search", "reading", "draw", "labels", "import", "rubric"])
@pytest.mark.parametrize("body", [{}, {"search": 1, "reading": [], "draw": {}, "labels": None, "question": [1]}])
def test_log_entries_that_lie_fail_steps_and_do_not_crash(
    kind: str, body: dict[str, object], made: tuple[Claim, Material]
) -> None:
    claim, material = made
    log = tuple(msgspec.structs.replace(e, body=body) if e.kind == kind else e for e in material.log)
    checks = run_steps(claim, msgspec.structs.replace(material, log=log))
    assert not all(check.passed for check in checks)


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
