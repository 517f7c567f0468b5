"""Whether everything stored is still what was written, and repair of what is not."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.app.clinic import Clinic
from viewer.app.gate import Act, use_case
from viewer.ingest.thumbnail import thumbnail
from viewer.model.image import Picture
from viewer.session.audit.events import Entry, EventKind
from viewer.session.permissions import Permission
from viewer.vault.records import CheckReport
from viewer.vault.repair import Mended

__all__ = ["CheckReport", "CheckStore", "Mended", "RepairStore", "check_store", "repair_store"]

_MOST_ENTRIES = 1_000
"""So many repaired parts have an entry each in the trail; the last entry tells how many more."""


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


@attrs.frozen
class RepairStore:
    """`deep` opens every object to its last byte before it says what is damaged."""

    deep: bool = False


@attrs.frozen
class RepairedStore:
    """What was found, what was repaired and what is lost, in plain words."""

    report: CheckReport
    done: tuple[str, ...]
    lost: tuple[str, ...]


# It signs where the history goes on from a copy: as much a matter of keys as `accept_fork`.
@use_case(permission=Permission.MANAGE_KEYS, event=EventKind.STORE_REPAIRED)
def repair_store(clinic: Clinic, request: RepairStore, act: Act) -> RepairedStore:
    """Close the store, repair what keeps it from opening, open it, repair the rest.

    The list of images may be damaged: `Clinic.log_in_to_repair` logs in without opening it.
    """
    closed = clinic.mend_closed(act.session, act.control.is_cancelled)
    _note(clinic, act, closed.done)
    report, opened = clinic.vault.mend(
        _small_picture,
        deep=request.deep,
        progress=lambda done, total: act.control.progress(done, total, "Checking"),
        is_cancelled=act.control.is_cancelled,
    )
    _note(clinic, act, opened.done)
    done, lost = closed.done + opened.done, closed.lost + opened.lost
    why = f"{len(done)} parts repaired, {len(lost)} losses told"
    act.outcome = attrs.evolve(act.outcome, why=why, size_bytes=report.bytes_checked)
    return RepairedStore(report, done, lost)


def _small_picture(picture: Picture) -> NDArray[np.uint8]:
    """Return a thumbnail; a file that is kept whole has none, and is drawn by its kind."""
    return np.zeros((1, 1), np.uint8) if picture.record.is_file else thumbnail(picture)


def _note(clinic: Clinic, act: Act, done: tuple[str, ...]) -> None:
    for words in done[:_MOST_ENTRIES]:
        clinic.trail.append(Entry(EventKind.STORE_REPAIRED, act.session.actor, why=words))
