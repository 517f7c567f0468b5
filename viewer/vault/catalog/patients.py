"""Patients in the catalog: rows, the words they are found by, their wrapped keys."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from viewer.model.ids import PatientId
from viewer.model.json import from_json, to_json
from viewer.model.patient import Patient
from viewer.vault.catalog.connection import Cursor
from viewer.vault.errors import NotInStore
from viewer.vault.records import PatientSummary

_NOT_DECOMPOSED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)

_SUMMARIES = """
SELECT found.record,
    (SELECT count(*) FROM studies WHERE patient_id = found.id),
    (SELECT count(*) FROM images WHERE patient_id = found.id),
    (SELECT max(date) FROM studies WHERE patient_id = found.id)
FROM ({found}) AS found ORDER BY found.sort_name, found.id
"""
_EVERYBODY = "SELECT id, sort_name, record FROM patients ORDER BY sort_name, id LIMIT ?"
_MATCHING = """
SELECT id, sort_name, record FROM patients
WHERE number IN (SELECT rowid FROM patient_words WHERE words MATCH ?)
ORDER BY sort_name, id LIMIT ?
"""


def fold(text: str) -> str:
    """Return text as it is compared: no case, no accents.

    >>> fold("Müller-Łukasz") == fold("MULLER-lukasz")
    True
    """
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in apart if not unicodedata.combining(char))
    return unicodedata.normalize("NFKC", bare).translate(_NOT_DECOMPOSED)


def query_of(search: str) -> str:
    """Return the FTS5 query for what a person typed: every word is a prefix, none is syntax."""
    words = re.findall(r"\w+", fold(search).replace("_", " "))
    return " ".join(f'"{word}"*' for word in words)


def _sort_name(patient: Patient) -> str:
    return fold(f"{patient.family_name}\x01{patient.given_name}")


def _words(patient: Patient) -> str:
    names = patient.raw_name.replace("^", " ").replace("=", " ")
    born = patient.birth_date.isoformat() if patient.birth_date else ""
    return fold(f"{patient.display_name}\n{names}\n{patient.chart_number}\n{born}")


def add(cursor: Cursor, patient: Patient, issuer: str) -> None:
    """Insert a patient.

    Raises
    ------
    ValueError
        The id is taken.
    """
    if cursor.execute("SELECT 1 FROM patients WHERE id = ?", (patient.id,)).fetchone():
        raise ValueError("a patient with this id is in the store already")
    values = (patient.id, patient.chart_number, issuer, _sort_name(patient), to_json(patient))
    cursor.execute(
        "INSERT INTO patients (id, chart_number, issuer, sort_name, record) VALUES (?, ?, ?, ?, ?)",
        values,
    )
    words = (cursor.lastrowid, _words(patient))
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


def find(cursor: Cursor, chart_number: str, issuer: str) -> list[Patient]:
    """Return the patients with exactly this chart number and issuer."""
    sql = "SELECT record FROM patients WHERE chart_number = ? AND issuer = ? ORDER BY number"
    rows = cursor.execute(sql, (chart_number, issuer)).fetchall()
    return [from_json(row[0], Patient) for row in rows]


def search(cursor: Cursor, typed: str, limit: int) -> list[PatientSummary]:
    """Return the patients whose words begin with each typed word; everybody for an empty text."""
    query = query_of(typed)
    values: tuple[object, ...]
    if query:
        sql, values = _SUMMARIES.format(found=_MATCHING), (query, limit)
    elif typed.strip():
        return []
    else:
        sql, values = _SUMMARIES.format(found=_EVERYBODY), (limit,)
    return [
        PatientSummary(
            from_json(record, Patient),
            studies,
            images,
            date.fromisoformat(last) if last else None,
        )
        for record, studies, images, last in cursor.execute(sql, values).fetchall()
    ]


def put_key(cursor: Cursor, patient_id: PatientId, number: int, epoch: int, wrapped: bytes) -> None:
    """Keep a patient's wrapped key of a number, in place of the same key in an earlier epoch."""
    sql = "INSERT OR REPLACE INTO patient_keys VALUES (?, ?, ?, ?)"
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


def key_numbers(cursor: Cursor) -> list[tuple[PatientId, int]]:
    """Return (patient, key number) of every key in the store."""
    rows = cursor.execute("SELECT patient_id, number FROM patient_keys").fetchall()
    return [(PatientId(row[0]), int(row[1])) for row in rows]


def ids(cursor: Cursor) -> list[PatientId]:
    """Return the ids of all patients."""
    return [PatientId(row[0]) for row in cursor.execute("SELECT id FROM patients").fetchall()]
