"""Canonical form and content names.

The canonical form of a value is its RFC 8785 JSON in UTF-8; its name is ``sha256:`` and the SHA-256 of that, in
hex. What has no canonical form is refused with `NotCanonical`, never adjusted: NaN and infinities, integers beyond
±(2^53 - 1) and whole floats from there up to 1e21, lone surrogates, keys that are not strings, nesting deeper than
100. By RFC 8785 ``1`` and ``1.0`` are one value, ``-0.0`` is ``0``, keys sort by UTF-16 code unit, and Unicode is
not normalised: NFC and NFD are two texts. NUL is an ordinary character. `tests/vectors/canonical.json` holds the
same rules for other languages.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache

import msgspec
import rfc8785

from allegiance.errors import NotCanonical

LARGEST = 2**53 - 1
"""Largest integer that has a canonical form; floats between it and 1e21 have none either."""

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False).encode
"""Writes text, small integers, truth values and null under ASCII keys as RFC 8785 does, and far faster."""

MAX_DEPTH = 100
"""Deepest nesting that has a canonical form; the outermost value is at depth 0."""


def canonical(value: object) -> bytes:
    """The canonical form of a JSON value or of a record (see `plain`).

    Raises:
        NotCanonical: The value has none; see the module for the rules.
    """
    odd: list[object] = []
    simple = _plain(value, 0, odd)
    try:
        return rfc8785.dumps(simple) if odd else _ENCODE(simple).encode()  # type: ignore[arg-type]
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, TypeError) as error:
        raise NotCanonical(f"this value has no canonical form: {error}.") from None


def digest_bytes(data: bytes) -> str:
    """``sha256:`` and the SHA-256 of these bytes, in hex."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest(value: object) -> str:
    """The content name of a JSON value or record: the SHA-256 of its canonical form."""
    return digest_bytes(canonical(value))


def digest_names(names: Iterable[str]) -> str:
    """The digest of a set of names: the SHA-256 of its distinct members in ascending order, each ended by LF."""
    return digest_bytes("".join(f"{name}\n" for name in sorted(set(names))).encode())


def is_digest(text: str) -> bool:
    """Whether this is a well-formed content name: ``sha256:`` and 64 lower-case hex digits."""
    head, _, body = text.partition(":")
    return head == "sha256" and len(body) == 64 and all(c in "0123456789abcdef" for c in body)


def plain(value: object, depth: int = 0) -> object:
    """A record as JSON objects and arrays; fields that equal their default are left out.

    Leaving them out by equality means that a field added later, with a default, renames nothing that exists.

    Raises:
        NotCanonical: The value is nested too deeply.
    """
    return _plain(value, depth, [])


def _plain(value: object, depth: int, odd: list[object]) -> object:
    """As `plain`; `odd` gathers what the standard encoder would not write by the rules of RFC 8785."""
    if depth > MAX_DEPTH:
        raise NotCanonical(f"this value is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, str | bool) or value is None:
        return value
    if isinstance(value, msgspec.Struct):
        return _fields(value, depth, odd)
    if isinstance(value, Mapping):
        odd += [key for key in value if not isinstance(key, str) or not key.isascii()]
        return {key: _plain(item, depth + 1, odd) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1, odd) for item in value]
    if isinstance(value, float) and LARGEST < abs(value) < 1e21:
        # Written without an exponent, such a number would read back as an integer that is refused.
        raise NotCanonical(f"this number is beyond 2^53 - 1: {value!r}.")
    if not isinstance(value, int) or abs(value) > LARGEST:
        odd.append(value)
    return value


def _fields(value: msgspec.Struct, depth: int, odd: list[object]) -> dict[str, object]:
    tag, defaults = _shape(type(value))
    found = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
    given = ((name, told, getattr(value, name)) for name, told in found)
    kept = [(told, item) for name, told, item in given if name not in defaults or item != defaults[name]]
    return tag | {name: _plain(item, depth + 1, odd) for name, item in kept}


@cache
def _shape(kind: type[msgspec.Struct]) -> tuple[dict[str, object], dict[str, object]]:
    """The tag of a record type as a field, if it has one, and the defaults of its fields."""
    config = kind.__struct_config__
    tag: dict[str, object] = {config.tag_field: config.tag} if config.tag_field else {}
    fields = msgspec.structs.fields(kind)
    plain_defaults: dict[str, object] = {
        field.name: field.default for field in fields if field.default is not msgspec.NODEFAULT
    }
    made = {f.name: f.default_factory() for f in fields if f.default_factory is not msgspec.NODEFAULT}
    return tag, plain_defaults | made
