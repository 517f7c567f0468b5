"""Accounts of people: made, renamed, given a role, switched off; none is ever removed.

The trail refers to them, and a name of somebody who left still says who it was.
"""

from __future__ import annotations

import attrs

from viewer.crypto.derive import Stretch
from viewer.model.ids import UserId, new_id
from viewer.session import epochs
from viewer.session.book import Book, Due, UserRow
from viewer.session.clock import Clock, SystemClock
from viewer.session.errors import AccountRefused
from viewer.session.factors import FactorLedger
from viewer.session.holders import KeyRing, User, login_name, role_of, sealed_to, still_managed
from viewer.session.names import require_personal, require_unlike
from viewer.session.permissions import KeyName


class PeopleLedger(FactorLedger):
    """A ledger whose accounts can be made and changed. On disk when a method returns."""

    def add_user(
        self, officer: KeyRing, name: str, display_name: str, role_id: str, password: str
    ) -> User:
        """Make an account. Its password opens nothing but its own change: somebody else knows it.

        Raises
        ------
        AccountRefused
            The name is taken, a shared one, or looks like another; there is no such role, or the
            officer lacks its keys.
        WeakPassword
            The password is not taken.
        """
        cost = Stretch(*max(row.cost for row in self._book.users))
        row = self._new_row(name, display_name or name, role_id, cost)
        self._require_good(password, row)
        row = attrs.evolve(self._wrapped(row, password), must_change=True)
        with self._changing():
            self._require_free(row)
            require_grantable(self._book, officer, row.role)
            self._write(sealed_to(self._book.with_user(row), row, officer))
        return self.user(row.id)

    def set_enabled(self, officer: KeyRing, user_id: UserId, *, enabled: bool) -> User:
        """Let somebody log in, with the keys of the role; or no longer, which ends a session too.

        Disabling takes the keys off the row, and a rotation of them is due.

        Raises
        ------
        AccountRefused
            Nobody would be left who manages accounts, the officer lacks a key to hand on, or the
            person left: `bring_back` first.
        """
        with self._changing():
            before = self._row(user_id)
            if enabled and before.left_at:
                raise AccountRefused("This person left the practice.", "Bring the account back.")
            self._write_with_keys(officer, attrs.evolve(before, is_enabled=enabled))
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
            row = attrs.evolve(self._row(user_id), role=role_of(self._book, role_id).id)
            require_grantable(self._book, officer, row.role)
            self._write_with_keys(officer, row)
        return self.user(user_id)

    def rename_user(self, user_id: UserId, name: str, display_name: str) -> User:
        """Give another name; the one before is kept, and nobody else can take it.

        Raises
        ------
        AccountRefused
            The name is a shared one, or looks like somebody else's.
        """
        with self._changing():
            before = self._row(user_id)
            row = attrs.evolve(
                before, name=require_personal(name), display_name=require_personal(display_name)
            )
            self._require_free(row)
            gone = {before.name, before.display_name} - {row.name, row.display_name}
            formerly = (*before.formerly, *sorted(gone - set(before.formerly)))
            self._write(self._book.with_user(attrs.evolve(row, formerly=formerly)))
        return self.user(user_id)

    def mark_left(self, officer: KeyRing, user_id: UserId, clock: Clock | None = None) -> User:
        """Note that somebody left the practice: no keys, no password, no factors, off the lists.

        Raises
        ------
        AccountRefused
            Nobody would be left who manages accounts.
        """
        at = (clock or SystemClock()).wall().isoformat()
        with self._changing():
            gone = attrs.evolve(self._row(user_id), is_enabled=False, left_at=at, wrapped={})
            row = attrs.evolve(gone, totp="", codes=(), third="", third_label="", must_change=False)
            self._write_with_keys(officer, row)
        return self.user(user_id)

    def bring_back(self, user_id: UserId) -> User:
        """Put somebody who left on the lists again: still disabled, and without a password."""
        with self._changing():
            self._write(self._book.with_user(attrs.evolve(self._row(user_id), left_at="")))
        return self.user(user_id)

    # --- inside ----------------------------------------------------------------------------

    def _new_row(self, name: str, display_name: str, role_id: str, cost: Stretch) -> UserRow:
        row = UserRow(
            id=UserId(new_id()),
            name=require_personal(name),
            display_name=require_personal(display_name),
            role=role_of(self._book, role_id).id,
            is_enabled=True,
            version=0,
            public="",
            salt="",
            cost=(cost.memory_kib, cost.passes, cost.lanes),
            wrapped={},
        )
        self._require_free(row)
        return row

    def _require_free(self, row: UserRow) -> None:
        """Return only if nobody else is, or was, called so, or nearly so."""
        others = [each for each in self._book.users if each.id != row.id]
        if any(login_name(each.name) == login_name(row.name) for each in others):
            raise AccountRefused("There is an account of this name already.", "Choose another.")
        taken = {name for each in others for name in (each.name, each.display_name, *each.formerly)}
        for name in (row.name, row.display_name):
            require_unlike(name, sorted(taken))

    def _write_with_keys(self, officer: KeyRing, row: UserRow) -> None:
        book = sealed_to(still_managed(self._book.with_user(row)), row, officer)
        self._write(with_lost_keys_due(self._book, book))


def require_grantable(book: Book, ring: KeyRing, role_id: str) -> None:
    """Return only if the ring holds every key of a role: nobody hands on what he does not hold.

    Raises
    ------
    AccountRefused
        There is no such role, or a key is lacking.
    """
    for name in sorted(role_of(book, role_id).holds, key=lambda each: each.value):
        epochs.require_all_held(book, ring, name)


def with_lost_keys_due(before: Book, after: Book) -> Book:
    """Return the book with a rotation due of each key that a user held and holds no longer."""
    lost: set[KeyName] = set()
    for row in before.users:
        now = next((each for each in after.users if each.id == row.id), None)
        lost |= _holds(before, row) - (_holds(after, now) if now else frozenset())
    return epochs.with_due(after, lost, Due.LEFT)


def _holds(book: Book, row: UserRow) -> frozenset[KeyName]:
    return role_of(book, row.role).holds if row.takes_keys else frozenset()
