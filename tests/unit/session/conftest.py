"""A practice with its trail and desk, clocks that tests turn, and restarts of the program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from viewer.crypto.derive import SMALLEST_STRETCH
from viewer.session.accounts import KeyRing, Practice, User
from viewer.session.audit.events import Event
from viewer.session.audit.reader import TrailReader
from viewer.session.audit.trail import Trail
from viewer.session.clock import Clock
from viewer.session.desk import Desk
from viewer.session.keystore import KeyStore, MemoryKeyStore
from viewer.session.permissions import KeyName

OFFICER = "Ann Example"
PASSWORD = "copper lantern orbit seven"
FIRST = "granite piano meadow four"
OTHER = "velvet harbour tundra nine"


class FakeClock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def boot_s(self) -> float:
        return self.now_s

    def wall(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now_s += seconds
        self.now += timedelta(seconds=seconds)

    def set_wall(self, seconds_ahead: float) -> None:
        self.now += timedelta(seconds=seconds_ahead)

    def reboot(self) -> None:
        self.now_s = 20.0
        self.now += timedelta(seconds=40)


class Clinic:
    """One workstation of a practice, that can be restarted."""

    def __init__(self, folder: Path, keystore: KeyStore, clock: Clock) -> None:
        self.folder, self.keystore, self.clock = folder, keystore, clock
        self.practice, self.recovery = Practice.create(
            folder, keystore, "Elm Street Dental", OFFICER, PASSWORD, stretch=SMALLEST_STRETCH
        )
        self.trail = Trail.create(
            folder, keystore, self.practice.id, self.practice.trail_public, clock
        )
        self.desk = Desk(self.practice, self.trail, clock)

    @property
    def officer(self) -> User:
        return self.practice.user(OFFICER)

    def add(self, name: str, role: str, password: str = OTHER) -> User:
        """Somebody who has changed the first password already."""
        with self.practice.open_keys(self.officer.id, PASSWORD) as ring:
            user = self.practice.add_user(ring, name, name, role, FIRST)
        self.practice.change_password(user.id, FIRST, password, self.clock)
        return self.practice.user(user.id)

    @contextmanager
    def ring(self) -> Iterator[KeyRing]:
        """The officer's keys."""
        with self.practice.open_keys(self.officer.id, PASSWORD) as ring:
            yield ring

    def switch(self, name: str, *, enabled: bool) -> User:
        with self.ring() as ring:
            return self.practice.set_enabled(ring, self.practice.user(name).id, enabled=enabled)

    def begin(self, *names: KeyName) -> None:
        with self.ring() as ring:
            self.practice.begin_epoch(ring, names or (KeyName.IMAGES,)).wipe()

    def restart(self) -> None:
        self.trail.close()
        self.practice = Practice.load(self.folder, self.keystore)
        self.trail = Trail.open(self.folder, self.keystore, self.practice.id, self.clock)
        self.desk = Desk(self.practice, self.trail, self.clock)

    def events(self) -> list[Event]:
        """Everything in the trail, oldest first."""
        with self.practice.open_keys(self.officer.id, PASSWORD) as ring:
            reader = TrailReader(self.folder, ring.keys[KeyName.TRAIL][1])
        reader.refresh()
        events = list(reversed(reader.page(count=100_000)))
        reader.close()
        return events


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def keystore() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
def clinic(tmp_path: Path, keystore: MemoryKeyStore, clock: FakeClock) -> Iterator[Clinic]:
    made = Clinic(tmp_path / "store", keystore, clock)
    yield made
    made.trail.close()
