"""The tree: against the vectors of RFC 6962's reference implementation, and against itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.ledger import merkle

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
SIZES = st.integers(1, 70)


def hashes(n: int) -> list[bytes]:
    return [merkle.leaf_hash(str(i).encode()) for i in range(n)]


@pytest.mark.parametrize("size", ROOTS)
def test_roots_are_those_of_the_published_vectors(size: int) -> None:
    assert merkle.root([merkle.leaf_hash(leaf) for leaf in LEAVES[:size]]).hex() == ROOTS[size]


def test_a_leaf_cannot_pass_for_a_node() -> None:
    left, right = hashes(2)
    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)


def test_a_node_passed_off_as_a_leaf_of_a_smaller_tree_is_refused() -> None:
    leaves = hashes(8)
    root, path = merkle.root(leaves), merkle.inclusion_proof(leaves, 0)[1:]
    assert merkle.includes(merkle.node_hash(leaves[0], leaves[1]), 0, 4, path, root)  # so it would be, but for
    assert not merkle.includes(merkle.leaf_hash(leaves[0] + leaves[1]), 0, 4, path, root)  # the prefix of leaves


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_proof(hashes(size), index)


@pytest.mark.parametrize("old", [-1, 4])
def test_there_is_no_proof_of_a_prefix_that_is_longer_than_the_log(old: int) -> None:
    with pytest.raises(ValueError, match="no prefix"):
        merkle.consistency_proof(hashes(3), old)


@given(SIZES, st.data())
def test_every_leaf_is_shown_to_be_included(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves = hashes(size)
    proof = merkle.inclusion_proof(leaves, index)
    assert merkle.includes(leaves[index], index, size, proof, merkle.root(leaves))


@given(st.integers(2, 70), st.data())
def test_an_inclusion_proof_does_not_fit_another_index(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda i: i != index))
    leaves = hashes(size)
    proof = merkle.inclusion_proof(leaves, index)
    assert not merkle.includes(leaves[index], other, size, proof, merkle.root(leaves))


@given(SIZES, st.data())
def test_a_longer_log_is_shown_to_extend_a_shorter_one(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    leaves = hashes(size)
    proof = merkle.consistency_proof(leaves, old)
    assert merkle.extends(old, merkle.root(leaves[:old]), size, merkle.root(leaves), proof)


@given(st.integers(2, 70), st.data())
def test_a_rewritten_log_does_not_extend_the_old_one(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, old - 1))
    leaves = hashes(size)
    forked = [merkle.leaf_hash(b"another") if i == changed else leaf for i, leaf in enumerate(leaves)]
    proof = merkle.consistency_proof(forked, old)
    assert not merkle.extends(old, merkle.root(leaves[:old]), size, merkle.root(forked), proof)
