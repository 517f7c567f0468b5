"""One guarded SQLCipher connection: key, pragmas, migrations, transactions, the head chain.

Limits, said plainly: the raw key passes through a Python string for the moment of `PRAGMA key`,
since SQLite takes statements as text. Database encryption alone is no tamper evidence; the head
kept outside the store is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Event, RLock
from typing import Any, BinaryIO, Protocol

from sqlcipher3 import dbapi2 as sqlcipher

from viewer.crypto.derive import context, digest
from viewer.crypto.secret import Secret
from viewer.model.ids import PatientId
from viewer.vault.catalog.export import BEFORE_KEY, key_text, sync_file, write_copy
from viewer.vault.catalog.moving import (
    overwrite,
    put_in_place,
    remove_leftovers,
    require_no_log,
)
from viewer.vault.catalog.schema import STEPS
from viewer.vault.catalog.sums import STORE, TOGETHER, Sums, counted_steps, fresh_nonce, link_of
from viewer.vault.errors import (
    DiskFull,
    NotInStore,
    PutBack,
    StoreClosed,
    StoreDamaged,
    StoreFault,
    StoreInUse,
    StoreTooNew,
    UnderLegalHold,
    WrongKey,
    store_fault,
)
from viewer.vault.records import IsCancelled, VaultHead, never

_PLAIN_MAGIC = b"SQLite format 3"
_HEADS_KEPT = 100_000
_PAGES_BETWEEN_FOLDS = 1000
_CONNECT_TRIES = 3
_PROVED_AT_ONCE = 500
# Exclusive before the first access: SQLite then keeps the log's index in memory, not in a file.
_EXCLUSIVE = "PRAGMA locking_mode = EXCLUSIVE"
_AFTER_KEY = (
    "PRAGMA temp_store = MEMORY",
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",  # a row that REPLACE removes is counted, too
    "PRAGMA secure_delete = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA synchronous = FULL",
)

Row = tuple[Any, ...]


class Cursor(Protocol):
    """The part of a DB-API cursor that the catalog uses."""

    rowcount: int
    lastrowid: int

    def execute(self, sql: str, values: Sequence[object] = ...) -> Cursor:
        """Run one statement."""

    def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> Cursor:
        """Run one statement for each row."""

    def fetchone(self) -> Row | None:
        """Return the next row, or None."""

    def fetchall(self) -> list[Row]:
        """Return the rows that are left."""


@contextmanager
def database_faults() -> Iterator[None]:
    """Turn what SQLite reports into the store's errors."""
    try:
        yield
    except sqlcipher.IntegrityError as fault:
        if "legal hold" in str(fault):  # a trigger's word: nobody asked before removing
            raise UnderLegalHold from fault
        if "no such key" in str(fault):  # sealed anew or erased while it was being sealed
            raise NotInStore("This patient is not in the store any more.") from fault
        raise
    except sqlcipher.OperationalError as fault:
        words = str(fault)
        if "full" in words:
            raise DiskFull from fault
        if "locked" in words:
            raise StoreInUse from fault
        if "logic error" in words:  # what is left of a page that did not authenticate
            raise StoreDamaged("The list of images is damaged.") from fault
        raise StoreFault from fault
    except sqlcipher.DatabaseError as fault:
        raise StoreDamaged("The list of images is damaged.") from fault


class Catalog:
    """The open catalog. Any thread; statements wait for each other."""

    def __init__(self, path: Path, key: Secret) -> None:
        """Open, prove the key by reading the schema, and take the missing migration steps.

        Raises
        ------
        WrongKey
            The key does not open it, or it is not encrypted at all.
        StoreTooNew
            A newer version of the program made it.
        """
        # Taken in this order: one transaction at a time; the main file; one statement at a time.
        self._writing = RLock()
        self._lock = RLock()
        # Held while the main file must not change: the log is folded into it by nobody else.
        self._file_turn = RLock()
        self._closing = Event()
        self._path = path
        self._key = key.copy()
        self._connection: Any = None
        self._sums: Sums | None = None
        self._is_damaged = False
        try:
            self._connection = _connect(path, key)
            self._migrate()
            self._begin_to_count()
        except BaseException:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            self._key.wipe()
            raise

    def close(self) -> None:
        """Stop a copy under way, fold the log into the file and close. Safe to call twice."""
        self._closing.set()
        with self._file_turn, self._lock:
            connection, self._connection = self._connection, None
            self._key.wipe()
            if connection is not None:
                with database_faults():
                    connection.close()

    def checkpoint(self) -> None:
        """Fold the log into the file and cut it to nothing, so that no old page stays in it.

        Waits for a copy under way; never called inside a transaction.

        Raises
        ------
        StoreFault
            The log could not be folded in.
        """
        with self._file_turn:
            self._fold()

    def _fold(self) -> None:
        with self.read() as cursor:
            row = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if row is None or row[0] != 0:
                raise StoreFault

    def export_to(self, path: Path, key: Secret, is_cancelled: IsCancelled = never) -> VaultHead:
        """Write a compact copy of one moment to a new file under another raw key.

        Readers and writers go on meanwhile (two copies wait for each other). When it returns, the
        file is durable and whole; it opens as a `Catalog` with that key. Rename it into place: a
        crash may leave an unfinished file of this name.

        Parameters
        ----------
        path : Path
            A file that does not exist yet, in a folder that does.

        Returns
        -------
        VaultHead
            The moment that was copied.

        Raises
        ------
        StoreClosed, Cancelled, StoreFault, DiskFull, StoreDamaged
            Nothing is left of the copy.
        """
        with self._file_turn, database_faults():
            head = self._hold_still()
            try:
                write_copy(self._path, self._key, path, key, is_cancelled, self._closing)
            finally:
                self._move_again()
        return head

    def move_to(
        self,
        fresh: Path,
        key: Secret,
        mark: Callable[[Cursor], None],
        is_cancelled: IsCancelled = never,
    ) -> None:
        """Move everything under another raw key: copy into the new file, rename it over the old.

        A crash leaves the catalog as it was or as it is afterwards, and perhaps `fresh`, which
        whoever opens next removes. Readers go on; writers, too, unless there were writes during
        each of the first copies: then they wait for the last.

        Parameters
        ----------
        fresh : Path
            The new file's name, beside the catalog.
        mark : callable (cursor)
            Writes into the copy before it takes the place: one more generation of the history.

        Raises
        ------
        StoreClosed, Cancelled, StoreFault, DiskFull, StoreDamaged
            The catalog is as it was.
        """
        for is_last in (False, False, True):
            with self._writing if is_last else nullcontext():
                head = self._prepare(fresh, key, mark, is_cancelled)
                if self._replace_with(fresh, key, head):
                    return
        raise StoreFault  # unreachable: nobody writes during the last

    def _prepare(
        self, fresh: Path, key: Secret, mark: Callable[[Cursor], None], is_cancelled: IsCancelled
    ) -> VaultHead:
        remove_leftovers(fresh)
        head = self.export_to(fresh, key, is_cancelled)
        copy = Catalog(fresh, key)
        try:
            if copy.head() != head:
                raise StoreDamaged
            with copy.write() as cursor:
                mark(cursor)
            copy._fold()  # closing folds, too, but does not say where the disk refused
        finally:
            copy.close()
        try:
            require_no_log(fresh)
            sync_file(fresh)
        except OSError as fault:
            raise store_fault(fault) from fault
        return head

    def _replace_with(self, fresh: Path, key: Secret, head: VaultHead) -> bool:
        with self._writing, self._file_turn, self._lock:
            if self.head() != head:
                return False
            self._fold()
            old = self._swap(fresh, key)
        overwrite(old, self._path.parent)
        return True

    def _swap(self, fresh: Path, key: Secret) -> BinaryIO | None:
        connection, self._connection = self._connection, None
        try:
            with database_faults():
                connection.close()
            old = put_in_place(fresh, self._path)
        except BaseException:
            self._connect_again()
            raise
        before, self._key = self._key, key.copy()
        before.wipe()
        self._is_damaged = False
        self._connect_again()
        return old

    def _connect_again(self) -> None:
        """Open the file that is in place now; a disk that refuses once is asked again."""
        for tries_left in reversed(range(_CONNECT_TRIES)):
            try:
                self._connection = _connect(self._path, self._key)
                break
            except StoreFault:
                if not tries_left:
                    raise
        self._begin_to_count()

    def _hold_still(self) -> VaultHead:
        with self._lock:  # no write between the fold and the end of automatic folding
            self._fold()
            with self.read() as cursor:
                head = _head(cursor)
                cursor.execute("PRAGMA wal_autocheckpoint = 0")
            return head

    def _move_again(self) -> None:
        with suppress(StoreClosed), self.read() as cursor:
            cursor.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_BETWEEN_FOLDS}")

    @contextmanager
    def read(self) -> Iterator[Cursor]:
        """Give a cursor; statements of other threads wait.

        Raises
        ------
        StoreClosed, StoreFault, StoreDamaged
            It cannot be read.
        """
        with self._lock, database_faults():
            if self._connection is None:
                raise StoreClosed
            with self._damage_remembered():
                yield self._connection.cursor()

    @contextmanager
    def _damage_remembered(self) -> Iterator[None]:
        # Once a page did not authenticate, SQLCipher answers "out of memory" to everything that
        # this connection is asked.
        try:
            yield
        except MemoryError as fault:
            if not self._is_damaged:
                raise
            raise StoreDamaged("The list of images is damaged.") from fault
        except (sqlcipher.OperationalError, sqlcipher.IntegrityError):
            raise
        except sqlcipher.DatabaseError:
            self._is_damaged = True
            raise

    @contextmanager
    def write(self) -> Iterator[Cursor]:
        """Give a cursor inside one transaction, which is durable when the block ends.

        Each transaction is one more generation. If the block raises, nothing of it is kept.
        """
        with self._writing, self.read() as cursor:
            if self._sums is not None:
                self._sums.arm(cursor)
            cursor.execute("BEGIN IMMEDIATE")
            try:
                if self._sums is not None:
                    self._sums.begin(cursor)
                yield cursor
                head = _advance_head(cursor, self._sums)
                cursor.execute("COMMIT")
            except BaseException:
                self._roll_back(cursor)
                raise
            if self._sums is not None:
                self._sums.head = (head.generation, head.digest)

    def _roll_back(self, cursor: Cursor) -> None:
        if self._sums is not None:
            self._sums.give_up()
        if self._connection is not None and self._connection.in_transaction:
            cursor.execute("ROLLBACK")

    def head(self) -> VaultHead:
        """Return the last link of the history."""
        with self.read() as cursor:
            return _head(cursor)

    def has_passed(self, head: VaultHead) -> bool:
        """Whether the history goes through this head (the last 100,000 are remembered)."""
        with self.read() as cursor:
            sql = "SELECT 1 FROM heads WHERE generation = ? AND digest = ?"
            return cursor.execute(sql, (head.generation, head.digest)).fetchone() is not None

    def faults(self) -> list[str]:
        """Return what SQLite's and SQLCipher's own checks find; empty where all is well."""
        with self._file_turn, self.read() as cursor:
            # The page check reads the file and not the log: a page that a power cut tore while the
            # log was being folded in is whole in the log, and is healed here.
            with suppress(sqlcipher.OperationalError):  # a full disk is no damage
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            pages = cursor.execute("PRAGMA cipher_integrity_check").fetchall()
            if pages:  # nothing that is read through them says more
                self._is_damaged = True
                return [str(page[0]) for page in pages]
            rows = cursor.execute("PRAGMA integrity_check(100)").fetchall()
            links = cursor.execute("PRAGMA foreign_key_check").fetchall()
        faults = [str(row[0]) for row in rows if row[0] != "ok"]
        return faults + [f"foreign key of {row[0]}" for row in links]

    def prove(self, patient_id: PatientId, *, is_new: bool = True) -> None:
        """Return only if what is listed of a patient is what was written last.

        With `is_new` false once since the store was opened is enough.

        Raises
        ------
        PutBack
            A page of the file is of an earlier time.
        """
        with self.read() as cursor:
            self._counting.prove(cursor, patient_id, is_new=is_new)

    def put_back(self, pause: Callable[[], None]) -> Iterator[str]:
        """Yield the patients and groups whose rows are not those that were written last.

        Others get their turn between any two.
        """
        after = ""
        if not self._holds(lambda sums, cursor: sums.prove_tree(cursor)):
            yield "sums"
        for group in TOGETHER:
            if not self._is_proved(group):
                yield group
        while True:
            with self.read() as cursor:
                some = self._counting.groups(cursor, after, _PROVED_AT_ONCE)
            if not some:
                return
            for group in some:
                pause()
                if not self._is_proved(group):
                    yield group
            after = some[-1]

    def _is_proved(self, group: str) -> bool:
        return self._holds(lambda sums, cursor: sums.prove_rows(cursor, group))

    def _holds(self, prove: Callable[[Sums, Cursor], None]) -> bool:
        try:
            with self.read() as cursor:
                prove(self._counting, cursor)
        except PutBack:
            return False
        return True

    @property
    def _counting(self) -> Sums:
        if self._sums is None:
            raise StoreClosed
        return self._sums

    def _begin_to_count(self) -> None:
        with self.read() as cursor:
            self._sums = Sums(self._connection)
            if counted_steps(cursor) == len(STEPS):
                self._sums.prove(cursor, STORE)
                return
        with self.write() as cursor:
            self._counting.count_all(cursor, len(STEPS))

    def _migrate(self) -> None:
        with self.read() as cursor:
            row = cursor.execute("PRAGMA user_version").fetchone()
            version = int(row[0]) if row else 0
        if version > len(STEPS):
            raise StoreTooNew
        for step in range(version, len(STEPS)):
            with self.write() as cursor:
                for statement in _statements(STEPS[step]):
                    cursor.execute(statement)
                cursor.execute(f"PRAGMA user_version = {step + 1}")


def _refuse_plain(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(len(_PLAIN_MAGIC))
    except FileNotFoundError:
        return
    except OSError as fault:
        raise store_fault(fault) from fault
    if start == _PLAIN_MAGIC:
        raise WrongKey


def _connect(path: Path, key: Secret) -> Any:
    _refuse_plain(path)
    with database_faults():
        connection = sqlcipher.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _unlock(connection, key)
    except BaseException:
        connection.close()
        raise
    return connection


def _unlock(connection: Any, key: Secret) -> None:
    for pragma in BEFORE_KEY:
        connection.execute(pragma)
    connection.execute(f'PRAGMA key = "{key_text(key)}"')
    connection.execute(_EXCLUSIVE)
    try:
        # The key pragma says "ok" to any key; only reading proves it.
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlcipher.OperationalError as fault:
        if "locked" in str(fault):
            raise StoreInUse from fault
        raise StoreFault from fault  # the log could not be made: a full or failing disk
    except sqlcipher.DatabaseError:
        raise WrongKey from None
    with database_faults():
        for pragma in _AFTER_KEY:
            connection.execute(pragma)
        if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise StoreFault


def _statements(script: str) -> Iterator[str]:
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlcipher.complete_statement(pending):
            yield pending
            pending = ""


def _head(cursor: Cursor) -> VaultHead:
    sql = "SELECT generation, digest FROM heads ORDER BY generation DESC LIMIT 1"
    row = cursor.execute(sql).fetchone()
    return VaultHead(int(row[0]), str(row[1])) if row else VaultHead(0, "")


def _advance_head(cursor: Cursor, sums: Sums | None) -> VaultHead:
    # A random part makes two branches differ even where they wrote the same.
    last = _head(cursor)
    generation = last.generation + 1
    if sums is None:  # the steps that lead to the tables of the sums
        random = secrets.token_bytes(16)
        link = digest(context("bitewing head v1", last.digest, generation, random)).hex()
    else:
        root = sums.settle(cursor)
        link = link_of(last.digest, generation, fresh_nonce(cursor, generation), root)
    cursor.execute("INSERT INTO heads VALUES (?, ?)", (generation, link))
    cursor.execute("DELETE FROM heads WHERE generation <= ?", (generation - _HEADS_KEPT,))
    return VaultHead(generation, link)
