"""New epochs, retired epochs, and the keys on paper: what the officer does with the keys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from viewer.crypto.errors import NotAuthentic
from viewer.session import epochs
from viewer.session.book import EMERGENCY, RECOVERY, Due
from viewer.session.clock import Clock, SystemClock
from viewer.session.holders import KeyRing, open_all
from viewer.session.ledger import Ledger
from viewer.session.permissions import KeyName
from viewer.session.recovery import RecoveryKey

ONLY_IMAGES = (KeyName.IMAGES,)


class KeyLedger(Ledger):
    """A ledger whose keys can be renewed. Changes are on disk when a method returns.

    Who may is the gate's business; but a ring that lacks a current key renews nothing.
    """

    def begin_epoch(self, officer: KeyRing, names: Iterable[KeyName] = ONLY_IMAGES) -> KeyRing:
        """Begin epoch N+1 of some keys; return those fresh keys alone, for the caller to wipe.

        Each is sealed to every enabled user whose role holds it (bound to user and role), to the
        recovery key, and IMAGES to the emergency key if there is one. Old epochs stay open until
        `retire_epochs`. A new SHARE or TRAIL key changes `share_public` or `trail_public`; the
        public halves before stay in `publics`. `Session.begin_epoch` calls this and takes the keys
        into the session at once; sessions elsewhere hold them from their next login on. It settles
        `rotation_due` for these keys. A new TRAIL key counts from the next segment on, which
        `Trail.create` begins; the open segment goes on under the one it began with.

        Raises
        ------
        AccountRefused
            The ring lacks a current key.
        AccountsUnwritable, AccountsTampered, DeviceSecretMissing, NoKeyStore
            Nothing was changed.
        """
        with self._changing():
            book, fresh = epochs.begun(self._book, officer, names)
            try:
                self._write(book)
            except BaseException:
                fresh.wipe()
                raise
        return fresh

    def retire_epochs(self, name: KeyName, below: int) -> None:
        """Destroy the seals of a key's epochs under a number: not even recovery opens them again.

        Open sessions drop them at their next use of a key and at each poll (`Session.keep_up`);
        `Session.retire_epochs` does both at once. A second call does nothing. Only the caller knows
        that nothing is left under them: IMAGES once the store and its backups are sealed under the
        new one, TRAIL never as long as segments begun under it are to be read, SHARE at any time.

        Raises
        ------
        AccountRefused
            The current epoch would be among them.
        AccountsUnwritable, AccountsTampered, DeviceSecretMissing, NoKeyStore
            Nothing was changed.
        """
        with self._changing():
            self._write(epochs.retired(self._book, name, below))

    def demand_rotation(self, names: Iterable[KeyName] = tuple(KeyName)) -> None:
        """Note that keys may have leaked: a rotation is due until `begin_epoch`."""
        with self._changing():
            self._write(epochs.with_due(self._book, names, Due.LEAK))

    # --- keys on paper ---------------------------------------------------------------------

    def proves_recovery(
        self, recovery: RecoveryKey, officer: KeyRing | None = None, clock: Clock | None = None
    ) -> bool:
        """Whether the typed key opens every live epoch; if so, the time is kept.

        With the officer's ring, what it opens is also compared with the keys in use. See
        `recovery_proved_at`.

        Raises
        ------
        AccountRefused
            The officer's ring lacks a key.
        AccountsUnwritable, AccountsTampered, DeviceSecretMissing, NoKeyStore
            It cannot be told or kept.
        """
        with self._changing():
            if recovery.public.hex() != self._book.recovery_public:
                return False
            try:
                opened = open_all(self._book, recovery.private, RECOVERY, "")
            except NotAuthentic:
                return False
            with opened:
                if officer is not None and not epochs.are_same(opened, officer):
                    return False
            at: datetime = (clock or SystemClock()).wall()
            self._write(attrs.evolve(self._book, recovery_proved_at=at.isoformat()))
        return True

    def replace_recovery(self, officer: KeyRing) -> RecoveryKey:
        """Make a fresh recovery key, to be printed once; the old one opens nothing here any more.

        Whoever has the old sheet *and* an old copy of the accounts still opens the epochs of that
        time, so a rotation becomes due.

        Raises
        ------
        AccountRefused
            The officer's ring lacks a key.
        AccountsUnwritable, AccountsTampered, DeviceSecretMissing, NoKeyStore
            Nothing was changed.
        """
        fresh = RecoveryKey.new()
        try:
            with self._changing():
                public = fresh.public.hex()
                book = epochs.sealed_to_paper(self._book, officer, RECOVERY, public)
                book = attrs.evolve(book, recovery_public=public, recovery_proved_at="")
                self._write(epochs.with_due(book, KeyName, Due.SHEET))
        except BaseException:
            fresh.wipe()
            raise
        return fresh

    def replace_emergency(self, officer: KeyRing) -> RecoveryKey:
        """Make a fresh emergency key (same spelling as a recovery key); it opens IMAGES alone.

        Raises
        ------
        As `replace_recovery`.
        """
        fresh = RecoveryKey.new()
        try:
            self._seal_to_emergency(officer, fresh.public.hex())
        except BaseException:
            fresh.wipe()
            raise
        return fresh

    def drop_emergency(self, officer: KeyRing) -> None:
        """Do without an emergency key from now on."""
        self._seal_to_emergency(officer, "")

    def open_in_emergency(self, emergency: RecoveryKey) -> KeyRing:
        """Return what the emergency key opens.

        Raises
        ------
        NotAuthentic
            It is not this practice's.
        """
        return open_all(self._book, emergency.private, EMERGENCY, "")

    def _seal_to_emergency(self, officer: KeyRing, public: str) -> None:
        with self._changing():
            book = epochs.sealed_to_paper(self._book, officer, EMERGENCY, public)
            had_one = bool(self._book.emergency_public)
            book = attrs.evolve(book, emergency_public=public)
            due = epochs.with_due(book, ONLY_IMAGES, Due.EMERGENCY)
            self._write(due if had_one else book)
