"""Emergency accesses that nobody signed off yet, and the sealed code: what the officer sees first.

An emergency access begins with an entry EMERGENCY of outcome INTENT. It is open until there is an
entry REVIEWED that refers to it (`refers_to`, `refers_in`), whoever wrote that and wherever, unless
that is about something else.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from viewer.app.review.breaking import is_of_another_rule
from viewer.session.audit.events import Event, EventFilter, EventKind, Outcome
from viewer.session.audit.reader import TrailReader

_KINDS = frozenset({EventKind.EMERGENCY, EventKind.REVIEWED})
Place = tuple[int, int]
"""Segment and number of an entry."""


@attrs.frozen
class OpenEmergency:
    """One emergency access that waits for its review; `end` says how it ended, once it has."""

    segment: int
    number: int
    when: datetime
    who: str
    reason: str
    end: str = ""

    @property
    def words(self) -> str:
        """Who, when and why, on one line."""
        return f"{self.who}, {self.when.astimezone():%Y-%m-%d %H:%M}: {self.reason}"


def open_emergencies(reader: TrailReader) -> tuple[OpenEmergency, ...]:
    """Return what was not signed off, oldest first."""
    return open_among(reader.scan(EventFilter(kinds=_KINDS)))


def open_among(events: Iterable[Event]) -> tuple[OpenEmergency, ...]:
    """Return what is not signed off among some events; others than these kinds are passed over."""
    found: dict[Place, OpenEmergency] = {}
    signed: set[Place] = set()
    for event in events:
        entry = event.entry
        place = (entry.refers_in or event.segment, entry.refers_to or 0)
        if entry.kind is EventKind.REVIEWED and entry.refers_to is not None:
            if entry.outcome is Outcome.DONE and not is_of_another_rule(entry.why):
                signed.add(place)
        elif entry.kind is not EventKind.EMERGENCY:
            continue
        elif entry.refers_to is not None:
            if place in found:
                found[place] = attrs.evolve(found[place], end=entry.why)
        elif entry.outcome in {Outcome.INTENT, Outcome.DONE}:  # begun; or entries were removed
            when = datetime.fromisoformat(entry.happened) if entry.happened else event.wall
            found[event.segment, event.seq] = OpenEmergency(
                event.segment, event.seq, when, entry.actor.name, entry.why
            )
    return tuple(each for place, each in found.items() if place not in signed)
