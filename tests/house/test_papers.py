"""Papers of the house: decisions are listed, dependencies have reasons, changes have fragments."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest
from tests.house.sources import ROOT

ADR = ROOT / "docs" / "adr"
FRAGMENTS = ROOT / "changelog.d"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_every_decision_is_listed_with_its_own_title() -> None:
    index = (ADR / "README.md").read_text("utf-8")
    files = sorted(path for path in ADR.glob("*.md") if path.name != "README.md")
    assert len(files) >= 3
    for path in files:
        title = path.read_text("utf-8").splitlines()[0].removeprefix("# ")
        assert f"[{title}]({path.name})" in index, path.name


def test_no_two_decisions_have_one_number() -> None:
    numbers = [int(path.name[:4]) for path in ADR.glob("[0-9]*.md")]
    assert len(numbers) == len(set(numbers)) >= 3


def test_every_decision_says_what_lost() -> None:
    for path in ADR.glob("[0-9]*.md"):
        heads = re.findall(r"^## (.+)$", path.read_text("utf-8"), re.MULTILINE)
        assert any("lost" in head.lower() for head in heads), path.name


def named(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement)[0]


@pytest.mark.parametrize(
    "name",
    sorted(
        {
            named(requirement)
            for group in [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
            for requirement in group
        }
        - {"allegiance"}
    ),
)
def test_every_dependency_has_its_reason(name: str) -> None:
    rows = (ADR / "0002-dependencies.md").read_text("utf-8").splitlines()
    reasons = [row.split("|")[2].strip() for row in rows if row.startswith(f"| `{name}` |")]
    assert len(reasons) == 1
    assert len(reasons[0]) > 15


def test_no_reason_is_kept_for_what_is_not_a_dependency() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", (ADR / "0002-dependencies.md").read_text("utf-8"), re.MULTILINE)
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    assert set(rows) == {named(requirement) for group in groups for requirement in group} - {"allegiance"}


def test_fragments_of_the_changelog_are_named_by_number_and_kind() -> None:
    names = [path.name for path in FRAGMENTS.iterdir() if path.name != "README.md"]
    assert names
    kind = re.compile(r"\d+(-\d+)?\.(added|changed|fixed|removed|security)\.md")
    assert [name for name in names if not kind.fullmatch(name)] == []


def test_the_changelog_holds_every_fragment() -> None:
    done = subprocess.run(
        [sys.executable, "tools/changelog.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for path in FRAGMENTS.glob("*.*.md"):
        first = path.read_text("utf-8").strip().splitlines()[0]
        assert f"- {first}" in done.stdout, path.name


@pytest.mark.skipif(not (ROOT / "uv.lock").exists(), reason="there is no lock yet")
def test_the_lock_names_the_public_index_only() -> None:
    hosts = set(re.findall(r"[a-z+]+://([^/\"\s]+)", (ROOT / "uv.lock").read_text("utf-8")))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}
    assert "file:" not in (ROOT / "uv.lock").read_text("utf-8")
