"""A genuine trail of any length, written fast: every record is one the program would write.

What differs from `Trail.append` is that the disk is waited for every few megabytes, not after each
record, and that the clock is told what time it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import numpy as np

from viewer.crypto.people import KeyPair, new_sealing_pair
from viewer.model.ids import PatientId, UserId
from viewer.session.audit.events import Actor, Entry, EventKind, Outcome
from viewer.session.audit.growing import GrowingEnd
from viewer.session.audit.outside import HEAD_NAME
from viewer.session.audit.sealing import RecordSealer
from viewer.session.audit.segment import SegmentKeys, Tail, head_of
from viewer.session.audit.trail import RECORDS_PER_CHECKPOINT, Trail
from viewer.session.device import require_device_secret
from viewer.session.keystore import KeyStore

PRACTICE = "ab" * 16
FIRST_DAY = datetime(2023, 1, 2, 8, tzinfo=UTC)
_WRITTEN_AT_ONCE = 4 << 20
_SECONDS_BETWEEN = 60
_EVENTS_PER_SESSION = 400
_PEOPLE = (
    ("Dr. Ada Molar", "dentist"), ("Ben Cusp", "assistant"), ("Cleo Enamel", "hygienist"),
    ("Dora Pulp", "front desk"), ("Emil Crown", "security officer"),
)  # fmt: skip
_DEEDS = (
    (EventKind.VIEW, 70, "diagnosis"), (EventKind.LIST, 15, "patients"),
    (EventKind.IMPORT, 6, "from the sensor"), (EventKind.LOGIN, 3, "password"),
    (EventKind.LOCK, 3, "idle"), (EventKind.EXPORT, 2, "for the patient"),
    (EventKind.LOGIN_FAILED, 1, "wrong password"),
)  # fmt: skip
_WITH_PATIENT = {EventKind.VIEW, EventKind.IMPORT, EventKind.EXPORT}


class SetClock:
    """A clock that stands where it was put."""

    def __init__(self, wall: datetime = FIRST_DAY) -> None:
        self.now = wall

    def boot_s(self) -> float:
        """Seconds since a morning long ago."""
        return (self.now - FIRST_DAY).total_seconds() + 1000.0

    def wall(self) -> datetime:
        """What it was set to."""
        return self.now


@attrs.frozen
class Filled:
    """A trail that was filled, and the pair whose private half reads it."""

    folder: Path
    reader: KeyPair
    public_line: str
    events: int


def made_up_entries(count: int, seed: int = 20260101, patients: int = 4000) -> Iterator[Entry]:
    """Yield what a practice of five does: mostly looking at pictures."""
    chance = np.random.default_rng(seed)
    people = [
        Actor(UserId(f"{place + 1:032x}"), name, role) for place, (name, role) in enumerate(_PEOPLE)
    ]
    weights = np.array([weight for _, weight, _ in _DEEDS], dtype=np.float64)
    chosen = chance.choice(len(_DEEDS), count, p=weights / weights.sum()).tolist()
    whose = chance.integers(1, patients + 1, count).tolist()
    who = chance.integers(0, len(people), count).tolist()
    objects = chance.integers(0, 1 << 62, count).tolist()
    for place in range(count):
        kind, _, why = _DEEDS[chosen[place]]
        has_patient = kind in _WITH_PATIENT
        yield Entry(
            kind,
            people[who[place]],
            Outcome.FAILED if kind is EventKind.LOGIN_FAILED else Outcome.DONE,
            patient_id=PatientId(f"{whose[place]:032x}") if has_patient else None,
            objects=(f"{objects[place]:032x}",) if has_patient else (),
            why=why,
        )


def fill_trail(folder: Path, keystore: KeyStore, count: int, *, segments: int = 1) -> Filled:
    """Write a trail of `count` events into an empty folder, in so many segments."""
    pair = new_sealing_pair()
    clock = SetClock()
    keystore.create_device_secret().wipe()
    Trail.create(folder, keystore, PRACTICE, pair.public, clock).close()
    with require_device_secret(keystore) as secret:
        keys = SegmentKeys.of_device(secret, PRACTICE, 1)
    sealer = RecordSealer(clock, "OPERATORY-1")
    end = GrowingEnd(folder, keys, sealer)
    end.find()
    end.open()
    entries = made_up_entries(count)
    for number in range(segments):
        first, last = number * count // segments, (number + 1) * count // segments
        _fill_segment(end, sealer, clock, entries, last - first)
        if number + 1 < segments:
            end.begin_next(pair.public, clock.wall().date().isoformat())
    head = head_of(end.keys.number, end.tail.signed)
    keystore.write_head(PRACTICE, HEAD_NAME, head)
    line = end.keys.signer.line
    end.close()
    end.keys.wipe()
    return Filled(folder, pair, line, count)


def _fill_segment(
    end: GrowingEnd, sealer: RecordSealer, clock: SetClock, entries: Iterator[Entry], count: int
) -> None:
    tail: Tail = end.tail.copy()
    raw = bytearray()
    for number in range(count):
        clock.now += timedelta(seconds=_SECONDS_BETWEEN)
        if number % _EVENTS_PER_SESSION == 0:
            sealer.forget()
        raw += sealer.frames(tail, next(entries), end.keys, end.trail_public)[0]
        if tail.unsigned >= RECORDS_PER_CHECKPOINT:
            raw += tail.add_checkpoint(end.keys)
        if len(raw) > _WRITTEN_AT_ONCE:
            end.put(bytes(raw), tail)
            tail = tail.copy()
            raw.clear()
    if tail.unsigned > 0:
        raw += tail.add_checkpoint(end.keys)
    end.put(bytes(raw), tail)
