"""Roles of the practice's own: made, changed and dropped, with the keys of all who have them."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from viewer.model.ids import new_id
from viewer.session.book import Book, RoleRow, UserRow
from viewer.session.errors import AccountRefused
from viewer.session.holders import KeyRing, role_of, roles_in, sealed_to, still_managed
from viewer.session.names import require_readable, require_unlike
from viewer.session.people import PeopleLedger, require_grantable, with_lost_keys_due
from viewer.session.permissions import CUSTOM, GRANTABLE, Permission, Role

MOST_ROLES = 24
LONGEST_WORDS = 200


@attrs.frozen
class RoleDraft:
    """What a role is to be: its title, one sentence about it, and what it may."""

    title: str
    words: str
    may: frozenset[Permission]


class RoleLedger(PeopleLedger):
    """A ledger with roles of the practice's own. On disk when a method returns."""

    def add_role(self, officer: KeyRing, draft: RoleDraft) -> Role:
        """Make a role; it holds the keys that its permissions need, and no others.

        Raises
        ------
        AccountRefused
            The title is taken, it may nothing, or the officer lacks one of its keys.
        """
        with self._changing():
            if len(self._book.roles) >= MOST_ROLES:
                raise AccountRefused("There are too many roles.", "Delete one that nobody has.")
            row = _row_of(f"{CUSTOM}{new_id()}", draft)
            self._write_roles(officer, (*self._book.roles, row), row.id)
        return self.role(row.id)

    def change_role_to(self, officer: KeyRing, role_id: str, draft: RoleDraft) -> Role:
        """Change what a role of the practice's own is and may, for everybody who has it, at once.

        Keys it needs now are sealed to all of them, others are taken off, and their rotation is
        due. An open session goes on with what both the old and the new role allow.

        Raises
        ------
        AccountRefused
            There is no such role, it is the program's, the title is taken, the officer lacks one
            of its keys, or nobody would be left who manages accounts.
        """
        with self._changing():
            role_id = self._own(role_id).id
            row = _row_of(role_id, draft)
            rows = tuple(row if each.id == role_id else each for each in self._book.roles)
            self._write_roles(officer, rows, role_id)
        return self.role(role_id)

    def drop_role(self, role_id: str) -> None:
        """Remove a role that nobody has.

        Raises
        ------
        AccountRefused
            There is no such role, it is the program's, or somebody has it: the message says who.
        """
        with self._changing():
            role = self._own(role_id)
            having = sorted(row.display_name for row in having_role(self._book, role.id))
            if having:
                raise AccountRefused(
                    f"“{role.title}” is the role of {', '.join(having)}.",
                    "Give them another role first.",
                )
            rows = tuple(each for each in self._book.roles if each.id != role.id)
            self._write(attrs.evolve(self._book, roles=rows))

    def _own(self, role_id: str) -> Role:
        role = self.role(role_id)
        if not role.is_custom:
            raise AccountRefused(
                f"“{role.title}” comes with the program and stays as it is.",
                "Make a role of your own beside it.",
            )
        return role

    def _write_roles(self, officer: KeyRing, rows: tuple[RoleRow, ...], role_id: str) -> None:
        before = self._book
        book = attrs.evolve(before, roles=rows)
        title = next(row.title for row in rows if row.id == role_id)
        try:
            others = [role.title for each, role in roles_in(book).items() if each != role_id]
        except ValueError:  # two of one name; it would not be read again either
            raise AccountRefused(
                "There is a role of this name already.", "Choose another."
            ) from None
        require_unlike(title, others)
        require_grantable(book, officer, role_id)
        for row in having_role(book, role_id):
            book = sealed_to(book, row, officer)
        self._write(with_lost_keys_due(before, still_managed(book)))


def having_role(book: Book, role_id: str) -> list[UserRow]:
    """Return the accounts that have a role, of those who left, too."""
    return [row for row in book.users if row.role == role_of(book, role_id).id]


def _row_of(role_id: str, draft: RoleDraft) -> RoleRow:
    title, words = require_readable(draft.title), " ".join(draft.words.split())
    if len(words) > LONGEST_WORDS:
        raise AccountRefused(f"The sentence has at most {LONGEST_WORDS} letters.", "Shorten it.")
    return RoleRow(role_id, title, words, _words(draft.may))


def _words(may: Iterable[Permission]) -> tuple[str, ...]:
    chosen = frozenset(may)
    if not chosen:
        raise AccountRefused("This role may nothing.", "Choose what it may.")
    if not chosen <= GRANTABLE:
        raise AccountRefused("A role cannot be given this.", "Choose others.")
    return tuple(each.value for each in Permission if each in chosen)
