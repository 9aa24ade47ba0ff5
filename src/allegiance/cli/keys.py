"""Reading single keys from a terminal without losing any that are typed ahead.

`click.getchar` switches the terminal for each key and throws away what was typed in between; somebody who labels by
one key an answer types ahead.
"""

from __future__ import annotations

import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LEAVE = "q"


class Keys:
    """The keyboard while `keyboard` holds it."""

    def __init__(self, descriptor: int, before: list[int | list[bytes | int]]) -> None:
        self._descriptor, self._before = descriptor, before
        self._waiting: list[str] = []

    def read(self) -> str:
        """The next key; `LEAVE` at the end of input or on Ctrl-C and Ctrl-D. Keys with no character are ``""``."""
        if not self._waiting:
            read = os.read(self._descriptor, 1024)
            self._waiting = _split(read) if read else [LEAVE]
        return self._waiting.pop(0)

    def ask(self, what: str, prompt: Callable[[str], str]) -> str:
        """The answer to a prompt, typed as a line."""
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)
        try:
            return prompt(what)
        finally:
            tty.setcbreak(self._descriptor, termios.TCSADRAIN)


@contextmanager
def keyboard() -> Iterator[Keys]:
    """The keyboard, key by key and without echo; as it was afterwards."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor, termios.TCSADRAIN)
        yield Keys(descriptor, before)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _split(read: bytes) -> list[str]:
    """Keys of what was read; an escape sequence, as of an arrow, is one key that has no character."""
    text = read.decode("utf-8", "ignore")
    if text.startswith("\x1b"):
        return [""]
    return [LEAVE if char in "\x03\x04" else char for char in text] or [""]
