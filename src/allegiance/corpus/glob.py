"""File globs with named captures: ``{backend}_{model}_{tier:True|False}.json``."""

from __future__ import annotations

import re
from functools import lru_cache

from allegiance.errors import MappingError

_PIECE = re.compile(r"\{(?P<name>[A-Za-z_]\w*)(?::(?P<menu>[^{}]*))?\}|(?P<deep>\*\*/)|(?P<star>\*)|(?P<one>\?)")


def capture(glob: str, name: str) -> dict[str, str] | None:
    """The captures if the glob fits a file name, given with ``/`` between folders; None if it does not.

    A capture is as short as possible, never empty, and does not cross a ``/``. A glob without ``/`` is held against
    the last part of the name.

    Raises:
        MappingError: The glob has the same capture twice, or a brace that captures nothing.
    """
    found = _compiled(glob).fullmatch(name if "/" in glob else name.rpartition("/")[2])
    return None if found is None else found.groupdict()


def check_glob(glob: str) -> None:
    """Raises MappingError if the glob is not usable; see `capture`."""
    _compiled(glob)


@lru_cache(maxsize=64)
def _compiled(glob: str) -> re.Pattern[str]:
    pattern, at = "", 0
    for piece in _PIECE.finditer(glob):
        pattern += _literal(glob, at, piece.start())
        if piece["name"]:
            menu = "|".join(map(re.escape, piece["menu"].split("|"))) if piece["menu"] else "[^/]+?"
            pattern += f"(?P<{piece['name']}>{menu})"
        else:
            pattern += "(?:[^/]+/)*" if piece["deep"] else "[^/]*" if piece["star"] else "[^/]"
        at = piece.end()
    try:
        return re.compile(pattern + _literal(glob, at, len(glob)))
    except re.error as error:
        raise MappingError(f"files: the glob {glob!r} is not usable: {error}.") from None


def _literal(glob: str, start: int, end: int) -> str:
    text = glob[start:end]
    if "{" in text or "}" in text:
        raise MappingError(
            f"files: the glob {glob!r} has a brace that captures nothing.", next="Write {name} or {name:one|two}."
        )
    return re.escape(text)
