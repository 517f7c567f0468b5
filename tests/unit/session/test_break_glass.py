"""Break-glass at the desk: what it lets anybody see, for how long, and what it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.unit.session.conftest import OTHER, PASSWORD, Clinic, FakeClock
from tests.unit.session.test_totp import Phone
from viewer.crypto.errors import NotAuthentic
from viewer.model.ids import PatientId
from viewer.session.audit.events import Entry, EventKind, Outcome
from viewer.session.book import Due
from viewer.session.desk import Admission, Desk
from viewer.session.emergency import EMERGENCY_S, SEEN, EmergencyCode, Way
from viewer.session.errors import (
    AccountBlocked,
    AccountsUnwritable,
    EmergencyCodeMistyped,
    EmergencyCodeSpent,
    EmergencyOver,
    EmergencyRefused,
    Locked,
    LoginRefused,
    NotLoggedIn,
    NotPermitted,
    PasswordMustChange,
    TrailUnwritable,
    WaitFirst,
)
from viewer.session.permissions import GRANTABLE, KeyName, Permission
from viewer.session.session import Session
from viewer.session.third import MemoryThirdShare
from viewer.session.throttle import LIMIT

REASON = "Patient in the chair, nobody else is here"
HAL = "Hal"


@contextmanager
def disk_refuses(clinic: Clinic) -> Iterator[None]:
    """Let every write to the trail, the accounts and the counts fail as a full disk does."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def no_accounts(*_: object) -> None:
        raise AccountsUnwritable

    end, book = clinic.trail._end, clinic.practice._file
    counts = clinic.practice.throttle._file
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(end, "put", full)
        patch.setattr(book, "write", no_accounts)
        patch.setattr(counts, "write", no_accounts)
        yield


@pytest.fixture
def desk(clinic: Clinic, tmp_path: Path) -> Desk:
    places = (tmp_path / "state", tmp_path / "run")
    clinic.desk = Desk(clinic.practice, clinic.trail, clinic.clock, waiting_places=places)
    clinic.desk.break_glass.spool.reserve()
    return clinic.desk


@pytest.fixture
def code(clinic: Clinic) -> EmergencyCode:
    with clinic.ring() as ring:
        return clinic.practice.make_emergency(ring, clinic.clock)


def by_password(desk: Desk, name: str = HAL, password: str = OTHER) -> Session:
    return desk.admit(
        Admission.in_emergency(desk.break_glass.check_password(name, password, REASON))
    )


def by_code(desk: Desk, code: EmergencyCode, name: str = "Mara Linden") -> Session:
    return desk.admit(Admission.in_emergency(desk.break_glass.check_code(code.text, name, REASON)))


def may_now(session: Session) -> set[Permission]:
    passed = set()
    for permission in (*GRANTABLE, Permission.LOGGED_IN):
        try:
            session.require(permission)
        except NotPermitted:
            continue
        passed.add(permission)
    return passed


def entries(clinic: Clinic, *kinds: EventKind) -> list[Entry]:
    return [event.entry for event in clinic.events() if not kinds or event.entry.kind in kinds]


# --- in an open session --------------------------------------------------------------------


def test_an_officer_sees_images_for_half_an_hour_and_no_longer(
    clinic: Clinic, desk: Desk, clock: FakeClock
) -> None:
    clinic.add(HAL, "security_officer")
    session = desk.log_in(HAL, OTHER)
    with pytest.raises(NotPermitted):
        session.require(Permission.VIEW_IMAGES)
    desk.break_glass.begin(REASON)
    assert may_now(session) == {*session.role.may, *SEEN, Permission.LOGGED_IN}
    clock.pass_s(EMERGENCY_S - 1)
    session.require(Permission.VIEW_IMAGES)
    clock.pass_s(1)
    with pytest.raises(NotPermitted):
        session.require(Permission.VIEW_IMAGES)
    session.require(Permission.READ_TRAIL)


def test_a_set_clock_makes_it_no_longer(clinic: Clinic, desk: Desk, clock: FakeClock) -> None:
    clinic.add(HAL, "security_officer")
    session = desk.log_in(HAL, OTHER)
    emergency = desk.break_glass.begin(REASON)
    clock.set_wall(-EMERGENCY_S)
    clock.pass_s(EMERGENCY_S)
    assert emergency.left_s == 0
    with pytest.raises(NotPermitted):
        session.require(Permission.LIST_PATIENTS)


def test_a_clock_that_went_back_ends_it(clinic: Clinic, desk: Desk, clock: FakeClock) -> None:
    clinic.add(HAL, "security_officer")
    session = desk.log_in(HAL, OTHER)
    desk.break_glass.begin(REASON)
    clock.reboot()
    with pytest.raises(NotPermitted):
        session.require(Permission.LIST_PATIENTS)


def test_work_under_way_stops_when_it_ends(clinic: Clinic, desk: Desk) -> None:
    clinic.add(HAL, "security_officer")
    session = desk.log_in(HAL, OTHER)
    desk.break_glass.begin(REASON)
    ticket = session.require(Permission.VIEW_IMAGES)
    desk.break_glass.end()
    with pytest.raises(Locked):
        session.check(ticket)


def test_it_begins_and_ends_in_the_trail_with_what_was_seen(
    clinic: Clinic, desk: Desk, clock: FakeClock
) -> None:
    clinic.add(HAL, "security_officer")
    desk.log_in(HAL, OTHER)
    emergency = desk.break_glass.begin(f"  {REASON}\n")
    for patient, image in (("p1", "i1"), ("p1", "i1"), ("p2", "i2")):
        emergency.looked(PatientId(patient), (image,))
    clock.pass_s(12 * 60)
    desk.break_glass.end()
    begun, ended = [e for e in clinic.events() if e.entry.kind is EventKind.EMERGENCY]
    assert begun.entry.why == f"{REASON} (in an open session)"
    assert (begun.entry.outcome, begun.entry.actor.name) == (Outcome.INTENT, HAL)
    assert (ended.entry.refers_to, ended.entry.refers_in) == (begun.seq, begun.segment)
    assert ended.entry.why == "after 12 min, 2 images of 2 patients looked at; ended by the user"


@pytest.mark.parametrize("end", ["lock", "log_off", "time", "button"])
def test_every_end_ends_it(clinic: Clinic, desk: Desk, clock: FakeClock, end: str) -> None:
    clinic.add(HAL, "security_officer")
    session = desk.log_in(HAL, OTHER)
    desk.break_glass.begin(REASON)
    if end == "time":
        for _ in range(4):
            clock.pass_s(EMERGENCY_S / 4)
            desk.activity()
            desk.poll()
    else:
        {"lock": desk.lock, "log_off": desk.log_off, "button": desk.break_glass.end}[end]()
    assert session.emergency is None
    assert entries(clinic, EventKind.EMERGENCY)[-1].outcome is Outcome.DONE
    if end == "lock":
        desk.unlock(OTHER)
    if end != "log_off":
        with pytest.raises(NotPermitted):
            session.require(Permission.VIEW_IMAGES)


@pytest.mark.parametrize("reason", ["", "  \n", "..", "--- !"])
def test_it_takes_a_reason(clinic: Clinic, desk: Desk, code: EmergencyCode, reason: str) -> None:
    clinic.add(HAL, "security_officer")
    desk.log_in(HAL, OTHER)
    with pytest.raises(EmergencyRefused):
        desk.break_glass.begin(reason)
    with pytest.raises(EmergencyRefused):
        desk.break_glass.check_password(HAL, OTHER, reason)
    with pytest.raises(EmergencyRefused):
        desk.break_glass.check_code(code.text, "Mara Linden", reason)
    assert entries(clinic, EventKind.EMERGENCY) == []


@pytest.mark.parametrize("role", ["auditor", "consultant"])
def test_a_role_without_emergency_access_gets_none(clinic: Clinic, desk: Desk, role: str) -> None:
    clinic.add(HAL, role)
    desk.log_in(HAL, OTHER)
    with pytest.raises(NotPermitted):
        desk.break_glass.begin(REASON)
    desk.log_off()
    with pytest.raises(NotPermitted):
        desk.break_glass.check_password(HAL, OTHER, REASON)
    assert entries(clinic, EventKind.EMERGENCY) == []


def test_a_role_that_loses_it_meanwhile_loses_it_at_once(clinic: Clinic, desk: Desk) -> None:
    hal = clinic.add(HAL, "security_officer")
    session = desk.log_in(HAL, OTHER)
    desk.break_glass.begin(REASON)
    with clinic.ring() as ring:
        clinic.practice.change_role(ring, hal.id, "auditor")
    with pytest.raises(NotPermitted):
        session.require(Permission.VIEW_IMAGES)


# --- at the door with the password alone ---------------------------------------------------


@pytest.mark.parametrize("role", ["owner", "security_officer", "dentist", "front_desk"])
def test_at_the_door_it_is_the_list_and_the_images_and_nothing_else(
    clinic: Clinic, desk: Desk, role: str
) -> None:
    clinic.add(HAL, role)
    session = by_password(desk)
    assert may_now(session) == SEEN
    with session.lent_keys() as ring:
        assert set(ring.keys) == {KeyName.IMAGES}


def test_at_the_door_it_is_over_after_half_an_hour_and_the_session_with_it(
    clinic: Clinic, desk: Desk, clock: FakeClock
) -> None:
    clinic.add(HAL, "dentist")
    session = by_password(desk)
    clock.pass_s(EMERGENCY_S)
    with pytest.raises(EmergencyOver):
        session.require(Permission.VIEW_IMAGES)
    desk.activity()
    desk.poll()
    assert desk.session is None
    assert session.is_over


def test_the_lock_of_such_a_session_is_its_end(clinic: Clinic, desk: Desk) -> None:
    clinic.add(HAL, "dentist")
    session = by_password(desk)
    desk.lock()
    assert desk.session is None
    with pytest.raises(NotLoggedIn):
        session.require(Permission.VIEW_IMAGES)
    assert [e.kind for e in entries(clinic)][-4:] == [
        EventKind.EMERGENCY,
        EventKind.LOGIN,
        EventKind.EMERGENCY,
        EventKind.LOGOFF,
    ]


def test_it_does_not_unlock_a_session_with_all_rights(clinic: Clinic, desk: Desk) -> None:
    clinic.add(HAL, "dentist")
    whole = desk.log_in(HAL, OTHER)
    desk.lock()
    session = by_password(desk)
    assert session is not whole
    assert whole.is_over
    assert may_now(session) == SEEN


def test_it_sets_no_quick_pin_for_later(clinic: Clinic, desk: Desk) -> None:
    clinic.add(HAL, "dentist")
    by_password(desk)
    with pytest.raises(NotPermitted):
        desk.set_quick_pin("493817", OTHER)


def test_wrong_passwords_count_here_as_at_the_login(clinic: Clinic, desk: Desk) -> None:
    clinic.add(HAL, "dentist")
    for _ in range(3):
        with pytest.raises(LoginRefused, match="do not match"):
            desk.break_glass.check_password(HAL, "wrong", REASON)
    with pytest.raises(WaitFirst):
        desk.log_in(HAL, OTHER)
    with pytest.raises(WaitFirst):
        desk.break_glass.check_password(HAL, OTHER, REASON)
    assert entries(clinic, EventKind.EMERGENCY) == []
    refused = [e.why for e in entries(clinic, EventKind.LOGIN_FAILED)]
    assert refused[:3] == ["emergency access: wrong password"] * 3


def test_an_unknown_name_and_a_disabled_account_are_refused(clinic: Clinic, desk: Desk) -> None:
    clinic.add(HAL, "dentist")
    clinic.switch(HAL, enabled=False)
    with pytest.raises(LoginRefused):
        desk.break_glass.check_password("Nobody", OTHER, REASON)
    with pytest.raises(AccountBlocked):
        desk.break_glass.check_password(HAL, OTHER, REASON)


def test_an_account_with_a_key_as_its_part_is_sent_to_the_sealed_code(
    clinic: Clinic, desk: Desk, clock: FakeClock
) -> None:
    hal = clinic.add(HAL, "dentist")
    clinic.practice.require_third_share(hal.id, OTHER, MemoryThirdShare("blue key"), clock)
    with pytest.raises(EmergencyRefused, match="sealed code"):
        desk.break_glass.check_password(HAL, OTHER, REASON)
    assert desk.wait_s(HAL) == 0


def test_whoever_lost_the_phone_gets_in_without_its_code_and_no_further(
    clinic: Clinic, desk: Desk, clock: FakeClock
) -> None:
    hal = clinic.add(HAL, "dentist")
    enrolment = clinic.practice.begin_totp(hal.id)
    phone = Phone(enrolment.secret, clock)
    clinic.practice.confirm_totp(hal.id, OTHER, enrolment, phone.code(), clock)
    enrolment.wipe()
    with pytest.raises(LoginRefused):
        desk.log_in(HAL, OTHER)
    clock.pass_s(60)
    clock.set_wall(86400.0)  # and the machine's clock is a day ahead
    assert may_now(by_password(desk)) == SEEN


# --- with the sealed code ------------------------------------------------------------------


def test_the_code_opens_the_list_and_the_images_without_any_account(
    clinic: Clinic, desk: Desk, code: EmergencyCode
) -> None:
    session = by_code(desk, code)
    assert may_now(session) == SEEN
    assert session.emergency is not None
    assert session.emergency.way is Way.CODE
    with session.key(KeyName.IMAGES) as mine, clinic.ring() as ring:
        assert mine.equals(ring.keys[KeyName.IMAGES][1])
    actor = entries(clinic, EventKind.EMERGENCY)[-1].actor
    assert (actor.user_id, actor.name) == (None, "Emergency: Mara Linden")


def test_a_code_works_once_and_a_second_use_is_told(
    clinic: Clinic, desk: Desk, code: EmergencyCode
) -> None:
    by_code(desk, code)
    desk.log_off()
    assert clinic.practice.emergency_since is None
    with pytest.raises(EmergencyCodeSpent):
        desk.break_glass.check_code(code.text, "Somebody Else", REASON)
    told = entries(clinic, EventKind.EMERGENCY_CODE)
    assert [e.outcome for e in told] == [Outcome.INTENT, Outcome.DONE, Outcome.REFUSED]
    assert told[-1].actor.name == "Emergency: Somebody Else"
    assert "used or replaced before" in told[-1].why


def test_the_slot_is_gone_from_the_file_before_anybody_is_admitted(
    clinic: Clinic, desk: Desk, code: EmergencyCode
) -> None:
    desk.break_glass.check_code(code.text, "Mara Linden", REASON).keys.wipe()
    text = (clinic.folder / "accounts.json").read_text()
    assert '"emergency":' not in text
    clinic.restart()
    with pytest.raises(EmergencyCodeSpent):
        clinic.desk.break_glass.check_code(code.text, "Mara Linden", REASON)


def test_its_use_makes_new_keys_due(clinic: Clinic, desk: Desk, code: EmergencyCode) -> None:
    by_code(desk, code)
    assert clinic.practice.due_reasons == {KeyName.IMAGES: (Due.EMERGENCY,)}


def test_two_windows_let_only_one_in_with_the_same_code(
    clinic: Clinic, desk: Desk, code: EmergencyCode
) -> None:
    """The other one destroys the slot between our look at it and our use of it."""
    spend = clinic.practice.spend_emergency

    def late(typed: EmergencyCode) -> object:
        spend(typed).wipe()
        return spend(typed)

    clinic.practice.spend_emergency = late  # type: ignore[method-assign,assignment]
    with pytest.raises(EmergencyCodeSpent):
        desk.break_glass.check_code(code.text, "Mara Linden", REASON)
    assert desk.session is None


def test_wrong_codes_wait_longer_and_longer_but_never_for_good(
    clinic: Clinic, desk: Desk, code: EmergencyCode, clock: FakeClock
) -> None:
    refused = 0
    while refused <= LIMIT:
        try:
            desk.break_glass.check_code(EmergencyCode.new().text, "Mara Linden", REASON)
        except WaitFirst as wait:
            clock.pass_s(wait.wait_s)
        except LoginRefused:
            refused += 1
    assert desk.break_glass.wait_s() == pytest.approx(900)
    clock.pass_s(900)
    assert may_now(by_code(desk, code)) == SEEN


def test_a_slip_is_named_and_not_counted(clinic: Clinic, desk: Desk, code: EmergencyCode) -> None:
    groups = list(code.groups)
    groups[2] = ("2" if groups[2][0] != "2" else "3") + groups[2][1:]
    for _ in range(10):
        with pytest.raises(EmergencyCodeMistyped, match="Group 3"):
            desk.break_glass.check_code("-".join(groups), "Mara Linden", REASON)
    assert desk.break_glass.wait_s() == 0


@pytest.mark.parametrize("name", ["", " ", "7", "--"])
def test_the_code_takes_a_name(clinic: Clinic, desk: Desk, code: EmergencyCode, name: str) -> None:
    with pytest.raises(EmergencyRefused, match="name"):
        desk.break_glass.check_code(code.text, name, REASON)
    assert clinic.practice.emergency_since is not None


def test_a_replaced_and_a_destroyed_code_open_nothing(
    clinic: Clinic, desk: Desk, code: EmergencyCode
) -> None:
    with clinic.ring() as ring:
        second = clinic.practice.make_emergency(ring, clinic.clock)
    assert clinic.practice.drop_emergency()
    for old in (code, second):
        with pytest.raises(EmergencyCodeSpent):
            desk.break_glass.check_code(old.text, "Mara Linden", REASON)


def test_the_code_opens_nothing_with_another_workstations_secret(
    clinic: Clinic, desk: Desk, code: EmergencyCode, tmp_path: Path
) -> None:
    """A stolen folder and the stolen sheet: half of the key is in the key store."""
    stolen = (clinic.folder / "accounts.json").read_text()
    assert code.text not in stolen
    other = Clinic(tmp_path / "other", type(clinic.keystore)(), clinic.clock)
    other.practice._book = clinic.practice._book
    with pytest.raises(NotAuthentic):
        other.practice.open_in_emergency(code)
    other.trail.close()


def test_the_session_of_the_code_survives_new_keys_no_better_than_any(
    clinic: Clinic, desk: Desk, code: EmergencyCode
) -> None:
    session = by_code(desk, code)
    clinic.begin()
    clinic.practice.retire_epochs(KeyName.IMAGES, 2)
    desk.poll()
    assert session.is_over


# --- while nothing can be written ----------------------------------------------------------


def test_with_a_full_disk_break_glass_alone_goes_on(
    clinic: Clinic, desk: Desk, code: EmergencyCode
) -> None:
    clinic.add(HAL, "dentist")
    with disk_refuses(clinic):
        with pytest.raises((TrailUnwritable, AccountsUnwritable)):
            desk.log_in(HAL, OTHER)
        session = by_password(desk)
        assert may_now(session) == SEEN
        assert desk.break_glass.is_trail_waiting
        desk.break_glass.write(Entry(EventKind.VIEW, session.actor), session)
        desk.log_off()
        assert may_now(by_code(desk, code)) == SEEN


def test_what_waited_comes_first_and_in_order_once_there_is_room(
    clinic: Clinic, desk: Desk, clock: FakeClock
) -> None:
    clinic.add(HAL, "dentist")
    before = len(clinic.events())
    with disk_refuses(clinic):
        session = by_password(desk)
        clock.pass_s(60)
        desk.break_glass.write(Entry(EventKind.VIEW, session.actor, why="image"), session)
        desk.log_off()
    clock.pass_s(3600)
    clinic.trail.append(Entry(EventKind.PROGRAM_STARTED))
    events = clinic.events()[before:]
    assert [event.entry.kind for event in events] == [
        EventKind.EMERGENCY,
        EventKind.LOGIN,
        EventKind.VIEW,
        EventKind.EMERGENCY,
        EventKind.LOGOFF,
        EventKind.PROGRAM_STARTED,
    ]
    assert events[3].entry.refers_to == events[0].seq
    assert events[0].entry.happened < events[2].entry.happened < events[0].wall.isoformat()
    assert not desk.break_glass.is_trail_waiting


def test_a_code_used_on_a_full_disk_is_spent_after_a_restart_and_then_destroyed(
    clinic: Clinic, desk: Desk, code: EmergencyCode, tmp_path: Path
) -> None:
    with disk_refuses(clinic):
        by_code(desk, code)
        desk.log_off()
        places = (tmp_path / "state", tmp_path / "run")
        again = Desk(clinic.practice, clinic.trail, clinic.clock, waiting_places=places)
        with pytest.raises(EmergencyCodeSpent):
            again.break_glass.check_code(code.text, "Mara Linden", REASON)
    assert clinic.practice.emergency_since is not None
    again.poll()
    assert clinic.practice.emergency_since is None
    assert clinic.practice.is_spent(code)


def test_guesses_that_cannot_be_counted_are_few_and_counted_later(
    clinic: Clinic, desk: Desk, clock: FakeClock
) -> None:
    clinic.add(HAL, "dentist")
    with disk_refuses(clinic):
        for _ in range(10):
            with pytest.raises(LoginRefused):
                desk.break_glass.check_password(HAL, "wrong", REASON)
        with pytest.raises(WaitFirst):
            desk.break_glass.check_password(HAL, OTHER, REASON)
    desk.poll()
    assert desk.wait_s(HAL) > 60
    clock.pass_s(900)
    assert may_now(by_password(desk)) == SEEN


def test_with_no_place_left_at_all_even_break_glass_is_refused(
    clinic: Clinic, tmp_path: Path, code: EmergencyCode
) -> None:
    """What nobody could ever find again does not happen."""
    clinic.add(HAL, "dentist")
    blocked = tmp_path / "a file"
    blocked.write_text("no folder")
    clinic.desk = Desk(
        clinic.practice, clinic.trail, clinic.clock, waiting_places=(blocked / "state",)
    )
    with disk_refuses(clinic):
        with pytest.raises(TrailUnwritable):
            clinic.desk.break_glass.check_password(HAL, OTHER, REASON)
        with pytest.raises(TrailUnwritable):
            clinic.desk.break_glass.check_code(code.text, "Mara Linden", REASON)
    assert clinic.desk.session is None


def test_nothing_else_is_let_through_by_an_emergency_that_waits(clinic: Clinic, desk: Desk) -> None:
    """Only an entry of the emergency itself may wait."""
    clinic.add(HAL, "security_officer")
    desk.log_in(HAL, OTHER)
    with disk_refuses(clinic):
        desk.break_glass.begin(REASON)
        with pytest.raises(TrailUnwritable):
            clinic.trail.append(Entry(EventKind.EXPORT))
        with pytest.raises(TrailUnwritable):
            desk.break_glass.write(Entry(EventKind.EXPORT), None)


def test_a_first_password_that_somebody_else_gave_opens_nothing(clinic: Clinic, desk: Desk) -> None:
    """Whoever gave it would look at images in another person's name."""
    with clinic.practice.open_keys(clinic.officer.id, PASSWORD) as ring:
        clinic.practice.add_user(ring, "Ida", "Ida", "dentist", OTHER)
    with pytest.raises(PasswordMustChange):
        by_password(desk, "Ida")
    assert entries(clinic, EventKind.EMERGENCY) == []


def test_logging_off_in_an_emergency_ends_the_quick_pin_as_ever(clinic: Clinic, desk: Desk) -> None:
    hal = clinic.add(HAL, "security_officer")
    desk.log_in(HAL, OTHER)
    desk.set_quick_pin("493817")
    desk.break_glass.begin(REASON)
    desk.log_off()
    assert not desk.quick_ways(hal.id).is_any
