"""Epochs: fresh keys for whoever is still in, none for whoever is out, and old ones destroyed."""

from __future__ import annotations

import pytest

from tests.unit.session.conftest import OTHER, Clinic
from viewer.session.accounts import Practice
from viewer.session.errors import AccountRefused, Locked
from viewer.session.permissions import KeyName, roles

IMAGES = KeyName.IMAGES


def _officer_in(clinic: Clinic) -> None:
    clinic.desk.log_in(clinic.officer.name, "copper lantern orbit seven")


def test_a_new_epoch_is_in_the_acting_session_at_once(clinic: Clinic) -> None:
    _officer_in(clinic)
    session = clinic.desk.session
    assert session is not None
    session.begin_epoch()
    held = session.epochs(IMAGES)
    assert sorted(held) == [1, 2]
    assert not held[1].equals(held[2])
    with clinic.ring() as ring:
        assert ring.keys[IMAGES][2].equals(session.key(IMAGES))


@pytest.mark.parametrize("role_id", list(roles()))
def test_a_new_epoch_reaches_exactly_the_roles_that_hold_the_key(
    clinic: Clinic, role_id: str
) -> None:
    user = clinic.add("Hal", role_id)
    clinic.begin(*KeyName)
    with clinic.practice.open_keys(user.id, OTHER) as ring:
        assert set(ring.keys) == roles()[role_id].holds
        assert all(sorted(numbers) == [1, 2] for numbers in ring.keys.values())


def test_retired_epochs_open_for_nobody_and_leave_the_open_session(clinic: Clinic) -> None:
    _officer_in(clinic)
    session = clinic.desk.session
    assert session is not None
    session.begin_epoch()
    old = session.epochs(IMAGES)[1]
    session.retire_epochs(IMAGES, below=2)
    assert sorted(session.epochs(IMAGES)) == [2]
    assert old  # a copy that its holder still has to wipe
    with clinic.ring() as ring:
        assert sorted(ring.keys[IMAGES]) == [2]
    row = next(row for row in clinic.practice._book.epochs if row.number == 1)
    assert (row.sealed, row.is_retired) == ({}, True)


def test_the_current_epoch_cannot_be_retired(clinic: Clinic) -> None:
    with pytest.raises(AccountRefused, match="current"):
        clinic.practice.retire_epochs(IMAGES, below=2)


def test_a_session_whose_keys_were_all_retired_elsewhere_is_locked(clinic: Clinic) -> None:
    _officer_in(clinic)
    elsewhere = Practice.load(clinic.folder, clinic.keystore)
    with clinic.ring() as ring:
        elsewhere.begin_epoch(ring).wipe()
    elsewhere.retire_epochs(IMAGES, below=2)
    session = clinic.desk.session
    assert session is not None
    clinic.desk.poll()
    assert session.is_locked
    with pytest.raises(Locked):
        session.key(IMAGES)
    clinic.desk.unlock("copper lantern orbit seven")
    assert sorted(session.epochs(IMAGES)) == [2]
