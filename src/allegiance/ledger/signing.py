"""Keys of a log: text forms, the file of the private one, and the port to the library that signs.

A public key is written ``name+id+base64``, a private one ``PRIVATE+KEY+name+id+base64``: the forms that tools for
C2SP signed notes share. The id is the first four bytes of SHA-256(name ‖ LF ‖ 0x01 ‖ public key), in hex; the
Base64 holds 0x01 (for Ed25519) and the 32 bytes of the key.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol

from allegiance.errors import InputError, MissingExtra, StudyError
from allegiance.ledger.checkpoints import parse_base64

ED25519 = b"\x01"
"""The kind of key and signature, as signed notes number them."""

_PRIVATE = "PRIVATE+KEY+"


class Key(NamedTuple):
    """A public key. The name says whose; the 32 bytes are what counts."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that stand in signatures."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"


class Secret:
    """A private key; it does not show itself."""

    def __init__(self, name: str, seed: bytes) -> None:
        """Wraps the 32 bytes of a private key.

        Raises:
            MissingExtra: The library that signs is not installed.
        """
        self._seed, self._private = seed, _private(seed)
        self.key = Key(check_name(name), self._private.public_key().public_bytes_raw())

    @classmethod
    def new(cls, name: str) -> Secret:
        """A key of fresh random bytes."""
        return cls(name, secrets.token_bytes(32))

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._private.sign(message)

    def save(self, path: Path) -> None:
        """Writes the key to a new file that its owner alone may read.

        Raises:
            StudyError: There is a file already; it is left alone.
        """
        seed = base64.b64encode(ED25519 + self._seed).decode()
        try:
            target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise StudyError(
                "there is a key already; what it signed needs it.",
                where=str(path),
                next="To sign with another one from now on, move this file away first.",
            ) from None
        with os.fdopen(target, "w", encoding="utf-8") as out:
            out.write(f"{_PRIVATE}{self.key.name}+{self.key.id.hex()}+{seed}\n")
            out.flush()
            os.fsync(out.fileno())

    @classmethod
    def load(cls, path: Path) -> Secret:
        """Reads a key.

        Raises:
            StudyError: Others may read the file.
            InputError: It is not a key.
        """
        if path.stat().st_mode & 0o077:
            raise StudyError(
                "others may read this private key.", where=str(path), next=f"Run: chmod 600 {path.name}"
            )
        text = path.read_text("utf-8", errors="replace").removesuffix("\n")
        if not text.startswith(_PRIVATE):
            raise InputError("this is not a private key.", where=str(path))
        name, told, seed = _split(text.removeprefix(_PRIVATE), str(path))
        found = cls(name, seed)
        if found.key.id.hex() != told:
            raise InputError("this key does not fit the id beside it.", where=str(path))
        return found


def parse_key(text: str, where: str = "") -> Key:
    """Reads a public key.

    Raises:
        InputError: It is not one, is not of Ed25519, or does not fit the id beside it.
    """
    if text.startswith(_PRIVATE):
        raise InputError("this is a private key; give the public one.", where=where)
    name, told, public = _split(text, where)
    key = Key(name, public)
    if key.id.hex() != told:
        raise InputError("this key does not fit the id beside it.", where=where)
    return key


def check_name(name: str, where: str = "") -> str:
    """The name of a key, if it can be one: not empty, no spaces, no plus, no control characters."""
    if not name or any(char.isspace() or char < " " or char == "+" for char in name):
        raise InputError(f"a key cannot be named {name!r}.", where=where)
    return name


def _split(text: str, where: str) -> tuple[str, str, bytes]:
    name, _, rest = text.partition("+")
    told, _, data = rest.partition("+")
    if not data:
        raise InputError("this is not a key; one is written name+id+base64.", where=where)
    body = parse_base64(data, where)
    if len(body) != 33 or body[:1] != ED25519:
        raise InputError("this is not a key of Ed25519.", where=where)
    return check_name(name, where), told, body[1:]


class _Public(Protocol):
    def public_bytes_raw(self) -> bytes: ...


class _Private(Protocol):
    def sign(self, data: bytes, /) -> bytes: ...
    def public_key(self) -> _Public: ...


def _private(seed: bytes) -> _Private:
    try:
        library = import_module("cryptography.hazmat.primitives.asymmetric.ed25519")
    except ImportError:
        raise MissingExtra("cryptography", "sign") from None
    made: _Private = library.Ed25519PrivateKey.from_private_bytes(seed)
    return made
