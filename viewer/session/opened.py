"""What a password opened for a moment, and what goes along to a fresh key pair."""

from __future__ import annotations

import attrs

from viewer.crypto.derive import context
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import seal_to, unseal_from
from viewer.crypto.secret import Secret
from viewer.session.book import Book, UserRow
from viewer.session.errors import AccountsTampered
from viewer.session.holders import KeyRing, open_all


@attrs.frozen(eq=False)
class Opened:
    """What a password (and a second step) opened. `private` is the user's own key.

    `by_code`: a recovery code was used up for it. Whoever holds this wipes it.
    """

    row: UserRow
    private: Secret
    ring: KeyRing
    by_code: bool = False

    def wipe(self) -> None:
        """Overwrite every key."""
        self.private.wipe()
        self.ring.wipe()

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()


@attrs.frozen(eq=False)
class Carried:
    """What goes with an account to a fresh key pair: opened with the old one, to be sealed anew."""

    totp: Secret | None = None
    codes: tuple[Secret, ...] = ()

    def wipe(self) -> None:
        """Forget it."""
        for secret in (*self.codes, *([self.totp] if self.totp else [])):
            secret.wipe()

    def __enter__(self) -> Carried:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()


def opened(book: Book, private: Secret, row: UserRow) -> Opened:
    """Return what a user's own key opens; a disabled account holds nothing.

    Raises
    ------
    AccountsTampered
        The password was right, but the keys are not those of this user and role.
    """
    try:
        ring = open_all(book, private, row.id, row.role) if row.is_enabled else KeyRing({})
    except NotAuthentic:
        private.wipe()
        raise AccountsTampered from None
    return Opened(row, private, ring)


def with_totp(practice_id: str, row: UserRow, secret: Secret) -> UserRow:
    """Return the row with the secret of an authenticator app, sealed to the user's own key."""
    public = bytes.fromhex(row.public)
    return attrs.evolve(row, totp=seal_to(public, secret, _context(practice_id, row)).hex())


def opened_totp(practice_id: str, row: UserRow, private: Secret) -> Secret:
    """Return the secret of an enrolled authenticator app; the caller wipes it.

    Raises
    ------
    AccountsTampered
        It was sealed to another key or for another account.
    """
    try:
        return unseal_from(private, bytes.fromhex(row.totp), _context(practice_id, row))
    except (NotAuthentic, ValueError):
        raise AccountsTampered from None


def _context(practice_id: str, row: UserRow) -> bytes:
    return context("bitewing totp secret v1", practice_id, row.id, row.public)
