"""The practice at this workstation: accounts, trail, desk and, while somebody is in, the vault."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from pathlib import Path

import attrs
from psygnal import Signal

from viewer.app import forking
from viewer.app.destinations import current_epoch, replacement_of
from viewer.app.drafts import Drafts
from viewer.app.mending import mend_closed
from viewer.app.shadow import Shadow, remove_leftovers, require_free
from viewer.app.undo import UndoStack
from viewer.app.waiting import waiting_places
from viewer.crypto.derive import DEFAULT_STRETCH, Stretch
from viewer.model.errors import BitewingError
from viewer.model.ids import UserId
from viewer.relay.relay import Relay
from viewer.session.accounts import KeyRing, Practice
from viewer.session.audit.events import Actor, Entry, Event, EventKind, Outcome
from viewer.session.audit.reader import TrailReader
from viewer.session.audit.trail import Trail
from viewer.session.audit.verify import Told, untold
from viewer.session.clock import Clock, SystemClock
from viewer.session.desk import Admission, Desk
from viewer.session.errors import (
    AccountsTampered,
    Locked,
    NotLoggedIn,
    NotPermitted,
    PasswordMustChange,
    TrailDamaged,
    TrailUnwritable,
)
from viewer.session.fork import SignedFork
from viewer.session.idle import IdlePolicy, IdleState
from viewer.session.keystore import KeyStore
from viewer.session.permissions import OWNER, KeyName, Permission, Role
from viewer.session.policy import Policies, PolicyStore
from viewer.session.recovery import RecoveryKey
from viewer.session.session import Session
from viewer.vault.backup.restorer import require_finished
from viewer.vault.erasure import ErasureDestinations, NoDestinations
from viewer.vault.errors import StoreClosed, StoreFault
from viewer.vault.records import IsCancelled, VaultKeys, never
from viewer.vault.repair import Mended
from viewer.vault.store import Vault

_log = logging.getLogger(__name__)
_HEAD_EVERY_S = 1.0
_FACTOR_NOW = "the practice asks a second factor of this role now"
_STRICTEST = "the policies were changed outside the program: the strictest hold"


@attrs.frozen
class Founding:
    """What a new practice needs: its name, its first account, and what a guess shall cost."""

    practice_name: str
    officer_name: str
    officer_password: str = attrs.field(repr=False)
    officer_role: str = OWNER
    stretch: Stretch = DEFAULT_STRETCH


class Clinic:
    """One store at one workstation. Any thread, but for the desk's poll and the undo stack.

    The vault is open exactly while somebody is logged in, not locked, and holds the image key.
    """

    closed = Signal()
    """The vault was closed (lock or logoff): drop every array, scene and job now."""

    def __init__(
        self,
        folder: Path,
        keystore: KeyStore,
        *,
        clock: Clock | None = None,
        policy: IdlePolicy | None = None,
    ) -> None:
        """Open the accounts and the trail of a store; nobody is logged in yet.

        `policy` holds instead of the lock times that are kept in the store.

        Raises
        ------
        DeviceSecretMissing, AccountsTampered, NoKeyStore, TrailDamaged, TrailUnwritable
            As they say; nothing is opened.
        """
        self.clock = clock = clock or SystemClock()
        self.folder = folder
        self.keystore = keystore
        require_finished(folder)
        self.practice = _loaded(folder, keystore, clock)
        self.trail = Trail.open_or_wait(folder, keystore, self.practice.id, clock)
        self.relay = Relay(folder, keystore, self.practice.id, clock, self.trail.append)
        self.trail.keep_words(self.relay.take)
        self.trail.listen(lambda _: self.relay.wake())
        self.relay_fault = self._begin_to_relay()
        self.policies = PolicyStore(folder, keystore, self.practice.id)
        self._times = policy
        times = policy or self.policies.now.idle
        self._places = waiting_places(keystore)
        self._shadow: Shadow | None = None
        remove_leftovers(self._places)
        self.desk = Desk(self.practice, self.trail, clock, times, self._places)
        self.desk.needs_factor = self._needs_factor
        self.desk.break_glass.spool.reserve()
        self.undo = UndoStack()
        self.drafts = Drafts(self)
        self.destinations: ErasureDestinations = NoDestinations()
        self._vault: Vault | None = None
        self._has_said_closed = False
        """Whether nothing was opened since: forgetting once more costs who comes next a second."""
        self._reader: TrailReader | None = None
        self._guard = threading.RLock()
        self._head_kept_at: float | None = None
        self._has_ended = False
        self.desk.leaving.connect(self.drafts.keep_at_the_end)
        self.desk.locked.connect(self._on_locked)
        self.desk.logged_off.connect(self._on_logged_off)
        self.desk.ticked.connect(self._on_tick)
        self.desk.emergency_changed.connect(self._on_emergency_changed)
        self._say_started()

    def _say_started(self) -> None:
        """Write that the program started; on a full disk it is owed, since break-glass goes on."""
        self.desk.break_glass.catch_up()
        with suppress(TrailUnwritable):
            self.desk.keep_trail_key()
        self.desk.owe(Entry(EventKind.PROGRAM_STARTED))
        if not self.keystore.protects_a_copied_disk:
            self.desk.owe(Entry(EventKind.KEYSTORE_NOTICE, why=self.keystore.label))
        if self.policies.now.is_damaged:
            self.desk.owe(Entry(EventKind.SET_BACK, outcome=Outcome.REFUSED, why=_STRICTEST))

    def _say_ended(self) -> None:
        """Write, once, that the program ended by itself: a start without it is told in reviews."""
        if not self._has_ended:
            self._has_ended = True
            with suppress(TrailDamaged):  # the next start says so
                self.desk.owe(Entry(EventKind.PROGRAM_ENDED))

    def _begin_to_relay(self) -> BitewingError | None:
        """Begin to send the trail off where that was asked for; what keeps it from that is shown.

        Nobody is locked out for it: the trail here is whole, and who may set the policy anew must
        be able to log in.
        """
        try:
            self.relay.start()
        except BitewingError as fault:
            _log.warning("the trail is not sent off: %s", type(fault).__name__)
            return fault
        return None

    @staticmethod
    def is_founded(folder: Path) -> bool:
        """Whether the folder holds a practice."""
        return Practice.is_founded(folder)

    @staticmethod
    def found(folder: Path, keystore: KeyStore, founding: Founding) -> RecoveryKey:
        """Make a practice: accounts, trail and an empty vault. Returns the key to print once.

        Raises
        ------
        WeakPassword, AccountRefused, NoKeyStore, StoreExists, StoreFault
            Nothing usable is left behind.
        """
        practice, recovery = Practice.create(
            folder,
            keystore,
            founding.practice_name,
            founding.officer_name,
            founding.officer_password,
            officer_role=founding.officer_role,
            stretch=founding.stretch,
        )
        trail = Trail.create(folder, keystore, practice.id, practice.trail_public, SystemClock())
        try:
            trail.append(Entry(EventKind.PRACTICE_FOUNDED))
            officer = practice.users()[0]
            ring = practice.open_keys(officer.id, founding.officer_password)
            try:
                epochs = ring.keys[KeyName.IMAGES]
                Vault.create(folder, VaultKeys(practice.id, epochs, max(epochs)))
            finally:
                ring.wipe()
        finally:
            trail.close()
        return recovery

    @property
    def vault(self) -> Vault:
        """The open store.

        Raises
        ------
        NotLoggedIn, Locked
            Nobody is there to see it.
        """
        vault = self._vault
        if vault is None:
            session = self.desk.session
            raise Locked if session is not None and session.is_locked else NotLoggedIn
        return vault

    @property
    def is_vault_open(self) -> bool:
        """Whether somebody may see images now."""
        return self._vault is not None

    def check(self, name_or_id: str, password: str, code: str = "") -> Admission:
        """Check a password and write it into the trail: ~0.4 s, any thread, admits nobody yet.

        Raises
        ------
        LoginRefused, WaitFirst, AccountBlocked, TrailUnwritable, AccountsTampered
            Nobody is admitted.
        """
        return self.desk.check(name_or_id, password, code)

    def check_in_emergency(self, name_or_id: str, password: str, reason: str) -> Admission:
        """Check a password where the second step is out of reach: for the list and images alone.

        Raises
        ------
        EmergencyRefused, LoginRefused, WaitFirst, AccountBlocked, NotPermitted
            Not this person, or not in this way.
        TrailUnwritable, AccountsTampered, DeviceSecretMissing, NoKeyStore
            Nobody can be admitted now.
        """
        let_in = self.desk.break_glass.check_password(name_or_id, password, reason)
        return Admission.in_emergency(let_in)

    def check_emergency_code(self, typed: str, name: str, reason: str) -> Admission:
        """Check the sealed code, which its use destroys: for the list and images alone.

        Raises
        ------
        EmergencyRefused, LoginRefused, WaitFirst
            Not this code, or not now.
        TrailUnwritable, AccountsTampered, DeviceSecretMissing, NoKeyStore, StoreInUse
            Nobody can be admitted now, and the code was not used.
        """
        if self._vault is None:
            require_free(self.folder)  # a code is not used up for a store that cannot be opened
        return Admission.in_emergency(self.desk.break_glass.check_code(typed, name, reason))

    def write(self, entry: Entry, session: Session | None) -> Event:
        """Commit an entry of a session; in an emergency it may wait where the trail cannot.

        Raises
        ------
        TrailUnwritable
            It is not kept: what it is about must not be done.
        """
        return self.desk.break_glass.write(entry, session)

    def check_quick(self, user_id: UserId, pin: str) -> Admission:
        """Check a quick PIN, as `check` checks a password.

        Raises
        ------
        QuickRefused, QuickGone, WaitFirst, AccountBlocked, TrailUnwritable, AccountsTampered
            Nobody is admitted.
        """
        return self.desk.check_quick(user_id, pin)

    def check_tap(self, user_id: UserId) -> Admission:
        """Wait for the tap of the security key that was set for this shift.

        Raises
        ------
        ThirdShareMissing and the others of `check_quick`
            Nobody is admitted.
        """
        return self.desk.check_tap(user_id)

    def admit(self, admission: Admission) -> Session:
        """Open or unlock the session, and the vault if the role holds its key. Main thread.

        Raises
        ------
        StoreInUse, StoreDamaged, StoreFault
            The store could not be opened; the session was ended.
        """
        session = self.desk.admit(admission)
        self._open_vault(session)
        return session

    def log_in(self, name_or_id: str, password: str, code: str = "") -> Session:
        """Check and admit in one, where nobody waits in front of a window."""
        return self.admit(self.check(name_or_id, password, code))

    def log_in_to_repair(self, name_or_id: str, password: str, code: str = "") -> Session:
        """Log in and leave the store closed, since it may not open: `repair_store` opens it."""
        return self.desk.admit(self.check(name_or_id, password, code))

    def mend_closed(self, session: Session, is_cancelled: IsCancelled) -> Mended:
        """Close the store, repair what keeps it from opening, and open it again.

        Raises
        ------
        StoreDamaged, RolledBack, StoreFault, TrailUnwritable, Cancelled
            It could not be repaired and stays closed.
        """
        self._close_vault()
        epochs = session.epochs(KeyName.IMAGES)
        keys = VaultKeys(self.practice.id, epochs, max(epochs))
        grounds = forking.Grounds(session.actor, "repair of the store", self.clock.wall())
        try:
            mended = mend_closed(
                self.folder, self.keystore, self.trail, keys, grounds, is_cancelled
            )
        finally:
            keys.wipe()
        self._open_vault(session)
        return mended

    def lock(self, why: str = "by the user") -> None:
        """Close the vault and wipe the keys. Always succeeds."""
        self.desk.say_leaving()
        self._close_vault()
        self.desk.lock(why)

    def log_off(self, why: str = "by the user") -> None:
        """End the session. Always succeeds."""
        self.desk.say_leaving()
        self._close_vault()
        self.desk.log_off(why)

    @property
    def is_trail_open(self) -> bool:
        """Whether the trail was opened for reading and not closed by a lock since."""
        return self._reader is not None

    def trail_reader(self) -> TrailReader:
        """The reader that the use case `open_trail` made.

        Raises
        ------
        Locked
            It was not opened, or the workstation was locked since.
        """
        if self._reader is None:
            raise Locked
        return self._reader

    def open_trail_reader(self, session: Session, told: Told = untold) -> TrailReader:
        """Make the reader for a session that holds the trail key, and bring it up to date.

        The first time that takes seconds for a million entries; `told` hears of it and may raise to
        stop it. A lock does not wait for it.
        """
        with self._guard:
            ring = KeyRing({KeyName.TRAIL: session.epochs(KeyName.TRAIL)})
            oldest_first = [key for _, key in sorted(ring.keys[KeyName.TRAIL].items())]
            if self._reader is None:
                self._reader = TrailReader(self.folder, *reversed(oldest_first))
            reader = self._reader
        with ring:
            for key in oldest_first:
                reader.take_key(key)
        reader.refresh(told)
        return reader

    def renew_trail_key(self, session: Session) -> None:
        """Begin a new epoch of the trail's key, and its next segment, which only that key reads.

        Older epochs stay: they open the segments before.

        Raises
        ------
        AccountRefused, AccountsUnwritable, AccountsTampered
            Nothing was changed.
        TrailUnwritable
            The key is new, but the segment is not: the desk's next poll or the next start begins
            it.
        """
        session.begin_epoch([KeyName.TRAIL])
        self.desk.keep_trail_key(session.actor)
        if self._reader is not None:
            self.open_trail_reader(session)

    def close(self) -> None:
        """Log off and let go of everything. Safe to call twice."""
        if self.desk.session is not None:
            self.log_off("program ended")
        self._close_vault()
        self._say_ended()
        with suppress(TrailUnwritable):  # what is not signed yet is signed at the next start
            self.trail.close()
        self.relay.stop()

    def _open_vault(self, session: Session) -> None:
        self._has_said_closed = False
        with self._guard:
            if self._vault is not None or KeyName.IMAGES not in session.role.holds:
                return
            epochs = session.epochs(KeyName.IMAGES)
            keys = VaultKeys(self.practice.id, epochs, max(epochs))
            try:
                self._vault = self._opened_store(session, keys)
                self._vault.keeping.now = self.clock.wall
                self.destinations = self._vault.backups.erasure(
                    lambda: replacement_of(self.practice), lambda: current_epoch(self.practice)
                )
                for source in self._vault.backups.sources(self.practice.id):
                    self._vault.keeping.connect(source)
            except Exception:
                self.desk.log_off("the store could not be opened")
                raise
            finally:
                keys.wipe()

    def _opened_store(self, session: Session, keys: VaultKeys) -> Vault:
        try:
            return forking.open_store(self.folder, self.keystore, self.trail, keys)
        except StoreFault:
            if session.emergency is None:
                raise
            self._shadow = Shadow(self.folder, self.keystore, keys, self._places)
            return self._shadow.vault

    def _close_shadow(self) -> bool:
        shadow, self._shadow = self._shadow, None
        if shadow is not None:
            shadow.close()
        return shadow is not None

    def _close_vault(self) -> None:
        with self._guard:
            vault, self._vault = self._vault, None
            reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
        if vault is not None and not self._close_shadow():
            try:
                self.keep_catalog_head(vault)
            except BitewingError as fault:  # a lock never waits for a key store or a disk
                _log.warning("catalog head not kept: %s", type(fault).__name__)
            finally:
                vault.close()
        if vault is not None or reader is not None or not self._has_said_closed:
            self._has_said_closed = True
            self.closed.emit()

    def keep_catalog_head(self, vault: Vault) -> None:
        """Keep where the catalog's history stands outside the store; not of an emergency's copy."""
        if self._shadow is not None and vault is self._shadow.vault:
            return
        head = forking.head_of(vault.head())
        self.keystore.write_head(self.practice.id, forking.CATALOG_HEAD, head)

    def keep_catalog_head_soon(self) -> None:
        """Keep it if that was not done within the last second: during work that goes on for long.

        What a catalog that was put back does not list would be taken for the rest of a killed
        write, so the head outside may not be hours old while much is being written.
        """
        now, last, vault = time.monotonic(), self._head_kept_at, self._vault
        if vault is None or (last is not None and now - last < _HEAD_EVERY_S):
            return
        self._head_kept_at = now
        try:
            self.keep_catalog_head(vault)
        except BitewingError as fault:  # asked again a second later, and at the end
            _log.warning("catalog head not kept: %s", type(fault).__name__)

    def keep_spare_copy(self, is_cancelled: IsCancelled = never) -> bool:
        """Copy the catalog where that is due and worth its time; return whether it was.

        What fails is tried again the next time, and a check says when there is no copy.
        """
        vault = self._vault
        try:
            return vault is not None and vault.spare.refresh_if_due(is_cancelled)
        except StoreClosed:  # locked meanwhile
            return False
        except BitewingError as fault:
            _log.warning("spare catalog not made: %s", type(fault).__name__)
            return False

    def accept_fork(
        self, name_or_id: str, password: str, why: str, code: str = ""
    ) -> SignedFork | None:
        """Authorise a catalog that was set back, as it lies there: by somebody who manages keys.

        Nobody needs to be logged in, since with such a catalog nobody can be. None: it was not set
        back at all. `forking.authorise` is the same for who replaces the catalog himself.

        Raises
        ------
        LoginRefused, NotPermitted
            Not by this person.
        StoreInUse, StoreDamaged, StoreFault, TrailUnwritable
            Nothing was authorised.
        """
        admission = self.desk.check(name_or_id, password, code)
        user, who = (
            admission.user,
            Actor(admission.user.id, admission.user.display_name, admission.user.role.title),
        )
        with admission.keys as ring:
            if not user.role.allows(Permission.MANAGE_KEYS):
                self.trail.append(Entry(EventKind.REFUSED, who, Outcome.REFUSED, why="accept fork"))
                raise NotPermitted(user.role.title, Permission.MANAGE_KEYS.value)
            if user.must_change:
                raise PasswordMustChange
            epochs = ring.keys[KeyName.IMAGES]
            keys = VaultKeys(self.practice.id, epochs, max(epochs))
            grounds = forking.Grounds(who, why, self.clock.wall())
            return forking.go_on_from_here(self.folder, self.keystore, self.trail, keys, grounds)

    def keep_policies(self, wanted: Policies) -> Policies:
        """Keep other policies; they hold at once. Returns those before.

        Raises
        ------
        PolicyRefused
            One is out of bounds.
        AccountsUnwritable, DeviceSecretMissing, NoKeyStore
            Nothing was changed.
        """
        before = self.policies.set(wanted, self.practice.roles())
        self._follow_policies()
        return before

    def _on_tick(self, _: IdleState) -> None:
        """Follow what another process of this workstation set."""
        try:
            has_changed = self.policies.refresh()
            if has_changed and self.policies.now.is_damaged:
                self.trail.append(
                    Entry(EventKind.SET_BACK, outcome=Outcome.REFUSED, why=_STRICTEST)
                )
        except BitewingError as fault:  # those before go on
            _log.warning("policies not read: %s", type(fault).__name__)
            has_changed = False
        self._follow_policies()
        session = self.desk.session
        is_open = session is not None and not session.is_locked
        if has_changed and is_open and self.desk.lacks_factor(Permission.VIEW_IMAGES):
            self.desk.lock(_FACTOR_NOW)  # a window made before would ask for what is refused now

    def _needs_factor(self, role: Role) -> bool:
        """Whether a role has to have a second factor; who may mend damaged policies goes on."""
        now = self.policies.now
        is_to_mend = now.is_damaged and role.allows(Permission.MANAGE_POLICIES)
        return now.needs_factor(role.id) and not is_to_mend

    def _follow_policies(self) -> None:
        if self._times is None:
            self.desk.idle.policy = self.policies.now.idle

    def _on_emergency_changed(self, session: Session) -> None:
        """Overwrite what was seen in an emergency that ended: the session itself goes on."""
        if session.emergency is not None:
            return
        self._close_vault()
        try:
            self._open_vault(session)
        except BitewingError as fault:  # the session was logged off
            _log.warning("store not opened again: %s", type(fault).__name__)

    def _on_locked(self, _: Session) -> None:
        self._close_vault()

    def _on_logged_off(self, _: Session) -> None:
        self._close_vault()
        self.undo.clear()


def _loaded(folder: Path, keystore: KeyStore, clock: Clock) -> Practice:
    try:
        return Practice.load(folder, keystore)
    except AccountsTampered:
        what = "the accounts are not what was written last"
        forking.note_set_back(folder, keystore, clock, what)
        raise
