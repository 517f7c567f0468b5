from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import pytest

from viewer.bench.errors import NoRoom
from viewer.bench.opening import first_plane, unsealed
from viewer.bench.peers import Pydicom
from viewer.bench.practice import BenchPractice
from viewer.bench.sizes import Sizes
from viewer.session.errors import TrailUnwritable


def test_the_store_gives_back_the_values_of_the_files(practice: BenchPractice) -> None:
    stored = unsealed(practice.clinic, practice.volume)
    assert np.array_equal(stored, Pydicom().read_series(practice.slices))


@pytest.mark.parametrize("plane", [0, 31, 64, 127])
def test_one_plane_is_whole_before_the_rest_is_opened(practice: BenchPractice, plane: int) -> None:
    found: list[np.ndarray] = []
    first_plane(practice.clinic, practice.volume.id, plane, lambda seen: found.append(seen.copy()))
    assert np.array_equal(found[0], Pydicom().read_plane(practice.slices[plane]))


def test_a_volume_can_be_imported_again_once_it_was_forgotten(practice: BenchPractice) -> None:
    before = practice.volume.id
    practice.forget_volume()
    assert practice.volume.id != before


def test_another_process_may_open_the_store_while_it_is_let_go(practice: BenchPractice) -> None:
    kept = practice.clinic
    with practice.let_go():
        assert not kept.is_vault_open
    assert practice.clinic.is_vault_open


def test_files_that_are_read_cold_are_the_sealed_pictures_alone(practice: BenchPractice) -> None:
    sealed = practice.sealed_files()
    assert sum(path.stat().st_size for path in sealed) > practice.volume.size_bytes
    assert {path.parent.parent.name for path in sealed} == {"objects"}


def test_nothing_is_left_of_it(tiny: Sizes) -> None:
    with BenchPractice(attrs.evolve(tiny, edge=16)) as made:
        root = made.root
        assert root.is_dir()
    assert not root.exists()


def test_nothing_is_left_of_it_after_a_fault(tiny: Sizes) -> None:
    roots: list[Path] = []

    def fail() -> None:
        with BenchPractice(attrs.evolve(tiny, edge=16)) as made:
            roots.append(made.root)
            raise TrailUnwritable

    with pytest.raises(TrailUnwritable):
        fail()
    assert not roots[0].exists()


def test_too_little_room_is_told_before_anything_is_written(tiny: Sizes) -> None:
    with pytest.raises(NoRoom, match="--small"):
        BenchPractice(attrs.evolve(tiny, edge=10**6))
