"""What happened after a snapshot was made and must not be undone by restoring it.

Patients who were erased since stay erased, and legal holds that were put since stand again. What is
known of that is in the store that was set aside, and in the trail, which never goes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from viewer.model.ids import PatientId
from viewer.vault.catalog import erasing, legal
from viewer.vault.catalog.connection import Cursor
from viewer.vault.erasure import digest_of
from viewer.vault.errors import StoreDamaged, StoreFault, StoreTooNew
from viewer.vault.keeping.records import Hold, HoldRequest
from viewer.vault.layout import Layout
from viewer.vault.records import Erased, VaultKeys


@attrs.frozen
class Since:
    """Who was erased (with what the certificate tells, where that is known), and what is held.

    With `is_known` false nothing here knows of the time after the snapshot.
    """

    erased: Mapping[PatientId, Erased | None]
    holds: tuple[Hold, ...] = ()
    is_known: bool = False

    def and_erased(self, patient_ids: Iterable[PatientId]) -> Since:
        """Return the same with what another place knows."""
        more: dict[PatientId, Erased | None] = dict.fromkeys(patient_ids)
        return attrs.evolve(self, erased=more | dict(self.erased), is_known=True)


@attrs.frozen
class Reapplied:
    """What was done again: patients erased from the restored list, and holds put."""

    erased: tuple[PatientId, ...] = ()
    holds: int = 0
    is_known: bool = False


NOTHING_KNOWN, NOTHING_DONE = Since({}), Reapplied()


def known_to(folder: Path, keys: VaultKeys) -> Since:
    """Return what a store that was set aside knows; nothing where its catalog does not open."""
    layout = Layout(folder)
    if not layout.catalog.is_file():
        return NOTHING_KNOWN
    try:
        catalog = layout.open_catalog(keys)
    except (StoreDamaged, StoreFault, StoreTooNew):
        return NOTHING_KNOWN
    try:
        with catalog.read() as cursor:
            gone = {each: erasing.noted(cursor, each) for each in erasing.erased(cursor)}
            return Since(gone, tuple(legal.holds(cursor, None, standing=True)), is_known=True)
    except (StoreDamaged, StoreFault):
        return NOTHING_KNOWN
    finally:
        catalog.close()


def reapply(cursor: Cursor, since: Since, epoch: int) -> Reapplied:
    """Erase from a catalog who was erased since, and put the holds that were put since."""
    again = []
    for patient_id, known in sorted(since.erased.items()):
        images, objects = _count(cursor, patient_id)
        if _is_listed(cursor, patient_id):
            again.append(patient_id)
        gone = erasing.remove_patient(cursor, patient_id)
        if erasing.noted(cursor, patient_id) is None:
            found = known or Erased(patient_id, epoch, images, objects, digest_of(sorted(gone)))
            erasing.note(cursor, found)
    put = sum(_put(cursor, hold) for hold in since.holds if hold.patient_id not in since.erased)
    return Reapplied(tuple(again), put, since.is_known)


def _count(cursor: Cursor, patient_id: PatientId) -> tuple[int, int]:
    row = cursor.execute(
        "SELECT count(DISTINCT images.id), count(objects.id) FROM images"
        " LEFT JOIN objects ON objects.image_id = images.id WHERE images.patient_id = ?",
        (patient_id,),
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _put(cursor: Cursor, hold: Hold) -> bool:
    """Put a hold that a catalog lacks; whether it did. Who is not in there cannot be held."""
    if not _is_listed(cursor, hold.patient_id):
        return False
    for each in legal.holds(cursor, hold.patient_id, standing=True):
        if (each.reason, each.placed_at) == (hold.reason, hold.placed_at):
            return False
    request = HoldRequest(hold.patient_id, hold.reason, hold.placed_by)
    legal.put_hold(cursor, request, hold.placed_at)
    return True


def _is_listed(cursor: Cursor, patient_id: PatientId) -> bool:
    sql = "SELECT 1 FROM patients WHERE id = ?"
    return cursor.execute(sql, (patient_id,)).fetchone() is not None
