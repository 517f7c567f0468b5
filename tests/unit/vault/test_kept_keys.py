"""Somebody who left kept patients' keys: they open no picture that comes later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.vault.made_up import new_keys, new_patient, new_picture
from viewer.crypto.secret import Secret
from viewer.model.ids import ImageId, PatientId
from viewer.vault.catalog import images
from viewer.vault.catalog.images import Role
from viewer.vault.errors import StoreDamaged
from viewer.vault.store import Vault
from viewer.vault.v1.container import ContainerReader


def key_of(vault: Vault, patient_id: PatientId) -> Secret:
    """Return what a thief copies: a patient's newest key."""
    with vault._sealed.patient_key(patient_id) as key:
        return Secret(bytes(key.view()))


def opens(vault: Vault, image_id: ImageId, kept: Secret) -> bool:
    """Whether a kept key opens all objects of an image."""
    with vault._catalog.read() as cursor:
        parts = [
            images.stored_object(cursor, image_id, role)
            for role in (Role.PIXELS, Role.HEADERS, Role.PREVIEW)
        ]
    found = set()
    for part in parts:
        reader = ContainerReader(vault._sealed.folder.path(part.id), part.id, kept)
        try:
            reader.check(lambda: None)
        except StoreDamaged:
            found.add(False)
        else:
            found.add(True)
    assert len(found) == 1
    return found.pop()


def test_a_kept_key_opens_no_picture_that_comes_after_the_rotation(tmp_path: Path) -> None:
    folder, person = tmp_path / "store", new_patient()
    Vault.create(folder, new_keys())
    with Vault.open(folder, new_keys()) as vault:
        vault.add_patient(person)
        before = new_picture(person.id).put(vault)
        kept = key_of(vault, person.id)
        assert opens(vault, before.id, kept)
        vault.keys.renew_from(2)
        vault.rotate(new_keys(epochs=2))
        later = [new_picture(person.id, np.full((4, 4), n, np.uint8)).put(vault) for n in range(2)]
        assert [opens(vault, each.id, kept) for each in (before, *later)] == [True, False, False]
        with vault._catalog.read() as cursor:  # one fresh key, not one a picture
            sql = "SELECT number, born FROM patient_keys ORDER BY number"
            assert cursor.execute(sql).fetchall() == [(1, 1), (2, 2)]
        assert vault.check(deep=True).is_sound
    with Vault.open(folder, new_keys(epochs=2)) as vault:
        assert [vault.open_pixels(each.id).shape for each in (before, *later)]


@pytest.mark.parametrize("is_noted", [True, False])
def test_no_fresh_key_is_begun_before_the_epoch_or_without_a_reason(
    tmp_path: Path, *, is_noted: bool
) -> None:
    folder, person = tmp_path / "store", new_patient()
    Vault.create(folder, new_keys())
    with Vault.open(folder, new_keys()) as vault:
        vault.add_patient(person)
        if is_noted:
            vault.keys.renew_from(2)  # and the program ended before the epoch was begun
        else:
            vault.rotate(new_keys(epochs=2))
        new_picture(person.id).put(vault)
        with vault._catalog.read() as cursor:
            assert cursor.execute("SELECT count(*) FROM patient_keys").fetchone() == (1,)


def test_sealing_anew_and_fresh_keys_get_along(tmp_path: Path) -> None:
    folder, person = tmp_path / "store", new_patient()
    Vault.create(folder, new_keys())
    with Vault.open(folder, new_keys()) as vault:
        vault.add_patient(person)
        new_picture(person.id).put(vault)
        kept = key_of(vault, person.id)
        vault.keys.renew_from(2)
        vault.rotate(new_keys(epochs=2))
        later = new_picture(person.id, np.full((4, 4), 3, np.uint8)).put(vault)
        assert vault.reseal().left == ()
        assert not any(opens(vault, each.id, kept) for each in vault.images(person.id))
        assert later.id in {each.id for each in vault.images(person.id)}
        assert vault.check(deep=True).is_sound
