"""How a problem of a scenario is put: where, what, what next; and the checks that many subjects share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from allegiance.scenarios.nodes import Path

Problem = tuple[Path, str, str]
"""Path of the value, what is wrong with it, what to do."""
_NAME = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")
_MENU = 12
"""Most names of a menu that a message lists."""


def plain(path: Path, name: str) -> Iterator[Problem]:
    """A problem if a name is not plain: it stands in addresses, factors and file names."""
    if not _NAME.fullmatch(name):
        yield path, f"the name {name[:80]!r} is not a plain name.", "Use a-z, 0-9, dots and hyphens."


def doubles(part: str, named: Iterable[tuple[Path, str]]) -> Iterator[Problem]:
    """A problem for each name that was there before."""
    seen: set[str] = set()
    for path, name in named:
        if name in seen:
            yield path, f"{name!r} is in {part} twice.", "Rename or remove one of the two."
        seen.add(name)


def unknown(kind: str, name: str, menu: Sequence[str], path: Path) -> Iterator[Problem]:
    """A problem if a name is not on the menu, with the nearest that is."""
    if name not in menu:
        yield path, f"there is no {kind} {name[:80]!r}.", nearest(name, menu)


def nearest(name: str, menu: Sequence[str]) -> str:
    """The nearest name of a menu, or the menu."""
    near = get_close_matches(name, menu, n=1)
    more = f", and {len(menu) - _MENU} more" if len(menu) > _MENU else ""
    return f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(menu[:_MENU]) or 'none'}{more}."
