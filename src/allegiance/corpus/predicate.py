"""A filter for transcripts: ``model=gpt-5 tier=trained|untrained status=complete``.

All fields must hold; each holds for any of its alternatives. Fields are ``model``, ``request``, ``run``, ``status``
the factors of conditions, ``split`` (``explore`` or ``confirm``), and ``QUESTION@RATER`` for what a rater answered.
Fields and values with spaces or any of ``|="'`` are quoted, as in JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from allegiance.errors import UsageError

COLUMNS = ("model", "request", "run", "split", "status")
"""Fields that every transcript has; all others are factors of its condition."""
_SPACE = re.compile(r"\s*")
_KEY = re.compile(r"[\w][\w.\-/@]*")
_BARE = re.compile(r"""[^\s|="']+""")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Predicate:
    """Field → its alternatives. Sorted, so that equal filters are equal and are written alike."""

    terms: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def matches(self, row: Mapping[str, str]) -> bool:
        """Whether a row, given as field → value, passes. A field that the row does not have does not pass."""
        return all(key in row and row[key] in values for key, values in self.terms)

    def __str__(self) -> str:
        return " ".join(f"{_written(key, _KEY)}={'|'.join(map(_written, values))}" for key, values in self.terms)


def parse(text: str) -> Predicate:
    """The predicate of a text; the empty text passes everything.

    Raises:
        UsageError: It is not a predicate; a caret shows where.
    """
    terms: dict[str, tuple[str, ...]] = {}
    at = _skip(text, 0)
    while at < len(text):
        key, values, end = _term(text, at)
        if key in terms:
            raise _error(text, at, f"the field {key} is given twice; write its values as {key}=one|two")
        terms[key] = values
        if end < len(text) and not text[end].isspace():
            raise _error(text, end, "expected a space before the next field")
        at = _skip(text, end)
    return Predicate(tuple(sorted(terms.items())))


def _term(text: str, at: int) -> tuple[str, tuple[str, ...], int]:
    key, at = _key(text, at)
    if text[at : at + 1] != "=":
        raise _error(text, at, f"expected = after {key}")
    values: set[str] = set()
    while True:
        value, at = _value(text, at + 1)
        values.add(value)
        if text[at : at + 1] != "|":
            return key, tuple(sorted(values)), at


def _key(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] == '"':
        return _value(text, at)
    if found := _KEY.match(text, at):
        return found.group(), found.end()
    raise _error(text, at, "expected a field, as in tier=trained")


def _value(text: str, at: int) -> tuple[str, int]:
    if quoted := _QUOTED.match(text, at):
        try:
            return str(json.loads(quoted.group(), strict=False)), quoted.end()
        except ValueError:
            raise _error(text, at, "this quoted value has an escape that is not JSON") from None
    if text[at : at + 1] == "'":
        end = text.find("'", at + 1)
        if end > 0:
            return text[at + 1 : end], end + 1
    if bare := _BARE.match(text, at):
        return bare.group(), bare.end()
    raise _error(text, at, "expected a value")


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _written(value: str, bare: re.Pattern[str] = _BARE) -> str:
    if value.isprintable():
        return value if bare.fullmatch(value) else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def _error(text: str, at: int, what: str) -> UsageError:
    return UsageError(f"{what}.\n  {text}\n  {' ' * at}^", where="filter", next="")
