"""The page that says what may be said: every command of it, in a small study."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.cli.conftest import MAPPING, chats
from tests.docs.pages import Shell, check
from tests.house.sources import ROOT

PAGE = ROOT / "docs" / "what-may-i-say.md"


class Labelling(Shell):
    """A person who answers yes and no by turns, and in the study `until` leaves off after the second yes."""

    def typed(self, command: str) -> str:
        return "n\ny\ny\nq\n" if "--study until" in command else "y\nn\n" * 40


def test_every_command_of_the_page_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chats(Path("chats.jsonl"), requests=20, samples=3)
    Path("chats.yaml").write_text(MAPPING, "utf-8")
    shell = Labelling()
    shell.run("allegiance init care")
    shell.run("allegiance import chats.jsonl --mapping chats.yaml --study care")
    assert check(PAGE, shell) > 35


def test_each_row_of_the_table_has_its_section() -> None:
    text = PAGE.read_text("utf-8")
    rows = re.findall(r"\[(\d+)\]\(#(\d+)-([a-z-]+)\)", text)
    sections = re.findall(r"^## (\d+)\. (.+)$", text, flags=re.MULTILINE)
    named = [(number, re.sub(r"[^a-z ]", "", title.lower()).replace(" ", "-")) for number, title in sections]
    assert [(number, name) for number, _, name in rows] == named
