"""Windows: a window that nobody sees, which is told of locks, other sessions and sleep.

Written, never run on Windows; tests run it over emulated calls. A message-only window hears no
broadcasts, so it asks for suspend notices by itself.

Source: Microsoft Learn, WTSRegisterSessionNotification, WM_WTSSESSION_CHANGE,
RegisterSuspendResumeNotification, WM_POWERBROADCAST, "Message-Only Windows".
"""

from __future__ import annotations

import ctypes
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from viewer.session.away import Away, OnAway, nothing

_log = logging.getLogger(__name__)

WM_CLOSE, WM_POWERBROADCAST, WM_WTSSESSION_CHANGE = 0x10, 0x218, 0x2B1
PBT_SUSPEND, PBT_RESUME = 0x4, 0x12
SESSION_CHANGES = {
    0x1: Away.SWITCHED,  # WTS_CONSOLE_CONNECT
    0x2: Away.SWITCHED,  # WTS_CONSOLE_DISCONNECT: fast user switching
    0x3: Away.REMOTE,  # WTS_REMOTE_CONNECT
    0x4: Away.REMOTE,  # WTS_REMOTE_DISCONNECT
    0x6: Away.ENDING,  # WTS_SESSION_LOGOFF
    0x7: Away.LOCKED,  # WTS_SESSION_LOCK
    0x9: Away.REMOTE,  # WTS_SESSION_REMOTE_CONTROL: somebody looks on
}
_HWND_MESSAGE = ctypes.c_void_p(-3).value
_THIS_SESSION, _TO_WINDOW = 0, 0
_CLASS = "BitewingSession"
_LOCK_TAKES_S = 1.5
"""How long Windows is made to wait with its sleep; it allows about two seconds."""

Pointer, Text, Long = ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_ssize_t
Unsigned, Word = ctypes.c_uint32, ctypes.c_size_t
WindowProcedure = ctypes.CFUNCTYPE(Long, Pointer, Unsigned, Word, Long)


class WindowClass(ctypes.Structure):
    """WNDCLASSEXW."""

    _fields_ = (
        ("size", Unsigned),
        ("style", Unsigned),
        ("procedure", WindowProcedure),
        ("class_extra", ctypes.c_int),
        ("window_extra", ctypes.c_int),
        ("instance", Pointer),
        ("icon", Pointer),
        ("cursor", Pointer),
        ("background", Pointer),
        ("menu", Text),
        ("name", Text),
        ("small_icon", Pointer),
    )


class WindowMessage(ctypes.Structure):
    """MSG."""

    _fields_ = (
        ("window", Pointer),
        ("message", Unsigned),
        ("word", Word),
        ("long", Long),
        ("time", Unsigned),
        ("x", ctypes.c_int32),
        ("y", ctypes.c_int32),
        ("reserved", Unsigned),
    )


class Calls(Protocol):
    """Functions of Windows' libraries; `ingest.hosts.machine.WindowsMachine` has them."""

    def function(
        self, library: str, name: str, result: type[Any], arguments: Sequence[type[Any]]
    ) -> Callable[..., Any]:
        """Return a function of a system library with its types."""


class WindowsWatch:
    """Hears Windows' session through a message-only window on a thread of its own."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._hears = threading.Event()
        self._is_up = threading.Event()
        self._thread: threading.Thread | None = None
        self._away: OnAway = lambda _, locked: locked()
        self._procedure = WindowProcedure(self._on_message)
        self._window: int | None = None

    @property
    def hears(self) -> bool:
        """Whether Windows tells us."""
        return self._hears.is_set()

    def start(self, on_away: OnAway) -> None:
        """Begin to listen."""
        self._away = on_away
        self._thread = threading.Thread(target=self._run, name="bitewing-session", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Listen no longer."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._is_up.wait()
        if self._window is not None:
            post = self._user("PostMessageW", ctypes.c_int, Pointer, Unsigned, Word, Long)
            post(self._window, WM_CLOSE, 0, 0)
        thread.join()

    def _user(self, name: str, result: type[Any], *arguments: type[Any]) -> Callable[..., Any]:
        return self._calls.function("user32", name, result, arguments)

    def _run(self) -> None:
        try:
            self._window = self._open_window()
            if self._window is None:
                _log.warning("session watch: no window could be made")
                return
            self._register(self._window)
        finally:
            self._is_up.set()
        self._pump()
        self._hears.clear()

    def _open_window(self) -> int | None:
        instance = self._calls.function("kernel32", "GetModuleHandleW", Pointer, [Text])(None)
        kind = WindowClass(
            size=ctypes.sizeof(WindowClass),
            procedure=self._procedure,
            instance=instance,
            name=_CLASS,
        )
        self._user("RegisterClassExW", ctypes.c_uint16, Pointer)(ctypes.byref(kind))
        places = (ctypes.c_int,) * 4
        owners = (Pointer,) * 4
        create = self._user(
            "CreateWindowExW", Pointer, Unsigned, Text, Text, Unsigned, *places, *owners
        )
        made = create(0, _CLASS, _CLASS, 0, 0, 0, 0, 0, _HWND_MESSAGE, None, instance, None)
        return int(made) if made else None

    def _register(self, window: int) -> None:
        wts = self._calls.function(
            "wtsapi32", "WTSRegisterSessionNotification", ctypes.c_int, [Pointer, Unsigned]
        )
        power = self._user("RegisterSuspendResumeNotification", Pointer, Pointer, Unsigned)
        if wts(window, _THIS_SESSION):
            self._hears.set()
        else:
            _log.warning("session watch: Windows does not tell of its lock")
        if not power(window, _TO_WINDOW):
            _log.warning("session watch: Windows does not tell of its sleep")

    def _pump(self) -> None:
        get = self._user("GetMessageW", ctypes.c_int, Pointer, Pointer, Unsigned, Unsigned)
        dispatch = self._user("DispatchMessageW", Long, Pointer)
        message = WindowMessage()
        while get(ctypes.byref(message), None, 0, 0) > 0:
            dispatch(ctypes.byref(message))

    def _on_message(self, window: int | None, message: int, word: int, long: int) -> int:
        if message == WM_WTSSESSION_CHANGE and word in SESSION_CHANGES:
            self._away(SESSION_CHANGES[word], nothing)
            return 0
        if message == WM_POWERBROADCAST and word in {PBT_SUSPEND, PBT_RESUME}:
            done = threading.Event()
            self._away(Away.SLEEP, done.set)
            if word == PBT_SUSPEND:
                done.wait(_LOCK_TAKES_S)  # Windows sleeps once this returns
            return 1
        if message == WM_CLOSE:
            self._close(window)
            return 0
        default = self._user("DefWindowProcW", Long, Pointer, Unsigned, Word, Long)
        return int(default(window, message, word, long))

    def _close(self, window: int | None) -> None:
        self._calls.function(
            "wtsapi32", "WTSUnRegisterSessionNotification", ctypes.c_int, [Pointer]
        )(window)
        self._user("DestroyWindow", ctypes.c_int, Pointer)(window)
        self._user("PostQuitMessage", ctypes.c_int, ctypes.c_int)(0)
