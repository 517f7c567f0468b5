"""Keys on paper: recovery, restore on an empty machine, a drill, a new sheet, an emergency key."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from tests.unit.session.conftest import OFFICER, OTHER, Clinic
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.secret import Secret
from viewer.model.json import to_plain
from viewer.session.accounts import KeyRing, Practice
from viewer.session.emergency import EmergencyCode
from viewer.session.errors import (
    AccountRefused,
    AccountsTampered,
    NoKeyStore,
    WeakPassword,
)
from viewer.session.keystore import MemoryKeyStore
from viewer.session.permissions import KeyName
from viewer.session.recovered import opened_copy
from viewer.session.recovery import RecoveryKey

IMAGES = KeyName.IMAGES
NEW = "amber kettle prairie two"


def _plain(ring: KeyRing) -> dict[tuple[KeyName, int], bytes]:
    return {
        (name, number): bytes(key.view())
        for name, numbers in ring.keys.items()
        for number, key in numbers.items()
    }


def _in_use(clinic: Clinic) -> dict[tuple[KeyName, int], bytes]:
    with clinic.ring() as ring:
        return _plain(ring)


def _recovered(clinic: Clinic, recovery: RecoveryKey | None = None) -> Practice:
    """The key store is lost; somebody types the sheet."""
    typed = RecoveryKey.from_text((recovery or clinic.recovery).text)
    return Practice.recover(clinic.folder, MemoryKeyStore(), typed, OFFICER, NEW)


# --- recover -------------------------------------------------------------------------------


def test_a_recovery_brings_back_every_epoch(clinic: Clinic) -> None:
    clinic.begin(*KeyName)
    clinic.begin(IMAGES)
    clinic.practice.retire_epochs(IMAGES, below=2)
    before = _in_use(clinic)
    practice = _recovered(clinic)
    with practice.open_keys(clinic.officer.id, NEW) as ring:
        assert _plain(ring) == before
        practice.begin_epoch(ring, KeyName).wipe()
    assert practice.live_epochs(IMAGES) == {2, 3, 4}


def test_after_a_recovery_a_rotation_of_everything_is_due(clinic: Clinic) -> None:
    practice = _recovered(clinic)
    assert practice.rotation_due == set(KeyName)
    assert practice.recovery_proved_at is not None


def test_after_a_recovery_nobody_else_is_sealed_to_until_he_has_a_new_password(
    clinic: Clinic,
) -> None:
    user = clinic.add("Hal", "dentist")
    practice = _recovered(clinic)
    with practice.open_keys(clinic.officer.id, NEW) as ring, practice.begin_epoch(ring) as fresh:
        assert all(user.id not in row.sealed for row in practice._book.epochs)
        assert sorted(fresh.keys[IMAGES]) == [2]
    with practice.open_keys(clinic.officer.id, NEW) as ring:
        practice.reset_password(ring, user.id, OTHER)
    with practice.open_keys(user.id, OTHER) as ring:
        assert sorted(ring.keys[IMAGES]) == [1, 2]


def test_a_recovery_key_exchanged_in_the_file_is_noticed(clinic: Clinic) -> None:
    """Nobody can check the tag without the old device secret; so the sheet itself is compared."""
    content = to_plain(clinic.practice._book)
    content["recovery_public"] = RecoveryKey.new().public.hex()
    clinic.practice._file.write(content)
    with pytest.raises(NotAuthentic):
        _recovered(clinic)


def test_an_emergency_key_planted_in_the_file_does_not_survive_a_recovery(clinic: Clinic) -> None:
    content = to_plain(clinic.practice._book)
    planted = EmergencyCode.new()
    content["emergency_public"] = clinic.practice.emergency_id(planted)
    clinic.practice._file.write(content)
    practice = _recovered(clinic)
    with practice.open_keys(clinic.officer.id, NEW) as ring:
        practice.begin_epoch(ring).wipe()
    with pytest.raises(NotAuthentic):
        practice.open_in_emergency(planted)


@pytest.mark.parametrize("password", ["short", "passwordpassword"])
def test_a_refused_recovery_changes_nothing(clinic: Clinic, password: str) -> None:
    before = (clinic.folder / "accounts.json").read_bytes()
    with pytest.raises(WeakPassword):
        Practice.recover(clinic.folder, MemoryKeyStore(), clinic.recovery, OFFICER, password)
    assert (clinic.folder / "accounts.json").read_bytes() == before
    assert Practice.load(clinic.folder, clinic.keystore).id == clinic.practice.id


# --- restore on an empty machine -----------------------------------------------------------


def test_a_copy_and_the_sheet_restore_the_practice_on_an_empty_machine(
    clinic: Clinic, tmp_path: Path
) -> None:
    user = clinic.add("Hal", "dentist")
    clinic.begin(*KeyName)
    before, copy = _in_use(clinic), clinic.practice.copy_for_backup()
    keystore = MemoryKeyStore()
    empty = tmp_path / "new machine" / "store"
    Practice.restored(empty, keystore, copy, clinic.recovery, OFFICER, NEW)
    practice = Practice.load(empty, keystore)
    assert practice.id == clinic.practice.id
    with practice.open_keys(clinic.officer.id, NEW) as ring:
        assert _plain(ring) == before
        practice.reset_password(ring, user.id, OTHER)
    practice.open_keys(user.id, OTHER).wipe()


def test_accounts_json_put_into_an_empty_folder_is_recovered_as_well(
    clinic: Clinic, tmp_path: Path
) -> None:
    clinic.begin()
    before, keystore = _in_use(clinic), MemoryKeyStore()
    raw = (clinic.folder / "accounts.json").read_bytes()
    (tmp_path / "accounts.json").write_bytes(raw)
    practice = Practice.recover(tmp_path, keystore, clinic.recovery, OFFICER, NEW)
    with practice.open_keys(clinic.officer.id, NEW) as ring:
        assert _plain(ring) == before
    other = Practice.restored(tmp_path / "x", MemoryKeyStore(), raw, clinic.recovery, OFFICER, NEW)
    with other.open_keys(clinic.officer.id, NEW) as ring:
        assert _plain(ring) == before


def test_a_copy_for_a_backup_holds_no_password_and_nobodys_seals(clinic: Clinic) -> None:
    clinic.add("Hal", "dentist")
    rows = clinic.practice._book.users
    copy = clinic.practice.copy_for_backup().decode()
    assert '"wrapped":{}' in copy
    for row in rows:
        assert all(text not in copy for text in row.wrapped.values())
        for epoch in clinic.practice._book.epochs:
            assert epoch.sealed.get(row.id, "-nothing-") not in copy


def test_a_copy_is_opened_by_the_sheet_before_anything_is_restored(clinic: Clinic) -> None:
    clinic.add("Hal", "dentist")
    clinic.begin()
    opened = opened_copy(clinic.practice.copy_for_backup(), clinic.recovery)
    assert _plain(opened.keys) == _in_use(clinic)
    assert (opened.practice_id, opened.practice_name) == (clinic.practice.id, "Elm Street Dental")
    assert opened.officers == (OFFICER,)


def test_epochs_left_out_of_a_copy_are_gone_from_it(clinic: Clinic) -> None:
    clinic.begin()
    copy = clinic.practice.copy_for_backup(images_from=2)
    assert sorted(opened_copy(copy, clinic.recovery).keys.keys[IMAGES]) == [2]
    assert clinic.practice.live_epochs(IMAGES) == {1, 2}
    with pytest.raises(AccountRefused):
        clinic.practice.copy_for_backup(images_from=3)


def test_nothing_is_restored_over_a_practice(clinic: Clinic) -> None:
    copy = clinic.practice.copy_for_backup()
    with pytest.raises(AccountRefused, match="already"):
        Practice.restored(clinic.folder, MemoryKeyStore(), copy, clinic.recovery, OFFICER, NEW)


@pytest.mark.parametrize("copy", [b"", b"{}", b'{"body":{"content":{}}}', b"\xff"])
def test_something_else_is_no_copy(clinic: Clinic, tmp_path: Path, copy: bytes) -> None:
    empty = tmp_path / "x"
    with pytest.raises(AccountsTampered):
        Practice.restored(empty, MemoryKeyStore(), copy, clinic.recovery, OFFICER, NEW)
    assert not Practice.is_founded(empty)


def test_a_wrong_sheet_restores_nothing(clinic: Clinic, tmp_path: Path) -> None:
    copy, empty = clinic.practice.copy_for_backup(), tmp_path / "x"
    with pytest.raises(NotAuthentic):
        Practice.restored(empty, MemoryKeyStore(), copy, RecoveryKey.new(), OFFICER, NEW)
    assert not Practice.is_founded(empty)


def test_nothing_is_restored_where_the_key_store_keeps_nothing(
    clinic: Clinic, tmp_path: Path
) -> None:
    class Null(MemoryKeyStore):
        def _write(self, name: str, text: str) -> None:
            """Do as keyring's null back end does."""

    copy, empty = clinic.practice.copy_for_backup(), tmp_path / "x"
    with pytest.raises(NoKeyStore):
        Practice.restored(empty, Null(), copy, clinic.recovery, OFFICER, NEW)
    assert not Practice.is_founded(empty)


# --- drill ---------------------------------------------------------------------------------


def test_a_drill_proves_the_sheet_and_keeps_the_time(clinic: Clinic) -> None:
    assert clinic.practice.recovery_proved_at is None
    typed = RecoveryKey.from_text(clinic.recovery.text)
    with clinic.ring() as ring:
        assert clinic.practice.proves_recovery(typed, ring, clinic.clock)
    reloaded = Practice.load(clinic.folder, clinic.keystore)
    assert reloaded.recovery_proved_at == clinic.clock.wall()


def test_a_drill_with_another_key_proves_nothing(clinic: Clinic) -> None:
    assert not clinic.practice.proves_recovery(RecoveryKey.new())
    assert clinic.practice.recovery_proved_at is None


def test_a_drill_notices_a_seal_that_does_not_open(clinic: Clinic) -> None:
    content = to_plain(clinic.practice._book)
    content["epochs"][0]["sealed"]["recovery"] = "00" * 80
    clinic.practice._file.write(content)
    clinic.restart()
    assert not clinic.practice.proves_recovery(clinic.recovery)


def test_a_drill_compares_with_the_keys_in_use(clinic: Clinic) -> None:
    with clinic.ring() as ring:
        other = {**ring.keys, IMAGES: {1: Secret.random()}}
        assert not clinic.practice.proves_recovery(clinic.recovery, attrs.evolve(ring, keys=other))


# --- a new sheet ---------------------------------------------------------------------------


def test_a_new_sheet_opens_everything_and_the_old_one_nothing(clinic: Clinic) -> None:
    clinic.begin(*KeyName)
    before = _in_use(clinic)
    with clinic.ring() as ring:
        fresh = clinic.practice.replace_recovery(ring)
    assert clinic.practice.rotation_due == set(KeyName)
    assert not clinic.practice.proves_recovery(clinic.recovery)
    assert clinic.practice.proves_recovery(fresh)
    clinic.begin(IMAGES)
    with pytest.raises(NotAuthentic):
        _recovered(clinic)
    after = _in_use(clinic)
    practice = _recovered(clinic, fresh)
    with practice.open_keys(clinic.officer.id, NEW) as ring:
        assert _plain(ring) == after
        assert before.items() <= after.items()


def test_seals_for_the_old_sheet_are_off_the_file(clinic: Clinic) -> None:
    old = {row.sealed["recovery"] for row in clinic.practice._book.epochs}
    with clinic.ring() as ring:
        clinic.practice.replace_recovery(ring).wipe()
    text = (clinic.folder / "accounts.json").read_text()
    assert all(seal not in text for seal in old)


def test_who_lacks_a_key_makes_no_new_sheet(clinic: Clinic) -> None:
    dentist = clinic.add("Hal", "dentist")
    with clinic.practice.open_keys(dentist.id, OTHER) as ring, pytest.raises(AccountRefused):
        clinic.practice.replace_recovery(ring)
    assert clinic.practice.proves_recovery(clinic.recovery)


# --- emergency -----------------------------------------------------------------------------


def test_an_emergency_key_opens_images_alone_and_every_new_epoch(clinic: Clinic) -> None:
    with clinic.ring() as ring:
        emergency = clinic.practice.make_emergency(ring)
    clinic.begin(*KeyName)
    with clinic.practice.open_in_emergency(emergency) as ring:
        assert {name: sorted(numbers) for name, numbers in ring.keys.items()} == {IMAGES: [1, 2]}
        assert ring.keys[IMAGES][2].view().hex() == _in_use(clinic)[IMAGES, 2].hex()


def test_an_emergency_key_that_was_taken_back_opens_nothing(clinic: Clinic) -> None:
    with clinic.ring() as ring:
        first = clinic.practice.make_emergency(ring)
        assert not clinic.practice.is_rotation_due
        second = clinic.practice.make_emergency(ring)
        assert clinic.practice.rotation_due == {IMAGES}
    with pytest.raises(NotAuthentic):
        clinic.practice.open_in_emergency(first)
    assert clinic.practice.drop_emergency()
    clinic.begin()
    with pytest.raises(NotAuthentic):
        clinic.practice.open_in_emergency(second)


def test_without_an_emergency_key_none_opens(clinic: Clinic) -> None:
    with pytest.raises(NotAuthentic):
        clinic.practice.open_in_emergency(EmergencyCode.new())
