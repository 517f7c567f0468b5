"""Linux: what logind says of the session, and what desktops say of their screen savers.

Source: org.freedesktop.login1(5), "Inhibitor Locks" of systemd; the ScreenSaver interfaces of
freedesktop.org, GNOME, Cinnamon, MATE and Xfce.
"""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, MatchRule, Message
from jeepney.fds import FileDescriptor
from jeepney.wrappers import DBusErrorResponse

from viewer.app.hosts.bus import WAITS_S, Bus, BusWatch, Silent, field
from viewer.session.away import Away, nothing

_log = logging.getLogger(__name__)

SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket"
"""Not from the environment, which would let whoever starts us choose who says that we sleep."""
LOGIND = "org.freedesktop.login1"
_MANAGER = "org.freedesktop.login1.Manager"
_SESSION = "org.freedesktop.login1.Session"
_USER = "org.freedesktop.login1.User"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_ROOT = "/org/freedesktop/login1"


class LogindWatch(BusWatch):
    """Hears logind: lock, sleep (held up until we are locked), another session in front."""

    name = "logind"
    ends_with_its_owner = True

    def __init__(
        self,
        address: str = SYSTEM_BUS,
        waits_s: tuple[float, ...] = WAITS_S,
        *,
        process_id: int | None = None,
    ) -> None:
        super().__init__(address, waits_s)
        self._process_id = os.getpid() if process_id is None else process_id
        self._session = ""
        self._brake: FileDescriptor | None = None
        self._turn = threading.Lock()

    def _begin(self, bus: Bus) -> None:
        if not bus.follow(LOGIND):
            raise Silent
        self._session = self._find_session(bus)
        for path, interface, member in (
            (_ROOT, _MANAGER, "PrepareForSleep"),
            (_ROOT, _MANAGER, "PrepareForShutdown"),
            (_ROOT, _MANAGER, "SessionRemoved"),
            (self._session, _SESSION, "Lock"),
            (self._session, _PROPERTIES, "PropertiesChanged"),
        ):
            rule = MatchRule(
                type="signal", sender=LOGIND, path=path, interface=interface, member=member
            )
            bus.listen(rule)
        self._hold_sleep(bus)
        self._look(bus)

    def _find_session(self, bus: Bus) -> str:
        """Return the path of the session this process belongs to, or of its user's display."""
        manager = DBusAddress(_ROOT, LOGIND, _MANAGER)
        try:
            return str(bus.call(manager, "GetSessionByPID", "u", self._process_id)[0])
        except DBusErrorResponse:  # started by the user's service manager, outside any session
            user = str(bus.call(manager, "GetUser", "u", Path("/proc/self").stat().st_uid)[0])
        properties = DBusAddress(user, LOGIND, _PROPERTIES)
        (_, (session_id, path)) = bus.call(properties, "Get", "ss", _USER, "Display")[0]
        if not session_id:
            raise Silent
        return str(path)

    def _look(self, bus: Bus) -> None:
        """Ask how the session stands: what happened before we listened counts, too."""
        properties = DBusAddress(self._session, LOGIND, _PROPERTIES)
        self._weigh(bus.call(properties, "GetAll", "s", _SESSION)[0])

    def _weigh(self, facts: dict[str, Any]) -> None:
        values = {name: value for name, (_, value) in facts.items()}
        if values.get("LockedHint") is True:
            self._away(Away.LOCKED, nothing)
        if values.get("Active") is False:
            self._away(Away.SWITCHED, nothing)

    def _hear(self, bus: Bus, message: Message) -> None:
        if not bus.is_from(message, LOGIND):
            return
        place, member, body = field(message, "path"), field(message, "member"), message.body
        if place == _ROOT and field(message, "interface") == _MANAGER:
            self._hear_manager(bus, member, body)
        elif place == self._session and field(message, "interface") == _SESSION:
            if member == "Lock":
                self._away(Away.LOCKED, nothing)
        elif place == self._session and member == "PropertiesChanged" and body[0] == _SESSION:
            self._weigh(body[1])
            if {"Active", "LockedHint"} & set(body[2]):
                self._look(bus)

    def _hear_manager(self, bus: Bus, member: str, body: tuple[Any, ...]) -> None:
        if member == "PrepareForSleep":
            if body[0]:
                self._away(Away.SLEEP, self._let_sleep)
            else:  # awake again; if it slept before we could lock, we lock now
                self._away(Away.SLEEP, nothing)
                self._hold_sleep(bus)
        elif (member == "PrepareForShutdown" and body[0]) or (
            member == "SessionRemoved" and body[1] == self._session
        ):
            self._away(Away.ENDING, nothing)

    def _hold_sleep(self, bus: Bus) -> None:
        """Take the brake: sleep waits, for a few seconds at most, until we are locked."""
        manager = DBusAddress(_ROOT, LOGIND, _MANAGER)
        words = ("sleep", "Bitewing", "Locks before the computer sleeps", "delay")
        try:
            brake = bus.call(manager, "Inhibit", "ssss", *words)[0]
        except DBusErrorResponse:
            _log.warning("logind: sleep is not held up until the lock is done")
            return
        with self._turn:
            before, self._brake = self._brake, brake
        if before is not None:
            before.close()

    def _let_sleep(self) -> None:
        with self._turn:
            brake, self._brake = self._brake, None
        if brake is not None:
            brake.close()

    def _let_go(self) -> None:
        self._let_sleep()


SAVERS = (
    "org.freedesktop.ScreenSaver",
    "org.gnome.ScreenSaver",
    "org.cinnamon.ScreenSaver",
    "org.mate.ScreenSaver",
    "org.xfce.ScreenSaver",
)


class SaverWatch(BusWatch):
    """Hears the desktop's screen saver on the session bus: it comes before some desktops lock."""

    name = "screen-saver"

    def _begin(self, bus: Bus) -> None:
        for name in SAVERS:
            bus.follow(name)
            bus.listen(
                MatchRule(type="signal", sender=name, interface=name, member="ActiveChanged")
            )

    def _hear(self, bus: Bus, message: Message) -> None:
        name = field(message, "interface")
        is_meant = name in SAVERS and field(message, "member") == "ActiveChanged"
        if is_meant and bus.is_from(message, name) and message.body == (True,):
            self._away(Away.LOCKED, nothing)
