"""New keys and erasing a patient, through the use cases and as somebody who stole copies."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.practice import (
    OFFICER,
    PASSWORD,
    a_patient,
    add_person,
    open_clinic,
    write_images,
)
from viewer.app.clinic import Clinic, Founding
from viewer.app.errors import NothingChosen
from viewer.app.use_cases import accounts, importing, keys, library
from viewer.app.use_cases import trail as trail_cases
from viewer.crypto.derive import SMALLEST_STRETCH
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.secret import Secret
from viewer.model.ids import PatientId
from viewer.session.accounts import Practice
from viewer.session.audit.events import EventFilter, EventKind
from viewer.session.book import RECOVERY
from viewer.session.holders import checked_book, open_all
from viewer.session.keystore import MemoryKeyStore
from viewer.session.permissions import KeyName
from viewer.session.recovery import RecoveryKey
from viewer.vault import rekeying
from viewer.vault.catalog import images
from viewer.vault.certificate import digest_of_certificate, verify_certificate
from viewer.vault.errors import NotInStore, StoreDamaged, UnderLegalHold, WrongKey
from viewer.vault.layout import Layout
from viewer.vault.records import VaultKeys
from viewer.vault.store import Vault


@attrs.define
class Office:
    """A practice with two patients, somebody logged in, and its recovery key."""

    clinic: Clinic
    folder: Path
    recovery: RecoveryKey
    keystore: MemoryKeyStore
    gone: PatientId
    stays: PatientId


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    folder, keystore = tmp_path / "store", MemoryKeyStore()
    founding = Founding("Test Practice", OFFICER, PASSWORD, stretch=SMALLEST_STRETCH)
    recovery = Clinic.found(folder, keystore, founding)
    with open_clinic(folder, keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        ids = []
        for seed, chart in ((7, "1001"), (40, "2002")):
            there = write_images(tmp_path / chart, a_patient(chart=chart), cbct=False, seed=seed)
            report = importing.import_paths(clinic, importing.ImportPaths((there,)))
            ids.append(report.stored[0].record.patient_id)
        yield Office(clinic, folder, recovery, keystore, ids[0], ids[1])


def opens(vault: Vault, patient_id: PatientId) -> int:
    """Open every picture of a patient; return how many there are."""
    records = vault.images(patient_id)
    for record in records:
        vault.open_pixels(record.id)
    return len(records)


def remaining_keys(office: Office) -> list[Secret]:
    """Return every image key that accounts.json still yields, to users and to the recovery key."""
    book = checked_book(
        json.loads((office.folder / "accounts.json").read_bytes())["body"]["content"]
    )
    practice = Practice.load(office.folder, office.keystore)
    ring = practice.open_keys(practice.user(OFFICER).id, PASSWORD)
    paper = open_all(book, office.recovery.private, RECOVERY, "")
    return [key for each in (ring, paper) for key in each.keys[KeyName.IMAGES].values()]


def break_into(copy: Path, practice_id: str, found: Sequence[Secret], patient: PatientId) -> int:
    """Try every key as that of every epoch on a stolen folder; return how many pictures open."""
    for key in found:
        for epoch in range(1, 6):
            stolen = VaultKeys(practice_id, {epoch: key.copy()}, epoch)
            try:
                with Vault.open(copy, stolen) as vault:
                    return opens(vault, patient)
            except (WrongKey, StoreDamaged, NotInStore):
                continue
    return 0


def test_after_an_erasure_no_copy_of_the_folder_opens_with_any_key_that_is_left(
    office: Office, tmp_path: Path
) -> None:
    clinic, practice_id = office.clinic, office.clinic.practice.id
    before, control = tmp_path / "before", tmp_path / "control"
    office.clinic.vault._catalog.checkpoint()
    shutil.copytree(office.folder, before)
    shutil.copytree(office.folder, control)
    stolen_key = remaining_keys(office)
    done = keys.erase_patient(clinic, keys.ErasePatient(office.gone, "asked to"))
    after = tmp_path / "after"
    shutil.copytree(office.folder, after)
    assert done.certificate.is_final

    left = remaining_keys(office)
    assert break_into(before, practice_id, left, office.gone) == 0
    assert break_into(after, practice_id, left, office.gone) == 0
    # The catalog and the objects of before, with the accounts and the catalog of after.
    for path in (before / "objects").rglob("*"):
        if path.is_file():
            shutil.copy(path, after / "objects" / path.relative_to(before / "objects"))
    assert break_into(after, practice_id, left, office.gone) == 0
    # With the epoch that was destroyed the copy opens: the attack as such is sound.
    assert break_into(control, practice_id, stolen_key, office.gone) == 2


def test_who_stays_is_untouched_and_who_was_erased_is_nowhere_listed(office: Office) -> None:
    clinic = office.clinic
    keys.erase_patient(clinic, keys.ErasePatient(office.gone, "asked to"))
    assert opens(clinic.vault, office.stays) == 2
    assert clinic.vault.check(deep=True).is_sound
    assert [row.patient.id for row in library.find_patients(clinic, library.FindPatients())] == [
        office.stays
    ]
    clinic.lock()
    clinic.log_in(OFFICER, PASSWORD)
    assert opens(clinic.vault, office.stays) == 2


def test_the_certificate_is_genuine_and_its_digest_is_in_the_trail(office: Office) -> None:
    clinic = office.clinic
    done = keys.erase_patient(clinic, keys.ErasePatient("1001", " asked to "))
    said = verify_certificate(done.file, clinic.practice.share_public)
    assert (said.patient_id, said.image_count, said.object_count) == (office.gone, 2, 6)
    assert (said.reason, said.epochs_destroyed, said.is_final) == ("asked to", (1,), True)
    assert said.by_name == OFFICER
    reader = trail_cases.open_trail(clinic, trail_cases.OpenTrail())
    events = reader.page(EventFilter(kinds=frozenset({EventKind.PATIENT_ERASED})), 0, 9)
    assert events[0].entry.digests == (digest_of_certificate(done.file),)
    with pytest.raises(NotAuthentic):
        verify_certificate(
            done.file.replace(b"asked to", b"asked no"), clinic.practice.share_public
        )
    with pytest.raises(NotAuthentic):
        verify_certificate(done.file, b"k" * 32)


@attrs.define
class FakeDestinations:
    """A backup that is in the drawer until `is_here`."""

    is_here: bool = False
    told: list[Any] = attrs.field(factory=list)

    def forget(self, patient_ids: Any, keys: VaultKeys, progress: Any, is_cancelled: Any) -> None:
        self.told.append((tuple(patient_ids), sorted(keys.epochs)))

    def done(self) -> tuple[str, ...]:
        return ("drawer",) if self.is_here else ()

    def pending(self) -> tuple[str, ...]:
        return () if self.is_here else ("drawer",)


def test_a_backup_out_of_reach_keeps_the_old_epoch_and_the_certificate_says_so(
    office: Office,
) -> None:
    clinic = office.clinic
    clinic.destinations = drawer = FakeDestinations()
    request = keys.ErasePatient(office.gone, "asked to")
    first = keys.erase_patient(clinic, request)
    assert (first.certificate.backups_pending, first.certificate.is_final) == (("drawer",), False)
    assert first.certificate.epochs_destroyed == ()
    assert clinic.practice.live_epochs(KeyName.IMAGES) == {1, 2}
    drawer.is_here = True
    last = keys.erase_patient(clinic, request)
    assert last.certificate.is_final
    assert last.certificate.objects_sha256 == first.certificate.objects_sha256
    assert clinic.practice.live_epochs(KeyName.IMAGES) == {2}
    assert drawer.told == [((office.gone,), [1, 2])] * 2


def test_a_legal_hold_and_a_missing_reason_refuse_and_change_nothing(office: Office) -> None:
    clinic = office.clinic
    with pytest.raises(NothingChosen):
        keys.erase_patient(clinic, keys.ErasePatient(office.gone, "  "))
    session = clinic.desk.session
    assert session is not None
    clinic.vault.keeping.put_hold(office.gone, "lawsuit", session.user.id)
    with pytest.raises(UnderLegalHold):
        keys.erase_patient(clinic, keys.ErasePatient(office.gone, "asked to"))
    assert opens(clinic.vault, office.gone) == 2
    assert clinic.practice.live_epochs(KeyName.IMAGES) == {1}


def test_a_chart_number_that_two_issuers_gave_erases_nobody(office: Office) -> None:
    clinic = office.clinic
    number = clinic.vault.patient(office.gone).chart_number
    clinic.vault.update_patient(
        attrs.evolve(clinic.vault.patient(office.stays), chart_number=number), "other clinic"
    )
    with pytest.raises(NothingChosen, match="Several patients"):
        keys.erase_patient(clinic, keys.ErasePatient(number, "asked to"))
    assert (opens(clinic.vault, office.gone), opens(clinic.vault, office.stays)) == (2, 2)


@pytest.mark.parametrize("is_large", [True, False])
def test_a_rotation_that_was_cut_off_is_ended_and_not_begun_again(
    office: Office, monkeypatch: pytest.MonkeyPatch, is_large: bool
) -> None:
    clinic, session = office.clinic, office.clinic.desk.session
    assert session is not None
    if is_large:
        monkeypatch.setattr(rekeying, "_QUICK_BYTES", 0)
    session.begin_epoch()  # and then the power fails
    clinic.lock()
    clinic.log_in(OFFICER, PASSWORD)
    assert clinic.vault.keys.needs_rotation is is_large
    assert opens(clinic.vault, office.stays) == 2
    assert clinic.practice.live_epochs(KeyName.IMAGES) == {1, 2}
    if is_large:
        done = keys.rotate_keys(clinic, keys.RotateKeys())
        assert (done.rotated.epoch, done.retired) == (2, (1,))
    assert not clinic.vault.keys.needs_rotation


def test_after_a_rotation_everybody_who_may_opens_and_a_disabled_copy_of_keys_does_not(
    office: Office,
) -> None:
    clinic = office.clinic
    dentist = add_person(clinic, "dentist")
    old = remaining_keys(office)
    keys.rotate_keys(clinic, keys.RotateKeys())
    clinic.log_off()
    clinic.log_in(dentist, PASSWORD)
    assert opens(clinic.vault, office.gone) == 2
    clinic.log_off()
    with pytest.raises(WrongKey):
        Vault.open(office.folder, VaultKeys(clinic.practice.id, {1: old[0]}, 1))


def test_what_is_imported_after_somebody_left_is_under_a_key_that_he_never_had(
    office: Office, tmp_path: Path
) -> None:
    clinic = office.clinic
    dentist = add_person(clinic, "dentist")
    with clinic.vault._sealed.patient_key(office.stays) as key:
        kept = bytes(key.view())  # what his program had in memory
    accounts.set_enabled(clinic, accounts.SetEnabled(dentist, enabled=False))
    keys.rotate_keys(clinic, keys.RotateKeys())
    there = write_images(tmp_path / "later", a_patient(chart="2002"), cbct=False, seed=90)
    report = importing.import_paths(clinic, importing.ImportPaths((there,)))
    assert {item.record.patient_id for item in report.stored} == {office.stays}
    with clinic.vault._catalog.read() as cursor:
        later = {
            images.stored_object(cursor, item.record.id, role).key_number
            for item in report.stored
            for role in images.REQUIRED
        }
        older = cursor.execute("SELECT min(key_number) FROM objects").fetchone()
    assert (older, later) == ((1,), {2})
    with clinic.vault._sealed.patient_key(office.stays, 1) as first:
        assert bytes(first.view()) == kept
    with clinic.vault._sealed.patient_key(office.stays, 2) as second:
        assert bytes(second.view()) != kept
    assert clinic.vault.check(deep=True).is_sound


def test_nothing_of_the_old_catalog_is_left_in_the_folder(office: Office) -> None:
    keys.rotate_keys(office.clinic, keys.RotateKeys())
    keys.seal_anew(office.clinic, keys.SealAnew())
    names = {path.name for path in office.folder.iterdir()}
    assert not {name for name in names if "next" in name or "old" in name}
    assert Layout(office.folder).catalog.exists()
    assert opens(office.clinic.vault, office.stays) == 2


def test_a_rotation_also_renews_the_signing_key_that_somebody_lost(office: Office) -> None:
    practice = office.clinic.practice
    dentist = add_person(office.clinic, "dentist")
    accounts.set_enabled(office.clinic, accounts.SetEnabled(dentist, enabled=False))
    assert practice.rotation_due == {KeyName.IMAGES, KeyName.SHARE}
    before = practice.share_public
    keys.rotate_keys(office.clinic, keys.RotateKeys())
    assert not practice.is_rotation_due
    assert practice.publics(KeyName.SHARE)[1] == before != practice.share_public
