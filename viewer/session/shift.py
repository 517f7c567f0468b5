"""Quick ways back in within one shift: a PIN of six digits or more, or the tap of a security key.

::

    KEK = HKDF(Argon2id(PIN) or the tapped share's answer ‖ device secret ‖ 32 random bytes in RAM)

The keys of somebody who logged in with the password are wrapped under it, in memory alone: nothing
of it is ever on disk. The random bytes are overwritten when it ends, and with them all of it: after
five wrong tries, at the end of the shift, when the workstation sleeps or its own lock comes down,
when the person logs off, and as soon as the account, its role, its factors or the practice's keys
are not what they were. Several people can have one at once: that is the fast switch.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta

import attrs

from viewer.crypto.aead import unwrap, wrap
from viewer.crypto.derive import context, derive, stretch_password
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.secret import Secret
from viewer.model.errors import BitewingError
from viewer.model.ids import UserId
from viewer.session.book import SALT_BYTES
from viewer.session.clock import Clock
from viewer.session.credentials import PasswordLedger
from viewer.session.device import require_device_secret
from viewer.session.errors import QuickGone, QuickRefused, ThirdShareMissing
from viewer.session.holders import KeyRing, User
from viewer.session.idle import JUMP_S
from viewer.session.permissions import KeyName
from viewer.session.pins import require_good_pin
from viewer.session.third import ThirdShare


@attrs.frozen
class ShiftPolicy:
    """How long a shift is, how many wrong tries it takes, and how fresh a login must be.

    `tries` in a row end it, and `tries_in_all` whatever came between. For `fresh_s` seconds after
    the password a quick way is set without giving it again.
    """

    lasts_s: float = 8 * 3600
    tries: int = 5
    tries_in_all: int = 20
    fresh_s: float = 600


SHIFT = ShiftPolicy()


@attrs.frozen
class QuickWays:
    """What somebody can get in by in this shift. `tap` is what the security key is called."""

    has_pin: bool = False
    tap: str = ""

    @property
    def is_any(self) -> bool:
        """Whether there is one at all."""
        return self.has_pin or bool(self.tap)


NO_WAY = QuickWays()


@attrs.frozen(eq=False)
class _Way:
    """A key ring wrapped under one KEK; `ram` is the part of it that is nowhere else."""

    salt: bytes
    ram: Secret
    wrapped: tuple[tuple[KeyName, int, bytes], ...]
    share_id: str = ""
    label: str = ""


@attrs.define(eq=False)
class _Kept:
    """One person's part of the shift."""

    user: User
    standing: bytes
    began_s: float
    began: datetime
    ways: dict[str, _Way] = attrs.field(factory=dict)
    wrong: int = 0
    wrong_in_all: int = 0

    def wipe(self) -> None:
        for way in self.ways.values():
            way.ram.wipe()
        self.ways.clear()


PIN, TAP = "quick PIN", "key tap"
OnEnd = Callable[[User, str], None]


class Shift:
    """Who can get in quickly. Safe from any thread; PINs are stretched while no lock is held.

    Parameters
    ----------
    on_end : callable
        Is told whose quick ways ended and why, after they are gone.
    """

    def __init__(
        self,
        practice: PasswordLedger,
        clock: Clock,
        policy: ShiftPolicy = SHIFT,
        on_end: OnEnd = lambda _, __: None,
    ) -> None:
        self.policy = policy
        self._practice, self._clock, self._on_end = practice, clock, on_end
        self._kept: dict[UserId, _Kept] = {}
        self._turn = threading.RLock()

    # --- made ------------------------------------------------------------------------------

    def keep_pin(self, user: User, ring: KeyRing, pin: str) -> None:
        """Wrap somebody's keys under a PIN until the shift ends: ~0.3 s, any thread.

        Raises
        ------
        WeakPin
            It is not taken.
        DeviceSecretMissing, NoKeyStore, AccountRefused
            Nothing was kept.
        """
        require_good_pin(pin)
        salt = secrets.token_bytes(SALT_BYTES)
        with self._stretched(user.id, pin, salt) as proof:
            self._keep(user, ring, PIN, (salt, proof))

    def keep_tap(self, user: User, ring: KeyRing, share: ThirdShare) -> None:
        """Wrap somebody's keys under a security key's answer; it may wait for a touch.

        Raises
        ------
        ThirdShareMissing
            It does not answer.
        DeviceSecretMissing, NoKeyStore, AccountRefused
            Nothing was kept.
        """
        salt = secrets.token_bytes(32)
        with share.answer(salt) as proof:
            self._keep(user, ring, TAP, (salt, proof), share)

    def _keep(
        self,
        user: User,
        ring: KeyRing,
        name: str,
        proved: tuple[bytes, Secret],
        share: ThirdShare | None = None,
    ) -> None:
        salt, proof = proved
        standing = self._practice.standing(user.id)
        ram = Secret.random()
        with ExitStack() as undo:
            undo.callback(ram.wipe)
            with self._kek(user.id, name, proof, ram) as kek:
                wrapped = tuple(
                    (key_name, number, wrap(kek, key, _bound(user.id, key_name, number)))
                    for key_name, epochs in ring.keys.items()
                    for number, key in epochs.items()
                )
            way = _Way(salt, ram, wrapped, share.id if share else "", share.label if share else "")
            with self._turn:
                kept = self._kept.get(user.id)
                if kept is None or kept.standing != standing:
                    if kept is not None:
                        kept.wipe()
                    began = self._clock.boot_s(), self._clock.wall()
                    kept = self._kept[user.id] = _Kept(user, standing, *began)
                before = kept.ways.pop(name, None)
                if before is not None:
                    before.ram.wipe()
                kept.ways[name] = way
                kept.wrong = 0
            undo.pop_all()

    # --- used ------------------------------------------------------------------------------

    def ways(self, user_id: UserId) -> QuickWays:
        """What somebody can get in by now."""
        with self._turn:
            kept = self._kept.get(user_id)
            if kept is None or self._is_over(kept):
                return NO_WAY
            tap = kept.ways.get(TAP)
            return QuickWays(PIN in kept.ways, tap.label if tap else "")

    def ends_at(self, user_id: UserId) -> datetime | None:
        """When somebody's quick ways end, by the wall clock; None where there are none."""
        if not self.ways(user_id).is_any:
            return None
        with self._turn:
            kept = self._kept.get(user_id)
            return kept.began + timedelta(seconds=self.policy.lasts_s) if kept else None

    def open_with_pin(self, user_id: UserId, pin: str) -> KeyRing:
        """Return the keys: ~0.3 s, any thread. The try is counted before it is made.

        Raises
        ------
        QuickGone
            There is no PIN (any more), or this was the last wrong try.
        QuickRefused
            A wrong PIN.
        DeviceSecretMissing, NoKeyStore
            The other part of the key is not there.
        """
        way = self._begin_try(user_id, PIN)
        with self._stretched(user_id, pin, way.salt) as proof:
            return self._open(user_id, PIN, way, proof)

    def open_with_tap(self, user_id: UserId) -> KeyRing:
        """Return the keys once the security key was tapped; waits for it, so use a worker.

        Raises
        ------
        QuickGone, QuickRefused
            As for `open_with_pin`.
        ThirdShareMissing
            It is not plugged in or was not touched; this is no try.
        """
        with self._turn:
            kept = self._kept.get(user_id)
            way = kept.ways.get(TAP) if kept is not None else None
        if way is None:
            raise QuickGone
        share = self._practice.third_shares.get(way.share_id)
        share = share or self._practice.reach(way.share_id, way.label)
        if share is None:
            raise ThirdShareMissing(way.label)
        with share.answer(way.salt) as proof:
            return self._open(user_id, TAP, self._begin_try(user_id, TAP), proof)

    def _begin_try(self, user_id: UserId, name: str) -> _Way:
        self.keep_up()
        with self._turn:
            kept = self._kept.get(user_id)
            if kept is None or name not in kept.ways or kept.wrong >= self.policy.tries:
                raise QuickGone
            kept.wrong += 1
            kept.wrong_in_all += 1
            return kept.ways[name]

    def _open(self, user_id: UserId, name: str, way: _Way, proof: Secret) -> KeyRing:
        keys: dict[KeyName, dict[int, Secret]] = {}
        with ExitStack() as undo:
            undo.callback(KeyRing(keys).wipe)
            try:
                with self._turn:  # so that it does not end in between
                    if way.ram.is_wiped:
                        raise QuickGone
                    ram = way.ram.copy()
                with ram, self._kek(user_id, name, proof, ram) as kek:
                    for key_name, number, sealed in way.wrapped:
                        key = unwrap(kek, sealed, _bound(user_id, key_name, number))
                        keys.setdefault(key_name, {})[number] = key
            except NotAuthentic:
                raise self._refusal(user_id) from None
            with self._turn:
                kept = self._kept.get(user_id)
                if kept is None or kept.ways.get(name) is not way:
                    raise QuickGone
                kept.wrong_in_all -= 1
                kept.wrong = 0
            undo.pop_all()
        return KeyRing(keys)

    def _refusal(self, user_id: UserId) -> QuickGone | QuickRefused:
        with self._turn:
            kept = self._kept.get(user_id)
            if kept is None:
                return QuickGone()
            most = self.policy
            left = min(most.tries - kept.wrong, most.tries_in_all - kept.wrong_in_all)
        if left > 0:
            return QuickRefused(left)
        self.drop(user_id, "too many wrong tries")
        return QuickGone()

    # --- ended -----------------------------------------------------------------------------

    def drop(self, user_id: UserId, why: str) -> None:
        """End one person's quick ways; nothing there is no error."""
        with self._turn:
            kept = self._kept.pop(user_id, None)
            if kept is not None:
                kept.wipe()
        if kept is not None:
            self._on_end(kept.user, why)

    def end(self, why: str) -> None:
        """End everybody's."""
        for user_id in self._people():
            self.drop(user_id, why)

    def keep_up(self) -> None:
        """End what is due: called each second, and before every try."""
        if not self._kept:
            return
        try:
            self._practice.refresh()
        except BitewingError:
            self.end("the accounts could not be read")
            return
        for user_id in self._people():
            with self._turn:
                kept = self._kept.get(user_id)
                why = self._why_over(kept) if kept is not None else ""
            if why:
                self.drop(user_id, why)

    def _people(self) -> Sequence[UserId]:
        with self._turn:
            return tuple(self._kept)

    def _why_over(self, kept: _Kept) -> str:
        if self._is_over(kept):
            return "the shift is over"
        try:
            standing = self._practice.standing(kept.user.id)
        except BitewingError:
            return "there is no such account any more"
        return "" if standing == kept.standing else "account, role, factors or keys were changed"

    def _is_over(self, kept: _Kept) -> bool:
        """Whether its time is up, by the clock that counts sleep; a wall clock set back is none."""
        passed_s = self._clock.boot_s() - kept.began_s
        on_wall_s = (self._clock.wall() - kept.began).total_seconds()
        return max(passed_s, on_wall_s - JUMP_S) >= self.policy.lasts_s or passed_s < 0

    # --- keys ------------------------------------------------------------------------------

    def _stretched(self, user_id: UserId, pin: str, salt: bytes) -> Secret:
        return stretch_password(pin, salt, self._practice.cost_of(user_id))

    def _kek(self, user_id: UserId, name: str, proof: Secret, ram: Secret) -> Secret:
        with require_device_secret(self._practice.keystore) as device:
            info = context("bitewing quick way v1", name, self._practice.id, user_id)
            return derive([proof, device, ram], info)


def _bound(user_id: UserId, name: KeyName, number: int) -> bytes:
    return context("bitewing quick key v1", user_id, name.value, number)
