"""A session: somebody who is logged in, what they may, and their keys for as long as it is open."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NewType

from viewer.crypto.secret import Secret
from viewer.session.accounts import KeyRing, Practice, User
from viewer.session.audit.events import Actor
from viewer.session.emergency import SEEN, VISITOR_ROLE, Emergency
from viewer.session.errors import (
    EmergencyOver,
    Locked,
    NotLoggedIn,
    NotPermitted,
    PasswordMustChange,
)
from viewer.session.permissions import KeyName, Permission, Role, keys_for
from viewer.session.rekeying import ONLY_IMAGES

Ticket = NewType("Ticket", int)
"""Which stretch between two locks a piece of work began in."""


class Session:
    """Somebody who is logged in. Safe from any thread; only `Desk` opens, locks and ends it.

    Work that goes on for a while takes the `Ticket` that `require` returns and calls `check` with
    it before each effect: after a lock, even one that was unlocked again, the ticket is void.
    """

    def __init__(
        self,
        practice: Practice,
        user: User,
        keys: KeyRing,
        started: datetime,
        *,
        is_visitor: bool = False,
    ) -> None:
        self._practice = practice
        self._user_id = user.id
        self._user = user
        self._keys: KeyRing | None = keys
        self._lost: set[KeyName] = set()
        self._ticket = 1
        self._is_over = False
        self._turn = threading.RLock()
        self.started = started
        self.is_visitor = is_visitor
        """Whether there is no account behind it: somebody with the sealed code."""
        self.emergency: Emergency | None = None

    @property
    def user(self) -> User:
        """Who it is, as logged in."""
        return self._user

    def user_now(self) -> User:
        """Who it is, as the accounts say now.

        Raises
        ------
        AccountRefused
            There is no such account any more.
        """
        return self._user if self.is_visitor else self._practice.user(self._user_id)

    @property
    def role(self) -> Role:
        """The role at login: its keys are those that were opened."""
        emergency = self.emergency
        is_alone = emergency is not None and emergency.is_alone
        return VISITOR_ROLE if is_alone else self._user.role

    @property
    def actor(self) -> Actor:
        """Who it is, for the trail."""
        user_id = None if self.is_visitor else self._user.id
        return Actor(user_id, self._user.display_name, self._user.role.title)

    def may(self, permission: Permission) -> bool:
        """Whether it is allowed now, by role or by an emergency: for what is offered."""
        try:
            return self._is_allowed(permission, self._user.role)
        except EmergencyOver:
            return False

    @property
    def is_locked(self) -> bool:
        """Whether the keys are gone until the next unlock."""
        with self._turn:
            return self._keys is None and not self._is_over

    @property
    def is_over(self) -> bool:
        """Whether it was logged off."""
        return self._is_over

    def require(self, permission: Permission) -> Ticket:
        """Return a ticket for work that needs a permission.

        Raises
        ------
        NotLoggedIn
            The session is over, or the account was disabled meanwhile.
        Locked
            The workstation is locked.
        PasswordMustChange
            Somebody else gave this user the password; only LOGGED_IN passes.
        NotPermitted
            The role does not allow it, or no longer, or its key is not sealed to this user.
        EmergencyOver
            The half hour of an emergency access that was all there is is over.
        AccountsTampered
            The accounts were changed under us.
        """
        self._practice.refresh()  # what another process changed takes effect with the next use
        now = self.user_now()
        with self._turn:
            keys = self._open_keys()
            if not now.is_enabled:
                raise NotLoggedIn
            must_change = now.must_change and self.emergency is None
            if must_change and permission is not Permission.LOGGED_IN:
                raise PasswordMustChange
            is_allowed = self._is_allowed(permission, now.role)
            if not is_allowed or not keys_for({permission}) <= keys.keys.keys():
                raise NotPermitted(self.role.title, permission.value)
            return self._ticket_now()

    def check(self, ticket: Ticket) -> None:
        """Return only if the session has been open without a lock since the ticket.

        Raises
        ------
        NotLoggedIn, Locked
            It has not.
        """
        with self._turn:
            self._open_keys()
            if ticket != self._ticket_now():
                raise Locked

    def key(self, name: KeyName, epoch: int | None = None) -> Secret:
        """Return a copy of a practice key, of the current epoch by default; the caller wipes it.

        Raises
        ------
        NotLoggedIn, Locked
            There are no keys now.
        NotPermitted
            The key is not sealed to this user.
        """
        self.keep_up()
        with self._turn:
            epochs = self._epochs(name)
            number = max(epochs) if epoch is None else epoch
            if number not in epochs:
                raise NotPermitted(self.role.title, f"use epoch {number} of this key")
            return epochs[number].copy()

    def epochs(self, name: KeyName) -> dict[int, Secret]:
        """Return copies of all epochs of a key by number; the largest is current.

        Raises
        ------
        NotLoggedIn, Locked, NotPermitted
            As for `key`.
        """
        self.keep_up()
        with self._turn:
            return {number: key.copy() for number, key in self._epochs(name).items()}

    # --- epochs ----------------------------------------------------------------------------

    def begin_epoch(self, names: Iterable[KeyName] = ONLY_IMAGES) -> None:
        """Begin epoch N+1 of some keys (`Practice.begin_epoch`) and go on with them at once.

        Afterwards `epochs(KeyName.IMAGES)` holds the new epoch and all that are not retired, which
        is what `VaultKeys(practice.id, epochs, max(epochs))` takes. The gate asks for MANAGE_KEYS.

        Raises
        ------
        NotLoggedIn, Locked
            There are no keys now. If the lock came in between, the epoch may have been begun all
            the same: look at `Practice.live_epochs`; the next unlock holds it.
        AccountRefused
            This session lacks a current key: log in again.
        AccountsUnwritable, AccountsTampered, DeviceSecretMissing, NoKeyStore
            Nothing was changed.
        """
        with self.lent_keys() as ring, self._practice.begin_epoch(ring, names) as fresh:
            self.take_epoch(fresh)

    def take_epoch(self, fresh: KeyRing) -> None:
        """Add copies of fresh keys that this session's role holds; the others are not taken.

        Raises
        ------
        NotLoggedIn, Locked
            There are no keys now: the next login or unlock opens them.
        """
        with self._turn:
            mine = self._open_keys()
            taken = {name: dict(numbers) for name, numbers in mine.keys.items()}
            for name, numbers in fresh.keys.items():
                for number, key in numbers.items():
                    if name in self.role.holds and number not in taken.get(name, {}):
                        taken.setdefault(name, {})[number] = key.copy()
            self._keys = KeyRing(taken)

    def retire_epochs(self, name: KeyName, below: int) -> None:
        """Destroy a key's epochs under a number, in the accounts and in this session.

        Raises
        ------
        AccountRefused
            The current epoch would be among them.
        AccountsUnwritable, AccountsTampered, DeviceSecretMissing, NoKeyStore
            Nothing was changed.
        """
        self._practice.retire_epochs(name, below)
        self.keep_up()

    def keep_up(self) -> bool:
        """Wipe keys that were retired or that the user lost, meanwhile; whether one is all gone.

        Then the desk locks the session: the next unlock opens what there is now.
        """
        now = self.user_now()
        holds = now.role.holds if now.is_enabled else frozenset()
        with self._turn:
            if self._keys is None:
                return False
            kept: dict[KeyName, dict[int, Secret]] = {}
            for name, numbers in self._keys.keys.items():
                live = self._practice.live_epochs(name) if name in holds else frozenset()
                kept[name] = {number: key for number, key in numbers.items() if number in live}
                for number in numbers.keys() - kept[name].keys():
                    numbers[number].wipe()
            self._keys = KeyRing({name: numbers for name, numbers in kept.items() if numbers})
            self._lost |= kept.keys() - self._keys.keys.keys()
            return bool(self._lost)

    @contextmanager
    def lent_keys(self) -> Iterator[KeyRing]:
        """Lend a copy of the key ring, to hand keys on (`Practice.add_user`…); wiped at the end.

        Raises
        ------
        NotLoggedIn, Locked
            There are no keys now.
        """
        self.keep_up()
        with self._turn:
            ring = self._open_keys().copy()
        with ring:
            yield ring

    # --- for the desk ----------------------------------------------------------------------

    def wipe_keys(self) -> None:
        """Lock: overwrite the keys and void all tickets."""
        with self._turn:
            if self._keys is not None:
                self._keys.wipe()
            self._keys = None
            self._ticket += 1

    def give_keys(self, user: User, keys: KeyRing) -> None:
        """Unlock: take fresh keys."""
        with self._turn:
            self.wipe_keys()
            self._user, self._keys, self._lost = user, keys, set()

    def begin_emergency(self, emergency: Emergency) -> None:
        """See patients for half an hour; the desk has written it down."""
        with self._turn:
            self.emergency = emergency

    def end_emergency(self) -> Emergency | None:
        """See them no longer: what is under way stops. Returns what ended.

        Where it was all there is, the session is over with it, whoever's it was.
        """
        with self._turn:
            ended = self.emergency
            if ended is not None and ended.is_alone:
                self.end()
            elif ended is not None:
                self.emergency = None
                self._ticket += 1
            return ended

    def end(self) -> None:
        """Log off."""
        with self._turn:
            self.wipe_keys()
            self._is_over = True

    def _open_keys(self) -> KeyRing:
        if self._is_over:
            raise NotLoggedIn
        if self._keys is None:
            raise Locked
        return self._keys

    def _epochs(self, name: KeyName) -> dict[int, Secret]:
        epochs = self._open_keys().keys.get(name)
        if name in self._lost:
            raise Locked
        if not epochs:
            raise NotPermitted(self.role.title, f"use the practice's key for {name.value}")
        return dict(epochs)

    def _is_allowed(self, permission: Permission, role_now: Role) -> bool:
        emergency = self.emergency
        if emergency is not None and (emergency.is_alone or permission in SEEN):
            if emergency.is_running:
                is_theirs = self.is_visitor or role_now.allows(Permission.EMERGENCY_ACCESS)
                return is_theirs and permission in SEEN
            if emergency.is_alone:
                raise EmergencyOver
        return self._user.role.allows(permission) and role_now.allows(permission)

    def _ticket_now(self) -> Ticket:
        return Ticket(self._ticket)
