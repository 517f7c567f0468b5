"""What can still be read of a damaged catalog and is newer than the copy that takes its place.

A page that does not authenticate stops SQLCipher's connection for good, so each image is read on
its own and the file is opened anew after each failure. Only rows that the copy lacks are taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
from sqlcipher3 import dbapi2 as sqlcipher

from viewer.crypto.secret import Secret
from viewer.model.ids import ImageId, PatientId
from viewer.vault.catalog.connection import Catalog, Cursor
from viewer.vault.catalog.erasing import noted
from viewer.vault.catalog.export import reading

_GIVE_UP_AFTER = 100
_OF_PATIENT = (
    ("patients", "id = ?1"),
    ("patient_words", "rowid = (SELECT number FROM patients WHERE id = ?1)"),
    ("patient_keys", "patient_id = ?1"),
)
_PLACE = "(SELECT patient_id, study_uid, series_uid FROM images WHERE id = ?1)"
_OF_IMAGE = (
    ("studies", "(patient_id, uid) = (SELECT patient_id, study_uid FROM images WHERE id = ?1)"),
    ("series", f"(patient_id, study_uid, uid) = {_PLACE}"),
    ("images", "id = ?1"),
    ("image_sops", "image_id = ?1"),
    ("objects", "image_id = ?1"),
)
_COUNTED = frozenset({"study_count", "image_count", "last_study"})
Rows = list[tuple[str, list[str], list[tuple[Any, ...]]]]


@attrs.frozen
class Salvaged:
    """What came over from the damaged catalog; `unreadable` counts what was seen and could not."""

    patients: tuple[PatientId, ...] = ()
    images: tuple[ImageId, ...] = ()
    unreadable: int = 0


class Salvage:
    """A damaged catalog at rest, and the sound one that takes its place."""

    def __init__(self, damaged: Path, key: Secret, sound: Catalog) -> None:
        self._damaged, self._key, self._sound = damaged, key, sound
        self._failures = 0

    def run(self) -> Salvaged:
        """Take over the patients and images that the sound catalog lacks."""
        if not self._opens():
            return Salvaged()
        patients = [
            PatientId(each) for each in self._newer("patients") if self._take(_OF_PATIENT, each)
        ]
        images = [ImageId(each) for each in self._newer("images") if self._take(_OF_IMAGE, each)]
        return Salvaged(tuple(patients), tuple(images), self._failures)

    def _opens(self) -> bool:
        try:
            with reading(self._damaged, self._key) as connection:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except (sqlcipher.DatabaseError, MemoryError):
            return False
        return True

    def _newer(self, table: str) -> Iterator[str]:
        """Yield the ids of rows behind the last that the sound catalog has."""
        with self._sound.read() as cursor:
            row = cursor.execute(f"SELECT coalesce(max(number), 0) FROM {table}").fetchone()  # noqa: S608 - a table of ours
        last = int(row[0]) if row else 0
        while self._failures < _GIVE_UP_AFTER:
            found = self._after(table, last)
            if found is None:
                return
            last, row_id = found
            if row_id and not self._is_erased(row_id):
                yield row_id

    def _is_erased(self, row_id: str) -> bool:
        # The damaged file may be an older one that was put there: nobody comes back through it.
        with self._sound.read() as cursor:
            return noted(cursor, PatientId(row_id)) is not None

    def _after(self, table: str, last: int) -> tuple[int, str] | None:
        try:
            with reading(self._damaged, self._key) as connection:
                sql = f"SELECT number, id FROM {table} WHERE number > ? ORDER BY number LIMIT 1"  # noqa: S608 - a table of ours
                row = connection.execute(sql, (last,)).fetchone()
        except (sqlcipher.DatabaseError, MemoryError):
            self._failures += 1
            return last + 1, ""
        return (int(row[0]), str(row[1])) if row else None

    def _take(self, tables: Sequence[tuple[str, str]], row_id: str) -> bool:
        try:
            with reading(self._damaged, self._key) as connection:
                rows = _rows(connection, tables, row_id)
            with self._sound.write() as cursor:
                _insert(cursor, rows)
        except (sqlcipher.DatabaseError, MemoryError):
            self._failures += 1
            return False
        return True


def _rows(connection: Any, tables: Sequence[tuple[str, str]], row_id: str) -> Rows:
    found: Rows = []
    for table, where in tables:
        chosen = "rowid, *" if table == "patient_words" else "*"
        cursor = connection.execute(f"SELECT {chosen} FROM {table} WHERE {where}", (row_id,))  # noqa: S608 - ours
        names = [column[0] for column in cursor.description]
        keep = [at for at, name in enumerate(names) if name not in _COUNTED]
        rows = [tuple(row[at] for at in keep) for row in cursor.fetchall()]
        found.append((table, [names[at] for at in keep], rows))
    return found


def _insert(cursor: Cursor, found: Rows) -> None:
    for table, names, rows in found:
        marks = ", ".join("?" * len(names))
        sql = f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - ours
        cursor.executemany(sql, rows)
