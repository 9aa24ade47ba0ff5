"""Ed25519 signing for tests (RFC 8032, section 5.1.6), where the library that signs is not installed.

It takes longer for some keys than for others, which would tell of them: not for use.
"""

from __future__ import annotations

import hashlib

from allegiance.ledger.ed25519 import BASE, ORDER, encode, times


class Signer:
    """What `signing` asks of the library, for one seed."""

    def __init__(self, seed: bytes) -> None:
        digest = hashlib.sha512(seed).digest()
        number = int.from_bytes(digest[:32], "little")
        self._scalar = number & (1 << 254) - 8 | 1 << 254
        self._prefix = digest[32:]
        self._public = encode(times(self._scalar, BASE))

    def public_key(self) -> Signer:
        return self

    def public_bytes_raw(self) -> bytes:
        return self._public

    def sign(self, data: bytes) -> bytes:
        nonce = _number(self._prefix + data)
        point = encode(times(nonce, BASE))
        scalar = (nonce + _number(point + self._public + data) * self._scalar) % ORDER
        return point + scalar.to_bytes(32, "little")


def _number(data: bytes) -> int:
    return int.from_bytes(hashlib.sha512(data).digest(), "little") % ORDER
