"""The practice's accounts: who there is, what they may, and which keys are sealed to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from viewer.crypto.derive import DEFAULT_STRETCH, Stretch
from viewer.crypto.secret import Secret
from viewer.model.ids import UserId
from viewer.session.keystore import KeyStore
from viewer.session.permissions import OWNER, KeyName, Role


@attrs.frozen
class User:
    """A person with an account. `name` is typed at login, `display_name` is shown.

    `is_ready` is false after a recovery, until the officer sets a new password.
    """

    id: UserId
    name: str
    display_name: str
    role: Role
    is_enabled: bool = True
    is_ready: bool = True


@attrs.frozen(eq=False)
class KeyRing:
    """The practice keys that one user holds: every epoch by number, the largest is current."""

    keys: Mapping[KeyName, Mapping[int, Secret]]

    def wipe(self) -> None:
        """Overwrite every key."""
        raise NotImplementedError


class RecoveryKey:
    """The practice's recovery key, shown once: 14 groups of 4 characters with a checksum."""

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups as they are printed."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """All groups on one line."""
        raise NotImplementedError

    @classmethod
    def from_text(cls, text: str) -> RecoveryKey:
        """Read a typed key; spaces, dashes and case do not matter. Raises RecoveryKeyMistyped."""
        raise NotImplementedError

    def wipe(self) -> None:
        """Forget it."""
        raise NotImplementedError


class Practice:
    """The accounts of one store, loaded and authenticated. Any thread; writes take a lock."""

    id: str
    name: str
    trail_public: bytes
    share_public: bytes

    @staticmethod
    def is_founded(folder: Path) -> bool:
        """Whether the store folder holds accounts."""
        raise NotImplementedError

    @classmethod
    def create(
        cls,
        folder: Path,
        keystore: KeyStore,
        practice_name: str,
        officer_name: str,
        officer_password: str,
        *,
        officer_role: str = OWNER,
        stretch: Stretch = DEFAULT_STRETCH,
    ) -> tuple[Practice, RecoveryKey]:
        """Found a practice with its first account and its keys."""
        raise NotImplementedError

    @classmethod
    def load(cls, folder: Path, keystore: KeyStore) -> Practice:
        """Read and authenticate. Raises DeviceSecretMissing, AccountsTampered, NoKeyStore."""
        raise NotImplementedError

    def users(self) -> Sequence[User]:
        """Everybody, by display name."""
        raise NotImplementedError

    def user(self, name_or_id: str) -> User:
        """One user by login name or id. Raises AccountRefused."""
        raise NotImplementedError

    def open_keys(self, user_id: UserId, password: str) -> KeyRing:
        """Unwrap a user's keys: the only password check. Raises NotAuthentic. The desk calls it."""
        raise NotImplementedError

    def add_user(
        self,
        officer: KeyRing,
        name: str,
        display_name: str,
        role_id: str,
        password: str,
    ) -> User:
        """Make an account. Raises AccountRefused, WeakPassword."""
        raise NotImplementedError

    def set_enabled(self, user_id: UserId, *, enabled: bool) -> User:
        """Let somebody log in, or no longer (which also ends an open session)."""
        raise NotImplementedError

    def change_role(self, officer: KeyRing, user_id: UserId, role_id: str) -> User:
        """Give another role, with its keys and no others."""
        raise NotImplementedError

    def change_password(self, user_id: UserId, old: str, new: str) -> None:
        """A user's own change. Raises NotAuthentic, WeakPassword."""
        raise NotImplementedError

    def reset_password(self, officer: KeyRing, user_id: UserId, new: str) -> User:
        """Give a fresh key pair and password; failures are forgotten."""
        raise NotImplementedError

    @classmethod
    def recover(
        cls,
        folder: Path,
        keystore: KeyStore,
        recovery: RecoveryKey,
        name: str,
        password: str,
    ) -> Practice:
        """After a lost key store: the named manager of accounts gets in again, with a new secret.

        All others keep their accounts and need a new password from the officer.
        """
        raise NotImplementedError
