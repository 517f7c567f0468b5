"""Accounts, by whoever manages them."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from viewer.app.clinic import Clinic
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.crypto.errors import NotAuthentic
from viewer.session.accounts import User
from viewer.session.audit.events import EventKind
from viewer.session.errors import LoginRefused
from viewer.session.permissions import KeyName, Permission


@attrs.frozen
class ListAccounts:
    """Everybody who has an account."""


@use_case(
    permission=Permission.MANAGE_ACCOUNTS,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="accounts"),
)
def list_accounts(clinic: Clinic, request: ListAccounts, act: Act) -> Sequence[User]:
    """List accounts with their roles."""
    return clinic.practice.users()


@attrs.frozen
class AddUser:
    """A new account: login name, name on screen, role and first password."""

    name: str
    display_name: str
    role_id: str
    password: str = attrs.field(repr=False)


@use_case(
    permission=Permission.MANAGE_ACCOUNTS,
    event=EventKind.ACCOUNT_CHANGED,
    subject=lambda clinic, request: Subject(why=f"add, role {request.role_id}"),
)
def add_user(clinic: Clinic, request: AddUser, act: Act) -> User:
    """Make an account; its keys are sealed to it by role."""
    with act.session.lent_keys() as ring:
        user = clinic.practice.add_user(
            ring, request.name, request.display_name, request.role_id, request.password
        )
    act.outcome = attrs.evolve(act.outcome, objects=(user.id,))
    return user


@attrs.frozen
class SetEnabled:
    """Let somebody log in, or no longer."""

    name: str
    enabled: bool


@use_case(
    permission=Permission.MANAGE_ACCOUNTS,
    event=EventKind.ACCOUNT_CHANGED,
    subject=lambda clinic, request: Subject(
        objects=(clinic.practice.user(request.name).id,),
        why="enable" if request.enabled else "disable",
    ),
)
def set_enabled(clinic: Clinic, request: SetEnabled, act: Act) -> User:
    """Enable or disable an account."""
    user = clinic.practice.user(request.name)
    with act.session.lent_keys() as ring:
        return clinic.practice.set_enabled(ring, user.id, enabled=request.enabled)


@attrs.frozen
class ChangeRole:
    """Another role for somebody, with its keys and no others."""

    name: str
    role_id: str


@attrs.frozen
class RoleChanged:
    """The account as it is now, and the keys whose rotation is due since: `rotate_keys`."""

    user: User
    rotation_due: frozenset[KeyName]


@use_case(
    permission=Permission.MANAGE_ACCOUNTS,
    event=EventKind.ACCOUNT_CHANGED,
    subject=lambda clinic, request: Subject(
        objects=(clinic.practice.user(request.name).id,), why=f"role {request.role_id}"
    ),
)
def change_role(clinic: Clinic, request: ChangeRole, act: Act) -> RoleChanged:
    """Give another role. An open session of that person has no more rights than both roles."""
    before = clinic.practice.user(request.name)
    with act.session.lent_keys() as ring:
        user = clinic.practice.change_role(ring, before.id, request.role_id)
    act.outcome = attrs.evolve(act.outcome, why=f"role {before.role.id} to {user.role.id}")
    return RoleChanged(user, clinic.practice.rotation_due)


@attrs.frozen
class ResetPassword:
    """A new password for somebody who forgot it."""

    name: str
    password: str = attrs.field(repr=False)


@use_case(
    permission=Permission.MANAGE_ACCOUNTS,
    event=EventKind.PASSWORD_CHANGED,
    subject=lambda clinic, request: Subject(
        objects=(clinic.practice.user(request.name).id,), why="reset"
    ),
)
def reset_password(clinic: Clinic, request: ResetPassword, act: Act) -> User:
    """Give a fresh key pair and password."""
    with act.session.lent_keys() as ring:
        return clinic.practice.reset_password(
            ring, clinic.practice.user(request.name).id, request.password
        )


@attrs.frozen
class ChangePassword:
    """One's own password."""

    old: str = attrs.field(repr=False)
    new: str = attrs.field(repr=False)


@use_case(
    permission=Permission.LOGGED_IN,
    event=EventKind.PASSWORD_CHANGED,
    subject=lambda clinic, request: Subject(why="own password"),
)
def change_password(clinic: Clinic, request: ChangePassword, act: Act) -> None:
    """Change one's own password.

    Raises
    ------
    LoginRefused
        The old password is wrong.
    WeakPassword
        The new one is refused, with the reason.
    """
    try:
        clinic.practice.change_password(act.session.user.id, request.old, request.new)
    except NotAuthentic as fault:
        raise LoginRefused("The old password does not match.") from fault
