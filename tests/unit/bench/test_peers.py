from __future__ import annotations

import gc
import sys

import numpy as np
import pytest

from viewer.bench.bench import Bench
from viewer.bench.errors import PeerMissing
from viewer.bench.peers import Pydicom, SimpleItk, peer
from viewer.bench.practice import BenchPractice
from viewer.bench.sizes import SMALL


def test_both_peers_read_the_same_series(practice: BenchPractice) -> None:
    theirs = Pydicom().read_series(practice.slices)
    assert theirs.shape == (128, 128, 128)
    assert np.array_equal(theirs, SimpleItk().read_series(practice.slices))


def test_both_peers_read_the_same_plane(practice: BenchPractice) -> None:
    path = practice.slices[5]
    assert np.array_equal(Pydicom().read_plane(path), SimpleItk().read_plane(path))


def test_what_simpleitk_read_outlives_its_image(practice: BenchPractice) -> None:
    part = SimpleItk().read_series(practice.slices)[3:5]
    gc.collect()
    filler = [np.ones((128, 128, 128), np.int16) for _ in range(8)]
    assert np.array_equal(part, Pydicom().read_series(practice.slices[3:5]))
    assert len(filler) == 8


def test_a_missing_peer_is_told_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "SimpleITK", None)
    with pytest.raises(PeerMissing, match="SimpleITK is not installed"):
        peer("SimpleITK")


def test_a_missing_peer_is_told_once_and_the_others_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "SimpleITK", None)
    said: list[str] = []
    with Bench(SMALL, said.append) as bench:
        names = [each.name for each in (*bench.peers, *bench.peers)]
    assert names == ["pydicom", "pydicom"]
    assert len(said) == 1
