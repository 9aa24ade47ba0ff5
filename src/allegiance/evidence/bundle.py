"""Bundles: one file that holds a claim and its material, and verifies offline.

A bundle is a ZIP archive of stored (uncompressed) members, so that any tool opens it and nothing can expand; or a
folder with the same members as files. They are ``bundle.json`` (format; the SHA-256 of each other member),
``claim.json``, ``manifest.json``, ``draw.json`` (only if there was a draw), ``batches.json``, and as JSON lines
``rows.jsonl``, ``labels.jsonl``, ``log.jsonl`` and ``transcripts.jsonl`` (only if the words are shipped); and
``withdrawn.json`` (only if words were taken down since). Each is in canonical form and no other is read, so that no
two readers can take it for two things. See docs/formats.md.
"""

from __future__ import annotations

import io
import os
import struct
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

import msgspec

from allegiance.corpus.files import sync_directory, write_whole
from allegiance.corpus.rows import Row
from allegiance.errors import InputError, NotABundle
from allegiance.evidence.material import Material
from allegiance.ledger.log import Entry
from allegiance.records.canary import CANARY
from allegiance.records.canonical import canonical, digest_bytes
from allegiance.records.claim import Claim
from allegiance.records.draw import Draw
from allegiance.records.label import Label
from allegiance.records.manifest import Manifest
from allegiance.records.record import Record
from allegiance.records.transcript import Transcript

FORMAT = "allegiance-bundle/1"
MENU = frozenset(
    {"bundle.json", "claim.json", "manifest.json", "draw.json", "batches.json", "withdrawn.json"}
    | {"rows.jsonl", "labels.jsonl", "log.jsonl", "transcripts.jsonl"}
)
LIMIT = 1 << 30
"""Largest bundle that is read, in bytes; the archive as well as its members together."""

UNREADABLE = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, struct.error)
"""What the standard library raises over an archive that lies."""

T = TypeVar("T")


class Index(Record, frozen=True, kw_only=True):
    """What ``bundle.json`` says: the format, the canary, and the digest of each other member."""

    format: str
    canary: str
    members: Mapping[str, str]


def write_bundle(path: Path, claim: Claim, material: Material) -> None:
    """Writes a bundle: the whole file or, on any failure, none. When it returns, the file survives a loss of power.

    Raises:
        FileExistsError: There is such a file; it was not touched.
    """
    members = to_members(claim, material)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".bundle-")
    try:
        with os.fdopen(handle, "wb") as out:
            _write_zip(out, members)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).chmod(0o644)
        path.hardlink_to(temporary)
    finally:
        Path(temporary).unlink(missing_ok=True)
    sync_directory(path.parent)


def rewrite_bundle(path: Path, claim: Claim, material: Material) -> None:
    """Puts a bundle in the place of another: a crash leaves the old one or the new one."""
    out = io.BytesIO()
    _write_zip(out, to_members(claim, material))
    write_whole(path, out.getvalue())


def to_members(claim: Claim, material: Material) -> dict[str, bytes]:
    """The members of the bundle of a claim, ``bundle.json`` among them."""
    members = {
        "claim.json": canonical(claim),
        "manifest.json": canonical(material.manifest),
        "batches.json": canonical(material.batches),
        "rows.jsonl": _lines(material.rows),
        "labels.jsonl": _lines(material.labels),
        "log.jsonl": _lines(material.log),
    }
    if material.draw is not None:
        members["draw.json"] = canonical(material.draw)
    if material.transcripts:
        members["transcripts.jsonl"] = _lines(material.transcripts)
    if material.withdrawn:
        members["withdrawn.json"] = canonical(list(material.withdrawn))
    return seal(members)


def seal(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """The members together with the ``bundle.json`` that fits them."""
    plain = {name: data for name, data in members.items() if name != "bundle.json"}
    index = Index(format=FORMAT, canary=CANARY, members={name: digest_bytes(data) for name, data in plain.items()})
    return {"bundle.json": canonical(index), **plain}


class Opened(NamedTuple):
    """A bundle that was opened: its digest (of a folder, that of its ``bundle.json``), and its members as bytes."""

    digest: str
    members: dict[str, bytes]


def open_bundle(path: Path) -> Opened:
    """The members of a bundle as bytes, read once.

    Raises:
        NotABundle: There is no such file or folder, or it is not a bundle.
    """
    try:
        if path.is_dir():
            members = _read_folder(path)
            return Opened(digest_bytes(members["bundle.json"]), members)
        _check_size(path.stat().st_size, path)
        data = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_archive(archive, path)
            return Opened(digest_bytes(data), {info.filename: archive.read(info) for info in archive.infolist()})
    except FileNotFoundError:
        raise NotABundle(
            "there is no such bundle.", where=str(path), next="Make one with: allegiance claim"
        ) from None
    except UNREADABLE as error:
        raise NotABundle(
            f"this is not a bundle, or it is damaged: {error}.", where=str(path), next="Get the file again."
        ) from error


def read_members(path: Path) -> dict[str, bytes]:
    """The members of a bundle as bytes; see `open_bundle`."""
    return open_bundle(path).members


def unseal(members: Mapping[str, bytes]) -> tuple[Claim, Material]:
    """The claim and its material, if the members are those that ``bundle.json`` lists, each in canonical form.

    Raises:
        InputError: A member is missing, another than listed, does not fit its schema, or is written otherwise.
    """
    _check_index(members)
    claim, material = parse(members)
    again = to_members(claim, material)
    if odd := sorted(name for name, data in members.items() if again.get(name) != data):
        raise InputError("this member is not in canonical form.", where=odd[0])
    return claim, material


def parse(members: Mapping[str, bytes]) -> tuple[Claim, Material]:
    """The claim and its material from the members of a bundle.

    Raises:
        InputError: A member is missing or does not fit its schema.
    """
    try:
        claim = msgspec.json.decode(members["claim.json"], type=Claim)
        return claim, Material(
            manifest=msgspec.json.decode(members["manifest.json"], type=Manifest),
            rows=_records(members, "rows.jsonl", Row),
            draw=msgspec.json.decode(members["draw.json"], type=Draw) if "draw.json" in members else None,
            labels=_records(members, "labels.jsonl", Label),
            batches=msgspec.json.decode(members["batches.json"], type=dict[str, tuple[str, ...]]),
            log=_records(members, "log.jsonl", Entry),
            transcripts=_records(members, "transcripts.jsonl", Transcript),
            withdrawn=msgspec.json.decode(members.get("withdrawn.json", b"[]"), type=tuple[str, ...]),
        )
    except KeyError as error:
        raise InputError("a member of the bundle is missing.", where=str(error.args[0])) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"a member of the bundle cannot be read: {error}.") from error


def write_members(path: Path, members: Mapping[str, bytes]) -> None:
    """Writes members to a bundle as they are, sealed or not."""
    with path.open("wb") as out:
        _write_zip(out, members)


def _write_zip(out: IO[bytes], members: Mapping[str, bytes]) -> None:
    # A fixed date makes the same material the same bytes.
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), data)


def _read_folder(path: Path) -> dict[str, bytes]:
    files = sorted(path.iterdir())
    _check_names([file.name for file in files], path)
    if not all(file.is_file() for file in files):
        raise NotABundle("the members of a bundle are files.", where=str(path))
    _check_size(sum(file.stat().st_size for file in files), path)
    return {file.name: file.read_bytes() for file in files}


def _check_archive(archive: zipfile.ZipFile, path: Path) -> None:
    infos = archive.infolist()
    _check_names([info.filename for info in infos], path)
    if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
        raise NotABundle("the members of a bundle are stored, not compressed.", where=str(path))
    _check_size(sum(info.file_size for info in infos), path)


def _check_names(names: Sequence[str], path: Path) -> None:
    if "bundle.json" not in names or len(set(names)) != len(names) or not MENU.issuperset(names):
        raise NotABundle("this is not a bundle: it has other members.", where=str(path))


def _check_size(size: int, path: Path) -> None:
    if size > LIMIT:
        raise NotABundle(f"this bundle is larger than {LIMIT >> 20} MiB.", where=str(path))


def _check_index(members: Mapping[str, bytes]) -> None:
    try:
        index = msgspec.json.decode(members["bundle.json"], type=Index)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"bundle.json cannot be read: {error}.") from error
    if index.format != FORMAT:
        raise InputError(f"the bundle has format {index.format!r}; this version reads {FORMAT!r}.")
    if members["bundle.json"] != seal(members)["bundle.json"]:
        raise InputError("a member does not match the digest by which bundle.json lists it.")


def _lines(records: Iterable[Record]) -> bytes:
    return b"".join(canonical(record) + b"\n" for record in records)


def _records(members: Mapping[str, bytes], name: str, of: type[T]) -> tuple[T, ...]:
    # Only LF ends a line; U+2028 and its kind are ordinary characters of a transcript.
    lines = members.get(name, b"").split(b"\n")
    return tuple(msgspec.json.decode(line, type=of) for line in lines if line)
