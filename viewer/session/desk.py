"""The desk: log in, lock, unlock, log off. Throttled, and in the trail before it takes effect."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from math import isinf
from pathlib import Path

import attrs
from psygnal import EmitLoopError, Signal

from viewer.crypto.derive import digest
from viewer.crypto.errors import NotAuthentic
from viewer.model.errors import BitewingError
from viewer.model.ids import UserId
from viewer.session.accounts import KeyRing, Practice, User
from viewer.session.audit.events import PROGRAM, Actor, Entry, EventKind, Outcome
from viewer.session.audit.trail import Trail
from viewer.session.book import TOTP
from viewer.session.break_glass import BreakGlass, LetIn
from viewer.session.clock import Clock
from viewer.session.emergency import Emergency
from viewer.session.errors import (
    AccountBlocked,
    AccountRefused,
    AccountsTampered,
    AccountsUnwritable,
    CodeRefused,
    DeviceSecretMissing,
    FactorMissing,
    LoginRefused,
    NoKeyStore,
    NotLoggedIn,
    NotPermitted,
    PasswordFirst,
    QuickGone,
    ThirdShareMissing,
    TrailUnwritable,
    WaitFirst,
)
from viewer.session.idle import OPERATORY, IdleClock, IdlePhase, IdlePolicy, IdleState
from viewer.session.opened import Opened
from viewer.session.permissions import KeyName, Permission, Role
from viewer.session.pins import require_good_pin
from viewer.session.session import Session
from viewer.session.shift import PIN, TAP, QuickWays, Shift

_log = logging.getLogger(__name__)
_SWITCH = "another user logged in"
_WITHOUT_FACTOR = frozenset(
    {Permission.LOGGED_IN, Permission.MANAGE_POLICIES, Permission.EMERGENCY_ACCESS}
)
"""What goes on for whoever still has to set up a second factor: to do so, and what may not wait."""
_WHY_REFUSED: dict[type[Exception], str] = {
    WaitFirst: "too soon after others",
    AccountBlocked: "account blocked",
    QuickGone: "there is none any more",
    ThirdShareMissing: "the key did not answer",
}
_WHY_NOBODY: dict[type[Exception], str] = {
    AccountsTampered: "nobody is let in: a file of the accounts was changed, set back or removed",
    DeviceSecretMissing: "nobody is let in: the key store does not hold this workstation's key",
    NoKeyStore: "nobody is let in: there is no key store",
    AccountsUnwritable: "nobody is let in: a try cannot be counted",
}


def _quick_account(user_id: UserId) -> str:
    """What wrong quick PINs count for: a right one does not forgive wrong passwords."""
    return f"quick-{user_id}"


def _refusal(user: User | None, code: str) -> LoginRefused:
    """One message whatever was wrong; it speaks of a code where one is asked for or was given."""
    if code or (user is not None and TOTP in user.second_factors):
        return LoginRefused("Name, password and code do not match.")
    return LoginRefused()


@attrs.frozen(eq=False)
class Admission:
    """Somebody whose password was right, on the way from `Desk.check` to `Desk.admit`."""

    user: User
    keys: KeyRing
    is_unlock: bool
    is_quick: bool = False
    """Whether a quick PIN or a key's tap was enough."""
    emergency: Emergency | None = None
    is_visitor: bool = False

    @classmethod
    def in_emergency(cls, let_in: LetIn) -> Admission:
        """Admit whom break-glass lets in: for that alone."""
        return cls(
            let_in.user,
            let_in.keys,
            is_unlock=False,
            emergency=let_in.emergency,
            is_visitor=let_in.is_visitor,
        )


class Desk:
    """Log in, lock, unlock, log off. Main thread only, but `check` and `require`, which any may.

    Locking and logging off always succeed: the keys are gone first. If the trail cannot be written
    then, the entry is owed and goes in before anybody gets in again.
    """

    logged_in = Signal(Session)
    leaving = Signal(Session)
    """About to lock or log off: the last moment with keys. Be quick, and raise nothing."""
    locked = Signal(Session)
    unlocked = Signal(Session)
    logged_off = Signal(Session)
    ticked = Signal(IdleState)
    emergency_changed = Signal(Session)
    """An emergency access began or ended in a session that goes on."""

    def __init__(
        self,
        practice: Practice,
        trail: Trail,
        clock: Clock,
        policy: IdlePolicy = OPERATORY,
        waiting_places: Sequence[Path] = (),
    ) -> None:
        self.practice = practice
        self.trail = trail
        self.idle = IdleClock(policy, clock)
        self.shift = Shift(practice, clock, on_end=self._on_quick_end)
        self._clock = self.clock = clock
        self.needs_factor: Callable[[Role], bool] = lambda _role: False
        """Whether a role has to have a second factor; the clinic says what its policies ask."""
        self._session: Session | None = None
        self._proved: tuple[UserId, float] | None = None
        self._has_said_leaving = False
        self._owed: list[Entry] = []
        self._turn = threading.Lock()
        self.break_glass = BreakGlass(self, waiting_places)
        trail.before_append = self.break_glass.settle

    @property
    def session(self) -> Session | None:
        """The open or locked session, if any."""
        return self._session

    def require(self, permission: Permission) -> Session | None:
        """Take the gate's first step: None for OPEN_TO_ALL, else the session that may do it.

        Raises
        ------
        NotLoggedIn, Locked, NotPermitted
            It may not be done now, or not by this user.
        FactorMissing
            The practice asks a second factor of the role, and there is none.
        """
        if permission is Permission.OPEN_TO_ALL:
            return None
        session = self._session
        if session is None:
            raise NotLoggedIn
        session.require(permission)
        if self.lacks_factor(permission):
            raise FactorMissing
        return session

    def lacks_factor(self, permission: Permission) -> bool:
        """Whether a second factor that is asked of whoever is in keeps this from being done."""
        session = self._session
        if session is None or session.emergency is not None or permission in _WITHOUT_FACTOR:
            return False
        now = session.user_now()
        return not now.has_second_factor and self.needs_factor(now.role)

    def announce(self, version: str) -> None:
        """Write into the trail that the program started, and if the key store is a plain file.

        Raises
        ------
        TrailUnwritable
            The trail cannot be written.
        """
        self.trail.append(Entry(EventKind.PROGRAM_STARTED, why=f"version {version}"))
        keystore = self.practice.keystore
        if not keystore.protects_a_copied_disk:
            self.trail.append(Entry(EventKind.KEYSTORE_NOTICE, why=keystore.label))

    def keep_trail_key(self, who: Actor = PROGRAM) -> bool:
        """Go on in the trail's next segment if its key was renewed; whether it did.

        Also ends what a crash interrupted between the new key and the new segment. Any thread.

        Raises
        ------
        TrailUnwritable, TrailDamaged
            The open segment goes on.
        """
        if self.trail.trail_public == self.practice.trail_public:
            return False
        publics = self.practice.publics(KeyName.TRAIL)
        if not self.trail.begin_segment([publics[number] for number in sorted(publics)]):
            return False
        why = f"trail: part {self.trail.segment} begins, under a new key"
        self.trail.append(Entry(EventKind.KEYS_ROTATED, who, why=why))
        return True

    # --- in ----------------------------------------------------------------------------------

    def wait_s(self, name_or_id: str) -> float:
        """Seconds until another password is taken for this account; infinity: blocked."""
        return self.practice.throttle.wait_s(self.account_of(name_or_id)[1], self._clock)

    def check(self, name_or_id: str, password: str, code: str = "") -> Admission:
        """Check a password and write it into the trail: ~0.3 s, any thread, changes no session.

        `code` is the second step, where the account asks for one (`User.second_factors`): from the
        authenticator app, or a recovery code. Password and code are one try, with one answer.

        Raises
        ------
        LoginRefused, WaitFirst, AccountBlocked
            Not admitted, in one message for a wrong name and a wrong password.
        ThirdShareMissing
            The account also needs a third share, and it does not answer.
        TrailUnwritable, AccountsTampered, AccountsUnwritable, DeviceSecretMissing, NoKeyStore
            Nobody can be admitted now.
        """
        try:
            return self._checked(name_or_id, password, code)
        except tuple(_WHY_NOBODY) as fault:
            why = next(words for kind, words in _WHY_NOBODY.items() if isinstance(fault, kind))
            self._note(Entry(EventKind.LOGIN_FAILED, PROGRAM, Outcome.FAILED, why=why))
            raise

    def _checked(self, name_or_id: str, password: str, code: str) -> Admission:
        user, account = self.account_of(name_or_id)
        who = Actor(user.id, user.display_name, user.role.title) if user else PROGRAM
        is_unlock = self._is_unlock(who.user_id)
        failed = EventKind.UNLOCK_FAILED if is_unlock else EventKind.LOGIN_FAILED
        self._settle()
        try:
            known, opened = self._try_steps(user, account, password, code)
        except (WaitFirst, AccountBlocked) as refused:
            self.trail.append(Entry(failed, who, Outcome.REFUSED, why=_WHY_REFUSED[type(refused)]))
            raise
        except ThirdShareMissing:
            self.trail.append(Entry(failed, who, Outcome.REFUSED, why="third share missing"))
            raise
        except CodeRefused as refused:
            self.trail.append(Entry(failed, who, Outcome.REFUSED, why=refused.why))
            raise _refusal(user, code) from None
        except NotAuthentic:
            why = "wrong password" if user else "unknown name"
            self.trail.append(Entry(failed, who, Outcome.REFUSED, why=why))
            raise _refusal(user, code) from None
        if opened.by_code:
            self._tell_code_used(known, who, opened)
        return self._admission(known, opened.ring, is_unlock=is_unlock)

    def admit(self, admission: Admission) -> Session:
        """Open the session, or unlock it if it is the same user's. Main thread.

        A session of somebody else is logged off first.
        """
        user, keys = admission.user, admission.keys
        self.idle.restart()
        is_proved = not admission.is_quick and admission.emergency is None
        self._proved = (user.id, self._clock.boot_s()) if is_proved else None
        session = self._session
        is_same = session is not None and session.is_locked and session.user.id == user.id
        if session is not None and is_same and admission.emergency is None:
            session.give_keys(user, keys)
            self._has_said_leaving = False
            self.unlocked.emit(session)
            return session
        self.log_off(_SWITCH)
        self._has_said_leaving = False
        session = Session(
            self.practice, user, keys, self._clock.wall(), is_visitor=admission.is_visitor
        )
        if admission.emergency is not None:
            session.begin_emergency(admission.emergency)
        self._session = session
        self.logged_in.emit(session)
        return session

    def log_in(self, name_or_id: str, password: str, code: str = "") -> Session:
        """Check and admit in one, for whoever need not stay responsive.

        Raises
        ------
        LoginRefused and the others of `check`
            Not admitted.
        """
        return self.admit(self.check(name_or_id, password, code))

    def unlock(self, password: str, code: str = "") -> Session:
        """Open the locked session again, with fresh keys and new tickets.

        Raises
        ------
        NotLoggedIn
            Nobody is to be unlocked.
        LoginRefused and the others of `check`
            Not admitted.
        """
        if self._session is None:
            raise NotLoggedIn
        return self.log_in(self._session.user.id, password, code)

    # --- quick ways in, within one shift -----------------------------------------------------

    def quick_ways(self, user_id: UserId) -> QuickWays:
        """What somebody can get in by in this shift, besides the password."""
        return self.shift.ways(user_id)

    def quick_wait_s(self, user_id: UserId) -> float:
        """Seconds until another quick PIN is taken."""
        return self.practice.throttle.wait_s(_quick_account(user_id), self._clock)

    def check_quick(self, user_id: UserId, pin: str) -> Admission:
        """Check a quick PIN and write it into the trail: ~0.3 s, any thread, changes no session.

        Raises
        ------
        QuickRefused
            A wrong one, with the number of tries that are left.
        QuickGone
            There is none (any more): the password is needed.
        WaitFirst, AccountBlocked, TrailUnwritable, AccountsTampered, DeviceSecretMissing
            As for `check`.
        """
        return self._check_quick(user_id, PIN, lambda: self.shift.open_with_pin(user_id, pin))

    def check_tap(self, user_id: UserId) -> Admission:
        """As `check_quick`, by the tap of the security key: waits for it, so use a worker.

        Raises
        ------
        ThirdShareMissing
            It is not plugged in or was not touched.
        QuickRefused, QuickGone and the others of `check_quick`
            Not admitted.
        """
        return self._check_quick(user_id, TAP, lambda: self.shift.open_with_tap(user_id))

    def is_fresh(self) -> bool:
        """Whether whoever is in has just given the password, so that it need not be given again."""
        session = self._session
        if session is None or self._proved is None or self._proved[0] != session.user.id:
            return False
        return 0 <= self._clock.boot_s() - self._proved[1] <= self.shift.policy.fresh_s

    def set_quick_pin(self, pin: str, password: str = "") -> None:
        """Let whoever is in come back with a PIN until the shift ends: ~0.3 s, any thread.

        Somebody who finds the workstation open cannot: the password has just been given, or is
        given once more.

        Raises
        ------
        NotLoggedIn, Locked
            There is nobody to set it for.
        WeakPin
            The PIN is not taken.
        PasswordFirst
            It was too long ago that the password was given.
        LoginRefused, WaitFirst, AccountBlocked
            The password is wrong.
        NotPermitted
            Emergency access, which is no role of this person's, sets none.
        """
        require_good_pin(pin)
        session = self._prove_it_is(password)
        with session.lent_keys() as ring:
            self.shift.keep_pin(session.user, ring, pin)

    def set_quick_tap(self, share_id: str = "", password: str = "") -> None:
        """Let whoever is in come back with the tap of a security key until the shift ends.

        Without an id it is the key that the account itself asks for.

        Raises
        ------
        ThirdShareMissing
            There is no such key within reach, or it was not touched.
        NotLoggedIn, Locked and the others of `set_quick_pin`
            Nothing was set.
        """
        session = self._prove_it_is(password)
        share = self.practice.third_shares.get(share_id) if share_id else None
        share = share or self.practice.share_of(session.user.id)
        if share is None or share_id not in ("", share.id):
            raise ThirdShareMissing("security key")
        with session.lent_keys() as ring:
            self.shift.keep_tap(session.user, ring, share)

    def drop_quick(self, user_id: UserId, why: str = "by the user") -> None:
        """End one person's quick ways in."""
        self.shift.drop(user_id, why)

    def end_shift(self, why: str) -> None:
        """End everybody's: the machine sleeps, its own lock came down, or the day is over."""
        self.shift.end(why)

    def can_set_quick(self) -> bool:
        """Whether whoever is in may set one: as the account says, not in emergency access."""
        session = self._session
        try:
            user = self.practice.user(session.user.id) if session is not None else None
        except AccountRefused:
            return False
        return (
            session is not None
            and user is not None
            and session.emergency is None
            and session.role == user.role
            and not user.must_change
        )

    def _prove_it_is(self, password: str) -> Session:
        session = self._session
        if session is None:
            raise NotLoggedIn
        session.require(Permission.LOGGED_IN)
        user_id = session.user.id
        if not self.can_set_quick():
            raise NotPermitted(session.role.title, "set a quick way in")
        if self.is_fresh():
            return session
        if TOTP in session.user.second_factors:
            raise PasswordFirst("Lock, and unlock with password and code; then set it.")
        if not password:
            raise PasswordFirst
        self.practice.throttle.begin(user_id, self._clock)
        try:
            self.practice.open_keys(user_id, password).wipe()
        except NotAuthentic:
            raise LoginRefused("That is not your password.") from None
        self.practice.throttle.succeeded(user_id)
        return session

    def _check_quick(
        self, user_id: UserId, way: str, open_keys: Callable[[], KeyRing]
    ) -> Admission:
        user = self.account_of(user_id)[0]
        if user is None:
            raise QuickGone
        who = Actor(user.id, user.display_name, user.role.title)
        is_unlock = self._is_unlock(user.id)
        failed = EventKind.UNLOCK_FAILED if is_unlock else EventKind.LOGIN_FAILED
        self._settle()
        try:
            if isinf(self.wait_s(user.id)):
                raise AccountBlocked
            self.practice.throttle.begin(_quick_account(user.id), self._clock)
            keys = open_keys()
        except (LoginRefused, ThirdShareMissing) as fault:
            why = f"{way}: {_WHY_REFUSED.get(type(fault), 'wrong')}"
            self.trail.append(Entry(failed, who, Outcome.REFUSED, why=why))
            if isinstance(fault, QuickGone | ThirdShareMissing):
                self.practice.throttle.succeeded(_quick_account(user.id))  # nothing was guessed at
            raise
        return self._admission(user, keys, is_unlock=is_unlock, quick=way)

    def _is_unlock(self, user_id: UserId | None) -> bool:
        session = self._session
        return session is not None and session.is_locked and session.user.id == user_id

    def _on_quick_end(self, user: User, why: str) -> None:
        who = Actor(user.id, user.display_name, user.role.title)
        self._note(Entry(EventKind.QUICK_PIN, who, why=f"ended: {why}"))

    # --- out ---------------------------------------------------------------------------------

    def say_leaving(self) -> None:
        """Give whoever listens the last moment with keys, once; nothing keeps a lock from coming.

        `lock` and `log_off` do it; so does who takes more than the keys away and begins with that.
        """
        session = self._session
        if session is None or session.is_locked or self._has_said_leaving:
            return
        self._has_said_leaving = True
        try:
            self.leaving.emit(session)
        except EmitLoopError as fault:
            _log.warning("not done before the lock: %s", type(fault.__cause__).__name__)

    def lock(self, why: str = "by the user") -> None:
        """Wipe the keys, then say so. Always succeeds; nothing to lock is no error."""
        session = self._session
        if session is None or session.is_locked:
            return
        if session.emergency is not None and session.emergency.is_alone:
            self.log_off(why)  # there is nobody to unlock it
            return
        self.say_leaving()
        session.wipe_keys()
        self.break_glass.tell_end(session, "by the lock")
        self._note(Entry(EventKind.LOCK, session.actor, why=why))
        self.locked.emit(session)

    def log_off(self, why: str = "by the user") -> None:
        """Wipe the keys and end the session. Always succeeds; nobody there is no error."""
        self.say_leaving()
        session, self._session = self._session, None
        if session is None:
            return
        session.end()
        if why != _SWITCH and (session.emergency is None or not session.emergency.is_alone):
            self.shift.drop(session.user.id, "logged off")
        in_emergency = session.emergency is not None
        self.break_glass.tell_end(session, why)
        self._note(Entry(EventKind.LOGOFF, session.actor, why=why), in_emergency=in_emergency)
        self.logged_off.emit(session)

    def activity(self) -> None:
        """A person touched the workstation."""
        self.idle.activity()

    def poll(self) -> IdleState:
        """Call each second: counts down, locks and logs off by policy, signs the trail.

        Raises
        ------
        AccountsTampered
            The accounts were changed under us; the session was logged off.
        """
        state = self.idle.poll()
        session = self._session
        if state.phase is IdlePhase.LOG_OFF:
            self.end_shift("nobody touched the workstation")
        self.shift.keep_up()
        if session is not None:
            self._end_what_is_due(session, state)
        self._keep_trail()
        self.ticked.emit(state)
        return state

    # --- inside ------------------------------------------------------------------------------

    def _end_what_is_due(self, session: Session, state: IdleState) -> None:
        try:
            self.practice.refresh()
            is_enabled = session.user_now().is_enabled
        except BitewingError:
            self.log_off("the accounts could not be read")
            raise
        if not is_enabled:
            self.log_off("the account was disabled")
        elif state.phase is IdlePhase.LOG_OFF:
            self.log_off("nobody touched the workstation")
        elif state.phase is IdlePhase.LOCK:
            self.lock("nobody touched the workstation")
        elif session.keep_up():
            self.lock("the keys of the practice were renewed")
        else:
            self.break_glass.poll()

    def account_of(self, name_or_id: str) -> tuple[User | None, str]:
        """Return the user, and the account that failures count for.

        Unknown names share so many that nobody fills them: one that was tried answers like a known
        one that was tried as often, and one that was not like a known one that was not.
        """
        try:
            user = self.practice.user(name_or_id)
        except AccountRefused:
            return None, f"unknown-{digest(name_or_id.encode())[:2].hex()[1:]}"
        return user, user.id

    def _try_steps(
        self, user: User | None, account: str, password: str, code: str
    ) -> tuple[User, Opened]:
        """Try all that somebody gave, as one try. A key that does not answer is none."""
        with ExitStack() as wiped:
            share = None
            if user is not None and self.practice.throttle.wait_s(account, self._clock) == 0:
                share = self.practice.answered_share(user.id, code)
            if share is not None:
                wiped.enter_context(share)
            self.practice.throttle.begin(account, self._clock)
            if user is None or not user.is_ready:
                self.practice.stretch_for_nobody(password)
                raise NotAuthentic
            opened = self.practice.open_in_steps(user.id, password, code, self._clock, share)
        opened.private.wipe()
        return self.practice.user(user.id), opened

    def _tell_code_used(self, user: User, who: Actor, opened: Opened) -> None:
        why = f"recovery code used, {user.codes_left} left"
        try:
            self.trail.append(Entry(EventKind.FACTOR_CHANGED, who, objects=(user.id,), why=why))
        except BaseException:
            opened.wipe()
            raise

    def _admission(
        self, user: User, keys: KeyRing, *, is_unlock: bool, quick: str = ""
    ) -> Admission:
        """Return the admission once it is in the trail; else the keys are wiped again."""
        kind = EventKind.UNLOCK if is_unlock else EventKind.LOGIN
        who = Actor(user.id, user.display_name, user.role.title)
        with ExitStack() as undo:
            undo.callback(keys.wipe)
            self.practice.throttle.succeeded(_quick_account(user.id) if quick else user.id)
            if not user.is_enabled:
                why = "account disabled"
                self.trail.append(Entry(EventKind.LOGIN_FAILED, who, Outcome.REFUSED, why=why))
                raise AccountBlocked
            self.trail.append(Entry(kind, who, why=quick))
            undo.pop_all()
        return Admission(user, keys, is_unlock, bool(quick))

    def owe(self, entry: Entry) -> None:
        """Append what has happened already; if that fails, it goes in before anybody gets in."""
        self._note(entry)

    def _note(self, entry: Entry, *, in_emergency: bool = False) -> None:
        """Append what has happened already; if that fails, it is owed, or waits in the spool."""
        if in_emergency:
            self.break_glass.note(entry)
            return
        with self._turn:
            self._owed.append(entry)
        try:
            self._settle()
        except TrailUnwritable:
            return  # `check` settles first, so nobody gets in before it is written

    def _settle(self) -> None:
        with self._turn:
            while self._owed:
                self.trail.append(self._owed[0])
                self._owed.pop(0)

    def _keep_trail(self) -> None:
        self.break_glass.catch_up()
        try:
            self._settle()
            self.keep_trail_key()
            self.trail.checkpoint_if_due()
        except TrailUnwritable:
            return  # the next use case is refused, with the message
