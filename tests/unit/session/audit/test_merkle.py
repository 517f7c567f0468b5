"""The Merkle tree against RFC 6962, computed the slow way."""

from __future__ import annotations

import hashlib

import pytest

from viewer.session.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash


def _slow_root(records: list[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, word by word."""
    if not records:
        return hashlib.sha256().digest()
    if len(records) == 1:
        return hashlib.sha256(b"\0" + records[0]).digest()
    split = 1
    while split * 2 < len(records):
        split *= 2
    left, right = _slow_root(records[:split]), _slow_root(records[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def test_every_size_has_the_root_of_the_standard() -> None:
    records = [str(number).encode() for number in range(70)]
    tree = Frontier()
    assert tree.root() == EMPTY_ROOT
    for size, record in enumerate(records, start=1):
        tree.append(leaf_hash(record))
        assert tree.root() == _slow_root(records[:size])


def test_a_frontier_goes_on_where_another_ended() -> None:
    tree = Frontier()
    for number in range(21):
        tree.append(leaf_hash(bytes([number])))
    resumed = Frontier(tree.size, tree.peaks)
    for each in (tree, resumed):
        each.append(leaf_hash(b"next"))
    assert resumed.root() == tree.root()


def test_peaks_that_do_not_fit_the_size_are_refused() -> None:
    with pytest.raises(ValueError, match="peaks"):
        Frontier(3, [bytes(32)])
