"""The second verifier: it agrees with ours on honest claims, catches every attack, and shares nothing with us."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from tests.evidence.bases import BASES, PATTERN, QUESTION, answer, base, build, scored, terms
from tests.evidence.bases import transcript as plain_transcript

from allegiance.evidence.bundle import read_members, seal, to_members, write_members
from allegiance.evidence.claims import make_claim
from allegiance.evidence.keep import Keep
from allegiance.evidence.material import Material
from allegiance.evidence.verify import verify
from allegiance.records.claim import Claim
from allegiance.records.draw import Design
from allegiance.records.label import Label, Value
from allegiance.study import Study
from allegiance.testing.attacks import ATTACKS, forged

ROOT = Path(__file__).parents[2]
FILE = ROOT / "verifier" / "allegiance_verify.py"
VECTORS = ROOT / "tests" / "vectors"


@cache
def second() -> ModuleType:
    spec = spec_from_file_location("allegiance_verify", FILE)
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    return made


def failed(path: Path) -> list[str]:
    """The steps that fail by the second verifier."""
    return [name for _, name, failure in second().verify(path).steps if failure]


def write(folder: Path, made: tuple[Claim, Material]) -> Path:
    write_members(folder / "made.claim", to_members(*made))
    return folder / "made.claim"


def numbers(estimate: object) -> Iterator[tuple[str, float]]:
    """Every number of an estimate with its place; of further lines too."""
    if isinstance(estimate, dict):
        for key in sorted(estimate):
            yield from ((f"{key}.{rest}", number) for rest, number in numbers(estimate[key]))
    elif isinstance(estimate, list):
        for i, each in enumerate(estimate):
            yield from ((f"{i}.{rest}", number) for rest, number in numbers(each))
    elif isinstance(estimate, int | float):
        yield "", estimate


def worked_out(path: Path) -> dict[str, float]:
    """The numbers as the second verifier works them out, all of them, before it compares them."""
    other = second()
    return dict(numbers(other.wanted_estimate(other.step_1_bundle(other.read_file(path)))))


@pytest.mark.parametrize("name", BASES)
def test_both_verifiers_pass_an_honest_claim_of_this_kind(name: str, tmp_path: Path) -> None:
    path = write(tmp_path, base(name))
    assert verify(path).passed
    assert failed(path) == []


@pytest.mark.parametrize("name", BASES)
def test_the_numbers_are_the_same_to_a_billionth(name: str, tmp_path: Path) -> None:
    claim, material = base(name)
    ours = msgspec.to_builtins(claim.estimate)
    ours["secondary"].pop("active inference", None)
    theirs = worked_out(write(tmp_path, (claim, material)))
    for key, number in numbers(ours):
        assert theirs[key] == pytest.approx(number, rel=0, abs=1e-9), key


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_fails_at_its_step_by_the_second_verifier_too(name: str, tmp_path: Path) -> None:
    attack = ATTACKS[name]
    write_members(tmp_path / "forged.claim", forged(attack, *base(attack.on)))
    assert attack.step in failed(tmp_path / "forged.claim")


def study(folder: Path, requests: int = 20) -> Keep:
    made = Study.init(folder / "study", "A study")
    tiers = ("trained", "untrained")
    made.keep.add(plain_transcript(r, tier, s) for r in range(requests) for tier in tiers for s in range(3))
    return made.keep


def by_arithmetic(keep: Keep) -> None:
    """Answers that follow from the names, the same for both tiers; of more than 16 requests."""
    values: tuple[Value, ...] = ("yes", "no", "no")
    labels = [
        Label(transcript=n, question=QUESTION.digest, rater=PATTERN.digest, value=values[int(n[-2:], 16) % 3])
        for n in keep.corpus.names()
    ]
    keep.labels.save(QUESTION, PATTERN, labels)


@pytest.mark.parametrize("method", ["", "paired-t", "bootstrap-t"])
def test_a_gap_of_many_requests_is_worked_out_the_same_or_said_to_be_left_out(method: str, tmp_path: Path) -> None:
    keep = study(tmp_path, 70)
    by_arithmetic(keep)
    asked = terms("gap", raters=(PATTERN,), factor="tier", levels=("trained", "untrained"), method=method)
    claim, material = make_claim(keep, asked)
    keep.database.close()
    found = second().verify(write(tmp_path, (claim, material)))
    assert found.passed
    left_out = ["low by bootstrap-t", "high by bootstrap-t"]
    assert found.left_out == (
        [*left_out, *(f"claim ledger: {each}" for each in left_out)] if "boot" in method else []
    )
    assert claim.estimate.p_value is not None
    assert 0.0001 < claim.estimate.p_value < 1


@pytest.mark.parametrize(("kind", "answered"), [("rate_ci", "no"), ("rate_upper", "yes"), ("rate_lower", "no")])
def test_a_weighted_draw_with_labels_that_are_not_known_is_worked_out_the_same(
    kind: str, answered: str, tmp_path: Path
) -> None:
    keep = study(tmp_path)
    made = keep.draw(Design(kind="weighted", n=50, stop="open", scored=scored(keep)))
    answer(keep, [name for rank, name in enumerate(made.items) if rank % 7])
    claim = make_claim(keep, terms(kind, answer=answered), draw=made)  # type: ignore[arg-type]
    keep.database.close()
    assert failed(write(tmp_path, claim)) == []


def test_a_log_that_continues_a_published_checkpoint_passes_and_another_does_not(tmp_path: Path) -> None:
    made, note = build("rate", tmp_path / "one")
    path = write(tmp_path, made)
    (tmp_path / "right").write_text(note)
    lines = note.split("\n")
    lines[2] = ("B" if lines[2][0] == "A" else "A") + lines[2][1:]
    (tmp_path / "wrong").write_text("\n".join(lines))
    assert second().verify(path, tmp_path / "right").passed
    assert not second().verify(path, tmp_path / "wrong").passed


def test_it_imports_the_standard_library_alone() -> None:
    tree = ast.parse(FILE.read_text())
    named = [each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    named += [alias.name for each in ast.walk(tree) if isinstance(each, ast.Import) for alias in each.names]
    assert {name.partition(".")[0] for name in named} <= set(sys.stdlib_module_names) | {"__future__"}
    assert not any(isinstance(each, ast.ImportFrom) and each.level for each in ast.walk(tree))
    assert not {"__import__", "eval", "exec", "importlib", "pickle"} & {
        each.id for each in ast.walk(tree) if isinstance(each, ast.Name)
    }


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", str(FILE), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


def test_it_runs_without_site_packages_and_exits_with_0_1_or_2(tmp_path: Path) -> None:
    path = write(tmp_path, base("rate"))
    write_members(tmp_path / "forged.claim", forged(ATTACKS["the number is nudged"], *base("rate")))
    (tmp_path / "none.claim").write_bytes(b"PK")
    right, wrong, none = (run(name, cwd=tmp_path) for name in (path, "forged.claim", "none.claim"))
    assert (right.returncode, wrong.returncode, none.returncode) == (0, 1, 2), right.stderr
    assert right.stdout.count(" pass\n") == 10
    told = [line.split()[:3] for line in wrong.stdout.splitlines() if "FAIL" in line]
    assert told == [["8", "number", "FAIL:"]]


def test_it_prints_json_with_the_ten_steps(tmp_path: Path) -> None:
    told = json.loads(run(write(tmp_path, base("quote")), "--json", cwd=tmp_path).stdout)
    assert [step["step"] for step in told[0]["steps"]] == list(range(1, 11))
    assert told[0]["verified"] is True


@pytest.mark.parametrize("member", ["claim.json", "log.jsonl", "labels.jsonl", "batches.json"])
@pytest.mark.parametrize("bomb", [b"[" * 200_000, b'{"a":' * 90_000, b'{"seq":1,"seq":1}\n', b"1e999\n", b"\xff\n"])
def test_a_hostile_member_is_a_failed_first_step_and_no_crash(member: str, bomb: bytes, tmp_path: Path) -> None:
    members = {**to_members(*base("rate")), member: bomb}
    write_members(tmp_path / "deep.claim", seal(members))
    assert failed(tmp_path / "deep.claim") == ["bundle"]


@pytest.mark.parametrize("size", [0, 1, 100, 1000])
def test_a_truncated_bundle_is_none(size: int, tmp_path: Path) -> None:
    path = write(tmp_path, base("rate"))
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(second().NotABundle):
        second().verify(path)


def test_a_compressed_member_or_one_off_the_menu_or_one_twice_makes_it_none(tmp_path: Path) -> None:
    members = to_members(*base("rate"))
    for name, method, more in (
        ("packed", zipfile.ZIP_DEFLATED, ()),
        ("more", zipfile.ZIP_STORED, ("run.py",)),
        ("twice", zipfile.ZIP_STORED, ("claim.json",)),
    ):
        with zipfile.ZipFile(tmp_path / name, "w", method) as archive, pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.warn", lambda *_, **__: None)
            for member, data in (*members.items(), *((each, b"{}") for each in more)):
                archive.writestr(member, data)
        with pytest.raises(second().NotABundle):
            second().verify(tmp_path / name)


def test_a_folder_with_the_members_verifies_as_the_archive_does(tmp_path: Path) -> None:
    path = write(tmp_path, base("rate"))
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, data in read_members(path).items():
        (folder / name).write_bytes(data)
    assert failed(folder) == []
    shutil.copy(FILE, folder / "more.py")
    with pytest.raises(second().NotABundle):
        second().verify(folder)


@pytest.mark.parametrize("each", range(40))
def test_a_changed_byte_anywhere_is_caught(each: int, tmp_path: Path) -> None:
    members = to_members(*base("rate"))
    name = sorted(members)[each % len(members)]
    data = bytearray(members[name])
    data[each * 7919 % len(data)] ^= 1 << each % 7
    members[name] = bytes(data)
    write_members(tmp_path / "changed.claim", members)
    assert failed(tmp_path / "changed.claim") == ["bundle"]


def test_its_canonical_form_is_that_of_the_vectors() -> None:
    other, vectors = second(), json.loads((VECTORS / "canonical.json").read_text())
    for each in vectors["canonical"]:
        value = other.parse(each["input"].encode())
        assert (other.canonical(value), other.name_of(value)) == (each["canonical"], each["name"]), each["what"]
    for each in vectors["refused"]:
        with pytest.raises(other.Wrong):
            other.canonical(other.parse(each["input"].encode()))
    assert [other.set_digest(each["names"]) for each in vectors["sets"]] == [
        each["digest"] for each in vectors["sets"]
    ]


def test_its_tree_is_that_of_the_vectors() -> None:
    other, vectors = second(), json.loads((VECTORS / "log.json").read_text())
    entries = [each["entry"].encode() for each in vectors["entries"]]
    assert [other.tree_root(entries[:n]).hex() for n in range(len(entries) + 1)] == vectors["roots"]
    for size, root in vectors["numbered"]["roots"].items():
        assert other.tree_root([str(i).encode() for i in range(int(size))]).hex() == root


def test_its_tickets_are_those_of_the_vectors() -> None:
    other, vectors = second(), json.loads((VECTORS / "tickets.json").read_text())
    commitment = other.record("commitment", vectors["commitment"], "a commitment")
    seed = other.seed_of(commitment)
    assert seed.hex() == vectors["seed"]
    assert other.by_ticket(seed, vectors["names"]) == vectors["order"]
    weights = dict.fromkeys(vectors["names"], 1) | vectors["weights"]
    assert other.by_ticket(seed, vectors["names"], weights) == vectors["weighted_order"]
