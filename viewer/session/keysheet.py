"""The sheet of keys that lies beside a backup in plain: no names, sealed to the recovery key alone.

It is all that is needed to begin with on an empty machine: the recovery key opens the sheet, the
sheet opens the snapshot, and the accounts with their names lie inside that.
"""

from __future__ import annotations

import attrs
import rfc8785

from viewer.model.json import from_json, to_plain
from viewer.session.book import Book
from viewer.session.errors import AccountsTampered
from viewer.session.holders import KeyRing
from viewer.session.ledger import unproved_book
from viewer.session.permissions import KeyName
from viewer.session.recovered import opened_on_paper
from viewer.session.recovery import RecoveryKey


@attrs.frozen(eq=False)
class OpenedSheet:
    """Whose backup it is, and the epochs of IMAGES that it opens; the caller wipes them."""

    practice_id: str
    keys: KeyRing


def sheet_of(copy: bytes) -> str:
    """Return the sheet for a copy of the accounts (`Practice.copy_for_backup`).

    Raises
    ------
    AccountsTampered
        It is no such copy.
    """
    book = unproved_book(copy)
    rows = tuple(row for row in book.epochs if row.key == KeyName.IMAGES.value)
    bare = attrs.evolve(
        book,
        practice_name="",
        users=(),
        roles=(),
        epochs=rows,
        rotation_due=(),
        due_why={},
        recovery_proved_at="",
    )
    return rfc8785.dumps(to_plain(bare)).decode()


def goes_with(sheet: str, copy: bytes) -> bool:
    """Whether every epoch on a sheet is one of the practice's, live or retired.

    It is not where the practice was restored from an older state than the sheet's: then the sheet
    holds keys that are nowhere else. A sheet that says nothing goes with everything.

    Raises
    ------
    AccountsTampered
        `copy` is no copy of the accounts.
    """
    try:
        theirs = from_json(sheet, Book)
    except ValueError:
        return True
    ours = unproved_book(copy)
    known = {(row.key, row.number, row.follows) for row in ours.epochs}
    is_ours = theirs.practice_id == ours.practice_id
    return is_ours and {(row.key, row.number, row.follows) for row in theirs.epochs} <= known


def is_in_force(sheet: str, copy: bytes, images_from: int) -> bool:
    """Whether the recovery key of today opens, with this sheet, every epoch from a number on.

    Raises
    ------
    AccountsTampered
        `copy` is no copy of the accounts.
    """
    try:
        theirs = from_json(sheet, Book)
    except ValueError:
        return False
    ours = from_json(sheet_of(copy), Book)
    needed = [row for row in ours.epochs if not row.is_retired and row.number >= images_from]
    names = (theirs.practice_id, theirs.recovery_public)
    return names == (ours.practice_id, ours.recovery_public) and all(
        row in theirs.epochs for row in needed
    )


def open_sheet(sheet: str, recovery: RecoveryKey) -> OpenedSheet:
    """Open a sheet with the recovery key.

    Raises
    ------
    NotAuthentic
        This recovery key is not this practice's, or a key in the sheet was planted.
    AccountsTampered
        It is no such sheet.
    """
    try:
        book = from_json(sheet, Book)
    except ValueError:
        raise AccountsTampered("The sheet of keys in the backup is damaged.") from None
    return OpenedSheet(book.practice_id, opened_on_paper(book, recovery))
