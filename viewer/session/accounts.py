"""The practice's accounts: who there is, what they may, and which keys are sealed to them."""

from __future__ import annotations

from pathlib import Path

import attrs

from viewer.crypto.derive import DEFAULT_STRETCH, Stretch
from viewer.crypto.people import new_sealing_pair
from viewer.session import epochs
from viewer.session.book import (
    Book,
    Due,
)
from viewer.session.clock import SystemClock
from viewer.session.custom_roles import RoleLedger
from viewer.session.errors import (
    AccountRefused,
    AccountsTampered,
    AccountsUnwritable,
)
from viewer.session.holders import (
    KeyRing,
    User,
    empty_book,
    role_of,
    sealed_to,
)
from viewer.session.keystore import KeyStore
from viewer.session.ledger import FILE, unproved_book
from viewer.session.passwords import Advice, advise, require_good_password
from viewer.session.permissions import OWNER, KeyName, Permission, roles
from viewer.session.recovered import copy_of, opened_on_paper
from viewer.session.recovery import RecoveryKey

__all__ = ["KeyRing", "Practice", "User"]


class Practice(RoleLedger):
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
        role = roles().get(officer_role)
        if role is None or Permission.MANAGE_ACCOUNTS not in role.may:
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
            if Permission.MANAGE_ACCOUNTS not in role_of(book, row.role).may:
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


def _unproved(folder: Path) -> Book:
    try:
        return unproved_book((folder / FILE).read_bytes())
    except OSError:
        raise AccountsTampered from None
