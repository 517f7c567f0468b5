"""Studies, series, images and their objects in the catalog."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum
from itertools import groupby

import attrs

from viewer.model.ids import ImageId, ObjectId, PatientId, SopUid, StudyUid
from viewer.model.image import ImageRecord
from viewer.model.json import from_json, to_json
from viewer.model.patient import Series, Study
from viewer.vault.catalog.connection import Cursor
from viewer.vault.errors import NotInStore, ObjectMissing
from viewer.vault.records import SeriesSummary, StudySummary

_IN_ORDER = """
SELECT studies.record, series.record, images.record FROM studies
JOIN series ON series.patient_id = studies.patient_id AND series.study_uid = studies.uid
JOIN images ON images.patient_id = series.patient_id AND images.study_uid = series.study_uid
    AND images.series_uid = series.uid
WHERE studies.patient_id = ?
ORDER BY studies.date DESC, studies.uid, series.number, series.uid,
    images.instance_number, images.acquired, images.number
"""


class Role(Enum):
    """What a sealed object holds of an image."""

    PIXELS = "pixels"
    HEADERS = "headers"
    PREVIEW = "preview"
    OVERVIEW = "overview"
    ORIGINAL = "original"
    """The file or files as they came, preambles zeroed: where the other parts would not give every
    element back bit for bit, and for what is kept without being shown."""
    OVERLAYS = "overlays"
    """Bit planes drawn over the pixels (PS3.3 C.9.2)."""


REQUIRED = frozenset({Role.PIXELS, Role.HEADERS, Role.PREVIEW})
"""What no image may lack. An overview is made of the pixels whenever it is missing."""


@attrs.frozen
class StoredObject:
    """One sealed object as the catalog lists it.

    `key_number` says which of the patient's keys sealed it; `is_here` is false while it lies
    elsewhere only.
    """

    id: ObjectId
    image_id: ImageId
    patient_id: PatientId
    role: Role
    plain_bytes: int
    key_number: int = 1
    is_here: bool = True


def put_study(cursor: Cursor, study: Study, series: Series) -> None:
    """Add or update a study and a series of it."""
    cursor.execute(
        "INSERT INTO studies VALUES (?, ?, ?, ?) ON CONFLICT (patient_id, uid)"
        " DO UPDATE SET date = excluded.date, record = excluded.record",
        (
            study.patient_id,
            study.uid,
            study.date.isoformat() if study.date else "",
            to_json(study),
        ),
    )
    cursor.execute(
        "INSERT INTO series VALUES (?, ?, ?, ?, ?) ON CONFLICT (patient_id, study_uid, uid)"
        " DO UPDATE SET number = excluded.number, record = excluded.record",
        (study.patient_id, study.uid, series.uid, series.number, to_json(series)),
    )


def add(cursor: Cursor, record: ImageRecord, objects: Sequence[StoredObject]) -> None:
    """Insert an image with its SOP instance UIDs and objects."""
    cursor.execute(
        "INSERT INTO images (id, patient_id, study_uid, series_uid, instance_number, acquired,"
        " pixel_sha256, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.id,
            record.patient_id,
            record.study_uid,
            record.series_uid,
            record.number,
            record.acquired.isoformat() if record.acquired else "",
            record.pixel_sha256,
            to_json(record),
        ),
    )
    cursor.executemany(
        "INSERT OR IGNORE INTO image_sops VALUES (?, ?)",
        [(uid, record.id) for uid in record.sop_instance_uids],
    )
    add_objects(cursor, objects)


def add_objects(cursor: Cursor, objects: Sequence[StoredObject]) -> None:
    """List sealed objects of images that are there."""
    cursor.executemany(
        "INSERT INTO objects (image_id, role, id, plain_bytes, key_number, is_here)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                made.image_id,
                made.role.value,
                made.id,
                made.plain_bytes,
                made.key_number,
                made.is_here,
            )
            for made in objects
        ],
    )


def roles_of(cursor: Cursor, image_id: ImageId) -> frozenset[Role]:
    """Return which parts an image has."""
    rows = cursor.execute("SELECT role FROM objects WHERE image_id = ?", (image_id,)).fetchall()
    return frozenset(Role(row[0]) for row in rows)


def get(cursor: Cursor, image_id: ImageId) -> ImageRecord:
    """Return an image's record.

    Raises
    ------
    NotInStore
        There is no such image.
    """
    row = cursor.execute("SELECT record FROM images WHERE id = ?", (image_id,)).fetchone()
    if row is None:
        raise NotInStore
    return from_json(row[0], ImageRecord)


def those_of(cursor: Cursor, patient_id: PatientId, image_ids: Sequence[ImageId]) -> list[ImageId]:
    """Return which of these images are the patient's, in their order."""
    sql = "SELECT id FROM images WHERE id IN (SELECT value FROM json_each(?)) AND patient_id = ?"
    rows = cursor.execute(sql, (json.dumps(list(image_ids)), patient_id)).fetchall()
    mine = {row[0] for row in rows}
    return [image_id for image_id in image_ids if image_id in mine]


def update(cursor: Cursor, record: ImageRecord) -> None:
    """Replace an image's record; the caller has checked that it is the same picture."""
    cursor.execute(
        "UPDATE images SET instance_number = ?, acquired = ?, record = ? WHERE id = ?",
        (
            record.number,
            record.acquired.isoformat() if record.acquired else "",
            to_json(record),
            record.id,
        ),
    )


def remove(cursor: Cursor, image_id: ImageId) -> list[ObjectId]:
    """Delete an image's rows, and series and study left empty; return its objects' ids.

    Raises
    ------
    NotInStore
        There is no such image.
    """
    record = get(cursor, image_id)
    rows = cursor.execute("SELECT id FROM objects WHERE image_id = ?", (image_id,)).fetchall()
    cursor.execute("DELETE FROM images WHERE id = ?", (image_id,))
    place = (record.patient_id, record.study_uid, record.series_uid)
    cursor.execute(
        "DELETE FROM series WHERE patient_id = ?1 AND study_uid = ?2 AND uid = ?3 AND NOT EXISTS"
        " (SELECT 1 FROM images WHERE patient_id = ?1 AND study_uid = ?2 AND series_uid = ?3)",
        place,
    )
    cursor.execute(
        "DELETE FROM studies WHERE patient_id = ?1 AND uid = ?2 AND NOT EXISTS"
        " (SELECT 1 FROM series WHERE patient_id = ?1 AND study_uid = ?2)",
        place[:2],
    )
    return [ObjectId(row[0]) for row in rows]


def studies(cursor: Cursor, patient_id: PatientId) -> list[StudySummary]:
    """Return a patient's studies, newest first, with series and images in order."""
    rows = cursor.execute(_IN_ORDER, (patient_id,)).fetchall()
    found = []
    for study_json, of_study in groupby(rows, key=lambda row: str(row[0])):
        series = tuple(
            SeriesSummary(
                from_json(series_json, Series),
                tuple(from_json(row[2], ImageRecord) for row in of_series),
            )
            for series_json, of_series in groupby(of_study, key=lambda row: str(row[1]))
        )
        found.append(StudySummary(from_json(study_json, Study), series))
    return found


def of_study(cursor: Cursor, patient_id: PatientId, study_uid: StudyUid) -> tuple[ImageRecord, ...]:
    """Return one study's images in order; none where there is no such study."""
    for summary in studies(cursor, patient_id):
        if summary.study.uid == study_uid:
            return summary.images
    return ()


def find_by_sop(cursor: Cursor, uids: Sequence[SopUid]) -> list[ImageRecord]:
    """Return every image that holds one of these SOP instance UIDs, oldest first."""
    rows = cursor.execute(
        "SELECT record FROM images WHERE id IN (SELECT image_id FROM image_sops"
        " WHERE sop_uid IN (SELECT value FROM json_each(?))) ORDER BY number",
        (json.dumps(list(uids)),),
    ).fetchall()
    return [from_json(row[0], ImageRecord) for row in rows]


def find_twin(cursor: Cursor, record: ImageRecord) -> ImageRecord | None:
    """Return the patient's picture with one of these SOP instance UIDs and the same pixels.

    Of what has no UID (a photo, a file that could not be read) the same bytes are enough.
    """
    for other in find_by_sop(cursor, record.sop_instance_uids) or _nameless(cursor, record):
        same = (other.patient_id, other.pixel_sha256) == (record.patient_id, record.pixel_sha256)
        if same and (other.shape, other.dtype) == (record.shape, record.dtype):
            return other
    return None


def _nameless(cursor: Cursor, record: ImageRecord) -> list[ImageRecord]:
    """Return the patient's images without a UID that hold the same bytes."""
    if record.sop_instance_uids:
        return []
    sql = "SELECT record FROM images WHERE patient_id = ? AND pixel_sha256 = ? ORDER BY number"
    rows = cursor.execute(sql, (record.patient_id, record.pixel_sha256)).fetchall()
    found = [from_json(row[0], ImageRecord) for row in rows]
    return [other for other in found if not other.sop_instance_uids]


def stored_object(cursor: Cursor, image_id: ImageId, role: Role) -> StoredObject:
    """Return where one part of an image lies.

    Raises
    ------
    NotInStore
        There is no such image.
    ObjectMissing
        The image has no such part.
    """
    part = find_object(cursor, image_id, role)
    if part is None:
        raise ObjectMissing
    return part


def find_object(cursor: Cursor, image_id: ImageId, role: Role) -> StoredObject | None:
    """Return where one part of an image lies; None if it has no such part.

    Raises
    ------
    NotInStore
        There is no such image.
    """
    row = cursor.execute(
        "SELECT images.patient_id, objects.id, objects.plain_bytes, objects.key_number,"
        " objects.is_here FROM images"
        " LEFT JOIN objects ON objects.image_id = images.id AND objects.role = ?"
        " WHERE images.id = ?",
        (role.value, image_id),
    ).fetchone()
    if row is None:
        raise NotInStore
    if row[1] is None:
        return None
    return StoredObject(
        ObjectId(row[1]), image_id, PatientId(row[0]), role, int(row[2]), int(row[3]), bool(row[4])
    )


def all_objects(cursor: Cursor) -> list[StoredObject]:
    """Return every object that the catalog lists."""
    rows = cursor.execute(
        "SELECT objects.id, images.id, images.patient_id, objects.role, objects.plain_bytes,"
        " objects.key_number, objects.is_here"
        " FROM objects JOIN images ON images.id = objects.image_id ORDER BY images.number"
    ).fetchall()
    return [
        StoredObject(
            ObjectId(row[0]),
            ImageId(row[1]),
            PatientId(row[2]),
            Role(row[3]),
            int(row[4]),
            int(row[5]),
            bool(row[6]),
        )
        for row in rows
    ]


def ids_without_parts(cursor: Cursor) -> list[tuple[ImageId, PatientId]]:
    """Return (image, patient) of the images that lack an object which none may lack."""
    rows = cursor.execute(
        "SELECT images.id, images.patient_id FROM images LEFT JOIN objects"
        " ON objects.image_id = images.id AND objects.role IN (?, ?, ?)"
        " GROUP BY images.id HAVING count(objects.id) < ?",
        (*sorted(role.value for role in REQUIRED), len(REQUIRED)),
    ).fetchall()
    return [(ImageId(row[0]), PatientId(row[1])) for row in rows]
