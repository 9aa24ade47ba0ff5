"""The case that started it, run as its page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs.pages import check, pattern, steps
from tests.house.sources import ROOT

PAGE = ROOT / "docs" / "tutorial" / "quoted-transcript.md"


def test_every_command_of_the_tutorial_does_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert check(PAGE) > 25


def test_the_links_of_the_tutorial_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", PAGE.read_text("utf-8"))
    assert [target for target in targets if not (PAGE.parent / target).exists()] == []


def test_a_page_is_read_into_its_commands_and_what_they_print(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Words.\n```console\n$ one\nout\n$ two\n```\n```sh\n$ not this\n```\n", "utf-8")
    assert [tuple(step) for step in steps(page)] == [("one", ("out",)), ("two", ())]


@pytest.mark.parametrize(
    ("expected", "printed", "fits"),
    [
        (("a…", "…", "z"), "abc\n1\n2\nz\n", True),
        (("a…", "…", "z"), "abc\nz\n", True),
        (("a…", "z"), "abc\n1\nz\n", False),
        (("a.c",), "abc\n", False),
    ],
)
def test_an_ellipsis_stands_for_any_text_and_alone_for_any_lines(
    expected: tuple[str, ...], printed: str, fits: bool
) -> None:
    assert bool(pattern(expected).fullmatch(printed)) is fits
