"""Made-up trails: who did what when, in a few words, and a practice's ordinary month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np

from viewer.app.review.breaking import accesses
from viewer.app.review.leaving import leavings
from viewer.app.review.material import Material, Named, Person, Ref, seen_in
from viewer.app.review.people import people_facts
from viewer.app.review.ranking import ranked
from viewer.app.review.settings import Settings, shipped_settings
from viewer.app.reviewing import PatientLabel, Review
from viewer.model.ids import PatientId, UserId
from viewer.session.audit.events import PROGRAM, Actor, Entry, Event, EventKind, Outcome

MONDAY = date(2026, 11, 2)
"""A day on which the made-up practice is open."""

PEOPLE = {
    UserId("a" * 32): Person("Dr. Mara Linden", "Owner", may_review=True),
    UserId("b" * 32): Person("Jonas Weber", "Hygienist"),
    UserId("c" * 32): Person("Ines Duarte", "Front desk"),
    UserId("d" * 32): Person("Tom Okafor", "Assistant"),
    UserId("e" * 32): Person("Sven Officer", "Security officer", may_review=True),
}
MARA, JONAS, INES, TOM, SVEN = PEOPLE


def patient(number: int) -> PatientId:
    """Return a made-up patient's id."""
    return PatientId(f"{number:032x}")


def actor(user: UserId | None) -> Actor:
    """Return somebody as the trail names them."""
    if user is None:
        return PROGRAM
    return Actor(user, PEOPLE[user].name, PEOPLE[user].role)


class Story:
    """Events in the order they are told, at one workstation, in UTC."""

    def __init__(self, workstation: str = "operatory 1") -> None:
        self.events: list[Event] = []
        self._workstation = workstation
        self._booted: datetime | None = None

    def at(self, moment: datetime, user: UserId | None, kind: EventKind, **facts: Any) -> Event:
        """Tell what happened at a moment; the machine never restarts by itself."""
        self._booted = self._booted or moment - timedelta(hours=1)
        return self.raw(moment, (moment - self._booted).total_seconds(), user, kind, **facts)

    def raw(
        self, moment: datetime, boot_s: float, user: UserId | None, kind: EventKind, **facts: Any
    ) -> Event:
        """The same with the seconds since the machine started."""
        seq = len(self.events) + 1
        entry = Entry(kind, actor(user), **facts)
        event = Event(seq, self._workstation, moment, boot_s, entry)
        self.events.append(event)
        return event

    def view(self, moment: datetime, user: UserId, number: int) -> Event:
        """Somebody opens a patient's chart."""
        return self.at(moment, user, EventKind.VIEW, patient_id=patient(number), why="chart")

    def share(
        self, moment: datetime, user: UserId, number: int, recipient: str, size: int = 3_000_000,
        kind: EventKind = EventKind.SHARE, purpose: str = "Referral",
    ) -> Event:  # fmt: skip
        """Somebody sends a patient's images: the intent, and how it ended."""
        facts: dict[str, Any] = {
            "patient_id": patient(number), "purpose": purpose, "recipient": recipient,
            "why": f"share {number:08X}",
        }  # fmt: skip
        first = self.at(moment, user, kind, outcome=Outcome.INTENT, **facts)
        self.at(
            moment + timedelta(seconds=5), user, kind, size_bytes=size, refers_to=first.seq,
            refers_in=1, digests=("ab" * 32,), **facts,
        )  # fmt: skip
        return first


def on(day: date, hour: int, minute: int = 0) -> datetime:
    """Return a moment."""
    return datetime.combine(day, time(hour, minute), UTC)


def material(
    events: Sequence[Event],
    *,
    since: datetime | None = None,
    patients: dict[PatientId, Named] | None = None,
    marked: frozenset[PatientId] | None = None,
    unreadable: Sequence[Ref] = (),
    settings: Settings | None = None,
    now: datetime | None = None,
) -> Material:
    """Return what the rules look at."""
    seen = seen_in(events, UTC)
    newest = max((each.local for each in seen), default=on(MONDAY, 12))
    return Material(
        seen,
        since or datetime(2020, 1, 1, tzinfo=UTC),
        now or newest,
        settings or shipped_settings(),
        PEOPLE,
        patients,
        marked,
        unreadable,
    )


def workdays(first: date, count: int) -> list[date]:
    """Return that many days on which the practice is open."""
    days = (first + timedelta(days=n) for n in range(count * 2 + 7))
    return [day for day in days if day.weekday() < 5][:count]


def ordinary_months(story: Story, days: Sequence[date], seed: int = 4) -> None:
    """A practice at work: everybody sees patients, some shares leave, a password is mistyped."""
    chance = np.random.default_rng(seed)
    recipients = ("Dr. Castellano", "Dr. Hahn", "Apex Insurance", "Dr. Petit", "Union Insurance")
    usual = {MARA: 14, JONAS: 9, INES: 11, TOM: 8}
    for day in days:
        told: list[tuple[datetime, UserId, str]] = []
        for user, number in usual.items():
            told.append((on(day, 8, int(chance.integers(0, 20))), user, "login"))
            if chance.random() < 0.15:
                told.append((on(day, 7, 50 + int(chance.integers(0, 9))), user, "mistyped"))
            for _ in range(max(2, round(chance.normal(number, 2)))):
                moment = on(day, 8, 30) + timedelta(minutes=int(chance.integers(0, 570)))
                told.append((moment, user, "view"))
            if chance.random() < {MARA: 0.6, INES: 0.5}.get(user, 0.1):
                told.append((on(day, 15, int(chance.integers(0, 59))), user, "share"))
            told.append((on(day, 18, 10 + int(chance.integers(0, 40))), user, "logoff"))
            if user is MARA and chance.random() < 0.5:  # the owner often writes letters at night
                told.append((on(day, 21, int(chance.integers(0, 59))), user, "view"))
        for moment, user, what in sorted(told, key=lambda each: each[0]):
            _tell(story, chance, moment, user, what, recipients)


def _tell(
    story: Story, chance: np.random.Generator, moment: datetime, user: UserId, what: str,
    recipients: Sequence[str],
) -> None:  # fmt: skip
    if what == "view":
        story.view(moment, user, int(chance.integers(1, 400)))
    elif what == "share":
        story.share(moment, user, int(chance.integers(1, 400)), str(chance.choice(recipients)))
    elif what == "login":
        story.at(moment, user, EventKind.LOGIN)
    elif what == "mistyped":
        refused = Outcome.REFUSED
        story.at(moment, user, EventKind.LOGIN_FAILED, outcome=refused, why="wrong password")
    else:
        story.at(moment, user, EventKind.LOGOFF)


NAMES = {
    patient(number): PatientLabel(
        patient(number), f"Example{number}, Ada", f"{20000 + number}", date(1987, 4, 12)
    )
    for number in range(1, 701)
}


def a_month() -> tuple[Story, list[date]]:
    """Months of a practice at work with some misdeeds in the last one, and its working days."""
    story, days = Story(), workdays(date(2026, 8, 3), 78)
    ordinary_months(story, days[:-15])
    evening, lunch, noon = days[-15], days[-9], days[-4]
    ordinary_months(story, [evening], seed=7)
    for number in range(50):
        story.view(on(evening, 20, 10) + timedelta(minutes=number), TOM, 500 + number)
    ordinary_months(story, days[-14:-9], seed=9)
    for number in range(14):
        moment = on(lunch, 12) + timedelta(minutes=2 * number)
        story.share(moment, INES, 600 + number, "i.duarte@gmail.com")
    factor = EventKind.FACTOR_CHANGED
    story.at(on(lunch, 14), MARA, factor, objects=(MARA,), why="one-time code dropped")
    refused = Outcome.REFUSED
    story.at(on(lunch, 14, 5), TOM, EventKind.REFUSED, outcome=refused, why="export pixels")
    ordinary_months(story, days[-8:-4], seed=10)
    for minute in range(6):
        moment = on(noon, 13, minute)
        story.at(moment, JONAS, EventKind.LOGIN_FAILED, outcome=refused, why="wrong password")
    story.at(on(noon, 13, 7), JONAS, EventKind.LOGIN)
    story.view(on(noon, 13, 9), JONAS, 700)
    began = story.at(on(noon, 15), TOM, EventKind.EMERGENCY, why="swelling, patient unconscious")
    story.view(on(noon, 15, 4), TOM, 77)
    story.at(on(noon, 15, 25), TOM, EventKind.EMERGENCY, refers_to=began.seq, why="after 25 min")
    story.share(on(noon, 16, 10), MARA, 600, "", purpose="", kind=EventKind.EXPORT)
    ordinary_months(story, days[-3:], seed=11)
    return story, days


def a_review(story: Story | None = None, days: Sequence[date] = ()) -> Review:
    """A look through the last month of `a_month`, or of another story."""
    if story is None:
        story, days = a_month()
    first = days[-19] if len(days) > 18 else MONDAY
    since, last = on(first, 0), days[-1] if days else MONDAY
    names = {patient(700): Named("Linden", "Mara"), patient(5): Named("Weber", "Uta")}
    looked = material(story.events, since=since, patients=names)
    findings = ranked(looked)
    seen = [each for each in looked.seen if each.local >= since]
    return Review(
        since.date(),
        last,
        looked.now,
        seen,
        findings,
        people_facts(looked.seen, PEOPLE, findings, since),
        leavings(seen),
        list(reversed(accesses(looked.seen))),
        shipped_settings().hours,
        on(last, 9) - timedelta(days=12),
        knows_names=True,
        not_looked_at=("No patient can carry a mark for special care yet.",),
        labels=NAMES,
    )
