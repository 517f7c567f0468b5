"""What `accounts.json` holds, and how keys are wrapped in it. No patient data, no secret in clear.

::

    KEK          = HKDF(Argon2id(password) ‖ device secret, info = purpose|practice|user|device)
    user key     = X25519 private key, AES-GCM under KEK, bound to user|version|device|public key
    practice key = HPKE-sealed to each user whose role holds it, and to the recovery key, bound to
                   practice|key|epoch|user|role

There is no password hash: unwrapping the user key is the only check. A role that is edited, or a
wrapped key that is moved to another user, no longer opens.
"""

from __future__ import annotations

import attrs

from viewer.crypto.aead import unwrap, wrap
from viewer.crypto.derive import Stretch, context, derive, stretch_password
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import (
    KeyPair,
    new_sealing_pair,
    new_signing_pair,
    seal_to,
    sealing_public,
    unseal_from,
)
from viewer.crypto.secret import Secret
from viewer.model.ids import UserId
from viewer.session.permissions import KeyName

RECOVERY = "recovery"
"""Stands for the recovery key where a user's id stands."""
EMERGENCY = "emergency"
"""Stands for the emergency key (break-glass on paper), where there is one."""
SALT_BYTES = 16


@attrs.frozen
class UserRow:
    """One account. `wrapped` is empty until a password is set (again)."""

    id: UserId
    name: str
    display_name: str
    role: str
    is_enabled: bool
    version: int
    public: str
    salt: str
    cost: tuple[int, int, int]
    wrapped: dict[str, str]

    @property
    def stretch(self) -> Stretch:
        """The stored cost; `stretch_password` refuses one that was lowered."""
        return Stretch(*self.cost)

    @property
    def takes_keys(self) -> bool:
        """Whether keys are sealed to it: the disabled, and who has no password yet, get none."""
        return self.is_enabled and bool(self.wrapped)


@attrs.frozen
class EpochRow:
    """One practice key in one epoch, sealed to users by id, to "recovery" and to "emergency".

    `public` is its public half, "" for a symmetric one. A retired epoch keeps it, and no seals.
    """

    key: str
    number: int
    sealed: dict[str, str]
    public: str = ""
    is_retired: bool = False


@attrs.frozen
class Book:
    """All of the file. Fields with a default came with format 2."""

    format: int
    practice_id: str
    practice_name: str
    recovery_public: str
    share_public: str
    trail_public: str
    users: tuple[UserRow, ...]
    epochs: tuple[EpochRow, ...]
    emergency_public: str = ""
    rotation_due: tuple[str, ...] = ()
    recovery_proved_at: str = ""

    def with_user(self, row: UserRow) -> Book:
        """Return the book with a row added or replaced."""
        others = tuple(each for each in self.users if each.id != row.id)
        return attrs.evolve(self, users=(*others, row))


def wrap_user_key(
    row: UserRow, pair: KeyPair, password: str, salt: bytes, secret: Secret, place: tuple[str, str]
) -> UserRow:
    """Return the row with a private key wrapped under a password and the device secret.

    `place` is (practice id, device id).
    """
    fresh = attrs.evolve(
        row, version=row.version + 1, public=pair.public.hex(), salt=salt.hex(), wrapped={}
    )
    stretched = stretch_password(password, salt, row.stretch)
    with stretched, _kek(stretched, secret, row.id, place) as kek:
        wrapped = wrap(kek, pair.private, _wrap_context(fresh, place))
    return attrs.evolve(fresh, wrapped={place[1]: wrapped.hex()})


def unwrap_user_key(row: UserRow, password: str, secret: Secret, place: tuple[str, str]) -> Secret:
    """Return the private key: the only password check.

    Raises
    ------
    NotAuthentic
        A wrong password, another workstation, or a changed row.
    """
    try:
        stretched = stretch_password(password, bytes.fromhex(row.salt), row.stretch)
    except ValueError:
        raise NotAuthentic from None
    with stretched, _kek(stretched, secret, row.id, place) as kek:
        wrapped = bytes.fromhex(row.wrapped.get(place[1], ""))
        private = unwrap(kek, wrapped, _wrap_context(row, place))
    if sealing_public(private).hex() != row.public:
        private.wipe()
        raise NotAuthentic
    return private


def _kek(stretched: Secret, secret: Secret, user_id: UserId, place: tuple[str, str]) -> Secret:
    info = context("bitewing user key v1", place[0], user_id, place[1])
    return derive([stretched, secret], info)


def _wrap_context(row: UserRow, place: tuple[str, str]) -> bytes:
    return context("bitewing user key v1", *place, row.id, row.version, row.public)


def seal_epoch(
    practice_id: str, epoch: EpochRow, inner: Secret, holder: str, role: str, public: str
) -> EpochRow:
    """Return the epoch with the key also sealed to a holder (a user's id, or "recovery")."""
    bound = _seal_context(practice_id, epoch, holder, role)
    sealed = seal_to(bytes.fromhex(public), inner, bound).hex()
    return attrs.evolve(epoch, sealed=epoch.sealed | {holder: sealed})


def open_epoch(
    practice_id: str, epoch: EpochRow, private: Secret, holder: str, role: str
) -> Secret:
    """Return a practice key that was sealed to a holder.

    Raises
    ------
    NotAuthentic
        It was sealed to another holder or role, or not at all.
    """
    bound = _seal_context(practice_id, epoch, holder, role)
    return unseal_from(private, bytes.fromhex(epoch.sealed.get(holder, "")), bound)


def _seal_context(practice_id: str, epoch: EpochRow, holder: str, role: str) -> bytes:
    return context("bitewing epoch v1", practice_id, epoch.key, epoch.number, holder, role)


def new_practice_key(name: KeyName) -> tuple[Secret, str]:
    """Return a fresh practice key and its public half in hex ("" for a symmetric one)."""
    if name is KeyName.IMAGES:
        return Secret.random(), ""
    pair = new_signing_pair() if name is KeyName.SHARE else new_sealing_pair()
    return pair.private, pair.public.hex()
