"""What the practice asks of this workstation: when it locks, second factors, screen capture.

The policies lie in `policies.json`, tagged by the device secret and with a head outside, as the
accounts are: an edited, removed or older file is noticed. Then the strictest policies hold until
somebody who may sets them anew. Lock times and capture are kept per workstation, by its id; which
roles need a second factor holds for the practice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import attrs

from viewer.session.device import device_id, require_device_secret
from viewer.session.errors import AccountsTampered, PolicyRefused
from viewer.session.files import process_lock
from viewer.session.idle import FRONT_DESK, OPERATORY, IdlePolicy
from viewer.session.keystore import KeyStore
from viewer.session.tagged import TaggedFile

FILE = "policies.json"
_NAME = "policies"


class WorkstationKind(Enum):
    """Where a workstation stands. The value is what a person reads."""

    OPERATORY = "operatory"
    FRONT_DESK = "front desk"
    OFFICE = "private office"
    CUSTOM = "other"


class CaptureRule(Enum):
    """Where the system keeps other programs from taking the screen. The value is for people."""

    LOGIN_AND_LOCK = "at login and lock"
    EVERYWHERE = "everywhere"


USUAL_TIMES: Mapping[WorkstationKind, IdlePolicy] = {
    WorkstationKind.OPERATORY: OPERATORY,
    WorkstationKind.FRONT_DESK: FRONT_DESK,
    WorkstationKind.OFFICE: IdlePolicy(lock_after_s=900),
    WorkstationKind.CUSTOM: OPERATORY,
}
LONGEST_LOCK_S: Mapping[WorkstationKind, float] = {
    WorkstationKind.OPERATORY: 900,
    WorkstationKind.FRONT_DESK: 600,
    WorkstationKind.OFFICE: 1800,
    WorkstationKind.CUSTOM: 1800,
}
SHORTEST_LOCK_S = 60.0
SHORTEST_COUNTDOWN_S, LONGEST_COUNTDOWN_S = 10.0, 120.0
LONGEST_LOG_OFF_S = 12 * 3600.0

_WHY_NOT_LONGER: Mapping[WorkstationKind, str] = {
    WorkstationKind.OPERATORY: "a patient is left alone beside this screen",
    WorkstationKind.FRONT_DESK: "people who wait can read this screen",
    WorkstationKind.OFFICE: "whoever comes into the room can read this screen",
    WorkstationKind.CUSTOM: "nobody knows who comes by this screen",
}


@attrs.frozen
class Policies:
    """What holds at one workstation. `factor_roles` are ids of roles that need a second factor."""

    kind: WorkstationKind = WorkstationKind.OPERATORY
    idle: IdlePolicy = OPERATORY
    capture: CaptureRule = CaptureRule.LOGIN_AND_LOCK
    factor_roles: frozenset[str] = frozenset()
    every_role_needs_factor: bool = False
    is_damaged: bool = False
    """The file was changed outside the program: these are the strictest ones."""

    def needs_factor(self, role_id: str) -> bool:
        """Whether somebody with this role has to have a second factor."""
        return self.every_role_needs_factor or role_id in self.factor_roles


STRICTEST = Policies(
    WorkstationKind.FRONT_DESK,
    FRONT_DESK,
    CaptureRule.EVERYWHERE,
    every_role_needs_factor=True,
    is_damaged=True,
)


def minutes(seconds: float) -> str:
    """Return a time for a sentence.

    >>> minutes(60), minutes(90), minutes(3600), minutes(10)
    ('1 minute', '90 s', '60 minutes', '10 s')
    """
    if seconds < 60 or seconds % 60:
        return f"{seconds:g} s"
    return "1 minute" if seconds == 60 else f"{seconds / 60:g} minutes"


def require_sound_times(kind: WorkstationKind, times: IdlePolicy) -> None:
    """Return only if a workstation of this kind may have these times.

    Raises
    ------
    PolicyRefused
        One is too short or too long; the reason is in words.

    Source
    ------
    45 CFR 164.312(a)(2)(iii) leaves the time to the practice; the bounds here are ours.
    """
    lock_s, longest_s = times.lock_after_s, LONGEST_LOCK_S[kind]
    if not lock_s >= SHORTEST_LOCK_S:
        raise PolicyRefused(
            f"It may not lock sooner than after {minutes(SHORTEST_LOCK_S)}.",
            "A lock while somebody reads an image teaches people to keep it open by a trick.",
        )
    if not lock_s <= longest_s:
        raise PolicyRefused(
            f"It may not wait longer than {minutes(longest_s)} until it locks.",
            f"At a workstation of this kind ({kind.value}) {_WHY_NOT_LONGER[kind]}.",
        )
    if not SHORTEST_COUNTDOWN_S <= times.countdown_s <= min(LONGEST_COUNTDOWN_S, lock_s / 2):
        raise PolicyRefused(
            f"The countdown takes {minutes(SHORTEST_COUNTDOWN_S)} to "
            f"{minutes(min(LONGEST_COUNTDOWN_S, lock_s / 2))} here.",
            "Shorter, nobody can stop it in time; longer, nobody looks at it any more.",
        )
    if not lock_s <= times.log_off_after_s <= LONGEST_LOG_OFF_S:
        raise PolicyRefused(
            f"Logging off comes after the lock, and after {minutes(LONGEST_LOG_OFF_S)} at the "
            "latest.",
            "Who is away that long has gone home: the next one begins anew.",
        )


class PolicyStore:
    """The policies of one store, read again when another process changed them. Any thread."""

    def __init__(self, folder: Path, keystore: KeyStore, practice_id: str) -> None:
        self._file = TaggedFile(folder / FILE, keystore, practice_id, _NAME)
        self._lock_path = folder / "policies.lock"
        self._keystore, self._practice_id = keystore, practice_id
        with require_device_secret(keystore) as secret:
            self._device = device_id(secret)
        self._stamp: tuple[int, int] | None = None
        self._now = self._read()

    @property
    def now(self) -> Policies:
        """What holds, as last read."""
        return self._now

    def refresh(self) -> bool:
        """Read them again if the file is another one; whether what holds has changed."""
        if self._stamp_now() == self._stamp:
            return False
        before, self._now = self._now, self._read()
        return self._now != before

    def set(self, wanted: Policies, known_roles: Iterable[str]) -> Policies:
        """Keep other policies; they hold at once. Returns those before.

        Also the way out where the file was damaged.

        Raises
        ------
        PolicyRefused
            A time is out of bounds, or a role is unknown.
        AccountsUnwritable, DeviceSecretMissing, NoKeyStore
            Nothing was changed.
        """
        require_sound_times(wanted.kind, wanted.idle)
        if wanted.factor_roles - set(known_roles):
            raise PolicyRefused("There is no such role.", "“bitewing user roles” lists them.")
        with process_lock(self._lock_path):
            self.refresh()
            before = self._now
            content = self._content_to_change()
            content["factor_roles"] = sorted(wanted.factor_roles)
            content["workstations"][self._device] = {
                "kind": wanted.kind.value,
                "lock_after_s": wanted.idle.lock_after_s,
                "countdown_s": wanted.idle.countdown_s,
                "log_off_after_s": wanted.idle.log_off_after_s,
                "capture": wanted.capture.value,
            }
            self._file.replace(content)
            self._now = self._read()
        return before

    def _content_to_change(self) -> dict[str, Any]:
        """Return what the file says of every workstation; nothing where it cannot be trusted."""
        try:
            content = self._file.read() if self._exists else {}
        except AccountsTampered:
            content = {}
        stations = content.get("workstations")
        return {"workstations": dict(stations) if isinstance(stations, dict) else {}}

    @property
    def _exists(self) -> bool:
        """Whether policies were ever set: a file that is gone has a head outside."""
        outside = self._keystore.read_head(self._practice_id, _NAME)
        return outside is not None or self._file.path.exists()

    def _read(self) -> Policies:
        stamp = self._stamp_now()
        try:
            found = _parsed(self._file.read(), self._device) if self._exists else Policies()
        except AccountsTampered:
            found = STRICTEST
        self._stamp = stamp
        return found

    def _stamp_now(self) -> tuple[int, int]:
        try:
            facts = self._file.path.stat()
        except OSError:
            return (0, 0)
        return (facts.st_mtime_ns, facts.st_ino)


def start_over(folder: Path, keystore: KeyStore, practice_id: str) -> None:
    """Begin with the usual policies where any were set: by right of the recovery key."""
    file = TaggedFile(folder / FILE, keystore, practice_id, _NAME)
    if file.path.exists() or keystore.read_head(practice_id, _NAME) is not None:
        with process_lock(folder / "policies.lock"):
            file.replace({"factor_roles": [], "workstations": {}})


def _parsed(content: Mapping[str, Any], device: str) -> Policies:
    """Return what the file says of this workstation; the usual where it says nothing of it.

    Raises
    ------
    AccountsTampered
        It says what this program never writes.
    """
    try:
        roles = frozenset(map(str, content["factor_roles"]))
        mine = content["workstations"].get(device)
        if mine is None:
            return Policies(factor_roles=roles)
        times = IdlePolicy(
            float(mine["lock_after_s"]),
            float(mine["countdown_s"]),
            float(mine["log_off_after_s"]),
        )
        kind = WorkstationKind(mine["kind"])
        require_sound_times(kind, times)
        return Policies(kind, times, CaptureRule(mine["capture"]), roles)
    except (KeyError, TypeError, ValueError, AttributeError, PolicyRefused):
        raise AccountsTampered from None


def words_of(policies: Policies) -> str:
    """Return policies in one line, for the trail.

    >>> words_of(Policies())[:56]
    'operatory: locks after 10 minutes (60 s counted), logs o'
    """
    times = policies.idle
    factor = "every role" if policies.every_role_needs_factor else ""
    factor = factor or ", ".join(sorted(policies.factor_roles)) or "no role"
    return (
        f"{policies.kind.value}: locks after {minutes(times.lock_after_s)} "
        f"({times.countdown_s:g} s counted), logs off after {minutes(times.log_off_after_s)}; "
        f"capture refused {policies.capture.value}; second factor for {factor}"
    )
