"""Proofs that an entry is in the log, as files after C2SP ``tlog-proof``.

The file is a line that names the format, a line ``extra`` (ours holds the entry itself, so that the file proves
what it shows), a line ``index``, the hashes from the leaf upward, an empty line, and the checkpoint word for word.
Where a study has no key, the checkpoint is its text alone; other tools will ask for a signature there.
"""

from __future__ import annotations

import base64
from typing import NamedTuple

from allegiance.errors import InputError, VerificationFailed
from allegiance.ledger import merkle
from allegiance.ledger.checkpoints import Checkpoint, parse_base64, parse_hash, parse_number
from allegiance.ledger.notes import read_text

HEADER = "c2sp.org/tlog-proof@v1"
"""The first line."""
MAX_HASHES = 63
"""Most hashes of a proof: trees have fewer than 2^63 leaves."""


class Proof(NamedTuple):
    """A proof as it is written.

    Attributes:
        seq: Number of the entry.
        hashes: From the leaf's sibling to the root's child.
        note: The checkpoint, with its signatures if it has any.
        extra: The entry, or whatever another tool put there; nothing vouches for it but `check_inclusion`.
    """

    seq: int
    hashes: tuple[bytes, ...]
    note: str
    extra: bytes | None = None

    def __str__(self) -> str:
        extra = [] if self.extra is None else [f"extra {base64.b64encode(self.extra).decode()}"]
        path = [base64.b64encode(one).decode() for one in self.hashes]
        return "\n".join([HEADER, *extra, f"index {self.seq}", *path, "", self.note])


def is_proof(data: bytes) -> bool:
    """Whether a file says that it is a proof."""
    return data.startswith(HEADER.encode() + b"\n")


def parse_proof(data: bytes, where: str = "") -> Proof:
    """Reads a proof; checks its form, neither hashes nor signatures.

    Raises:
        InputError: It is not exactly of the form.
    """
    head, empty, note = read_text(data, where).partition("\n\n")
    first, *lines = head.split("\n")
    if first != HEADER or not empty or not note:
        raise InputError(f"this is not a proof; one begins with {HEADER}.", where=where)
    extra = parse_base64(lines.pop(0)[6:], where) if lines and lines[0].startswith("extra ") else None
    if not lines or not lines[0].startswith("index "):
        raise InputError("this proof has no line 'index'.", where=where)
    if len(lines) > MAX_HASHES + 1:
        raise InputError(f"this proof has more than {MAX_HASHES} hashes.", where=where)
    path = tuple(parse_hash(line, where) for line in lines[1:])
    return Proof(parse_number(lines[0][6:], where), path, note, extra)


def check_inclusion(proof: Proof, entry: bytes, point: Checkpoint, where: str = "") -> None:
    """Checks that the entry is where the proof says, in the tree of this checkpoint.

    Raises:
        VerificationFailed: It is not.
    """
    leaf, expected = merkle.leaf_hash(entry), bytes.fromhex(point.root)
    if not merkle.includes(leaf, proof.seq, point.size, proof.hashes, expected):
        raise VerificationFailed(
            f"the proof does not show that this is entry {proof.seq} of the {point.size} with root {point.root}.",
            where=where,
        )
