"""Print the changelog that the fragments in changelog.d/ make.

A fragment is one file, ``NUMBER.KIND.md`` (or ``NUMBER-2.KIND.md``), where KIND is added, changed, fixed, removed
or security: what changed for a user, in a line or two.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("added", "changed", "fixed", "removed", "security")


def number(path: Path) -> list[int]:
    """The number of a fragment, for sorting."""
    return [int(part) for part in path.name.split(".")[0].split("-")]


def section(kind: str) -> list[str]:
    """The lines of one kind; none if there is no such fragment."""
    found = sorted((ROOT / "changelog.d").glob(f"*.{kind}.md"), key=number)
    texts = [path.read_text("utf-8").strip().replace("\n", "\n  ") for path in found]
    return [f"### {kind.capitalize()}", "", *(f"- {text}" for text in texts), ""] if texts else []


def changelog() -> str:
    """All fragments under the version of the project."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    lines = ["# Changelog", "", f"## {version}", "", *(line for kind in KINDS for line in section(kind))]
    return "\n".join(lines).rstrip()


if __name__ == "__main__":
    print(changelog())
