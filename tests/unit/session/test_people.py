"""Accounts over their life: the first password, other names, leaving; nothing is ever removed."""

from __future__ import annotations

import pytest

from tests.unit.session.conftest import FIRST, OTHER, PASSWORD, Clinic
from viewer.session.accounts import Practice
from viewer.session.desk import Desk
from viewer.session.errors import (
    AccountRefused,
    LoginRefused,
    NotLoggedIn,
    NotPermitted,
    PasswordMustChange,
    WeakPassword,
)
from viewer.session.permissions import GRANTABLE, KeyName, Permission
from viewer.session.session import Session


def given(clinic: Clinic, name: str, role: str = "dentist") -> None:
    """An account with the password that the officer gave."""
    with clinic.ring() as ring:
        clinic.practice.add_user(ring, name, name, role, FIRST)


def test_a_first_password_opens_nothing_but_its_own_change(clinic: Clinic) -> None:
    given(clinic, "Hal", "owner")
    session = clinic.desk.log_in("Hal", FIRST)
    for permission in GRANTABLE:
        with pytest.raises(PasswordMustChange):
            session.require(permission)
    session.require(Permission.LOGGED_IN)
    with pytest.raises(WeakPassword, match="as it was"):
        clinic.practice.change_password(session.user.id, FIRST, FIRST, clinic.clock)
    clinic.practice.change_password(session.user.id, FIRST, OTHER, clinic.clock)
    session.require(Permission.VIEW_IMAGES)
    assert not clinic.practice.user("Hal").must_change


def test_a_reset_password_is_a_first_password_again(clinic: Clinic) -> None:
    user = clinic.add("Hal", "dentist")
    with clinic.ring() as ring:
        clinic.practice.reset_password(ring, user.id, FIRST)
    clinic.restart()
    assert clinic.practice.user("Hal").must_change
    with pytest.raises(PasswordMustChange):
        clinic.desk.log_in("Hal", FIRST).require(Permission.VIEW_IMAGES)


def test_the_founders_password_is_his_own(clinic: Clinic) -> None:
    assert not clinic.officer.must_change


def test_another_name_leaves_the_account_its_keys_and_what_it_was_called(clinic: Clinic) -> None:
    before = clinic.add("Ann Berg", "dentist")
    after = clinic.practice.rename_user(before.id, "ann.lind", "Ann Lind")
    assert (after.id, after.role, after.formerly) == (before.id, before.role, ("Ann Berg",))
    clinic.restart()
    assert clinic.desk.log_in("ann.lind", OTHER).user.display_name == "Ann Lind"
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Ann Berg", OTHER)


@pytest.mark.parametrize("taken", ["Ann Berg", "ann.berg", "Аnn Berg", "Ann Lind"])
def test_nobody_gets_a_name_that_somebody_has_or_had(clinic: Clinic, taken: str) -> None:
    user = clinic.add("Ann Berg", "dentist")
    clinic.practice.rename_user(user.id, "ann.lind", "Ann Lind")
    other = clinic.add("Hal", "dentist")
    with clinic.ring() as ring, pytest.raises(AccountRefused):
        clinic.practice.add_user(ring, taken, taken, "dentist", FIRST)
    with pytest.raises(AccountRefused):
        clinic.practice.rename_user(other.id, "hal", taken)
    assert clinic.practice.rename_user(user.id, "ann.berg", "Ann Berg").display_name == "Ann Berg"


def test_who_left_has_neither_keys_nor_password_and_stays_in_the_book(clinic: Clinic) -> None:
    user = clinic.add("Hal", "dentist")
    session = clinic.desk.log_in("Hal", OTHER)
    with clinic.ring() as ring:
        left = clinic.practice.mark_left(ring, user.id, clinic.clock)
    assert (left.has_left, left.is_enabled, left.is_ready) == (True, False, False)
    assert clinic.practice.rotation_due == {KeyName.IMAGES, KeyName.SHARE}
    with pytest.raises(NotLoggedIn):
        session.require(Permission.VIEW_IMAGES)
    clinic.restart()
    assert clinic.practice.user(user.id).display_name == "Hal"
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Hal", OTHER)
    with clinic.ring() as ring, pytest.raises(AccountRefused, match="left"):
        clinic.practice.set_enabled(ring, user.id, enabled=True)
    back = clinic.practice.bring_back(user.id)
    assert (back.has_left, back.is_enabled, back.is_ready) == (False, False, False)


def test_the_last_who_manages_accounts_cannot_leave(clinic: Clinic) -> None:
    with clinic.ring() as ring, pytest.raises(AccountRefused, match="must be left"):
        clinic.practice.mark_left(ring, clinic.officer.id)


def other_process(clinic: Clinic) -> Practice:
    return Practice.load(clinic.folder, clinic.keystore)


def test_disabling_ends_an_open_session_in_another_process_at_its_next_use(clinic: Clinic) -> None:
    user = clinic.add("Hal", "dentist")
    elsewhere = other_process(clinic)
    session = Desk(elsewhere, clinic.trail, clinic.clock).log_in("Hal", OTHER)
    session.require(Permission.VIEW_IMAGES)
    clinic.switch("Hal", enabled=False)
    with pytest.raises(NotLoggedIn):
        session.require(Permission.VIEW_IMAGES)
    assert elsewhere.user(user.id).is_enabled is False


def test_disabling_logs_off_an_open_session_in_another_process_within_a_second(
    clinic: Clinic,
) -> None:
    clinic.add("Hal", "dentist")
    desk = Desk(other_process(clinic), clinic.trail, clinic.clock)
    session = desk.log_in("Hal", OTHER)
    clinic.switch("Hal", enabled=False)
    desk.poll()
    assert session.is_over
    assert desk.session is None


def test_another_role_takes_effect_in_an_open_session_of_another_process(clinic: Clinic) -> None:
    user = clinic.add("Hal", "dentist")
    desk = Desk(other_process(clinic), clinic.trail, clinic.clock)
    session = desk.log_in("Hal", OTHER)
    with clinic.ring() as ring:
        clinic.practice.change_role(ring, user.id, "auditor")
    refused = [each for each in GRANTABLE if not passes(session, each)]
    assert set(refused) == set(GRANTABLE) - {Permission.VERIFY_TRAIL}  # what both roles allow
    desk.poll()
    assert session.is_locked  # its keys are gone; unlocking opens those of the new role
    assert set(clinic_keys(desk)) == {KeyName.TRAIL}


def passes(session: Session, permission: Permission) -> bool:
    try:
        session.require(permission)
    except NotPermitted:
        return False
    return True


def clinic_keys(desk: Desk) -> set[KeyName]:
    session = desk.unlock(OTHER)
    with session.lent_keys() as ring:
        return set(ring.keys)


def test_a_practice_is_not_founded_by_a_job(clinic: Clinic) -> None:
    folder = clinic.folder.parent / "another"
    with pytest.raises(AccountRefused, match="not taken"):
        Practice.create(folder, clinic.keystore, "Elm", "Administrator", PASSWORD)
    assert not (folder / "accounts.json").exists()
