"""Patients without a chart in the catalog, and images that go from one patient to another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import attrs

from viewer.model.ids import ImageId, ObjectId, PatientId
from viewer.model.image import ImageRecord
from viewer.model.json import from_json
from viewer.model.patient import Patient, Series, Study
from viewer.vault.catalog import erasing, images
from viewer.vault.catalog.connection import Cursor, Row
from viewer.vault.catalog.images import Role, StoredObject
from viewer.vault.errors import NotInStore
from viewer.vault.records import Aside, Standing

_ASIDE = "SELECT record, issuer, standing, about, image_count FROM patients WHERE standing"

_WITH_NUMBER = "SELECT record, issuer FROM patients WHERE standing = '' AND chart_number = ?"
_WITH_WORDS = (
    "SELECT record, issuer FROM patients WHERE standing = ''"
    " AND number IN (SELECT rowid FROM patient_words WHERE words MATCH ? LIMIT ?)"
)


def about_waiting(since: datetime) -> str:
    """Return what `about` says of somebody who waits, or of files set aside."""
    return json.dumps({"since": since.isoformat()})


def about_merged(since: datetime, into: PatientId, image_ids: Sequence[ImageId]) -> str:
    """Return what `about` says of a chart that was merged into another."""
    return json.dumps({"since": since.isoformat(), "into": into, "images": list(image_ids)})


def aside(cursor: Cursor, standing: Standing) -> list[Aside]:
    """Return everybody of a standing other than a chart's, oldest first."""
    sql = f"{_ASIDE} <> '' AND standing = ? ORDER BY number"
    return [_aside(row) for row in cursor.execute(sql, (standing.value,)).fetchall()]


def aside_of(cursor: Cursor, patient_id: PatientId, standing: Standing) -> Aside:
    """Return somebody of a standing.

    Raises
    ------
    NotInStore
        There is nobody of this id, or not of this standing (any more).
    """
    sql = f"{_ASIDE} = ? AND id = ?"
    row = cursor.execute(sql, (standing.value, patient_id)).fetchone()
    if row is None:
        raise NotInStore("This was decided already.")
    return _aside(row)


def is_of(cursor: Cursor, patient_id: PatientId, standing: Standing) -> bool:
    """Whether there is somebody of this id and standing."""
    sql = "SELECT 1 FROM patients WHERE id = ? AND standing = ?"
    return cursor.execute(sql, (patient_id, standing.value)).fetchone() is not None


def count(cursor: Cursor, standing: Standing) -> int:
    """Return how many there are of a standing."""
    sql = "SELECT count(*) FROM patients WHERE standing <> '' AND standing = ?"
    row = cursor.execute(sql, (standing.value,)).fetchone()
    return int(row[0]) if row else 0


def merged_into(cursor: Cursor, patient_id: PatientId) -> list[PatientId]:
    """Return the charts whose images went to this one, and on to it through others."""
    found, todo = list[PatientId](), [patient_id]
    everybody = aside(cursor, Standing.MERGED)
    while todo:
        into = todo.pop()
        more = [each.patient.id for each in everybody if each.into == into]
        found += more
        todo += more
    return found


def _aside(row: Row) -> Aside:
    record, issuer, standing, about, image_count = row
    told = json.loads(about) if about else {}
    return Aside(
        from_json(record, Patient),
        str(issuer),
        Standing(standing),
        datetime.fromisoformat(told["since"]) if "since" in told else None,
        int(image_count),
        PatientId(told["into"]) if "into" in told else None,
        tuple(ImageId(each) for each in told.get("images", ())),
    )


def objects_of(cursor: Cursor, image_id: ImageId) -> list[StoredObject]:
    """Return every part of an image.

    Raises
    ------
    NotInStore
        There is no such image.
    """
    patient_id = images.get(cursor, image_id).patient_id
    rows = cursor.execute(
        "SELECT id, role, plain_bytes, key_number, is_here FROM objects WHERE image_id = ?"
        " ORDER BY role",
        (image_id,),
    ).fetchall()
    return [
        StoredObject(
            ObjectId(row[0]), image_id, patient_id, Role(row[1]), int(row[2]), int(row[3]),
            bool(row[4]),
        )
        for row in rows
    ]  # fmt: skip


def place_of(cursor: Cursor, record: ImageRecord) -> tuple[Study, Series]:
    """Return the study and the series that an image is in."""
    row = cursor.execute(
        "SELECT studies.record, series.record FROM studies JOIN series"
        " ON series.patient_id = studies.patient_id AND series.study_uid = studies.uid"
        " WHERE studies.patient_id = ? AND studies.uid = ? AND series.uid = ?",
        (record.patient_id, record.study_uid, record.series_uid),
    ).fetchone()
    if row is None:
        raise NotInStore
    return from_json(row[0], Study), from_json(row[1], Series)


def put_study_if_new(cursor: Cursor, study: Study, series: Series) -> None:
    """Add a study and a series of it where the patient has none of these UIDs."""
    sql = "SELECT 1 FROM series WHERE patient_id = ? AND study_uid = ? AND uid = ?"
    place = (study.patient_id, study.uid, series.uid)
    if cursor.execute(sql, place).fetchone():
        return
    sql = "SELECT record FROM studies WHERE patient_id = ? AND uid = ?"
    row = cursor.execute(sql, place[:2]).fetchone()
    images.put_study(cursor, from_json(row[0], Study) if row else study, series)


def move(cursor: Cursor, record: ImageRecord, objects: Sequence[StoredObject]) -> list[ObjectId]:
    """List an image as another patient's, with new objects; return the old objects' ids.

    Its rows go and come again, so that each patient's sum tells what is his. The day that it was
    last looked at stays known.
    """
    before = images.get(cursor, record.id)
    study, series = place_of(cursor, before)
    sql = (
        "SELECT day FROM image_uses JOIN images ON images.number = image_uses.image"
        " WHERE images.id = ?"
    )
    used = cursor.execute(sql, (record.id,)).fetchone()
    gone = images.remove(cursor, record.id)
    put_study_if_new(cursor, attrs.evolve(study, patient_id=record.patient_id), series)
    images.add(cursor, record, objects)
    if used is not None:
        sql = "INSERT INTO image_uses SELECT number, ? FROM images WHERE id = ?"
        cursor.execute(sql, (used[0], record.id))
    return gone


def copy_pins(cursor: Cursor, source: PatientId, target: PatientId) -> None:
    """Give a patient the visits that another's pins tell of."""
    sql = "INSERT OR IGNORE INTO pins SELECT ?, day FROM pins WHERE patient_id = ?"
    cursor.execute(sql, (target, source))


def remove_if_empty(cursor: Cursor, patient_id: PatientId) -> bool:
    """Remove somebody who waited, keys included, once nothing is left; whether that was so."""
    aside_of(cursor, patient_id, Standing.WAITING)
    if cursor.execute("SELECT 1 FROM images WHERE patient_id = ?", (patient_id,)).fetchone():
        return False
    erasing.remove(cursor, patient_id)
    return True


def resembling(
    cursor: Cursor, chart_number: str, phrases: Sequence[str], limit: int
) -> list[tuple[Patient, str]]:
    """Return charts, with their issuer, of this number or that hold one of the phrases as words.

    Parameters
    ----------
    phrases : sequence of str
        FTS5 queries over folded names, numbers and birth dates, as `finding.words_of` gives words.
    """
    found: dict[str, tuple[Patient, str]] = {}
    rows: list[Row] = []
    if chart_number:
        rows += cursor.execute(_WITH_NUMBER, (chart_number,)).fetchall()
    for phrase in phrases:
        rows += cursor.execute(_WITH_WORDS, (phrase, limit)).fetchall()
    for record, issuer in rows:
        patient = from_json(record, Patient)
        found[patient.id] = (patient, str(issuer))
    return list(found.values())
