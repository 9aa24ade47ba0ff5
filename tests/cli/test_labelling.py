"""Fifty items labelled in a real terminal: killed, resumed, taken back, adjudicated, and nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import MAPPING, allegiance, ok

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
PATIENCE = 60.0
WORDS = "Words follow. " * 40


class Terminal:
    """A terminal of 100 by 30 cells in which one program runs."""

    def __init__(self, name: str) -> None:
        self._base, self._name, self._opened = name, name, 0

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(["tmux", "-L", self._name, *words], capture_output=True, text=True, check=False)
        return done.stdout

    def start(self, *words: str) -> None:
        self.close()
        self._opened += 1
        self._name = f"{self._base}-{self._opened}"  # the server that was told to end may not have ended yet
        line = " ".join([sys.executable, "-m", "allegiance", *words])
        self._tmux("new-session", "-d", "-x", "100", "-y", "30", f"{line}; echo left; exec cat")

    def type(self, keys: str) -> None:
        for key in keys:
            self._tmux("send-keys", "-l", key)

    def enter(self) -> None:
        self._tmux("send-keys", "Enter")

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def wait(self, words: str) -> str:
        until = time.monotonic() + PATIENCE
        while words not in (shown := self.screen()):
            assert time.monotonic() < until, f"{words!r} never came:\n{shown}"
            time.sleep(0.02)
        return shown

    def kill(self) -> None:
        """Ends the program in it as a loss of power would."""
        shell = self._tmux("display-message", "-p", "#{pane_pid}").strip()
        children = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)

    def close(self) -> None:
        self._tmux("kill-server")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(f"allegiance-{os.getpid()}-{tmp_path.name}")
    yield opened
    opened.close()


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """A study of 60 transcripts, and a draw of 50 of them."""
    rows = [
        {
            "id": f"r{n}",
            "k": n,
            "messages": [{"role": "assistant", "content": f"Reply {n}. " + WORDS}],
        }
        for n in range(60)
    ]
    (tmp_path / "chats.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "chats.yaml").write_text(MAPPING)
    study = tmp_path / "study"
    ok("init", str(study))
    ok("import", str(tmp_path / "chats.jsonl"), "--mapping", str(tmp_path / "chats.yaml"), "--study", str(study))
    ok("draw", "50", "--study", str(study))
    return study


def sit(terminal: Terminal, study: Path, reader: str) -> None:
    terminal.start("label", "--draw", "1", "--question", "polite", "--text", "'Is it polite?'", "--reader", reader,
                   "--study", str(study))  # fmt: skip


def progress(study: Path) -> dict[str, int]:
    told = ok("label", "--draw", "1", "--question", "polite", "--progress", "--study", str(study), "--json")
    return {one["reader"]: one["answered"] for one in json.loads(told)}


def test_fifty_items_are_killed_resumed_taken_back_and_adjudicated_and_nothing_is_lost(
    terminal: Terminal, drawn: Path
) -> None:
    sit(terminal, drawn, "ann")
    terminal.wait("rank 1 of 50")
    for rank in range(1, 21):
        terminal.type("1" if rank % 5 else "2")
        terminal.wait(f"rank {rank + 1} of 50")
    terminal.kill()
    terminal.wait("left")
    assert progress(drawn) == {"ann": 20}

    sit(terminal, drawn, "ann")
    terminal.wait("rank 21 of 50")
    terminal.type("z")
    terminal.wait("the answer to rank 20 is taken back")
    terminal.type("c")
    terminal.wait("note")
    terminal.type("on second thoughts")
    terminal.enter()
    terminal.wait("the note goes with the answer")
    terminal.type("1s")
    terminal.wait("rank 22 of 50")
    for rank in range(22, 51):
        terminal.type("1")
        terminal.wait(f"rank {rank + 1 if rank < 50 else 21} of 50")
    terminal.type("u")
    terminal.wait("draw 1 is labelled")
    assert progress(drawn) == {"ann": 50}

    sit(terminal, drawn, "ben")
    terminal.wait("rank 1 of 50")
    terminal.type("1" * 50)
    terminal.wait("draw 1 is labelled")
    assert progress(drawn) == {"ann": 50, "ben": 50}

    words = ("adjudicate", "--draw", "1", "--question", "polite", "--readers", "ann,ben", "--reader", "cy")
    before = json.loads(ok(*words, "--study", str(drawn), "--json"))
    assert [item["rank"] for item in before["disputed"]] == [5, 10, 15, 21]
    done = allegiance(*words, "--study", str(drawn), typed="n\nyes\n2\nq\n")
    assert done.returncode == 0, done.stderr
    assert "49 of 50 settled as rater ann+ben/cy; 1 wait for you" in done.stdout
    last = ok(*words, "--rank", "21", "--value", "yes", "--study", str(drawn))
    assert "50 of 50 settled" in last
    claim = json.loads(ok("claim", "rate", "--draw", "1", "--question", "polite", "--rater", "ann+ben/cy",
                          "--study", str(drawn), "--json"))  # fmt: skip
    assert (claim["counts"]["yes"], claim["counts"]["no"]) == (48, 2)
    assert "are as they were written" in ok("corpus", "fsck", "--study", str(drawn))


def test_the_keys_are_shown_when_asked_for(terminal: Terminal, drawn: Path) -> None:
    sit(terminal, drawn, "ann")
    terminal.wait("rank 1 of 50")
    terminal.type("?")
    assert "take the last answer back" in terminal.wait("take the last")


def test_a_blind_reader_does_not_see_the_condition(terminal: Terminal, drawn: Path) -> None:
    terminal.start("label", "--draw", "1", "--question", "polite", "--text", "Polite", "--blind", "--reader", "ann",
                   "--study", str(drawn))  # fmt: skip
    shown = terminal.wait("rank 1 of 50")
    assert "model" not in shown


def test_decisions_on_what_is_not_disputed_are_refused(drawn: Path) -> None:
    words = ("label", "--draw", "1", "--question", "polite", "--text", "Polite?", "--study", str(drawn))
    allegiance(*words, "--reader", "ann", typed="y\nq\n")
    allegiance(*words[:5], "--reader", "ben", "--study", str(drawn), typed="y\nq\n")
    done = allegiance("adjudicate", "--draw", "1", "--question", "polite", "--readers", "ann,ben", "--reader", "cy",
                      "--rank", "1", "--value", "no", "--study", str(drawn))  # fmt: skip
    assert done.returncode == 2
    assert "rank 1 is not disputed" in done.stderr
