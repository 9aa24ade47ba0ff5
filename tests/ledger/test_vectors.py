"""The vectors of the log, which were made by a program that shares no code with the package."""

from __future__ import annotations

import msgspec
import pytest
from tests.ledger.conftest import VECTORS

from allegiance.errors import AllegianceError
from allegiance.ledger import merkle
from allegiance.ledger.checkpoints import Checkpoint
from allegiance.ledger.log import Entry
from allegiance.ledger.notes import parse_note, sign
from allegiance.ledger.proofs import Proof, check_inclusion, parse_proof
from allegiance.ledger.sealing import Published, read_published
from allegiance.ledger.signing import Key, Secret, parse_key
from allegiance.records.canonical import canonical

ENTRIES = [one["entry"].encode() for one in VECTORS["entries"]]
LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]
ORIGIN = VECTORS["checkpoint"]["origin"]
KEY: Key = parse_key(VECTORS["keys"]["log"]["public"])
NUMBERED = VECTORS["numbered"]


def read(note: str) -> Published:
    return read_published(note.encode(), ORIGIN, [KEY])


def check_proof(text: str) -> None:
    proof = parse_proof(text.encode())
    check_inclusion(proof, proof.extra or b"", read(proof.note).checkpoint)


@pytest.fixture(scope="module")
def numbered() -> list[bytes]:
    return [merkle.leaf_hash(str(i).encode()) for i in range(70_000)]


def hexed(hashes: list[bytes]) -> list[str]:
    return [one.hex() for one in hashes]


def test_entries_are_in_canonical_form_and_hash_to_their_leaves() -> None:
    assert [canonical(msgspec.json.decode(entry, type=Entry)) for entry in ENTRIES] == ENTRIES
    assert hexed(LEAVES) == [one["leaf"] for one in VECTORS["entries"]]


def test_roots_follow_from_the_leaves() -> None:
    assert [merkle.root(LEAVES[:size]).hex() for size in range(len(LEAVES) + 1)] == VECTORS["roots"]


@pytest.mark.parametrize("size", NUMBERED["roots"])
def test_roots_of_larger_trees(numbered: list[bytes], size: str) -> None:
    assert merkle.root(numbered[: int(size)]).hex() == NUMBERED["roots"][size]


@pytest.mark.parametrize("case", NUMBERED["inclusion"])
def test_inclusion_proofs_of_larger_trees(numbered: list[bytes], case: dict[str, int]) -> None:
    assert hexed(merkle.inclusion_proof(numbered[: case["size"]], case["index"])) == case["hashes"]


@pytest.mark.parametrize("case", NUMBERED["consistency"])
def test_consistency_proofs_of_larger_trees(numbered: list[bytes], case: dict[str, int]) -> None:
    assert hexed(merkle.consistency_proof(numbered[: case["size"]], case["old"])) == case["hashes"]


def test_proofs_follow_from_the_leaves() -> None:
    assert [hexed(merkle.inclusion_proof(LEAVES, i)) for i in range(len(LEAVES))] == VECTORS["inclusion"]
    assert [hexed(merkle.consistency_proof(LEAVES, n)) for n in range(len(LEAVES) + 1)] == VECTORS["consistency"]


def test_the_checkpoint_is_written_and_read_as_it_stands() -> None:
    told = VECTORS["checkpoint"]
    point = Checkpoint(size=told["size"], root=told["root"])
    assert point.note(ORIGIN) == told["text"]
    assert read(told["note"]).checkpoint == point


@pytest.mark.usefixtures("signs")
def test_a_key_signs_the_checkpoint_as_it_stands() -> None:
    told = VECTORS["keys"]["log"]
    secret = Secret(told["name"], bytes.fromhex(told["seed"]))
    assert str(secret.key) == told["public"]
    assert str(sign(VECTORS["checkpoint"]["text"], secret)) == VECTORS["checkpoint"]["note"]


def test_the_proof_is_written_and_read_as_it_stands() -> None:
    index = 2
    path = tuple(merkle.inclusion_proof(LEAVES, index))
    assert str(Proof(index, path, VECTORS["checkpoint"]["note"], ENTRIES[index])) == VECTORS["proof"]
    check_proof(VECTORS["proof"])


@pytest.mark.parametrize("why", VECTORS["accepted"])
def test_a_note_is_accepted(why: str) -> None:
    note = VECTORS["accepted"][why]
    assert read(note).signers == (KEY,)
    assert str(parse_note(note.encode())) == note


@pytest.mark.parametrize("why", VECTORS["refused"])
def test_a_note_is_refused(why: str) -> None:
    with pytest.raises(AllegianceError):
        read(VECTORS["refused"][why])


@pytest.mark.parametrize("why", VECTORS["refused_proofs"])
def test_a_proof_is_refused(why: str) -> None:
    with pytest.raises(AllegianceError):
        check_proof(VECTORS["refused_proofs"][why])
