"""The encrypted catalog's connection: its settings, its transactions, its steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from viewer.crypto.secret import Secret
from viewer.vault.catalog import connection as connection_module
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.schema import STEPS
from viewer.vault.errors import StoreClosed, StoreTooNew, WrongKey

KEY = Secret(b"c" * 32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.db"


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("temp_store", 2),
        ("locking_mode", "exclusive"),
        ("foreign_keys", 1),
        ("secure_delete", 1),
        ("trusted_schema", 0),
        ("cipher_memory_security", "1"),
    ],
)
def test_each_protection_is_on(path: Path, pragma: str, value: object) -> None:
    catalog = Catalog(path, KEY)
    with catalog.read() as cursor:
        row = cursor.execute(f"PRAGMA {pragma}").fetchone()
    catalog.close()
    assert row == (value,)


def test_the_logs_index_is_never_a_file(path: Path) -> None:
    catalog = Catalog(path, KEY)
    with catalog.write() as cursor:
        cursor.execute("INSERT INTO meta VALUES ('a', 'b')")
    names = sorted(file.name for file in path.parent.iterdir())
    catalog.close()
    assert names == ["catalog.db", "catalog.db-wal"]
    assert [file.name for file in path.parent.iterdir()] == ["catalog.db"]


def test_the_file_begins_like_no_database_and_a_wrong_key_is_told(path: Path) -> None:
    Catalog(path, KEY).close()
    assert not path.read_bytes().startswith(b"SQLite")
    with pytest.raises(WrongKey):
        Catalog(path, Secret(b"d" * 32))


def test_two_catalogs_under_one_key_share_no_page(tmp_path: Path) -> None:
    pages = []
    for name in ("one", "two"):
        Catalog(tmp_path / name, KEY).close()
        raw = (tmp_path / name).read_bytes()
        pages.append({raw[at : at + 4096] for at in range(0, len(raw), 4096)})
    assert not pages[0] & pages[1]


def test_a_failed_block_keeps_nothing_and_the_next_goes_on(path: Path) -> None:
    catalog = Catalog(path, KEY)
    before = catalog.head()
    with pytest.raises(Exception, match="UNIQUE"), catalog.write() as cursor:
        cursor.executemany("INSERT INTO meta VALUES (?, ?)", [("a", "b"), ("a", "c")])
    with catalog.read() as cursor:
        assert cursor.execute("SELECT count(*) FROM meta").fetchone() == (0,)
    assert catalog.head() == before
    with catalog.write() as cursor:
        cursor.execute("INSERT INTO meta VALUES ('a', 'c')")
    catalog.close()


def test_a_step_is_taken_once_and_a_later_catalog_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Catalog(path, KEY).close()
    with monkeypatch.context() as patch:
        patch.setattr(connection_module, "STEPS", (*STEPS, "CREATE TABLE later (x);"))
        for _ in range(2):
            catalog = Catalog(path, KEY)
            with catalog.read() as cursor:
                assert cursor.execute("PRAGMA user_version").fetchone() == (len(STEPS) + 1,)
            catalog.close()
    with pytest.raises(StoreTooNew):
        Catalog(path, KEY)


def test_a_step_that_fails_half_way_is_not_taken_at_all(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Catalog(path, KEY).close()
    broken = "CREATE TABLE later (x);\nCREATE TABLE meta (y);\n"
    with monkeypatch.context() as patch:
        patch.setattr(connection_module, "STEPS", (*STEPS, broken))
        with pytest.raises(Exception, match=r"fault|exists"):
            Catalog(path, KEY)
    catalog = Catalog(path, KEY)
    with catalog.read() as cursor:
        sql = "SELECT count(*) FROM sqlite_master WHERE name = 'later'"
        assert cursor.execute(sql).fetchone() == (0,)
    catalog.close()


def test_a_closed_catalog_says_so(path: Path) -> None:
    catalog = Catalog(path, KEY)
    catalog.close()
    catalog.close()
    with pytest.raises(StoreClosed), catalog.read():
        pass
