"""The practice's accounts: who there is, what they may, and which keys are sealed to them."""

from __future__ import annotations

from pathlib import Path

import attrs

from viewer.crypto.derive import DEFAULT_STRETCH, Stretch
from viewer.crypto.people import new_sealing_pair
from viewer.model.ids import UserId, new_id
from viewer.session import epochs
from viewer.session.book import (
    Book,
    Due,
    UserRow,
)
from viewer.session.clock import SystemClock
from viewer.session.credentials import PasswordLedger
from viewer.session.errors import (
    AccountRefused,
    AccountsTampered,
    AccountsUnwritable,
)
from viewer.session.holders import (
    KeyRing,
    User,
    empty_book,
    login_name,
    role_of,
    sealed_to,
    still_managed,
)
from viewer.session.keystore import KeyStore
from viewer.session.ledger import FILE, unproved_book
from viewer.session.passwords import Advice, advise, require_good_password
from viewer.session.permissions import OWNER, KeyName, Permission
from viewer.session.recovered import copy_of, opened_on_paper
from viewer.session.recovery import RecoveryKey

__all__ = ["KeyRing", "Practice", "User"]


class Practice(PasswordLedger):
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
            row = practice._wrapped(row, officer_password)
            practice._take_over(sealed_to(book.with_user(row), row, ring))
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

        Every epoch opens again. All others keep their accounts and need a new password from it. The
        file cannot be authenticated without the old device secret, so the officer looks at the
        list afterwards, and a rotation of all keys is due. A failed disk, a changed account of the
        operating system and a lost keyring are the same to it.

        Raises
        ------
        NotAuthentic
            This recovery key is not this practice's, or a key in the file was planted.
        AccountRefused, WeakPassword, AccountsTampered, AccountsUnwritable, NoKeyStore
            Nothing was changed.
        """
        return cls._recovered(folder, keystore, _unproved(folder), recovery, name, password)

    @classmethod
    def restored(
        cls,
        folder: Path,
        keystore: KeyStore,
        copy: bytes,
        recovery: RecoveryKey,
        name: str,
        password: str,
    ) -> Practice:
        """On an empty machine: write the accounts of a copy into a folder that has none.

        `copy` is what `copy_for_backup` returned, or the bytes of an `accounts.json`. It needs no
        more than the recovery key: the key store gets a fresh device secret (or keeps the one it
        has), the named account gets the new password, all others one from it later, and every
        epoch of the copy opens again. Putting a copy of `accounts.json` in place and calling
        `recover` does the same. To read a backup before this, see `recovered.opened_copy`.

        Raises
        ------
        As `recover`; AccountRefused also if the folder holds accounts already.
        """
        if cls.is_founded(folder):
            raise AccountRefused("There is a practice in this folder already.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            raise AccountsUnwritable from None
        return cls._recovered(folder, keystore, unproved_book(copy), recovery, name, password)

    @classmethod
    def _recovered(
        cls,
        folder: Path,
        keystore: KeyStore,
        old: Book,
        recovery: RecoveryKey,
        name: str,
        password: str,
    ) -> Practice:
        with opened_on_paper(old, recovery) as ring:
            proved = attrs.evolve(old, recovery_proved_at=SystemClock().wall().isoformat())
            book = epochs.with_due(epochs.on_paper_alone(proved), KeyName, Due.RECOVERED)
            keystore.create_device_secret().wipe()
            practice = cls(folder, keystore, book)
            row = practice._row(name)
            if Permission.MANAGE_ACCOUNTS not in role_of(row.role).may:
                raise AccountRefused("Only an account that manages accounts can be recovered.")
            practice._require_good(password, row)
            row = practice._wrapped(attrs.evolve(row, is_enabled=True), password)
            practice._take_over(sealed_to(book.with_user(row), row, ring))
        return practice

    def copy_for_backup(self, images_from: int = 1) -> bytes:
        """Return the accounts for a backup: names, roles and keys sealed to the recovery key alone.

        Take a new copy after each change of accounts or keys. `images_from` leaves the epochs of
        IMAGES under it out, before they are retired here.

        Raises
        ------
        AccountRefused
            The current epoch would be left out.
        AccountsTampered, DeviceSecretMissing, NoKeyStore
            The accounts are not what was written last, or that cannot be told.
        """
        self.refresh()
        return copy_of(self._book, images_from)

    def advise(self, password: str, name: str = "") -> Advice:
        """Rate a new password for somebody of this practice."""
        return advise(password, (self.name, name))

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
        cost = Stretch(*max(row.cost for row in self._book.users))
        row = self._new_row(name, display_name or name, role_id, cost)
        self._require_good(password, row)
        row = self._wrapped(row, password)
        with self._changing():
            self._require_free(name)
            self._write(sealed_to(self._book.with_user(row), row, officer))
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
        self._require_free(name)
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

    def _require_free(self, name: str) -> None:
        if any(login_name(row.name) == login_name(name) for row in self._book.users):
            raise AccountRefused("There is an account of this name already.", "Choose another.")


def _with_lost_keys_due(book: Book, before: UserRow, row: UserRow) -> Book:
    """Return the book with a rotation due of the keys that a user held and holds no longer."""
    had = role_of(before.role).holds if before.takes_keys else frozenset()
    has = role_of(row.role).holds if row.takes_keys else frozenset()
    return epochs.with_due(book, had - has, Due.LEFT)


def _unproved(folder: Path) -> Book:
    try:
        return unproved_book((folder / FILE).read_bytes())
    except OSError:
        raise AccountsTampered from None
