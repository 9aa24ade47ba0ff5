"""From a name, a path or a text to a checked scenario."""

from __future__ import annotations

from pathlib import Path

from allegiance.errors import ScenarioError
from allegiance.records.scenario import Scenario
from allegiance.scenarios.checks import problems
from allegiance.scenarios.documents import KEYS, resolved
from allegiance.scenarios.files import Origin, library, origin
from allegiance.scenarios.reading import typed

__all__ = ["check", "check_file", "library", "load", "parse", "source"]


def load(name_or_path: str | Path) -> Scenario:
    """A scenario of the library by name, or one in a file by path (a name that ends in ``.yaml`` or has a slash).

    Raises:
        UnknownName: There is no such scenario in the library.
        ScenarioError: The file cannot be read, or is wrong; the first problem, with line and column.
    """
    return _checked(origin(name_or_path))


def parse(text: str, where: str = "scenario", folder: Path | None = None) -> Scenario:
    """A scenario from YAML text; `where` names the text in messages, paths in it start at `folder`.

    Raises:
        ScenarioError: The first problem; its message says how many more there are.
    """
    return _checked(Origin(where, text, folder or Path()))


def check(text: str, where: str = "scenario", folder: Path | None = None) -> tuple[ScenarioError, ...]:
    """All problems of a scenario in YAML text, in order; empty if it is right.

    Three things are looked at one after the other: the keys of the document (what it extends, uses and reads), keys
    and types, and what types cannot say. What fails at one is not held against the next.
    """
    return _made(Origin(where, text, folder or Path()))[1]


def check_file(path: str | Path) -> tuple[ScenarioError, ...]:
    """All problems of a scenario in a file, or of the library; see `check`. See `load` for errors."""
    return _made(origin(path))[1]


def source(name_or_path: str | Path) -> tuple[str, str]:
    """Where a scenario is written, for people, and its YAML text as written."""
    found = origin(name_or_path)
    return found.where, found.text


def _checked(found: Origin) -> Scenario:
    made, faults = _made(found)
    if faults or made is None:
        raise _with_count(faults)
    return made


def _made(found: Origin) -> tuple[Scenario | None, tuple[ScenarioError, ...]]:
    try:
        document = resolved(found)
        if document.faults:
            return None, _in_order(document.faults, found.where)
        made, faults = typed(document.sheet, KEYS)
        faults = faults if made is None else problems(made, document.sheet)
        return made, _in_order(faults, found.where)
    except ScenarioError as error:
        return None, (error,)


def _in_order(faults: tuple[ScenarioError, ...], where: str) -> tuple[ScenarioError, ...]:
    """By line and column, each once; those of the file at hand first."""
    once = {str(each): each for each in faults}.values()
    return tuple(sorted(once, key=lambda each: (not each.where.startswith(f"{where}:"), each.line, each.column)))


def _with_count(found: tuple[ScenarioError, ...]) -> ScenarioError:
    first, more = found[0], len(found) - 1
    if more:
        note = f"{first.next} There {'is 1 more problem' if more == 1 else f'are {more} more problems'}."
        spot = first.where.rsplit(":", 2)[0] if first.line else first.where
        return ScenarioError(first.what, where=spot, next=note.strip(), line=first.line, column=first.column)
    return first
