"""Backups that lie, that part ways with the store, and copies that an erasure must not forget."""
# ruff: noqa: F811 - fixtures are taken over from the tests of backups

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from tests.features.test_backup import NEW, Office, founded, office, pixels, same  # noqa: F401
from tests.support.practice import OFFICER, PASSWORD, a_patient, add_person, write_images
from viewer.app import restoring
from viewer.app.clinic import Clinic
from viewer.app.use_cases import backups, importing, keeping, keys, recovery, store
from viewer.crypto.errors import NotAuthentic
from viewer.model.ids import ObjectId
from viewer.session.errors import NotPermitted
from viewer.session.keysheet import open_sheet
from viewer.session.keystore import MemoryKeyStore
from viewer.session.permissions import KeyName
from viewer.session.recovered import opened_copy
from viewer.vault.backup.errors import BackupParted, NotABackup
from viewer.vault.backup.medium import Medium, write_all
from viewer.vault.backup.repository import Repository
from viewer.vault.backup.writer import back_up
from viewer.vault.errors import RolledBack
from viewer.vault.sealed import SealedObjects
from viewer.vault.v1.header import Header


def rotate(clinic: Clinic) -> keys.KeysRotated:
    return keys.rotate_keys(clinic, keys.RotateKeys())


def erase(clinic: Clinic) -> keys.PatientErased:
    patient = clinic.vault.patients()[0].patient
    return keys.erase_patient(clinic, keys.ErasePatient(patient.id, "asked for it"))


def verify(clinic: Clinic) -> backups.RepositoryReport:
    return backups.verify_backup(clinic, backups.VerifyBackup(clinic.folder.parent / "medium"))


def live_epochs(sheet: str, office: Office) -> set[int]:
    opened = open_sheet(sheet, office.recovery)
    with opened.keys as ring:
        return set(ring.keys[KeyName.IMAGES])


# a store that was restored from the older of two backups


def test_the_newer_backup_survives_a_store_that_was_restored_from_the_older(
    office: Office,
) -> None:
    newer, older = office.medium, office.root / "older"
    office.back_up(newer, label="newer")
    office.back_up(older, label="older")
    older.rename(office.root / "drawer")
    office.work(rotate)
    office.bring(8)
    office.back_up(newer)
    everything = office.work(pixels)
    newer.rename(office.root / "away")
    (office.root / "drawer").rename(older)
    shutil.rmtree(office.store)
    request = restoring.RestoreRequest(older, office.store, OFFICER, NEW)
    keystore = MemoryKeyStore()
    restoring.restore(keystore, request, office.recovery)
    (office.root / "away").rename(newer)
    before = {path for path in newer.rglob("*") if path.is_file()}

    restored = Office(office.root, keystore, office.sheet)
    rotated = restored.work(rotate, NEW)
    assert rotated.pending == ("newer",)
    with pytest.raises(BackupParted):
        restored.work(lambda clinic: backups.back_up(clinic, backups.BackUp(newer)), NEW)
    assert {path for path in newer.rglob("*") if path.is_file()} == before
    fresh, other = office.root / "fresh", MemoryKeyStore()
    restoring.restore(other, restoring.RestoreRequest(newer, fresh, OFFICER, NEW), office.recovery)
    clinic = office.open(fresh, other)
    clinic.log_in(OFFICER, NEW)
    assert same(pixels(clinic), everything)
    clinic.close()


def test_a_snapshot_of_before_the_sheet_was_replaced_opens_with_the_new_sheet(
    office: Office,
) -> None:
    office.back_up()
    replace = recovery.ReplaceRecovery()
    fresh = office.work(lambda clinic: recovery.replace_recovery(clinic, replace))
    assert [flaw.kind.value for flaw in office.work(verify).flaws] == ["keys"]
    office.back_up()
    assert office.work(verify).is_sound
    where = office.root / "new"
    request = restoring.RestoreRequest(office.medium, where, OFFICER, NEW, snapshot=1)
    with pytest.raises(NotAuthentic):
        restoring.restore(MemoryKeyStore(), request, office.recovery)
    assert restoring.restore(MemoryKeyStore(), request, fresh).is_whole


# what counts as held


def test_a_name_on_the_medium_is_no_proof_so_nothing_is_evicted_for_it(
    office: Office,
) -> None:
    office.back_up()
    stored = {path.name for path in (office.store / "objects").glob("*/*")}
    for path in (office.medium / "objects").glob("*/*"):
        if path.name in stored:
            path.write_bytes(b"")

    def months_later(clinic: Clinic) -> Any:
        there = clinic.vault.keeping.now() + timedelta(days=60)
        clinic.vault.keeping.now = lambda: there
        keeping.confirm_clock(clinic, keeping.ConfirmClock())
        backups.back_up(clinic, backups.BackUp(office.medium))
        return keeping.evict_images(clinic, keeping.EvictImages(10**9)).image_ids

    assert office.work(months_later) == ()


def test_a_check_of_every_byte_counts_as_seen(office: Office) -> None:
    office.back_up()

    def months_later(clinic: Clinic) -> Any:
        there = clinic.vault.keeping.now() + timedelta(days=60)
        clinic.vault.keeping.now = lambda: there
        keeping.confirm_clock(clinic, keeping.ConfirmClock())
        verify(clinic)
        return keeping.evict_images(clinic, keeping.EvictImages(10**9)).image_ids

    assert len(office.work(months_later)) == 2


def test_a_backup_whose_sheet_of_keys_is_gone_is_not_called_sound(
    office: Office,
) -> None:
    office.back_up()
    for path in office.medium.glob("keys-*"):
        path.write_bytes(b"")
    assert [flaw.kind.value for flaw in office.work(verify).flaws] == ["keys"]


# copies that an erasure must not forget


def test_a_backup_that_was_killed_before_it_was_remembered_is_pending(
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def killed_at_the_end(*args: Any, **more: Any) -> None:
        back_up(*args, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(backups, "write_snapshot", killed_at_the_end)
        with pytest.raises(KeyboardInterrupt):
            office.back_up(label="usb")
    assert restoring.list_snapshots(office.medium, office.recovery)
    office.medium.rename(office.root / "drawer")
    done = office.work(erase)
    assert done.certificate.backups_pending == ("usb",)
    assert not done.certificate.is_final


def test_a_store_that_a_restore_set_aside_is_pending_until_its_keys_are_destroyed(
    office: Office,
) -> None:
    office.back_up()
    office.restore(office.store, office.keystore, replaces=True)
    done = office.work(erase, NEW)
    assert done.certificate.backups_pending == ("set-aside-1",)
    aside = office.store / "set-aside-1"
    with opened_copy((aside / "accounts.json").read_bytes(), office.recovery).keys as ring:
        epochs = {number: key.copy() for number, key in ring.keys[KeyName.IMAGES].items()}
    lose = backups.LoseBackup("set-aside-1", "nothing in it is needed")
    assert office.work(lambda clinic: backups.lose_backup(clinic, lose), NEW) == ()
    assert not (aside / "accounts.json").exists()
    clinic = office.open()
    try:
        assert not set(epochs) & clinic.practice.live_epochs(KeyName.IMAGES)
    finally:
        clinic.close()


def test_no_sheet_keeps_an_epoch_that_only_another_backup_still_needs(
    office: Office,
) -> None:
    away, here = office.root / "away", office.medium
    office.back_up(away, label="away")
    away.rename(office.root / "drawer")
    office.work(erase)  # the old epoch stays for the one that is away
    office.back_up(here, label="here")
    assert live_epochs(Repository.open(here).key_sheet(), office) == {2}
    (office.root / "drawer").rename(away)
    office.back_up(away)
    for place in (away, here):
        assert live_epochs(Repository.open(place).key_sheet(), office) == {2}


def test_pixels_that_are_nowhere_else_stay_although_no_snapshot_names_them(
    office: Office,
) -> None:
    office.back_up()

    def evict(clinic: Clinic) -> Any:
        return keeping.evict_images(clinic, keeping.EvictImages(10**9)).image_ids

    before = office.work(pixels)
    assert len(office.work(evict)) == 2
    (manifest,) = (office.medium / "snapshots").iterdir()
    raw = bytearray(manifest.read_bytes())
    raw[-1] ^= 1
    manifest.write_bytes(raw)
    assert office.work(rotate).pending == ()
    assert same(office.work(pixels), before)


# a medium that somebody prepared


def test_a_medium_whose_folder_leads_into_the_store_is_refused(
    office: Office,
) -> None:
    office.back_up()
    mine = next((office.store / "objects").glob("*/*"))
    there = office.medium / "objects" / mine.parent.name
    shutil.rmtree(there)
    there.symlink_to(mine.parent, target_is_directory=True)
    with pytest.raises(NotABackup, match="leads to another folder"):
        office.back_up(proves_all=True)
    prune = backups.PruneBackup(office.medium, 1)
    with pytest.raises(NotABackup, match="leads to another folder"):
        office.work(lambda clinic: backups.prune_backup(clinic, prune))
    assert mine.exists()


def test_nothing_is_written_through_a_link_that_lies_on_the_medium(
    office: Office,
) -> None:
    office.back_up()
    precious = office.root / "precious"
    precious.write_text("mine")
    target = office.medium / "keys-000002-a.json"
    target.with_name(f"{target.name}.part").symlink_to(precious)
    Medium(office.medium).write(target, lambda file: write_all(file, b"theirs"))
    assert precious.read_text() == "mine"
    assert target.read_bytes() == b"theirs"


def test_a_false_length_hides_no_other_snapshot_and_takes_no_memory(
    office: Office,
) -> None:
    office.back_up()
    false = Header.fresh(ObjectId("ab" * 16), 1, 1 << 39)
    bomb = office.medium / "snapshots" / f"000009-{false.object_id}"
    with bomb.open("wb") as file:
        file.write(false.pack())
        file.truncate(false.file_bytes)
    assert len(restoring.list_snapshots(office.medium, office.recovery)) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("kind", ["huge", "pipe"])
def test_an_object_that_is_something_else_is_lost_at_once_and_fills_no_disk(
    office: Office,
    kind: str,
) -> None:
    office.back_up()
    stored = next((office.store / "objects").glob("*/*"))
    bad = office.medium / "objects" / stored.parent.name / stored.name
    if kind == "huge":
        with bad.open("rb+") as file:
            file.truncate(1 << 40)
    else:
        bad.unlink()
        os.mkfifo(bad)
    report = office.restore(office.root / "new", MemoryKeyStore())
    assert [part.id for part in report.lost] == [stored.name]


@pytest.mark.parametrize("name", ["../../etc", "short", "AB" * 16])
def test_a_marker_with_an_id_that_is_none_is_refused(office: Office, name: str) -> None:
    office.back_up()
    marker = office.medium / "bitewing-backup.json"
    marker.write_text(marker.read_text().replace(Repository.open(office.medium).id, name))
    with pytest.raises(NotABackup):
        Repository.open(office.medium)


# an old catalog after an end by force


@pytest.mark.parametrize("deed", ["import", "seal anew"])
def test_an_end_by_force_in_the_middle_does_not_let_an_old_catalog_delete_pictures(
    office: Office, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    new = write_images(office.root / "in9", a_patient(chart="1001"), cbct=False, seed=9)
    before, killed = office.root / "before.db", office.root / "killed"
    clinic = office.open()
    clinic.log_in(OFFICER, PASSWORD)
    clinic.vault._catalog.checkpoint()
    shutil.copyfile(office.store / "catalog.db", before)

    def killed_here(*_: Any) -> None:
        clinic.vault._catalog.checkpoint()
        shutil.copytree(office.store, killed)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
        if deed == "import":
            patched.setattr(clinic, "keep_spare_copy", killed_here)
            importing.import_paths(clinic, importing.ImportPaths((new,)))
        else:
            remove = SealedObjects.discard

            def gone(self: SealedObjects, object_ids: Any) -> None:
                listed = list(object_ids)
                remove(self, listed)
                if listed:
                    killed_here()

            patched.setattr(SealedObjects, "discard", gone)
            keys.seal_anew(clinic, keys.SealAnew())
    heads = dict(office.keystore._texts)  # type: ignore[attr-defined]
    clinic.close()
    keystore = MemoryKeyStore()
    keystore._texts.update(heads)
    shutil.copyfile(before, killed / "catalog.db")
    objects = {path.name for path in (killed / "objects").glob("*/*")}
    again = Clinic(killed, keystore)
    with pytest.raises(RolledBack):
        again.log_in(OFFICER, PASSWORD)
    again.close()
    assert {path.name for path in (killed / "objects").glob("*/*")} == objects


# the gate


def test_who_may_only_check_the_store_signs_no_fork_by_a_repair(office: Office) -> None:
    office.work(lambda clinic: add_person(clinic, "dentist"))
    clinic = office.open()
    try:
        clinic.log_in("dentist person", PASSWORD)
        with pytest.raises(NotPermitted):
            store.repair_store(clinic, store.RepairStore())
    finally:
        clinic.close()
