"""The whole catalog in small bites, so that a walk through millions of rows needs little memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

import attrs

from viewer.model.ids import ImageId, ObjectId, PatientId
from viewer.vault.catalog.connection import Catalog, Cursor
from viewer.vault.catalog.images import Role, StoredObject

_IMAGES_AT_ONCE = 1_000
_BITE = """
SELECT images.number, images.id, images.patient_id, images.pixel_sha256,
    objects.id, objects.role, objects.plain_bytes, objects.key_number, objects.is_here
FROM (SELECT number, id, patient_id, pixel_sha256 FROM images
      WHERE number > ? ORDER BY number LIMIT ?) AS images
LEFT JOIN objects ON objects.image_id = images.id ORDER BY images.number
"""
_KEYS_AT_ONCE = 1_000
_KEYS = (
    "SELECT patients.number, patients.id, patient_keys.number FROM"
    " (SELECT number, id FROM patients WHERE number > ? ORDER BY number LIMIT ?) AS patients"
    " LEFT JOIN patient_keys ON patient_keys.patient_id = patients.id ORDER BY patients.number"
)


@attrs.frozen
class ListedImage:
    """An image and the objects that the catalog lists of it."""

    id: ImageId
    patient_id: PatientId
    pixel_sha256: str
    objects: tuple[StoredObject, ...]


def listed_images(catalog: Catalog) -> Iterator[ListedImage]:
    """Yield every image; what is added or removed meanwhile may be among them or not.

    The catalog is free for others between any two bites.
    """
    last = 0
    while True:
        with catalog.read() as cursor:
            rows = cursor.execute(_BITE, (last, _IMAGES_AT_ONCE)).fetchall()
        if not rows:
            return
        last = int(rows[-1][0])
        for (_, image_id, patient_id, digest), of_image in groupby(rows, key=lambda row: row[:4]):
            parts = tuple(
                StoredObject(
                    ObjectId(row[4]), image_id, patient_id, Role(row[5]), row[6], row[7],
                    bool(row[8]),
                )
                for row in of_image
                if row[4] is not None
            )  # fmt: skip
            yield ListedImage(ImageId(image_id), PatientId(patient_id), digest, parts)


def listed_keys(catalog: Catalog) -> Iterator[tuple[PatientId, int | None]]:
    """Yield (patient, key number) of every patient; None where a patient has no key at all."""
    last = 0
    while True:
        with catalog.read() as cursor:
            rows = cursor.execute(_KEYS, (last, _KEYS_AT_ONCE)).fetchall()
        if not rows:
            return
        last = int(rows[-1][0])
        for _, patient_id, number in rows:
            yield PatientId(patient_id), number


def count_objects(cursor: Cursor) -> int:
    """Return how many objects the catalog lists as being here."""
    row = cursor.execute("SELECT count(*) FROM objects WHERE is_here = 1").fetchone()
    return int(row[0]) if row else 0


def unlisted(cursor: Cursor, bucket: str, names: Collection[str]) -> list[str]:
    """Return which of the names in one of the 256 folders the catalog does not list, sorted."""
    rows = cursor.execute("SELECT id FROM objects WHERE id >= ? AND id < ?", (bucket, bucket + "g"))
    listed = {row[0] for row in rows.fetchall()}
    return sorted(name for name in names if name not in listed)


def keep_orphans(cursor: Cursor, object_ids: Sequence[str]) -> None:
    """Remember objects that no row lists and that are never collected: they may be pictures."""
    cursor.executemany("INSERT OR IGNORE INTO kept_orphans VALUES (?)", [(o,) for o in object_ids])


def kept_orphans(cursor: Cursor) -> set[str]:
    """Return the objects that are kept although no row lists them."""
    return {row[0] for row in cursor.execute("SELECT object_id FROM kept_orphans").fetchall()}


def replace_object(cursor: Cursor, old: StoredObject, new: StoredObject) -> bool:
    """List one object in another's place; False if that one is not listed any more."""
    sql = (
        "UPDATE objects SET id = ?, plain_bytes = ?, key_number = ?, is_here = 1"
        " WHERE image_id = ? AND role = ? AND id = ?"
    )
    place = (old.image_id, old.role.value, old.id)
    return cursor.execute(sql, (new.id, new.plain_bytes, new.key_number, *place)).rowcount == 1


def forget_object(cursor: Cursor, old: StoredObject) -> None:
    """List an object no more."""
    cursor.execute("DELETE FROM objects WHERE image_id = ? AND id = ?", (old.image_id, old.id))
