"""What `accounts.json` holds, and how keys are wrapped in it. No patient data, no secret in clear.

::

    KEK          = HKDF(Argon2id(password) ‖ device secret, info = purpose|practice|user|device)
                   HKDF(… ‖ third share, info = … v2|third share's id) where one is required
    user key     = X25519 private key, AES-GCM under KEK, bound to user|version|device|public key,
                   and to the third share's id where one is required
    practice key = HPKE-sealed to each user whose role holds it, and to the recovery key, bound to
                   practice|key|epoch|user|role, for a role of the practice's own also to a digest
                   of what it may

There is no password hash: unwrapping the user key is the only check. A role that is edited, or a
wrapped key that is moved to another user, no longer opens; nor does one whose third share was
edited out of the file, since it is half of what the key was wrapped with.
"""

from __future__ import annotations

from contextlib import ExitStack
from enum import Enum

import attrs

from viewer.crypto.aead import unwrap, wrap
from viewer.crypto.derive import Stretch, context, derive, stretch_password
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import (
    KeyPair,
    seal_to,
    sealing_public,
    signing_public,
    unseal_from,
)
from viewer.crypto.secret import Secret
from viewer.model.ids import UserId
from viewer.session.errors import ThirdShareMissing
from viewer.session.permissions import KeyName
from viewer.session.third import ThirdShare, challenge_of

RECOVERY = "recovery"
"""Stands for the recovery key where a user's id stands."""
EMERGENCY = "emergency"
"""Stands for the emergency key (break-glass on paper), where there is one."""
SALT_BYTES = 16
TOTP = "totp"
"""A code from an authenticator app."""
SECURITY_KEY = "security key"
"""A third share: it has to be plugged in and touched."""


class Due(Enum):
    """Why a key is to be renewed. The value is what a person reads."""

    LEFT = "somebody who held it may do so no longer"
    SHEET = "the recovery sheet before still opens copies of it"
    EMERGENCY = "the emergency sheet before still opens copies of it"
    RECOVERED = "the practice was recovered, and its accounts could not be authenticated"
    LEAK = "it may have leaked"


@attrs.frozen
class CodeRow:
    """One recovery code that was not used yet: its digest, sealed to the user's own public key.

    `wrapped` is the user's key once more, under the digest in place of the third share; "" where
    no third share is required.
    """

    sealed: str
    wrapped: str = ""


@attrs.frozen
class UserRow:
    """One account. `wrapped` is empty until a password is set (again).

    `third` is the id of the third share that its key is wrapped with besides, `third_label` what
    a person calls it; both are "" where none is required. `totp` is the secret of an enrolled
    authenticator app, sealed to `public`, so that it opens only after the right password; "": none.
    `must_change`: the password was given by somebody else, and opens nothing but its change.
    `formerly` are names the account had, which the trail still uses; `left_at` is when the person
    left the practice, "" while it is there. No row is ever removed: the trail refers to it.
    """

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
    third: str = ""
    third_label: str = ""
    totp: str = ""
    codes: tuple[CodeRow, ...] = ()
    must_change: bool = False
    formerly: tuple[str, ...] = ()
    left_at: str = ""

    @property
    def second_factors(self) -> tuple[str, ...]:
        """What a login takes besides the password; the login window asks for it."""
        asked = {TOTP: self.totp, SECURITY_KEY: self.third}
        return tuple(name for name, value in asked.items() if value)

    @property
    def stretch(self) -> Stretch:
        """The stored cost; `stretch_password` refuses one that was lowered."""
        return Stretch(*self.cost)

    @property
    def takes_keys(self) -> bool:
        """Whether keys are sealed to it: the disabled, and who has no password yet, get none."""
        return self.is_enabled and bool(self.wrapped)


@attrs.frozen
class RoleRow:
    """A role of the practice's own. `may` lists permissions; the keys it holds follow from them."""

    id: str
    title: str
    words: str
    may: tuple[str, ...]


@attrs.frozen
class EpochRow:
    """One practice key in one epoch, sealed to users by id, to "recovery" and to "emergency".

    `public` is its public half, "" for a symmetric one. A retired epoch keeps it, and no seals.
    `follows` can be made only by who knows this epoch's key and the one before ("" in the first):
    sealing needs a public key alone, so without it anybody could seal us a key of his own.
    """

    key: str
    number: int
    sealed: dict[str, str]
    public: str = ""
    is_retired: bool = False
    follows: str = ""


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
    due_why: dict[str, tuple[str, ...]] = attrs.field(factory=dict)
    recovery_proved_at: str = ""
    emergency_since: str = ""
    emergency_spent: tuple[str, ...] = ()
    roles: tuple[RoleRow, ...] = ()

    def with_user(self, row: UserRow) -> Book:
        """Return the book with a row added or replaced."""
        others = tuple(each for each in self.users if each.id != row.id)
        return attrs.evolve(self, users=(*others, row))


@attrs.frozen(eq=False)
class Shares:
    """What a user's key is wrapped with besides the password. `place` is (practice, device)."""

    device: Secret
    place: tuple[str, str]
    third: ThirdShare | None = None


def wrap_user_key(
    row: UserRow, pair: KeyPair, password: str, salt: bytes, shares: Shares
) -> UserRow:
    """Return the row with a private key wrapped under a password and the shares.

    The row requires the third share from now on that is among them, or none. What was sealed to the
    key before is gone from it: whoever can open that seals it anew.

    Raises
    ------
    ThirdShareMissing
        It does not answer.
    """
    third, place = shares.third, shares.place
    fresh = attrs.evolve(
        row,
        version=row.version + 1,
        public=pair.public.hex(),
        salt=salt.hex(),
        wrapped={},
        third=third.id if third else "",
        third_label=third.label if third else "",
        totp="",
        codes=(),
    )
    with _kek(fresh, password, shares) as kek:
        wrapped = wrap(kek, pair.private, _wrap_context(fresh, place))
    return attrs.evolve(fresh, wrapped={place[1]: wrapped.hex()})


def unwrap_user_key(row: UserRow, password: str, shares: Shares) -> Secret:
    """Return the private key: the only password check.

    Raises
    ------
    NotAuthentic
        A wrong password, another workstation, or a changed row.
    ThirdShareMissing
        The third share that the row requires is not among them, or does not answer.
    """
    if row.third and (shares.third is None or shares.third.id != row.third):
        raise ThirdShareMissing(row.third_label)
    try:
        kek = _kek(row, password, shares)
    except ValueError:
        raise NotAuthentic from None
    with kek:
        wrapped = bytes.fromhex(row.wrapped.get(shares.place[1], ""))
        private = unwrap(kek, wrapped, _wrap_context(row, shares.place))
    if sealing_public(private).hex() != row.public:
        private.wipe()
        raise NotAuthentic
    return private


def _kek(row: UserRow, password: str, shares: Shares) -> Secret:
    salt, (practice, device) = bytes.fromhex(row.salt), shares.place
    with ExitStack() as wiped:
        if not row.third or shares.third is None:
            info = context("bitewing user key v1", practice, row.id, device)
            stretched = wiped.enter_context(stretch_password(password, salt, row.stretch))
            return derive([stretched, shares.device], info)
        info = context("bitewing user key v2", practice, row.id, device, row.third)
        third = shares.third.answer(challenge_of(practice, row.id, salt))
        wiped.enter_context(third)
        stretched = wiped.enter_context(stretch_password(password, salt, row.stretch))
        return derive([stretched, shares.device, third], info)


def _wrap_context(row: UserRow, place: tuple[str, str]) -> bytes:
    if row.third:
        return context("bitewing user key v2", *place, row.id, row.version, row.public, row.third)
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
        It was sealed to another holder or role, or not at all; or the public half in the book is
        another's.
    """
    bound = _seal_context(practice_id, epoch, holder, role)
    try:
        key = unseal_from(private, bytes.fromhex(epoch.sealed.get(holder, "")), bound)
    except ValueError:
        raise NotAuthentic from None
    if public_half(KeyName(epoch.key), key) != epoch.public:
        key.wipe()
        raise NotAuthentic
    return key


def succession(practice_id: str, epoch: EpochRow, before: Secret, key: Secret) -> str:
    """Return what shows that an epoch was begun by somebody who held the one before."""
    info = context("bitewing epoch succession v1", practice_id, epoch.key, epoch.number)
    with derive([before, key], info) as shown:
        return shown.view().hex()


def require_follows(practice_id: str, epoch: EpochRow, before: Secret | None, key: Secret) -> None:
    """Return only if an epoch follows the one before.

    Raises
    ------
    NotAuthentic
        It was planted.
    """
    if before is None or epoch.follows != succession(practice_id, epoch, before, key):
        raise NotAuthentic


def _seal_context(practice_id: str, epoch: EpochRow, holder: str, role: str) -> bytes:
    return context("bitewing epoch v1", practice_id, epoch.key, epoch.number, holder, role)


def new_practice_key(name: KeyName) -> tuple[Secret, str]:
    """Return a fresh practice key and its public half."""
    key = Secret.random()  # any 32 random bytes are a key of each kind (RFC 7748 §5, RFC 8032 §5.1)
    return key, public_half(name, key)


def public_half(name: KeyName, key: Secret) -> str:
    """Return the public half of a practice key in hex, "" for a symmetric one."""
    if name is KeyName.IMAGES:
        return ""
    return (signing_public(key) if name is KeyName.SHARE else sealing_public(key)).hex()
