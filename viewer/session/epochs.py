"""Epochs of the practice's keys: begin one, retire old ones, hand them to a new recovery key.

Pure functions from a book to a book: `ledger.py` writes the result in one piece, so that a crash
leaves the old book or the new one. Numbers only grow and none is used twice. A retired epoch stays
as a row without seals: nobody opens it any more, but its public half still checks what it signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from viewer.crypto.secret import Secret
from viewer.session.book import (
    EMERGENCY,
    RECOVERY,
    Book,
    Due,
    EpochRow,
    UserRow,
    new_practice_key,
    seal_epoch,
    succession,
)
from viewer.session.errors import AccountRefused
from viewer.session.holders import KeyRing, due_on_paper, role_of
from viewer.session.permissions import KeyName


def live(book: Book, name: KeyName) -> dict[int, EpochRow]:
    """Return the epochs of a key that are not retired, by number."""
    rows = (row for row in book.epochs if row.key == name.value and not row.is_retired)
    return {row.number: row for row in rows}


def current(book: Book, name: KeyName) -> int:
    """Return the number that new things are sealed under."""
    return max(live(book, name))


def publics(book: Book, name: KeyName) -> Mapping[int, bytes]:
    """Return the public halves of a key by epoch, of retired ones too; a symmetric key has none."""
    rows = [row for row in book.epochs if row.key == name.value and row.public]
    return {row.number: bytes.fromhex(row.public) for row in rows}


def with_due(book: Book, names: Iterable[KeyName], why: Due) -> Book:
    """Return the book with a rotation of these keys due, for one more reason."""
    fresh = {name.value for name in names}
    whys = {name: tuple(sorted({*book.due_why.get(name, ()), why.name})) for name in fresh}
    due = sorted({*book.rotation_due, *fresh})
    return attrs.evolve(book, rotation_due=tuple(due), due_why={**book.due_why, **whys})


def due_reasons(book: Book) -> Mapping[KeyName, tuple[Due, ...]]:
    """Return why keys are due; a book of an older program may not say."""
    return {
        KeyName(name): tuple(Due[why] for why in book.due_why.get(name, ()))
        for name in book.rotation_due
    }


def begun(book: Book, officer: KeyRing, names: Iterable[KeyName]) -> tuple[Book, KeyRing]:
    """Return the book with a fresh epoch of each key, and those fresh keys alone.

    Raises
    ------
    AccountRefused
        The officer's ring lacks a current epoch.
    """
    fresh: dict[KeyName, dict[int, Secret]] = {}
    wanted = sorted(set(names), key=lambda each: each.value)
    for name in wanted:
        require_all_held(book, officer, name)
    for name in wanted:
        key, public = new_practice_key(name)
        last = current(book, name)
        row = EpochRow(name.value, last + 1, {}, public=public)
        follows = succession(book.practice_id, row, held(officer, name, last), key)
        row = _sealed_to_all(book, attrs.evolve(row, follows=follows), key)
        book = _with_current(attrs.evolve(book, epochs=(*book.epochs, row)), name, public)
        fresh[name] = {row.number: key}
    return book, KeyRing(fresh)


def retired(book: Book, name: KeyName, below: int) -> Book:
    """Return the book without the seals of a key's epochs under a number.

    Raises
    ------
    AccountRefused
        The current epoch would be among them.
    """
    if below > current(book, name):
        raise AccountRefused("The current key cannot be retired.", "Begin a new one first.")

    def after(row: EpochRow) -> EpochRow:
        is_old = row.key == name.value and row.number < below
        return attrs.evolve(row, sealed={}, is_retired=True) if is_old else row

    return attrs.evolve(book, epochs=tuple(map(after, book.epochs)))


def sealed_to_paper(book: Book, ring: KeyRing, holder: str, public: str) -> Book:
    """Return the book with every live epoch due to `holder` sealed to another key on paper.

    `holder` is "recovery" or "emergency"; its seals for the key before are gone. No public key: it
    holds nothing from now on.

    Raises
    ------
    AccountRefused
        The ring lacks an epoch.
    """

    def after(row: EpochRow) -> EpochRow:
        others = {each: text for each, text in row.sealed.items() if each != holder}
        row = attrs.evolve(row, sealed=others)
        name = KeyName(row.key)
        if row.is_retired or not public or name not in due_on_paper(holder):
            return row
        key = held(ring, name, row.number)
        return seal_epoch(book.practice_id, row, key, holder, "", public)

    return attrs.evolve(book, epochs=tuple(map(after, book.epochs)))


def on_paper_alone(book: Book) -> Book:
    """Return the book as the recovery key alone may open it: nobody has a password any more.

    Second factors are forgotten with them. The emergency key goes too: a book that cannot be
    authenticated could name an attacker's.
    """
    rows = tuple(
        attrs.evolve(row, sealed={} if row.is_retired else {RECOVERY: row.sealed[RECOVERY]})
        for row in book.epochs
    )
    users = tuple(_without_a_way_in(row) for row in book.users)
    return attrs.evolve(book, users=users, epochs=rows, emergency_public="")


def _without_a_way_in(row: UserRow) -> UserRow:
    return attrs.evolve(row, wrapped={}, third="", third_label="", totp="", codes=())


def held(ring: KeyRing, name: KeyName, number: int) -> Secret:
    """Return a key that the ring holds.

    Raises
    ------
    AccountRefused
        It does not.
    """
    key = ring.keys.get(name, {}).get(number)
    if key is None:
        raise AccountRefused("You cannot hand on a key that you do not hold.", "Log in again.")
    return key


def are_same(opened: KeyRing, ring: KeyRing) -> bool:
    """Whether a ring holds the very keys that were opened.

    Raises
    ------
    AccountRefused
        It lacks one.
    """
    return all(
        held(ring, name, number).equals(key)
        for name, numbers in opened.keys.items()
        for number, key in numbers.items()
    )


def require_all_held(book: Book, ring: KeyRing, name: KeyName) -> None:
    """Return only if the ring holds every live epoch of a key.

    Raises
    ------
    AccountRefused
        It does not: another person's ring, or one from before a rotation.
    """
    for number in live(book, name):
        held(ring, name, number)


def _sealed_to_all(book: Book, row: EpochRow, key: Secret) -> EpochRow:
    """Return a fresh epoch sealed to whoever holds it: the disabled are not among them."""
    practice_id, name = book.practice_id, KeyName(row.key)
    row = seal_epoch(practice_id, row, key, RECOVERY, "", book.recovery_public)
    if book.emergency_public and name in due_on_paper(EMERGENCY):
        row = seal_epoch(practice_id, row, key, EMERGENCY, "", book.emergency_public)
    for user in book.users:
        role = role_of(book, user.role)
        if user.takes_keys and name in role.holds:
            row = seal_epoch(practice_id, row, key, user.id, role.bound, user.public)
    return row


def _with_current(book: Book, name: KeyName, public: str) -> Book:
    due = tuple(each for each in book.rotation_due if each != name.value)
    whys = {each: why for each, why in book.due_why.items() if each != name.value}
    book = attrs.evolve(book, rotation_due=due, due_why=whys)
    if name is KeyName.SHARE:
        return attrs.evolve(book, share_public=public)
    return attrs.evolve(book, trail_public=public) if name is KeyName.TRAIL else book
