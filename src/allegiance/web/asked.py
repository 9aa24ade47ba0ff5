"""Query and form parameters, checked. What is wrong is an error that says what, never a default taken instead."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from starlette.requests import Request

from allegiance.errors import UnknownName, UsageError

LONGEST = 10_000
"""Characters of a parameter at most."""


def text(request: Request, name: str, default: str = "") -> str:
    """A parameter of the query.

    Raises:
        UsageError: It is given twice, or is too long.
    """
    given = request.query_params.getlist(name)
    if len(given) > 1:
        raise UsageError(f"the parameter {name!r} is given {len(given)} times.", where=request.url.path)
    return short(name, given[0]) if given else default


def short(name: str, value: str) -> str:
    """A value, if it is not too long to be one.

    Raises:
        UsageError: It is.
    """
    if len(value) > LONGEST:
        raise UsageError(f"the parameter {name!r} has {len(value):,} characters; {LONGEST:,} are allowed.")
    return value


def whole(name: str, value: str, default: int, *, low: int = 0, high: int = 1_000_000_000) -> int:
    """A whole number.

    Raises:
        UsageError: It is none, or not from `low` to `high`.
    """
    if not value:
        return default
    if not (value.isascii() and value.isdecimal() and len(value) <= 10):
        raise UsageError(f"the parameter {name!r} is {value[:40]!r}; it must be a whole number.")
    if not low <= int(value) <= high:
        raise UsageError(f"the parameter {name!r} is {int(value):,}; it must be from {low:,} to {high:,}.")
    return int(value)


def one_of(name: str, value: str, known: Iterable[str]) -> str:
    """One of a few words.

    Raises:
        UnknownName: It is none of them.
    """
    menu = list(known)
    if value not in menu:
        raise UnknownName(name, value, menu)
    return value


def address(path: str, **parameters: object) -> str:
    """A path with its query; what is empty is left out."""
    given = {key: str(value) for key, value in parameters.items() if value not in ("", None)}
    return f"{path}?{urlencode(given)}" if given else path
