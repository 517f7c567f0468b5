"""The trail for its window."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType

from viewer.app.jobs import Job, JobControl
from viewer.app.use_cases import trail
from viewer.app.use_cases.review import NamesBeside, names_beside
from viewer.model.errors import BitewingError
from viewer.model.ids import PatientId, UserId
from viewer.session.audit.events import Event, EventFilter, EventKind, Outcome
from viewer.session.audit.reader import TrailReader
from viewer.session.audit.verdict import Verdict
from viewer.session.permissions import Permission
from viewer.ui import ports
from viewer.ui.wording import isolated
from viewer.wiring.workstation import Workstation, tile_of

_DEEDS: dict[EventKind, str] = {
    EventKind.LOGIN: "logged in",
    EventKind.LOGIN_FAILED: "failed to log in",
    EventKind.LOCK: "locked the workstation",
    EventKind.UNLOCK: "unlocked the workstation",
    EventKind.UNLOCK_FAILED: "failed to unlock the workstation",
    EventKind.LOGOFF: "logged off",
    EventKind.IMPORT: "imported images",
    EventKind.LIST: "looked at a list",
    EventKind.VIEW: "looked at a patient's images",
    EventKind.EXPORT: "exported images",
    EventKind.SHARE: "shared images",
    EventKind.STORE_CHECKED: "checked the store",
    EventKind.TRAIL_READ: "read the trail",
    EventKind.TRAIL_VERIFIED: "verified the trail",
    EventKind.ACCOUNT_CHANGED: "changed an account",
    EventKind.PASSWORD_CHANGED: "changed a password",
    EventKind.PROGRAM_STARTED: "started",
    EventKind.KEYSTORE_NOTICE: "noted the key store",
    EventKind.PRACTICE_FOUNDED: "founded the practice",
    EventKind.BACKUP: "backed up",
    EventKind.RESTORED: "restored a backup",
    EventKind.HISTORY_FORKED: "authorised an older state",
    EventKind.KEYS_ROTATED: "renewed keys",
    EventKind.PRACTICE_RECOVERED: "recovered the practice",
    EventKind.SENT_OFF: "sent the trail off",
    EventKind.SET_BACK: "found that the store was set back",
    EventKind.REFUSED: "tried what the role may not",
    EventKind.REPORT: "made a report",
    EventKind.REVIEWED: "signed off",
    EventKind.POLICY_CHANGED: "changed a policy",
    EventKind.ROLE_DEFINED: "changed a role",
    EventKind.EMERGENCY_CODE: "dealt with the sealed code",
    EventKind.EMERGENCY: "used emergency access",
    EventKind.FACTOR_CHANGED: "changed a second factor",
    EventKind.QUICK_PIN: "changed the quick way in of a shift",
    EventKind.CHART_CORRECTED: "corrected a chart",
    EventKind.SET_ASIDE: "dealt with a file set aside",
    EventKind.FOLDER_WATCHED: "changed which folders are watched",
    EventKind.DRAFT: "had unfinished work kept or brought back",
}
_ENDINGS: dict[Outcome, str] = {
    Outcome.INTENT: "began",
    Outcome.REFUSED: "refused",
    Outcome.FAILED: "failed",
    Outcome.CANCELLED: "cancelled",
}
_NOBODY: Mapping[PatientId, str] = MappingProxyType({})


class ClinicTrail:
    """Satisfies the port `Trail`. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation
        self._verdict: ports.TrailVerdict | None = None
        self._names: dict[PatientId, str] = {}
        self._reader: TrailReader | None = None
        self._newest: list[Event] = []
        workstation.at_lock(self._forget)

    def _named(self, events: Sequence[Event]) -> Mapping[PatientId, str]:
        """Return patients' names for a role that may know them; each is asked for once."""
        may = self._workstation.may
        if not (may(Permission.LIST_PATIENTS) or may(Permission.MANAGE_KEEPING)):
            return {}
        wanted = dict.fromkeys(e.entry.patient_id for e in events if e.entry.patient_id)
        unknown = tuple(each for each in wanted if each not in self._names)
        if unknown and self._workstation.clinic.is_vault_open:
            with suppress(BitewingError):  # what cannot be recorded is not shown: the id stays
                found = names_beside(self._workstation.clinic, NamesBeside(unknown))
                self._names.update(dict.fromkeys(unknown, ""))
                self._names.update({each: label.name for each, label in found.items()})
        return self._names

    def open(
        self,
        on_done: Callable[[None], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> Job[None]:
        """Read what there is, with the newest entries at hand from the first moment on."""
        clinic = self._workstation.clinic
        self._newest = []

        def work(control: JobControl) -> None:
            request = trail.OpenTrail(first=self._take_newest)
            self._reader = trail.open_trail(clinic, request, control)

        return self._workstation.jobs.submit(work, on_done, on_fault, on_progress)

    def _take_newest(self, events: Sequence[Event]) -> None:
        self._newest = list(events)

    def _forget(self) -> None:
        self._reader = None
        self._newest = []
        self._names.clear()

    def kinds(self) -> Sequence[str]:
        """The kinds of entry that occur."""
        return [kind.value for kind in self._reader.kinds()] if self._reader else []

    def users(self) -> Sequence[ports.UserTile]:
        """Who appears in it."""
        return [tile_of(user) for user in self._workstation.clinic.practice.users()]

    def count(self, wanted: ports.TrailFilter) -> int:
        """How many entries match."""
        return self._reader.count(_filter(wanted)) if self._reader else len(self._newest)

    def entries(
        self, wanted: ports.TrailFilter, first: int, count: int
    ) -> Sequence[ports.TrailEntry]:
        """A page of entries, newest first."""
        events: Sequence[Event] = self._newest[first : first + count]
        if self._reader:
            events = self._reader.page(_filter(wanted), first, count)
        names = self._named(events)
        return [entry_of(event, names) for event in events]

    def day_counts(self, wanted: ports.TrailFilter) -> Sequence[tuple[date, int]]:
        """Entries per day, oldest first."""
        counts = self._reader.day_counts(_filter(wanted)) if self._reader else []
        return [(date.fromordinal(day), count) for day, count in counts]

    def last_verdict(self) -> ports.TrailVerdict | None:
        """The last verification."""
        return self._verdict

    def verify(
        self,
        on_done: Callable[[ports.TrailVerdict], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
        *,
        is_whole: bool,
    ) -> Job[Verdict]:
        """Check the chain now."""
        clinic = self._workstation.clinic

        def done(verdict: Verdict) -> None:
            is_in_os = clinic.keystore.protects_a_copied_disk
            where = "the system's key store" if is_in_os else "the key file"
            self._verdict = _verdict_of(verdict, where)
            on_done(self._verdict)

        def work(control: JobControl) -> Verdict:
            return trail.verify(clinic, trail.VerifyTrail(is_whole=is_whole), control)

        return self._workstation.jobs.submit(work, done, on_fault, on_progress)

    def export(
        self,
        order: ports.TrailExport,
        on_done: Callable[[str], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> Job[trail.TrailExported]:
        """Write entries to a file; the dialog asked before it replaces one."""
        clinic = self._workstation.clinic
        request = trail.ExportTrail(order.format, _filter(order.wanted), order.path, replace=True)

        def done(exported: trail.TrailExported) -> None:
            entries = "1 entry" if exported.entries == 1 else f"{exported.entries} entries"
            on_done(f"Wrote {entries}. SHA-256 {exported.digest}")

        def work(control: JobControl) -> trail.TrailExported:
            return trail.export_trail(clinic, request, control)

        return self._workstation.jobs.submit(work, done, on_fault, on_progress)


def _filter(wanted: ports.TrailFilter) -> EventFilter:
    since = until = None
    if wanted.day is not None:
        since = datetime.combine(wanted.day, time()).astimezone(UTC)
        until = datetime.combine(wanted.day + timedelta(days=1), time()).astimezone(UTC)
    return EventFilter(
        kinds=frozenset(EventKind(kind) for kind in wanted.kinds),
        users=frozenset(UserId(user) for user in wanted.users),
        patient_id=wanted.patient_id,
        since=since,
        until=until,
    )


def entry_of(event: Event, names: Mapping[PatientId, str] = _NOBODY) -> ports.TrailEntry:
    """Return an event in a person's words; without a name a patient is a part of the id."""
    entry = event.entry
    patient = (names.get(entry.patient_id) or entry.patient_id[:8]) if entry.patient_id else ""
    deed = _DEEDS.get(entry.kind, entry.kind.value)
    ending = _ENDINGS.get(entry.outcome, "")
    when = event.wall.astimezone()
    sentence = f"{when:%d %B %Y, %H:%M:%S}: {entry.actor.name} {deed}"
    sentence += f" ({entry.why})" if entry.why else ""
    sentence += f", {ending}" if ending else ""
    details = [f"Patient {isolated(patient)}."] if patient else []
    details.append(f"Workstation {event.workstation}.")
    if entry.objects:
        details.append(f"{len(entry.objects)} objects touched.")
    if entry.happened:
        at = datetime.fromisoformat(entry.happened).astimezone()
        details.append(f"It happened at {at:%H:%M:%S}; the trail could not be written then.")
    if entry.refers_to is not None:
        segment = entry.refers_in or event.segment
        where = "" if segment == event.segment else f" of part {segment} of the trail"
        details.append(f"Ends what entry {entry.refers_to}{where} began.")
    outcome = entry.outcome.value if entry.outcome in {Outcome.REFUSED, Outcome.FAILED} else ""
    return ports.TrailEntry(
        number=event.seq,
        when=when,
        kind=entry.kind.value,
        who=entry.actor.name,
        what=" · ".join(part for part in (deed, entry.why, ending) if part),
        patient=patient,
        outcome=outcome,
        sentence=f"{sentence}. {' '.join(details)}",
        user_id=entry.actor.user_id,
    )


def _verdict_of(verdict: Verdict, where: str) -> ports.TrailVerdict:
    finding = verdict.finding
    if finding is None:
        words = f"Whole: {verdict.records} entries, {verdict.signed} of them signed."
    else:
        words = f"Entry {finding.seq} is bad ({finding.damage.value}). {finding.words}"
    head = f"{verdict.head.digest[:16]} at entry {verdict.records}, kept in {where}"
    return ports.TrailVerdict(
        verdict.is_whole, verdict.records, words, datetime.now().astimezone(), head
    )
