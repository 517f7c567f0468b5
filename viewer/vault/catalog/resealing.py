"""Who is still to be sealed anew, and the exchange of one object for another, in the catalog."""

from __future__ import annotations

from viewer.model.ids import ImageId, ObjectId, PatientId
from viewer.vault.catalog.connection import Cursor
from viewer.vault.catalog.images import Role, StoredObject


def waiting(cursor: Cursor) -> list[PatientId]:
    """Return the patients whose turn is still to come, or who are under way."""
    rows = cursor.execute("SELECT patient_id FROM to_reseal ORDER BY patient_id").fetchall()
    return [PatientId(row[0]) for row in rows]


def begin(cursor: Cursor) -> list[PatientId]:
    """Note everybody; return them."""
    cursor.execute("INSERT INTO to_reseal (patient_id) SELECT id FROM patients")
    return waiting(cursor)


def number_of(cursor: Cursor, patient_id: PatientId) -> int | None:
    """Return the number of the patient's fresh key, once it has been made."""
    sql = "SELECT key_number FROM to_reseal WHERE patient_id = ?"
    row = cursor.execute(sql, (patient_id,)).fetchone()
    return int(row[0]) if row and row[0] is not None else None


def set_number(cursor: Cursor, patient_id: PatientId, number: int) -> None:
    """Keep the number of the patient's fresh key."""
    sql = "UPDATE to_reseal SET key_number = ? WHERE patient_id = ?"
    cursor.execute(sql, (number, patient_id))


def images_under_older_keys(cursor: Cursor, patient_id: PatientId, number: int) -> list[ImageId]:
    """Return a patient's images that have a part here under an older key."""
    rows = cursor.execute(
        "SELECT id FROM images WHERE patient_id = ? AND EXISTS (SELECT 1 FROM objects"
        " WHERE image_id = images.id AND key_number < ? AND is_here = 1) ORDER BY number",
        (patient_id, number),
    ).fetchall()
    return [ImageId(row[0]) for row in rows]


def parts_under_older_keys(cursor: Cursor, image_id: ImageId, number: int) -> list[StoredObject]:
    """Return the parts of an image that are here and under an older key."""
    rows = cursor.execute(
        "SELECT objects.id, images.patient_id, objects.role, objects.plain_bytes,"
        " objects.key_number FROM objects JOIN images ON images.id = objects.image_id"
        " WHERE images.id = ? AND objects.key_number < ? AND objects.is_here = 1",
        (image_id, number),
    ).fetchall()
    return [
        StoredObject(
            ObjectId(row[0]), image_id, PatientId(row[1]), Role(row[2]), int(row[3]), int(row[4])
        )
        for row in rows
    ]


def swap(cursor: Cursor, old: StoredObject, new: StoredObject) -> bool:
    """List the new object in the old one's place; whether the old one was still listed and here."""
    cursor.execute(
        "UPDATE objects SET id = ?, key_number = ? WHERE id = ? AND is_here = 1",
        (new.id, new.key_number, old.id),
    )
    return cursor.rowcount == 1


def finish(cursor: Cursor, patient_id: PatientId, number: int) -> bool:
    """Destroy the patient's older keys that no object needs; whether none is left."""
    cursor.execute(
        "DELETE FROM patient_keys WHERE patient_id = ?1 AND number < ?2 AND NOT EXISTS"
        " (SELECT 1 FROM images JOIN objects ON objects.image_id = images.id"
        " WHERE images.patient_id = ?1 AND objects.key_number = patient_keys.number)",
        (patient_id, number),
    )
    cursor.execute("DELETE FROM to_reseal WHERE patient_id = ?", (patient_id,))
    sql = "SELECT 1 FROM patient_keys WHERE patient_id = ? AND number < ?"
    return cursor.execute(sql, (patient_id, number)).fetchone() is None
