from __future__ import annotations

import io
import struct
import warnings
import zipfile
import zlib

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.corpus.archive import Archive, Limits
from allegiance.errors import ImportRefused


def packed(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def opened(data: bytes, **limits: int) -> Archive:
    return Archive(io.BytesIO(data), "made.eval", Limits(**limits))


@given(st.dictionaries(st.text("abc/.", min_size=1), st.binary(max_size=50), max_size=5), st.sampled_from([0, 8]))
def test_what_was_packed_is_read(members: dict[str, bytes], method: int) -> None:
    archive = opened(packed(members, method))
    assert {name: archive.read(name) for name in archive.names()} == members


def zstd(name: bytes, data: bytes) -> bytes:
    body, crc = pa.compress(data, "zstd", asbytes=True), zlib.crc32(data)
    fields = (20, 0, 93, 0, 33, crc, len(body), len(data), len(name))
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", *fields, 0) + name + body
    central = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, *fields, 0, 0, 0, 0, 0, 0) + name
    return local + central + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)


def test_a_member_in_zstandard_is_read() -> None:
    assert opened(zstd(b"a.json", b"x" * 100_000)).read("a.json") == b"x" * 100_000


@pytest.mark.parametrize("cut", [1, 10, 22, 100, 400])
def test_a_truncated_archive_is_called_truncated_and_says_what_next(cut: int) -> None:
    with pytest.raises(ImportRefused, match="truncated") as caught:
        opened(packed({f"{i}.json": bytes(range(256)) for i in range(9)})[:-cut])
    assert "inspect log recover" in caught.value.next


def test_an_archive_cut_in_half_is_called_truncated() -> None:
    data = packed({f"{i}.json": bytes(range(256)) for i in range(9)})
    with pytest.raises(ImportRefused, match="truncated"):
        opened(data[: len(data) // 2])


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(ImportRefused, match="zip bomb"):
        opened(packed({"a": bytes(40 << 20)}))


def test_a_member_that_holds_more_than_it_declares_is_stopped() -> None:
    data = packed({"a": bytes(5 << 20)})
    lying = data.replace(struct.pack("<L", 5 << 20), struct.pack("<L", 100))
    assert lying != data
    with pytest.raises(ImportRefused, match="more than the 100 bytes"):
        opened(lying).read("a")


def test_too_many_members_are_refused() -> None:
    with pytest.raises(ImportRefused, match="11 members"):
        opened(packed({str(i): b"" for i in range(11)}), members=10)


def test_too_many_bytes_in_all_are_refused() -> None:
    with pytest.raises(ImportRefused, match="would expand to"):
        opened(packed({str(i): b"x" * 100 for i in range(11)}), total_bytes=1000)


def test_a_name_given_twice_is_refused() -> None:
    made = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a.json", "1")
        archive.writestr("a.json", "2")
    with pytest.raises(ImportRefused, match=r"two members named 'a\.json'"):
        opened(made.getvalue())


def test_a_member_written_twice_with_the_same_bytes_is_one_member() -> None:
    made = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a.json", "1")
        archive.writestr("a.json", "1")
    assert opened(made.getvalue()).names() == ["a.json"]


def test_two_entries_that_share_their_bytes_are_refused() -> None:
    data = bytearray(packed({"a": b"x" * 1000, "b": b"y"}, zipfile.ZIP_STORED))
    central = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", central + 4)
    # The second entry of the directory points at the local header of the first.
    struct.pack_into("<L", data, second + 42, 0)
    with pytest.raises(ImportRefused, match="two different ways"):
        opened(bytes(data))


def test_an_entry_that_reaches_into_the_next_is_refused() -> None:
    data = bytearray(packed({"a": b"x" * 50, "b": b"y" * 50}, zipfile.ZIP_STORED))
    for at, offset in ((0, 18), (data.index(b"PK\x01\x02"), 20)):
        struct.pack_into("<2L", data, at + offset, 90, 90)
    with pytest.raises(ImportRefused, match="overlap"):
        opened(bytes(data))


def test_a_directory_that_lists_fewer_members_than_it_announces_is_refused() -> None:
    data = bytearray(packed({"a": b"1", "b": b"2"}))
    # The comment of the first entry of the directory swallows the second entry.
    struct.pack_into("<H", data, data.index(b"PK\x01\x02") + 32, 46 + 1)
    with pytest.raises(ImportRefused, match="announces 2 members and lists 1"):
        opened(bytes(data))


def test_a_member_with_two_names_is_refused() -> None:
    data = bytearray(packed({"a": b"1"}))
    data[30] = ord("b")
    with pytest.raises(ImportRefused, match="two different ways"):
        opened(bytes(data))


def test_an_encrypted_member_is_refused() -> None:
    data = bytearray(packed({"a": b"x"}))
    data[6] |= 1
    with pytest.raises(ImportRefused, match="encrypted"):
        opened(bytes(data))


def test_an_unknown_method_is_refused_by_its_number() -> None:
    data = zstd(b"a", b"x").replace(struct.pack("<2H", 0, 93), struct.pack("<2H", 0, 98))
    with pytest.raises(ImportRefused, match="method 98"):
        opened(data).read("a")


def test_a_flipped_byte_is_found_by_the_checksum() -> None:
    data = bytearray(packed({"a": b"x" * 100}, zipfile.ZIP_STORED))
    data[50] ^= 1
    with pytest.raises(ImportRefused, match="checksum"):
        opened(bytes(data)).read("a")


@pytest.mark.parametrize("around", [(b"MZ program", b""), (b"", b"trailing"), (b"", packed({"b": b"2"}))])
def test_an_archive_with_data_around_it_is_ambiguous(around: tuple[bytes, bytes]) -> None:
    with pytest.raises(ImportRefused, match="ambiguous"):
        opened(around[0] + packed({"a": b"1"}) + around[1])


@pytest.mark.parametrize("name", ["../../x", "/abs", "C:\\x", "a" * 300, "\u202ereversed", "con.txt"])
def test_a_strange_name_is_only_a_label(name: str) -> None:
    archive = opened(packed({name: b"1"}))
    assert archive.read(archive.names()[0]) == b"1"


@given(st.data())
def test_damage_anywhere_gives_the_same_bytes_or_a_refusal(data: st.DataObject) -> None:
    whole = packed({"a.json": b'{"x": 1}' * 20, "b.json": b"[]"})
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    try:
        archive = opened(broken)
        read = [archive.read(name) for name in archive.names()]
    except ImportRefused:
        return
    assert read == [b'{"x": 1}' * 20, b"[]"]
