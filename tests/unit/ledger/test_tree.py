"""The tree: the known vectors of RFC 6962 and RFC 9162, and every pair of sizes up to 64."""

import hashlib
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ledger.tree import (
    EMPTY_ROOT,
    Frontier,
    TreeMalformed,
    consistency_proof,
    consistent,
    includes,
    inclusion_proof,
    node_of,
    root_of,
)

INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c" + "78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9d" + "baf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264" + "db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398f" + "a2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3" + "bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f" + "98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd7892" + "9c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2" + "ab9d823aad2f4960cfe370eff4604328",
)
"""The test tree of Certificate Transparency (RFC 6962), size by size."""

MOST = 64
LEAVES = [hashlib.sha256(bytes([0, number])).digest() for number in range(MOST)]
SIZES = st.integers(1, MOST)


def mth(leaves: Sequence[bytes]) -> bytes:
    """Return the root as RFC 9162, 2.1.1 defines it."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:half]) + mth(leaves[half:])).digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_the_known_tree(size: int) -> None:
    leaves = [hashlib.sha256(b"\x00" + bytes.fromhex(one)).digest() for one in INPUTS[:size]]
    assert root_of(leaves).hex() == ROOTS[size - 1]


def test_the_proofs_are_those_of_the_example_of_seven_leaves() -> None:
    """RFC 9162, 2.1.5, with its letters."""
    a, b, c, d, e, f, j = leaves = LEAVES[:7]
    g, h, i = node_of(a, b), node_of(c, d), node_of(e, f)
    k, last = node_of(g, h), node_of(i, j)
    assert root_of(leaves) == node_of(k, last)
    assert inclusion_proof(leaves, 0) == [b, h, last]
    assert inclusion_proof(leaves, 3) == [c, g, last]
    assert inclusion_proof(leaves, 4) == [f, j, k]
    assert inclusion_proof(leaves, 6) == [i, k]
    assert consistency_proof(leaves, 3) == [c, d, g, last]
    assert consistency_proof(leaves, 4) == [last]
    assert consistency_proof(leaves, 6) == [i, j, k]


def test_a_tree_that_grows_has_the_defined_root_at_every_size() -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT == mth([])
    for size, leaf in enumerate(LEAVES, 1):
        frontier = Frontier.from_bytes(frontier.to_bytes())
        frontier.append(leaf)
        assert (frontier.size, frontier.root()) == (size, mth(LEAVES[:size]))


def test_every_leaf_of_every_size_is_proved_and_at_no_other_index() -> None:
    for size in range(1, MOST + 1):
        root = root_of(LEAVES[:size])
        for index in range(size):
            proof = inclusion_proof(LEAVES[:size], index)
            assert includes(root, size, LEAVES[index], index, proof)
            assert not includes(root, size, LEAVES[index], (index + 1) % (size + 1), proof)


def test_every_pair_of_sizes_is_proved_consistent() -> None:
    roots = [root_of(LEAVES[:size]) for size in range(MOST + 1)]
    for size in range(1, MOST + 1):
        for first in range(1, size + 1):
            proof = consistency_proof(LEAVES[:size], first)
            assert consistent(roots[first], first, roots[size], size, proof)
            assert not consistent(roots[first - 1], first, roots[size], size, proof)


@given(size=SIZES, data=st.data())
def test_no_altered_proof_passes(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, size - 1))
    leaves, old, root = LEAVES[:size], root_of(LEAVES[:first]), root_of(LEAVES[:size])
    proofs: list[tuple[list[bytes], Callable[[list[bytes]], bool]]] = [
        (inclusion_proof(leaves, index), lambda p: includes(root, size, leaves[index], index, p)),
        (consistency_proof(leaves, first), lambda p: consistent(old, first, root, size, p)),
    ]
    for proof, holds in proofs:
        assert holds(proof)
        assert not holds([*proof, bytes(32)])
        for at in range(len(proof)):
            assert not holds(proof[:at] + proof[at + 1 :])
            assert not holds([*proof[:at], bytes(32), *proof[at + 1 :]])


@given(size=SIZES, data=st.data())
def test_a_rewritten_leaf_is_consistent_with_nothing_before(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, size))
    at = data.draw(st.integers(0, first - 1))
    rewritten = [*LEAVES[:at], bytes(32), *LEAVES[at + 1 : size]]
    old = root_of(LEAVES[:first])
    assert not consistent(old, first, root_of(rewritten), size, consistency_proof(rewritten, first))


@pytest.mark.parametrize("written", [b"", bytes(7), bytes(8) + bytes(32), (3).to_bytes(8, "big") + bytes(63)])
def test_bytes_that_are_no_frontier_are_refused(written: bytes) -> None:
    with pytest.raises(TreeMalformed):
        Frontier.from_bytes(written)


def test_what_is_not_in_the_tree_has_no_proof() -> None:
    for wrong in (-1, 7):
        with pytest.raises(TreeMalformed):
            inclusion_proof(LEAVES[:7], wrong)
    for wrong in (0, 8):
        with pytest.raises(TreeMalformed):
            consistency_proof(LEAVES[:7], wrong)
    with pytest.raises(TreeMalformed):
        Frontier().append(b"short")
    assert not includes(EMPTY_ROOT, 0, LEAVES[0], 0, [])
    assert not consistent(EMPTY_ROOT, 0, root_of(LEAVES), MOST, [])
