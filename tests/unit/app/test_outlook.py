"""What is looked at before something is done to the store, and the drill with the sheet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.practice import OFFICER, PASSWORD, a_patient, write_images
from viewer.app import notes
from viewer.app.clinic import Clinic, Founding
from viewer.app.use_cases import backups, importing, keeping, keys, outlook, recovery
from viewer.crypto.derive import SMALLEST_STRETCH
from viewer.session.errors import RecoveryKeyMistyped
from viewer.session.keystore import MemoryKeyStore
from viewer.session.permissions import KeyName
from viewer.session.recovery import RecoveryKey


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[tuple[Clinic, str]]:
    """A practice with two images and the text of its sheet, opened anew: nothing was looked at."""
    keystore = MemoryKeyStore()
    founding = Founding("Test Practice", OFFICER, PASSWORD, stretch=SMALLEST_STRETCH)
    sheet = Clinic.found(tmp_path / "store", keystore, founding)
    text = sheet.text
    sheet.wipe()
    clinic = Clinic(tmp_path / "store", keystore)
    try:
        clinic.log_in(OFFICER, PASSWORD)
        images = write_images(tmp_path / "in", a_patient(chart="77"), cbct=False)
        importing.import_paths(clinic, importing.ImportPaths((images,)))
        clinic.log_off()
        clinic.log_in(OFFICER, PASSWORD)
        yield clinic, text
    finally:
        clinic.close()


def test_the_sheet_is_proved_by_what_is_typed_from_it_and_the_day_is_kept(
    practice: tuple[Clinic, str],
) -> None:
    clinic, text = practice
    assert outlook.show_keys(clinic, outlook.ShowKeys()).recovery_proved is None
    assert recovery.prove_recovery(clinic, recovery.ProveRecovery(text.lower()))
    assert outlook.show_keys(clinic, outlook.ShowKeys()).recovery_proved is not None


def test_another_sheet_does_not_prove_and_a_mistyped_one_is_refused(
    practice: tuple[Clinic, str],
) -> None:
    clinic, text = practice
    other = RecoveryKey.new()
    assert not recovery.prove_recovery(clinic, recovery.ProveRecovery(other.text))
    mistyped = ("2" if text[0] != "2" else "3") + text[1:]
    with pytest.raises(RecoveryKeyMistyped):
        recovery.prove_recovery(clinic, recovery.ProveRecovery(mistyped))
    assert clinic.practice.recovery_proved_at is None


def test_a_replaced_sheet_no_longer_proves_and_makes_new_keys_due(
    practice: tuple[Clinic, str],
) -> None:
    clinic, old = practice
    with recovery.replace_recovery(clinic, recovery.ReplaceRecovery()).private as private:
        fresh = RecoveryKey(private)
        assert not recovery.prove_recovery(clinic, recovery.ProveRecovery(old))
        assert recovery.prove_recovery(clinic, recovery.ProveRecovery(fresh.text))
    assert KeyName.IMAGES in outlook.show_keys(clinic, outlook.ShowKeys()).due


def test_keys_say_since_when_from_the_trail_once_and_from_a_note_afterwards(
    practice: tuple[Clinic, str],
) -> None:
    clinic, _ = practice
    first = outlook.show_keys(clinic, outlook.ShowKeys())
    assert first.epoch == 1
    assert first.since is not None
    assert notes.moment_of(notes.noted(clinic, "epoch 1")) == first.since
    keys.rotate_keys(clinic, keys.RotateKeys())
    second = outlook.show_keys(clinic, outlook.ShowKeys())
    assert second.epoch == 2
    assert second.since is not None
    assert second.since > first.since
    assert not second.is_unfinished


def test_what_would_leave_is_told_and_nothing_leaves(
    practice: tuple[Clinic, str], tmp_path: Path
) -> None:
    clinic, _ = practice
    assert outlook.plan_eviction(clinic, outlook.PlanEviction(1 << 40)).images == 0
    backups.back_up(clinic, backups.BackUp(tmp_path / "usb", "USB 1"))
    plan = outlook.plan_eviction(clinic, outlook.PlanEviction(1 << 40))
    assert (plan.images, plan.patients) == (2, 1)
    assert outlook.plan_eviction(clinic, outlook.PlanEviction(0)).images == 0
    usage = keeping.measure_store(clinic, keeping.MeasureStore()).usage
    assert sum(each.elsewhere_bytes for each in usage.kinds) == 0
    assert plan.size_bytes == usage.free_bytes


def test_before_an_erasure_counts_days_holds_and_backups_out_of_reach_are_told(
    practice: tuple[Clinic, str], tmp_path: Path
) -> None:
    clinic, _ = practice
    (patient,) = outlook.find_by_number(clinic, outlook.FindByNumber("77"))
    assert outlook.find_by_number(clinic, outlook.FindByNumber("7")) == []
    backups.back_up(clinic, backups.BackUp(tmp_path / "usb", "USB 1"))
    (tmp_path / "usb").rename(tmp_path / "in a drawer")
    keeping.put_hold(clinic, keeping.PutHold(patient.id, "court order"))
    plan = outlook.plan_erasure(clinic, outlook.PlanErasure(patient.id))
    assert (plan.images, plan.visits) == (2, 1)
    assert [hold.reason for hold in plan.holds] == ["court order"]
    assert (plan.backups, plan.out_of_reach) == (("USB 1",), ("USB 1",))
    named = outlook.name_patients(clinic, outlook.NamePatients((patient.id, patient.id)))
    assert list(named) == [patient.id]
