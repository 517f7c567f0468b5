"""Archives of the trail for their page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from viewer.app.use_cases import trail_keeping
from viewer.session.audit.archived import Whereabouts
from viewer.session.audit.archiving import FLOOR_YEARS, KEEP_YEARS
from viewer.ui.archive_ports import OldPart, Parts
from viewer.ui.ports import OnFault, OnProgress, Running
from viewer.wiring.asking import Asking


class ClinicTrailArchives(Asking):
    """Satisfies the port `TrailArchives`. Main thread only."""

    @property
    def years(self) -> tuple[int, int]:
        """The floor, and what is usual."""
        return FLOOR_YEARS, KEEP_YEARS

    def parts(
        self, folder: Path | None, on_done: Callable[[Parts], None], on_fault: OnFault
    ) -> Running:
        """List the parts; with a folder, look whether they lie in it."""
        today = self._clinic.clock.wall().date()
        return self._submit(
            trail_keeping.list_trail_archives,
            trail_keeping.ListTrailArchives(folder),
            lambda found: on_done(
                Parts(tuple(_old(each, today) for each in found.archived), len(found.closed))
            ),
            on_fault,
        )

    def archive(
        self,
        folder: Path,
        years: int,
        on_done: Callable[[int], None],
        on_fault: OnFault,
        on_progress: OnProgress,
        *,
        close: bool,
    ) -> Running:
        """Move closed parts into a folder."""
        request = trail_keeping.ArchiveTrail(folder, keep_years=years, close=close)
        return self._submit(
            trail_keeping.archive_trail,
            request,
            lambda notes: on_done(len(notes)),
            on_fault,
            on_progress,
        )

    def delete(
        self, number: int, folder: Path, on_done: Callable[[int], None], on_fault: OnFault
    ) -> Running:
        """Delete a part whose time is over."""
        request = trail_keeping.PurgeTrailArchive(number, folder)
        return self._submit(
            trail_keeping.purge_trail_archive,
            request,
            lambda note: on_done(note.segment),
            on_fault,
        )


def _old(part: trail_keeping.ArchivedPart, today: date) -> OldPart:
    note = part.note
    is_deleted = note.whereabouts is Whereabouts.PURGED
    return OldPart(
        note.segment,
        note.first_day,
        note.last_day,
        note.signed.size,
        note.archived,
        note.keep_until,
        is_deleted,
        not is_deleted and today > note.keep_until,
        None if is_deleted else part.is_sound,
    )
