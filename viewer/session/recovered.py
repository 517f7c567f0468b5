"""The accounts in a backup: what goes along, and what the recovery key opens of it."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import rfc8785

from viewer.crypto.errors import NotAuthentic
from viewer.model.json import to_plain
from viewer.session import epochs
from viewer.session.book import RECOVERY, Book
from viewer.session.holders import KeyRing, open_all, role_of
from viewer.session.ledger import unproved_book
from viewer.session.permissions import KeyName, Permission
from viewer.session.recovery import RecoveryKey


@attrs.frozen(eq=False)
class OpenedCopy:
    """What the recovery key opened: which practice it is, its keys, and who may be recovered."""

    practice_id: str
    practice_name: str
    keys: KeyRing
    officers: Sequence[str]


def copy_of(book: Book, images_from: int = 1) -> bytes:
    """Return the accounts as a backup keeps them: sealed to the recovery key alone.

    No password and no user's key goes along. Epochs of IMAGES under `images_from` go along retired,
    so that what was erased with them stays erased in the backup too.

    Raises
    ------
    AccountRefused
        The current epoch would be among them.
    """
    alone = epochs.on_paper_alone(epochs.retired(book, KeyName.IMAGES, images_from))
    return rfc8785.dumps({"body": {"content": to_plain(alone), "version": 0}, "tag": ""})


def opened_copy(copy: bytes, recovery: RecoveryKey) -> OpenedCopy:
    """Return what a backup's accounts (or an `accounts.json`) hold; the caller wipes its keys.

    Raises
    ------
    NotAuthentic
        This recovery key is not this practice's, or a key in the copy was planted.
    AccountsTampered
        It is no such copy.
    """
    book = unproved_book(copy)
    keys = opened_on_paper(book, recovery)
    manage = Permission.MANAGE_ACCOUNTS
    officers = tuple(row.name for row in book.users if manage in role_of(book, row.role).may)
    return OpenedCopy(book.practice_id, book.practice_name, keys, officers)


def opened_on_paper(book: Book, recovery: RecoveryKey) -> KeyRing:
    """Return every live key.

    Raises
    ------
    NotAuthentic
        This recovery key is not this book's, or a key in it was planted.
    """
    if recovery.public.hex() != book.recovery_public:
        raise NotAuthentic
    return open_all(book, recovery.private, RECOVERY, "")
