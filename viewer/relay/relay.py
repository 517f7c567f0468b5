"""Sends the trail off as it grows, in the background, and never in anybody's way.

A record is in the trail before it is here. What cannot be sent waits; what waits is in the trail
anyway. A server that is down, a full disk or a killed program cost time, not records.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path

import attrs

from viewer.crypto.secret import Secret
from viewer.model.errors import BitewingError
from viewer.relay.backlog import Backlog, Cursor
from viewer.relay.errors import RelayFault
from viewer.relay.policy import PolicyFile, RelayPolicy
from viewer.relay.spool import Position, Spool
from viewer.relay.wire import CONNECT_S, Cut, deliver, tls_context
from viewer.session.audit.events import Entry, Event, EventKind, Outcome
from viewer.session.clock import Clock
from viewer.session.files import process_lock
from viewer.session.keystore import KeyStore

_log = logging.getLogger(__name__)

GATHER_S = 0.5
"""Records that come together go together."""
LONGEST_PAUSE_S = 300.0
_FIRST_PAUSE_S = 1.0
_LAST_TRY_S = 2.0
_FAULTS = (BitewingError, OSError, ValueError)
"""What a server, a disk, a key store that does not answer, or a damaged trail makes of a try."""
TOLD_AFTER_S = 900.0
"""An outage this long is written into the trail, once, and so is its end."""


class RelayState(Enum):
    """How the other machine stands to this one. The value is what a person reads."""

    OFF = "not sent off"
    UP_TO_DATE = "sent off"
    SENDING = "being sent off"
    BEHIND = "waiting for the audit server"


@attrs.frozen
class RelayStatus:
    """The state, where to, what went wrong last, and since when nothing was confirmed."""

    state: RelayState
    where: str = ""
    waiting: int = 0
    blanks: int = 0
    fault: str = ""
    since: datetime | None = None


class Relay:
    """The sender of one store at one workstation. Safe from any thread.

    `write` appends an entry to the trail; it is called without a lock held.
    """

    def __init__(
        self,
        store: Path,
        keystore: KeyStore,
        practice_id: str,
        clock: Clock,
        write: Callable[[Entry], object],
        *,
        first_pause_s: float = _FIRST_PAUSE_S,
        gather_s: float = GATHER_S,
        wait_s: float = CONNECT_S,
    ) -> None:
        self._store = store
        self._folder = store / "relay"
        self._practice_id = practice_id
        self._clock = clock
        self._write = write
        self._pauses = (first_pause_s, gather_s, wait_s)
        self.policies = PolicyFile(self._folder, keystore, practice_id)
        self._policy: RelayPolicy | None = None
        self._spool: Spool | None = None
        self._backlog: Backlog | None = None
        self._key: Secret | None = None
        self._thread: threading.Thread | None = None
        self._turn = threading.Condition()
        self._is_wanted = False
        self._is_closing = False
        self._cut = Cut()
        self._fault = ""
        self._since: datetime | None = None
        self._since_s = 0.0
        self._is_told = False

    # --- begin and end -----------------------------------------------------------------------

    def start(self) -> None:
        """Read the policy and, if there is one, begin to send. Safe to call again.

        Raises
        ------
        AccountsTampered, DeviceSecretMissing, NoKeyStore
            The policy is not what was written last, or that cannot be told.
        """
        policy = self.policies.read()
        self.stop()
        if policy is None:
            return
        self._key = self.policies.spool_key()
        self._spool = Spool(self._folder, self._key, self._practice_id)
        self._backlog = Backlog(
            self._store, self._folder, self._spool, self._key, self._practice_id
        )
        self._policy, self._is_closing, self._is_wanted, self._cut = policy, False, True, Cut()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Try once more, for two seconds at most, then leave the rest for the next start.

        A server that stalls is cut off; what still waits for the network's names is left behind.
        """
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with self._turn:
            self._is_closing = True
            self._turn.notify_all()
        thread.join(_LAST_TRY_S)
        self._cut()
        thread.join(_LAST_TRY_S)
        self._policy, self._backlog, self._spool = None, None, None
        key, self._key = self._key, None
        if key is not None and thread.is_alive():
            threading.Thread(target=_wiped_after, args=(thread, key), daemon=True).start()
        elif key is not None:
            key.wipe()

    # --- while it runs -----------------------------------------------------------------------

    def take(self, event: Event) -> None:
        """Keep the words of a record that has just been committed. Never raises, never waits."""
        spool = self._spool
        if spool is None:
            return
        try:
            if not spool.put(event):
                self._note_fault("There is no more room for what waits to be sent.")
        except OSError:
            self._note_fault("What waits to be sent could not be kept; only its mark is sent.")

    def wake(self) -> None:
        """There is something to send."""
        with self._turn:
            self._is_wanted = True
            self._turn.notify_all()

    def status(self) -> RelayStatus:
        """Say how things stand; reads the trail from the last confirmed record on."""
        policy, backlog = self._policy, self._backlog
        if policy is None or backlog is None:
            return RelayStatus(RelayState.OFF)
        try:
            cursor = backlog.cursor(policy.where)
            waiting = backlog.count(cursor)
        except OSError:
            return RelayStatus(RelayState.BEHIND, policy.where, fault="The trail cannot be read.")
        with self._turn:
            fault, since = self._fault, self._since
        state = RelayState.UP_TO_DATE
        if since is not None:
            state = RelayState.BEHIND
        elif waiting:
            state = RelayState.SENDING
        return RelayStatus(state, policy.where, waiting, len(cursor.blanks), fault, since)

    @property
    def fault(self) -> str:
        """What keeps the trail from being sent just now, in words; "" if nothing does."""
        with self._turn:
            return self._fault

    @property
    def is_on(self) -> bool:
        """Whether the trail is sent off at all."""
        return self._policy is not None

    def send_now(self) -> int:
        """Send all that waits, in this very call; return how many messages were confirmed.

        Raises
        ------
        RelayFault
            The server was not reached, is another one, or did not confirm.
        """
        policy, backlog = self._policy, self._backlog
        if policy is None or backlog is None:
            raise RelayFault("Nothing is sent off from here.", "Set an audit server first.")
        return self._send_all(policy, backlog, self._pauses[2])

    def blanks(self) -> tuple[Position, ...]:
        """Return the records that the server has without their words."""
        policy, backlog = self._policy, self._backlog
        return backlog.cursor(policy.where).blanks if policy and backlog else ()

    def send_again(self, events: Sequence[Event]) -> None:
        """Send from the first of these records on once more, with the words of all of these.

        Raises
        ------
        RelayFault
            Nothing is sent off from here, or the disk refused.
        """
        policy, backlog, spool = self._policy, self._backlog, self._spool
        if policy is None or backlog is None or spool is None:
            raise RelayFault("Nothing is sent off from here.", "Set an audit server first.")
        if not events:
            return
        try:
            for event in events:
                spool.put(event)
            first = min((event.segment, event.seq) for event in events)
            with process_lock(self._folder / "sender.lock"):
                blanks = backlog.cursor(policy.where).blanks
                backlog.keep(attrs.evolve(backlog.before(policy.where, first), blanks=blanks))
        except OSError:
            raise RelayFault("What is to be sent could not be kept.", "Free some space.") from None
        self.wake()

    # --- the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        pause_s, gather_s, wait_s = self._pauses
        backoff_s = pause_s
        while self._waited(gather_s):
            try:
                self._send_all(self._policy_now(), self._backlog_now(), wait_s)
            except _FAULTS as fault:
                words = fault.what if isinstance(fault, BitewingError) else "The disk refused."
                self._note_fault(words)
                with self._turn:
                    self._turn.wait_for(self._is_over, backoff_s)
                    self._is_wanted = True
                backoff_s = min(2 * backoff_s, LONGEST_PAUSE_S)
            else:
                backoff_s = pause_s
                self._note_success()
        if not self._fault:
            try:
                self._send_all(self._policy_now(), self._backlog_now(), _LAST_TRY_S)
            except _FAULTS as fault:
                _log.info("the rest of the trail waits: %s", type(fault).__name__)

    def _waited(self, gather_s: float) -> bool:
        """Wait until there is something to send; False when it is time to end."""
        with self._turn:
            self._turn.wait_for(lambda: self._is_wanted or self._is_over())
            if not self._is_over() and gather_s:
                self._turn.wait_for(self._is_over, gather_s)
            self._is_wanted = False
            return not self._is_over()

    def _is_over(self) -> bool:
        """Whether this thread is to end: also one that was left behind, when another began."""
        return self._is_closing or threading.current_thread() is not self._thread

    def _send_all(self, policy: RelayPolicy, backlog: Backlog, wait_s: float) -> int:
        made, sent, cut = tls_context(policy, self.policies), 0, self._cut
        with process_lock(self._folder / "sender.lock"):
            cursor: Cursor = backlog.cursor(policy.where)
            while (delivery := backlog.next_delivery(cursor)) is not None:
                deliver(policy, made, delivery.lines, wait_s, cut)
                backlog.keep(delivery.after)
                cursor, sent = delivery.after, sent + len(delivery.lines)
                if self._is_closing:
                    break
            else:
                spool = self._spool
                if spool is not None and cursor.seq >= 0:
                    spool.drop_all((cursor.segment, cursor.seq))
        return sent

    def _policy_now(self) -> RelayPolicy:
        if self._policy is None:
            raise RelayFault
        return self._policy

    def _backlog_now(self) -> Backlog:
        if self._backlog is None:
            raise RelayFault
        return self._backlog

    def _note_fault(self, words: str) -> None:
        with self._turn:
            if self._since is None:
                self._since, self._since_s = self._clock.wall(), self._clock.boot_s()
            self._fault = words
            is_long = self._clock.boot_s() - self._since_s >= TOLD_AFTER_S
            tells = is_long and not self._is_told
            self._is_told = self._is_told or tells
        if tells:
            self._tell(Outcome.FAILED, f"behind: {words}")

    def _note_success(self) -> None:
        with self._turn:
            was_told, self._is_told = self._is_told, False
            self._fault, self._since = "", None
        if was_told:
            self._tell(Outcome.DONE, "caught up")

    def _tell(self, outcome: Outcome, why: str) -> None:
        try:
            self._write(Entry(EventKind.SENT_OFF, outcome=outcome, why=why))
        except BitewingError as fault:
            _log.warning("not in the trail: %s", type(fault).__name__)


def _wiped_after(thread: threading.Thread, key: Secret) -> None:
    thread.join()
    key.wipe()
