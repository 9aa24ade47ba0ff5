"""Notes, keys and signatures: why each is refused, and that no bytes upset the readers."""

from __future__ import annotations

import base64
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.conftest import VECTORS
from tests.ledger.signer import Signer

from allegiance.errors import AllegianceError, InputError, MissingExtra, StudyError, VerificationFailed
from allegiance.ledger import ed25519
from allegiance.ledger.checkpoints import Checkpoint, parse_checkpoint
from allegiance.ledger.notes import MAX_SIGNATURES, Note, Signature, parse_note, sign, signers
from allegiance.ledger.proofs import Proof, parse_proof
from allegiance.ledger.sealing import read_published
from allegiance.ledger.signing import Secret, parse_key

ORIGIN = VECTORS["checkpoint"]["origin"]
NOTE = VECTORS["checkpoint"]["note"]
KEY = parse_key(VECTORS["keys"]["log"]["public"])
WITNESS = parse_key(VECTORS["keys"]["witness"]["public"])
SEED = bytes(range(32))
needs_library = pytest.mark.skipif(find_spec("cryptography") is None, reason="the library that signs is missing")


@pytest.mark.parametrize(
    ("why", "error", "message"),
    [
        ("Windows line ends", InputError, "Windows line ends"),
        ("a size with a leading zero", InputError, "'07' is not a number"),
        ("one key twice", VerificationFailed, "signed twice"),
        ("a wrong signature", VerificationFailed, "is wrong"),
        ("signed by a key that is not known", VerificationFailed, "no key that is known"),
        ("another origin", VerificationFailed, "of the log 'example.org/other'"),
        ("an empty line of extension", InputError, "not empty"),
        ("a root with loose bits", InputError, "one form"),
    ],
)
def test_a_refusal_says_why(why: str, error: type[AllegianceError], message: str) -> None:
    with pytest.raises(error, match=message):
        read_published(VECTORS["refused"][why].encode(), ORIGIN, [KEY])


def test_lines_of_extension_are_kept_apart() -> None:
    note = VECTORS["accepted"]["with a line of extension"]
    assert read_published(note.encode(), ORIGIN, [KEY]).head.extensions == ("anything at all",)


def test_all_known_keys_that_signed_are_named() -> None:
    note = parse_note(VECTORS["accepted"]["with a witness that is not known"].encode())
    assert signers(note, [WITNESS, KEY]) == (KEY, WITNESS)


def test_a_checkpoint_without_signatures_is_read_and_has_no_signers() -> None:
    assert read_published(VECTORS["checkpoint"]["text"].encode(), ORIGIN, [KEY]).signers == ()


def test_a_signed_note_whose_empty_line_is_gone_does_not_pass_as_an_unsigned_checkpoint() -> None:
    for damaged in (NOTE.replace("\n\n", "\n"), NOTE.replace("\n\n", "\n \n")):
        with pytest.raises(InputError, match="three lines"):
            read_published(damaged.encode(), ORIGIN, [KEY])


def test_sixteen_signatures_are_read_and_a_flood_of_them_is_not() -> None:
    other = Signature("example.org/x", b"0000", b"0")
    one = parse_note(NOTE.encode())
    assert signers(Note(one.text, (*[other] * 15, *one.signatures)), [KEY]) == (KEY,)
    with pytest.raises(InputError, match="at most"):
        parse_note(str(Note(one.text, (other,) * (MAX_SIGNATURES + 1))).encode())


def test_an_empty_line_in_the_text_belongs_to_the_text() -> None:
    note = Note("a\n\nb\n", (Signature("k", b"0000", b"0"),))
    assert parse_note(str(note).encode()) == note


@given(st.binary(max_size=300))
def test_no_bytes_upset_the_readers(data: bytes) -> None:
    for attempt in (parse_note, parse_proof, lambda given: read_published(given, ORIGIN, [KEY])):
        with suppress(AllegianceError):
            attempt(data)


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(0, 255))
def test_a_note_with_one_byte_changed_is_refused_or_is_the_same(place: int, byte: int) -> None:
    good = NOTE.encode()
    data = good[:place] + bytes([byte]) + good[place + 1 :]
    try:
        read_published(data, ORIGIN, [KEY])
    except AllegianceError:
        assert data != good
    else:
        assert data == good


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_comes_back_as_it_was_written(size: int, root: bytes) -> None:
    point = Checkpoint(size=size, root=root.hex())
    assert parse_checkpoint(point.note("example.org/log")).checkpoint == point


@given(st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63), st.binary())
def test_a_proof_comes_back_as_it_was_written(seq: int, hashes: list[bytes], extra: bytes) -> None:
    proof = Proof(seq, tuple(hashes), NOTE, extra or None)
    assert parse_proof(str(proof).encode()) == proof


def test_a_proof_of_more_hashes_than_there_can_be_is_refused() -> None:
    with pytest.raises(InputError, match="more than 63"):
        parse_proof(str(Proof(0, (bytes(32),) * 64, NOTE)).encode())


@given(st.binary(max_size=60))
def test_what_is_signed_verifies_and_nothing_else_does(message: bytes) -> None:
    made = Signer(SEED)
    signature, public = made.sign(message), made.public_bytes_raw()
    assert ed25519.verify(public, message, signature)
    assert not ed25519.verify(public, message + b"x", signature)
    assert not ed25519.verify(Signer(bytes(32)).public_bytes_raw(), message, signature)


def test_a_signature_with_its_scalar_beyond_the_order_is_refused() -> None:
    made = Signer(SEED)
    signature = made.sign(b"x")
    scalar = int.from_bytes(signature[32:], "little") + ed25519.ORDER
    assert not ed25519.verify(made.public_bytes_raw(), b"x", signature[:32] + scalar.to_bytes(32, "little"))


@pytest.mark.parametrize("data", [b"", b"x" * 31, b"\xff" * 32, (ed25519.P + 1).to_bytes(32, "little")])
def test_bytes_that_encode_no_point_are_no_key(data: bytes) -> None:
    assert ed25519.decode(data) is None
    assert not ed25519.verify(data, b"", Signer(SEED).sign(b""))


@pytest.mark.parametrize("cut", [0, 32, 63, 65])
def test_a_signature_of_another_length_is_none(cut: int) -> None:
    made = Signer(SEED)
    assert not ed25519.verify(made.public_bytes_raw(), b"x", (made.sign(b"x") + b"\0")[:cut])


@needs_library
def test_the_library_signs_as_the_standard_says() -> None:
    secret = Secret("example.org/log", SEED)
    assert secret.key.public == Signer(SEED).public_bytes_raw()
    assert secret.sign(b"x") == Signer(SEED).sign(b"x")


@pytest.mark.skipif(find_spec("cryptography") is not None, reason="the library that signs is there")
def test_without_the_library_a_key_says_what_to_install() -> None:
    with pytest.raises(MissingExtra, match="cryptography"):
        Secret.new("example.org/log")


@pytest.mark.usefixtures("signs")
def test_a_private_key_is_for_its_owner_alone_and_reads_back(tmp_path: Path) -> None:
    secret = Secret.new("example.org/log")
    secret.save(tmp_path / "log.key")
    assert (tmp_path / "log.key").stat().st_mode & 0o777 == 0o600
    assert Secret.load(tmp_path / "log.key").key == secret.key


@pytest.mark.usefixtures("signs")
def test_a_private_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    Secret.new("example.org/log").save(tmp_path / "log.key")
    (tmp_path / "log.key").chmod(0o644)
    with pytest.raises(StudyError, match="chmod 600"):
        Secret.load(tmp_path / "log.key")


@pytest.mark.usefixtures("signs")
def test_a_private_key_is_never_written_over(tmp_path: Path) -> None:
    Secret.new("example.org/log").save(tmp_path / "log.key")
    before = (tmp_path / "log.key").read_bytes()
    with pytest.raises(StudyError, match="a key already"):
        Secret.new("example.org/log").save(tmp_path / "log.key")
    assert (tmp_path / "log.key").read_bytes() == before


@pytest.mark.usefixtures("signs")
def test_a_key_does_not_show_itself() -> None:
    secret = Secret("example.org/log", SEED)
    shown = f"{secret!r} {secret}"
    assert SEED.hex() not in shown
    assert base64.b64encode(SEED).decode() not in shown


@pytest.mark.usefixtures("signs")
def test_what_a_key_signs_is_known_by_its_public_half_alone() -> None:
    secret = Secret.new("example.org/log")
    public = parse_key(str(secret.key))
    assert signers(parse_note(str(sign("text\n", secret)).encode()), [public]) == (public,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000",
        str(KEY).replace("+AddamA", "+Addamb"),
        str(KEY).replace(KEY.id.hex(), "00000000"),
        VECTORS["keys"]["log"]["private"],
        f"a b+{KEY.id.hex()}+{str(KEY).rsplit('+', 1)[1]}",
    ],
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_key(text)
