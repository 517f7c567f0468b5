"""Whether the wall clock can be believed where something would be removed by it.

The store remembers the newest time it has seen. A clock before that was set back; one that is
much later than the last use was, perhaps, set forward. Neither removes anything until somebody
with the right to says that it is right. A jump is never remembered by itself, so that opening the
store once under a wrong date does not make the date right.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from viewer.vault.catalog import keeping
from viewer.vault.catalog.connection import Cursor
from viewer.vault.errors import ClockDoubtful, StoreDamaged

Now = Callable[[], datetime]
"""The time on the wall, in UTC."""

BACKWARDS_ALLOWED = timedelta(hours=1)
"""Clocks are corrected by a little all the time."""
LONGEST_ABSENCE = timedelta(days=45)
"""A practice is closed for a summer; a clock that was set forward by a year is not that."""
_RULE = "newest time"


def wall_clock() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


def require_sound(cursor: Cursor, now: datetime) -> None:
    """Return only if the time agrees with what the store has seen.

    Raises
    ------
    ClockDoubtful
        It lies before the newest time seen, or very much later.
    """
    newest = newest_seen(cursor)
    if newest is None:
        return
    if now < newest - BACKWARDS_ALLOWED:
        raise ClockDoubtful("is earlier than when the store was last used")
    if now - newest > LONGEST_ABSENCE:
        days = (now - newest).days
        raise ClockDoubtful(f"is {days} days later than when the store was last used")


def note(cursor: Cursor, now: datetime) -> None:
    """Remember the time if it is newer and no jump."""
    newest = newest_seen(cursor)
    if newest is None or newest < now <= newest + LONGEST_ABSENCE:
        accept(cursor, now)


def accept(cursor: Cursor, now: datetime) -> None:
    """Remember the time whatever was seen before: somebody has said that it is right."""
    keeping.put_rule(cursor, _RULE, now.astimezone(UTC).isoformat())


def newest_seen(cursor: Cursor) -> datetime | None:
    """Return the newest time the store has seen, if any.

    Raises
    ------
    StoreDamaged
        What is stored is no time.
    """
    text = keeping.rule(cursor, _RULE)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as fault:
        raise StoreDamaged("The newest time in the store is damaged.") from fault
