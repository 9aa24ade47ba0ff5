"""Checkpoints: size and root of the log at one moment, as text after C2SP ``tlog-checkpoint``.

The text is a line with the origin (the name of the log), one with the size in decimal digits, one with the root in
Base64; lines of extension may follow, which nobody signs for us and which say nothing to us. With signatures below,
it is a signed note (`notes`); without, it is worth what the place is worth where it was published.
"""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

from allegiance.errors import InputError
from allegiance.records.record import Record

LARGEST = 2**63 - 1
"""Largest size or index that is read."""


class Checkpoint(Record, frozen=True, kw_only=True):
    """Size and root of the log at one moment. The root is 64 hex digits."""

    size: int
    root: str

    def note(self, origin: str) -> str:
        """The text of a C2SP ``tlog-checkpoint`` without signatures: origin, size, base64 root."""
        return f"{origin}\n{self.size}\n{base64.b64encode(bytes.fromhex(self.root)).decode()}\n"


class Head(NamedTuple):
    """A checkpoint as it was read: of which log, and any lines of extension, which mean nothing here."""

    origin: str
    checkpoint: Checkpoint
    extensions: tuple[str, ...] = ()


def parse_checkpoint(text: str, where: str = "") -> Head:
    """Reads the text of a checkpoint, without signatures.

    Raises:
        InputError: It is not exactly of the form; an empty line of extension, a leading zero or other ways of
            writing the same Base64 are not.
    """
    *lines, end = text.split("\n")
    if end or len(lines) < 3 or not all(lines):
        raise _odd("it is not three or more lines that are not empty, each ended by a newline", where)
    if any(ord(char) < 0x20 for char in "".join(lines)):
        raise _odd("it has control characters or Windows line ends", where)
    origin, size, root, *extensions = lines
    point = Checkpoint(size=parse_number(size, where), root=parse_hash(root, where).hex())
    return Head(origin, point, tuple(extensions))


def parse_number(text: str, where: str = "") -> int:
    """A number in decimal digits as sizes and indices are written: no sign, no leading zero, below 2^63."""
    plain = text.isascii() and text.isdigit() and len(text) <= 19
    if not plain or str(int(text)) != text or int(text) > LARGEST:
        raise _odd(f"{text[:40]!r} is not a number as checkpoints write them", where)
    return int(text)


def parse_hash(text: str, where: str = "") -> bytes:
    """A hash of 32 bytes in Base64."""
    data = parse_base64(text, where)
    if len(data) != 32:
        raise _odd(f"a hash has 32 bytes, not {len(data)}", where)
    return data


def parse_base64(text: str, where: str = "") -> bytes:
    """Base64 of the standard alphabet, padded, written in its one way."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _odd(f"{text[:40]!r} is not Base64", where) from None
    if base64.b64encode(data).decode() != text:
        raise _odd(f"{text[:40]!r} is not Base64 in its one form", where)
    return data


def _odd(what: str, where: str) -> InputError:
    return InputError(f"this is not a checkpoint: {what}.", where=where)
