"""What there is to be allowed, and which role is allowed what (`resources/roles.toml`).

A role is enforced twice: by the gate (`Session.require`) and by keys, since a practice key is
sealed only to users whose role holds it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any

import attrs

from viewer.model.resources import resource_path


class Permission(Enum):
    """One thing a use case may need. The value is what a person reads ("may not …")."""

    OPEN_TO_ALL = "open to all"
    """Needs no session: log in, open a bundle, verify a trail with the public key alone."""
    LOGGED_IN = "logged in"
    """Needs a session of any role: change one's own password, lock, log off."""
    LIST_PATIENTS = "list patients"
    VIEW_IMAGES = "view images"
    IMPORT_IMAGES = "import images"
    EXPORT_IMAGES = "export images"
    SHARE_IMAGES = "share images"
    READ_TRAIL = "read trail"
    VERIFY_TRAIL = "verify trail"
    MANAGE_ACCOUNTS = "manage accounts"
    CHECK_STORE = "check store"
    BACK_UP = "back up"
    MANAGE_KEYS = "manage keys"
    """Begin a new epoch, seal everything anew, prove the recovery sheet."""
    ERASE_PATIENTS = "erase patients"
    MANAGE_KEEPING = "manage keeping"
    """Quota, retention periods, legal holds, eviction and purge."""
    EMERGENCY_ACCESS = "emergency access"
    """Break-glass by a named user: look at images for half an hour, with a reason and an alarm."""
    REVIEW_TRAIL = "review trail"
    """Sign off what is unusual, reports, accounting of disclosures."""
    MANAGE_POLICIES = "manage policies"
    """Lock times, second factors asked for, where the trail is sent, how long it is kept."""


GRANTABLE = frozenset(Permission) - {Permission.OPEN_TO_ALL, Permission.LOGGED_IN}
"""What a role may list; the two others are markers for use cases."""


class KeyName(Enum):
    """A key of the practice that is sealed to users by role."""

    IMAGES = "images"
    """Epoch key: 32 random bytes that wrap patient keys and give the catalog key."""
    SHARE = "share"
    """Ed25519 private key that signs what leaves."""
    TRAIL = "trail"
    """X25519 private key to which the trail's record keys are sealed."""


KEY_NEEDED: Mapping[Permission, KeyName] = {
    Permission.LIST_PATIENTS: KeyName.IMAGES,
    Permission.VIEW_IMAGES: KeyName.IMAGES,
    Permission.IMPORT_IMAGES: KeyName.IMAGES,
    Permission.EXPORT_IMAGES: KeyName.IMAGES,
    Permission.CHECK_STORE: KeyName.IMAGES,
    Permission.BACK_UP: KeyName.IMAGES,
    Permission.MANAGE_KEYS: KeyName.IMAGES,
    Permission.ERASE_PATIENTS: KeyName.IMAGES,
    Permission.MANAGE_KEEPING: KeyName.IMAGES,
    Permission.SHARE_IMAGES: KeyName.SHARE,
    Permission.READ_TRAIL: KeyName.TRAIL,
    Permission.REVIEW_TRAIL: KeyName.TRAIL,
    Permission.EMERGENCY_ACCESS: KeyName.IMAGES,
}
"""Permissions that a key enforces besides the gate."""


@attrs.frozen
class Role:
    """A role: its id in `roles.toml`, its title and one sentence, what it may and holds."""

    id: str
    title: str
    words: str
    may: frozenset[Permission]
    holds: frozenset[KeyName]

    def allows(self, permission: Permission) -> bool:
        """Whether somebody logged in with this role may do it."""
        return permission not in GRANTABLE or permission in self.may


OWNER = "owner"
SECURITY_OFFICER = "security_officer"


def parse_roles(text: str) -> dict[str, Role]:
    """Read a table of roles.

    Raises
    ------
    ValueError
        An unknown word, a right without the key it needs, or somebody who manages accounts and
        does not hold every key.
    """
    return {role_id: _parse_role(role_id, row) for role_id, row in tomllib.loads(text).items()}


def _parse_role(role_id: str, row: Mapping[str, Any]) -> Role:
    unknown = set(row) - {"title", "words", "may", "holds"}
    if unknown:
        raise ValueError(f"role {role_id}: unknown field")
    may = frozenset(Permission(word) for word in row["may"])
    holds = frozenset(KeyName(word) for word in row["holds"])
    if not may <= GRANTABLE:
        raise ValueError(f"role {role_id}: lists what is not granted by role")
    needed = {KEY_NEEDED[permission] for permission in may if permission in KEY_NEEDED}
    if not needed <= holds:
        raise ValueError(f"role {role_id}: may do what it holds no key for")
    if Permission.MANAGE_ACCOUNTS in may and holds != frozenset(KeyName):
        raise ValueError(f"role {role_id}: manages accounts without every key")
    return Role(role_id, row["title"], row["words"], may, holds)


@cache
def roles() -> Mapping[str, Role]:
    """Return the roles that come with the program, by id, in the order of the table."""
    return parse_roles(resource_path("roles.toml").read_text(encoding="utf-8"))


def permission_table() -> str:
    """Return the role by permission table as plain text, one role a line."""
    columns = [permission for permission in Permission if permission in GRANTABLE]
    head = " ".join(f"{permission.value:>15}" for permission in columns)
    lines = [f"{'':<22}{head}  keys"]
    for role in roles().values():
        marks = " ".join(f"{'yes' if role.allows(each) else '-':>15}" for each in columns)
        keys = ", ".join(sorted(key.value for key in role.holds))
        lines.append(f"{role.title:<22}{marks}  {keys}")
    return "\n".join(lines)
