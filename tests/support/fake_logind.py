"""A message bus of our own, and on it something that says what logind says."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

LOGIND = "org.freedesktop.login1"
ROOT = "/org/freedesktop/login1"
SESSION_PATH = f"{ROOT}/session/_31"
MANAGER, SESSION = f"{LOGIND}.Manager", f"{LOGIND}.Session"
PROPERTIES = "org.freedesktop.DBus.Properties"


class PrivateBus:
    """A dbus-daemon at an address of its own; it can be ended and started again."""

    def __init__(self, folder: Path) -> None:
        self.address = f"unix:path={folder / 'bus'}"
        self._path = folder / "bus"
        self._daemon: subprocess.Popen[bytes] | None = None
        self.begin()

    def begin(self) -> None:
        """Start the daemon, and return when it listens."""
        command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"]
        self._daemon = subprocess.Popen(
            [*command, f"--address={self.address}"], stdout=subprocess.PIPE
        )
        assert self._daemon.stdout is not None
        assert self._daemon.stdout.readline()

    def end(self) -> None:
        """End it as a crash would."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()
            assert self._daemon.stdout is not None
            self._daemon.stdout.close()
            self._daemon = None
            self._path.unlink(missing_ok=True)

    def connect(self) -> DBusConnection:
        return open_dbus_connection(self.address, enable_fds=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()


class Speaker:
    """Somebody on the bus, who owns a name or only says so."""

    def __init__(self, bus: PrivateBus, name: str = "") -> None:
        self.connection = bus.connect()
        if name:
            answer = self.connection.send_and_get_reply(message_bus.RequestName(name))
            assert answer.body == (1,)

    def signal(
        self, path: str, interface: str, member: str, types: str = "", *body: Any, to: str = ""
    ) -> None:
        """Say something to all, or to one address."""
        message = new_signal(DBusAddress(path, interface=interface), member, types or None, body)
        if to:
            message.header.fields[HeaderFields.destination] = to
        self.connection.send(message)

    def close(self) -> None:
        self.connection.close()


class FakeLogind:
    """Answers as logind does, for one session; signals are sent by the test."""

    def __init__(self, bus: PrivateBus, *, knows_process: bool = True) -> None:
        self._bus = bus
        self.facts: dict[str, tuple[str, Any]] = {
            "Active": ("b", True),
            "LockedHint": ("b", False),
            "Remote": ("b", False),
        }
        self.knows_process = knows_process
        self.clients: list[str] = []
        self.brakes: list[int] = []
        self._given: int | None = None
        self.asked = threading.Condition()
        self._speaker = Speaker(bus, LOGIND)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    # what a test says

    def say(self, member: str, types: str, *body: Any) -> None:
        self._speaker.signal(ROOT, MANAGER, member, types, *body)

    def say_lock(self) -> None:
        self._speaker.signal(SESSION_PATH, SESSION, "Lock")

    def say_changed(self, name: str, value: Any) -> None:
        self.facts[name] = ("b", value)
        body: tuple[Any, ...] = (SESSION, {name: ("b", value)}, [])
        self._speaker.signal(SESSION_PATH, PROPERTIES, "PropertiesChanged", "sa{sv}as", *body)

    def say_invalidated(self, name: str, value: Any) -> None:
        self.facts[name] = ("b", value)
        body: tuple[Any, ...] = (SESSION, {}, [name])
        self._speaker.signal(SESSION_PATH, PROPERTIES, "PropertiesChanged", "sa{sv}as", *body)

    def wait_for_listener(self, count: int = 1) -> None:
        """Wait until so many have asked how the session stands: the last thing they do first."""
        with self.asked:
            assert self.asked.wait_for(lambda: len(self.clients) >= count, timeout=30)

    def is_sleep_held(self, number: int = -1) -> bool:
        """Whether the brake that was given out is still held: its other end is open."""
        os.set_blocking(self.brakes[number], False)
        try:
            return os.read(self.brakes[number], 1) != b""
        except BlockingIOError:
            return True

    def close(self) -> None:
        """Leave the bus, which may be gone."""
        with suppress(OSError):
            own = self._speaker.connection.unique_name
            self._speaker.signal("/none", "none.none", "End", to=own)
        self._thread.join()
        self._speaker.close()
        for brake in self.brakes:
            os.close(brake)

    # what it answers

    def _serve(self) -> None:
        while True:
            try:
                message = self._speaker.connection.receive()
            except OSError:
                return
            fields = message.header.fields
            if fields.get(HeaderFields.member) == "End":
                return
            if message.header.message_type is MessageType.method_call:
                self._answer(message, str(fields[HeaderFields.member]))

    def _answer(self, message: Message, member: str) -> None:
        answers: dict[str, Callable[[], Message]] = {
            "GetSessionByPID": lambda: self._session_of(message),
            "GetUser": lambda: new_method_return(message, "o", (f"{ROOT}/user/_1000",)),
            "Get": lambda: new_method_return(message, "v", (("(so)", ("1", SESSION_PATH)),)),
            "GetAll": lambda: new_method_return(message, "a{sv}", (dict(self.facts),)),
            "Inhibit": lambda: self._brake(message),
        }
        self._speaker.connection.send(answers[member]())
        if self._given is not None:
            os.close(self._given)
            self._given = None
        if member == "GetAll":
            with self.asked:
                self.clients.append(str(message.header.fields[HeaderFields.sender]))
                self.asked.notify_all()

    def _session_of(self, message: Message) -> Message:
        if self.knows_process:
            return new_method_return(message, "o", (SESSION_PATH,))
        return new_error(message, f"{LOGIND}.NoSessionForPID", "s", ("none",))

    def _brake(self, message: Message) -> Message:
        assert message.body == ("sleep", "Bitewing", "Locks before the computer sleeps", "delay")
        ours, theirs = os.pipe()
        self.brakes.append(ours)
        self._given = theirs
        return new_method_return(message, "h", (theirs,))
