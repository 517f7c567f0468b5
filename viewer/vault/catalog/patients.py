"""Patients in the catalog: rows, the words they are found by, their wrapped keys."""

from __future__ import annotations

import unicodedata

from viewer.model.ids import PatientId
from viewer.model.json import from_json, to_json
from viewer.model.patient import Patient
from viewer.vault.catalog.connection import Cursor
from viewer.vault.errors import NotInStore
from viewer.vault.records import Standing

_NOT_DECOMPOSED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)


KeyRow = tuple[PatientId, int, int, bytes]
"""A patient's key: whose, its number, in which epoch it is wrapped, and the wrapped key."""


def fold(text: str) -> str:
    """Return text as it is compared: no case, no accents.

    >>> fold("Müller-Łukasz") == fold("MULLER-lukasz")
    True
    """
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in apart if not unicodedata.combining(char))
    return unicodedata.normalize("NFKC", bare).translate(_NOT_DECOMPOSED)


def _sort_name(patient: Patient) -> str:
    return fold(f"{patient.family_name}\x01{patient.given_name}")


def _words(patient: Patient) -> str:
    names = patient.raw_name.replace("^", " ").replace("=", " ")
    born = patient.birth_date.isoformat() if patient.birth_date else ""
    return fold(f"{patient.display_name}\n{names}\n{patient.chart_number}\n{born}")


def add(
    cursor: Cursor,
    patient: Patient,
    issuer: str,
    standing: Standing = Standing.CHART,
    about: str = "",
) -> None:
    """Insert a patient; only one with a chart is found by words.

    Raises
    ------
    ValueError
        The id is taken.
    """
    if cursor.execute("SELECT 1 FROM patients WHERE id = ?", (patient.id,)).fetchone():
        raise ValueError("a patient with this id is in the store already")
    values = (patient.id, patient.chart_number, issuer, _sort_name(patient), to_json(patient))
    cursor.execute(
        "INSERT INTO patients (id, chart_number, issuer, sort_name, record, standing, about)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*values, standing.value, about),
    )
    if standing is Standing.CHART:
        words = (cursor.lastrowid, _words(patient))
        cursor.execute("INSERT INTO patient_words (rowid, words) VALUES (?, ?)", words)


def set_standing(cursor: Cursor, patient_id: PatientId, standing: Standing, about: str) -> None:
    """Let a patient have a chart, or hide one from every list and search.

    Raises
    ------
    NotInStore
        There is no such patient.
    """
    sql = "SELECT number, record FROM patients WHERE id = ?"
    row = cursor.execute(sql, (patient_id,)).fetchone()
    if row is None:
        raise NotInStore("This patient is not in the store any more.")
    sql = "UPDATE patients SET standing = ?, about = ? WHERE number = ?"
    cursor.execute(sql, (standing.value, about, row[0]))
    cursor.execute("DELETE FROM patient_words WHERE rowid = ?", (row[0],))
    if standing is Standing.CHART:
        words = (row[0], _words(from_json(row[1], Patient)))
        cursor.execute("INSERT INTO patient_words (rowid, words) VALUES (?, ?)", words)


def update(cursor: Cursor, patient: Patient, issuer: str | None) -> None:
    """Replace a patient's row and words.

    Raises
    ------
    NotInStore
        There is no such patient.
    """
    row = cursor.execute("SELECT number FROM patients WHERE id = ?", (patient.id,)).fetchone()
    if row is None:
        raise NotInStore("This patient is not in the store any more.")
    values = (patient.chart_number, issuer, _sort_name(patient), to_json(patient), row[0])
    cursor.execute(
        "UPDATE patients SET chart_number = ?, issuer = coalesce(?, issuer), sort_name = ?,"
        " record = ? WHERE number = ?",
        values,
    )
    words = (_words(patient), row[0])
    cursor.execute("UPDATE patient_words SET words = ? WHERE rowid = ?", words)


def get(cursor: Cursor, patient_id: PatientId) -> Patient:
    """Return a patient.

    Raises
    ------
    NotInStore
        There is no such patient.
    """
    row = cursor.execute("SELECT record FROM patients WHERE id = ?", (patient_id,)).fetchone()
    if row is None:
        raise NotInStore("This patient is not in the store any more.")
    return from_json(row[0], Patient)


def require_chart(cursor: Cursor, patient_id: PatientId) -> None:
    """Return only if somebody has a chart that people may see.

    Raises
    ------
    NotInStore
        There is nobody of this id, or he waits for a decision or was set aside.
    """
    if not has_chart(cursor, patient_id):
        raise NotInStore("This patient is not in the store any more.")


def has_chart(cursor: Cursor, patient_id: PatientId) -> bool:
    """Whether somebody has a chart that people may see."""
    sql = "SELECT 1 FROM patients WHERE id = ? AND standing = ''"
    return cursor.execute(sql, (patient_id,)).fetchone() is not None


def find(cursor: Cursor, chart_number: str, issuer: str) -> list[Patient]:
    """Return the charts with exactly this chart number and issuer."""
    sql = (
        "SELECT record FROM patients WHERE chart_number = ? AND issuer = ? AND standing = ''"
        " ORDER BY number"
    )
    rows = cursor.execute(sql, (chart_number, issuer)).fetchall()
    return [from_json(row[0], Patient) for row in rows]


def named(cursor: Cursor, id_or_chart_number: str) -> list[Patient]:
    """Return the patients with this id or this chart number of any issuer, by name."""
    sql = (
        "SELECT record FROM patients WHERE (id = ?1 OR chart_number = ?1) AND standing = ''"
        " ORDER BY sort_name, id"
    )
    rows = cursor.execute(sql, (id_or_chart_number,)).fetchall()
    return [from_json(row[0], Patient) for row in rows]


def put_key(cursor: Cursor, patient_id: PatientId, number: int, epoch: int, wrapped: bytes) -> None:
    """Keep a patient's wrapped key of a number, in place of the same key in an earlier epoch."""
    sql = (
        "INSERT INTO patient_keys (patient_id, number, epoch, wrapped, born)"
        " VALUES (?1, ?2, ?3, ?4, ?3) ON CONFLICT (patient_id, number)"
        " DO UPDATE SET epoch = excluded.epoch, wrapped = excluded.wrapped"
    )
    cursor.execute(sql, (patient_id, number, epoch, wrapped))


def get_key(
    cursor: Cursor, patient_id: PatientId, number: int | None = None
) -> tuple[int, int, bytes]:
    """Return a patient's (number, epoch, wrapped key): the newest, or the one of a number.

    Raises
    ------
    NotInStore
        There is no such patient, or the key was destroyed.
    """
    sql = (
        "SELECT number, epoch, wrapped FROM patient_keys WHERE patient_id = ?1"
        " AND (?2 IS NULL OR number = ?2) ORDER BY number DESC LIMIT 1"
    )
    row = cursor.execute(sql, (patient_id, number)).fetchone()
    if row is None:
        raise NotInStore("This patient is not in the store any more.")
    return int(row[0]), int(row[1]), bytes(row[2])


def renew_keys_from(cursor: Cursor, epoch: int) -> None:
    """Let keys that were made before an epoch seal nothing more once that epoch is in force."""
    cursor.execute("INSERT OR REPLACE INTO meta VALUES ('keys_from', ?)", (str(epoch),))


def is_kept_key(cursor: Cursor, patient_id: PatientId, number: int, epoch: int) -> bool:
    """Whether somebody who left may have a patient's key of a number, by what is noted.

    What is noted about an epoch that is later than `epoch`, the one in force, does not count yet.
    """
    row = cursor.execute("SELECT value FROM meta WHERE name = 'keys_from'").fetchone()
    since = int(row[0]) if row else 0
    if not 0 < since <= epoch:
        return False
    sql = "SELECT 1 FROM patient_keys WHERE patient_id = ? AND number = ? AND born < ?"
    return cursor.execute(sql, (patient_id, number, since)).fetchone() is not None


def has_other_epochs(cursor: Cursor, epoch: int) -> bool:
    """Whether a key is wrapped in another epoch than this."""
    sql = "SELECT 1 FROM patient_keys WHERE epoch <> ? LIMIT 1"
    return cursor.execute(sql, (epoch,)).fetchone() is not None


def count_other_epochs(cursor: Cursor, epoch: int) -> int:
    """Return how many keys are wrapped in another epoch than this."""
    sql = "SELECT count(*) FROM patient_keys WHERE epoch <> ?"
    row = cursor.execute(sql, (epoch,)).fetchone()
    return int(row[0]) if row else 0


def keys_after(
    cursor: Cursor, after: tuple[PatientId, int], epoch: int, limit: int
) -> list[KeyRow]:
    """Return keys that are wrapped in another epoch, in order, behind (patient, number)."""
    rows = cursor.execute(
        "SELECT patient_id, number, epoch, wrapped FROM patient_keys"
        " WHERE (patient_id, number) > (?, ?) AND epoch <> ? ORDER BY patient_id, number LIMIT ?",
        (*after, epoch, limit),
    ).fetchall()
    return [(PatientId(row[0]), int(row[1]), int(row[2]), bytes(row[3])) for row in rows]


def move_keys(cursor: Cursor, epoch: int, wrapped: list[tuple[PatientId, int, bytes]]) -> None:
    """Put keys, wrapped in an epoch, in the place of the same keys in an earlier one."""
    cursor.executemany(
        "UPDATE patient_keys SET epoch = ?, wrapped = ? WHERE patient_id = ? AND number = ?",
        [(epoch, blob, patient_id, number) for patient_id, number, blob in wrapped],
    )


def key_numbers(cursor: Cursor) -> list[tuple[PatientId, int]]:
    """Return (patient, key number) of every key in the store."""
    rows = cursor.execute("SELECT patient_id, number FROM patient_keys").fetchall()
    return [(PatientId(row[0]), int(row[1])) for row in rows]


def ids(cursor: Cursor) -> list[PatientId]:
    """Return the ids of all patients."""
    return [PatientId(row[0]) for row in cursor.execute("SELECT id FROM patients").fetchall()]
