"""Roles of the practice's own, by whoever manages accounts; the trail has each change in words."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from viewer.app.clinic import Clinic
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.session.audit.events import EventKind
from viewer.session.custom_roles import RoleDraft
from viewer.session.errors import AccountRefused
from viewer.session.permissions import KeyName, Permission, Role


@attrs.frozen
class ListRoles:
    """Every role that somebody of this practice may have."""


@use_case(
    permission=Permission.LOGGED_IN,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="roles"),
)
def list_roles(clinic: Clinic, request: ListRoles, act: Act) -> Sequence[Role]:
    """List roles: the program's, then the practice's own. Anybody may know what he may."""
    return tuple(clinic.practice.roles().values())


@attrs.frozen
class AddRole:
    """A role to be made."""

    draft: RoleDraft


@use_case(
    permission=Permission.MANAGE_ACCOUNTS,
    event=EventKind.ROLE_DEFINED,
    subject=lambda clinic, request: Subject(why=f"make the role “{request.draft.title}”"),
)
def add_role(clinic: Clinic, request: AddRole, act: Act) -> Role:
    """Make a role; it holds the keys that its permissions need, and no others."""
    with act.session.lent_keys() as ring:
        role = clinic.practice.add_role(ring, request.draft)
    act.outcome = Subject(objects=(role.id,), why=f"make the role “{role.title}”: {_may(role.may)}")
    return role


@attrs.frozen
class RedefineRole:
    """What a role of the practice's own is to be from now on, by title or id."""

    role: str
    draft: RoleDraft


@attrs.frozen
class RoleRedefined:
    """The role as it is now, and the keys whose rotation is due since: `rotate_keys`."""

    role: Role
    rotation_due: frozenset[KeyName]


@use_case(
    permission=Permission.MANAGE_ACCOUNTS,
    event=EventKind.ROLE_DEFINED,
    subject=lambda clinic, request: Subject(
        objects=(clinic.practice.role(request.role).id,), why=f"change the role “{request.role}”"
    ),
)
def redefine_role(clinic: Clinic, request: RedefineRole, act: Act) -> RoleRedefined:
    """Change a role for everybody who has it. Nobody changes the role he himself has."""
    before = clinic.practice.role(request.role)
    if clinic.practice.user(act.session.user.id).role.id == before.id:
        raise AccountRefused(
            "Nobody changes the role he himself has.", "Ask somebody else who manages accounts."
        )
    with act.session.lent_keys() as ring:
        role = clinic.practice.change_role_to(ring, before.id, request.draft)
    act.outcome = Subject(objects=(role.id,), why=_change(before, role))
    return RoleRedefined(role, clinic.practice.rotation_due)


@attrs.frozen
class DropRole:
    """A role of the practice's own that nobody has, by title or id."""

    role: str


@use_case(
    permission=Permission.MANAGE_ACCOUNTS,
    event=EventKind.ROLE_DEFINED,
    subject=lambda clinic, request: Subject(
        objects=(clinic.practice.role(request.role).id,), why=f"delete the role “{request.role}”"
    ),
)
def drop_role(clinic: Clinic, request: DropRole, act: Act) -> None:
    """Remove a role.

    Raises
    ------
    AccountRefused
        Somebody has it, and the message says who; or it is the program's.
    """
    clinic.practice.drop_role(clinic.practice.role(request.role).id)


def _may(may: frozenset[Permission]) -> str:
    return ", ".join(each.value for each in Permission if each in may)


def _change(before: Role, now: Role) -> str:
    words = [f"change the role “{before.title}”"]
    if now.title != before.title:
        words.append(f"it is “{now.title}” now")
    for verb, permissions in (("may", now.may - before.may), ("no more", before.may - now.may)):
        if permissions:
            words.append(f"{verb}: {_may(permissions)}")
    return "; ".join(words)
