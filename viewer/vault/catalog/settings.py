"""Settings and drafts in the catalog."""

from __future__ import annotations

from viewer.model.ids import UserId
from viewer.vault.catalog.connection import Cursor
from viewer.vault.records import SettingScope


def owner_of(scope: SettingScope, user: UserId | None) -> str:
    """Return the owner column of a setting.

    Raises
    ------
    ValueError
        A user's setting without a user, or a workstation's with one.
    """
    if (scope is SettingScope.USER) != bool(user):
        raise ValueError("a user's setting needs its user, a workstation's has none")
    return user or ""


def get(cursor: Cursor, scope: SettingScope, owner: str, name: str) -> str | None:
    """Return a setting's JSON text, or None."""
    sql = "SELECT value FROM settings WHERE scope = ? AND owner = ? AND name = ?"
    row = cursor.execute(sql, (scope.value, owner, name)).fetchone()
    return None if row is None else str(row[0])


def put(cursor: Cursor, scope: SettingScope, owner: str, name: str, value: str | None) -> None:
    """Keep a setting; None removes it."""
    if value is None:
        sql = "DELETE FROM settings WHERE scope = ? AND owner = ? AND name = ?"
        cursor.execute(sql, (scope.value, owner, name))
    else:
        sql = "INSERT OR REPLACE INTO settings VALUES (?, ?, ?, ?)"
        cursor.execute(sql, (scope.value, owner, name, value))


def get_draft(cursor: Cursor, owner: UserId, name: str) -> bytes | None:
    """Return a user's draft, or None."""
    sql = "SELECT blob FROM drafts WHERE owner = ? AND name = ?"
    row = cursor.execute(sql, (owner, name)).fetchone()
    return None if row is None else bytes(row[0])


def put_draft(cursor: Cursor, owner: UserId, name: str, blob: bytes | None) -> None:
    """Keep a user's draft; None removes it."""
    if blob is None:
        cursor.execute("DELETE FROM drafts WHERE owner = ? AND name = ?", (owner, name))
    else:
        cursor.execute("INSERT OR REPLACE INTO drafts VALUES (?, ?, ?)", (owner, name, blob))
