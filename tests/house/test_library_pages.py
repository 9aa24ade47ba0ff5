"""The pages of the library are made from its scenarios."""

from __future__ import annotations

import importlib.util
from functools import cache
from types import ModuleType

import pytest
from tests.house.sources import ROOT

from allegiance.scenarios import library

FOLDER = ROOT / "docs" / "library"
NAMES = ["README.md", *(f"{name}.md" for name in library())]


@cache
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("library_pages", ROOT / "tools" / "library.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def pages() -> dict[str, str]:
    made: dict[str, str] = tool().pages()
    return made


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_what_its_scenario_says(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == pages()[name], "run: python tools/library.py"


def test_there_is_a_page_for_each_scenario_and_no_other() -> None:
    assert sorted(path.name for path in FOLDER.glob("*.md")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_page_shows_a_prompt_and_in_what_the_next_condition_differs(name: str) -> None:
    page = pages()[name]
    assert "## What a model is shown" in page
    assert "```text\n[" in page
    assert "```diff\n" in page
