"""The Merkle tree of RFC 6962 over a growing list, kept as its frontier (at most 64 hashes)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()


def leaf_hash(record: bytes | memoryview) -> bytes:
    """Return the leaf of a record: SHA-256(0x00 ‖ record).

    Source
    ------
    RFC 6962 §2.1.
    """
    return hashlib.sha256(b"\0" + record).digest()


class Frontier:
    """The roots of the perfect subtrees of `size` leaves, largest first. Not thread safe.

    >>> tree = Frontier()
    >>> tree.append(leaf_hash(b""))
    >>> tree.root().hex()[:16]
    '6e340b9cffb37a98'
    """

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)
        if len(self.peaks) != size.bit_count():
            raise ValueError("a tree of this size has another number of peaks")

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        peak, carry = leaf, self.size
        while carry & 1:
            peak = hashlib.sha256(b"\x01" + self.peaks.pop() + peak).digest()
            carry >>= 1
        self.peaks.append(peak)
        self.size += 1

    def root(self) -> bytes:
        """Return the tree's root: 32 bytes."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = hashlib.sha256(b"\x01" + peak + root).digest()
        return root

    def copy(self) -> Frontier:
        """Return an independent frontier of the same tree."""
        return Frontier(self.size, self.peaks)
