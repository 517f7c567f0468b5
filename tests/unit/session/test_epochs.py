"""Epochs: fresh keys for whoever is still in, none for whoever is out, and old ones destroyed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from tests.unit.session.conftest import OFFICER, OTHER, PASSWORD, Clinic
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import check_signature, sign
from viewer.crypto.secret import Secret
from viewer.model.ids import UserId
from viewer.model.json import to_plain
from viewer.session import epochs
from viewer.session.accounts import Practice
from viewer.session.audit.events import Actor, Entry, EventKind
from viewer.session.audit.reader import TrailReader
from viewer.session.audit.trail import Trail
from viewer.session.book import (
    RECOVERY,
    Due,
    EpochRow,
    open_epoch,
    seal_epoch,
    succession,
    unwrap_user_key,
)
from viewer.session.device import require_device_secret
from viewer.session.errors import (
    AccountRefused,
    AccountsTampered,
    AccountsUnwritable,
    Locked,
    NotPermitted,
)
from viewer.session.keystore import MemoryKeyStore
from viewer.session.permissions import KeyName, roles
from viewer.session.session import Session

IMAGES, SHARE, TRAIL = KeyName.IMAGES, KeyName.SHARE, KeyName.TRAIL


def _row(clinic: Clinic, name: KeyName, number: int) -> EpochRow:
    rows = clinic.practice._book.epochs
    return next(row for row in rows if (row.key, row.number) == (name.value, number))


def _officer_in(clinic: Clinic) -> Session:
    return clinic.desk.log_in(OFFICER, PASSWORD)


# --- begin ---------------------------------------------------------------------------------


def test_a_new_epoch_is_in_the_acting_session_at_once(clinic: Clinic) -> None:
    session = _officer_in(clinic)
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
    sealed = {name for name in KeyName if user.id in _row(clinic, name, 2).sealed}
    assert sealed == roles()[role_id].holds
    with clinic.practice.open_keys(user.id, OTHER) as ring:
        assert set(ring.keys) == roles()[role_id].holds
        assert all(sorted(numbers) == [1, 2] for numbers in ring.keys.values())


def test_an_epoch_is_begun_for_the_keys_that_were_named_alone(clinic: Clinic) -> None:
    clinic.begin(SHARE)
    live = {name: sorted(clinic.practice.live_epochs(name)) for name in KeyName}
    assert live == {IMAGES: [1], SHARE: [1, 2], TRAIL: [1]}


def test_a_session_takes_no_key_that_its_role_does_not_hold(clinic: Clinic) -> None:
    clinic.add("Hal", "assistant")
    session = clinic.desk.log_in("Hal", OTHER)
    with clinic.ring() as ring, clinic.practice.begin_epoch(ring, KeyName) as fresh:
        session.take_epoch(fresh)
    assert sorted(session.epochs(IMAGES)) == [1, 2]
    with pytest.raises(NotPermitted):
        session.key(TRAIL)


def test_who_is_logged_in_elsewhere_holds_the_new_epoch_from_the_next_login_on(
    clinic: Clinic,
) -> None:
    session = _officer_in(clinic)
    elsewhere = Practice.load(clinic.folder, clinic.keystore)
    with clinic.ring() as ring:
        elsewhere.begin_epoch(ring).wipe()
    clinic.desk.poll()
    assert sorted(session.epochs(IMAGES)) == [1]
    clinic.desk.lock()
    clinic.desk.unlock(PASSWORD)
    assert sorted(session.epochs(IMAGES)) == [1, 2]


def test_a_ring_without_the_key_begins_no_epoch(clinic: Clinic) -> None:
    auditor = clinic.add("Hal", "auditor")
    with clinic.practice.open_keys(auditor.id, OTHER) as ring, pytest.raises(AccountRefused):
        clinic.practice.begin_epoch(ring)
    assert clinic.practice.live_epochs(IMAGES) == {1}


def test_a_ring_from_before_a_rotation_begins_no_epoch(clinic: Clinic) -> None:
    with clinic.ring() as stale:
        clinic.begin()
        with pytest.raises(AccountRefused, match="Log in again"):
            clinic.practice.begin_epoch(stale)
    assert clinic.practice.live_epochs(IMAGES) == {1, 2}


def test_an_epoch_that_cannot_be_written_is_not_begun_and_not_left_in_memory(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Secret] = []

    def full_disk(*_: object) -> None:
        raise AccountsUnwritable

    def watched(name: KeyName) -> tuple[Secret, str]:
        made.append(Secret.random())
        return made[-1], ""

    monkeypatch.setattr(epochs, "new_practice_key", watched)
    with clinic.ring() as ring:
        monkeypatch.setattr(clinic.practice._file, "write", full_disk)
        with pytest.raises(AccountsUnwritable):
            clinic.practice.begin_epoch(ring)
    assert [key.is_wiped for key in made] == [True]
    assert Practice.load(clinic.folder, clinic.keystore).live_epochs(IMAGES) == {1}


class Killed(BaseException):
    """The machine went down at this call."""


def _killed_at(step: int) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Return what makes calls raise from the given one on, counted over all of them."""
    count = iter(range(1_000_000))

    def deadly(call: Callable[..., object]) -> Callable[..., object]:
        def called(*arguments: object, **named: object) -> object:
            if next(count) >= step:
                raise Killed
            return call(*arguments, **named)

        return called

    return deadly


@pytest.mark.parametrize("step", range(8))
@pytest.mark.parametrize("change", ["begin", "retire", "new sheet", "disable"])
def test_a_machine_that_goes_down_leaves_the_keys_before_or_after(
    clinic: Clinic, step: int, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hal = clinic.add("Hal", "dentist")
    clinic.begin()
    practice = clinic.practice
    with clinic.ring() as ring, monkeypatch.context() as down:
        deadly = _killed_at(step)
        for name in ("open", "fsync", "fdopen"):  # not "close": a dead process holds no lock
            down.setattr(os, name, deadly(getattr(os, name)))
        down.setattr(Path, "replace", deadly(Path.replace))
        down.setattr(clinic.keystore, "write_head", deadly(clinic.keystore.write_head))
        changes: dict[str, Callable[[], object]] = {
            "begin": lambda: practice.begin_epoch(ring),
            "retire": lambda: practice.retire_epochs(IMAGES, below=2),
            "new sheet": lambda: practice.replace_recovery(ring),
            "disable": lambda: practice.set_enabled(ring, hal.id, enabled=False),
        }
        with contextlib.suppress(Killed):
            changes[change]()
    after = Practice.load(clinic.folder, clinic.keystore)
    with after.open_keys(clinic.officer.id, PASSWORD) as ring:
        live = after.live_epochs(IMAGES)
        assert set(ring.keys[IMAGES]) == live
        assert live in ({1, 2}, {1, 2, 3} if change == "begin" else {2})
        with after.begin_epoch(ring) as fresh:
            assert set(fresh.keys[IMAGES]) == {max(live) + 1}
    assert after.rotation_due <= set(KeyName)


def test_a_share_signed_in_an_old_epoch_still_checks(clinic: Clinic) -> None:
    with clinic.ring() as ring:
        signature = sign(ring.keys[SHARE][1], b"share")
    clinic.begin(SHARE)
    clinic.practice.retire_epochs(SHARE, below=2)
    publics = clinic.practice.publics(SHARE)
    check_signature(publics[1], b"share", signature)
    assert publics[2] == clinic.practice.share_public
    with pytest.raises(NotAuthentic):
        check_signature(publics[2], b"share", signature)


def test_a_trail_from_before_a_new_trail_key_is_still_read(clinic: Clinic) -> None:
    clinic.trail.append(Entry(EventKind.VIEW, Actor(UserId("u"), "Ann", "Owner"), why="before"))
    clinic.begin(TRAIL)
    clinic.trail.close()
    clinic.trail = Trail.create(
        clinic.folder,
        clinic.keystore,
        clinic.practice.id,
        clinic.practice.trail_public,
        clinic.clock,
    )
    clinic.trail.append(Entry(EventKind.VIEW, Actor(UserId("u"), "Ann", "Owner"), why="after"))
    with clinic.ring() as ring:
        both = TrailReader(clinic.folder, ring.keys[TRAIL][2], ring.keys[TRAIL][1])
        old = TrailReader(clinic.folder, ring.keys[TRAIL][1])
    for reader in (both, old):
        reader.refresh()
    assert {"before", "after"} <= {event.entry.why for event in both.page()}
    assert "after" not in {event.entry.why for event in old.page()}
    both.close()
    old.close()


# --- retire --------------------------------------------------------------------------------


def test_retired_epochs_open_for_nobody_and_leave_the_open_session(clinic: Clinic) -> None:
    session = _officer_in(clinic)
    session.begin_epoch()
    assert session._keys is not None
    old = session._keys.keys[IMAGES][1]
    session.retire_epochs(IMAGES, below=2)
    assert old.is_wiped
    assert sorted(session.epochs(IMAGES)) == [2]
    with clinic.ring() as ring:
        assert sorted(ring.keys[IMAGES]) == [2]
    assert _row(clinic, IMAGES, 1).sealed == {}


def test_a_retired_epoch_is_beyond_the_recovery_key_too(clinic: Clinic) -> None:
    sealed = _row(clinic, IMAGES, 1).sealed[RECOVERY]
    assert sealed in (clinic.folder / "accounts.json").read_text()
    clinic.begin()
    clinic.practice.retire_epochs(IMAGES, below=2)
    assert sealed not in (clinic.folder / "accounts.json").read_text()
    with pytest.raises(NotAuthentic):
        open_epoch(
            clinic.practice.id, _row(clinic, IMAGES, 1), clinic.recovery.private, RECOVERY, ""
        )


def test_retiring_twice_is_retiring_once(clinic: Clinic) -> None:
    clinic.begin()
    clinic.practice.retire_epochs(IMAGES, below=2)
    clinic.practice.retire_epochs(IMAGES, below=2)
    clinic.begin()
    assert clinic.practice.live_epochs(IMAGES) == {2, 3}


def test_the_current_epoch_cannot_be_retired(clinic: Clinic) -> None:
    with pytest.raises(AccountRefused, match="current"):
        clinic.practice.retire_epochs(IMAGES, below=2)


def test_a_session_whose_keys_were_all_retired_elsewhere_is_locked(clinic: Clinic) -> None:
    session = _officer_in(clinic)
    elsewhere = Practice.load(clinic.folder, clinic.keystore)
    with clinic.ring() as ring:
        elsewhere.begin_epoch(ring).wipe()
    elsewhere.retire_epochs(IMAGES, below=2)
    clinic.practice.refresh()
    with pytest.raises(Locked):
        session.key(IMAGES)
    clinic.desk.poll()
    assert session.is_locked
    clinic.desk.unlock(PASSWORD)
    assert sorted(session.epochs(IMAGES)) == [2]


# --- revoke --------------------------------------------------------------------------------


def test_a_disabled_user_loses_the_seals_and_makes_a_rotation_due(clinic: Clinic) -> None:
    user = clinic.add("Hal", "dentist")
    assert not clinic.practice.is_rotation_due
    clinic.switch("Hal", enabled=False)
    assert all(user.id not in row.sealed for row in clinic.practice._book.epochs)
    reloaded = Practice.load(clinic.folder, clinic.keystore)
    assert reloaded.rotation_due == {IMAGES, SHARE}
    clinic.begin(IMAGES)
    assert clinic.practice.rotation_due == {SHARE}
    clinic.begin(SHARE)
    assert not clinic.practice.is_rotation_due


def test_a_role_that_loses_a_key_makes_its_rotation_due(clinic: Clinic) -> None:
    user = clinic.add("Hal", "dentist")
    with clinic.ring() as ring:
        clinic.practice.change_role(ring, user.id, "assistant")
    assert clinic.practice.rotation_due == {SHARE}
    assert user.id not in _row(clinic, SHARE, 1).sealed


def test_a_role_that_gains_a_key_makes_none_due(clinic: Clinic) -> None:
    user = clinic.add("Hal", "assistant")
    with clinic.ring() as ring:
        clinic.practice.change_role(ring, user.id, "dentist")
    assert not clinic.practice.is_rotation_due


def test_why_a_rotation_is_due_is_kept_until_it_is_done(clinic: Clinic) -> None:
    clinic.practice.demand_rotation([TRAIL])
    reloaded = Practice.load(clinic.folder, clinic.keystore)
    assert reloaded.due_reasons == {TRAIL: (Due.LEAK,)}
    clinic.begin(TRAIL)
    assert clinic.practice.due_reasons == {}


@pytest.mark.parametrize("why", [{"trail": ["BORED"]}, {"lunch": ["LEAK"]}, {"trail": 7}])
def test_a_made_up_reason_is_refused(clinic: Clinic, why: dict[str, object]) -> None:
    content = to_plain(clinic.practice._book) | {"due_why": why}
    clinic.practice._file.write(content)
    with pytest.raises(AccountsTampered):
        Practice.load(clinic.folder, clinic.keystore)


def test_a_suspected_leak_makes_a_rotation_due_until_it_is_done(clinic: Clinic) -> None:
    clinic.practice.demand_rotation([TRAIL])
    assert Practice.load(clinic.folder, clinic.keystore).rotation_due == {TRAIL}
    clinic.begin(TRAIL)
    assert not clinic.practice.is_rotation_due


def test_who_is_disabled_or_loses_a_key_while_logged_in_holds_it_no_longer(clinic: Clinic) -> None:
    user = clinic.add("Hal", "dentist")
    session = clinic.desk.log_in("Hal", OTHER)
    assert session._keys is not None
    signing = session._keys.keys[SHARE][1]
    with clinic.ring() as ring:
        clinic.practice.change_role(ring, user.id, "assistant")
    clinic.desk.poll()
    assert session.is_locked
    assert signing.is_wiped
    session = clinic.desk.unlock(OTHER)
    assert sorted(session.epochs(IMAGES)) == [1]
    with pytest.raises(NotPermitted):
        session.key(SHARE)


def test_everything_a_disabled_user_remembers_opens_nothing_of_the_new_epoch(
    clinic: Clinic,
) -> None:
    """He keeps ring, private key, password and file, and sits at the workstation."""
    user = clinic.add("Hal", "dentist")
    remembered = clinic.practice.open_keys(user.id, OTHER)
    private = _private_key_of(clinic, "Hal", OTHER)
    clinic.switch("Hal", enabled=False)
    clinic.begin(*KeyName)
    fresh = _row(clinic, IMAGES, 2)
    assert user.id not in fresh.sealed
    for holder, text in fresh.sealed.items():
        stolen = attrs.evolve(fresh, sealed={user.id: text, holder: text})
        for name, role in [(user.id, "dentist"), (holder, "owner"), (holder, "")]:
            with pytest.raises(NotAuthentic):
                open_epoch(clinic.practice.id, stolen, private, name, role)
        for key in remembered.keys[IMAGES].values():
            with pytest.raises(NotAuthentic):
                open_epoch(clinic.practice.id, stolen, key, holder, "")
    with clinic.practice.open_keys(user.id, OTHER) as ring:
        assert ring.keys == {}
    with pytest.raises(AccountRefused):
        clinic.practice.begin_epoch(remembered)
    with pytest.raises(AccountRefused):
        clinic.practice.set_enabled(remembered, user.id, enabled=True)
    assert not clinic.practice.user("Hal").is_enabled


def test_who_is_enabled_again_gets_every_live_epoch_from_the_officer(clinic: Clinic) -> None:
    user = clinic.add("Hal", "dentist")
    clinic.switch("Hal", enabled=False)
    clinic.begin()
    clinic.switch("Hal", enabled=True)
    with clinic.practice.open_keys(user.id, OTHER) as ring:
        assert sorted(ring.keys[IMAGES]) == [1, 2]


def test_a_new_password_or_role_gives_a_disabled_user_no_key(clinic: Clinic) -> None:
    user = clinic.add("Hal", "dentist")
    clinic.switch("Hal", enabled=False)
    with clinic.ring() as ring:
        clinic.practice.reset_password(ring, user.id, "amber kettle prairie two")
        clinic.practice.change_role(ring, user.id, "owner")
    assert all(user.id not in row.sealed for row in clinic.practice._book.epochs)


# --- roles as keys -------------------------------------------------------------------------


def test_a_seal_moved_to_another_user_opens_for_neither(clinic: Clinic) -> None:
    hal, ida = clinic.add("Hal", "assistant"), clinic.add("Ida", "dentist")
    content = to_plain(clinic.practice._book)
    for row in content["epochs"]:
        if row["key"] == "images":
            sealed = row["sealed"]
            sealed[hal.id], sealed[ida.id] = sealed[ida.id], sealed[hal.id]
    clinic.practice._file.write(content)
    moved = Practice.load(clinic.folder, clinic.keystore)
    for user in (hal, ida):
        with pytest.raises(AccountsTampered):
            moved.open_keys(user.id, OTHER)


@pytest.mark.parametrize("role_id", sorted(set(roles()) - {"auditor"}))
def test_a_role_edited_with_the_device_secret_opens_nothing(clinic: Clinic, role_id: str) -> None:
    hal = clinic.add("Hal", "auditor")
    content = to_plain(clinic.practice._book)
    next(row for row in content["users"] if row["id"] == hal.id)["role"] = role_id
    clinic.practice._file.write(content)
    with pytest.raises(AccountsTampered):
        Practice.load(clinic.folder, clinic.keystore).open_keys(hal.id, OTHER)


def test_a_seal_of_another_practice_opens_nothing_here(clinic: Clinic) -> None:
    private, officer = _private_key_of(clinic, OFFICER, PASSWORD), clinic.practice._row(OFFICER)
    row, key = _row(clinic, IMAGES, 1), Secret.random()
    foreign = seal_epoch("another practice", row, key, officer.id, "owner", officer.public)
    assert open_epoch("another practice", foreign, private, officer.id, "owner").equals(key)
    with pytest.raises(NotAuthentic):
        open_epoch(clinic.practice.id, foreign, private, officer.id, "owner")


def test_a_seal_moved_to_another_epoch_or_key_opens_nothing(clinic: Clinic) -> None:
    clinic.begin()
    private, user_id = _private_key_of(clinic, OFFICER, PASSWORD), clinic.officer.id
    one, two = _row(clinic, IMAGES, 1), _row(clinic, IMAGES, 2)
    for moved in (
        attrs.evolve(two, sealed=one.sealed),
        attrs.evolve(one, sealed=two.sealed),
        attrs.evolve(one, key="share"),
    ):
        with pytest.raises(NotAuthentic):
            open_epoch(clinic.practice.id, moved, private, user_id, "owner")


def test_an_epoch_planted_with_the_device_secret_is_noticed(clinic: Clinic) -> None:
    """Sealing needs public keys alone, so the planted key opens; but it follows nothing."""
    known = Secret(bytes(32))
    planted = EpochRow("images", 2, {}, follows=_guess(clinic, known))
    for holder, role, public in [
        (clinic.officer.id, "owner", clinic.practice._row(OFFICER).public),
        (RECOVERY, "", clinic.practice._book.recovery_public),
    ]:
        planted = seal_epoch(clinic.practice.id, planted, known, holder, role, public)
    book = clinic.practice._book
    clinic.practice._file.write(to_plain(attrs.evolve(book, epochs=(*book.epochs, planted))))
    tampered = Practice.load(clinic.folder, clinic.keystore)
    with pytest.raises(AccountsTampered):
        tampered.open_keys(clinic.officer.id, PASSWORD)
    with pytest.raises(NotAuthentic):
        Practice.recover(clinic.folder, MemoryKeyStore(), clinic.recovery, OFFICER, OTHER)


def test_a_public_key_that_was_exchanged_is_noticed_at_login(clinic: Clinic) -> None:
    """Else the trail would be sealed to the attacker's key from the next segment on."""
    attacker = bytes(range(32)).hex()
    content = to_plain(clinic.practice._book)
    content["trail_public"] = attacker
    clinic.practice._file.write(content)
    with pytest.raises(AccountsTampered):
        Practice.load(clinic.folder, clinic.keystore)
    next(row for row in content["epochs"] if row["key"] == "trail")["public"] = attacker
    clinic.practice._file.write(content)
    both = Practice.load(clinic.folder, clinic.keystore)
    with pytest.raises(AccountsTampered):
        both.open_keys(clinic.officer.id, PASSWORD)


@pytest.mark.parametrize(
    "change",
    [
        {"number": 3},
        {"number": 1},
        {"number": 0},
        {"key": "everything"},
        {"is_retired": True},
    ],
)
def test_epochs_that_do_not_count_on_are_refused(clinic: Clinic, change: dict[str, object]) -> None:
    clinic.begin()
    content = to_plain(clinic.practice._book)
    content["epochs"][-1] |= change
    clinic.practice._file.write(content)
    with pytest.raises(AccountsTampered):
        Practice.load(clinic.folder, clinic.keystore)


def test_accounts_of_the_first_format_still_open_and_rotate(clinic: Clinic) -> None:
    content = to_plain(clinic.practice._book)
    new = {"emergency_public", "rotation_due", "due_why", "recovery_proved_at"}
    first = {key: value for key, value in content.items() if key not in new} | {"format": 1}
    first["users"] = [_without(row, "third", "third_label") for row in content["users"]]
    first["epochs"] = [
        _without(row, "public", "is_retired", "follows") for row in content["epochs"]
    ]
    clinic.practice._file.write(first)
    clinic.restart()
    clinic.begin(*KeyName)
    clinic.restart()
    with clinic.ring() as ring:
        assert all(sorted(numbers) == [1, 2] for numbers in ring.keys.values())
    assert sorted(clinic.practice.publics(SHARE)) == [1, 2]


def _without(row: dict[str, object], *fields: str) -> dict[str, object]:
    return {key: value for key, value in row.items() if key not in fields}


def _private_key_of(clinic: Clinic, name: str, password: str) -> Secret:
    with require_device_secret(clinic.keystore) as device:
        shares = clinic.practice._shares(device, None)
        return unwrap_user_key(clinic.practice._row(name), password, shares)


def _guess(clinic: Clinic, known: Secret) -> str:
    row = EpochRow("images", 2, {})
    return succession(clinic.practice.id, row, Secret.random(), known)
