"""Foreign bytes to JSON values that have a canonical form: decoded once, strictly, and with every change on record.

One decoder serves all importers, so that one policy holds. A byte order mark is honoured; bytes that are not UTF-8
are refused with their offset. JSON is read strictly: duplicate keys and integers of thousands of digits are
refused. What JSON can say and the canonical form cannot is rewritten by `clean`, and each change is noted.
"""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from allegiance.errors import ImportRefused

TRANSFORMED = "allegiance:transformed"
"""Metadata key under which the changes to a record are kept."""
MAX_DEPTH = 64
"""Deepest nesting kept as structure; what lies deeper becomes its JSON text, with a note."""
MAX_INT = 2**53 - 1
REPLACEMENT = "�"

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Decoded(NamedTuple):
    """Text and the encoding that was used: ``utf-8`` unless the bytes said otherwise."""

    text: str
    encoding: str


def decode(data: bytes, where: str) -> Decoded:
    """The text of a file: UTF-8, or what its byte order mark says.

    Raises:
        ImportRefused: The bytes are not text in that encoding; says at which byte and line.
    """
    if len(data) > 1 and data[0] < 0x80 and data[0] and data[1]:  # neither a mark nor a zero byte
        mark, encoding = b"", "utf-8"
    else:
        mark, encoding = next((pair for pair in _BOMS if data.startswith(pair[0])), (b"", _unmarked(data)))
    try:
        return Decoded(data[len(mark) :].decode(encoding), encoding)
    except UnicodeDecodeError as error:
        at = len(mark) + error.start
        line = data.count(b"\n", 0, at) + 1
        raise ImportRefused(
            f"byte {at} (line {line}) is not {encoding.upper()}: 0x{data[at]:02x}.",
            where=where,
            next="Convert the file to UTF-8.",
        ) from None


def parse(text: str, where: str) -> object:
    """The value of a JSON text. ``NaN`` and infinities come through as floats: see `clean`.

    Raises:
        ImportRefused: Not JSON, an object with the same key twice, or nested or long beyond what can be read.
    """
    try:
        value: object = _strict(text)
    except json.JSONDecodeError as error:
        raise ImportRefused(
            f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}.",
            where=where,
            next="Correct the file, or leave bad records out with --skip-bad.",
        ) from None
    except _DuplicateKey as error:
        raise ImportRefused(
            f"an object has the key {error.key!r} twice, so its value is ambiguous.", where=where
        ) from None
    except RecursionError:
        raise ImportRefused("nested too deeply to be read.", where=where) from None
    except ValueError:
        raise ImportRefused("a number has too many digits to be read.", where=where) from None
    return value


def load(data: bytes, where: str) -> object:
    """`decode`, then `parse`."""
    return parse(decode(data, where).text, where)


class Note(NamedTuple):
    """One change: JSON pointer, what it was, and the code point offset for text (-1 otherwise)."""

    path: str
    was: str
    offset: int = -1

    def plain(self) -> dict[str, object]:
        """As it is kept in metadata."""
        kept: dict[str, object] = {"path": self.path, "was": self.was}
        return kept if self.offset < 0 else kept | {"offset": self.offset}


def clean(value: object, path: str = "") -> tuple[object, list[Note]]:
    """The value in a form that has a canonical form, and a note of each change.

    Lone surrogates become U+FFFD, integers beyond ±(2^53 - 1) and numbers that are not finite become their text,
    and what is nested deeper than `MAX_DEPTH` becomes its JSON text. Nothing is changed without a note. What is
    clean already comes back as it is, not copied.
    """
    if _tidy(value, 0):
        return value, []
    notes: list[Note] = []
    return _clean(value, path, 0, notes), notes


def is_clean(value: Mapping[str, object], known: str) -> bool:
    """Whether `clean` would change nothing in a JSON object; what is under the key `known` is taken to be clean."""
    for key, item in value.items():
        if key != known and not (key.isascii() or _sound(key)):
            return False
        if key != known and not (type(item) is str and item.isascii()) and not _tidy(item, 1):
            return False
    return True


def marked(metadata: Mapping[str, object], notes: Sequence[Note]) -> dict[str, object]:
    """Metadata with these notes added under `TRANSFORMED`; unchanged if there are none."""
    if not notes:
        return dict(metadata)
    before = metadata.get(TRANSFORMED)
    kept = list(before) if isinstance(before, list | tuple) else []
    return {**metadata, TRANSFORMED: kept + [note.plain() for note in notes]}


class _DuplicateKey(Exception):
    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(key)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKey(key)
            seen.add(key)
    return made


_strict = json.JSONDecoder(object_pairs_hook=_object).decode


def _unmarked(data: bytes) -> str:
    """JSON starts with an ASCII character, so a zero byte beside it shows UTF-16 without a mark."""
    if len(data) >= 2 and data[0] == 0 and data[1] != 0:
        return "utf-16-be"
    return "utf-16-le" if len(data) >= 2 and data[1] == 0 and data[0] != 0 else "utf-8"


def _tidy(value: object, depth: int) -> bool:
    """Whether a JSON value is clean; also no, where it takes a closer look to tell."""
    kind = type(value)
    if kind is str:
        return _sound(value)  # type: ignore[arg-type]
    if kind is int or kind is float:
        return -MAX_INT <= value <= MAX_INT  # type: ignore[operator]
    if kind is dict and depth < MAX_DEPTH:
        held: Mapping[object, object] = value  # type: ignore[assignment]
        return all(type(key) is str and _sound(key) and _tidy(item, depth + 1) for key, item in held.items())
    if kind is list and depth < MAX_DEPTH:
        return all(_tidy(item, depth + 1) for item in value)  # type: ignore[attr-defined]
    return value is None or kind is bool


def _sound(text: str) -> bool:
    """Whether text has no lone surrogates."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _clean(value: object, path: str, depth: int, notes: list[Note]) -> object:
    if isinstance(value, str):
        return value if value.isascii() else _text(value, path, notes)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _number(value, path, notes)
    if depth >= MAX_DEPTH:
        notes.append(Note(path, "nested"))
        return _folded(value, path)
    if isinstance(value, Mapping):
        return _mapping(value, path, depth, notes)
    assert isinstance(value, list | tuple), type(value)
    return [_clean(item, f"{path}/{index}", depth + 1, notes) for index, item in enumerate(value)]


def _folded(value: object, path: str) -> str:
    try:
        return json.dumps(value, ensure_ascii=True)
    except RecursionError:
        raise ImportRefused("nested too deeply to be read.", where=path[:80]) from None


def _mapping(value: Mapping[object, object], path: str, depth: int, notes: list[Note]) -> dict[str, object]:
    made: dict[str, object] = {}
    for key, item in value.items():
        name = str(key)
        here = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        if not name.isascii():
            name = _text(name, f"{path}/(key)", notes)
            here = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
            while name in made:
                name += REPLACEMENT
        made[name] = _clean(item, here, depth + 1, notes)
    return made


def _text(value: str, path: str, notes: list[Note]) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        notes.extend(Note(path, f"U+{ord(c):04X}", i) for i, c in enumerate(value) if _lone(c))
        return "".join(REPLACEMENT if _lone(c) else c for c in value)
    return value


def _lone(character: str) -> bool:
    return 0xD800 <= ord(character) <= 0xDFFF


def _number(value: float, path: str, notes: list[Note]) -> object:
    if isinstance(value, int):
        if -MAX_INT <= value <= MAX_INT:
            return value
        notes.append(Note(path, "integer"))
        return str(value)
    if math.isfinite(value) and not MAX_INT < abs(value) < 1e21:
        return value
    notes.append(Note(path, "number"))
    if math.isfinite(value):
        return repr(value)
    return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
