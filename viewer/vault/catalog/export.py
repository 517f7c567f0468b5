"""A compact copy of the catalog under another key, made while the catalog is in use.

The copy is read through a second connection that looks at the main file alone (`immutable`: no
lock, no log). The caller has folded the log into that file and keeps it from being folded again
meanwhile, so what is read is one moment; readers and writers of the catalog go on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Any

from sqlcipher3 import dbapi2 as sqlcipher

from viewer.crypto.secret import Secret
from viewer.model.errors import Cancelled
from viewer.vault.errors import StoreClosed, store_fault
from viewer.vault.records import IsCancelled
from viewer.vault.v1.folder import sync_folder

BEFORE_KEY = ("PRAGMA cipher_log_level = NONE", "PRAGMA cipher_memory_security = ON")
_STEPS_BETWEEN_LOOKS = 20_000


def key_text(key: Secret) -> str:
    """Return a raw key as SQLCipher takes it: text, which cannot be wiped; use it at once."""
    return f"x'{key.view().hex()}'"


def write_copy(
    source: Path,
    source_key: Secret,
    target: Path,
    target_key: Secret,
    is_cancelled: IsCancelled,
    closing: Event,
) -> None:
    """Write everything in the file `source` to the new file `target`, durable at the end.

    The copy has no log, no free pages, and the same contents, migration step included.

    Raises
    ------
    StoreClosed, Cancelled
        It was stopped; nothing is left of the copy.
    sqlcipher.DatabaseError, StoreFault
        It could not be read or written; nothing is left of the copy.
    """
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as fault:
        raise store_fault(fault) from fault
    try:
        with reading(source, source_key) as connection:
            connection.set_progress_handler(
                lambda: closing.is_set() or is_cancelled(), _STEPS_BETWEEN_LOOKS
            )
            try:
                _copy(connection, target, target_key)
            except sqlcipher.OperationalError:
                _say_who_stopped(is_cancelled, closing)
                raise
        _say_who_stopped(is_cancelled, closing)
        sync_file(target)
        sync_folder(target.parent)
    except BaseException as fault:
        with suppress(OSError):  # what stays is removed at the next open
            target.unlink(missing_ok=True)
        if isinstance(fault, OSError):
            raise store_fault(fault) from fault
        raise


def _say_who_stopped(is_cancelled: IsCancelled, closing: Event) -> None:
    if closing.is_set():
        raise StoreClosed
    if is_cancelled():
        raise Cancelled


@contextmanager
def reading(path: Path, key: Secret) -> Iterator[Any]:
    """Give a connection to a file at rest, whose log is folded in; it is never written to."""
    uri = f"{path.absolute().as_uri()}?immutable=1"
    connection = sqlcipher.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    try:
        for pragma in BEFORE_KEY:
            connection.execute(pragma)
        connection.execute(f'PRAGMA key = "{key_text(key)}"')
        connection.execute("PRAGMA temp_store = MEMORY")
        yield connection
    finally:
        connection.close()


def _copy(connection: Any, target: Path, key: Secret) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute("ATTACH DATABASE ? AS fresh KEY ?", (str(target.absolute()), key_text(key)))
    # Nobody knows of the file before it is whole, so it needs neither a journal nor an fsync.
    connection.execute("PRAGMA fresh.journal_mode = OFF")
    connection.execute("PRAGMA fresh.synchronous = OFF")
    connection.execute("SELECT sqlcipher_export('fresh')").fetchall()
    connection.execute(f"PRAGMA fresh.user_version = {int(version)}")
    connection.execute("DETACH DATABASE fresh")


def sync_file(path: Path) -> None:
    """Make a file's contents durable."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
