"""Taking every row of a patient out of the catalog."""

from __future__ import annotations

import re
from collections.abc import Iterable

from viewer.model.ids import ObjectId, PatientId
from viewer.vault.catalog.connection import Cursor
from viewer.vault.records import Erased

_UID = re.compile(rb"[0-9]+(?:\.[0-9]+)+")
_TABLES_OF_A_PATIENT = """
SELECT tables.name FROM sqlite_master AS tables
JOIN pragma_table_info(tables.name) AS columns
WHERE tables.type = 'table' AND columns.name = 'patient_id' AND tables.name <> 'erasures'
"""
_FIRST = ("images", "series", "studies")
"""In this order, before any other: each refers to the next."""


def remove(cursor: Cursor, patient_id: PatientId) -> tuple[int, list[ObjectId]]:
    """Remove a patient and all that hangs on it; return how many images and which objects.

    Every table with a column `patient_id` is meant, also those that later steps add. Settings and
    drafts that name the patient or one of the images go too. Somebody unknown: (0, []).
    """
    objects = cursor.execute(
        "SELECT objects.id FROM objects JOIN images ON images.id = objects.image_id"
        " WHERE images.patient_id = ?",
        (patient_id,),
    ).fetchall()
    image_ids = [
        str(row[0])
        for row in cursor.execute(
            "SELECT id FROM images WHERE patient_id = ?", (patient_id,)
        ).fetchall()
    ]
    _remove_mentions(cursor, [patient_id, *image_ids, *_uids(cursor, patient_id)])
    cursor.execute(
        "DELETE FROM patient_words WHERE rowid = (SELECT number FROM patients WHERE id = ?)",
        (patient_id,),
    )
    names = {str(row[0]) for row in cursor.execute(_TABLES_OF_A_PATIENT).fetchall()}
    for name in (*_FIRST, *sorted(names - set(_FIRST))):
        sql = f'DELETE FROM "{name}" WHERE patient_id = ?'  # noqa: S608 - a table's own name
        cursor.execute(sql, (patient_id,))
    cursor.execute("DELETE FROM patients WHERE id = ?", (patient_id,))
    return len(image_ids), [ObjectId(row[0]) for row in objects]


def _uids(cursor: Cursor, patient_id: PatientId) -> Iterable[str]:
    """Yield the DICOM identifiers of a patient: work that names one names the patient."""
    for sql in (
        "SELECT uid FROM studies WHERE patient_id = ?",
        "SELECT uid FROM series WHERE patient_id = ?",
        "SELECT sop_uid FROM image_sops JOIN images ON images.id = image_id WHERE patient_id = ?",
    ):
        for row in cursor.execute(sql, (patient_id,)).fetchall():
            yield str(row[0])


def _remove_mentions(cursor: Cursor, needles: Iterable[str]) -> None:
    """Remove settings and drafts that name one of these; "1.2.34" does not name "1.2.3"."""
    sought = frozenset(needle.encode() for needle in needles if needle)
    whole = frozenset(needle for needle in sought if _UID.fullmatch(needle))

    def is_named(raw: bytes) -> bool:
        return not whole.isdisjoint(_UID.findall(raw)) or any(
            needle in raw for needle in sought - whole
        )

    for scope, owner, name, value in cursor.execute("SELECT * FROM settings").fetchall():
        if is_named(str(value).encode()):
            sql = "DELETE FROM settings WHERE scope = ? AND owner = ? AND name = ?"
            cursor.execute(sql, (scope, owner, name))
    for owner, name, blob in cursor.execute("SELECT * FROM drafts").fetchall():
        if is_named(bytes(blob)):
            cursor.execute("DELETE FROM drafts WHERE owner = ? AND name = ?", (owner, name))


def note(cursor: Cursor, erased: Erased) -> None:
    """Remember who was erased (the id is opaque) and what: for backups and the certificate."""
    cursor.execute(
        "INSERT INTO erasures VALUES (?, ?, ?, ?, ?)",
        (
            erased.patient_id,
            erased.epoch,
            erased.image_count,
            erased.object_count,
            erased.objects_sha256,
        ),
    )


def noted(cursor: Cursor, patient_id: PatientId) -> Erased | None:
    """Return what was erased of somebody, or None."""
    sql = "SELECT * FROM erasures WHERE patient_id = ?"
    row = cursor.execute(sql, (patient_id,)).fetchone()
    if row is None:
        return None
    return Erased(PatientId(row[0]), int(row[1]), int(row[2]), int(row[3]), str(row[4]))


def erased(cursor: Cursor, since_epoch: int = 0) -> list[PatientId]:
    """Return who was erased in an epoch or a later one."""
    sql = "SELECT patient_id FROM erasures WHERE epoch >= ? ORDER BY patient_id"
    return [PatientId(row[0]) for row in cursor.execute(sql, (since_epoch,)).fetchall()]


def remove_patient(cursor: Cursor, patient_id: PatientId) -> list[ObjectId]:
    """Remove a patient from a copy of the catalog (a backup's snapshot); return the objects.

    A legal hold that stood when the copy was made does not count: whether one stands was asked
    when the patient was erased from the store. Somebody unknown is passed over.
    """
    cursor.execute(
        "UPDATE holds SET released_at = placed_at WHERE patient_id = ? AND released_at IS NULL",
        (patient_id,),
    )
    return remove(cursor, patient_id)[1]
