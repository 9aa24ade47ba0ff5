"""Digests of a population from columns: its members, and its rows in canonical form, a million in a second or two.

The bytes are those of `records.canonical`: a row is an object with its keys in order, without what equals its
default. They are put together by Arrow, chunk by chunk; only what JSON must escape is written one by one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from operator import eq
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from allegiance.corpus.tables.light import Light
from allegiance.records.canonical import LARGEST, canonical
from allegiance.records.condition import Condition

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from allegiance.corpus.tables.light import Ints

NOTHING = f"sha256:{hashlib.sha256().hexdigest()}"
"""The digest of no scores."""
CHUNK = 65_536
"""Rows whose canonical form is in memory at a time."""
_TEXT = pa.large_string()
_PLAIN = re.compile(rb"[0-9a-z:]*")


def columns_digest(light: Light, at: Ints | None = None) -> str:
    """The digest of the columns at these positions (ascending), or of all; see `evidence.population`."""
    made = hashlib.sha256()
    for piece in canonical_rows(light, at):
        made.update(piece)
    return f"sha256:{made.hexdigest()}"


def members_digest(light: Light, at: Ints | None = None) -> str:
    """The digest of the set of names at these positions (ascending), or of all."""
    names = light.names(at)
    if any(map(eq, names, islice(names, 1, None))):
        names = list(dict.fromkeys(names))
    made = hashlib.sha256()
    for start in range(0, len(names), CHUNK):
        made.update(b"\n".join(names[start : start + CHUNK]) + b"\n")
    return f"sha256:{made.hexdigest()}"


def scores_digest(names: Sequence[bytes], scores: NDArray[np.float64]) -> str:
    """The digest of a score for each name, by name; see `evidence.rated.scores_digest`.

    Raises:
        NotCanonical: A score is not finite.
    """
    made = hashlib.sha256()
    for start in range(0, len(scores), CHUNK):
        values, which = np.unique(scores[start : start + CHUNK], return_inverse=True)
        written = [b'",' + _number(value) + b"]\n" for value in values.tolist()]
        part = names[start : start + CHUNK]
        part = part if _PLAIN.fullmatch(b"".join(part)) else [_json(name.decode())[1:-1].encode() for name in part]
        lines = [b'["' + name + written[i] for name, i in zip(part, which.tolist(), strict=True)]
        made.update(b"".join(lines))
    return f"sha256:{made.hexdigest()}"


def canonical_rows(light: Light, at: Ints | None = None) -> Iterator[memoryview]:
    """The rows at these positions, each in canonical form and ended by LF, in chunks.

    Raises:
        NotCanonical: A number is beyond 2^53 - 1.
    """
    coded = {key: _fragments(light.words(column), key) for key, column in _CODED.items()}
    coded["condition"] = pa.array([_condition(one) for one in light.conditions], _TEXT)
    count = len(light) if at is None else len(at)
    for start in range(0, count, CHUNK):
        part = light.table.slice(start, CHUNK)
        if at is not None:
            part = light.table.take(pa.array(at[start : start + CHUNK]))
        yield _chunk(part.combine_chunks(), coded)


_CODED = {"member": "source_member", "model": "model", "run": "run", "source": "source_digest", "status": "status"}
"""Key of a canonical row → the coded column that it comes from."""


def _chunk(part: pa.Table, coded: dict[str, pa.Array]) -> memoryview:
    def of(key: str) -> pa.Array | pa.Scalar:
        words = coded[key]
        if len(words) == 1:
            return words[0]
        return words.take(part[_CODED.get(key, key)].chunk(0).indices)

    pieces = [
        _text("{"), of("condition"), of("member"), of("model"),
        _text('"name":"'), _escaped(part["transcript_id"].chunk(0)), _text('",'),
        _numbers(part["source_record"].chunk(0), "record", 0),
        _request(part["request"].chunk(0)),
        of("run"), _numbers(part["sample"].chunk(0), "sample", -1), of("source"), of("status"),
        _text('"text_digest":"'), _escaped(part["text_digest"].chunk(0)), _text('"}\n'),
    ]  # fmt: skip
    joined = pc.binary_join_element_wise(*_merged(pieces), _text(""))
    offsets = np.frombuffer(joined.buffers()[1], np.int64, len(joined) + 1)
    return memoryview(joined.buffers()[2])[int(offsets[0]) : int(offsets[-1])]


def _merged(pieces: Sequence[pa.Array | pa.Scalar]) -> list[pa.Array | pa.Scalar]:
    """The pieces with neighbours that are the same in all rows put together."""
    made: list[pa.Array | pa.Scalar] = []
    for piece in pieces:
        if made and isinstance(piece, pa.Scalar) and isinstance(made[-1], pa.Scalar):
            made[-1] = _text(made[-1].as_py() + piece.as_py())
        else:
            made.append(piece)
    return made


def _fragments(words: Sequence[str], key: str) -> pa.Array:
    """Code → ``"key":"value",``; nothing for the default."""
    default = "complete" if key == "status" else ""
    return pa.array(["" if word == default else f'"{key}":{_json(word)},' for word in words], _TEXT)


def _condition(one: Condition) -> str:
    return "" if one == Condition() else f'"condition":{canonical(one).decode()},'


def _request(values: pa.Array) -> pa.Array:
    written = pc.binary_join_element_wise(_text('"request":"'), _escaped(values), _text('",'), _text(""))
    return pc.if_else(pc.equal(values, ""), _text(""), written)


def _numbers(values: pa.Array, key: str, default: int) -> pa.Array | pa.Scalar:
    ends = pc.min_max(values).as_py()
    if ends["min"] == ends["max"] == default:
        return _text("")
    for end in (ends["min"], ends["max"]):
        if abs(end) > LARGEST:
            canonical(end)  # says what is wrong with it
    written = pc.binary_join_element_wise(_text(f'"{key}":'), values.cast(_TEXT), _text(","), _text(""))
    return pc.if_else(pc.equal(values, default), _text(""), written)


def _escaped(values: pa.Array) -> pa.Array:
    """Texts as they stand between the quotes of JSON."""
    offsets = np.frombuffer(values.buffers()[1], np.int64, len(values) + 1, values.offset * 8)
    data = np.frombuffer(values.buffers()[2] or b"", np.uint8)[int(offsets[0]) : int(offsets[-1])]
    if not ((data < 0x20) | (data == ord('"')) | (data == ord("\\"))).any():
        return values
    return pa.array([_json(value)[1:-1] for value in values.to_pylist()], _TEXT)


def _number(value: float) -> bytes:
    # Both write the fewest digits that read back the same; only here do they also place the point alike.
    return repr(value).encode() if 1e-4 <= value < 1 else canonical(value)


def _text(value: str) -> pa.Scalar:
    return pa.scalar(value, _TEXT)


_json: Callable[[str], str] = json.JSONEncoder(ensure_ascii=False).encode
