"""A disk that is really full: a small one in memory, mounted for the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.small_disk import fill, mounted
from tests.unit.vault.made_up import new_keys, new_patient, new_picture, object_files
from viewer.model.ids import ImageId
from viewer.vault.errors import DiskFull
from viewer.vault.store import Vault


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 4 MiB; who may not mount runs the injected faults alone."""
    with mounted(tmp_path / "disk", "4m") as place:
        yield place


def test_a_disk_that_fills_up_says_so_and_loses_nothing(small_disk: Path) -> None:
    folder = small_disk / "store"
    Vault.create(folder, new_keys())
    kept: dict[ImageId, int] = {}
    with Vault.open(folder, new_keys()) as vault:
        patient = new_patient()
        vault.add_patient(patient)
        refused = None
        for value in range(40):
            made = new_picture(patient.id, np.full((256, 512), value, np.uint16))
            try:
                kept[made.put(vault).id] = value
            except DiskFull as fault:
                refused = fault
                break
        assert refused is not None
        assert "full" in str(refused)
        assert len(kept) > 3
        assert len(object_files(folder)) == 3 * len(kept)
        for image_id, value in kept.items():
            assert (vault.open_pixels(image_id) == value).all()
        gone = next(iter(kept))
        vault.delete_image(gone)
        del kept[gone]
        again = new_picture(patient.id, np.full((200, 500), 77, np.uint16)).put(vault)
        assert (vault.open_pixels(again.id) == 77).all()
        assert vault.check(deep=True).findings == ()
        assert {image.id for image in vault.images(patient.id)} == {*kept, again.id}


def test_a_store_on_a_full_disk_still_opens_shows_and_closes(small_disk: Path) -> None:
    folder = small_disk / "store"
    Vault.create(folder, new_keys())
    with Vault.open(folder, new_keys()) as vault:
        patient = new_patient()
        vault.add_patient(patient)
        image = new_picture(patient.id).put(vault)
        head = vault.head()
    filler = fill(small_disk)
    with Vault.open(folder, new_keys(), expected=head) as vault:
        assert np.array_equal(vault.open_pixels(image.id)[0], np.arange(30))
        with pytest.raises(DiskFull):
            new_picture(patient.id, np.zeros((300, 300), np.uint16)).put(vault)
        assert [one.patient.id for one in vault.patients()] == [patient.id]
    filler.unlink()
    with Vault.open(folder, new_keys(), expected=head) as vault:
        new_picture(patient.id, np.zeros((300, 300), np.uint16)).put(vault)
        assert vault.check(deep=True).findings == ()
        assert len(vault.images(patient.id)) == 2


def test_no_store_is_half_made_on_a_full_disk(small_disk: Path) -> None:
    filler = fill(small_disk)
    folder = small_disk / "store"
    with pytest.raises(DiskFull):
        Vault.create(folder, new_keys())
    filler.unlink()
    Vault.create(folder, new_keys())
    with Vault.open(folder, new_keys()) as vault:
        assert vault.check(deep=True).findings == ()
