"""Legal holds in the catalog. Triggers (`schema.py`) refuse what forgets to ask here."""

from __future__ import annotations

from datetime import datetime

from viewer.model.ids import PatientId, UserId
from viewer.vault.catalog.connection import Cursor
from viewer.vault.errors import NotInStore, UnderLegalHold
from viewer.vault.keeping.records import Hold, HoldRequest


def require_patient(cursor: Cursor, patient_id: PatientId) -> None:
    """Return only if there is such a patient.

    Raises
    ------
    NotInStore
        There is none.
    """
    row = cursor.execute("SELECT 1 FROM patients WHERE id = ?", (patient_id,)).fetchone()
    if row is None:
        raise NotInStore("This patient is not in the store any more.")


def require_no_hold(cursor: Cursor, patient_id: PatientId) -> None:
    """Return only if nothing of the patient is under legal hold.

    Ask inside the transaction that removes something, so that a hold put meanwhile is not missed.
    The catalog's triggers refuse too, should somebody not have asked.

    Raises
    ------
    UnderLegalHold
        It must not be erased, purged, deleted or evicted.
    """
    sql = "SELECT 1 FROM holds WHERE patient_id = ? AND released_at IS NULL LIMIT 1"
    if cursor.execute(sql, (patient_id,)).fetchone():
        raise UnderLegalHold


def put_hold(cursor: Cursor, request: HoldRequest, at: datetime) -> int:
    """Put a patient under hold; return the hold's number. Several may stand at once."""
    require_patient(cursor, request.patient_id)
    cursor.execute(
        "INSERT INTO holds (patient_id, reason, placed_by, placed_at) VALUES (?, ?, ?, ?)",
        (request.patient_id, request.reason, request.by, at.isoformat()),
    )
    return cursor.lastrowid


def release_hold(cursor: Cursor, number: int, reason: str, by: UserId, at: datetime) -> bool:
    """Release one hold; whether it stood."""
    cursor.execute(
        "UPDATE holds SET release_reason = ?, released_by = ?, released_at = ?"
        " WHERE number = ? AND released_at IS NULL",
        (reason, by, at.isoformat(), number),
    )
    return cursor.rowcount > 0


def holds(cursor: Cursor, patient_id: PatientId | None, *, standing: bool) -> list[Hold]:
    """Return holds, of one patient or all; `standing` leaves out the released ones."""
    rows = cursor.execute(
        "SELECT number, patient_id, reason, placed_by, placed_at, released_by, released_at,"
        " release_reason FROM holds WHERE (?1 IS NULL OR patient_id = ?1)"
        " AND (released_at IS NULL OR NOT ?2) ORDER BY number",
        (patient_id, int(standing)),
    ).fetchall()
    return [
        Hold(
            int(row[0]), PatientId(row[1]), str(row[2]), UserId(row[3]),
            datetime.fromisoformat(row[4]), UserId(row[5]) if row[5] else None,
            datetime.fromisoformat(row[6]) if row[6] else None, str(row[7] or ""),
        )
        for row in rows
    ]  # fmt: skip
