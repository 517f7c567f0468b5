"""Accounts, by whoever manages them. Nobody changes what he himself is or may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from viewer.app.clinic import Clinic
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.crypto.errors import NotAuthentic
from viewer.session.accounts import User
from viewer.session.audit.events import EventKind
from viewer.session.errors import AccountRefused, LoginRefused
from viewer.session.names import advise_name
from viewer.session.permissions import KeyName, Permission, Role


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
    """Make an account; its keys are sealed to it by role. Its first login changes the password."""
    role = clinic.practice.role(request.role_id)
    with act.session.lent_keys() as ring:
        user = clinic.practice.add_user(
            ring, request.name, request.display_name, role.id, request.password
        )
    why = f"add, role {_role_words(role)}" + (
        ", name sounds shared" if _sounds_shared(user) else ""
    )
    act.outcome = attrs.evolve(act.outcome, objects=(user.id,), why=why)
    return user


def _whom(clinic: Clinic, request: Any) -> Subject:
    return Subject(objects=(clinic.practice.user(request.name).id,))


def _somebody_else(clinic: Clinic, act: Act, name: str, now: str) -> User:
    """Return whose account it is, if it is not one's own."""
    user = clinic.practice.user(name)
    if user.id == act.session.user.id:
        raise AccountRefused("Nobody does this to the account he is using.", now)
    return user


def _role_words(role: Role) -> str:
    """Name a role for the trail; of one of the practice's own, whether it rules over others."""
    rules = role.is_custom and role.allows(Permission.MANAGE_ACCOUNTS)
    return f"{role.title} (may {Permission.MANAGE_ACCOUNTS.value})" if rules else role.title


def _sounds_shared(user: User) -> bool:
    return any(advise_name(name).words for name in (user.name, user.display_name))


_ASK_ANOTHER = "Ask somebody else who manages accounts."


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
    user = _somebody_else(clinic, act, request.name, _ASK_ANOTHER)
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
    before = _somebody_else(clinic, act, request.name, _ASK_ANOTHER)
    role_id = clinic.practice.role(request.role_id).id
    with act.session.lent_keys() as ring:
        user = clinic.practice.change_role(ring, before.id, role_id)
    act.outcome = attrs.evolve(
        act.outcome, why=f"role {before.role.title} to {_role_words(user.role)}"
    )
    return RoleChanged(user, clinic.practice.rotation_due)


@attrs.frozen
class RenameUser:
    """Another name for somebody (marriage, a typing error): to type at login, and on screen."""

    name: str
    new_name: str
    display_name: str


@use_case(permission=Permission.MANAGE_ACCOUNTS, event=EventKind.ACCOUNT_CHANGED, subject=_whom)
def rename_user(clinic: Clinic, request: RenameUser, act: Act) -> User:
    """Give another name. The account, its history and its keys stay what they are."""
    before = clinic.practice.user(request.name)
    user = clinic.practice.rename_user(before.id, request.new_name, request.display_name)
    why = f"rename, {before.display_name} is {user.display_name} now"
    act.outcome = attrs.evolve(act.outcome, why=why)
    return user


@attrs.frozen
class MarkLeft:
    """Somebody who left the practice."""

    name: str


@use_case(permission=Permission.MANAGE_ACCOUNTS, event=EventKind.ACCOUNT_CHANGED, subject=_whom)
def mark_left(clinic: Clinic, request: MarkLeft, act: Act) -> User:
    """Take the keys, the password and the factors off, and the name off the lists; keep the row."""
    user = _somebody_else(clinic, act, request.name, _ASK_ANOTHER)
    with act.session.lent_keys() as ring:
        user = clinic.practice.mark_left(ring, user.id, clinic.clock)
    act.outcome = attrs.evolve(act.outcome, why="left the practice")
    return user


@attrs.frozen
class BringBack:
    """Somebody who is of the practice again."""

    name: str


@use_case(permission=Permission.MANAGE_ACCOUNTS, event=EventKind.ACCOUNT_CHANGED, subject=_whom)
def bring_back(clinic: Clinic, request: BringBack, act: Act) -> User:
    """Put the name on the lists again: still disabled, and without a password."""
    user = clinic.practice.bring_back(clinic.practice.user(request.name).id)
    act.outcome = attrs.evolve(act.outcome, why="back in the practice")
    return user


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
    """Give a fresh key pair and a password that opens nothing but its own change."""
    user = _somebody_else(clinic, act, request.name, "Change your own password instead.")
    with act.session.lent_keys() as ring:
        return clinic.practice.reset_password(ring, user.id, request.password)


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
