"""A legal hold binds everybody, the program's own rows included, until it is released."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.unit.vault.made_up import new_keys, new_picture
from tests.unit.vault.test_keeping import Folder, Trail
from viewer.model.ids import PatientId, UserId, new_id
from viewer.model.image import ImageRecord
from viewer.model.patient import Patient
from viewer.vault.catalog.legal import require_no_hold
from viewer.vault.errors import KeepingRefused, NotInStore, UnderLegalHold
from viewer.vault.store import Vault

OFFICER, OTHER = UserId("f" * 32), UserId("e" * 32)


@pytest.fixture
def record(vault: Vault, patient: Patient) -> ImageRecord:
    """The picture of a patient under hold, which an archive holds, too."""
    made = new_picture(patient.id).put(vault)
    usb = Folder()
    vault.keeping.know_archive(usb.archive_id, "USB 1")
    vault.mark_held(usb.archive_id, [usb.take(vault, made.id)])
    vault.keeping.put_hold(patient.id, "Letter of the court", OFFICER)
    return made


def test_a_held_patients_image_is_not_deleted(vault: Vault, record: ImageRecord) -> None:
    with pytest.raises(UnderLegalHold):
        vault.delete_image(record.id)
    assert vault.open_pixels(record.id).shape == record.shape


def test_a_held_patients_pixels_do_not_leave_even_where_an_archive_holds_them(
    vault: Vault, record: ImageRecord
) -> None:
    assert vault.keeping.evict(1 << 60, Trail()).image_ids == ()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM images",
        "DELETE FROM patients",
        "UPDATE objects SET is_here = 0 WHERE role = 'pixels'",
        "DELETE FROM holds",
    ],
)
def test_the_catalog_refuses_what_forgets_to_ask(
    vault: Vault, record: ImageRecord, statement: str
) -> None:
    with pytest.raises(UnderLegalHold), vault._catalog.write() as cursor:
        cursor.execute(statement)
    assert vault.open_pixels(record.id).shape == record.shape


def test_a_new_key_may_take_an_old_ones_place_under_hold(
    vault: Vault, patient: Patient, record: ImageRecord
) -> None:
    """A rotation or a resealing goes on: it takes nothing away."""
    with vault._catalog.write() as cursor:
        cursor.execute(
            "INSERT INTO patient_keys SELECT patient_id, 2, epoch, wrapped, born FROM patient_keys"
        )
        cursor.execute("DELETE FROM patient_keys WHERE number = 2")
    with pytest.raises(Exception, match="in use"), vault._catalog.write() as cursor:
        cursor.execute("DELETE FROM patient_keys WHERE number = 1")
    assert vault.open_pixels(record.id).shape == record.shape


def test_the_hook_for_an_erasure_refuses_inside_its_transaction(
    vault: Vault, patient: Patient, record: ImageRecord
) -> None:
    with pytest.raises(UnderLegalHold), vault._catalog.write() as cursor:
        require_no_hold(cursor, patient.id)


def test_a_hold_put_while_a_deletion_runs_comes_before_it_or_after_it(
    vault: Vault, patient: Patient
) -> None:
    made = [new_picture(patient.id, study=f"1.{n}").put(vault) for n in range(12)]
    begun, gone = Event(), []

    def delete_all() -> None:
        for each in made:
            begun.set()
            try:
                vault.delete_image(each.id)
            except UnderLegalHold:
                return
            gone.append(each.id)

    worker = Thread(target=delete_all)
    worker.start()
    begun.wait(5)
    vault.keeping.put_hold(patient.id, "Letter of the court", OFFICER)
    left = {image.id for image in vault.images(patient.id)}
    worker.join()
    assert {image.id for image in vault.images(patient.id)} == left
    assert left.isdisjoint(gone)
    assert vault.check(deep=True).is_sound


def test_several_holds_stand_until_each_is_released_with_a_reason(
    vault: Vault, patient: Patient, record: ImageRecord
) -> None:
    second = vault.keeping.put_hold(patient.id, "Insurer", OTHER)
    [first, other] = vault.keeping.holds(patient.id)
    assert (first.reason, first.placed_by, other.number) == ("Letter of the court", OFFICER, second)
    vault.keeping.release_hold(first.number, "Settled", OFFICER)
    with pytest.raises(UnderLegalHold):
        vault.delete_image(record.id)
    vault.keeping.release_hold(second, "Settled too", OTHER)
    assert not vault.keeping.is_held(patient.id)
    history = vault.keeping.holds(standing=False)
    assert [(each.release_reason, each.is_standing) for each in history] == [
        ("Settled", False),
        ("Settled too", False),
    ]
    vault.delete_image(record.id)


def test_a_hold_survives_closing(vault: Vault, folder: Path, record: ImageRecord) -> None:
    vault.close()
    with Vault.open(folder, new_keys()) as again, pytest.raises(UnderLegalHold):
        again.delete_image(record.id)


def test_a_hold_needs_a_patient_and_both_ways_a_reason(
    vault: Vault, patient: Patient, record: ImageRecord
) -> None:
    with pytest.raises(NotInStore):
        vault.keeping.put_hold(PatientId(new_id()), "Letter", OFFICER)
    with pytest.raises(KeepingRefused):
        vault.keeping.put_hold(patient.id, "  ", OFFICER)
    [hold] = vault.keeping.holds(patient.id)
    with pytest.raises(KeepingRefused):
        vault.keeping.release_hold(hold.number, "", OFFICER)
    vault.keeping.release_hold(hold.number, "Settled", OFFICER)
    with pytest.raises(KeepingRefused):
        vault.keeping.release_hold(hold.number, "Again", OFFICER)


def test_released_holds_and_pins_go_with_an_erased_patient(vault: Vault, patient: Patient) -> None:
    number = vault.keeping.put_hold(patient.id, "Letter", OFFICER)
    vault.keeping.release_hold(number, "Settled", OFFICER)
    vault.keeping.pin(patient.id, vault.keeping.today)
    with vault._catalog.write() as cursor:
        cursor.execute("DELETE FROM patient_keys WHERE patient_id = ?", (patient.id,))
        cursor.execute("DELETE FROM patients WHERE id = ?", (patient.id,))
    assert vault.keeping.holds(standing=False) == []
    assert vault.keeping.pinned() == []


def test_the_reason_of_a_hold_is_in_no_representation(vault: Vault, patient: Patient) -> None:
    vault.keeping.put_hold(patient.id, "Zwetschge v. Muster", OFFICER)
    [hold] = vault.keeping.holds(patient.id)
    assert "Zwetschge" not in repr(hold)
    assert hold.placed_at <= datetime.now(UTC)
