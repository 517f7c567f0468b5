"""What a book of accounts means: people, the keys they hold, and who may hand which key on."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from contextlib import ExitStack
from functools import lru_cache
from types import MappingProxyType

import attrs

from viewer.crypto.derive import is_acceptable
from viewer.crypto.secret import Secret
from viewer.model.ids import UserId, new_id
from viewer.model.json import from_json, to_json
from viewer.session.book import (
    RECOVERY,
    Book,
    Due,
    EpochRow,
    RoleRow,
    UserRow,
    new_practice_key,
    open_epoch,
    require_follows,
    seal_epoch,
)
from viewer.session.errors import AccountRefused, AccountsTampered
from viewer.session.permissions import (
    CUSTOM,
    GRANTABLE,
    KeyName,
    Permission,
    Role,
    keys_for,
    roles,
)
from viewer.session.recovery import RecoveryKey

FORMAT = 2
"""Of `accounts.json`. 1: one epoch, no emergency key, no third share. It is still read."""


@attrs.frozen
class User:
    """A person with an account. `name` is typed at login, `display_name` is shown.

    `is_ready` is false after a recovery, until the officer sets a new password. `third_share` is
    what the login also needs, as a person calls it; "": nothing. `second_factors` names all that
    the login needs besides the password: "totp", "security key". `codes_left` counts the recovery
    codes that were not used yet. `must_change`: the password was given by somebody else, and has to
    be changed before anything else.
    """

    id: UserId
    name: str
    display_name: str
    role: Role
    is_enabled: bool = True
    is_ready: bool = True
    third_share: str = ""
    second_factors: tuple[str, ...] = ()
    codes_left: int = 0
    must_change: bool = False
    formerly: tuple[str, ...] = ()
    left_at: str = ""

    @property
    def has_left(self) -> bool:
        """Whether the person is not of the practice any more."""
        return bool(self.left_at)

    @property
    def has_second_factor(self) -> bool:
        """Whether a login takes more than the password."""
        return bool(self.second_factors)


@attrs.frozen(eq=False)
class KeyRing:
    """The practice keys that one user holds: every epoch by number, the largest is current."""

    keys: Mapping[KeyName, Mapping[int, Secret]]

    def copy(self) -> KeyRing:
        """Return an independent ring with the same keys."""
        return KeyRing(
            {
                name: {number: key.copy() for number, key in epochs.items()}
                for name, epochs in self.keys.items()
            }
        )

    def wipe(self) -> None:
        """Overwrite every key."""
        for epochs in self.keys.values():
            for key in epochs.values():
                key.wipe()

    def __enter__(self) -> KeyRing:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()


def login_name(name: str) -> str:
    """Return a login name as it is compared."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def roles_in(book: Book) -> Mapping[str, Role]:
    """Return every role of a practice by id: the program's, then its own.

    Raises
    ------
    ValueError
        One of its own is none that this program makes.
    """
    return _with_own(book.roles)


@lru_cache(maxsize=16)
def _with_own(rows: tuple[RoleRow, ...]) -> Mapping[str, Role]:
    own = {row.id: _own_role(row) for row in rows}
    titles = {role.title.casefold() for role in (*roles().values(), *own.values())}
    if len(own) != len(rows) or len(titles) != len(roles()) + len(own):
        raise ValueError("two roles of one name")
    return MappingProxyType({**roles(), **own})


def _own_role(row: RoleRow) -> Role:
    may = frozenset(map(Permission, row.may))
    if not row.id.startswith(CUSTOM) or not row.title.strip() or not may or not may <= GRANTABLE:
        raise ValueError("no role that a practice can have")
    return Role(row.id, row.title, row.words, may, keys_for(may))


def role_of(book: Book, role_id: str) -> Role:
    """Return a role of the program or of the practice.

    Raises
    ------
    AccountRefused
        There is none of this id.
    """
    known = roles_in(book)
    if role_id not in known:
        titles = ", ".join(role_id for role_id in known)
        raise AccountRefused("There is no such role.", f"Roles are: {titles}.")
    return known[role_id]


def user_of(book: Book, row: UserRow) -> User:
    """Return a row as the person it stands for."""
    return User(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        role=role_of(book, row.role),
        is_enabled=row.is_enabled,
        is_ready=bool(row.wrapped),
        third_share=row.third_label,
        second_factors=row.second_factors,
        codes_left=len(row.codes),
        must_change=row.must_change,
        formerly=row.formerly,
        left_at=row.left_at,
    )


def empty_book(practice_name: str, recovery: RecoveryKey) -> tuple[Book, KeyRing]:
    """Return a book without users, and the fresh keys of the practice sealed to recovery."""
    made = {name: new_practice_key(name) for name in KeyName}
    practice_id, public = new_id(), recovery.public.hex()
    epochs = tuple(
        seal_epoch(practice_id, EpochRow(name.value, 1, {}, half), key, RECOVERY, "", public)
        for name, (key, half) in made.items()
    )
    book = Book(
        format=FORMAT,
        practice_id=practice_id,
        practice_name=practice_name,
        recovery_public=public,
        share_public=made[KeyName.SHARE][1],
        trail_public=made[KeyName.TRAIL][1],
        users=(),
        epochs=epochs,
    )
    return book, KeyRing({name: {1: key} for name, (key, _) in made.items()})


def sealed_to(book: Book, row: UserRow, ring: KeyRing) -> Book:
    """Return the book with the keys of a user's role sealed to it, and no others.

    A disabled user, and one without a password yet, holds none.

    Raises
    ------
    AccountRefused
        The ring lacks one of them.
    """
    role = role_of(book, row.role)

    def sealed(epoch: EpochRow) -> EpochRow:
        without = {holder: text for holder, text in epoch.sealed.items() if holder != row.id}
        epoch = attrs.evolve(epoch, sealed=without)
        name = KeyName(epoch.key)
        if name not in role.holds or not row.takes_keys or epoch.is_retired:
            return epoch
        key = ring.keys.get(name, {}).get(epoch.number)
        if key is None:
            raise AccountRefused("You cannot hand on a key that you do not hold.")
        return seal_epoch(book.practice_id, epoch, key, row.id, role.bound, row.public)

    return attrs.evolve(book, epochs=tuple(sealed(epoch) for epoch in book.epochs))


def open_all(book: Book, private: Secret, holder: str, role_id: str) -> KeyRing:
    """Return every live key that is due to a holder, by role or, with none, by its paper.

    Raises
    ------
    NotAuthentic
        One of them was not sealed to this holder and role, or does not follow the one before.
    """
    role = role_of(book, role_id) if role_id else None
    due, bound = (role.holds, role.bound) if role else (due_on_paper(holder), "")
    keys: dict[KeyName, dict[int, Secret]] = {}
    with ExitStack() as undo:
        ring = KeyRing(keys)
        undo.callback(ring.wipe)
        for epoch in sorted(book.epochs, key=lambda each: each.number):
            name = KeyName(epoch.key)
            if name in due and not epoch.is_retired:
                mine = keys.setdefault(name, {})
                key = open_epoch(book.practice_id, epoch, private, holder, bound)
                before, mine[epoch.number] = mine.get(epoch.number - 1), key
                if len(mine) > 1:
                    require_follows(book.practice_id, epoch, before, key)
        undo.pop_all()
    return ring


def due_on_paper(holder: str) -> frozenset[KeyName]:
    """Return what a key on paper holds: recovery all; emergency shows images, and signs nothing."""
    return frozenset(KeyName) if holder == RECOVERY else frozenset({KeyName.IMAGES})


def still_managed(book: Book) -> Book:
    """Return the book if somebody is left who can log in and manage accounts.

    Raises
    ------
    AccountRefused
        Nobody is.
    """
    for row in book.users:
        may = role_of(book, row.role).may
        if row.is_enabled and row.wrapped and Permission.MANAGE_ACCOUNTS in may:
            return book
    raise AccountRefused("Somebody must be left who manages accounts.")


def checked_book(content: object) -> Book:
    """Return the book if every part of it can be what this program wrote.

    Raises
    ------
    AccountsTampered
        It cannot.
    """
    try:
        book = from_json(to_json(content), Book)
        rows_fit = all(row.role in roles_in(book) for row in book.users)
        costs_fit = all(is_acceptable(row.stretch) for row in book.users)
        epochs_fit = all(map(_is_one_run, _numbers(book).values()))
        due_fits = all(map(KeyName, (*book.rotation_due, *book.due_why)))
        due_fits = due_fits and all(
            set(whys) <= set(Due.__members__) for whys in book.due_why.values()
        )
        book = _upgraded(book)
        halves_fit = _halves(book) == (book.share_public, book.trail_public)
    except (ValueError, TypeError, IndexError):
        raise AccountsTampered from None
    if book.format not in {1, FORMAT} or not (
        rows_fit and costs_fit and epochs_fit and due_fits and halves_fit and book.users
    ):
        raise AccountsTampered
    return book


def _numbers(book: Book) -> Mapping[KeyName, list[EpochRow]]:
    """Return the epochs of each key, oldest first."""
    rows: dict[KeyName, list[EpochRow]] = {name: [] for name in KeyName}
    for row in book.epochs:
        rows[KeyName(row.key)].append(row)
    return {name: sorted(each, key=lambda row: row.number) for name, each in rows.items()}


def _is_one_run(rows: list[EpochRow]) -> bool:
    """Whether epochs count 1, 2, 3… and all up to one that is not the last are retired."""
    retired = [row.is_retired for row in rows]
    counted = [row.number for row in rows] == list(range(1, len(rows) + 1))
    return counted and retired == sorted(retired, reverse=True) and not all(retired)


def _halves(book: Book) -> tuple[str, str]:
    """Return the public halves of the current epochs of SHARE and TRAIL."""
    rows = _numbers(book)
    return rows[KeyName.SHARE][-1].public, rows[KeyName.TRAIL][-1].public


def _upgraded(book: Book) -> Book:
    """Return a book of format 1, which had one public half for each key, as one of today."""
    if book.format == FORMAT:
        return book
    halves = {KeyName.SHARE.value: book.share_public, KeyName.TRAIL.value: book.trail_public}
    rows = tuple(attrs.evolve(row, public=halves.get(row.key, "")) for row in book.epochs)
    return attrs.evolve(book, format=FORMAT, epochs=rows)
