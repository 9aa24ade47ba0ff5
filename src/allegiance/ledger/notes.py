"""Signed notes after C2SP ``signed-note``: a text, an empty line, and a line for each signature.

Reading is strict. Signatures of unknown keys are ignored, as they must be: they can say nothing. A known key must
have signed, every signature of a known key must be right, and no known key may stand there twice, which the format
leaves open and we do not.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import NamedTuple

from allegiance.errors import InputError, VerificationFailed
from allegiance.ledger import ed25519
from allegiance.ledger.checkpoints import parse_base64
from allegiance.ledger.signing import Key, Secret, check_name

MAX_BYTES = 1_000_000
"""Size of the largest note that is read."""
MAX_SIGNATURES = 100
"""Most signatures of a note that is read; the format asks for at least 16."""

_DASH = "\u2014 "


class Signature(NamedTuple):
    """A line of signature: name and id of the key, and what it made."""

    name: str
    id: bytes
    data: bytes


class Note(NamedTuple):
    """A note as it was read. The text is worth nothing until `signers` has found who signed it."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        lines = (f"{_DASH}{s.name} {base64.b64encode(s.id + s.data).decode()}\n" for s in self.signatures)
        return f"{self.text}\n{''.join(lines)}"


def sign(text: str, secret: Secret) -> Note:
    """A note with one signature, by Ed25519 over the text with its last newline."""
    return Note(text, (Signature(secret.key.name, secret.key.id, secret.sign(text.encode())),))


def parse_note(data: bytes, where: str = "") -> Note:
    """Reads a note; checks its form, not its signatures.

    Raises:
        InputError: It is not exactly of the form.
    """
    text, _, lines = read_text(data, where).rpartition("\n\n")
    if not text or not lines.endswith("\n"):
        raise _odd("it needs a text, an empty line, and lines of signature to the end", where)
    found = lines[:-1].split("\n")
    if len(found) > MAX_SIGNATURES:
        raise _odd(f"it has {len(found)} signatures, and at most {MAX_SIGNATURES} are read", where)
    return Note(f"{text}\n", tuple(_signature(line, where) for line in found))


def read_text(data: bytes, where: str = "") -> str:
    """The text of a file that may hold a note: UTF-8, no control characters but newlines.

    Raises:
        InputError: It is not; Windows line ends are not.
    """
    if len(data) > MAX_BYTES:
        raise _odd(f"it is larger than {MAX_BYTES} bytes", where)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _odd("it is not UTF-8", where) from None
    if "\r" in text:
        raise _odd("it has Windows line ends", where)
    if any(char < " " and char != "\n" for char in text):
        raise _odd("it has control characters", where)
    return text


def signers(note: Note, keys: Sequence[Key], where: str = "") -> tuple[Key, ...]:
    """Which of these keys signed the note.

    Raises:
        VerificationFailed: None did, one of them twice, or a signature of one is wrong.
    """
    known, found = {(key.name, key.id): key for key in keys}, list[Key]()
    for name, key_id, data in note.signatures:
        key = known.get((name, key_id))
        if key is None:
            continue
        if key in found:
            raise VerificationFailed(f"the key {name} signed twice.", where=where)
        if not ed25519.verify(key.public, note.text.encode(), data):
            raise VerificationFailed(f"the signature of {name} is wrong.", where=where)
        found.append(key)
    if not found:
        raise VerificationFailed("no key that is known here signed this.", where=where, next="Give one with: --key")
    return tuple(found)


def _signature(line: str, where: str) -> Signature:
    name, space, data = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise _odd(f"{line[:40]!r} is not a line of signature", where)
    body = parse_base64(data, where)
    if len(body) < 5:
        raise _odd("a signature is too short", where)
    return Signature(check_name(name, where), body[:4], body[4:])


def _odd(what: str, where: str) -> InputError:
    return InputError(f"this is not a signed note: {what}.", where=where)
