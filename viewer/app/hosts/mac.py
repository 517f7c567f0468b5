"""macOS: notices of the screen lock, of sleep and of another user.

Written, never run on macOS; tests run it over an emulated runtime. Notices come on the main
thread, whose loop Qt shares with the system.

Source: Apple, NSDistributedNotificationCenter, NSWorkspace ("notifications"); the name of the lock
notice is not documented, and known from use.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes.util import find_library
from typing import Any, Protocol

from viewer.session.away import Away, OnAway, nothing

DISTRIBUTED = {
    "com.apple.screenIsLocked": Away.LOCKED,
    "com.apple.screensaver.didstart": Away.LOCKED,
}
WORKSPACE = {
    "NSWorkspaceWillSleepNotification": Away.SLEEP,
    "NSWorkspaceScreensDidSleepNotification": Away.LOCKED,
    "NSWorkspaceSessionDidResignActiveNotification": Away.SWITCHED,
    "NSWorkspaceWillPowerOffNotification": Away.ENDING,
}


class Runtime(Protocol):
    """What is used of the Objective-C runtime. Objects are addresses."""

    def named(self, name: str) -> int:
        """Return a class."""

    def send(self, receiver: int, selector: str, *arguments: int) -> int:
        """Send a message whose arguments and answer are objects or integers."""

    def text(self, words: str) -> int:
        """Return a string object."""

    def words(self, text: int) -> str:
        """Return a string object's content."""

    def observer(self, on_notice: Callable[[str], None]) -> int:
        """Return an object whose method ``heard:`` passes a notice's name on."""


class MacWatch:
    """Hears macOS' notices. Main thread only."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._away: OnAway = lambda _, locked: locked()
        self._observer = 0

    @property
    def hears(self) -> bool:
        """Whether it observes."""
        return self._observer != 0

    def start(self, on_away: OnAway) -> None:
        """Begin to observe."""
        self._away = on_away
        self._observer = self._runtime.observer(self._heard)
        selector = "addObserver:selector:name:object:"
        heard = self._runtime.send(0, "heard:")
        for centre, names in self._centres():
            for name in names:
                self._runtime.send(
                    centre, selector, self._observer, heard, self._runtime.text(name), 0
                )

    def stop(self) -> None:
        """Observe no longer."""
        if self._observer:
            for centre, _ in self._centres():
                self._runtime.send(centre, "removeObserver:", self._observer)
            self._observer = 0

    def _centres(self) -> tuple[tuple[int, dict[str, Away]], ...]:
        send, named = self._runtime.send, self._runtime.named
        workspace = send(named("NSWorkspace"), "sharedWorkspace")
        return (
            (send(named("NSDistributedNotificationCenter"), "defaultCenter"), DISTRIBUTED),
            (send(workspace, "notificationCenter"), WORKSPACE),
        )

    def _heard(self, name: str) -> None:
        away = DISTRIBUTED.get(name) or WORKSPACE.get(name)
        if away is not None:
            self._away(away, nothing)


_Method = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class MacRuntime:
    """The Objective-C runtime through ctypes. `send` to 0 returns the selector itself."""

    def __init__(self) -> None:
        self._objc = ctypes.CDLL(find_library("objc"))
        ctypes.CDLL(find_library("AppKit"))
        for name, result, arguments in (
            ("objc_getClass", ctypes.c_void_p, [ctypes.c_char_p]),
            ("sel_registerName", ctypes.c_void_p, [ctypes.c_char_p]),
            (
                "objc_allocateClassPair",
                ctypes.c_void_p,
                [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t],
            ),
            ("objc_registerClassPair", None, [ctypes.c_void_p]),
            (
                "class_addMethod",
                ctypes.c_bool,
                [ctypes.c_void_p, ctypes.c_void_p, _Method, ctypes.c_char_p],
            ),
        ):
            function = getattr(self._objc, name)
            function.restype, function.argtypes = result, arguments
        self._kept: list[Any] = []

    def named(self, name: str) -> int:
        """Return a class."""
        return int(self._objc.objc_getClass(name.encode()) or 0)

    def send(self, receiver: int, selector: str, *arguments: int) -> int:
        """Send a message; each call has the types of its own arguments, as arm64 asks for."""
        chosen = int(self._objc.sel_registerName(selector.encode()))
        if not receiver:
            return chosen
        types = [ctypes.c_void_p] * (2 + len(arguments))
        address = ctypes.cast(self._objc.objc_msgSend, ctypes.c_void_p).value
        call = ctypes.CFUNCTYPE(ctypes.c_void_p, *types)(address or 0)
        return int(call(receiver, chosen, *arguments) or 0)

    def text(self, words: str) -> int:
        """Return a string object."""
        raw = ctypes.create_string_buffer(words.encode())
        self._kept.append(raw)
        kind = self.named("NSString")
        return self.send(kind, "stringWithUTF8String:", ctypes.addressof(raw))

    def words(self, text: int) -> str:
        """Return a string object's content."""
        raw = ctypes.cast(self.send(text, "UTF8String"), ctypes.c_char_p).value
        return (raw or b"").decode("utf-8", "replace")

    def observer(self, on_notice: Callable[[str], None]) -> int:
        """Return an object whose method ``heard:`` passes a notice's name on."""

        def heard(_self: int, _selector: int, notice: int) -> None:
            on_notice(self.words(self.send(notice, "name")))

        method = _Method(heard)
        self._kept.append(method)
        name = f"BitewingObserver{len(self._kept)}".encode()
        kind = self._objc.objc_allocateClassPair(self.named("NSObject"), name, 0)
        selector = self._objc.sel_registerName(b"heard:")
        self._objc.class_addMethod(kind, selector, method, b"v@:@")
        self._objc.objc_registerClassPair(kind)
        return self.send(int(kind), "new")
