"""The reference is made from the code, and every verb and option says what it is for."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import click
import pytest
from tests.house.sources import ROOT

from allegiance.cli import cli


def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "tools" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


VERBS = list(tool().verbs(cli, "allegiance"))


@pytest.mark.parametrize("name", ["cli.md", "errors.md", "python.md"])
def test_a_page_of_the_reference_is_what_the_code_says(name: str) -> None:
    written = (ROOT / "docs" / "reference" / name).read_text("utf-8")
    assert written == tool().pages()[name], "run: python tools/reference.py"


@pytest.mark.parametrize("path", [path for path, _ in VERBS])
def test_every_verb_says_what_it_does(path: str) -> None:
    assert dict(VERBS)[path].help


@pytest.mark.parametrize("path", [path for path, command in VERBS if not isinstance(command, click.Group)])
def test_every_verb_that_acts_shows_an_example(path: str) -> None:
    assert "Example:" in (dict(VERBS)[path].help or "")


@pytest.mark.parametrize("path", [path for path, command in VERBS if not isinstance(command, click.Group)])
def test_every_verb_that_acts_can_answer_in_json(path: str) -> None:
    assert any(option.name == "as_json" for option in dict(VERBS)[path].params)
