"""Anchors: checkpoints published where the owner of the log cannot change them, and what they show of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from allegiance.errors import StudyError, VerificationFailed
from allegiance.ledger import merkle
from allegiance.ledger.checkpoints import Checkpoint
from allegiance.ledger.entry import Entry
from allegiance.ledger.log import Log, checkpoint
from allegiance.ledger.sealing import Seal, read_published, write_whole
from allegiance.records.canonical import digest_bytes

Grade = Literal["local", "anchored"]
"""How far a log can be believed: on its owner's word, or against a checkpoint published elsewhere."""

DOES_NOT_SHOW: Mapping[Grade, tuple[str, ...]] = {
    "local": (
        "that the log is the only one: whoever holds the study can write it anew, in whole or from any entry on",
        "when anything was done: the times are what this machine's clock said",
        "that what was logged is all that was done",
    ),
    "anchored": (
        "anything about entries after the checkpoint",
        "when anything was done, except that the entries before it were there when it was published",
        "that no other log of the same study was anchored elsewhere and kept back",
        "that what was logged is all that was done, or that it is true",
    ),
}
"""What a log of each grade does not prove; the same words everywhere."""

State = Literal["same", "begins", "cut off", "forked"]


class Comparison(NamedTuple):
    """A published checkpoint against a log.

    Attributes:
        published: What was published.
        here: The log's checkpoint at that size; if it is shorter, at its own.
        head: The log's checkpoint now.
        proof: The consistency proof from `published` to `head`, checked; empty if there is none or none is needed.
        state: ``same``; ``begins``: the log begins with it; ``cut off``: the log has fewer entries; ``forked``:
            the log began otherwise.
    """

    published: Checkpoint
    here: Checkpoint
    head: Checkpoint
    proof: tuple[bytes, ...]
    state: State

    @property
    def grade(self) -> Grade:
        """The grade of the entries up to the published size."""
        return "anchored" if self.state in {"same", "begins"} else "local"


def compare(leaves: Sequence[bytes], published: Checkpoint) -> Comparison:
    """A published checkpoint against a log of these leaf hashes, which must come from the entries themselves."""
    head = checkpoint(list(leaves))
    if published.size > head.size:
        return Comparison(published, head, head, (), "cut off")
    here = checkpoint(list(leaves[: published.size]))
    if here != published:
        return Comparison(published, here, head, (), "forked")
    proof = merkle.consistency_proof(leaves, published.size)
    old, new = bytes.fromhex(published.root), bytes.fromhex(head.root)
    if not merkle.extends(published.size, old, head.size, new, proof):
        raise ArithmeticError("a consistency proof that was just made does not hold")
    return Comparison(published, here, head, tuple(proof), "same" if published == head else "begins")


def require_continued(found: Comparison, where: str = "") -> Comparison:
    """The comparison, if the log continues what was published.

    Raises:
        VerificationFailed: It does not; tells both heads.
    """
    told = f"published: size {found.published.size}, root {found.published.root}"
    if found.state == "cut off":
        raise VerificationFailed(
            f"the log was cut off, or this is an older copy of it; {told}; "
            f"here: size {found.head.size}, root {found.head.root}.",
            where=where,
        )
    if found.state == "forked":
        raise VerificationFailed(
            f"the log was forked: it does not begin with the entries that were published; {told}; "
            f"here: size {found.here.size}, root {found.here.root} "
            f"(in all: size {found.head.size}, root {found.head.root}).",
            where=where,
            next="See `allegiance corpus fsck` for entries that were changed here.",
        )
    return found


def anchor(log: Log, path: Path, seal: Seal) -> Entry:
    """Writes the checkpoint of now into a file to be published, and logs that.

    The file comes first: a crash between the two leaves a file that the log does not speak of, as good as any. A
    checkpoint that is in the file already is replaced, if the log continues it.

    Returns:
        The entry, of kind ``anchor``.

    Raises:
        StudyError: The log is damaged, or does not continue what the key signed last.
        InputError: The file holds something else.
        VerificationFailed: The file holds a checkpoint that the log does not continue. Nothing was written.
    """
    if faults := log.fsck():
        raise StudyError(f"a damaged log is not anchored: {faults[0]}.", next="See: allegiance corpus fsck")
    if path.exists():
        before = read_published(path.read_bytes(), seal.origin, seal.keys(), str(path))
        require_continued(compare(log.leaves(), before.checkpoint), str(path))
    note = seal.note(log)
    write_whole(path, note.encode())
    point = read_published(note.encode(), seal.origin, seal.keys(), str(path))
    body = {
        "size": point.checkpoint.size,
        "root": point.checkpoint.root,
        "note": digest_bytes(note.encode()),
        "file": path.name.encode(errors="replace").decode(),
        "signed": bool(point.signers),
    }
    return log.append("anchor", body)
