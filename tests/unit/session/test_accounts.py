"""Accounts under attack: a stolen folder, edited roles, lowered costs, swapped keys, old files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.session.conftest import OFFICER, OTHER, PASSWORD, Clinic
from viewer.crypto.derive import SMALLEST_STRETCH
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import new_sealing_pair
from viewer.session.accounts import Practice
from viewer.session.errors import (
    AccountRefused,
    AccountsTampered,
    DeviceSecretMissing,
    NoKeyStore,
    WeakPassword,
)
from viewer.session.keystore import MemoryKeyStore
from viewer.session.permissions import KeyName, roles
from viewer.session.recovery import RecoveryKey

Change = Callable[[dict[str, Any]], None]


def _content(clinic: Clinic) -> dict[str, Any]:
    raw = (clinic.folder / "accounts.json").read_bytes()
    content = json.loads(raw)["body"]["content"]
    assert isinstance(content, dict)
    return content


def _edit(clinic: Clinic, change: Change) -> None:
    """Change the file as somebody with an editor would."""
    path = clinic.folder / "accounts.json"
    whole = json.loads(path.read_bytes())
    change(whole["body"]["content"])
    path.write_text(json.dumps(whole))


def _edit_and_tag(clinic: Clinic, change: Change) -> None:
    """Change the file as somebody who also holds the device secret could."""
    content = _content(clinic)
    change(content)
    clinic.practice._file.write(content)


def _row(content: dict[str, Any], name: str) -> dict[str, Any]:
    return next(row for row in content["users"] if row["name"] == name)


def _promote(content: dict[str, Any]) -> None:
    _row(content, "Hal")["role"] = "owner"


def _lower_cost(content: dict[str, Any]) -> None:
    _row(content, OFFICER)["cost"] = [8, 1, 1]


def _swap_keys(content: dict[str, Any]) -> None:
    hal, ann = _row(content, "Hal"), _row(content, OFFICER)
    for field in ("wrapped", "public", "salt", "version"):
        hal[field], ann[field] = ann[field], hal[field]


def test_a_stolen_folder_does_not_open_with_the_right_password_alone(clinic: Clinic) -> None:
    with pytest.raises(DeviceSecretMissing):
        Practice.load(clinic.folder, MemoryKeyStore())


def test_a_stolen_folder_does_not_open_on_a_machine_with_its_own_secret(clinic: Clinic) -> None:
    thief = MemoryKeyStore()
    thief.create_device_secret()
    with pytest.raises(AccountsTampered):
        Practice.load(clinic.folder, thief)


def test_a_thief_who_patches_the_tag_out_still_lacks_half_of_the_key(clinic: Clinic) -> None:
    thief = MemoryKeyStore()
    thief.create_device_secret()
    patched = Practice(clinic.folder, thief, clinic.practice._book)
    with pytest.raises(NotAuthentic):
        patched.open_keys(clinic.officer.id, PASSWORD)


@pytest.mark.parametrize("change", [_promote, _lower_cost, _swap_keys])
def test_an_edited_file_is_refused(clinic: Clinic, change: Change) -> None:
    clinic.add("Hal", "assistant")
    _edit(clinic, change)
    with pytest.raises(AccountsTampered):
        Practice.load(clinic.folder, clinic.keystore)


def test_a_role_promoted_with_the_device_secret_opens_no_further_key(clinic: Clinic) -> None:
    hal = clinic.add("Hal", "assistant")
    _edit_and_tag(clinic, _promote)
    promoted = Practice.load(clinic.folder, clinic.keystore)
    with pytest.raises(AccountsTampered):
        promoted.open_keys(hal.id, OTHER)


def test_a_lowered_cost_is_refused_even_when_tagged(clinic: Clinic) -> None:
    _edit_and_tag(clinic, _lower_cost)
    with pytest.raises(AccountsTampered):
        Practice.load(clinic.folder, clinic.keystore)


def test_a_cost_lowered_to_the_floor_no_longer_opens(
    tmp_path: Path, keystore: MemoryKeyStore
) -> None:
    practice, _ = Practice.create(tmp_path, keystore, "Elm Street", OFFICER, PASSWORD)
    content = json.loads((tmp_path / "accounts.json").read_bytes())["body"]["content"]
    cost = SMALLEST_STRETCH
    content["users"][0]["cost"] = [cost.memory_kib, cost.passes, cost.lanes]
    practice._file.write(content)
    practice.refresh()
    with pytest.raises(NotAuthentic):
        practice.open_keys(practice.user(OFFICER).id, PASSWORD)


def test_keys_swapped_between_two_users_open_for_neither(clinic: Clinic) -> None:
    hal = clinic.add("Hal", "assistant")
    _edit_and_tag(clinic, _swap_keys)
    swapped = Practice.load(clinic.folder, clinic.keystore)
    for user_id, password in [(hal.id, PASSWORD), (hal.id, OTHER), (clinic.officer.id, OTHER)]:
        with pytest.raises(NotAuthentic):
            swapped.open_keys(user_id, password)


def test_accounts_that_are_set_back_are_refused(clinic: Clinic) -> None:
    clinic.add("Hal", "dentist")
    old = (clinic.folder / "accounts.json").read_bytes()
    clinic.switch("Hal", enabled=False)
    (clinic.folder / "accounts.json").write_bytes(old)
    with pytest.raises(AccountsTampered, match="set back"):
        Practice.load(clinic.folder, clinic.keystore)


def test_a_crash_between_the_file_and_its_head_is_no_attack(clinic: Clinic) -> None:
    head = clinic.keystore.read_head(clinic.practice.id, "accounts")
    assert head is not None
    clinic.add("Hal", "dentist")
    clinic.keystore.write_head(clinic.practice.id, "accounts", head)
    assert Practice.load(clinic.folder, clinic.keystore).user("Hal").name == "Hal"


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[]", b'{"body":1,"tag":2}', b"\xff\xfe", b"[" * 100_000]
)
def test_something_else_in_the_file_is_refused(clinic: Clinic, raw: bytes) -> None:
    (clinic.folder / "accounts.json").write_bytes(raw)
    with pytest.raises(AccountsTampered):
        Practice.load(clinic.folder, clinic.keystore)


def test_neither_password_nor_recovery_key_is_on_disk(clinic: Clinic) -> None:
    recovery = bytes(clinic.recovery.private.view())
    secrets_there = [PASSWORD.encode(), recovery, recovery.hex().encode()]
    for path in clinic.folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert not any(secret in raw for secret in secrets_there)


@pytest.mark.parametrize("role_id", list(roles()))
def test_a_user_holds_the_keys_of_the_role_and_no_others(clinic: Clinic, role_id: str) -> None:
    user = clinic.add("Hal", role_id)
    with clinic.practice.open_keys(user.id, OTHER) as ring:
        assert set(ring.keys) == roles()[role_id].holds


def test_a_changed_role_takes_keys_away_and_gives_keys(clinic: Clinic) -> None:
    user = clinic.add("Hal", "dentist")
    with clinic.practice.open_keys(clinic.officer.id, PASSWORD) as ring:
        clinic.practice.change_role(ring, user.id, "auditor")
    with clinic.practice.open_keys(user.id, OTHER) as ring:
        assert set(ring.keys) == {KeyName.TRAIL}


def test_nobody_hands_on_a_key_that_he_does_not_hold(clinic: Clinic) -> None:
    dentist = clinic.add("Hal", "dentist")
    with clinic.practice.open_keys(dentist.id, OTHER) as ring, pytest.raises(AccountRefused):
        clinic.practice.add_user(ring, "Eve", "Eve", "auditor", OTHER)
    assert len(clinic.practice.users()) == 2


def test_a_changed_password_opens_the_same_keys_and_the_old_one_none(clinic: Clinic) -> None:
    user = clinic.add("Hal", "dentist")
    with clinic.practice.open_keys(user.id, OTHER) as ring:
        before = bytes(ring.keys[KeyName.IMAGES][1].view())
    clinic.practice.change_password(user.id, OTHER, "amber kettle prairie two")
    with pytest.raises(NotAuthentic):
        clinic.practice.open_keys(user.id, OTHER)
    with clinic.practice.open_keys(user.id, "amber kettle prairie two") as ring:
        assert bytes(ring.keys[KeyName.IMAGES][1].view()) == before


def test_a_change_with_a_wrong_old_or_a_weak_new_password_changes_nothing(clinic: Clinic) -> None:
    before = (clinic.folder / "accounts.json").read_bytes()
    with pytest.raises(NotAuthentic):
        clinic.practice.change_password(clinic.officer.id, "wrong", OTHER)
    with pytest.raises(WeakPassword):
        clinic.practice.change_password(clinic.officer.id, PASSWORD, "passwordpassword")
    assert (clinic.folder / "accounts.json").read_bytes() == before


def test_the_officer_sets_a_forgotten_password_anew(clinic: Clinic) -> None:
    user = clinic.add("Hal", "hygienist")
    with clinic.practice.open_keys(clinic.officer.id, PASSWORD) as ring:
        clinic.practice.reset_password(ring, user.id, "amber kettle prairie two")
    with clinic.practice.open_keys(user.id, "amber kettle prairie two") as ring:
        assert set(ring.keys) == roles()["hygienist"].holds


def test_the_last_who_manages_accounts_stays(clinic: Clinic) -> None:
    with pytest.raises(AccountRefused, match="left"):
        clinic.switch(OFFICER, enabled=False)
    with (
        clinic.practice.open_keys(clinic.officer.id, PASSWORD) as ring,
        pytest.raises(AccountRefused, match="left"),
    ):
        clinic.practice.change_role(ring, clinic.officer.id, "dentist")


@pytest.mark.parametrize("name", ["", "  ", OFFICER, OFFICER.upper(), f" {OFFICER} "])
def test_a_name_is_there_once_however_it_is_typed(clinic: Clinic, name: str) -> None:
    with pytest.raises(AccountRefused):
        clinic.add(name, "dentist")


def test_a_change_by_another_process_is_seen_and_kept(clinic: Clinic) -> None:
    other = Practice.load(clinic.folder, clinic.keystore)
    clinic.add("Hal", "dentist")
    with other.open_keys(clinic.officer.id, PASSWORD) as ring:
        other.add_user(ring, "Ida", "Ida", "assistant", OTHER)
    clinic.practice.refresh()
    assert {user.name for user in clinic.practice.users()} == {OFFICER, "Hal", "Ida"}


def test_a_lost_key_store_is_survived_with_the_recovery_key(clinic: Clinic) -> None:
    user = clinic.add("Hal", "dentist")
    with clinic.practice.open_keys(clinic.officer.id, PASSWORD) as ring:
        before = {name: bytes(epochs[1].view()) for name, epochs in ring.keys.items()}
    typed = RecoveryKey.from_text(clinic.recovery.text.lower())
    fresh = MemoryKeyStore()
    practice = Practice.recover(clinic.folder, fresh, typed, OFFICER, "amber kettle prairie two")
    practice = Practice.load(clinic.folder, fresh)
    with practice.open_keys(clinic.officer.id, "amber kettle prairie two") as ring:
        assert {name: bytes(epochs[1].view()) for name, epochs in ring.keys.items()} == before
        assert not practice.user("Hal").is_ready
        assert practice.reset_password(ring, user.id, OTHER).is_ready
    assert practice.throttle.wait_s(user.id, clinic.clock) == 0


def test_a_changed_account_of_the_operating_system_is_survived_with_the_recovery_key(
    clinic: Clinic,
) -> None:
    """Its key store has another program's secret, or one from an earlier try, and no heads."""
    elsewhere = MemoryKeyStore()
    elsewhere.create_device_secret()
    with pytest.raises(AccountsTampered):
        Practice.load(clinic.folder, elsewhere)
    Practice.recover(clinic.folder, elsewhere, clinic.recovery, OFFICER, "amber kettle prairie two")
    practice = Practice.load(clinic.folder, elsewhere)
    practice.open_keys(practice.user(OFFICER).id, "amber kettle prairie two").wipe()


def test_a_key_store_that_lost_its_heads_alone_is_noticed_and_survived(clinic: Clinic) -> None:
    clinic.add("Hal", "dentist")
    kept = clinic.keystore
    assert isinstance(kept, MemoryKeyStore)
    kept._texts = {name: text for name, text in kept._texts.items() if "head" not in name}
    with pytest.raises(AccountsTampered, match="set back"):
        Practice.load(clinic.folder, kept)
    Practice.recover(clinic.folder, kept, clinic.recovery, OFFICER, "amber kettle prairie two")
    Practice.load(clinic.folder, kept)


def test_the_old_workstation_opens_nothing_after_a_recovery_elsewhere(clinic: Clinic) -> None:
    fresh = MemoryKeyStore()
    Practice.recover(clinic.folder, fresh, clinic.recovery, OFFICER, "amber kettle prairie two")
    with pytest.raises(AccountsTampered):
        Practice.load(clinic.folder, clinic.keystore)


def test_another_recovery_key_recovers_nothing(clinic: Clinic) -> None:
    wrong = RecoveryKey.of_pair(new_sealing_pair())
    before = (clinic.folder / "accounts.json").read_bytes()
    with pytest.raises(NotAuthentic):
        Practice.recover(clinic.folder, MemoryKeyStore(), wrong, OFFICER, OTHER)
    assert (clinic.folder / "accounts.json").read_bytes() == before


def test_only_who_manages_accounts_is_recovered(clinic: Clinic) -> None:
    clinic.add("Hal", "dentist")
    with pytest.raises(AccountRefused):
        Practice.recover(clinic.folder, MemoryKeyStore(), clinic.recovery, "Hal", PASSWORD)


def test_a_second_practice_in_the_same_folder_is_refused(clinic: Clinic) -> None:
    with pytest.raises(AccountRefused, match="already"):
        Practice.create(clinic.folder, clinic.keystore, "Oak", OFFICER, PASSWORD)


def test_nothing_is_founded_where_the_key_store_keeps_nothing(tmp_path: Path) -> None:
    class Null(MemoryKeyStore):
        def _write(self, name: str, text: str) -> None:
            """Do as keyring's null back end does."""

    with pytest.raises(NoKeyStore):
        Practice.create(tmp_path, Null(), "Elm Street", OFFICER, PASSWORD)
    assert not Practice.is_founded(tmp_path)


def test_a_disable_is_noticed_although_the_files_time_was_put_back(clinic: Clinic) -> None:
    user = clinic.add("Ben Example", "assistant")
    path = clinic.folder / "accounts.json"
    before = path.stat()
    other = Practice.load(clinic.folder, clinic.keystore)
    with clinic.ring() as ring:
        clinic.practice.set_enabled(ring, user.id, enabled=False)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.refresh()
    assert not other.user(user.id).is_enabled
