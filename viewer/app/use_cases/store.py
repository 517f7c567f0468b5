"""Whether everything stored is still what was written."""

from __future__ import annotations

import attrs

from viewer.app.clinic import Clinic
from viewer.app.gate import Act, use_case
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission
from viewer.vault.records import CheckReport

__all__ = ["CheckReport", "CheckStore", "check_store"]


@attrs.frozen
class CheckStore:
    """`deep` opens every object to its last byte."""

    deep: bool = False


@use_case(permission=Permission.CHECK_STORE, event=EventKind.STORE_CHECKED)
def check_store(clinic: Clinic, request: CheckStore, act: Act) -> CheckReport:
    """Look for missing, damaged and unknown objects."""
    report = clinic.vault.check(
        deep=request.deep,
        progress=lambda done, total: act.control.progress(done, total, "Checking"),
        is_cancelled=act.control.is_cancelled,
    )
    words = "sound" if report.is_sound else "damage found"
    why = f"{report.objects_checked} objects, {words}"
    act.outcome = attrs.evolve(act.outcome, why=why, size_bytes=report.bytes_checked)
    return report
