"""How SQLite answers: what a person waits for never walks through a whole table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from viewer.crypto.secret import Secret
from viewer.model.ids import ImageId, PatientId, SopUid, StudyUid
from viewer.vault.catalog import finding, images, patients, walking
from viewer.vault.catalog.connection import Catalog, Cursor, Row
from viewer.vault.catalog.images import Role
from viewer.vault.errors import NotInStore


@pytest.fixture
def cursor(tmp_path: Path) -> Iterator[Cursor]:
    catalog = Catalog(tmp_path / "catalog.db", Secret(b"c" * 32))
    with catalog.read() as opened:
        yield opened
    catalog.close()


class Noting:
    """A cursor that notes the plan of each statement that it runs."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self.plans: list[str] = []
        self.rowcount = self.lastrowid = 0

    def execute(self, sql: str, values: Sequence[object] = ()) -> Noting:
        rows = self._cursor.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
        self.plans += [str(row[3]) for row in rows]
        self._cursor.execute(sql, values)
        return self

    def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> Noting:
        raise NotImplementedError

    def fetchone(self) -> Row | None:
        return self._cursor.fetchone()

    def fetchall(self) -> list[Row]:
        return self._cursor.fetchall()


BY_NAME = ("USING INDEX patients_by_name", "USING COVERING INDEX patients_by_name")
"""Allowed: it is left as soon as there are enough."""
SMALL = ("json_each", "patient_words VIRTUAL TABLE", "CONSTANT ROW", "LIST SUBQUERY")


def walks(plans: list[str]) -> list[str]:
    scans = [plan for plan in plans if plan.startswith("SCAN") and not plan.endswith(BY_NAME)]
    return [plan for plan in scans if not any(word in plan for word in SMALL)]


ASKED: dict[str, Callable[[Cursor], object]] = {
    "timeline": lambda c: images.studies(c, PatientId("p")),
    "find by SOP": lambda c: images.find_by_sop(c, [SopUid("1.2")]),
    "those of": lambda c: images.those_of(c, PatientId("p"), [ImageId("i")]),
    "study": lambda c: images.of_study(c, PatientId("p"), StudyUid("1")),
    "chart number": lambda c: patients.find(c, "1", ""),
    "id or chart number": lambda c: patients.named(c, "1"),
    "search": lambda c: finding.search(c, "mul", 200),
    "everybody": lambda c: finding.search(c, "", 200),
    "a folder's objects": lambda c: walking.unlisted(c, "ab", ["ab" * 16]),
}


@pytest.mark.parametrize("name", ASKED)
def test_no_lookup_walks_through_a_table(cursor: Cursor, name: str) -> None:
    noting = Noting(cursor)
    ASKED[name](noting)
    assert noting.plans
    assert walks(noting.plans) == []


@pytest.mark.parametrize("lookup", ["record", "object", "key", "remove"])
def test_no_single_row_is_looked_for_in_a_table(cursor: Cursor, lookup: str) -> None:
    noting = Noting(cursor)
    lookups: dict[str, Callable[[], object]] = {
        "record": lambda: images.get(noting, ImageId("i")),
        "object": lambda: images.stored_object(noting, ImageId("i"), Role.PIXELS),
        "key": lambda: patients.get_key(noting, PatientId("p")),
        "remove": lambda: images.remove(noting, ImageId("i")),
    }
    with pytest.raises(NotInStore):
        lookups[lookup]()
    assert noting.plans
    assert walks(noting.plans) == []


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        (finding._WALK, ('"a"*', 200)),
        (finding._FROM_THE_TOP, (1500,)),
        (finding._THESE, (json.dumps([1, 2]), 200)),
    ],
)
def test_a_search_that_matches_many_goes_by_name_or_by_number(
    cursor: Cursor, sql: str, values: tuple[object, ...]
) -> None:
    noting = Noting(cursor)
    noting.execute(sql, values)
    assert walks(noting.plans) == []
    if "LIMIT" in sql and "json_each" not in sql:
        assert not any("TEMP B-TREE FOR ORDER BY" in plan for plan in noting.plans)


def test_the_counts_of_a_patient_follow_what_is_added_and_removed(cursor: Cursor) -> None:
    cursor.execute("PRAGMA foreign_keys = OFF")
    for table, rows in {
        "patients (id, chart_number, issuer, sort_name, record)": "('p', '', '', '', '')",
        "studies": "('p', 's1', '2024-01-01', ''), ('p', 's2', '2025-01-01', '')",
        "images (id, patient_id, study_uid, series_uid, acquired, pixel_sha256, record)": (
            "('a', 'p', 's1', '', '', '', ''), ('b', 'p', 's2', '', '', '', '')"
        ),
    }.items():
        cursor.execute(f"INSERT INTO {table} VALUES {rows}")  # noqa: S608 - made up here
    cursor.execute("UPDATE studies SET date = '2023-01-01' WHERE uid = 's2'")
    cursor.execute("DELETE FROM images WHERE id = 'a'")
    counts = "SELECT study_count, image_count, last_study FROM patients"
    assert cursor.execute(counts).fetchone() == (2, 1, "2024-01-01")
    cursor.execute("DELETE FROM studies WHERE uid = 's1'")
    assert cursor.execute(counts).fetchone() == (1, 1, "2023-01-01")
