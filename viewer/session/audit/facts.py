"""Every event in fifty bytes of memory: who, whose, what kind, when, and where its record lies.

Filters, counts and days come from these columns without opening a single record. A million events
take 50 MB, and a filter over them some milliseconds.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Generic, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.model.ids import PatientId, UserId
from viewer.session.audit.committed import Cursor
from viewer.session.audit.events import Actor, EventFilter, EventKind, Outcome

FACT = np.dtype(
    [
        ("segment", "<u2"),
        ("seq", "<u4"),
        ("at", "<u8"),  # byte of the segment's file
        ("wall_us", "<i8"),  # microseconds since 1970, UTC
        ("boot_ms", "<i8"),
        ("kind", "u1"),  # place in KINDS
        ("outcome", "u1"),  # place in OUTCOMES
        ("actor", "<u4"),  # place in Facts.actors
        ("patient", "<i4"),  # place in Facts.patients; -1: none
        ("objects", "<u4"),  # how many
        ("workstation", "<u2"),  # place in Facts.workstations
        ("day", "<i4"),  # local day: date.toordinal()
    ]
)
KINDS = tuple(EventKind)
OUTCOMES = tuple(Outcome)
_FIRST_ROWS = 4096
_COPIED_AT_ONCE = 65_536
Rows = NDArray[np.void]
Places = NDArray[np.intp]
Name = TypeVar("Name", bound=Hashable)


class Names(Generic[Name]):
    """Things by number, in the order in which they were met."""

    def __init__(self, met: Iterable[Name] = ()) -> None:
        self.all: list[Name] = []
        self._places: dict[Name, int] = {}
        for each in met:
            self.place(each)

    def place(self, name: Name) -> int:
        """Return its number, a new one if need be."""
        found = self._places.get(name)
        if found is None:
            found = self._places[name] = len(self.all)
            self.all.append(name)
        return found

    def known(self, name: Name) -> int | None:
        """Return its number, if it was met."""
        return self._places.get(name)


@attrs.frozen(eq=False)
class Facts:
    """Events as columns, oldest first: `rows` is an array of `FACT`, shape (events,), read only."""

    rows: Rows
    actors: Sequence[Actor]
    patients: Sequence[PatientId]
    workstations: Sequence[str]

    def __len__(self) -> int:
        """How many events."""
        return len(self.rows)

    def matches(self, wanted: EventFilter) -> Places:
        """Return the places of the events that `EventFilter.takes` would take, oldest first."""
        rows = self.rows
        keep = np.ones(len(rows), dtype=bool)
        if wanted.kinds:
            keep &= _among(rows["kind"], [KINDS.index(kind) for kind in wanted.kinds], len(KINDS))
        if wanted.users:
            places = [n for n, each in enumerate(self.actors) if each.user_id in wanted.users]
            keep &= _among(rows["actor"], places, len(self.actors))
        if wanted.patient_id is not None:
            known = wanted.patient_id in self.patients
            keep &= rows["patient"] == (self.patients.index(wanted.patient_id) if known else -2)
        if wanted.since is not None:
            keep &= rows["wall_us"] >= microseconds(wanted.since)
        if wanted.until is not None:
            keep &= rows["wall_us"] < microseconds(wanted.until)
        return np.flatnonzero(keep)

    def cursor(self, place: int) -> Cursor:
        """Return where an event stands in the trail."""
        return Cursor(int(self.rows["segment"][place]), int(self.rows["seq"][place]))

    def when(self, place: int) -> datetime:
        """Return an event's time, UTC."""
        return EPOCH + timedelta(microseconds=int(self.rows["wall_us"][place]))

    def kind(self, place: int) -> EventKind:
        """Return an event's kind."""
        return KINDS[int(self.rows["kind"][place])]

    def outcome(self, place: int) -> Outcome:
        """Return how an event ended."""
        return OUTCOMES[int(self.rows["outcome"][place])]

    def actor(self, place: int) -> Actor:
        """Return who did it."""
        return self.actors[int(self.rows["actor"][place])]

    def patient(self, place: int) -> PatientId | None:
        """Return whose patient's it is."""
        known = int(self.rows["patient"][place])
        return self.patients[known] if known >= 0 else None


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(wall: datetime) -> int:
    """Return microseconds since 1970."""
    return (wall - EPOCH) // timedelta(microseconds=1)


def _among(column: NDArray[Any], places: list[int], count: int) -> NDArray[np.bool_]:
    wanted = np.zeros(max(count, 1), dtype=bool)
    wanted[places] = True
    chosen: NDArray[np.bool_] = wanted[column]
    return chosen


class Ledger:
    """Facts that grow. Not thread safe."""

    def __init__(self) -> None:
        self.actors: Names[Actor] = Names()
        self.patients: Names[PatientId] = Names()
        self.workstations: Names[str] = Names()
        self._rows: Rows = np.zeros(_FIRST_ROWS, FACT)
        self._count = 0

    def __len__(self) -> int:
        """How many events."""
        return self._count

    @property
    def rows(self) -> Rows:
        """What there is, shape (events,), not to be written to."""
        rows = self._rows[: self._count].view()
        rows.flags.writeable = False
        return rows

    def facts(self) -> Facts:
        """Return what there is now."""
        return Facts(self.rows, self.actors.all, self.patients.all, self.workstations.all)

    def add(self, rows: Rows) -> None:
        """Append rows."""
        needed = self._count + len(rows)
        if needed > len(self._rows):
            grown = np.zeros(max(needed, len(self._rows) * 3 // 2), FACT)
            for at in range(0, self._count, _COPIED_AT_ONCE):  # other threads run in between
                end = min(at + _COPIED_AT_ONCE, self._count)
                grown[at:end] = self._rows[at:end]
            self._rows = grown  # who still looks at the old ones sees what was then
        self._rows[self._count : needed] = rows
        self._count = needed

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Drop the others."""
        self._rows = self._rows[: self._count][kept]
        self._count = len(self._rows)

    def wipe(self) -> None:
        """Overwrite and forget everything."""
        self._rows.view(np.uint8).fill(0)
        self._count = 0
        self.actors, self.patients, self.workstations = Names(), Names(), Names()


def local_days(wall_us: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the local day (`date.toordinal`) of each time, whatever summer time does."""
    if not len(wall_us):
        return np.zeros(0, np.int32)
    first, last = (
        (EPOCH + timedelta(microseconds=int(each))).astimezone().date().toordinal()
        for each in (wall_us.min(), wall_us.max())
    )
    midnights = np.array(
        [
            microseconds(datetime.combine(date.fromordinal(day), time()).astimezone())
            for day in range(first + 1, last + 1)
        ],
        dtype=np.int64,
    )
    days: NDArray[np.int32] = (first + np.searchsorted(midnights, wall_us, "right")).astype("<i4")
    return days


def actor_of(fields: Sequence[Any]) -> Actor:
    """Return an actor from (user id or None, name, role)."""
    user, name, role = fields
    return Actor(UserId(user) if user else None, name, role)
