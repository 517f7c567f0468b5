"""Listening on a D-Bus message bus, on a thread that connects again when the bus comes back.

A message counts only if its sender owns the name that it should come from, as the bus itself says:
match rules keep out what others broadcast, but not what somebody sends to our address.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
from collections import deque
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageType, new_method_call
from jeepney.bus import get_bus
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, prep_socket
from jeepney.wrappers import DBusErrorResponse

from viewer.session.away import Away, OnAway, nothing

_log = logging.getLogger(__name__)

FAULTS = (OSError, DBusErrorResponse, RuntimeError, ValueError, KeyError)
"""What a bus that ends, refuses or babbles makes jeepney raise."""
WAITS_S = (1.0, 2.0, 5.0, 15.0, 60.0)
_ANSWER_S = 5.0
_GREETING_S = 1.0
_QUEUED = 4096
_DAEMON = "org.freedesktop.DBus"


class Stopped(Exception):
    """Nobody listens any more."""


class Silent(RuntimeError):
    """Nobody owns the name that is to be heard, or there is no session to hear of."""


class Bus:
    """One connection. Used by its thread alone, but `wake`."""

    def __init__(self, connection: DBusConnection, woken: socket.socket) -> None:
        self._connection = connection
        self._queue: deque[Message] = deque(maxlen=_QUEUED)
        self._filter = connection.filter(MatchRule(type="signal"), queue=self._queue)
        self._selector = selectors.DefaultSelector()
        self._selector.register(connection.sock, selectors.EVENT_READ)
        self._selector.register(woken, selectors.EVENT_READ, "woken")
        self.owners: dict[str, str] = {}

    def close(self) -> None:
        """Hang up."""
        self._selector.close()
        self._filter.close()
        self._connection.close()

    def call(self, to: DBusAddress, method: str, types: str = "", *body: Any) -> tuple[Any, ...]:
        """Call a method and return what it answers.

        Raises
        ------
        DBusErrorResponse, OSError
            It refused, or nobody answered in time.
        """
        asked = new_method_call(to, method, types or None, body)
        answer = self._connection.send_and_get_reply(asked, timeout=_ANSWER_S)
        if answer.header.message_type is MessageType.error:
            raise DBusErrorResponse(answer)
        return tuple(answer.body)

    def listen(self, rule: MatchRule) -> None:
        """Ask the bus for signals."""
        self._connection.send_and_get_reply(message_bus.AddMatch(rule), timeout=_ANSWER_S)

    def follow(self, name: str) -> str:
        """Learn who owns a name, and hear of it when that changes; "": nobody."""
        rule = MatchRule(type="signal", sender=_DAEMON, member="NameOwnerChanged")
        rule.add_arg_condition(0, name)
        self.listen(rule)
        answer = self._connection.send_and_get_reply(
            message_bus.GetNameOwner(name), timeout=_ANSWER_S
        )
        is_owned = answer.header.message_type is MessageType.method_return
        self.owners[name] = str(answer.body[0]) if is_owned else ""
        return self.owners[name]

    def next_signal(self) -> Message:
        """Wait for the next signal.

        Raises
        ------
        Stopped
            Nobody listens any more.
        OSError
            The bus hung up.
        """
        while True:
            if self._queue:
                return self._queue.popleft()
            try:
                message = self._connection.receive(timeout=0)
            except TimeoutError:
                if any(key.data == "woken" for key, _ in self._selector.select()):
                    raise Stopped from None
                continue
            if message.header.message_type is MessageType.signal:
                return message

    def new_owner(self, message: Message) -> str | None:
        """Return the name whose owner changed by this message, if it is such a one."""
        fields = message.header.fields
        if sender_of(message) != _DAEMON or fields.get(HeaderFields.member) != "NameOwnerChanged":
            return None
        name, _, owner = message.body
        if self.owners.get(name, owner) == owner:  # not followed, or known since we asked
            return None
        self.owners[name] = owner
        return str(name)

    def is_from(self, message: Message, name: str) -> bool:
        """Whether a message was sent by whoever owns a name now."""
        owner = self.owners.get(name, "")
        return bool(owner) and sender_of(message) == owner


def sender_of(message: Message) -> str:
    """Return the unique name that the bus put on a message."""
    return str(message.header.fields.get(HeaderFields.sender, ""))


def field(message: Message, name: str) -> str:
    """Return a field of a message's header as text: path, interface or member."""
    return str(message.header.fields.get(HeaderFields[name], ""))


class BusWatch:
    """Listens on one bus until it is stopped. Subclasses say to whom, and what it means.

    A connection that ends is itself a reason to lock: what happens meanwhile would not be heard.
    """

    name = "bus"
    ends_with_its_owner = False
    """Whether a service that goes is as if the bus went; a fresh connection finds it again."""

    def __init__(self, address: str, waits_s: tuple[float, ...] = WAITS_S) -> None:
        self._address, self._waits_s = address, waits_s
        self._ending = threading.Event()
        self._hears = threading.Event()
        self._inner, self._outer = socket.socketpair()
        self._thread: threading.Thread | None = None
        self._turn = threading.Lock()
        self._line: socket.socket | None = None
        self._away: OnAway = lambda _, locked: locked()

    @property
    def hears(self) -> bool:
        """Whether there is somebody to listen to."""
        return self._hears.is_set()

    def start(self, on_away: OnAway) -> None:
        """Begin to listen."""
        self._away = on_away
        self._thread = threading.Thread(target=self._run, name=f"bitewing-{self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Listen no longer. Safe to call twice."""
        if self._ending.is_set():
            return
        self._ending.set()
        self._outer.send(b"x")
        with self._turn:
            if self._line is not None:
                with contextlib.suppress(OSError):
                    self._line.shutdown(socket.SHUT_RDWR)  # a bus that stalls holds nobody up
        if self._thread is not None:
            self._thread.join()
        self._inner.close()
        self._outer.close()

    def _run(self) -> None:
        failures = 0
        while not self._ending.is_set():
            try:
                self._listen_once()
            except Stopped:
                return
            except FAULTS as fault:
                _log.info("%s: not listening, %s", self.name, type(fault).__name__)
            finally:
                self._let_go()
            if self._ending.is_set():
                return
            if self._hears.is_set():
                failures = 0
                self._hears.clear()
                self._away(Away.DEAF, nothing)
            self._ending.wait(self._waits_s[min(failures, len(self._waits_s) - 1)])
            failures += 1

    def _listen_once(self) -> None:
        line = prep_socket(get_bus(self._address), enable_fds=True, timeout=_GREETING_S)
        try:
            self._hold(line)
            self._listen_on(line)
        finally:
            self._hold(None)
            line.close()

    def _listen_on(self, line: socket.socket) -> None:
        bus = Bus(DBusConnection(line, enable_fds=True), self._inner)
        try:
            self._begin(bus)
            self._hears.set()
            while True:
                message = bus.next_signal()
                name = bus.new_owner(message)
                if name is None:
                    self._hear(bus, message)
                elif self.ends_with_its_owner:
                    raise Silent
        finally:
            bus.close()

    def _hold(self, line: socket.socket | None) -> None:
        """Say which connection `stop` has to cut.

        Raises
        ------
        Stopped
            It was asked to stop meanwhile.
        """
        with self._turn:
            self._line = line
            if line is not None and self._ending.is_set():
                raise Stopped

    def _begin(self, bus: Bus) -> None:
        """Say to whom to listen, and look how things stand now."""
        raise NotImplementedError

    def _hear(self, bus: Bus, message: Message) -> None:
        """React to a signal, if it comes from whom it should."""
        raise NotImplementedError

    def _let_go(self) -> None:
        """Give up what belonged to the connection."""
