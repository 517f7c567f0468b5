"""What opens a user's keys: a password, a second step where one is enrolled, and their change."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import attrs

from viewer.crypto.derive import Stretch, stretch_password
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import new_sealing_pair
from viewer.crypto.secret import Secret
from viewer.model.ids import UserId
from viewer.session.book import (
    SALT_BYTES,
    Book,
    CodeRow,
    UserRow,
    unwrap_user_key,
    wrap_user_key,
)
from viewer.session.clock import Clock, SystemClock
from viewer.session.codes import (
    digest_of,
    is_code_shaped,
    matching_code,
    open_digests,
    unwrap_by_code,
    with_codes,
)
from viewer.session.device import require_device_secret
from viewer.session.errors import (
    AccountRefused,
    CodeRefused,
    ThirdShareMissing,
    WeakPassword,
)
from viewer.session.holders import KeyRing, User, sealed_to
from viewer.session.opened import Carried, Opened, opened, opened_totp, with_totp
from viewer.session.passwords import require_good_password
from viewer.session.rekeying import KeyLedger
from viewer.session.third import AnsweredShare, ThirdShare, challenge_of
from viewer.session.totp import is_totp_shaped, matching_steps


class PasswordLedger(KeyLedger):
    """A ledger whose keys a password opens. Passwords are stretched while no lock is held."""

    def open_keys(self, user_id: UserId, password: str, share: ThirdShare | None = None) -> KeyRing:
        """Unwrap a user's keys by the password, and the third share where one is required.

        No code is asked for: whoever lets people in by it calls `open_in_steps`.

        Raises
        ------
        NotAuthentic
            A wrong password.
        AccountsTampered
            The password is right, but the keys are not those of this user and role.
        DeviceSecretMissing, NoKeyStore, ThirdShareMissing
            The other parts of the key are not there.
        """
        found = self._open_by_password(user_id, password, share)
        found.private.wipe()
        return found.ring

    def open_in_steps(
        self,
        user_id: UserId,
        password: str,
        code: str,
        clock: Clock,
        share: ThirdShare | None = None,
    ) -> Opened:
        """Unwrap a user's keys by all that the account asks for. `Desk` calls it, when throttled.

        A recovery code counts in place of whatever second factors there are, and is used up. What
        makes a code count only once is on disk before this returns.

        Raises
        ------
        NotAuthentic
            A wrong password.
        CodeRefused
            The password is right; the code is wrong, missing, or was used before.
        AccountsTampered, AccountsUnwritable, DeviceSecretMissing, NoKeyStore, ThirdShareMissing
            As for `open_keys`; or the use of the code cannot be kept.
        """
        row = self._row_now(user_id)
        if row.third and share is None and is_code_shaped(code):
            return self._open_by_code(row, password, code)
        book, row, private = self._unwrapped(user_id, password, share)
        try:
            used = self._require_code(row, private, code, clock) if row.totp else None
            if used is not None:
                self._use_up(user_id, used)
            return attrs.evolve(opened(book, private, row), by_code=used is not None)
        except BaseException:
            private.wipe()
            raise

    def answered_share(self, user_id: UserId, code: str = "") -> AnsweredShare | None:
        """Ask the third share of an account, before any password is tried: waits for the touch.

        None where none is required, or where a recovery code was typed in its place.

        Raises
        ------
        ThirdShareMissing
            It is not within reach, or does not answer.
        """
        if is_code_shaped(code):
            return None
        share, row = self.share_of(user_id), self._row_now(user_id)
        if share is None or share.id != row.third:
            return None
        challenge = challenge_of(self.id, row.id, bytes.fromhex(row.salt))
        return AnsweredShare(share, challenge)

    def _row_now(self, user_id: UserId) -> UserRow:
        with self._turn:
            return self._row(user_id)

    def _open_by_password(
        self, user_id: UserId, password: str, share: ThirdShare | None = None
    ) -> Opened:
        book, row, private = self._unwrapped(user_id, password, share)
        return opened(book, private, row)

    def _unwrapped(
        self, user_id: UserId, password: str, share: ThirdShare | None
    ) -> tuple[Book, UserRow, Secret]:
        with self._turn:
            row, book = self._row(user_id), self._book
        with require_device_secret(self.keystore) as device:
            shares = self._shares(device, share or self.third_shares.get(row.third))
            return book, row, unwrap_user_key(row, password, shares)

    def _open_by_code(self, row: UserRow, password: str, code: str) -> Opened:
        with self._turn:
            book = self._book
        with require_device_secret(self.keystore) as device:
            shares = self._shares(device, None)
            with digest_of(shares.place, row.id, code) as typed:
                try:
                    private, used = unwrap_by_code(row, password, shares, typed)
                except NotAuthentic:
                    raise CodeRefused("wrong password or recovery code") from None
        try:
            self._use_up(row.id, used)
            return attrs.evolve(opened(book, private, row), by_code=True)
        except BaseException:
            private.wipe()
            raise

    def _require_code(
        self, row: UserRow, private: Secret, code: str, clock: Clock
    ) -> CodeRow | None:
        """Return the recovery code that was typed, None for a right one from the app."""
        if is_totp_shaped(code):
            with opened_totp(self.id, row, private) as secret:
                steps = matching_steps(secret, code, clock.wall())
            if not steps:
                raise CodeRefused("wrong code")
            if not self.last_steps.accept(row.id, steps):
                raise CodeRefused("code used before")
            return None
        if not is_code_shaped(code):
            raise CodeRefused("wrong code" if code.strip() else "code missing")
        with require_device_secret(self.keystore) as device:
            place = self._shares(device, None).place
        with digest_of(place, row.id, code) as typed:
            used = matching_code(row, private, place, typed)
        if used is None:
            raise CodeRefused("wrong recovery code")
        return used

    def _use_up(self, user_id: UserId, used: CodeRow) -> None:
        """Take a recovery code out of the accounts, once: whoever comes second is refused."""
        with self._changing():
            row = self._row(user_id)
            if used not in row.codes:
                raise CodeRefused("recovery code used before")
            left = tuple(code for code in row.codes if code != used)
            self._write(self._book.with_user(attrs.evolve(row, codes=left)))

    def stretch_for_nobody(self, password: str) -> None:
        """Take as long as a wrong password takes, for a name that nobody has."""
        cost = max(row.cost for row in self._book.users)
        stretch_password(password, secrets.token_bytes(SALT_BYTES), Stretch(*cost)).wipe()

    def change_password(
        self, user_id: UserId, old: str, new: str, clock: Clock | None = None
    ) -> None:
        """A user's own change. An open session is no place to guess: the old one is throttled too.

        A password that somebody else gave (`User.must_change`) is settled by it.

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
        if old == new:
            raise WeakPassword("That is the password as it was.", "Choose another.")
        row = self._row_now(user_id)
        self._require_good(new, row, has_second_factor=bool(row.second_factors))
        self._wrap_anew(user_id, old, new, self.share_of(user_id), clock)
        with self._changing():  # after a crash before this, it is asked for once more
            row = attrs.evolve(self._row(user_id), must_change=False)
            self._write(self._book.with_user(row))

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
            share = self.reach(row.third, row.third_label)
            if share is None:
                raise ThirdShareMissing(row.third_label)
            self.third_shares[row.third] = share
        return self.third_shares[row.third]

    def reset_password(self, officer: KeyRing, user_id: UserId, new: str) -> User:
        """Give a fresh key pair and password; failures are forgotten, a recovery is completed.

        It opens nothing but its own change, since the officer knows it.

        A third share that the account requires stays required and must be within reach. The secret
        of an authenticator app and the recovery codes were sealed to the old key pair and are gone.

        Raises
        ------
        WeakPassword, AccountRefused
            It is not taken, or the officer does not hold the keys that the role needs.
        ThirdShareMissing
            If it is lost: `reset_without_share`.
        """
        return self._reset(officer, user_id, new, self.share_of(user_id))

    def reset_without_share(self, officer: KeyRing, user_id: UserId, new: str) -> User:
        """As `reset_password` for a lost second factor: none is required any more.

        Raises
        ------
        WeakPassword, AccountRefused
            As for `reset_password`.
        """
        return self._reset(officer, user_id, new, None)

    def _reset(self, officer: KeyRing, user_id: UserId, new: str, third: ThirdShare | None) -> User:
        before = self._row(user_id)
        self._require_good(new, before, has_second_factor=third is not None)
        row = attrs.evolve(self._wrapped(before, new, third), must_change=True)
        with self._changing():
            self._write_row(before, row, officer)
        self.throttle.succeeded(user_id)
        return self.user(user_id)

    def _wrap_anew(
        self,
        user_id: UserId,
        old: str,
        new: str,
        third: ThirdShare | None,
        clock: Clock | None,
        code: str = "",
        more_codes: tuple[Secret, ...] = (),
    ) -> None:
        """Give a fresh key pair, password and third share; what was sealed to the old one stays.

        A recovery code in place of a lost share is used up by it.
        """
        clock = clock or SystemClock()
        with ExitStack() as wiped:
            found = wiped.enter_context(self._proved(user_id, old, code, clock))
            before = self._row_now(user_id) if found.by_code else found.row
            carried = wiped.enter_context(self._carried(before, found.private, more_codes))
            row = self._wrapped(before, new, third, carried)
            with self._changing():
                self._write_row(before, row, found.ring)

    @contextmanager
    def _proved(
        self,
        user_id: UserId,
        password: str,
        code: str,
        clock: Clock,
        *,
        in_steps: bool = False,
    ) -> Iterator[Opened]:
        """Open an account again inside a session, which is no place to guess: throttled.

        The code of an app is asked for only `in_steps`; a recovery code counts in place of a third
        share.
        """
        lost = bool(self._row_now(user_id).third) and is_code_shaped(code)
        with ExitStack() as wiped:
            share = None if lost else self.answered_share(user_id)
            if share is not None:
                wiped.enter_context(share)
            self.throttle.begin(user_id, clock)
            if in_steps or lost:
                found = self.open_in_steps(user_id, password, code, clock, share)
            else:
                found = self._open_by_password(user_id, password, share)
            wiped.enter_context(found)
            if found.row.totp and not (in_steps or lost):
                self.throttle.take_back(user_id)  # wrong codes are not forgiven without a code
            else:
                self.throttle.succeeded(user_id)
            yield found

    def _carried(
        self, row: UserRow, private: Secret, more_codes: tuple[Secret, ...] = ()
    ) -> Carried:
        with require_device_secret(self.keystore) as device:
            place = self._shares(device, None).place
        totp = opened_totp(self.id, row, private) if row.totp else None
        return Carried(totp, (*open_digests(row, private, place), *more_codes))

    def _wrapped(
        self,
        row: UserRow,
        password: str,
        third: ThirdShare | None = None,
        carried: Carried | None = None,
    ) -> UserRow:
        """Return a row with a fresh key pair. Slow, and may wait for a touch: hold no lock."""
        pair, salt = new_sealing_pair(), secrets.token_bytes(SALT_BYTES)
        with require_device_secret(self.keystore) as device, pair.private:
            shares = self._shares(device, third)
            row = wrap_user_key(row, pair, password, salt, shares)
            if carried is None:
                return row
            if carried.totp is not None:
                row = with_totp(self.id, row, carried.totp)
            if not row.second_factors:
                return row
            return with_codes(row, pair.private, password, shares, carried.codes)

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

    def _require_good(
        self, password: str, row: UserRow, *, has_second_factor: bool = False
    ) -> None:
        words = (self.name, row.name, row.display_name)
        require_good_password(password, words, has_second_factor=has_second_factor)
