"""Sessions and the desk that opens, locks, unlocks and ends them."""

from __future__ import annotations

from datetime import datetime
from typing import NewType

from psygnal import Signal

from viewer.crypto.secret import Secret
from viewer.session.accounts import Practice, User
from viewer.session.audit.events import Actor
from viewer.session.audit.trail import Trail
from viewer.session.clock import Clock
from viewer.session.idle import OPERATORY, IdlePolicy, IdleState
from viewer.session.permissions import KeyName, Permission, Role

Ticket = NewType("Ticket", int)


class Session:
    """Somebody who is logged in. Safe from any thread; after a lock every key is wiped."""

    user: User
    role: Role
    started: datetime

    @property
    def is_locked(self) -> bool:
        """Whether the keys are gone until the next unlock."""
        raise NotImplementedError

    @property
    def is_over(self) -> bool:
        """Whether it was logged off."""
        raise NotImplementedError

    @property
    def actor(self) -> Actor:
        """Who this is, for the trail."""
        raise NotImplementedError

    def require(self, permission: Permission) -> Ticket:
        """Return a ticket, or raise NotLoggedIn, Locked or NotPermitted."""
        raise NotImplementedError

    def check(self, ticket: Ticket) -> None:
        """Raise Locked or NotLoggedIn if the session was locked or ended since the ticket."""
        raise NotImplementedError

    def key(self, name: KeyName, epoch: int | None = None) -> Secret:
        """Return a COPY of a practice key (the caller wipes it); the current epoch by default."""
        raise NotImplementedError

    def epochs(self, name: KeyName) -> dict[int, Secret]:
        """Return copies of every epoch of a key, by number; the largest is current."""
        raise NotImplementedError


class Desk:
    """Log in, lock, unlock, log off: throttled, and in the trail before it takes effect."""

    logged_in = Signal(Session)
    locked = Signal(Session)
    unlocked = Signal(Session)
    logged_off = Signal(Session)
    ticked = Signal(IdleState)

    def __init__(
        self,
        practice: Practice,
        trail: Trail,
        clock: Clock,
        policy: IdlePolicy = OPERATORY,
    ) -> None:
        raise NotImplementedError

    @property
    def session(self) -> Session | None:
        """The open or locked session, if any."""
        raise NotImplementedError

    def require(self, permission: Permission) -> Session | None:
        """The gate's first step: None for OPEN_TO_ALL, else the session that may do it."""
        raise NotImplementedError

    def wait_s(self, name: str) -> float:
        """Seconds until another password is taken for this name."""
        raise NotImplementedError

    def log_in(self, name: str, password: str) -> Session:
        """Log in (a locked session of another is logged off first). ~0.3 s; any thread.

        Raises LoginRefused (WaitFirst, AccountBlocked), TrailUnwritable, AccountsTampered.
        """
        raise NotImplementedError

    def lock(self, why: str = "") -> None:
        """Wipe the keys, then say so. Always succeeds; nothing to lock is no error."""
        raise NotImplementedError

    def unlock(self, password: str) -> Session:
        """Open the locked session again, with fresh keys and a new ticket."""
        raise NotImplementedError

    def log_off(self, why: str = "") -> None:
        """Wipe the keys and end the session. Always succeeds."""
        raise NotImplementedError

    def activity(self) -> None:
        """A person touched the workstation."""
        raise NotImplementedError

    def poll(self) -> IdleState:
        """Call each second: emits `ticked`, locks and logs off by policy, checkpoints the trail."""
        raise NotImplementedError
