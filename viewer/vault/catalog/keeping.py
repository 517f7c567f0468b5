"""What is held elsewhere, looked at, pinned and due, in the catalog."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from viewer.model.ids import ImageId, ObjectId, PatientId
from viewer.vault.catalog import patients
from viewer.vault.catalog.connection import Cursor, Row
from viewer.vault.catalog.images import Role, StoredObject
from viewer.vault.catalog.legal import holds, require_patient
from viewer.vault.errors import ArchiveUnknown
from viewer.vault.keeping.records import Archive, Evictable, KindUsage
from viewer.vault.keeping.retention import KeptImage, KeptPatient, days_of

_HELD = (
    "EXISTS (SELECT 1 FROM held_elsewhere JOIN archives ON archives.number = held_elsewhere.archive"
    " WHERE held_elsewhere.object_id = objects.id AND archives.is_lost = 0"
    " AND held_elsewhere.verified_at BETWEEN ?1 AND ?2)"
)
_MAY_GO = f"""
objects.role = 'pixels' AND objects.is_here = 1 AND {_HELD}
AND NOT EXISTS (SELECT 1 FROM holds
    WHERE holds.patient_id = images.patient_id AND holds.released_at IS NULL)
AND NOT EXISTS (SELECT 1 FROM pins WHERE pins.patient_id = images.patient_id AND pins.day >= ?3)
"""  # noqa: S608 - constants of this module
# CROSS JOIN: SQLite keeps the order, so a few named images never cost a walk through all objects.
_EVICTABLE = f"""
SELECT images.number, images.id, images.patient_id, objects.id, objects.plain_bytes,
    images.pixel_sha256, coalesce(image_uses.day, 0)
FROM images CROSS JOIN objects ON objects.image_id = images.id
LEFT JOIN image_uses ON image_uses.image = images.number
WHERE {_MAY_GO} {{only}}
ORDER BY coalesce(image_uses.day, 0), images.number LIMIT ?4
"""  # noqa: S608 - constants of this module
_USAGE = f"""
SELECT json_extract(images.record, '$.kind'), sum(objects.role = 'pixels'),
    sum(objects.plain_bytes * objects.is_here),
    sum(objects.plain_bytes * (objects.is_here = 0)),
    sum(objects.plain_bytes * (objects.role = 'pixels' AND {_HELD})),
    sum(objects.plain_bytes * ({_MAY_GO}))
FROM images CROSS JOIN objects ON objects.image_id = images.id
WHERE images.number > ?4 AND images.number <= ?5 GROUP BY 1
"""  # noqa: S608 - constants of this module
_ROWS_AT_ONCE = 2_000
_PATIENTS_AT_ONCE = 2_000


# archives and what they hold


def put_archive(cursor: Cursor, archive_id: str, label: str) -> None:
    """Know an archive, or know it by another label; one that was lost is trusted anew, empty."""
    cursor.execute(
        "INSERT INTO archives (id, label) VALUES (?, ?)"
        " ON CONFLICT (id) DO UPDATE SET label = excluded.label, is_lost = 0",
        (archive_id, label),
    )


def archives(cursor: Cursor) -> list[Archive]:
    """Return the archives that the store knows, lost ones too."""
    rows = cursor.execute(
        "SELECT id, label, is_lost, (SELECT count(*) FROM held_elsewhere WHERE archive = number)"
        " FROM archives ORDER BY number"
    ).fetchall()
    return [Archive(str(row[0]), str(row[1]), bool(row[2]), int(row[3])) for row in rows]


def archive_number(cursor: Cursor, archive_id: str) -> int:
    """Return an archive's row number.

    Raises
    ------
    ArchiveUnknown
        The store does not know it, or it was declared lost.
    """
    sql = "SELECT number FROM archives WHERE id = ? AND is_lost = 0"
    row = cursor.execute(sql, (archive_id,)).fetchone()
    if row is None:
        raise ArchiveUnknown
    return int(row[0])


def mark_held(
    cursor: Cursor,
    archive: int,
    object_ids: Sequence[ObjectId],
    verified_at: datetime,
    latest: datetime,
) -> int:
    """Note that an archive was seen to hold these pixels; other parts never leave the store.

    An earlier verification never takes the place of a later one, but for one after `latest`: that
    was written under a clock that was ahead. Returns how many rows changed.
    """
    cursor.execute(
        "INSERT INTO held_elsewhere SELECT id, ?1, ?2 FROM objects"
        " WHERE role = 'pixels' AND id IN (SELECT value FROM json_each(?3))"
        " ON CONFLICT (object_id, archive) DO UPDATE SET verified_at = excluded.verified_at"
        " WHERE excluded.verified_at > verified_at OR verified_at > ?4",
        (archive, _seconds(verified_at), json.dumps(list(object_ids)), _seconds(latest)),
    )
    return cursor.rowcount


def unmark_held(cursor: Cursor, archive: int, object_ids: Sequence[ObjectId] | None) -> None:
    """Forget that an archive holds these, or anything."""
    if object_ids is None:
        cursor.execute("DELETE FROM held_elsewhere WHERE archive = ?", (archive,))
        return
    cursor.execute(
        "DELETE FROM held_elsewhere WHERE archive = ?"
        " AND object_id IN (SELECT value FROM json_each(?))",
        (archive, json.dumps(list(object_ids))),
    )


def remove_archive(cursor: Cursor, archive: int, *, is_lost: bool) -> None:
    """Take an archive off the list, or remember that it was lost."""
    if is_lost:
        cursor.execute("UPDATE archives SET is_lost = 1 WHERE number = ?", (archive,))
    else:
        cursor.execute("DELETE FROM archives WHERE number = ?", (archive,))


def only_copies_in(cursor: Cursor, archive: int) -> int:
    """Return how many pictures that are not here lie in this archive and no other."""
    row = cursor.execute(
        "SELECT count(*) FROM objects WHERE is_here = 0"
        " AND EXISTS (SELECT 1 FROM held_elsewhere WHERE object_id = id AND archive = ?1)"
        " AND NOT EXISTS (SELECT 1 FROM held_elsewhere WHERE object_id = id AND archive <> ?1)",
        (archive,),
    ).fetchone()
    return int(row[0]) if row else 0


def holders(cursor: Cursor, object_id: ObjectId) -> list[Archive]:
    """Return the archives that hold an object, last verified first."""
    rows = cursor.execute(
        "SELECT archives.id, archives.label, held_elsewhere.verified_at FROM held_elsewhere"
        " JOIN archives ON archives.number = held_elsewhere.archive"
        " WHERE object_id = ? AND is_lost = 0 ORDER BY verified_at DESC",
        (object_id,),
    ).fetchall()
    return [
        Archive(str(row[0]), str(row[1]), verified_at=datetime.fromtimestamp(int(row[2]), UTC))
        for row in rows
    ]


def last_verified(cursor: Cursor) -> datetime | None:
    """Return when an archive was last seen to hold anything; None where none ever was."""
    row = cursor.execute(
        "SELECT max(verified_at) FROM held_elsewhere JOIN archives ON archives.number = archive"
        " WHERE is_lost = 0"
    ).fetchone()
    return None if row is None or row[0] is None else datetime.fromtimestamp(int(row[0]), UTC)


def held_by(cursor: Cursor, archive_id: str) -> list[ObjectId]:
    """Return what an archive is believed to hold."""
    rows = cursor.execute(
        "SELECT object_id FROM held_elsewhere JOIN archives ON archives.number = archive"
        " WHERE archives.id = ? AND is_lost = 0",
        (archive_id,),
    ).fetchall()
    return [ObjectId(row[0]) for row in rows]


def objects_elsewhere(cursor: Cursor) -> list[tuple[StoredObject, int]]:
    """Return the objects that are not here, each with the number of archives that hold it."""
    rows = cursor.execute(
        "SELECT objects.id, images.id, images.patient_id, objects.role, objects.plain_bytes,"
        " objects.key_number, (SELECT count(*) FROM held_elsewhere JOIN archives ON"
        " archives.number = archive WHERE object_id = objects.id AND is_lost = 0)"
        " FROM objects JOIN images ON images.id = objects.image_id WHERE objects.is_here = 0"
    ).fetchall()
    return [
        (
            StoredObject(
                ObjectId(row[0]), ImageId(row[1]), PatientId(row[2]), Role(row[3]), int(row[4]),
                int(row[5]), is_here=False,
            ),
            int(row[6]),
        )
        for row in rows
    ]  # fmt: skip


def set_here(cursor: Cursor, object_ids: Iterable[ObjectId], *, is_here: bool) -> None:
    """Say whether objects lie in the store's own folder.

    The catalog itself refuses to let go of an object that no archive holds or that is under hold.
    """
    sql = "UPDATE objects SET is_here = ? WHERE id IN (SELECT value FROM json_each(?))"
    cursor.execute(sql, (int(is_here), json.dumps(list(object_ids))))


# what may go


def evictable(
    cursor: Cursor,
    verified: tuple[datetime, datetime],
    pinned_from: date,
    only: Sequence[ImageId],
) -> list[Evictable]:
    """Return those of some pictures that may leave, least recently looked at first.

    Their pixels are here and in an archive that was seen to hold them in the span `verified`; the
    patient is neither under hold nor pinned for `pinned_from` or later.
    """
    values = (*map(_seconds, verified), pinned_from.toordinal(), len(only), json.dumps(list(only)))
    clause = "AND images.id IN (SELECT value FROM json_each(?5))"
    return _evictables(cursor.execute(_EVICTABLE.format(only=clause), values).fetchall())


def evictable_after(
    cursor: Cursor,
    number: int,
    verified: tuple[datetime, datetime],
    pinned_from: date,
    limit: int,
) -> tuple[int | None, list[Evictable]]:
    """Return the last row number of the next step after a row, and what of it may leave.

    None after the last step. A store of millions is walked so, that others get their turn.
    """
    last = _step_after(cursor, number)
    if last is None:
        return None, []
    values = (*map(_seconds, verified), pinned_from.toordinal(), limit, number, last)
    clause = "AND images.number > ?5 AND images.number <= ?6"
    return last, _evictables(cursor.execute(_EVICTABLE.format(only=clause), values).fetchall())


def _evictables(rows: Sequence[Row]) -> list[Evictable]:
    return [
        Evictable(
            ImageId(row[1]), PatientId(row[2]), ObjectId(row[3]), int(row[4]), str(row[5]),
            (int(row[6]), int(row[0])),
        )
        for row in rows
    ]  # fmt: skip


def _step_after(cursor: Cursor, number: int) -> int | None:
    row = cursor.execute(
        "SELECT max(number) FROM (SELECT number FROM images WHERE number > ? ORDER BY number"
        " LIMIT ?)",
        (number, _ROWS_AT_ONCE),
    ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def usage_after(
    cursor: Cursor, number: int, verified: tuple[datetime, datetime], pinned_from: date
) -> tuple[int, list[KindUsage]]:
    """Return the use of the next images after a row number, by kind, and the last row's number.

    The second is empty once there are no more. A store of millions is walked in steps, so that
    others get their turn between them.
    """
    last = _step_after(cursor, number)
    if last is None:
        return number, []
    rows = cursor.execute(
        _USAGE,
        (*map(_seconds, verified), pinned_from.toordinal(), number, last),
    ).fetchall()
    return last, [KindUsage(str(row[0]), *(int(each) for each in row[1:])) for row in rows]


def put_uses(cursor: Cursor, image_ids: Iterable[ImageId], day: date) -> None:
    """Note the day that images were looked at."""
    cursor.execute(
        "INSERT OR REPLACE INTO image_uses SELECT number, ? FROM images"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (day.toordinal(), json.dumps(list(image_ids))),
    )


def draft_blobs(cursor: Cursor) -> list[bytes]:
    """Return every unfinished work, as it was given."""
    return [bytes(row[0]) for row in cursor.execute("SELECT blob FROM drafts").fetchall()]


# pins


def put_pin(cursor: Cursor, patient_id: PatientId, day: date) -> None:
    """Pin a patient for a day.

    Raises
    ------
    NotInStore
        There is no such patient.
    """
    require_patient(cursor, patient_id)
    sql = "INSERT OR IGNORE INTO pins VALUES (?, ?)"
    cursor.execute(sql, (patient_id, day.toordinal()))


def drop_old_pins(cursor: Cursor, today: date) -> None:
    """Drop pins of the past, but for each patient's last: it tells of a visit."""
    cursor.execute(
        "DELETE FROM pins WHERE day < ?1 AND day < (SELECT max(later.day) FROM pins AS later"
        " WHERE later.patient_id = pins.patient_id AND later.day <= ?1)",
        (today.toordinal(),),
    )


def pinned(cursor: Cursor, first: date) -> list[tuple[PatientId, date]]:
    """Return who is pinned from a day on, and when."""
    sql = "SELECT patient_id, day FROM pins WHERE day >= ? ORDER BY day, patient_id"
    rows = cursor.execute(sql, (first.toordinal(),)).fetchall()
    return [(PatientId(row[0]), date.fromordinal(int(row[1]))) for row in rows]


# periods


def last_visits(cursor: Cursor, number: int) -> list[tuple[int, PatientId, str]]:
    """Return (row number, patient, last study's ISO date or "") of the next patients after a row.

    None are left once the list is empty.
    """
    rows = cursor.execute(
        "SELECT number, id, last_study FROM patients WHERE number > ? AND standing = ''"
        " ORDER BY number LIMIT ?",
        (number, _PATIENTS_AT_ONCE),
    ).fetchall()
    return [(int(row[0]), PatientId(row[1]), str(row[2])) for row in rows]


def kept_patient(cursor: Cursor, patient_id: PatientId) -> KeptPatient:
    """Return what the periods of a patient's images depend on.

    Raises
    ------
    NotInStore
        There is no such patient.
    """
    patient = patients.get(cursor, patient_id)
    rows = cursor.execute(
        "SELECT images.id, json_extract(images.record, '$.kind'), studies.date, images.acquired"
        " FROM images JOIN studies ON studies.patient_id = images.patient_id"
        " AND studies.uid = images.study_uid WHERE images.patient_id = ? ORDER BY images.number",
        (patient_id,),
    ).fetchall()
    made = [max(days_of((str(row[2]), str(row[3]))), default=None) for row in rows]
    pins = cursor.execute("SELECT day FROM pins WHERE patient_id = ?", (patient_id,)).fetchall()
    return KeptPatient(
        patient_id,
        patient.chart_number,
        patient.birth_date,
        tuple(
            KeptImage(ImageId(row[0]), str(row[1]), day)
            for row, day in zip(rows, made, strict=True)
        ),
        tuple(date.fromordinal(int(row[0])) for row in pins),
        bool(holds(cursor, patient_id, standing=True)),
    )


# rules and the newest time seen


def rule(cursor: Cursor, name: str) -> str | None:
    """Return a rule's text, or None."""
    row = cursor.execute("SELECT value FROM keeping WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def put_rule(cursor: Cursor, name: str, value: str | None) -> None:
    """Keep a rule; None removes it."""
    if value is None:
        cursor.execute("DELETE FROM keeping WHERE name = ?", (name,))
    else:
        cursor.execute("INSERT OR REPLACE INTO keeping VALUES (?, ?)", (name, value))


def patients_named(cursor: Cursor, name: str) -> list[PatientId]:
    """Return the patients with this id or chart number."""
    sql = (
        "SELECT id FROM patients WHERE (id = ?1 OR chart_number = ?1) AND standing = ''"
        " ORDER BY number"
    )
    return [PatientId(row[0]) for row in cursor.execute(sql, (name,)).fetchall()]


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
