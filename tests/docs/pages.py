"""Runs the console blocks of a page: each command as a user would type it, and what must come back.

A block is fenced as ``console``. A line that begins with ``$ `` is a command; the lines up to the next are what it
prints. In them ``…`` stands for any text, and a line of it alone for any number of lines. A command without lines
may print anything, but no error.
"""

from __future__ import annotations

import contextlib
import io
import re
import runpy
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner
from tests.house.sources import ROOT

from allegiance.cli import cli
from allegiance.errors import AllegianceError


class Step(NamedTuple):
    command: str
    expected: tuple[str, ...]


def steps(page: Path) -> Iterator[Step]:
    """The commands of a page in order."""
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *expected = part.rstrip("\n").split("\n")
            yield Step(command, tuple(expected))


class Shell:
    """The few words that the pages use: allegiance, python, cp -r, and NAME=$(…)."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def typed(self, command: str) -> str:
        """What is typed while a command runs."""
        return ""

    def run(self, command: str) -> str:
        """What a command prints."""
        for name, value in self.kept.items():
            command = command.replace(f"${name}", value)
        if taken := re.fullmatch(r"([A-Z]+)=\$\((.*)\)", command):
            self.kept[taken[1]] = self.run(taken[2]).strip()
            return ""
        first, *words = shlex.split(command, comments=True)
        match first:
            case "allegiance":
                return _allegiance(words, self.typed(command))
            case "python":
                return _python(words)
            case "cp" if words[0] == "-r":
                shutil.copytree(words[1], words[2])
                return ""
            case _:
                raise ValueError(f"the pages have no {first!r}")


def check(page: Path, shell: Shell | None = None) -> int:
    """Runs a page in the current directory; how many commands it has."""
    shell, done = shell or Shell(), 0
    for command, expected in steps(page):
        printed = shell.run(command)
        told = "\n".join(line.rstrip() for line in printed.splitlines())
        if expected:
            assert pattern(expected).fullmatch(told + "\n"), f"$ {command}\n{told}\n--- expected\n" + "\n".join(
                expected
            )
        else:
            assert not told.startswith("error:"), f"$ {command}\n{told}"
        done += 1
    return done


def pattern(expected: tuple[str, ...]) -> re.Pattern[str]:
    """The regular expression of the lines that a command must print."""
    lines = (
        r"(?:.*\n)*" if line == "…" else ".*".join(map(re.escape, line.rstrip().split("…"))) + r"\n"
        for line in expected
    )
    return re.compile("".join(lines))


def _allegiance(words: list[str], typed: str) -> str:
    result = CliRunner().invoke(cli, words, input=typed, env={"ALLEGIANCE_READER": "ada"})
    error = result.exception
    if isinstance(error, AllegianceError):
        where = f"\nwhere: {error.where}" if error.where else ""
        return f"error: {error.what}{where}\nnext:  {error.next}"
    if error is not None and not isinstance(error, SystemExit):
        raise error
    assert result.exit_code == 0, result.output
    return result.stdout


def _python(words: list[str]) -> str:
    before, out = sys.argv, io.StringIO()
    sys.argv = words
    try:
        with contextlib.redirect_stdout(out):
            runpy.run_path(str(ROOT / words[0]), run_name="__main__")
    finally:
        sys.argv = before
    return out.getvalue()
