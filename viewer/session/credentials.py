"""Passwords and third shares: what opens a user's keys, and how that is changed."""

from __future__ import annotations

import secrets

from viewer.crypto.derive import Stretch, stretch_password
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import new_sealing_pair
from viewer.crypto.secret import Secret
from viewer.model.ids import UserId
from viewer.session.book import SALT_BYTES, Book, UserRow, unwrap_user_key, wrap_user_key
from viewer.session.clock import Clock, SystemClock
from viewer.session.device import require_device_secret
from viewer.session.errors import AccountRefused, AccountsTampered, ThirdShareMissing
from viewer.session.holders import KeyRing, User, open_all, sealed_to
from viewer.session.passwords import require_good_password
from viewer.session.rekeying import KeyLedger
from viewer.session.third import ThirdShare


class PasswordLedger(KeyLedger):
    """A ledger whose keys a password opens. Passwords are stretched while no lock is held."""

    def open_keys(self, user_id: UserId, password: str) -> KeyRing:
        """Unwrap a user's keys: the only password check. `Desk` calls it, behind the throttle.

        Raises
        ------
        NotAuthentic
            A wrong password.
        AccountsTampered
            The password is right, but the keys are not those of this user and role.
        DeviceSecretMissing, NoKeyStore, ThirdShareMissing
            The other parts of the key are not there.
        """
        with self._turn:
            row, book = self._row(user_id), self._book
        with require_device_secret(self.keystore) as device:
            shares = self._shares(device, self.third_shares.get(row.third))
            private = unwrap_user_key(row, password, shares)
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
        ThirdShareMissing
            The account needs one that does not answer.
        """
        self._require_good(new, self._row(user_id))
        self._wrap_anew(user_id, old, new, self.share_of(user_id), clock)

    def require_third_share(
        self, user_id: UserId, password: str, share: ThirdShare, clock: Clock | None = None
    ) -> None:
        """Wrap one's own key with a third share from now on: the password alone logs in no more.

        Another share than before takes its place; that one must be within reach.

        Raises
        ------
        As `change_password`.
        """
        self._wrap_anew(user_id, password, password, share, clock)
        self.third_shares[share.id] = share

    def drop_third_share(self, user_id: UserId, password: str, clock: Clock | None = None) -> None:
        """Do without a third share: takes the password and, once more, the share.

        Raises
        ------
        As `change_password`.
        """
        self._wrap_anew(user_id, password, password, None, clock)

    def share_of(self, user_id: UserId) -> ThirdShare | None:
        """Return the third share that an account requires, or None if it requires none.

        Raises
        ------
        ThirdShareMissing
            It is not within reach.
        """
        with self._turn:
            row = self._row(user_id)
        if not row.third:
            return None
        if row.third not in self.third_shares:
            raise ThirdShareMissing(row.third_label)
        return self.third_shares[row.third]

    def reset_password(self, officer: KeyRing, user_id: UserId, new: str) -> User:
        """Give a fresh key pair and password; failures are forgotten, a recovery is completed.

        A third share that the account requires stays required and must be within reach.

        Raises
        ------
        WeakPassword, AccountRefused
            It is not taken, or the officer does not hold the keys that the role needs.
        ThirdShareMissing
            If it is lost: `reset_without_share`.
        """
        return self._reset(officer, user_id, new, self.share_of(user_id))

    def reset_without_share(self, officer: KeyRing, user_id: UserId, new: str) -> User:
        """As `reset_password` for a lost third share: none is required any more.

        Raises
        ------
        WeakPassword, AccountRefused
            As for `reset_password`.
        """
        return self._reset(officer, user_id, new, None)

    def _reset(self, officer: KeyRing, user_id: UserId, new: str, third: ThirdShare | None) -> User:
        before = self._row(user_id)
        self._require_good(new, before)
        row = self._wrapped(before, new, third)
        with self._changing():
            self._write_row(before, row, officer)
        self.throttle.succeeded(user_id)
        return self.user(user_id)

    def _wrap_anew(
        self, user_id: UserId, old: str, new: str, third: ThirdShare | None, clock: Clock | None
    ) -> None:
        self.share_of(user_id)  # no password is tried without it, and none counted
        before = self._row(user_id)
        self.throttle.begin(user_id, clock or SystemClock())
        with self.open_keys(user_id, old) as ring:
            self.throttle.succeeded(user_id)
            row = self._wrapped(before, new, third)
            with self._changing():
                self._write_row(before, row, ring)

    def _wrapped(self, row: UserRow, password: str, third: ThirdShare | None = None) -> UserRow:
        """Return a row with a fresh key pair. Slow, and may wait for a touch: hold no lock."""
        pair, salt = new_sealing_pair(), secrets.token_bytes(SALT_BYTES)
        with require_device_secret(self.keystore) as device, pair.private:
            return wrap_user_key(row, pair, password, salt, self._shares(device, third))

    def _write_row(self, before: UserRow, row: UserRow, ring: KeyRing) -> None:
        """Write a row that was wrapped while nothing was held, with its keys sealed to it.

        Raises
        ------
        AccountRefused
            The account was changed meanwhile, or the ring lacks its keys.
        """
        if self._row(before.id) != before:
            raise AccountRefused("This account was changed just now.", "Try again.")
        self._write(sealed_to(self._book.with_user(row), row, ring))

    def _require_good(self, password: str, row: UserRow) -> None:
        require_good_password(password, (self.name, row.name, row.display_name))


def _opened(book: Book, private: Secret, row: UserRow) -> KeyRing:
    return open_all(book, private, row.id, row.role) if row.is_enabled else KeyRing({})
