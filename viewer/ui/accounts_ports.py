"""What the page of accounts asks of the program: people, roles, and what each role may.

As in `ports.py`: main thread only; a method with `on_done` and `on_fault` returns at once. A
refusal is a `BitewingError` whose words are shown in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Protocol

import attrs

from viewer.model.ids import UserId
from viewer.ui.ports import OnFault, PasswordAdvice, Running


@attrs.frozen
class Person:
    """An account as the officer sees it. `role` is its title, `role_id` what to give it by.

    `second_factors` as in `UserTile`; `formerly` are names the person had here; `left_on` is None
    for who is here. `must_change`: the password was given by somebody else.
    """

    id: UserId
    login: str
    display_name: str
    role_id: str
    role: str
    is_enabled: bool = True
    is_ready: bool = True
    must_change: bool = False
    second_factors: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()
    left_on: date | None = None


@attrs.frozen
class RoleCard:
    """A role: what it may (ids of permissions) and which keys it holds (ids of keys)."""

    id: str
    title: str
    words: str
    may: frozenset[str]
    keys: frozenset[str]
    is_custom: bool = False


@attrs.frozen
class Grantable:
    """Something a role can be given: its id ("view images") and the keys that it needs."""

    id: str
    keys: frozenset[str]


@attrs.frozen
class NameAdvice:
    """What is to be said of a name before it is taken; "" words: nothing."""

    words: str = ""
    is_refused: bool = False


@attrs.frozen
class NewPerson:
    """An account to make; `role_id` is one of `Accounts.roles`."""

    display_name: str
    login: str
    role_id: str
    password: str = attrs.field(repr=False)


@attrs.frozen
class NewRole:
    """What a role is to be; `may` holds ids of `Accounts.grantable`."""

    title: str
    words: str
    may: frozenset[str]


OnPerson = Callable[[Person], None]
OnRole = Callable[[RoleCard], None]


class Accounts(Protocol):
    """Who may log in and what each role may, for the security officer."""

    def people(self) -> Sequence[Person]:
        """Everybody who has or had an account, by name; in the trail."""

    def roles(self) -> Sequence[RoleCard]:
        """Every role, the program's first."""

    def grantable(self) -> Sequence[Grantable]:
        """All that a role can be given, in order."""

    def name_advice(self, name: str) -> NameAdvice:
        """Say whether a name is one person's."""

    def login_for(self, display_name: str) -> str:
        """Propose a name to type at login."""

    def password_advice(self, password: str, name: str) -> PasswordAdvice:
        """Say how good a new password is, before it is taken."""

    def make_password(self) -> str:
        """Return a first password that nobody chose."""

    def keys_due(self) -> Sequence[str]:
        """Say which keys are to be renewed, and why, each in a sentence part; none: nothing is."""

    def add(self, person: NewPerson, on_done: OnPerson, on_fault: OnFault) -> Running:
        """Make an account, whose first login changes the password."""

    def set_enabled(
        self, user_id: UserId, enabled: bool, on_done: OnPerson, on_fault: OnFault
    ) -> Running:
        """Let somebody log in, or no longer; an open session ends."""

    def change_role(
        self, user_id: UserId, role_id: str, on_done: OnPerson, on_fault: OnFault
    ) -> Running:
        """Give another role, with its keys and no others."""

    def rename(
        self, user_id: UserId, login: str, display_name: str, on_done: OnPerson, on_fault: OnFault
    ) -> Running:
        """Give another name; the account and its history stay."""

    def reset_password(
        self, user_id: UserId, password: str, on_done: OnPerson, on_fault: OnFault
    ) -> Running:
        """Give a first password again; the old one opens nothing any more."""

    def mark_left(self, user_id: UserId, on_done: OnPerson, on_fault: OnFault) -> Running:
        """Take keys, password and factors off; the account stays for the trail."""

    def bring_back(self, user_id: UserId, on_done: OnPerson, on_fault: OnFault) -> Running:
        """Put somebody on the list again, disabled and without a password."""

    def add_role(self, role: NewRole, on_done: OnRole, on_fault: OnFault) -> Running:
        """Make a role of the practice's own."""

    def change_role_to(
        self, role_id: str, role: NewRole, on_done: OnRole, on_fault: OnFault
    ) -> Running:
        """Change such a role for everybody who has it."""

    def drop_role(
        self, role_id: str, on_done: Callable[[None], None], on_fault: OnFault
    ) -> Running:
        """Delete such a role; refused with who has it."""
