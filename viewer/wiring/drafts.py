"""The drafts of whoever is in, for the shell."""

from __future__ import annotations

from collections.abc import Callable

from viewer.app.drafts import Draft
from viewer.app.use_cases import drafts
from viewer.model.errors import BitewingError
from viewer.session.permissions import Permission
from viewer.ui.shift_ports import DraftOffer
from viewer.wiring.workstation import Workstation


class ClinicDrafts:
    """Satisfies the port `DraftBox`. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation

    def watch(self, source: Callable[[], Draft | None] | None) -> None:
        """Say whom to ask at the last moment before the keys go."""
        self._workstation.clinic.drafts.source = source

    def keep_soon(self, draft: Draft | None) -> None:
        """Store what is on screen now, on a worker."""
        kept = self._workstation.clinic.drafts
        kept.note(draft)
        if draft is not None:
            self._workstation.jobs.submit(lambda _: kept.keep_noted(), _ignore, _pass_bugs_on)

    def keep_now(self) -> None:
        """Store it at once: the person leaves on purpose."""
        session = self._workstation.clinic.desk.session
        if session is not None and not session.is_locked:
            self._workstation.clinic.drafts.keep_at_the_end(session)

    def look(self) -> DraftOffer | None:
        """Say what there is to come back to; without anything, nothing is asked of the gate."""
        if not self._has_any():
            return None
        found = drafts.look_at_draft(self._workstation.clinic, drafts.LookAtDraft())
        if found is None:
            return None
        return DraftOffer(found.draft, found.patient, found.study, found.image)

    def bring_back(self) -> Draft | None:
        """Return it."""
        if not self._has_any():
            return None
        return drafts.bring_draft_back(self._workstation.clinic, drafts.BringDraftBack())

    def throw_away(self) -> None:
        """Forget it."""
        if self._has_any():
            drafts.throw_draft_away(self._workstation.clinic, drafts.ThrowDraftAway())

    def _has_any(self) -> bool:
        may = self._workstation.may(Permission.VIEW_IMAGES)
        return may and self._workstation.clinic.drafts.is_there()


def _ignore(_: object) -> None:
    return


def _pass_bugs_on(fault: Exception) -> None:
    if not isinstance(fault, BitewingError):  # else the next change is stored, or nobody is in
        raise fault
