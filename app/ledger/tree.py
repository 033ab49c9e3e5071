"""The ledger's Merkle tree, in the shape of RFC 9162: pure functions over hashes of 32 bytes.

A tree grows by its frontier: the roots of its perfect subtrees, as many as its size has bits set. Leaves come in
hashed already (`app.ledger.service.leaf_of`). Proofs are those of RFC 9162, 2.1.3 and 2.1.4.
"""

import hashlib
from collections.abc import Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
_SIZE_BYTES = 8


class TreeMalformed(Exception):
    """Bytes that are no frontier, or a proof asked for where the tree has none."""


def node_of(left: bytes, right: bytes) -> bytes:
    """Return an inner node's hash: SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """All that a tree needs to grow: how many leaves it has, and its perfect subtrees' roots, largest first."""

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size, self._peaks = size, list(peaks)
        if size < 0 or len(self._peaks) != size.bit_count() or any(len(p) != HASH_BYTES for p in self._peaks):
            raise TreeMalformed("a frontier has one hash of 32 bytes for each bit set in its size")

    def append(self, leaf: bytes) -> None:
        """Add one leaf's hash at the end. Raises TreeMalformed when it is not 32 bytes."""
        if len(leaf) != HASH_BYTES:
            raise TreeMalformed("a leaf is a hash of 32 bytes")
        node, height = leaf, self.size
        while height & 1:
            node, height = node_of(self._peaks.pop(), node), height >> 1
        self._peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root; that of no leaf is the hash of nothing."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_of(peak, root)
        return root

    def to_bytes(self) -> bytes:
        """Return the size (8 bytes, big-endian) and the hashes after it."""
        return self.size.to_bytes(_SIZE_BYTES, "big") + b"".join(self._peaks)

    @classmethod
    def from_bytes(cls, written: bytes) -> "Frontier":
        """Read what `to_bytes` wrote. Raises TreeMalformed."""
        if len(written) < _SIZE_BYTES:
            raise TreeMalformed("a frontier begins with its size")
        size, rest = int.from_bytes(written[:_SIZE_BYTES], "big"), written[_SIZE_BYTES:]
        return cls(size, (rest[at : at + HASH_BYTES] for at in range(0, len(rest), HASH_BYTES)))


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaves in order (MTH of RFC 9162, 2.1.1)."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return PATH(index, leaves) of RFC 9162, 2.1.3.1. Raises TreeMalformed for an index that is not there."""
    if not 0 <= index < len(leaves):
        raise TreeMalformed("there is no leaf at this index")
    if len(leaves) == 1:
        return []
    half = _half(len(leaves))
    if index < half:
        return [*inclusion_proof(leaves[:half], index), root_of(leaves[half:])]
    return [*inclusion_proof(leaves[half:], index - half), root_of(leaves[:half])]


def includes(root: bytes, size: int, leaf: bytes, index: int, proof: Iterable[bytes]) -> bool:
    """Say whether a proof shows a leaf at an index of the tree of this root and size (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    one, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if one & 1 or one == last:
            found = node_of(step, found)
            one, last = _past_the_edge(one, last)
        else:
            found = node_of(found, step)
        one, last = one >> 1, last >> 1
    return last == 0 and found == root


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """Return PROOF(first, leaves) of RFC 9162, 2.1.4.1: the tree of the first leaves is the beginning of the whole.

    Raises TreeMalformed unless 0 < first <= the number of leaves.
    """
    if not 0 < first <= len(leaves):
        raise TreeMalformed("a tree is consistent only with its own beginnings")
    return _subproof(leaves, first, known=True)


def consistent(first_root: bytes, first: int, root: bytes, size: int, proof: Sequence[bytes]) -> bool:
    """Say whether a proof shows that one tree is the beginning of another (RFC 9162, 2.1.4.2)."""
    if first == size:
        return not proof and first_root == root
    if not 0 < first < size or not proof:
        return False
    steps = [first_root, *proof] if first.bit_count() == 1 else list(proof)
    one, last = first - 1, size - 1
    while one & 1:
        one, last = one >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if one & 1 or one == last:
            old, new = node_of(step, old), node_of(step, new)
            one, last = _past_the_edge(one, last)
        else:
            new = node_of(new, step)
        one, last = one >> 1, last >> 1
    return last == 0 and old == first_root and new == root


def _subproof(leaves: Sequence[bytes], first: int, *, known: bool) -> list[bytes]:
    """Return SUBPROOF of RFC 9162, 2.1.4.1; `known` says that who verifies has this subtree's root already."""
    if first == len(leaves):
        return [] if known else [root_of(leaves)]
    half = _half(len(leaves))
    if first <= half:
        return [*_subproof(leaves[:half], first, known=known), root_of(leaves[half:])]
    return [*_subproof(leaves[half:], first - half, known=False), root_of(leaves[:half])]


def _half(size: int) -> int:
    """Return the largest power of two below a size of two or more."""
    half: int = 1 << (size - 1).bit_length() - 1
    return half


def _past_the_edge(one: int, last: int) -> tuple[int, int]:
    """Leave out the levels at which a right edge has no sibling."""
    while one and not one & 1:
        one, last = one >> 1, last >> 1
    return one, last
