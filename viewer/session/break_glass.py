"""Break-glass at the desk: three ways in, one way on while nothing can be written, and the end.

What it writes, and nothing else of the program, may wait in the spool where the trail cannot be
written. What it counts as tries may, too, where the counts cannot be.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from viewer.crypto.errors import NotAuthentic
from viewer.model.ids import UserId, new_id
from viewer.session.accounts import KeyRing, User
from viewer.session.audit.events import PROGRAM, Actor, Entry, Event, EventKind, Outcome
from viewer.session.book import TOTP
from viewer.session.emergency import (
    MARK,
    SEEN,
    VISITOR_ROLE,
    Emergency,
    EmergencyCode,
    Way,
    checked_name,
    checked_reason,
)
from viewer.session.emergency_spool import EmergencySpool
from viewer.session.errors import (
    AccountBlocked,
    AccountsUnwritable,
    EmergencyCodeSpent,
    EmergencyRefused,
    LoginRefused,
    NotLoggedIn,
    NotPermitted,
    PasswordMustChange,
    TrailUnwritable,
    WaitFirst,
)
from viewer.session.permissions import KeyName, Permission
from viewer.session.session import Session

if TYPE_CHECKING:
    from viewer.session.desk import Desk

SPENT, TRIES = "spent", "tries"
"""Marks that wait where the accounts and the counts cannot be written."""
CODE_ACCOUNT = "emergency-code"
TRIES_UNWRITTEN = 10
"""So many tries while their count cannot be written where it belongs; then it must be, again."""
_UNWRITTEN_WAIT_S = 900.0


@attrs.frozen(eq=False)
class LetIn:
    """Somebody whom break-glass lets in, on the way to `Desk.admit`."""

    user: User
    keys: KeyRing
    emergency: Emergency
    is_visitor: bool


class BreakGlass:
    """The desk's part for emergencies. `check_…` on any thread, the rest on the main thread."""

    def __init__(self, desk: Desk, places: Sequence[Path] = ()) -> None:
        self._desk = desk
        self._clock = desk.clock
        practice = desk.practice
        self.spool = EmergencySpool(places, practice.keystore, practice.id, desk.clock)

    @property
    def emergency(self) -> Emergency | None:
        """The one that is under way."""
        session = self._desk.session
        return session.emergency if session is not None and not session.is_over else None

    @property
    def is_trail_waiting(self) -> bool:
        """Whether entries wait because the trail cannot be written: an alarm on the screen."""
        return self.spool.waiting > 0

    # --- in an open session ----------------------------------------------------------------

    def begin(self, reason: str) -> Emergency:
        """Let whoever is in see patients and images for half an hour.

        Raises
        ------
        NotLoggedIn, Locked, NotPermitted
            Not this person, or not now.
        EmergencyRefused
            There is no reason, one is under way, or the role sees them anyway.
        TrailUnwritable
            No place takes the entry.
        """
        session = self._desk.session
        if session is None:
            raise NotLoggedIn
        session.require(Permission.EMERGENCY_ACCESS)
        if session.emergency is not None:
            raise EmergencyRefused("An emergency access is open already.")
        if all(session.may(permission) for permission in SEEN):
            raise EmergencyRefused("You see patients and images without it.")
        begun = self._begun(session.actor, Way.ELEVATION, checked_reason(reason))
        session.begin_emergency(begun)
        self._desk.emergency_changed.emit(session)
        return begun

    # --- at the door -----------------------------------------------------------------------

    def check_password(self, name_or_id: str, password: str, reason: str) -> LetIn:
        """Let a named user in with the password alone, to see patients and images only.

        Raises
        ------
        EmergencyRefused
            There is no reason; or the account opens only together with a security key.
        LoginRefused, WaitFirst, AccountBlocked
            Not admitted, in one message for a wrong name and a wrong password.
        NotPermitted, PasswordMustChange
            The password is right, but the role has no emergency access; or somebody else gave it.
        TrailUnwritable, AccountsTampered, DeviceSecretMissing, NoKeyStore
            Nobody can be admitted now.
        """
        reason = checked_reason(reason)
        user, account = self._desk.account_of(name_or_id)
        who = Actor(user.id, user.display_name, user.role.title) if user else PROGRAM
        self.catch_up()
        try:
            _require_password_is_enough(user)
            self._count_try(account)
            known, keys = self._opened_by_password(user, password)
        except EmergencyRefused:
            self._refuse(EventKind.LOGIN_FAILED, who, "the security key is a part of the account")
            raise
        except WaitFirst:
            self._refuse(EventKind.LOGIN_FAILED, who, "too soon after others")
            raise
        except AccountBlocked:
            self._refuse(EventKind.LOGIN_FAILED, who, "account blocked")
            raise
        except NotAuthentic:
            why = "wrong password" if user else "unknown name"
            self._refuse(EventKind.LOGIN_FAILED, who, why)
            raise LoginRefused from None
        with ExitStack() as undo:
            undo.callback(keys.wipe)
            self._forget_tries(account, has_proved_all=TOTP not in known.second_factors)
            self._require_theirs(known, who)
            begun = self._begun(who, Way.DOOR, reason)
            self._write(Entry(EventKind.LOGIN, who, why=MARK))
            undo.pop_all()
        return LetIn(known, keys, begun, is_visitor=False)

    def check_code(self, typed: str, name: str, reason: str) -> LetIn:
        """Let somebody in with the sealed code, which is destroyed by that.

        Raises
        ------
        EmergencyRefused
            No reason or no name; a slip in a group (not counted as a try); a code of the past.
        LoginRefused, WaitFirst
            Not the code that is in force; or too soon after others that were not.
        TrailUnwritable, AccountsTampered, DeviceSecretMissing, NoKeyStore
            Nobody can be admitted now.
        """
        reason, name = checked_reason(reason), checked_name(name)
        code = EmergencyCode.from_text(typed)
        user = User(UserId(new_id()), "", f"Emergency: {name}", VISITOR_ROLE)
        who = Actor(None, user.display_name, VISITOR_ROLE.title)
        self.catch_up()
        keys = self._opened_by_code(code, who)
        with ExitStack() as undo:
            undo.callback(keys.wipe)
            used = self._write(Entry(EventKind.EMERGENCY_CODE, who, Outcome.INTENT, why="use"))
            begun = self._begun(who, Way.CODE, reason)
            self._spend(code, who)
            done = Entry(EventKind.EMERGENCY_CODE, who, why="used: it opens nothing any more")
            self._write(attrs.evolve(done, refers_to=used.seq, refers_in=used.segment))
            self._write(Entry(EventKind.LOGIN, who, why=MARK))
            undo.pop_all()
        return LetIn(user, keys, begun, is_visitor=True)

    def wait_s(self) -> float:
        """Seconds until another sealed code is taken."""
        if len(self.spool.marks(TRIES)) >= TRIES_UNWRITTEN:
            return _UNWRITTEN_WAIT_S
        with contextlib.suppress(OSError):
            wait = self._desk.practice.throttle.wait_s(CODE_ACCOUNT, self._clock)
            return min(wait, _UNWRITTEN_WAIT_S)
        return 0.0

    # --- while it lasts --------------------------------------------------------------------

    def write(self, entry: Entry, session: Session | None) -> Event:
        """Append for a session; in an emergency the entry may wait where the trail cannot.

        Raises
        ------
        TrailUnwritable
            It cannot be kept: what it is about must not be done.
        """
        if session is None or session.emergency is None:
            return self._desk.trail.append(self.spool.resolved(entry))
        return self._write(entry)

    def poll(self) -> None:
        """End it when its time is over."""
        emergency = self.emergency
        if emergency is not None and not emergency.is_running:
            self.end("when the half hour was over")

    def end(self, why: str = "by the user") -> None:
        """End it. Always succeeds; none is no error."""
        session = self._desk.session
        if session is None or session.emergency is None:
            return
        if session.emergency.is_alone:
            self._desk.log_off(f"emergency access ended {why}")
            return
        self.tell_end(session, why)
        self._desk.emergency_changed.emit(session)

    def tell_end(self, session: Session, why: str) -> None:
        """Take an emergency from a session and write that it ended; with none do nothing."""
        ended = session.end_emergency()
        if ended is None:
            return
        entry = Entry(EventKind.EMERGENCY, session.actor, why=ended.words_at_end(why))
        self.note(attrs.evolve(entry, refers_to=ended.number, refers_in=ended.segment))

    def note(self, entry: Entry) -> None:
        """Write what has happened already; where nothing takes it, the desk owes it."""
        try:
            self._write(entry)
        except TrailUnwritable:
            self._desk.owe(entry)

    def catch_up(self) -> None:
        """Do what had to wait, as far as it can be done now: code, counts, trail."""
        practice = self._desk.practice
        with contextlib.suppress(AccountsUnwritable, OSError):
            for code_id in self.spool.marks(SPENT):
                practice.destroy_emergency(code_id)
                self.spool.unmark(SPENT, code_id)
        with contextlib.suppress(AccountsUnwritable, OSError):
            for account in set(self.spool.marks(TRIES)):
                tries = self.spool.marks(TRIES).count(account)
                practice.throttle.add(account, tries, self._clock)
                self.spool.unmark(TRIES, account)
        with contextlib.suppress(TrailUnwritable):
            self.spool.settle(self._desk.trail.append)

    def settle(self) -> None:
        """Put what waits into the trail, before anything else goes there.

        Raises
        ------
        TrailUnwritable
            It cannot be written yet.
        """
        self.spool.settle(self._desk.trail.append)

    # --- inside ----------------------------------------------------------------------------

    def _begun(self, who: Actor, way: Way, reason: str) -> Emergency:
        why = f"{reason} ({way.value})"
        event = self._write(Entry(EventKind.EMERGENCY, who, Outcome.INTENT, why=why))
        return Emergency(way, reason, self._clock, self._clock.boot_s(), event.seq, event.segment)

    def _write(self, entry: Entry) -> Event:
        entry = self.spool.resolved(entry)
        try:
            return self._desk.trail.append(entry)
        except TrailUnwritable:
            return self.spool.append(entry)

    def _refuse(self, kind: EventKind, who: Actor, why: str) -> None:
        self._write(Entry(kind, who, Outcome.REFUSED, why=f"{MARK}: {why}"))

    def _count_try(self, account: str, limit: float | None = None) -> None:
        """Count a try before it is made, here or where it waits.

        Raises
        ------
        WaitFirst, AccountBlocked
            Too many came before.
        TrailUnwritable
            It cannot be counted anywhere.
        """
        throttle = self._desk.practice.throttle
        try:
            throttle.begin(account, self._clock, *(() if limit is None else (limit,)))
        except (AccountsUnwritable, OSError):
            if len(self.spool.marks(TRIES)) >= TRIES_UNWRITTEN:
                raise WaitFirst(_UNWRITTEN_WAIT_S) from None
            self.spool.mark(TRIES, account)

    def _forget_tries(self, account: str, *, has_proved_all: bool = True) -> None:
        """Forget wrong tries; without the second step only this one, which was right."""
        self.spool.unmark(TRIES, account)
        throttle = self._desk.practice.throttle
        with contextlib.suppress(AccountsUnwritable, OSError):
            (throttle.succeeded if has_proved_all else throttle.take_back)(account)

    def _opened_by_password(self, user: User | None, password: str) -> tuple[User, KeyRing]:
        """Return the images' keys alone: no others are held, whatever the role."""
        practice = self._desk.practice
        if user is None or not user.is_ready:
            practice.stretch_for_nobody(password)
            raise NotAuthentic
        with practice.open_keys(user.id, password) as ring:
            images = ring.keys.get(KeyName.IMAGES, {})
            return user, KeyRing({KeyName.IMAGES: {n: key.copy() for n, key in images.items()}})

    def _require_theirs(self, user: User, who: Actor) -> None:
        if not user.is_enabled:
            self._refuse(EventKind.LOGIN_FAILED, who, "account disabled")
            raise AccountBlocked
        if user.must_change:  # whoever gave it would look at images in this person's name
            self._refuse(EventKind.LOGIN_FAILED, who, "a first password, not changed yet")
            raise PasswordMustChange
        if not user.role.allows(Permission.EMERGENCY_ACCESS):
            self._refuse(EventKind.LOGIN_FAILED, who, "not for this role")
            raise NotPermitted(user.role.title, "begin an emergency access")

    def _opened_by_code(self, code: EmergencyCode, who: Actor) -> KeyRing:
        practice = self._desk.practice
        practice.refresh()
        code_id = practice.emergency_id(code)
        if practice.is_spent(code) or code_id in self.spool.marks(SPENT):
            self._refuse(EventKind.EMERGENCY_CODE, who, "a code that was used or replaced before")
            raise EmergencyCodeSpent
        try:
            self._count_try(CODE_ACCOUNT, float("inf"))
            keys = practice.open_in_emergency(code)
        except WaitFirst:
            self._refuse(EventKind.EMERGENCY_CODE, who, "too soon after others")
            raise
        except NotAuthentic:
            self._refuse(EventKind.EMERGENCY_CODE, who, "wrong code")
            raise LoginRefused(
                "That is not the code of this workstation.", "Look for the newest envelope."
            ) from None
        self._forget_tries(CODE_ACCOUNT)
        return keys

    def _spend(self, code: EmergencyCode, who: Actor) -> None:
        """Destroy the code before anybody is let in; where that cannot be, mark it elsewhere."""
        practice = self._desk.practice
        try:
            practice.spend_emergency(code).wipe()
        except NotAuthentic:  # another window was faster
            self._refuse(EventKind.EMERGENCY_CODE, who, "a code that was used before")
            raise EmergencyCodeSpent from None
        except (AccountsUnwritable, OSError):
            self.spool.mark(SPENT, practice.emergency_id(code))


def _require_password_is_enough(user: User | None) -> None:
    if user is not None and user.third_share:
        raise EmergencyRefused(
            f"This account opens only together with “{user.third_share}”.",
            "The key is a part of it. Use the sealed code instead.",
        )
