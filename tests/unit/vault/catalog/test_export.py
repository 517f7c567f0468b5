"""A compact copy of the catalog under another key, while the catalog is in use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from viewer.crypto.secret import Secret
from viewer.model.errors import Cancelled
from viewer.vault.catalog import export
from viewer.vault.catalog.connection import Catalog
from viewer.vault.errors import DiskFull, StoreClosed, StoreFault, WrongKey

KEY, OTHER = Secret(b"c" * 32), Secret(b"o" * 32)
MANY = 20_000


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path / "catalog.db", KEY)
    with opened.write() as cursor:
        cursor.executemany(
            "INSERT INTO meta VALUES (?, ?)", [(f"n{i:06}", f"value {i}") for i in range(MANY)]
        )
        cursor.execute("INSERT INTO patient_words (rowid, words) VALUES (7, 'muster eva')")
    yield opened
    opened.close()


def rows(path: Path, key: Secret, sql: str) -> list[tuple[object, ...]]:
    """Open a catalog and ask it one thing."""
    opened = Catalog(path, key)
    try:
        with opened.read() as cursor:
            return cursor.execute(sql).fetchall()
    finally:
        opened.close()


def test_the_copy_has_everything_under_the_other_key_and_only_that(
    catalog: Catalog, tmp_path: Path
) -> None:
    head = catalog.export_to(tmp_path / "copy.db", OTHER)
    assert rows(tmp_path / "copy.db", OTHER, "SELECT count(*) FROM meta") == [(MANY,)]
    found = "SELECT rowid FROM patient_words WHERE words MATCH '\"mus\"*'"
    assert rows(tmp_path / "copy.db", OTHER, found) == [(7,)]
    copy = Catalog(tmp_path / "copy.db", OTHER)
    assert (copy.head(), copy.has_passed(catalog.head()), copy.faults()) == (head, True, [])
    copy.close()
    with pytest.raises(WrongKey):
        Catalog(tmp_path / "copy.db", KEY)


def test_the_copy_has_no_free_pages_of_what_was_removed(catalog: Catalog, tmp_path: Path) -> None:
    with catalog.write() as cursor:
        cursor.execute("DELETE FROM meta")
    catalog.export_to(tmp_path / "copy.db", OTHER)
    catalog.checkpoint()
    source, copy = (tmp_path / "catalog.db").stat().st_size, (tmp_path / "copy.db").stat().st_size
    assert copy < source / 3


def test_others_read_and_write_while_it_is_copied_and_the_copy_is_one_moment(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_now = export._copy

    def busy(connection: object, target: Path, key: Secret) -> None:
        def work() -> None:
            with catalog.write() as cursor:
                cursor.execute("INSERT INTO meta VALUES ('late', 'x')")
            with catalog.read() as cursor:
                assert cursor.execute("SELECT count(*) FROM meta").fetchone() == (MANY + 1,)

        other = threading.Thread(target=work)
        other.start()
        other.join(20)
        assert not other.is_alive()
        copy_now(connection, target, key)

    monkeypatch.setattr(export, "_copy", busy)
    catalog.export_to(tmp_path / "copy.db", OTHER)
    assert rows(tmp_path / "copy.db", OTHER, "SELECT count(*) FROM meta") == [(MANY,)]
    with catalog.read() as cursor:
        assert cursor.execute("SELECT count(*) FROM meta").fetchone() == (MANY + 1,)


@pytest.mark.parametrize("end", ["cancelled", "closed"])
def test_a_copy_that_is_stopped_leaves_nothing(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(export, "_STEPS_BETWEEN_LOOKS", 100)
    closers: list[threading.Thread] = []

    def asked() -> bool:
        if end == "cancelled":
            return True
        if not closers:
            closers.append(threading.Thread(target=catalog.close))
            closers[0].start()
            assert catalog._closing.wait(20)
        return False

    with pytest.raises(Cancelled if end == "cancelled" else StoreClosed):
        catalog.export_to(tmp_path / "copy.db", OTHER, asked)
    for thread in closers:
        thread.join(20)
    assert not list(tmp_path.glob("copy*"))


def test_a_full_disk_leaves_nothing_and_the_catalog_goes_on(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "no room")

    monkeypatch.setattr(export, "sync_file", full)
    with pytest.raises(DiskFull):
        catalog.export_to(tmp_path / "copy.db", OTHER)
    assert not (tmp_path / "copy.db").exists()
    monkeypatch.undo()
    catalog.export_to(tmp_path / "copy.db", OTHER)


def test_a_file_that_is_there_is_never_overwritten(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_bytes(b"mine")
    with pytest.raises(StoreFault):
        catalog.export_to(tmp_path / "copy.db", OTHER)
    assert (tmp_path / "copy.db").read_bytes() == b"mine"


def test_a_checkpoint_leaves_an_empty_log(catalog: Catalog, tmp_path: Path) -> None:
    catalog.checkpoint()
    assert (tmp_path / "catalog.db-wal").stat().st_size == 0


def test_after_a_copy_the_log_is_folded_in_by_itself_again(
    catalog: Catalog, tmp_path: Path
) -> None:
    catalog.export_to(tmp_path / "copy.db", OTHER)
    with catalog.read() as cursor:
        assert cursor.execute("PRAGMA wal_autocheckpoint").fetchone() == (1000,)
