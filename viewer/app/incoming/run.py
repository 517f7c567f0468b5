"""One import from beginning to end: what reading yields goes to the store, aside, or is told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import closing

from viewer.app.clinic import Clinic
from viewer.app.gate import Act, Subject
from viewer.app.incoming.aside import Origin, set_aside
from viewer.app.incoming.journal import Journal
from viewer.app.incoming.report import ImportReport, ImportStopped, SetAside, Stored
from viewer.app.incoming.sealing import seal
from viewer.ingest.arrival import Arrival, KeptFile, Refusal
from viewer.ingest.foreign.facts import left_behind_in
from viewer.model.errors import BitewingError, Cancelled
from viewer.model.patient import Patient
from viewer.vault.errors import DiskFull
from viewer.vault.keeping.records import Room

_log = logging.getLogger(__name__)

Arrivals = Generator[Arrival | KeptFile | Refusal, None, None]


class Run:
    """What one import has done so far. One thread."""

    def __init__(
        self,
        clinic: Clinic,
        act: Act,
        origin: Origin | None,
        journal: Journal | None = None,
        into: Patient | None = None,
    ) -> None:
        """Begin; without an origin nothing is set aside: what is read lies there already.

        `into` is whose all of it is, where a person has said so.
        """
        self._into = into
        self._clinic, self._act = clinic, act
        self._origin, self._journal = origin, journal
        self._stored: list[Stored] = []
        self._aside: list[SetAside] = []
        self._refusals: list[Refusal] = []

    def take_all(self, reading: Callable[[], Arrivals]) -> ImportReport:
        """Take what is read, to the end.

        Raises
        ------
        ImportStopped
            Somebody cancelled; its report says what stays.
        Cancelled, Locked, StoreFault, ChildUnavailable
            It was cut off; what was sealed stays, and it can be gone on with.
        """
        try:
            with closing(reading()) as arrivals:  # a fault's traceback would keep the child alive
                for arrival in arrivals:
                    self._act.still_here()
                    self._take(arrival)
        except Cancelled as stopped:
            if self._act.control.was_dropped:
                raise
            self._end()
            raise ImportStopped(self._report()) from stopped
        finally:
            self._act.outcome = self._outcome()
            if self._journal is not None:
                self._journal.leave()
        self._end()
        return self._report()

    def progress(self, done: int, total: int, what: str) -> None:
        """Tell how far it is; each file counts twice, for its header and its picture."""
        if self._journal is not None:
            self._journal.expect(total // 2)
        self._act.control.progress(done, total, what)

    def is_done(self, token: str) -> bool:
        """Whether a file was dealt with by the import that this one goes on with."""
        return self._journal is not None and self._journal.has_done(token)

    def _take(self, arrival: Arrival | KeptFile | Refusal) -> None:
        if isinstance(arrival, Refusal):
            self._refuse(arrival)
            self._note((arrival.token,))
            return
        try:
            is_cancelled = self._act.control.is_cancelled
            self._stored.append(seal(self._clinic, arrival, is_cancelled, self._into))
        except DiskFull as full:
            raise self._full() from full
        self._clinic.keep_catalog_head_soon()
        self._note(arrival.sources)

    def _refuse(self, refusal: Refusal) -> None:
        found = None
        if refusal.is_damage and self._origin is not None:
            control, session = self._act.control, self._act.session
            try:
                found = set_aside(
                    self._clinic, refusal, session, self._origin, control.is_cancelled
                )
            except DiskFull as full:
                raise self._full() from full
        if found is None:
            self._refusals.append(refusal)
        elif found not in self._aside:  # an archive is kept once for all that is wrong in it
            self._aside.append(found)

    def _note(self, tokens: tuple[str, ...]) -> None:
        if self._journal is not None:
            self._journal.done_with(tokens)

    def _end(self) -> None:
        if self._journal is not None:
            self._journal.close()
        if not self._stored and not self._aside:
            return  # whoever cancelled at once waits for nothing
        self._clinic.keep_spare_copy()
        self._clinic.keep_catalog_head(self._clinic.vault)

    def _full(self) -> DiskFull:
        room = self._room()
        return DiskFull(room.free_able_bytes if room else 0)

    def _room(self) -> Room | None:
        """Look how much room is left; that nobody can tell undoes no import."""
        try:
            return self._clinic.vault.keeping.room()
        except BitewingError as fault:
            _log.warning("room not measured: %s", type(fault).__name__)
            return None

    def _report(self) -> ImportReport:
        skipped = self._journal.skipped if self._journal is not None else 0
        return ImportReport(
            tuple(self._stored), tuple(self._refusals), self._room(), tuple(self._aside), skipped
        )

    def _outcome(self) -> Subject:
        stored = self._stored
        patients = {each.patient.id for each in stored}
        aside = f"{len(self._aside)} set aside, " if self._aside else ""
        return Subject(
            patient_id=next(iter(patients)) if len(patients) == 1 else None,
            objects=tuple(each.record.id for each in stored),
            why=f"{len(stored)} stored, {aside}{len(self._refusals)} refused{_left_behind(stored)}",
            digests=tuple(each.record.pixel_sha256 for each in stored),
            size_bytes=sum(each.record.size_bytes for each in stored),
        )


def _left_behind(stored: Sequence[Stored]) -> str:
    """Name the kinds of what photos said and what was not taken over."""
    kinds = left_behind_in(note for each in stored for note in each.record.notes)
    return f"; left behind: {', '.join(kind.value for kind in kinds)}" if kinds else ""
