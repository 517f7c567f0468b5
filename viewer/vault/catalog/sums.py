"""Sums over the catalog's rows, so that a page of an earlier time that is put back is noticed.

A page's MAC binds its content to its place and not to a time. So every row counts into the sum of
its patient (a keyed hash of the row, added modulo 2^256; order does not matter, an edit subtracts
the old row and adds the new one), the patients' sums into a tree of four levels, and the root into
the head that is kept outside the store. Reading a patient proves the rows against the sum, the sum
against the tree, and the tree against the head: rows, sums or both of an earlier time do not fit.

The counting is done by temporary triggers of this connection: whatever statement changes a row is
counted. FORMAT.md §4 has the layout.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from viewer.crypto.derive import context, digest
from viewer.vault.errors import PutBack

if TYPE_CHECKING:
    from viewer.vault.catalog.connection import Cursor, Row

_OF_PATIENT = {"patients": "id"} | dict.fromkeys(
    ("patient_keys", "studies", "series", "images", "pins", "holds"), "patient_id"
)
_OF_IMAGE = ("image_sops", "objects")
STORE, REST = "store", "rest"
TOGETHER = {
    STORE: ("meta", "archives", "backup_destinations", "keeping"),
    REST: ("erasures", "kept_orphans", "settings", "drafts"),
}
"""Tables that are counted as a whole: the first when a catalog is opened, the second by a check."""
_ONLY = {"patient_keys": ("patient_id", "number")}
"""A rotation changes the rest of these rows by the hundred thousand; it proves itself."""
_LEAF, _BUCKET, _BRANCH, _ROOT = 3, 2, 1, 0
_PREFIX = {_BUCKET: 3, _BRANCH: 1}
_AFTER_ANY_ID = "\x7f"
_MODULUS = 1 << 256


class Sums:
    """What one connection counts. Not thread safe: its catalog lets one statement in at a time."""

    def __init__(self, connection: Any) -> None:
        """Begin to count; the catalog has taken its migration steps and nothing is under way."""
        self._columns = {table: _columns(connection, table) for table in _tables()}
        self._deltas: dict[str, int] = {}
        self._key = b""
        self._proved: set[str] = set()
        self.head: tuple[int, str] | None = None
        connection.create_function("bitewing_counts", -1, self._count)
        self._is_armed = False

    # --- counting --------------------------------------------------------------------------

    def _count(self, sign: int, group: str, *row: object) -> None:
        self._deltas[group] = self._deltas.get(group, 0) + sign * self._worth(*row)

    def _worth(self, *values: object) -> int:
        return int.from_bytes(
            hashlib.blake2b(encoded(values), key=self._key, digest_size=32).digest()
        )

    def _triggers(self) -> Iterator[str]:
        for table, owner in _OF_PATIENT.items():
            yield from self._on(table, f"{{row}}.{owner}")
        for table in _OF_IMAGE:
            group = "(SELECT patient_id FROM main.images WHERE id = {row}.image_id)"
            yield from self._on(table, group, f"WHEN {group} IS NOT NULL")
            # What goes along with its image goes after it, when nobody knows whose it was.
            call = self._call("-1", "OLD.patient_id", table, table)
            body = f"SELECT {call} FROM main.{table} WHERE image_id = OLD.id;"  # noqa: S608 - ours
            yield (
                f"CREATE TEMP TRIGGER IF NOT EXISTS bitewing_{table}_along"
                f" BEFORE DELETE ON main.images BEGIN {body} END"
            )
        for group, tables in TOGETHER.items():
            for table in tables:
                yield from self._on(table, f"'{group}'")

    def _on(self, table: str, group: str, when: str = "") -> Iterator[str]:
        only = f" OF {', '.join(_ONLY[table])}" if table in _ONLY else ""
        gone = f"SELECT {self._call('-1', group.format(row='OLD'), table, 'OLD')};"
        come = f"SELECT {self._call('1', group.format(row='NEW'), table, 'NEW')};"
        for name, event, row, body in (
            ("come", "INSERT", "NEW", come),
            ("gone", "DELETE", "OLD", gone),
            ("changed", f"UPDATE{only}", "NEW", gone + come),
        ):
            yield (
                f"CREATE TEMP TRIGGER IF NOT EXISTS bitewing_{table}_{name}"
                f" AFTER {event} ON main.{table} {when.format(row=row)} BEGIN {body} END"
            )

    def _call(self, sign: str, group: str, table: str, row: str) -> str:
        values = ", ".join(f"{row}.{column}" for column in self._columns[table])
        return f"bitewing_counts({sign}, {group}, '{table}', {values})"

    # --- a transaction ---------------------------------------------------------------------

    def arm(self, cursor: Cursor) -> None:
        """Set the triggers, once, before the first transaction: some 50 ms that no reader pays."""
        if not self._is_armed:
            for statement in self._triggers():
                cursor.execute(statement)
            self._is_armed = True

    def begin(self, cursor: Cursor) -> None:
        """Begin a transaction: what one before it counted and gave up is forgotten."""
        self._deltas.clear()
        row = cursor.execute("SELECT key FROM sums_head").fetchone()
        self._key = bytes(row[0]) if row else b""

    def give_up(self) -> None:
        """Forget what was counted, since the transaction was rolled back."""
        self._deltas.clear()
        self._proved.clear()

    def settle(self, cursor: Cursor) -> bytes:
        """Carry what was counted up to the root; return the root's sum."""
        deltas, self._deltas = self._deltas, {}
        level = {(_LEAF, name): by for name, by in deltas.items() if name not in TOGETHER}
        for depth in (_LEAF, _BUCKET, _BRANCH, _ROOT):
            if depth == _BRANCH:
                for name in TOGETHER.keys() & deltas.keys():
                    level[_BRANCH, name] = deltas[name]
            above: dict[tuple[int, str], int] = {}
            for (_, name), by in sorted(level.items()):
                change = self._move(cursor, depth, name, by)
                if depth != _ROOT:
                    parent = (depth - 1, name[: _PREFIX.get(depth - 1, 0)])
                    above[parent] = above.get(parent, 0) + change
            level = above
        return _bytes(_sum(cursor, _ROOT, ""))

    def _move(self, cursor: Cursor, depth: int, name: str, by: int) -> int:
        """Change one sum; return by how much that of its parent changes."""
        before = _sum(cursor, depth, name)
        after = (before + by) % _MODULUS
        if after == before:
            return 0
        if after:
            sql = (
                "INSERT INTO sums VALUES (?, ?, ?)"
                " ON CONFLICT (depth, name) DO UPDATE SET sum = excluded.sum"
            )
            cursor.execute(sql, (depth, name, _bytes(after)))
        else:
            cursor.execute("DELETE FROM sums WHERE depth = ? AND name = ?", (depth, name))
        return self._weight(depth, name, after) - self._weight(depth, name, before)

    def _weight(self, depth: int, name: str, value: int) -> int:
        return self._worth("sum", depth, name, _bytes(value)) if value else 0

    def count_all(self, cursor: Cursor, steps: int) -> None:
        """Count every row anew, under a fresh key: after a migration, and never otherwise."""
        self._key = secrets.token_bytes(32)
        cursor.execute("DELETE FROM sums")
        sql = "INSERT OR REPLACE INTO sums_head VALUES (1, ?, ?, 0, x'')"
        cursor.execute(sql, (steps, self._key))
        self._deltas.clear()
        for row in cursor.execute("SELECT id FROM patients").fetchall():
            self._deltas[str(row[0])] = self._counted(cursor, str(row[0]))
        for group in TOGETHER:
            self._deltas[group] = self._counted(cursor, group)

    # --- proving ---------------------------------------------------------------------------

    def prove_head(self, cursor: Cursor) -> None:
        """Return only if the root is the one that the last head was made with.

        Raises
        ------
        PutBack
            One of the two is of an earlier time.
        """
        row = cursor.execute("SELECT generation, nonce, key FROM sums_head").fetchone()
        last = cursor.execute(
            "SELECT generation, digest, lag(digest, 1, '') OVER (ORDER BY generation) FROM heads"
            " ORDER BY generation DESC LIMIT 1"
        ).fetchone()
        if row is None or last is None or row[0] != last[0]:
            raise PutBack
        if self.head not in {None, (last[0], last[1])}:
            raise PutBack
        self._key = bytes(row[2])
        root = _bytes(_sum(cursor, _ROOT, ""))
        if link_of(str(last[2]), int(last[0]), bytes(row[1]), root) != last[1]:
            raise PutBack
        self.head = (int(last[0]), str(last[1]))

    def prove(self, cursor: Cursor, group: str, *, is_new: bool = True) -> None:
        """Return only if a patient's rows, or a group's, are those that were written last.

        With `is_new` false once since the store was opened is enough.

        Raises
        ------
        PutBack
            Rows or sums are of an earlier time.
        """
        if self._deltas or (not is_new and group in self._proved):
            return  # inside a transaction that has written: it is proved by whoever reads next
        self.prove_head(cursor)
        self.prove_rows(cursor, group)
        depth = _BRANCH if group in TOGETHER else _LEAF
        for above in range(depth - 1, _ROOT - 1, -1):
            self._prove_node(cursor, above, group[: _PREFIX.get(above, 0)])
        self._proved.add(group)

    def prove_rows(self, cursor: Cursor, group: str) -> None:
        """Return only if the rows of a patient or a group fit its sum, which may itself be old.

        Raises
        ------
        PutBack
            They do not.
        """
        depth = _BRANCH if group in TOGETHER else _LEAF
        if self._counted(cursor, group) != _sum(cursor, depth, group):
            raise PutBack

    def prove_tree(self, cursor: Cursor) -> None:
        """Return only if every sum of sums fits those below it, and the root the head.

        Raises
        ------
        PutBack
            One does not.
        """
        self.prove_head(cursor)
        sql = "SELECT depth, name FROM sums WHERE depth < ?"
        nodes = cursor.execute(sql, (_LEAF,)).fetchall()
        for depth, name in {(int(row[0]), str(row[1])) for row in nodes} | {(_ROOT, "")}:
            if name not in TOGETHER:
                self._prove_node(cursor, depth, name)
        below = {str(row[1])[:1] for row in nodes if row[0] == _BUCKET}
        if not below <= {str(row[1]) for row in nodes if row[0] == _BRANCH}:
            raise PutBack

    def _prove_node(self, cursor: Cursor, depth: int, name: str) -> None:
        rows = cursor.execute(
            "SELECT name, sum FROM sums WHERE depth = ? AND name >= ? AND name < ?",
            (depth + 1, name, name + _AFTER_ANY_ID),
        ).fetchall()
        total = sum(self._weight(depth + 1, str(row[0]), _number(row[1])) for row in rows)
        if total % _MODULUS != _sum(cursor, depth, name):
            raise PutBack

    def _counted(self, cursor: Cursor, group: str) -> int:
        """Return the sum of a group's rows as they are."""
        return sum(self._worth(*row) for row in self._rows(cursor, group)) % _MODULUS

    def _rows(self, cursor: Cursor, group: str) -> Iterable[Row]:
        if group in TOGETHER:
            for table in TOGETHER[group]:
                yield from self._of(cursor, table, "TRUE", ())
            return
        for table, owner in _OF_PATIENT.items():
            yield from self._of(cursor, table, f"{owner} = ?", (group,))
        for table in _OF_IMAGE:
            mine = "image_id IN (SELECT id FROM images WHERE patient_id = ?)"
            yield from self._of(cursor, table, mine, (group,))

    def _of(self, cursor: Cursor, table: str, where: str, values: tuple[str, ...]) -> Iterable[Row]:
        sql = f"SELECT '{table}', {', '.join(self._columns[table])} FROM {table} WHERE {where}"  # noqa: S608 - ours
        return cursor.execute(sql, values).fetchall()

    # --- the whole -------------------------------------------------------------------------

    def groups(self, cursor: Cursor, after: str, limit: int) -> list[str]:
        """Return the next patients, or those that sums tell of, behind an id."""
        rows = cursor.execute(
            "SELECT id FROM (SELECT id FROM patients WHERE id > ?1 UNION"
            " SELECT name FROM sums WHERE depth = ?2 AND name > ?1) ORDER BY id LIMIT ?3",
            (after, _LEAF, limit),
        ).fetchall()
        return [str(row[0]) for row in rows]


def link_of(before: str, generation: int, nonce: bytes, root: bytes) -> str:
    """Return the digest of a head: the one before, its number, a random part and the root."""
    return digest(context("bitewing head v2", before, generation, nonce, root)).hex()


def fresh_nonce(cursor: Cursor, generation: int) -> bytes:
    """Keep, with the sums, the random part of a head that is about to be written."""
    nonce = secrets.token_bytes(16)
    cursor.execute("UPDATE sums_head SET generation = ?, nonce = ?", (generation, nonce))
    return nonce


def counted_steps(cursor: Cursor) -> int:
    """Return after which migration step the rows were counted; 0 where they never were."""
    row = cursor.execute("SELECT steps FROM sums_head").fetchone()
    return int(row[0]) if row else 0


def _tables() -> tuple[str, ...]:
    return (*_OF_PATIENT, *_OF_IMAGE, *(table for some in TOGETHER.values() for table in some))


def _columns(connection: Any, table: str) -> tuple[str, ...]:
    if table in _ONLY:
        return _ONLY[table]
    return tuple(row[1] for row in connection.execute(f"PRAGMA main.table_info({table})"))


def _sum(cursor: Cursor, depth: int, name: str) -> int:
    sql = "SELECT sum FROM sums WHERE depth = ? AND name = ?"
    row = cursor.execute(sql, (depth, name)).fetchone()
    return _number(row[0]) if row else 0


def _number(stored: object) -> int:
    return int.from_bytes(bytes(stored))  # type: ignore[call-overload]


def _bytes(value: int) -> bytes:
    return value.to_bytes(32)


def encoded(values: Iterable[object]) -> bytes:
    """Return a row's values so that no two rows give the same bytes: kind, length, bytes."""
    parts = list[bytes]()
    for value in values:
        if value is None:
            kind, raw = b"n", b""
        elif isinstance(value, str):
            kind, raw = b"t", value.encode()
        elif isinstance(value, int):
            kind, raw = b"i", b"%d" % value
        else:
            kind, raw = b"b", bytes(value)  # type: ignore[call-overload]
        parts += (kind, len(raw).to_bytes(4), raw)
    return b"".join(parts)
