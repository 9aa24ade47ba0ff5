"""Labelling in the terminal, one key an answer: what keys do, apart from how they are read and drawn.

`Sitting` holds the state and has one method that takes a key; `run` reads keys and draws. So a person, a test and a
file of keys do the same.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import click

from allegiance.cli.keys import keyboard
from allegiance.cli.screen import Line, lines, quoted
from allegiance.errors import AllegianceError
from allegiance.evidence.labelling import Desk, standing
from allegiance.records.label import UNDECIDED, Span
from allegiance.records.transcript import Transcript

HELP = """keys
  1 2 …    the answers, in the order shown below; y and n where they are yes and no
  u        unsure: looked, and cannot tell
  x        unrated: cannot be rated at all
  s        skip; it comes again at the end
  z        take the last answer back
  c        write a note, which goes with the answer
  v        quote: j and k move, space marks the first and the last line, v leaves
  j k      scroll by a line; space and b by a page; g and G to the top and the end
  ?        this page
  q        leave; the same command goes on from here
"""
QUIT, MORE = "quit", "more"
Ask = Callable[[str], str]


@dataclass
class Sitting:
    """One sitting at a desk.

    Attributes:
        desk: Whose, over what.
        width, height: Cells of the terminal.
        queue: Ranks still to be shown, the first of them now.
        said: What the last key did, for the last line of the screen.
        done: Answers given in this sitting.
    """

    desk: Desk
    width: int = 100
    height: int = 40
    queue: list[int] = field(default_factory=list)
    said: str = ""
    done: int = 0
    item: Transcript | None = None
    body: list[Line] = field(default_factory=list)
    top: int = 0
    note: str = ""
    spans: list[Span] = field(default_factory=list)
    cursor: int = -1
    mark: int = -1
    help: bool = False
    began: float = 0.0
    clock: Callable[[], float] = time.monotonic

    def start(self) -> bool:
        """Takes up what is open; whether there is anything."""
        self.queue = self.desk.open()
        return self._turn()

    def fit(self, width: int, height: int) -> Sitting:
        """This sitting, on a terminal of so many cells."""
        if (width, height) != (self.width, self.height):
            self.width, self.height = width, height
            self._wrap()
        return self

    @property
    def keys(self) -> dict[str, str]:
        """Key → answer."""
        answers = self.desk.question.answers
        made = {str(number): value for number, value in enumerate(answers[:9], 1)}
        made |= {value[0]: value for value in answers if value in {"yes", "no"}}
        return made | {"u": UNDECIDED[0], "x": UNDECIDED[1]}

    def press(self, key: str, ask: Ask) -> str:
        """Does what a key says; `QUIT` when the sitting is over, else `MORE`."""
        self.said = ""
        if self.help:
            self.help = False
            return MORE
        if self.cursor >= 0:
            self._quote(key)
            return MORE
        if key in self.keys:
            return self._answer(self.keys[key])
        act = self._acts().get(key)
        if act is None:
            self.said = f"{key!r} does nothing; ? shows the keys" if key.strip() else ""
            return MORE
        return act(ask)

    def page(self) -> list[str]:
        """The screen, line by line, one fewer than `height`, for the cursor needs the last."""
        if self.help:
            return HELP.splitlines()
        room = max(self.height - 5, 1)
        shown = self.body[self.top : self.top + room]
        rows = [self._row(index, line) for index, line in enumerate(shown, self.top)]
        rows += [""] * (room - len(rows))
        return [self._head(), *rows, *self._foot()]

    def _acts(self) -> dict[str, Callable[[Ask], str]]:
        page = max(self.height - 7, 1)
        return {
            "s": self._skip, "z": self._back, "c": self._remark, "v": self._begin_quote, "?": self._show_help,
            "q": lambda _ask: QUIT,
            "j": lambda _ask: self._scroll(1), "k": lambda _ask: self._scroll(-1),
            " ": lambda _ask: self._scroll(page), "b": lambda _ask: self._scroll(-page),
            "g": lambda _ask: self._scroll(-len(self.body)), "G": lambda _ask: self._scroll(len(self.body)),
        }  # fmt: skip

    def _turn(self) -> bool:
        """Opens the first of the queue."""
        self.note, self.spans, self.top, self.cursor, self.mark = "", [], 0, -1, -1
        if not self.queue:
            self.item, self.body = None, []
            return False
        _, self.item = self.desk.show(self.queue[0])
        self._wrap()
        self.began = self.clock()
        return True

    def _wrap(self) -> None:
        if self.item is not None:
            self.body = lines(self.item, max(self.width - 2, 20), replies_only=self.desk.blind)
            self.top, self.cursor, self.mark = 0, -1, -1

    def _answer(self, value: str) -> str:
        seconds = max(self.clock() - self.began, 0.0)
        rank = self.queue[0]
        self.desk.answer(rank, value, note=self.note, spans=self.spans, seconds=seconds)
        self.queue.pop(0)
        self.done += 1
        self.said = f"rank {rank}: {value}"
        return MORE if self._turn() else QUIT

    def _skip(self, _ask: Ask) -> str:
        self.queue.append(self.queue.pop(0))
        self.said = "skipped; it comes again at the end"
        self._turn()
        return MORE

    def _back(self, _ask: Ask) -> str:
        try:
            rank = self.desk.take_back()
        except AllegianceError as error:
            self.said = error.what
            return MORE
        self.queue = [rank, *(other for other in self.queue if other != rank)]
        self.done -= self.done > 0
        self._turn()
        self.said = f"the answer to rank {rank} is taken back"
        return MORE

    def _remark(self, ask: Ask) -> str:
        self.note = ask("note").strip()
        self.said = "the note goes with the answer" if self.note else "no note"
        return MORE

    def _show_help(self, _ask: Ask) -> str:
        self.help = True
        return MORE

    def _scroll(self, by: int) -> str:
        last = max(len(self.body) - max(self.height - 5, 1), 0)
        self.top = min(max(self.top + by, 0), last)
        return MORE

    def _begin_quote(self, _ask: Ask) -> str:
        self.cursor, self.mark = min(self.top, len(self.body) - 1), -1
        self.said = "quote: j and k move, space marks, v leaves"
        return MORE

    def _quote(self, key: str) -> None:
        if key in {"j", "k"}:
            self.cursor = min(max(self.cursor + (1 if key == "j" else -1), 0), len(self.body) - 1)
            self.top = min(max(self.top, self.cursor - max(self.height - 6, 0)), self.cursor)
        elif key in {" ", "\r", "\n"} and self.mark < 0:
            self.mark = self.cursor
            self.said = "now the last line: space"
        elif key in {" ", "\r", "\n"} and self.item is not None:
            span = quoted(self.item, self.body[self.mark], self.body[self.cursor])
            self.said = f"quoted: {span.text}" if span else "a quote lies within one message"
            self.spans += [span] if span else []
            self.cursor = self.mark = -1
        else:
            self.cursor = self.mark = -1
            self.said = "no quote"

    def _row(self, index: int, line: Line) -> str:
        chosen = self.cursor >= 0 and (
            index == self.cursor
            or (self.mark >= 0 and min(self.mark, self.cursor) <= index <= max(self.mark, self.cursor))
        )
        kept = any(
            (span.message, span.part) == (line.message, line.part)
            and span.start < line.end
            and line.start < span.end
            for span in self.spans
        )
        return f"{'>' if chosen else '|' if kept else ' '} {line.text}"

    def _head(self) -> str:
        of = len(self.desk.draw.items)
        place = f"rank {self.queue[0]} of {of}, {of - len(self.queue)} answered" if self.queue else "done"
        more = len(self.body) - self.top - max(self.height - 5, 1)
        rest = f"  ({more} more lines)" if more > 0 else ""
        return f"draw {self.desk.draw.commitment.counter}, {self.desk.card.name}: {place}{rest}"

    def _foot(self) -> list[str]:
        menu = "  ".join(f"{number} {value}" for number, value in enumerate(self.desk.question.answers[:9], 1))
        extras = "".join(
            (f"  note: {self.note}" if self.note else "", f"  quotes: {len(self.spans)}" * bool(self.spans))
        )
        return [
            self.desk.question.text,
            f"{menu}  u unsure  x unrated  s skip  z undo  ? keys  q leave{extras}",
            self.said,
        ]


def run(desk: Desk) -> int:
    """Labels at the terminal until nothing is open or the person leaves; how many answers were given."""
    sitting = Sitting(desk)
    going = MORE if sitting.fit(*shutil.get_terminal_size()).start() else QUIT
    with keyboard() as keys:
        while going == MORE:
            _draw(sitting.fit(*shutil.get_terminal_size()))
            try:
                going = sitting.press(keys.read(), partial(keys.ask, prompt=_ask))
            except KeyboardInterrupt:
                break
    click.clear()
    return sitting.done


def summary(desk: Desk) -> str:
    """How far the person has come, in a sentence."""
    now = standing(desk)
    values = ", ".join(f"{n} {value}" for value, n in now.values.items() if n)
    pace = f", {now.seconds:g} s each (median)" if now.seconds is not None else ""
    return f"{now.reader}: {now.answered} of {now.of} answered ({values or 'none'}){pace}"


def _draw(sitting: Sitting) -> None:
    from allegiance.cli.output import visible

    click.clear()
    for number, row in enumerate(sitting.page()):
        text = visible(row)[: sitting.width]
        click.secho(text, bold=number == 0 or text.startswith("  ──"), reverse=text.startswith(">"))


def _ask(what: str) -> str:
    return str(click.prompt(what, default="", show_default=False))
