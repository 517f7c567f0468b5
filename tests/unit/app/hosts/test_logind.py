"""Locks, sleep and a change of user, heard on a real message bus from something like logind."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_logind import (
    LOGIND,
    MANAGER,
    PROPERTIES,
    ROOT,
    SESSION,
    SESSION_PATH,
    FakeLogind,
    PrivateBus,
    Speaker,
)
from viewer.app.hosts.bus import BusWatch
from viewer.app.hosts.logind import SAVERS, LogindWatch, SaverWatch
from viewer.session.away import Away, Locked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="D-Bus and logind are Linux's")


class Heard:
    """What a watch said, and how to say that the lock is done."""

    def __init__(self) -> None:
        self.away: list[Away] = []
        self.locked: list[Locked] = []
        self._turn = threading.Condition()

    def __call__(self, away: Away, locked: Locked) -> None:
        with self._turn:
            self.away.append(away)
            self.locked.append(locked)
            self._turn.notify_all()

    def wait_for(self, *wanted: Away) -> None:
        """Wait until that is all that was said."""
        with self._turn:
            assert self._turn.wait_for(lambda: len(self.away) >= len(wanted), timeout=30), wanted
            assert tuple(self.away) == wanted


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[PrivateBus]:
    with PrivateBus(tmp_path) as made:
        yield made


@pytest.fixture
def logind(bus: PrivateBus) -> Iterator[FakeLogind]:
    made = FakeLogind(bus)
    yield made
    made.close()


@pytest.fixture
def heard() -> Heard:
    return Heard()


def started(watch: BusWatch, heard: Heard) -> BusWatch:
    watch.start(heard)
    return watch


def wait_until_it_hears(watch: BusWatch) -> None:
    """The other end has been asked already when the watch still waits for its answer."""
    pause = threading.Event()
    for _ in range(600):
        if watch.hears:
            return
        pause.wait(0.05)
    pytest.fail("it does not listen")


@pytest.fixture
def watch(bus: PrivateBus, logind: FakeLogind, heard: Heard) -> Iterator[LogindWatch]:
    made = LogindWatch(bus.address, (0.01,))
    made.start(heard)
    logind.wait_for_listener()
    yield made
    made.stop()


def test_the_computers_lock_is_heard(watch: LogindWatch, logind: FakeLogind, heard: Heard) -> None:
    logind.say_lock()
    heard.wait_for(Away.LOCKED)
    assert watch.hears


def test_a_desktop_that_locks_itself_is_heard(
    watch: LogindWatch, logind: FakeLogind, heard: Heard
) -> None:
    logind.say_changed("LockedHint", True)
    heard.wait_for(Away.LOCKED)


def test_another_user_in_front_is_heard(
    watch: LogindWatch, logind: FakeLogind, heard: Heard
) -> None:
    logind.say_changed("Active", False)
    heard.wait_for(Away.SWITCHED)


def test_a_change_that_is_only_announced_is_asked_for(
    watch: LogindWatch, logind: FakeLogind, heard: Heard
) -> None:
    logind.say_invalidated("Active", False)
    heard.wait_for(Away.SWITCHED)


def test_coming_back_to_the_front_locks_nothing(
    watch: LogindWatch, logind: FakeLogind, heard: Heard
) -> None:
    logind.say_changed("Active", True)
    logind.say_changed("LockedHint", False)
    logind.say_lock()
    heard.wait_for(Away.LOCKED)


def test_sleep_waits_until_the_lock_is_done(
    watch: LogindWatch, logind: FakeLogind, heard: Heard
) -> None:
    logind.say("PrepareForSleep", "b", True)
    heard.wait_for(Away.SLEEP)
    assert logind.is_sleep_held()
    heard.locked[0]()
    assert not logind.is_sleep_held()


def test_after_a_sleep_it_locks_again_and_holds_the_next_one_up(
    watch: LogindWatch, logind: FakeLogind, heard: Heard
) -> None:
    logind.say("PrepareForSleep", "b", True)
    heard.wait_for(Away.SLEEP)
    heard.locked[0]()
    logind.say("PrepareForSleep", "b", False)
    logind.say("PrepareForSleep", "b", True)
    heard.wait_for(Away.SLEEP, Away.SLEEP, Away.SLEEP)
    assert len(logind.brakes) == 2
    assert logind.is_sleep_held()
    heard.locked[2]()
    assert not logind.is_sleep_held()


def test_the_end_of_the_session_and_a_shutdown_are_heard(
    watch: LogindWatch, logind: FakeLogind, heard: Heard
) -> None:
    logind.say("SessionRemoved", "so", "2", f"{ROOT}/session/_32")
    logind.say("SessionRemoved", "so", "1", SESSION_PATH)
    logind.say("PrepareForShutdown", "b", True)
    heard.wait_for(Away.ENDING, Away.ENDING)


def test_a_program_outside_any_session_listens_to_its_users_display(
    bus: PrivateBus, heard: Heard
) -> None:
    logind = FakeLogind(bus, knows_process=False)
    watch = started(LogindWatch(bus.address, (0.01,)), heard)
    try:
        logind.wait_for_listener()
        logind.say_lock()
        heard.wait_for(Away.LOCKED)
    finally:
        watch.stop()
        logind.close()


def test_a_session_that_is_locked_already_is_found_so(bus: PrivateBus, heard: Heard) -> None:
    logind = FakeLogind(bus)
    logind.facts["LockedHint"] = ("b", True)
    watch = started(LogindWatch(bus.address, (0.01,)), heard)
    try:
        heard.wait_for(Away.LOCKED)
    finally:
        watch.stop()
        logind.close()


# --- who else speaks -------------------------------------------------------------------------


def test_nobody_but_logind_is_believed_whomever_he_addresses(
    watch: LogindWatch, bus: PrivateBus, logind: FakeLogind, heard: Heard
) -> None:
    stranger = Speaker(bus, "org.example.Stranger")
    body = (SESSION, {"Active": ("b", False)}, [])
    for to in ("", logind.clients[0]):
        stranger.signal(SESSION_PATH, SESSION, "Lock", to=to)
        stranger.signal(ROOT, MANAGER, "PrepareForSleep", "b", True, to=to)
        stranger.signal(ROOT, MANAGER, "PrepareForSleep", "b", False, to=to)
        stranger.signal(SESSION_PATH, PROPERTIES, "PropertiesChanged", "sa{sv}as", *body, to=to)
        stranger.signal(
            "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged", "sss",
            LOGIND, "", stranger.connection.unique_name, to=to,
        )  # fmt: skip
    stranger.connection.send_and_get_reply(_ping())  # what it sent before has been passed on
    assert logind.is_sleep_held()
    logind.say_lock()
    heard.wait_for(Away.LOCKED)
    assert len(logind.brakes) == 1
    stranger.close()


def test_a_lock_of_another_session_is_not_ours(
    watch: LogindWatch, logind: FakeLogind, heard: Heard
) -> None:
    logind._speaker.signal(f"{ROOT}/session/_99", SESSION, "Lock")
    logind._speaker.signal(f"{ROOT}/session/_99", SESSION, "Lock", to=logind.clients[0])
    logind.say("PrepareForShutdown", "b", True)
    heard.wait_for(Away.ENDING)


def _ping():  # type: ignore[no-untyped-def]
    from jeepney.bus_messages import message_bus

    return message_bus.GetId()


# --- a bus that is not there ------------------------------------------------------------------


def test_without_a_bus_it_hears_nothing_and_ends_when_told(tmp_path: Path, heard: Heard) -> None:
    watch = started(LogindWatch(f"unix:path={tmp_path / 'no bus'}", (0.01, 60.0)), heard)
    watch.stop()
    assert not watch.hears
    assert heard.away == []


def _greet_and_say_no_more(bus: socket.socket, is_met: threading.Event) -> socket.socket:
    """Let somebody in as a bus does, and answer nothing that he asks then."""
    line, _ = bus.accept()
    while b"BEGIN" not in (asked := line.recv(4096)):
        if b"AUTH" in asked:
            line.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n")
        elif b"NEGOTIATE" in asked:
            line.sendall(b"AGREE_UNIX_FD\r\n")
    is_met.set()
    return line


def test_a_bus_that_stalls_keeps_no_program_open(tmp_path: Path, heard: Heard) -> None:
    lines: list[socket.socket] = []
    is_met = threading.Event()
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(tmp_path / "bus"))
        bus.listen()
        greeting = threading.Thread(
            target=lambda: lines.append(_greet_and_say_no_more(bus, is_met))
        )
        greeting.start()
        watch = started(LogindWatch(f"unix:path={tmp_path / 'bus'}", (60.0,)), heard)
        assert is_met.wait(30)
        greeting.join()
        ending = threading.Thread(target=watch.stop)
        ending.start()
        ending.join(30)
        is_ended = not ending.is_alive()
        lines[0].close()
        ending.join()
    assert is_ended
    assert heard.away == []


def test_a_bus_without_logind_is_no_reason_to_lock_until_logind_comes(
    bus: PrivateBus, heard: Heard
) -> None:
    watch = started(LogindWatch(bus.address, (0.01,)), heard)
    logind = FakeLogind(bus)
    try:
        logind.wait_for_listener()
        logind.say_lock()
        heard.wait_for(Away.LOCKED)
    finally:
        watch.stop()
        logind.close()


def test_a_bus_that_dies_locks_once_and_is_listened_to_again(bus: PrivateBus, heard: Heard) -> None:
    first = FakeLogind(bus)
    watch = started(LogindWatch(bus.address, (0.01,)), heard)
    try:
        first.wait_for_listener()
        wait_until_it_hears(watch)
        bus.end()
        heard.wait_for(Away.DEAF)
        first.close()
        bus.begin()
        again = FakeLogind(bus)
        again.wait_for_listener()
        again.say_lock()
        again.say("PrepareForSleep", "b", True)
        heard.wait_for(Away.DEAF, Away.LOCKED, Away.SLEEP)
        assert again.is_sleep_held()
        heard.locked[2]()
        assert not again.is_sleep_held()
        again.close()
    finally:
        watch.stop()


def test_logind_that_goes_and_comes_back_is_believed_again_under_its_new_address(
    bus: PrivateBus, heard: Heard
) -> None:
    first = FakeLogind(bus)
    watch = started(LogindWatch(bus.address, (0.01,)), heard)
    try:
        first.wait_for_listener()
        wait_until_it_hears(watch)
        first.close()
        heard.wait_for(Away.DEAF)
        second = FakeLogind(bus)
        second.wait_for_listener()
        second.say_lock()
        heard.wait_for(Away.DEAF, Away.LOCKED)
        second.close()
    finally:
        watch.stop()


# --- screen savers ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAVERS)
def test_a_screen_saver_that_begins_is_heard_from_its_owner_alone(
    bus: PrivateBus, heard: Heard, name: str
) -> None:
    saver, stranger = Speaker(bus, name), Speaker(bus, "org.example.Stranger")
    path = "/" + name.replace(".", "/")
    watch = started(SaverWatch(bus.address, (0.01,)), heard)
    try:
        assert watch._hears.wait(30)
        stranger.signal(path, name, "ActiveChanged", "b", True)
        stranger.connection.send_and_get_reply(_ping())
        assert heard.away == []
        saver.signal(path, name, "ActiveChanged", "b", False)
        saver.signal(path, name, "ActiveChanged", "b", True)
        heard.wait_for(Away.LOCKED)
    finally:
        watch.stop()
        saver.close()
        stranger.close()
