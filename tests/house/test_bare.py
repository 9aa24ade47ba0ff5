"""records/ and stats/ run with their own dependencies and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.house.sources import PACKAGE, ROOT, modules

BARE = """
import importlib.abc, sys

ALLOWED = set({allowed!r}) | set(sys.stdlib_module_names) | {{"allegiance"}}

class Wall(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in ALLOWED:
            raise ModuleNotFoundError("not in the bare house: " + name, name=name)
        return None

sys.meta_path.insert(0, Wall())
sys.path.insert(0, {src!r})
import importlib
for module in {modules!r}:
    importlib.import_module(module)
print("bare", len({modules!r}))
"""


def run(names: list[str], allowed: list[str]) -> subprocess.CompletedProcess[str]:
    code = BARE.format(allowed=allowed, src=str(PACKAGE.parent), modules=names)
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def room(name: str) -> list[str]:
    files = [file for file in modules() if file.startswith(f"{name}/")]
    return ["allegiance." + file.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in files]


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("records", ["msgspec", "rfc8785"]), ("stats", ["numpy"])],
)
def test_a_room_is_imported_with_its_own_dependencies_alone(name: str, allowed: list[str]) -> None:
    names = room(name)
    done = run(names, allowed)
    assert done.stdout == f"bare {len(names)}\n", done.stderr
    assert len(names) > 2


def test_the_wall_keeps_others_out() -> None:
    done = run(["allegiance.records.canonical"], ["msgspec"])
    assert done.returncode != 0
    assert "not in the bare house: rfc8785" in done.stderr
