"""A whole store, before and after its keys changed, through the reader written from FORMAT.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.vault.made_up import new_keys, new_patient, new_picture
from tests.vectors.second_reader import Refused, open_store
from viewer.vault.store import Vault


def test_a_stranger_reads_the_store_in_each_epoch_and_after_sealing_anew(tmp_path: Path) -> None:
    folder, keys = tmp_path / "store", new_keys(epochs=2)
    first, second = (bytes(keys.epochs[epoch].view()) for epoch in (1, 2))
    Vault.create(folder, new_keys())
    with Vault.open(folder, new_keys()) as vault:
        patient = new_patient()
        vault.add_patient(patient)
        picture = new_picture(patient.id)
        picture.put(vault)
    fresh = open_store(folder, first, keys.practice_id, 1)
    with Vault.open(folder, keys) as vault:
        vault.rotate(keys)
    rotated = open_store(folder, second, keys.practice_id, 2)
    with Vault.open(folder, keys) as vault:
        vault.reseal()
    anew = open_store(folder, second, keys.practice_id, 2)
    assert fresh == rotated
    assert sorted(fresh.values()) == sorted(anew.values())
    assert picture.pixels.tobytes() in anew.values()
    assert not set(fresh) & set(anew)
    with pytest.raises(Refused):
        open_store(folder, first, keys.practice_id, 1)
