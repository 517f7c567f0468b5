"""Log in, lock, unlock, log off: what happens to keys, tickets and the trail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.unit.session.conftest import OFFICER, OTHER, PASSWORD, Clinic, FakeClock
from viewer.session.audit.events import Entry, Event, EventKind, Outcome
from viewer.session.audit.reader import TrailReader
from viewer.session.errors import (
    AccountBlocked,
    AccountsTampered,
    DeviceSecretMissing,
    Locked,
    LoginRefused,
    NoKeyStore,
    NotLoggedIn,
    NotPermitted,
    TrailUnwritable,
)
from viewer.session.idle import IdlePhase
from viewer.session.keystore import FileKeyStore
from viewer.session.permissions import GRANTABLE, KeyName, Permission, roles
from viewer.session.session import Session


@contextmanager
def _disk_refuses(clinic: Clinic) -> Iterator[None]:
    """Let every write to the trail fail as a full disk does."""

    def full(file: object, raw: bytes) -> None:
        raise OSError(28, "No space left on device")

    put = clinic.trail._end.put
    clinic.trail._end.put = full  # type: ignore[method-assign]
    yield
    clinic.trail._end.put = put  # type: ignore[method-assign]


def _kinds(events: list[Event]) -> list[EventKind]:
    return [event.entry.kind for event in events]


@pytest.mark.parametrize("role_id", list(roles()))
def test_the_gate_lets_through_what_the_table_says(clinic: Clinic, role_id: str) -> None:
    clinic.add("Hal", role_id)
    session = clinic.desk.log_in("Hal", OTHER)
    passed = set()
    for permission in GRANTABLE:
        with suppress(NotPermitted):
            session.require(permission)
            passed.add(permission)
    assert passed == roles()[role_id].may


def test_a_role_patched_in_memory_still_lacks_the_key(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.add("Hal", "auditor")
    session = clinic.desk.log_in("Hal", OTHER)
    officer = session._user = clinic.officer
    monkeypatch.setattr(clinic.practice, "user", lambda _: officer)
    with pytest.raises(NotPermitted):
        session.require(Permission.VIEW_IMAGES)
    with pytest.raises(NotPermitted):
        session.key(KeyName.IMAGES)


def test_nobody_logged_in_may_only_what_is_open_to_all(clinic: Clinic) -> None:
    assert clinic.desk.require(Permission.OPEN_TO_ALL) is None
    with pytest.raises(NotLoggedIn):
        clinic.desk.require(Permission.LOGGED_IN)


def test_a_lock_leaves_zeros_where_the_keys_were(clinic: Clinic) -> None:
    session = clinic.desk.log_in(OFFICER, PASSWORD)
    assert session._keys is not None
    buffers = [key.view() for epochs in session._keys.keys.values() for key in epochs.values()]
    assert all(any(buffer) for buffer in buffers)
    clinic.desk.lock()
    assert len(buffers) == len(KeyName)
    assert not any(any(buffer) for buffer in buffers)


def test_a_log_off_leaves_zeros_where_the_keys_were(clinic: Clinic) -> None:
    session = clinic.desk.log_in(OFFICER, PASSWORD)
    assert session._keys is not None
    buffers = [key.view() for epochs in session._keys.keys.values() for key in epochs.values()]
    clinic.desk.log_off()
    assert not any(any(buffer) for buffer in buffers)
    with pytest.raises(NotLoggedIn):
        session.key(KeyName.IMAGES)


def test_work_that_began_before_a_lock_cannot_go_on_after_the_unlock(clinic: Clinic) -> None:
    session = clinic.desk.log_in(OFFICER, PASSWORD)
    ticket = session.require(Permission.VIEW_IMAGES)
    session.check(ticket)
    clinic.desk.lock()
    with pytest.raises(Locked):
        session.check(ticket)
    assert clinic.desk.unlock(PASSWORD) is session
    with pytest.raises(Locked):
        session.check(ticket)
    session.check(session.require(Permission.VIEW_IMAGES))


def test_a_locked_session_gives_no_keys(clinic: Clinic) -> None:
    session = clinic.desk.log_in(OFFICER, PASSWORD)
    clinic.desk.lock()
    with pytest.raises(Locked):
        session.key(KeyName.IMAGES)
    with pytest.raises(Locked), session.lent_keys():
        pass


def test_lent_keys_are_wiped_when_they_come_back(clinic: Clinic) -> None:
    session = clinic.desk.log_in(OFFICER, PASSWORD)
    with session.lent_keys() as ring:
        buffer = ring.keys[KeyName.IMAGES][1].view()
        assert any(buffer)
    assert not any(buffer)
    assert any(session.key(KeyName.IMAGES).view())


def test_an_unlock_with_a_wrong_password_stays_locked(clinic: Clinic) -> None:
    session = clinic.desk.log_in(OFFICER, PASSWORD)
    clinic.desk.lock()
    with pytest.raises(LoginRefused):
        clinic.desk.unlock("wrong")
    assert session.is_locked


def test_another_user_at_a_locked_workstation_starts_a_session_of_their_own(
    clinic: Clinic,
) -> None:
    clinic.add("Hal", "assistant")
    first = clinic.desk.log_in(OFFICER, PASSWORD)
    clinic.desk.lock()
    second = clinic.desk.log_in("Hal", OTHER)
    assert first.is_over
    assert second.user.name == "Hal"
    with pytest.raises(NotPermitted):
        second.require(Permission.MANAGE_ACCOUNTS)


def test_each_step_is_in_the_trail(clinic: Clinic) -> None:
    with pytest.raises(LoginRefused):
        clinic.desk.log_in(OFFICER, "wrong")
    clinic.desk.log_in(OFFICER, PASSWORD)
    clinic.desk.lock()
    with pytest.raises(LoginRefused):
        clinic.desk.unlock("wrong")
    clinic.desk.unlock(PASSWORD)
    clinic.desk.log_off()
    assert _kinds(clinic.events()) == [
        EventKind.LOGIN_FAILED,
        EventKind.LOGIN,
        EventKind.LOCK,
        EventKind.UNLOCK_FAILED,
        EventKind.UNLOCK,
        EventKind.LOGOFF,
    ]


def test_a_name_that_nobody_has_is_not_written_down(clinic: Clinic) -> None:
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("my password by mistake", "wrong")
    entry = clinic.events()[-1].entry
    assert entry.outcome is Outcome.REFUSED
    assert "mistake" not in repr(entry)


def test_a_login_that_the_trail_cannot_take_is_refused(clinic: Clinic) -> None:
    with _disk_refuses(clinic), pytest.raises(TrailUnwritable):
        clinic.desk.log_in(OFFICER, PASSWORD)
    assert clinic.desk.session is None
    assert clinic.desk.log_in(OFFICER, PASSWORD).user.name == OFFICER


def test_a_lock_happens_even_if_the_trail_cannot_take_it_and_is_written_later(
    clinic: Clinic,
) -> None:
    session = clinic.desk.log_in(OFFICER, PASSWORD)
    with _disk_refuses(clinic):
        clinic.desk.lock()
        assert session.is_locked
        with pytest.raises(TrailUnwritable):
            clinic.desk.unlock(PASSWORD)
    clinic.desk.unlock(PASSWORD)
    assert _kinds(clinic.events()) == [EventKind.LOGIN, EventKind.LOCK, EventKind.UNLOCK]


def test_nobody_there_locks_and_then_logs_off(clinic: Clinic, clock: FakeClock) -> None:
    session = clinic.desk.log_in(OFFICER, PASSWORD)
    clock.pass_s(580)
    assert clinic.desk.poll().phase is IdlePhase.COUNTING
    clinic.desk.activity()
    clock.pass_s(601)
    clinic.desk.poll()
    assert session.is_locked
    clock.pass_s(3000)
    clinic.desk.poll()
    assert session.is_over
    assert clinic.desk.session is None


def test_an_unlock_begins_the_idle_time_anew(clinic: Clinic, clock: FakeClock) -> None:
    clinic.desk.log_in(OFFICER, PASSWORD)
    clock.pass_s(700)
    clinic.desk.poll()
    clinic.desk.unlock(PASSWORD)
    assert clinic.desk.poll().phase is IdlePhase.ACTIVE


def test_listeners_hear_each_step_once(clinic: Clinic) -> None:
    heard: list[str] = []
    desk = clinic.desk
    for name in ("logged_in", "locked", "unlocked", "logged_off"):
        getattr(desk, name).connect(lambda _session, name=name: heard.append(name))
    desk.log_in(OFFICER, PASSWORD)
    desk.lock()
    desk.lock()
    desk.unlock(PASSWORD)
    desk.log_off()
    desk.log_off()
    assert heard == ["logged_in", "locked", "unlocked", "logged_off"]


def test_when_listeners_hear_of_a_lock_the_keys_are_gone_already(clinic: Clinic) -> None:
    seen: list[bool] = []

    def look(session: Session) -> None:
        seen.append(session._keys is None)

    clinic.desk.locked.connect(look)
    clinic.desk.log_in(OFFICER, PASSWORD)
    clinic.desk.lock()
    assert seen == [True]


def test_disabling_an_account_ends_its_open_session(clinic: Clinic) -> None:
    user = clinic.add("Hal", "dentist")
    session = clinic.desk.log_in("Hal", OTHER)
    clinic.switch(user.name, enabled=False)
    with pytest.raises(NotLoggedIn):
        session.require(Permission.VIEW_IMAGES)
    clinic.desk.poll()
    assert session.is_over
    with pytest.raises(AccountBlocked):
        clinic.desk.log_in("Hal", OTHER)


def test_a_key_file_is_announced_in_the_trail_at_every_start(
    tmp_path: Path, clock: FakeClock
) -> None:
    clinic = Clinic(tmp_path / "store", FileKeyStore(tmp_path / "key"), clock)
    clinic.desk.announce("1.0")
    assert _kinds(clinic.events()) == [EventKind.PROGRAM_STARTED, EventKind.KEYSTORE_NOTICE]
    clinic.trail.close()


def test_a_restarted_program_lets_the_same_people_in(clinic: Clinic) -> None:
    clinic.add("Hal", "dentist")
    clinic.restart()
    assert clinic.desk.log_in("hal", OTHER).role.id == "dentist"
    clinic.trail.append(Entry(EventKind.VIEW, clinic.desk.session.actor))  # type: ignore[union-attr]
    assert _kinds(clinic.events()) == [EventKind.LOGIN, EventKind.VIEW]


# --- when nobody can be let in -------------------------------------------------------------------


def _spoil_count(clinic: Clinic) -> None:
    (clinic.folder / "throttle.json").write_bytes(b"{")


def _lose_secret(clinic: Clinic) -> None:
    clinic.keystore._texts.clear()  # type: ignore[attr-defined]


@pytest.mark.parametrize("spoil", [_spoil_count, _lose_secret])
def test_a_login_while_nobody_can_be_let_in_is_in_the_trail(
    clinic: Clinic, spoil: Callable[[Clinic], None]
) -> None:
    with clinic.ring() as ring:
        reader = TrailReader(clinic.folder, ring.keys[KeyName.TRAIL][1])
    reader.refresh()
    before = reader.count()
    spoil(clinic)
    with pytest.raises((AccountsTampered, DeviceSecretMissing, NoKeyStore)):
        clinic.desk.log_in(OFFICER, PASSWORD)
    reader.refresh()
    assert reader.count() == before + 1
    entry = reader.page()[0].entry
    reader.close()
    assert (entry.kind, entry.outcome) == (EventKind.LOGIN_FAILED, Outcome.FAILED)
    assert entry.why.startswith("nobody is let in")
