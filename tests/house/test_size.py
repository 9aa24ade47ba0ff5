"""Modules of at most 400 lines, functions of at most 60; who is longer has an excuse with a date."""

from __future__ import annotations

from datetime import UTC, date, datetime

from tests.house.sources import functions, modules

EXCUSES: dict[str, date] = {}
"""``module.py`` or ``module.py:function`` → until when it may be too long."""


def too_long() -> set[str]:
    long = {name for name, text in modules().items() if len(text.splitlines()) > 400}
    return long | {name for name, lines in functions() if lines > 60}


def test_nothing_is_too_long_without_an_excuse() -> None:
    assert len(modules()) > 20
    assert too_long() <= set(EXCUSES)


def test_every_excuse_is_needed_and_has_time_left() -> None:
    assert set(EXCUSES) <= too_long()
    assert all(day >= datetime.now(UTC).date() for day in EXCUSES.values())
