"""When nobody touches the workstation: count down, lock, and later log off. Pure; no timer here."""

from __future__ import annotations

from enum import Enum

import attrs

from viewer.session.clock import Clock


@attrs.frozen
class IdlePolicy:
    """Seconds without a touch until the lock and until the full logoff; the last are counted down.

    Source
    ------
    45 CFR 164.312(a)(2)(iii) asks for automatic logoff and leaves the time to the practice.
    """

    lock_after_s: float = 600
    countdown_s: float = 60
    log_off_after_s: float = 3600


OPERATORY = IdlePolicy()
FRONT_DESK = IdlePolicy(lock_after_s=300)


class IdlePhase(Enum):
    """What is to be done now."""

    ACTIVE = "active"
    COUNTING = "counting"
    LOCK = "lock"
    LOG_OFF = "log off"


@attrs.frozen
class IdleState:
    """The phase, and seconds left until the lock (0 once it is due)."""

    phase: IdlePhase
    seconds_left: float


JUMP_S = 30
"""A wall clock that moves this much against the other clock was set, or the machine slept."""


class IdleClock:
    """Counts since the last touch. Main thread only.

    The time comes from a clock that runs through suspend. Should a machine's clock stop in its
    sleep after all, the wall clock jumps ahead of it, and that counts as time without a touch. A
    wall clock that is set back changes nothing.
    """

    def __init__(self, policy: IdlePolicy, clock: Clock) -> None:
        self.policy = policy
        self._clock = clock
        self._away_s = 0.0
        self._boot_s = clock.boot_s()
        self._wall = clock.wall()

    def activity(self) -> None:
        """A person touched the workstation; a touch that comes too late does not revive it."""
        if self.poll().phase in {IdlePhase.ACTIVE, IdlePhase.COUNTING}:
            self._away_s = 0.0

    def restart(self) -> None:
        """Begin anew: somebody logged in or unlocked."""
        self._advance()
        self._away_s = 0.0

    def poll(self) -> IdleState:
        """Say what is to be done now; call it about once a second."""
        self._advance()
        left_s = self.policy.lock_after_s - self._away_s
        if self._away_s >= self.policy.log_off_after_s:
            return IdleState(IdlePhase.LOG_OFF, 0)
        if left_s <= 0:
            return IdleState(IdlePhase.LOCK, 0)
        if left_s <= self.policy.countdown_s:
            return IdleState(IdlePhase.COUNTING, left_s)
        return IdleState(IdlePhase.ACTIVE, left_s)

    def _advance(self) -> None:
        boot_s, wall = self._clock.boot_s(), self._clock.wall()
        passed_s = max(0.0, boot_s - self._boot_s)
        ahead_s = (wall - self._wall).total_seconds() - passed_s
        self._away_s += passed_s + (ahead_s if ahead_s > JUMP_S else 0.0)
        self._boot_s, self._wall = boot_s, wall
