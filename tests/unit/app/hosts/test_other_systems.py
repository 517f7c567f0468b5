"""Windows' and macOS' notices and capture switches, over emulated calls."""

from __future__ import annotations

import ctypes
import queue
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from viewer.app.hosts import windows
from viewer.app.hosts.capture import MacShield, NoShield, WindowsShield, shield_here
from viewer.app.hosts.mac import DISTRIBUTED, WORKSPACE, MacWatch
from viewer.app.hosts.windows import WindowClass, WindowMessage, WindowsWatch
from viewer.session.away import Away, Locked

WINDOW = 0x1234


class EmulatedWindows:
    """Windows' calls as far as the watch needs them; messages are sent by the test."""

    def __init__(self, *, tells_of_lock: bool = True) -> None:
        self.tells_of_lock = tells_of_lock
        self.called: list[tuple[Any, ...]] = []
        self.answers: queue.Queue[int] = queue.Queue()
        self._messages: queue.Queue[tuple[int, int] | None] = queue.Queue()
        self._procedure: Any = None
        self.affinity: dict[int, int] = {}
        self.knows_exclude = True

    def function(
        self, library: str, name: str, result: type[Any], arguments: Sequence[type[Any]]
    ) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            self.called.append((name, *given))
            return getattr(self, f"_{name}", lambda *_: 1)(*given)

        return call

    def send(self, message: int, word: int = 0) -> int:
        """Send the window a message and return what it answered."""
        self._messages.put((message, word))
        return self.answers.get(timeout=30)

    def names(self) -> list[str]:
        return [call[0] for call in self.called]

    def _RegisterClassExW(self, kind: Any) -> int:
        made = kind._obj
        assert isinstance(made, WindowClass)
        assert made.size == ctypes.sizeof(WindowClass)
        self._procedure = made.procedure
        return 1

    def _CreateWindowExW(self, *given: Any) -> int:
        assert given[8] == ctypes.c_void_p(-3).value, "a message-only window"
        return WINDOW

    def _WTSRegisterSessionNotification(self, window: int, which: int) -> int:
        assert (window, which) == (WINDOW, 0)
        return int(self.tells_of_lock)

    def _PostMessageW(self, window: int, message: int, word: int, long: int) -> int:
        self._messages.put((message, word))
        return 1

    def _GetMessageW(self, message: Any, *_: Any) -> int:
        found = self._messages.get(timeout=30)
        if found is None:
            return 0
        made = message._obj
        assert isinstance(made, WindowMessage)
        made.window, (made.message, made.word) = WINDOW, found
        return 1

    def _DispatchMessageW(self, message: Any) -> int:
        made = message._obj
        answer = int(self._procedure(made.window, made.message, made.word, made.long))
        self.answers.put(answer)
        return answer

    def _PostQuitMessage(self, status: int) -> None:
        self._messages.put(None)

    def _DefWindowProcW(self, *_: Any) -> int:
        return 77

    def _SetWindowDisplayAffinity(self, window: int, affinity: int) -> int:
        if affinity == 0x11 and not self.knows_exclude:
            return 0
        self.affinity[window] = affinity
        return 1


class Heard:
    def __init__(self) -> None:
        self.away: list[Away] = []

    def __call__(self, away: Away, locked: Locked) -> None:
        self.away.append(away)
        locked()


@pytest.mark.parametrize(("word", "away"), windows.SESSION_CHANGES.items())
def test_windows_tells_of_each_change_of_the_session(word: int, away: Away) -> None:
    system, heard = EmulatedWindows(), Heard()
    watch = WindowsWatch(system)
    watch.start(heard)
    try:
        assert system.send(windows.WM_WTSSESSION_CHANGE, word) == 0
        assert watch.hears
    finally:
        watch.stop()
    assert heard.away == [away]
    assert {"WTSUnRegisterSessionNotification", "DestroyWindow"} <= set(system.names())
    assert not watch.hears


def test_windows_waits_with_its_sleep_until_the_lock_is_done() -> None:
    system = EmulatedWindows()
    waiting: queue.Queue[Locked] = queue.Queue()
    watch = WindowsWatch(system)
    watch.start(lambda _, locked: waiting.put(locked))
    try:
        system._messages.put((windows.WM_POWERBROADCAST, windows.PBT_SUSPEND))
        locked = waiting.get(timeout=30)
        assert system.answers.empty()
        locked()
        assert system.answers.get(timeout=30) == 1
    finally:
        watch.stop()


def test_windows_unlock_and_other_messages_are_no_reason_to_lock() -> None:
    system, heard = EmulatedWindows(), Heard()
    watch = WindowsWatch(system)
    watch.start(heard)
    try:
        assert system.send(windows.WM_WTSSESSION_CHANGE, 0x8) == 77
        assert system.send(windows.WM_POWERBROADCAST, 0xA) == 77
        assert system.send(0x1) == 77
    finally:
        watch.stop()
    assert heard.away == []


@pytest.mark.expects_log("does not tell of its lock")
def test_a_windows_that_does_not_tell_is_known_not_to() -> None:
    system = EmulatedWindows(tells_of_lock=False)
    watch = WindowsWatch(system)
    watch.start(Heard())
    try:
        system.send(0x1)
        assert not watch.hears
    finally:
        watch.stop()


class EmulatedMac:
    """The runtime as far as it is used: objects are numbers, centres keep their observers."""

    def __init__(self) -> None:
        self._objects: list[Any] = [None]
        self.observed: dict[str, list[tuple[int, int]]] = {}
        self.sharing: dict[int, int] = {}
        self._on_notice: Callable[[str], None] = lambda _: None

    def _number(self, thing: Any) -> int:
        if thing not in self._objects:
            self._objects.append(thing)
        return self._objects.index(thing)

    def named(self, name: str) -> int:
        return self._number(name)

    def text(self, words: str) -> int:
        return self._number(words)

    def words(self, text: int) -> str:
        return str(self._objects[text])

    def observer(self, on_notice: Callable[[str], None]) -> int:
        self._on_notice = on_notice
        return self._number("observer")

    def send(self, receiver: int, selector: str, *arguments: int) -> int:
        if not receiver:
            return self._number(f"selector {selector}")
        if selector == "addObserver:selector:name:object:":
            observer, chosen, name, _ = arguments
            assert self.words(chosen) == "selector heard:"
            self.observed.setdefault(self.words(name), []).append((receiver, observer))
            return 0
        if selector == "removeObserver:":
            for name, found in self.observed.items():
                self.observed[name] = [one for one in found if one != (receiver, arguments[0])]
            return 0
        if selector == "setSharingType:":
            self.sharing[receiver] = arguments[0]
            return 0
        return self._number(f"{self._objects[receiver]} {selector}")

    def notice(self, name: str) -> None:
        for _ in self.observed.get(name, []):
            self._on_notice(name)


@pytest.mark.parametrize(("name", "away"), [*DISTRIBUTED.items(), *WORKSPACE.items()])
def test_macos_tells_of_each_notice_until_it_is_stopped(name: str, away: Away) -> None:
    system, heard = EmulatedMac(), Heard()
    watch = MacWatch(system)
    watch.start(heard)
    assert watch.hears
    system.notice(name)
    assert heard.away == [away]
    system.notice("com.apple.screenIsUnlocked")
    watch.stop()
    watch.stop()
    system.notice(name)
    assert heard.away == [away]
    assert not watch.hears


@pytest.mark.parametrize(("knows_exclude", "affinity"), [(True, 0x11), (False, 0x1)])
def test_windows_leaves_a_covered_window_out_of_captures(
    knows_exclude: bool, affinity: int
) -> None:
    system = EmulatedWindows()
    system.knows_exclude = knows_exclude
    shield = WindowsShield(system)
    assert shield.cover(WINDOW, on=True)
    assert system.affinity == {WINDOW: affinity}
    assert shield.cover(WINDOW, on=False)
    assert system.affinity == {WINDOW: 0}


def test_macos_shares_nothing_of_a_covered_window() -> None:
    system = EmulatedMac()
    view = system.named("view")
    shield = MacShield(system)
    assert shield.cover(view, on=True)
    window = system._number("view window")
    assert system.sharing == {window: 0}
    shield.cover(view, on=False)
    assert system.sharing == {window: 1}


@pytest.mark.skipif(sys.platform != "linux", reason="what Linux has")
def test_linux_says_that_it_has_no_such_switch() -> None:
    assert isinstance(shield_here(), NoShield)
    assert not shield_here().can_shield
    assert not shield_here().cover(WINDOW, on=True)
