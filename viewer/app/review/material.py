"""What the rules look at: events in the practice's own time, who works here, and who is a patient.

Nothing here reads a file or the vault: the use case gathers it, the rules only look.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo

import attrs

from viewer.app.review.settings import Settings
from viewer.model.ids import PatientId, UserId
from viewer.session.audit.events import Entry, Event, EventKind, Outcome

LOOKS = frozenset({EventKind.VIEW, EventKind.EXPORT, EventKind.SHARE, EventKind.IMPORT})
"""What somebody does to one patient's images."""
LEAVES = frozenset({EventKind.EXPORT, EventKind.SHARE})
_TITLES = frozenset(
    {"dr", "prof", "mr", "mrs", "ms", "miss", "dds", "dmd", "rdh", "phd", "jr", "sr"}
)


@attrs.frozen(order=True)
class Ref:
    """An event's place: its part of the trail and its number in it."""

    segment: int
    seq: int

    @classmethod
    def of(cls, event: Event) -> Ref:
        """Return an event's place."""
        return cls(event.segment, event.seq)

    def __str__(self) -> str:
        """Write it as the trail's sign-offs do."""
        return f"{self.segment}:{self.seq}"


@attrs.frozen(eq=False, slots=True)
class Seen:
    """An event with its moment and day in the practice's own time."""

    event: Event
    local: datetime
    entry: Entry = attrs.field(init=False)
    day: date = attrs.field(init=False)

    @entry.default
    def _entry(self) -> Entry:
        return self.event.entry

    @day.default
    def _day(self) -> date:
        return self.local.date()

    @property
    def kind(self) -> EventKind:
        """What happened."""
        return self.event.entry.kind

    @property
    def user(self) -> UserId | None:
        """Who did it; None: the program."""
        return self.event.entry.actor.user_id

    @property
    def ref(self) -> Ref:
        """Its place."""
        return Ref.of(self.event)

    @property
    def is_begun(self) -> bool:
        """Whether it tells that something was begun or done, not how it ended or was refused."""
        entry = self.event.entry
        return entry.refers_to is None and entry.outcome in {Outcome.INTENT, Outcome.DONE}

    @property
    def is_done(self) -> bool:
        """Whether it tells that something was done."""
        return self.event.entry.outcome is Outcome.DONE


@attrs.frozen
class Person:
    """Somebody with an account."""

    name: str
    role: str = ""
    is_enabled: bool = True
    may_review: bool = False


@attrs.frozen
class Named:
    """A patient's name, compared in memory and never written down."""

    family: str = attrs.field(repr=False)
    given: str = attrs.field(default="", repr=False)


@attrs.frozen(eq=False)
class Material:
    """All that the rules look at.

    `seen` is oldest first and begins before `since`, for what is usual. `patients` is None where
    the reviewer's role may not know names, `marked` where no patient can carry a mark.
    """

    seen: Sequence[Seen]
    since: datetime
    now: datetime
    settings: Settings
    people: Mapping[UserId, Person]
    patients: Mapping[PatientId, Named] | None = None
    marked: frozenset[PatientId] | None = None
    unreadable: Sequence[Ref] = ()

    def name_of(self, seen: Seen) -> str:
        """Return who did it, as known then."""
        return seen.entry.actor.name or "The program"

    def is_looked_at(self, moment: datetime) -> bool:
        """Whether a moment is in the period that is reviewed."""
        return moment >= self.since


def seen_in(events: Iterable[Event], zone: tzinfo | None = None) -> list[Seen]:
    """Return events, oldest first, in a zone's time; None: this computer's.

    What had to wait until the trail could be written stands at the time at which it happened.
    """
    found = [Seen(event, _moment(event).astimezone(zone)) for event in events]
    found.sort(key=lambda seen: (seen.event.segment, seen.event.seq))
    return found


def _moment(event: Event) -> datetime:
    try:
        return datetime.fromisoformat(event.entry.happened)
    except ValueError:
        return event.wall


def plain(name: str) -> str:
    """Return a name without case, accents and signs.

    >>> plain("Núñez-O'Brien")
    'nunez obrien'
    """
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    decomposed = decomposed.replace("ß", "ss").replace("ł", "l").replace("ø", "o")
    kept = (c if c.isalnum() else " " if c in "- ,./" else "" for c in decomposed)
    return " ".join("".join(kept).split())


def surnames(display_name: str) -> frozenset[str]:
    """Return the surnames of somebody with an account: the last word, and both of a double name.

    >>> sorted(surnames("Dr. Mara Linden-Voss"))
    ['linden', 'voss']
    >>> sorted(surnames("Linden, Mara DDS"))
    ['linden']
    """
    words = [word for word in display_name.split() if plain(word) not in _TITLES]
    if not words:
        return frozenset()
    if "," in display_name:
        return frozenset(plain(display_name.split(",", 1)[0]).split())
    return frozenset(plain(words[-1]).split())


def names(display_name: str) -> frozenset[str]:
    """Return all the words of a name but titles."""
    return frozenset(plain(display_name).split()) - _TITLES


def is_person(patient: Named, display_name: str) -> bool:
    """Whether a patient bears the name of somebody with an account: surname and a given name.

    >>> is_person(Named("Linden", "Mara Sofie"), "Dr. Mara Linden")
    True
    >>> is_person(Named("Linden", "Jonas"), "Dr. Mara Linden")
    False
    """
    family, given = (
        frozenset(plain(patient.family).split()),
        frozenset(plain(patient.given).split()),
    )
    theirs = names(display_name)
    return bool(family & surnames(display_name)) and bool(given & (theirs - family))


def shares_surname(patient: Named, display_name: str) -> bool:
    """Whether a patient bears the surname of somebody with an account."""
    return bool(frozenset(plain(patient.family).split()) & surnames(display_name))
