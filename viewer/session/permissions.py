"""What there is to be allowed, and which role is allowed what (`resources/roles.toml`).

A role is enforced twice: by the gate (`Session.require`) and by keys, since a practice key is
sealed only to users whose role holds it. Roles of the practice's own lie beside its accounts
(`book.RoleRow`); what they hold follows from what they may, and is never more.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache
from typing import Any

import attrs

from viewer.crypto.derive import context, digest
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
    CORRECT_CHARTS = "correct charts"
    """Say whose an image is, which side and which teeth; throw away what was set aside."""
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
    Permission.CORRECT_CHARTS: KeyName.IMAGES,
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

_FURTHER: Mapping[Permission, frozenset[KeyName]] = {
    Permission.SHARE_IMAGES: frozenset({KeyName.IMAGES}),  # what is shared is opened first
    Permission.ERASE_PATIENTS: frozenset({KeyName.SHARE}),  # it signs the certificate
    Permission.MANAGE_KEYS: frozenset(KeyName),  # only a key one holds can be renewed
    Permission.MANAGE_ACCOUNTS: frozenset(KeyName),  # only a key one holds can be handed on
}
CUSTOM = "custom:"
"""Begins the id of a role of the practice's own; no role of the program has a colon in its id."""


def keys_for(may: Iterable[Permission]) -> frozenset[KeyName]:
    """Return the keys that permissions need, and no others."""
    needed: set[KeyName] = set()
    for permission in may:
        needed |= _FURTHER.get(permission, frozenset())
        if permission in KEY_NEEDED:
            needed.add(KEY_NEEDED[permission])
    return frozenset(needed)


@attrs.frozen
class Role:
    """A role: its id in `roles.toml`, its title and one sentence, what it may and holds.

    `bound` is what keys are sealed to besides the user: whoever edits what a role of the
    practice's own may makes its users' keys unreadable, not more powerful.
    """

    id: str
    title: str
    words: str
    may: frozenset[Permission]
    holds: frozenset[KeyName]

    @property
    def is_custom(self) -> bool:
        """Whether the practice made it."""
        return self.id.startswith(CUSTOM)

    @property
    def bound(self) -> str:
        """The id; for a role of the practice's own with a digest of what it may."""
        if not self.is_custom:
            return self.id
        words = sorted(permission.value for permission in self.may)
        return f"{self.id}|{digest(context('bitewing role v1', self.id, *words)).hex()}"

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
    if CUSTOM[-1] in role_id:
        raise ValueError(f"role {role_id}: the id is of a practice's own role")
    if not keys_for(may) <= holds:
        raise ValueError(f"role {role_id}: may do what it holds no key for")
    return Role(role_id, row["title"], row["words"], may, holds)


@cache
def roles() -> Mapping[str, Role]:
    """Return the roles that come with the program, by id, in the order of the table."""
    return parse_roles(resource_path("roles.toml").read_text(encoding="utf-8"))
