"""One's own second factors: an authenticator app, a security key, and recovery codes on paper.

Each takes the password again, and taking one away takes that factor once more, so that an open
screen is no way to weaken an account. The first one brings ten recovery codes with it.
"""

from __future__ import annotations

import unicodedata
from contextlib import AbstractContextManager, ExitStack

import attrs

from viewer.crypto.secret import Secret
from viewer.model.ids import UserId
from viewer.session.book import SECURITY_KEY, TOTP, UserRow
from viewer.session.clock import Clock, SystemClock
from viewer.session.codes import digest_of, new_codes, with_codes
from viewer.session.credentials import PasswordLedger
from viewer.session.device import require_device_secret
from viewer.session.errors import AccountRefused, CodeWrong, WeakPassword
from viewer.session.opened import Opened, with_totp
from viewer.session.passwords import SHORTEST_ALONE
from viewer.session.third import ThirdShare
from viewer.session.totp import Enrolment, matching_steps


class FactorLedger(PasswordLedger):
    """A ledger whose people add and drop their own second factors."""

    def begin_totp(self, user_id: UserId) -> Enrolment:
        """Return a fresh secret for an authenticator app; nothing counts before `confirm_totp`."""
        return Enrolment.new(self.name, self._row_now(user_id).name)

    def confirm_totp(
        self,
        user_id: UserId,
        password: str,
        enrolment: Enrolment,
        code: str,
        clock: Clock | None = None,
    ) -> tuple[str, ...]:
        """Enrol an authenticator app that showed the right code; return fresh recovery codes.

        None are returned where there were some already. The code counts as used.

        Raises
        ------
        CodeWrong
            The app shows something else: nothing was enrolled.
        AccountRefused
            There is one already: drop it first.
        NotAuthentic, WaitFirst, AccountBlocked, ThirdShareMissing
            As for `change_password`.
        """
        clock = clock or SystemClock()
        if self._row_now(user_id).totp:
            raise AccountRefused(
                "An authenticator app is set up already.", "Remove it before you set up another."
            )
        steps = matching_steps(enrolment.secret, code, clock.wall())
        if not steps:
            raise CodeWrong
        with self._proved(user_id, password, "", clock) as found:
            row = with_totp(self.id, found.row, enrolment.secret)
            texts = () if row.codes else new_codes()
            if texts:
                row = self._with_fresh_codes(row, found, password, texts)
            self.last_steps.accept(user_id, steps[-1:])
            self._write_factors(found.row, row)
        return texts

    def drop_totp(
        self, user_id: UserId, password: str, code: str, clock: Clock | None = None
    ) -> None:
        """Do without the authenticator app: takes the password and one more code.

        Raises
        ------
        WeakPassword
            The password is too short to stand alone: set a longer one first.
        CodeRefused
            The code is wrong, missing or was used before.
        NotAuthentic, WaitFirst, AccountBlocked, ThirdShareMissing
            As for `change_password`.
        """
        row = self._row_now(user_id)
        if not row.totp:
            raise AccountRefused("There is no authenticator app to remove.")
        self._require_stands(password, row, TOTP)
        with self._proved_in_steps(user_id, password, code, clock):
            before = self._row_now(user_id)
            codes = before.codes if before.third else ()
            self._write_factors(before, attrs.evolve(before, totp="", codes=codes))

    def renew_codes(
        self, user_id: UserId, password: str, code: str = "", clock: Clock | None = None
    ) -> tuple[str, ...]:
        """Return ten fresh recovery codes; those before let nobody in any more.

        Raises
        ------
        AccountRefused
            There is no second factor that they could stand in for.
        CodeRefused, NotAuthentic, WaitFirst, AccountBlocked, ThirdShareMissing
            As for `drop_totp`.
        """
        if not self._row_now(user_id).second_factors:
            raise AccountRefused(
                "Recovery codes stand in for a second factor.", "Set one up before."
            )
        texts = new_codes()
        with self._proved_in_steps(user_id, password, code, clock) as found:
            before = self._row_now(user_id)
            self._write_factors(before, self._with_fresh_codes(before, found, password, texts))
        return texts

    def require_third_share(
        self, user_id: UserId, password: str, share: ThirdShare, clock: Clock | None = None
    ) -> tuple[str, ...]:
        """Wrap one's own key with a third share from now on; return fresh recovery codes.

        The password alone logs in no more. Another share than before takes its place; that one must
        be within reach. No codes are returned where there were some: those count here too.

        Raises
        ------
        As `change_password`.
        """
        texts = () if self._row_now(user_id).codes else new_codes()
        with ExitStack() as wiped:
            digests = tuple(wiped.enter_context(each) for each in self._digests(user_id, texts))
            self._wrap_anew(user_id, password, password, share, clock, more_codes=digests)
        self.third_shares[share.id] = share
        return texts

    def drop_third_share(
        self, user_id: UserId, password: str, clock: Clock | None = None, code: str = ""
    ) -> None:
        """Do without a third share: takes the password and the share, or a recovery code for it.

        Raises
        ------
        WeakPassword
            The password is too short to stand alone: set a longer one first.
        The others of `change_password`
            Nothing was changed.
        """
        self._require_stands(password, self._row_now(user_id), SECURITY_KEY)
        self._wrap_anew(user_id, password, password, None, clock, code)

    # --- inside ----------------------------------------------------------------------------

    def _require_stands(self, password: str, row: UserRow, dropped: str) -> None:
        """Return only if the password is long enough for what is left to log in with."""
        left = set(row.second_factors) - {dropped}
        if not left and len(unicodedata.normalize("NFKC", password)) < SHORTEST_ALONE:
            raise WeakPassword(
                "Your password is too short to protect the account alone.",
                f"Change it to one of at least {SHORTEST_ALONE} characters first.",
            )

    def _proved_in_steps(
        self, user_id: UserId, password: str, code: str, clock: Clock | None
    ) -> AbstractContextManager[Opened]:
        needs_code = bool(self._row_now(user_id).totp)
        return self._proved(user_id, password, code, clock or SystemClock(), in_steps=needs_code)

    def _digests(self, user_id: UserId, texts: tuple[str, ...]) -> list[Secret]:
        with require_device_secret(self.keystore) as device:
            place = self._shares(device, None).place
        return [digest_of(place, user_id, text) for text in texts]

    def _with_fresh_codes(
        self, row: UserRow, found: Opened, password: str, texts: tuple[str, ...]
    ) -> UserRow:
        with ExitStack() as wiped:
            device = wiped.enter_context(require_device_secret(self.keystore))
            digests = [wiped.enter_context(each) for each in self._digests(row.id, texts)]
            return with_codes(row, found.private, password, self._shares(device, None), digests)

    def _write_factors(self, before: UserRow, row: UserRow) -> None:
        with self._changing():
            if self._row(before.id) != before:
                raise AccountRefused("This account was changed just now.", "Try again.")
            self._write(self._book.with_user(row))
