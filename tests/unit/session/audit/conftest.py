"""A trail of its own, without accounts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.session.conftest import FakeClock
from viewer.crypto.people import KeyPair, new_sealing_pair
from viewer.model.ids import PatientId
from viewer.session.audit.events import Entry, EventKind
from viewer.session.audit.trail import Trail
from viewer.session.keystore import MemoryKeyStore

PRACTICE = "ab" * 16
PATIENT = PatientId("cd" * 16)
VIEW = Entry(EventKind.VIEW, patient_id=PATIENT, objects=("ef" * 16,), why="diagnosis")


class Log:
    """A trail that a test writes, closes, damages and opens again."""

    def __init__(self, folder: Path, keystore: MemoryKeyStore, clock: FakeClock) -> None:
        self.folder, self.keystore, self.clock = folder, keystore, clock
        self.reader_pair: KeyPair = new_sealing_pair()
        keystore.create_device_secret()
        self.trail = Trail.create(folder, keystore, PRACTICE, self.reader_pair.public, clock)
        self.public = self.trail.public_key_line

    @property
    def path(self) -> Path:
        return self.folder / "trail" / "0001.trail"

    def write(self, count: int) -> None:
        for _ in range(count):
            self.trail.append(VIEW)

    def crash(self) -> None:
        """End as SIGKILL does: nothing is signed, nothing is said."""
        assert self.trail._end.is_open
        self.trail._end.close()

    def open(self) -> Trail:
        self.trail = Trail.open(self.folder, self.keystore, PRACTICE, self.clock)
        return self.trail


@pytest.fixture
def log(tmp_path: Path, keystore: MemoryKeyStore, clock: FakeClock) -> Iterator[Log]:
    made = Log(tmp_path / "store", keystore, clock)
    yield made
    if made.trail._end.is_open:
        made.crash()
