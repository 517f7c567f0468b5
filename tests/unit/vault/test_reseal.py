"""Everything sealed anew while people work: nothing is ever out of reach."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.unit.vault.faults import Faults
from tests.unit.vault.made_up import new_keys, new_patient, new_picture, object_files
from viewer.model.errors import Cancelled
from viewer.model.ids import ImageId, PatientId
from viewer.vault import reseal
from viewer.vault.catalog.images import Role
from viewer.vault.errors import KeysBusy, ObjectDamaged, StoreFault
from viewer.vault.store import Vault
from viewer.vault.v1.container import ContainerReader


@pytest.fixture(autouse=True)
def unrested(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work without resting."""
    monkeypatch.setattr(reseal, "_LONGEST_REST_S", 0.0)


def fill(vault: Vault, count: int = 2) -> tuple[list[PatientId], dict[ImageId, bytes]]:
    """Add so many patients with two pictures each, one of more than one chunk."""
    people, kept = [], {}
    for number in range(count):
        patient = new_patient()
        vault.add_patient(patient)
        people.append(patient.id)
        for pixels in (None, np.full((3, 700, 500), number, np.uint16)):
            picture = new_picture(patient.id, pixels)
            kept[picture.put(vault).id] = picture.pixels.tobytes()
    return people, kept


def opens_all(vault: Vault, kept: dict[ImageId, bytes]) -> bool:
    return all(vault.open_pixels(each).tobytes() == pixels for each, pixels in kept.items())


def key_numbers(vault: Vault) -> set[int]:
    with vault._catalog.read() as cursor:
        rows = cursor.execute("SELECT DISTINCT number FROM patient_keys").fetchall()
    return {int(row[0]) for row in rows}


def test_every_object_is_another_file_under_another_key_and_opens(
    vault: Vault, folder: Path
) -> None:
    _, kept = fill(vault)
    before = {path.name: path.read_bytes() for path in object_files(folder)}
    done = vault.reseal()
    after = {path.name: path.read_bytes() for path in object_files(folder)}
    assert (done.objects, done.left) == (len(before), ())
    assert len(after) == len(before)
    assert not set(after) & set(before)
    assert {raw[44:76] for raw in after.values()}.isdisjoint(
        {raw[44:76] for raw in before.values()}
    )
    assert key_numbers(vault) == {2}
    assert opens_all(vault, kept)
    assert vault.check(deep=True).findings == ()
    vault.reseal()
    assert key_numbers(vault) == {3}


def test_the_old_keys_open_nothing_of_what_is_there_now(vault: Vault) -> None:
    people, kept = fill(vault, 1)
    old = vault._sealed.patient_key(people[0])
    vault.reseal()
    with vault._catalog.read() as cursor:
        ids = [row[0] for row in cursor.execute("SELECT id FROM objects").fetchall()]
    for object_id in ids:
        reader = ContainerReader(vault._sealed.folder.path(object_id), object_id, old)
        with pytest.raises(ObjectDamaged):
            reader.check(lambda: None)
    assert opens_all(vault, kept)


def test_cancelled_after_any_number_of_steps_everything_opens_and_it_goes_on(
    vault: Vault, folder: Path
) -> None:
    _, kept = fill(vault)
    for steps in (0, 1, 2, 3):
        left = iter([False] * steps)
        with pytest.raises(Cancelled):
            vault.reseal(is_cancelled=lambda left=left: next(left, True))  # type: ignore[misc]
        assert opens_all(vault, kept)
        assert vault.keys.needs_reseal
        assert len(object_files(folder)) == 12
    vault.reseal()
    assert not vault.keys.needs_reseal
    assert key_numbers(vault) == {2}
    assert vault.check(deep=True).findings == ()


def test_pictures_that_come_meanwhile_are_kept_and_under_a_key_that_stays(vault: Vault) -> None:
    people, kept = fill(vault)

    def add(done: int, total: int) -> None:
        for patient_id in people:
            picture = new_picture(patient_id)
            kept[picture.put(vault).id] = picture.pixels.tobytes()

    vault.reseal(add)
    assert opens_all(vault, kept)
    assert key_numbers(vault) == {2}
    assert vault.check(deep=True).findings == ()


def test_a_reader_that_was_opened_before_reads_to_its_end(vault: Vault, folder: Path) -> None:
    _, kept = fill(vault, 1)
    image_id = list(kept)[1]
    reader = vault._sealed.reader(image_id, Role.PIXELS)
    vault.reseal()
    plain = bytearray(reader.header.plain_bytes)
    reader.open_into(memoryview(plain), lambda: None)
    assert bytes(plain) == kept[image_id]
    assert len(object_files(folder)) == 7  # the one that was being read is collected later


def test_a_damaged_object_stays_with_its_key_and_hides_nothing(vault: Vault, folder: Path) -> None:
    people, kept = fill(vault)
    with vault._catalog.read() as cursor:
        sql = "SELECT image_id, id FROM objects WHERE role = 'pixels' LIMIT 1"
        image_id, object_id = cursor.execute(sql).fetchall()[0]
    path = folder / "objects" / object_id[:2] / object_id
    raw = bytearray(path.read_bytes())
    raw[100] ^= 1
    path.write_bytes(raw)
    done = vault.reseal()
    assert len(done.left) == 1
    assert done.left[0] in people
    del kept[image_id]
    assert opens_all(vault, kept)
    findings = vault.check(deep=True).findings
    assert [finding.image_id for finding in findings] == [image_id]
    raw[100] ^= 1  # mended from elsewhere: its key is still there
    path.write_bytes(raw)
    assert vault.check(deep=True).findings == ()


def test_while_it_runs_no_other_change_of_keys_begins(vault: Vault) -> None:
    people, _ = fill(vault)

    def meanwhile(done: int, total: int) -> None:
        with pytest.raises(KeysBusy):
            vault.rotate(new_keys(epochs=2))
        with pytest.raises(KeysBusy):
            vault.erase_patient(people[0])

    vault.reseal(meanwhile)


def test_whichever_call_of_the_disk_fails_nothing_is_lost_and_the_next_call_ends_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Vault.open(folder, new_keys()) as vault:
        _, kept = fill(vault, 1)
    pristine = tmp_path / "pristine"
    shutil.copytree(folder, pristine)
    ended, number = False, 0
    while not ended:
        number += 1
        shutil.rmtree(folder)
        shutil.copytree(pristine, folder)
        with Vault.open(folder, new_keys()) as vault:
            with Faults(monkeypatch, number) as faults:
                try:
                    vault.reseal()
                except StoreFault:
                    assert faults.struck
            ended = not faults.struck
            assert opens_all(vault, kept)
            head = vault.head()
        with Vault.open(folder, new_keys(), head) as vault:
            if vault.keys.needs_reseal:
                vault.reseal()
            assert opens_all(vault, kept)
            assert key_numbers(vault) == {2}
            head = vault.head()
        with Vault.open(folder, new_keys(), head) as vault:
            assert vault.check(deep=True).findings == ()
        assert len(object_files(folder)) == 6
    assert number > 10
