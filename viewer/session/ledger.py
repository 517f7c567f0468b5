"""The file of accounts in memory: read and authenticated, written in one piece, read again."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from viewer.crypto.derive import Stretch, context, digest
from viewer.crypto.secret import Secret
from viewer.model.ids import UserId
from viewer.model.json import to_json, to_plain
from viewer.session import epochs, policy
from viewer.session.book import Book, Due, Shares, UserRow
from viewer.session.device import device_id
from viewer.session.errors import AccountRefused, AccountsTampered
from viewer.session.files import accounts_lock
from viewer.session.holders import User, checked_book, login_name, role_of, roles_in, user_of
from viewer.session.keystore import KeyStore
from viewer.session.permissions import KeyName, Role
from viewer.session.tagged import TaggedFile
from viewer.session.third import ThirdShare
from viewer.session.throttle import Throttle
from viewer.session.totp import LastSteps

FILE = "accounts.json"
_HEAD = "accounts"


class Ledger:
    """Who there is and which keys there are. Safe from any thread and from other processes.

    `accounts.json` is replaced whole, so a crash leaves the accounts before a change or after it.
    """

    def __init__(self, folder: Path, keystore: KeyStore, book: Book) -> None:
        self.folder = folder
        self.keystore = keystore
        self.third_shares: dict[str, ThirdShare] = {}
        """Those within reach of this workstation, by id: put there what was plugged in."""
        self.reach: Callable[[str, str], ThirdShare | None] = lambda _id, _label: None
        """Makes a share of an id and its label where `third_shares` lacks it: a security key."""
        self.throttle = Throttle(folder, keystore, book.practice_id)
        self.last_steps = LastSteps(folder, keystore, book.practice_id)
        self._book = book
        self._file = TaggedFile(folder / FILE, keystore, book.practice_id, _HEAD)
        self._stamp: tuple[int, ...] = ()
        self._turn = threading.RLock()

    @staticmethod
    def is_founded(folder: Path) -> bool:
        """Whether the store folder holds accounts."""
        return (folder / FILE).exists()

    # --- the practice ----------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The practice's opaque id."""
        return self._book.practice_id

    @property
    def name(self) -> str:
        """The practice's name."""
        return self._book.practice_name

    @property
    def trail_public(self) -> bytes:
        """What the record keys of a new trail segment are sealed to: of the current epoch."""
        return bytes.fromhex(self._book.trail_public)

    @property
    def share_public(self) -> bytes:
        """What checks the practice's signature on a share made now: of the current epoch."""
        return bytes.fromhex(self._book.share_public)

    def publics(self, name: KeyName) -> Mapping[int, bytes]:
        """Public halves by epoch, retired ones too: what was signed in an old epoch still checks.

        Empty for IMAGES, which has none.
        """
        return epochs.publics(self._book, name)

    # --- its keys --------------------------------------------------------------------------

    def live_epochs(self, name: KeyName) -> frozenset[int]:
        """Numbers of a key's epochs that are not retired; the largest is current."""
        return frozenset(epochs.live(self._book, name))

    @property
    def rotation_due(self) -> frozenset[KeyName]:
        """Keys that somebody lost the right to, but may remember, since they were begun."""
        return frozenset(map(KeyName, self._book.rotation_due))

    @property
    def due_reasons(self) -> Mapping[KeyName, tuple[Due, ...]]:
        """Why each of `rotation_due` is; empty where an older program did not write it down."""
        return epochs.due_reasons(self._book)

    @property
    def is_rotation_due(self) -> bool:
        """Whether any key waits for a new epoch: show it to whoever manages keys."""
        return bool(self._book.rotation_due)

    @property
    def recovery_proved_at(self) -> datetime | None:
        """When the recovery key on paper was last seen to open everything; None: never."""
        text = self._book.recovery_proved_at
        return datetime.fromisoformat(text) if text else None

    # --- who there is ----------------------------------------------------------------------

    def users(self) -> Sequence[User]:
        """Everybody, by display name."""
        with self._turn:
            return sorted(
                (user_of(self._book, row) for row in self._book.users),
                key=lambda user: user.display_name,
            )

    def user(self, name_or_id: str) -> User:
        """One user by login name or id.

        Raises
        ------
        AccountRefused
            There is no such account.
        """
        with self._turn:
            return user_of(self._book, self._row(name_or_id))

    def roles(self) -> Mapping[str, Role]:
        """Every role that somebody here may have, by id: the program's, then the practice's own."""
        return roles_in(self._book)

    def role(self, title_or_id: str) -> Role:
        """One role by title or id.

        Raises
        ------
        AccountRefused
            There is none.
        """
        wanted = login_name(title_or_id)
        for role in self.roles().values():
            if role.id == title_or_id or login_name(role.title) == wanted:
                return role
        return role_of(self._book, title_or_id)

    def standing(self, user_id: UserId) -> bytes:
        """Digest of all that says what an account opens now: its row, its role, the live epochs.

        Raises
        ------
        AccountRefused
            There is no such account.
        """
        with self._turn:
            row = self._row(user_id)
            role = role_of(self._book, row.role)
            may = sorted(permission.value for permission in role.may)
            live = [f"{name.value} {sorted(self.live_epochs(name))}" for name in KeyName]
        return digest(context("bitewing standing v1", to_json(row), role.bound, *may, *live))

    def cost_of(self, user_id: UserId) -> Stretch:
        """What a guess at somebody's password costs.

        Raises
        ------
        AccountRefused
            There is no such account.
        """
        with self._turn:
            return self._row(user_id).stretch

    def refresh(self) -> None:
        """Read the accounts again if another process changed them.

        Raises
        ------
        AccountsTampered, DeviceSecretMissing, NoKeyStore
            They are not what this workstation wrote last, or that cannot be told.
        """
        with self._turn:
            try:
                stamp = _stamp_of(self._file.path)
            except OSError:
                raise AccountsTampered("A file of the accounts is missing.") from None
            if stamp != self._stamp:
                self._book = checked_book(self._file.read())
                self._stamp = stamp

    # --- for those who change it -----------------------------------------------------------

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the accounts, as they are on disk, for one change."""
        with self._turn, accounts_lock(self.folder / "accounts.lock"):
            self.refresh()
            yield

    def _write(self, book: Book) -> None:
        self._file.write(to_plain(book))
        self._book = book
        self._stamp = _stamp_of(self._file.path)

    def _take_over(self, book: Book) -> None:
        """Write files that this device secret never tagged before."""
        with self._turn, accounts_lock(self.folder / "accounts.lock"):
            self.throttle.start_over()
            self.last_steps.start_over()
            policy.start_over(self.folder, self.keystore, self.id)
            self._file.replace(to_plain(book))
            self._book = book
            self._stamp = _stamp_of(self._file.path)

    def _row(self, name_or_id: str) -> UserRow:
        wanted = login_name(name_or_id)
        for row in self._book.users:
            if row.id == name_or_id or login_name(row.name) == wanted:
                return row
        raise AccountRefused("There is no such account.")

    def _shares(self, device: Secret, third: ThirdShare | None) -> Shares:
        return Shares(device, (self.id, device_id(device)), third)


def _stamp_of(path: Path) -> tuple[int, ...]:
    """What changes with every write of a file, also where its time of change is put back."""
    facts = path.stat()
    return (facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino, facts.st_size)


def unproved_book(raw: bytes) -> Book:
    """Return what an accounts file says, before any proof that it is ours.

    Raises
    ------
    AccountsTampered
        It says nothing that this program writes.
    """
    try:
        return checked_book(json.loads(raw)["body"]["content"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise AccountsTampered from None
