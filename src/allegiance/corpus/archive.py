"""Reading a zip archive that may be hostile. Nothing is extracted; member names are labels and never paths.

The whole directory is checked before the first byte is decompressed: number of members, names given twice, entries
that overlap, encryption, methods, declared sizes. Bytes are counted as they come out, so that a lying header gains
nothing. Methods: stored, deflate, and Zstandard (93), which newer Inspect logs use.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO, Final

import pyarrow as pa

from allegiance.errors import ImportRefused

ZSTD: Final = 93
_CHUNK = 1 << 20
_LOCAL = struct.Struct("<4s5H3L2H")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_TRUNCATED = "Copy the file again, or recover a log that was still being written with: inspect log recover"


@dataclass(frozen=True)
class Limits:
    """What is read at most.

    Attributes:
        members: Entries of an archive.
        member_bytes: Decompressed size of one entry, or of a file that is not an archive.
        total_bytes: Decompressed size of all entries together.
        record_bytes: Size of what is kept of one record, where the rest can be passed over; and of a line.
        ratio: Decompressed over compressed size, for entries above `ratio_from` bytes.
        ratio_from: Size below which the ratio is not looked at.
    """

    members: int = 60_000
    member_bytes: int = 1 << 30
    total_bytes: int = 16 << 30
    record_bytes: int = 64 << 20
    ratio: int = 500
    ratio_from: int = 16 << 20


@dataclass(frozen=True)
class Member:
    """An entry: its name and where its bytes are."""

    name: str
    method: int
    start: int
    packed: int
    size: int
    crc: int


class Archive:
    """A checked zip archive. `where` is its name for people."""

    def __init__(self, file: BinaryIO, where: str, limits: Limits | None = None) -> None:
        self._file, self._where, self._limits = file, where, limits or Limits()
        self._members = {member.name: member for member in self._directory()}

    def names(self) -> list[str]:
        """Names of the members, in the order of the directory."""
        return list(self._members)

    def size(self, name: str) -> int:
        """Bytes of a member, as the directory declares them; reading it holds it to that."""
        return self._members[name].size

    def read(self, name: str) -> bytes:
        """The bytes of a member.

        Raises:
            ImportRefused: It is damaged, or is not what the directory says.
        """
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a member, about a megabyte at a time. They are good once all have come.

        Raises:
            ImportRefused: It is damaged, or is not what the directory says.
        """
        member = self._members[name]
        where = f"{self._where} › {shown(name)}"
        seen = crc = 0
        try:
            for chunk in self._stream(member, where):
                seen += len(chunk)
                if seen > member.size:
                    raise ImportRefused(f"holds more than the {member.size:,} bytes that it declares.", where=where)
                crc = zlib.crc32(chunk, crc)
                yield chunk
        except (zlib.error, pa.ArrowException, OSError) as error:
            raise ImportRefused(
                f"the compressed data is damaged: {error}.", where=where, next="Leave it out with --skip-bad."
            ) from None
        if seen != member.size or crc != member.crc:
            raise ImportRefused(
                "the data does not match its checksum; it is damaged.",
                where=where,
                next="Leave it out with --skip-bad.",
            )

    def _stream(self, member: Member, where: str) -> Iterator[bytes]:
        self._file.seek(member.start)
        if member.method == zipfile.ZIP_STORED:
            yield from _blocks(self._file, member.packed)
        elif member.method == zipfile.ZIP_DEFLATED:
            yield from _inflate(self._file, member.packed)
        elif member.method == ZSTD:
            packed = pa.PythonFile(_Region(self._file, member.packed), "r")
            with pa.CompressedInputStream(packed, "zstd") as stream:
                while chunk := stream.read(_CHUNK):
                    yield chunk
        else:
            raise ImportRefused(f"compression method {member.method} is not supported.", where=where)

    def _directory(self) -> list[Member]:
        count = self._check_end()
        try:
            with zipfile.ZipFile(self._file) as archive:
                infos = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OSError) as error:
            raise self._refuse(f"the directory of the archive is damaged: {error}.", _TRUNCATED) from None
        if len(infos) != count:
            raise self._refuse(f"its directory announces {count:,} members and lists {len(infos):,}.", _TRUNCATED)
        members = [self._member(info) for info in infos]
        self._check_names(members)
        self._check_sizes(members)
        self._check_overlap(infos, members)
        return members

    def _check_end(self) -> int:
        """Number of members. One end record, at the very end, read first so that the directory is bounded."""
        size = self._file.seek(0, 2)
        self._file.seek(max(0, size - (1 << 16) - _END.size))
        tail = self._file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) - at < _END.size:
            raise self._refuse("it is truncated: the directory at the end of the archive is missing.", _TRUNCATED)
        _, _, _, _, count, length, start, comment = _END.unpack_from(tail, at)
        if at + _END.size + comment != len(tail):
            raise self._refuse("it is ambiguous: there is data after the end of the archive.", "")
        end = size - len(tail) + at
        if 0xFFFF in (count,) or 0xFFFFFFFF in (length, start):
            count, length, start, end = self._zip64(end)
        if count > self._limits.members:
            raise self._refuse(f"it has {count:,} members; the limit is {self._limits.members:,}.", "")
        if start + length != end:
            raise self._refuse("it is ambiguous: its directory is not where it says.", "")
        return int(count)

    def _zip64(self, end: int) -> tuple[int, int, int, int]:
        self._file.seek(max(0, end - 20))
        locator = self._file.read(20)
        if locator[:4] != b"PK\x06\x07":
            raise self._refuse("it is ambiguous: its ZIP64 records contradict each other.", "")
        (offset,) = struct.unpack_from("<Q", locator, 8)
        self._file.seek(offset)
        record = self._file.read(_END64.size)
        if len(record) < _END64.size or record[:4] != b"PK\x06\x06" or offset + _END64.size != end - 20:
            raise self._refuse("it is ambiguous: its ZIP64 records contradict each other.", "")
        fields = _END64.unpack(record)
        return fields[7], fields[8], fields[9], offset

    def _member(self, info: zipfile.ZipInfo) -> Member:
        where = shown(info.orig_filename)
        self._file.seek(info.header_offset)
        header = self._file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
            raise self._refuse(
                f"it is truncated or damaged: member {where} is not where the directory says.", _TRUNCATED
            )
        _, _, flags, method, _, _, _, _, _, name, extra = _LOCAL.unpack(header)
        if (info.flag_bits | flags) & 0x1:
            raise self._refuse(f"member {where} is encrypted.", "Decrypt the archive first.")
        local = self._file.read(name).decode("utf-8" if flags & 0x800 else "cp437", "replace")
        if method != info.compress_type or local != info.orig_filename:
            raise self._refuse(f"member {where} is described in two different ways.", "")
        start = info.header_offset + _LOCAL.size + name + extra
        return Member(info.orig_filename, method, start, info.compress_size, info.file_size, info.CRC)

    def _check_names(self, members: list[Member]) -> None:
        seen: dict[str, Member] = {}
        for member in members:
            before = seen.setdefault(member.name, member)
            # An interrupted run may write a sample a second time, the same; two that differ are a contradiction.
            if (before.size, before.crc) != (member.size, member.crc):
                raise self._refuse(
                    f"it has two members named {shown(member.name)}.",
                    "Write the log again, for example with: inspect log convert",
                )

    def _check_sizes(self, members: list[Member]) -> None:
        limits, total = self._limits, 0
        for member in members:
            total += member.size
            if member.size > limits.member_bytes:
                raise self._refuse(
                    f"member {shown(member.name)} would be {member.size:,} bytes; that is too much.",
                    "",
                )
            if member.size > max(limits.ratio_from, limits.ratio * member.packed):
                raise self._refuse(
                    f"member {shown(member.name)} would expand more than {limits.ratio}-fold, as a zip bomb does.",
                    "",
                )
        if total > limits.total_bytes:
            raise self._refuse(f"it would expand to {total:,} bytes; the limit is {limits.total_bytes:,}.", "")

    def _check_overlap(self, infos: list[zipfile.ZipInfo], members: list[Member]) -> None:
        spans = sorted((i.header_offset, m.start + m.packed, m.name) for i, m in zip(infos, members, strict=True))
        if spans and spans[0][0] != 0:
            raise self._refuse("it is ambiguous: there is data before the archive.", "")
        for (_, end, name), (start, _, other) in pairwise(spans):
            if start < end:
                raise self._refuse(f"members {shown(name)} and {shown(other)} overlap, as in a zip bomb.", "")

    def _refuse(self, what: str, next_: str) -> ImportRefused:
        return ImportRefused(what, where=self._where, next=next_)


def shown(name: str) -> str:
    """A name for people: quoted, with everything unusual escaped, cut after 120 characters."""
    text = ascii(name)
    return text if len(text) <= 120 else text[:117] + "…'"


class _Region:
    """So many bytes of a file from where it stands, as a file that can only be read."""

    closed = False

    def __init__(self, file: BinaryIO, left: int) -> None:
        self._file, self._left = file, left

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self.closed = True


def _blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0 and (data := file.read(min(size, _CHUNK))):
        size -= len(data)
        yield data


def _inflate(file: BinaryIO, packed: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-15)
    while packed > 0 and not inflater.eof:
        data = file.read(min(packed, _CHUNK))
        if not data:
            return
        packed -= len(data)
        while data and not inflater.eof:
            yield inflater.decompress(data, _CHUNK)
            data = inflater.unconsumed_tail
    yield inflater.flush()
