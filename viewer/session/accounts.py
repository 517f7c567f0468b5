"""The practice's accounts: who there is, what they may, and which keys are sealed to them."""

from __future__ import annotations

import secrets
from pathlib import Path

import attrs

from viewer.crypto.derive import DEFAULT_STRETCH, Stretch, stretch_password
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import new_sealing_pair
from viewer.crypto.secret import Secret
from viewer.model.ids import UserId, new_id
from viewer.session import epochs
from viewer.session.book import (
    RECOVERY,
    SALT_BYTES,
    Book,
    UserRow,
    unwrap_user_key,
    wrap_user_key,
)
from viewer.session.clock import Clock, SystemClock
from viewer.session.device import require_device_secret
from viewer.session.errors import AccountRefused, AccountsTampered, AccountsUnwritable
from viewer.session.holders import (
    KeyRing,
    User,
    empty_book,
    login_name,
    open_all,
    role_of,
    sealed_to,
    still_managed,
)
from viewer.session.keystore import KeyStore
from viewer.session.ledger import FILE, unproved_book
from viewer.session.passwords import Advice, advise, require_good_password
from viewer.session.permissions import OWNER, KeyName, Permission
from viewer.session.recovery import RecoveryKey
from viewer.session.rekeying import KeyLedger

__all__ = ["KeyRing", "Practice", "User"]


class Practice(KeyLedger):
    """The accounts of one store, loaded and authenticated. Safe from any thread.

    Changes are on disk when a method returns. Who may change what is the gate's business, but keys
    are handed on only by somebody who holds them.
    """

    @classmethod
    def create(
        cls,
        folder: Path,
        keystore: KeyStore,
        practice_name: str,
        officer_name: str,
        officer_password: str,
        *,
        officer_role: str = OWNER,
        stretch: Stretch = DEFAULT_STRETCH,
    ) -> tuple[Practice, RecoveryKey]:
        """Found a practice with its first account and its keys.

        Raises
        ------
        AccountRefused
            There is a practice already, a name is empty, or the role manages no accounts.
        WeakPassword
            The password is not taken.
        NoKeyStore, AccountsUnwritable
            Nothing was founded.
        """
        if cls.is_founded(folder):
            raise AccountRefused("There is a practice in this folder already.")
        if not practice_name.strip():
            raise AccountRefused("The practice needs a name.")
        if Permission.MANAGE_ACCOUNTS not in role_of(officer_role).may:
            raise AccountRefused("The first account must manage accounts.")
        require_good_password(officer_password, (practice_name, officer_name))
        recovery = RecoveryKey.of_pair(new_sealing_pair())
        book, ring = empty_book(practice_name.strip(), recovery)
        keystore.create_device_secret().wipe()
        practice = cls(folder, keystore, book)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            raise AccountsUnwritable from None
        row = practice._new_row(officer_name, officer_name, officer_role, stretch)
        with ring:
            book = practice._with_password(book, row, officer_password, ring)
        practice._take_over(book)
        return practice, recovery

    @classmethod
    def load(cls, folder: Path, keystore: KeyStore) -> Practice:
        """Read and authenticate the accounts.

        Raises
        ------
        AccountRefused
            There is no practice here.
        DeviceSecretMissing
            This key store is not the one it was founded with.
        AccountsTampered, NoKeyStore
            The accounts are not what was written last, or that cannot be told.
        """
        if not cls.is_founded(folder):
            raise AccountRefused("There is no practice in this folder.", "Found one first.")
        practice = cls(folder, keystore, _unproved(folder))
        practice.refresh()  # proves it
        return practice

    @classmethod
    def recover(
        cls, folder: Path, keystore: KeyStore, recovery: RecoveryKey, name: str, password: str
    ) -> Practice:
        """After a lost key store: an account that manages accounts gets in again.

        All others keep their accounts and need a new password from it. The file cannot be
        authenticated without the old device secret, so the officer looks at the list afterwards.

        Raises
        ------
        NotAuthentic
            This recovery key is not this practice's.
        AccountRefused, WeakPassword, AccountsTampered, AccountsUnwritable, NoKeyStore
            Nothing was changed.
        """
        old = _unproved(folder)
        if recovery.public.hex() != old.recovery_public:
            raise NotAuthentic
        with open_all(old, recovery.private, RECOVERY, "") as ring:
            keystore.create_device_secret().wipe()
            practice = cls(folder, keystore, epochs.with_due(epochs.on_paper_alone(old), KeyName))
            row = practice._row(name)
            if Permission.MANAGE_ACCOUNTS not in role_of(row.role).may:
                raise AccountRefused("Only an account that manages accounts can be recovered.")
            practice._require_good(password, row)
            row = attrs.evolve(row, is_enabled=True)
            book = practice._with_password(practice._book, row, password, ring)
        practice._take_over(book)
        return practice

    # --- passwords and keys --------------------------------------------------------------------

    def advise(self, password: str, name: str = "") -> Advice:
        """Rate a new password for somebody of this practice."""
        return advise(password, (self.name, name))

    def open_keys(self, user_id: UserId, password: str) -> KeyRing:
        """Unwrap a user's keys: the only password check. `Desk` calls it, behind the throttle.

        Raises
        ------
        NotAuthentic
            A wrong password.
        AccountsTampered
            The password is right, but the keys are not those of this user and role.
        DeviceSecretMissing, NoKeyStore
            The other half of the key is not there.
        """
        with self._turn:
            row, book = self._row(user_id), self._book
        with require_device_secret(self.keystore) as secret:
            private = unwrap_user_key(row, password, secret, self._place(secret))
        try:
            with private:
                return _opened(book, private, row)
        except NotAuthentic:
            raise AccountsTampered from None

    def stretch_for_nobody(self, password: str) -> None:
        """Take as long as a wrong password takes, for a name that nobody has."""
        cost = max(row.cost for row in self._book.users)
        stretch_password(password, secrets.token_bytes(SALT_BYTES), Stretch(*cost)).wipe()

    def change_password(
        self, user_id: UserId, old: str, new: str, clock: Clock | None = None
    ) -> None:
        """A user's own change. An open session is no place to guess: the old one is throttled too.

        Raises
        ------
        NotAuthentic
            The old password is wrong.
        WaitFirst, AccountBlocked
            Too many wrong ones came before.
        WeakPassword
            The new one is not taken.
        """
        with self._turn:
            row = self._row(user_id)
            self._require_good(new, row)
            self.throttle.begin(row.id, clock or SystemClock())
            with self.open_keys(row.id, old) as ring, self._changing():
                self.throttle.succeeded(row.id)
                self._write(self._with_password(self._book, self._row(user_id), new, ring))

    def reset_password(self, officer: KeyRing, user_id: UserId, new: str) -> User:
        """Give a fresh key pair and password; failures are forgotten, a recovery is completed.

        Raises
        ------
        WeakPassword, AccountRefused
            It is not taken, or the officer does not hold the keys that the role needs.
        """
        with self._changing():
            row = self._row(user_id)
            self._require_good(new, row)
            self._write(self._with_password(self._book, row, new, officer))
        self.throttle.succeeded(user_id)
        return self.user(user_id)

    # --- accounts --------------------------------------------------------------------------

    def add_user(
        self, officer: KeyRing, name: str, display_name: str, role_id: str, password: str
    ) -> User:
        """Make an account.

        Raises
        ------
        AccountRefused
            The name is taken or empty, there is no such role, or the officer lacks its keys.
        WeakPassword
            The password is not taken.
        """
        with self._changing():
            cost = Stretch(*max(row.cost for row in self._book.users))
            row = self._new_row(name, display_name or name, role_id, cost)
            self._require_good(password, row)
            self._write(self._with_password(self._book, row, password, officer))
        return self.user(row.id)

    def set_enabled(self, officer: KeyRing, user_id: UserId, *, enabled: bool) -> User:
        """Let somebody log in, with the keys of the role; or no longer, which ends a session too.

        Disabling takes the keys off the row, and a rotation of them is due.

        Raises
        ------
        AccountRefused
            Nobody would be left who manages accounts, or the officer lacks a key to hand on.
        """
        with self._changing():
            before = self._row(user_id)
            row = attrs.evolve(before, is_enabled=enabled)
            book = sealed_to(still_managed(self._book.with_user(row)), row, officer)
            self._write(_with_lost_keys_due(book, before, row))
        return self.user(user_id)

    def change_role(self, officer: KeyRing, user_id: UserId, role_id: str) -> User:
        """Give another role, with its keys and no others; a rotation of what it loses is due.

        Raises
        ------
        AccountRefused
            There is no such role, the officer lacks its keys, or nobody would be left who
            manages accounts.
        """
        with self._changing():
            before = self._row(user_id)
            row = attrs.evolve(before, role=role_of(role_id).id)
            book = sealed_to(still_managed(self._book.with_user(row)), row, officer)
            self._write(_with_lost_keys_due(book, before, row))
        return self.user(user_id)

    # --- inside ----------------------------------------------------------------------------

    def _new_row(self, name: str, display_name: str, role_id: str, cost: Stretch) -> UserRow:
        if not name.strip() or not display_name.strip():
            raise AccountRefused("An account needs a name.")
        if any(login_name(row.name) == login_name(name) for row in self._book.users):
            raise AccountRefused("There is an account of this name already.", "Choose another.")
        return UserRow(
            id=UserId(new_id()),
            name=name.strip(),
            display_name=display_name.strip(),
            role=role_of(role_id).id,
            is_enabled=True,
            version=0,
            public="",
            salt="",
            cost=(cost.memory_kib, cost.passes, cost.lanes),
            wrapped={},
        )

    def _require_good(self, password: str, row: UserRow) -> None:
        require_good_password(password, (self.name, row.name, row.display_name))

    def _with_password(self, book: Book, row: UserRow, password: str, ring: KeyRing) -> Book:
        """Return the book with a fresh key pair for a user, and the role's keys sealed to it."""
        pair, salt = new_sealing_pair(), secrets.token_bytes(SALT_BYTES)
        with require_device_secret(self.keystore) as secret, pair.private:
            row = wrap_user_key(row, pair, password, salt, secret, self._place(secret))
        return sealed_to(book.with_user(row), row, ring)


def _opened(book: Book, private: Secret, row: UserRow) -> KeyRing:
    return open_all(book, private, row.id, row.role) if row.is_enabled else KeyRing({})


def _with_lost_keys_due(book: Book, before: UserRow, row: UserRow) -> Book:
    """Return the book with a rotation due of the keys that a user held and holds no longer."""
    had = role_of(before.role).holds if before.takes_keys else frozenset()
    has = role_of(row.role).holds if row.takes_keys else frozenset()
    return epochs.with_due(book, had - has)


def _unproved(folder: Path) -> Book:
    try:
        return unproved_book((folder / FILE).read_bytes())
    except OSError:
        raise AccountsTampered from None
