"""Why nothing can leave the store that a backup holds: nobody looked at the backup lately."""

from __future__ import annotations

from datetime import datetime, timedelta

from viewer.app.clinic import Clinic


def stale_since(clinic: Clinic) -> datetime | None:
    """Return when a backup was last seen to hold anything, if that is too long ago to count."""
    last = clinic.vault.keeping.last_verified()
    days = clinic.vault.keeping.rules().verified_days
    if last is None or clinic.clock.wall() - last <= timedelta(days=days):
        return None
    return last


def stale_words(since: datetime, days: int) -> str:
    """Say so, and what to do now."""
    return (
        f"No backup was looked at since {since.date()}, and a look counts for {days} days: nothing"
        " can leave until a backup was verified (“bitewing backup DEST --verify”) or made anew."
    )
