"""Factors that a scenario names itself: levels that change several pieces of the world at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from allegiance.records.record import Record


class Level(Record, frozen=True, kw_only=True):
    """One level: what is different there.

    Attributes:
        set: Built-in factor → level, for example ``story.method: cut``.
        say: Address of a passage → other words, for example ``intent.helpful: You serve everybody.`` They stand for
            its usual words, or for those of the level that `set` gives it; where a condition has the passage at
            another level, the words of that level are kept.
        note: What it isolates, for the reader of a report.
    """

    set: Mapping[str, str] = {}
    say: Mapping[str, str] = {}
    note: str = ""


class Factor(Record, frozen=True, kw_only=True):
    """A factor with a name of its own.

    Attributes:
        levels: Name → level; the first is the usual one, and should change nothing.
        effect: ``fixed``: its levels are compared. ``random``: they stand for others like them, as paraphrases do;
            results are averaged over them within a request, and the spread between them is shown.
        asks: The question that it answers, in a sentence.
    """

    levels: Mapping[str, Level]
    effect: Literal["fixed", "random"] = "fixed"
    asks: str = ""
