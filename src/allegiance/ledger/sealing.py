"""The key of a study, and checkpoints that it signs.

Three files beside the database: ``log.key``, the private key, which only its owner may read and which goes into no
export and no bundle; ``log.pub``, the public one; ``log.signed``, the largest checkpoint signed so far. A study
without a key has checkpoints without signatures.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from allegiance.errors import InputError, StudyError, VerificationFailed
from allegiance.ledger.checkpoints import Checkpoint, Head, parse_checkpoint
from allegiance.ledger.log import Log
from allegiance.ledger.notes import parse_note, read_text, sign, signers
from allegiance.ledger.signing import Key, Secret, parse_key

SECRET, PUBLIC, SIGNED = "log.key", "log.pub", "log.signed"


class Published(NamedTuple):
    """A checkpoint as it was published: what it says, and which known keys signed it; none where none was asked."""

    head: Head
    signers: tuple[Key, ...]

    @property
    def checkpoint(self) -> Checkpoint:
        """Size and root."""
        return self.head.checkpoint


class Seal:
    """The key of a study, if it has one."""

    def __init__(self, folder: Path, origin: str) -> None:
        """Names the folder of the study and the origin of its log; opens nothing."""
        self.folder, self.origin = folder, origin

    def create(self) -> Key:
        """Makes the key of this study, and keeps version control from taking it along.

        Raises:
            StudyError: There is one already.
            MissingExtra: The library that signs is not installed.
        """
        secret = Secret.new(self.origin)
        _ignore(self.folder / ".gitignore", SECRET)
        secret.save(self.folder / SECRET)
        (self.folder / PUBLIC).unlink(missing_ok=True)
        return self.keys()[0]

    def keys(self) -> tuple[Key, ...]:
        """The public key of this study, if it has one; written out from the private key where it is not yet."""
        path, secret = self.folder / PUBLIC, self.folder / SECRET
        if not path.is_file() and secret.is_file():
            write_whole(path, f"{Secret.load(secret).key}\n".encode())
        return (parse_key(path.read_text("utf-8").removesuffix("\n"), str(path)),) if path.is_file() else ()

    def note(self, log: Log) -> str:
        """The checkpoint of now: signed if the study has a key, else its text alone.

        What is signed is noted in ``log.signed`` before it is given out. Entries that it stands for are saved.

        Raises:
            StudyError: The log does not continue what was signed last, as after a restored backup.
        """
        point = log.checkpoint()
        text = point.note(self.origin)
        if not (self.folder / SECRET).is_file():
            return text
        signed = str(sign(text, Secret.load(self.folder / SECRET)))
        if self._continues(log, point):
            write_whole(self.folder / SIGNED, signed.encode())
        return signed

    def _continues(self, log: Log, point: Checkpoint) -> bool:
        """Whether this is more than was signed last.

        Raises:
            StudyError: It is no continuation of it.
        """
        path = self.folder / SIGNED
        if not path.is_file():
            return True
        last = read_published(path.read_bytes(), self.origin, self.keys(), str(path)).checkpoint
        if last.size > point.size or log.checkpoint(last.size) != last:
            raise StudyError(
                f"the log does not continue the checkpoint signed last (size {last.size}, root {last.root}); "
                f"it has size {point.size}, root {point.root}. Nothing was signed.",
                where=str(path),
                next="If this is a restored backup, restore the rest of it too; if the log was meant to start "
                "afresh, move the key and log.signed away and make another key.",
            )
        return point.size > last.size


def read_published(data: bytes, origin: str, keys: Sequence[Key], where: str = "") -> Published:
    """Reads a checkpoint that was published, signed or not.

    Args:
        data: The file.
        origin: The log it must be of; empty for any.
        keys: Keys that are known. With a signature below the text, one of them must have made it.
        where: The file's name, for messages.

    Raises:
        InputError: It is not exactly of the form.
        VerificationFailed: It is of another log, or no known key signed it.
    """
    text, by = read_text(data, where), tuple[Key, ...]()
    if "\n\n" in text:
        note = parse_note(data, where)
        text, by = note.text, signers(note, keys, where)
    head = parse_checkpoint(text, where)
    if head.extensions and not by:
        # Else a signed note whose empty line was damaged would pass, its signatures taken for extensions.
        raise InputError("a checkpoint without signatures has three lines.", where=where)
    if origin and head.origin != origin:
        raise VerificationFailed(f"this is of the log {head.origin!r}, not of {origin!r}.", where=where)
    return Published(head, by)


def write_whole(path: Path, data: bytes) -> None:
    """Puts these bytes at this path, whole or not at all; a return means that the disk has them."""
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _ignore(path: Path, name: str) -> None:
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    if name not in lines:
        write_whole(path, "".join(f"{line}\n" for line in [*lines, name]).encode())
