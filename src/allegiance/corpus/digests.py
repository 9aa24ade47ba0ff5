"""Names of transcripts in bulk: ``sha256:`` and 64 hex digits as rows of 32 bytes, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Digests = NDArray[np.uint8]
"""Names as rows of 32 bytes: shape (n, 32)."""

_HEAD = b"sha256:"
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_CHUNK = 65_536


def packed(names: Sequence[str]) -> Digests:
    """Names as rows of 32 bytes, in their order.

    Raises:
        ValueError: One is not ``sha256:`` and 64 lower-case hex digits.
    """
    text = "".join(names)
    width = len(_HEAD) + 64
    if any(len(name) != width for name in names) or not text.isascii() or text.lower() != text:
        raise ValueError("this is not a name.")
    letters = np.frombuffer(text.encode(), np.uint8).reshape(-1, width)
    if (letters[:, : len(_HEAD)] != np.frombuffer(_HEAD, np.uint8)).any():
        raise ValueError("this is not a name.")
    return hexed(letters[:, len(_HEAD) :].tobytes().decode())


def hexed(digits: str | Sequence[str]) -> Digests:
    """Rows of 32 bytes from hex digits.

    Raises:
        ValueError: These are no hex digits, or not 64 for each.
    """
    return np.frombuffer(bytes.fromhex("".join(digits)), np.uint8).reshape(-1, 32)


def texts(digests: Digests) -> list[str]:
    """Names from rows of 32 bytes."""
    digits = digests.tobytes().hex()
    return [f"sha256:{digits[at : at + 64]}" for at in range(0, len(digits), 64)]


def ordered(digests: Digests) -> Digests:
    """The rows in ascending order of their names."""
    words = np.ascontiguousarray(digests).view(">u8").astype(np.uint64)
    order = np.argsort(words[:, 0], kind="stable")
    first = words[order, 0]
    if (first[1:] == first[:-1]).any():
        order = np.lexsort(words.T[::-1])
    return digests[order]


def distinct(digests: Digests) -> Digests:
    """The rows in ascending order, each once."""
    found = ordered(digests)
    new = np.ones(len(found), bool)
    new[1:] = (found[1:] != found[:-1]).any(axis=1)
    return found[new]


def without(digests: Digests, others: Digests) -> Digests:
    """The sorted, distinct rows that are not among others; both are sorted and distinct."""
    both = ordered(np.concatenate([digests, others, others]))
    last = np.ones(len(both), bool)
    last[:-1] = (both[1:] != both[:-1]).any(axis=1)
    first = np.ones(len(both), bool)
    first[1:] = last[:-1]
    return both[first & last]


def digest_of(digests: Digests) -> str:
    """What `records.canonical.digest_names` gives for these names, which are sorted and distinct."""
    made = hashlib.sha256()
    for start in range(0, len(digests), _CHUNK):
        part = digests[start : start + _CHUNK]
        lines = np.empty((len(part), len(_HEAD) + 65), np.uint8)
        lines[:, : len(_HEAD)] = np.frombuffer(_HEAD, np.uint8)
        lines[:, len(_HEAD) : -1 : 2] = _HEX[part >> 4]
        lines[:, len(_HEAD) + 1 : -1 : 2] = _HEX[part & 15]
        lines[:, -1] = ord("\n")
        made.update(lines.tobytes())
    return f"sha256:{made.hexdigest()}"
