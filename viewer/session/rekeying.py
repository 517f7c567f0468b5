"""New epochs, retired epochs, and the keys on paper: what the officer does with the keys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import sealing_public
from viewer.crypto.secret import Secret
from viewer.session import epochs
from viewer.session.book import EMERGENCY, RECOVERY, Book, Due, EpochRow
from viewer.session.clock import Clock, SystemClock
from viewer.session.device import require_device_secret
from viewer.session.emergency import EmergencyCode
from viewer.session.holders import KeyRing, open_all
from viewer.session.ledger import Ledger
from viewer.session.permissions import KeyName
from viewer.session.recovery import RecoveryKey

ONLY_IMAGES = (KeyName.IMAGES,)
_SPENT_KEPT = 50
"""So many codes of the past are known as such; older ones are wrong codes like any other."""


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

    @property
    def emergency_since(self) -> datetime | None:
        """When the sealed code that is in force was made; None: there is none."""
        text = self._book.emergency_since
        return datetime.fromisoformat(text) if self._book.emergency_public and text else None

    def make_emergency(self, officer: KeyRing, clock: Clock | None = None) -> EmergencyCode:
        """Make a fresh sealed code, to be printed once; it opens IMAGES alone, here and once.

        The one before opens nothing any more.

        Raises
        ------
        As `replace_recovery`.
        """
        fresh = EmergencyCode.new()
        with self._emergency_private(fresh) as private, self._changing():
            since = (clock or SystemClock()).wall().isoformat()
            book = self._without_emergency()
            public = sealing_public(private).hex()
            book = epochs.sealed_to_paper(book, officer, EMERGENCY, public)
            self._write(attrs.evolve(book, emergency_public=public, emergency_since=since))
        return fresh

    def drop_emergency(self) -> bool:
        """Do without a sealed code from now on: takes no key. Whether there was one."""
        with self._changing():
            had_one = bool(self._book.emergency_public)
            if had_one:
                self._write(self._without_emergency())
        return had_one

    def open_in_emergency(self, code: EmergencyCode) -> KeyRing:
        """Return what the sealed code opens, and leave it as it is.

        Raises
        ------
        NotAuthentic
            It is not this practice's, not this workstation's, or not in force any more.
        """
        with self._emergency_private(code) as private:
            return open_all(self._book, private, EMERGENCY, "")

    def spend_emergency(self, code: EmergencyCode) -> KeyRing:
        """Return what the sealed code opens; what it opened it with is destroyed in one write.

        Raises
        ------
        NotAuthentic
            As `open_in_emergency`.
        AccountsUnwritable, AccountsTampered, OSError
            It could not be destroyed, so nothing was opened.
        """
        with self._changing():
            ring = self.open_in_emergency(code)
            try:
                self._write(self._without_emergency())
            except BaseException:
                ring.wipe()
                raise
        return ring

    def is_spent(self, code: EmergencyCode) -> bool:
        """Whether a code was in force once, and is not any more."""
        return self.emergency_id(code) in self._book.emergency_spent

    def emergency_id(self, code: EmergencyCode) -> str:
        """Return the public half that stands for a code: it says nothing about it."""
        with self._emergency_private(code) as private:
            return sealing_public(private).hex()

    def destroy_emergency(self, code_id: str) -> bool:
        """Destroy the code with this public half, if it is in force still; whether it was.

        Raises
        ------
        AccountsUnwritable, AccountsTampered, OSError
            It could not be.
        """
        with self._changing():
            is_there = self._book.emergency_public == code_id
            if is_there:
                self._write(self._without_emergency())
        return is_there

    def _without_emergency(self) -> Book:
        """Return the book without its sealed code, which is remembered as spent; or as it is."""
        book, public = self._book, self._book.emergency_public
        if not public:
            return book
        rows = tuple(_without(row, EMERGENCY) for row in book.epochs)
        spent = (*book.emergency_spent, public)[-_SPENT_KEPT:]
        book = attrs.evolve(
            book, epochs=rows, emergency_public="", emergency_since="", emergency_spent=spent
        )
        return epochs.with_due(book, ONLY_IMAGES, Due.EMERGENCY)

    def _emergency_private(self, code: EmergencyCode) -> Secret:
        with require_device_secret(self.keystore) as secret:
            return code.private(self.id, secret)


def _without(row: EpochRow, holder: str) -> EpochRow:
    return attrs.evolve(
        row, sealed={who: text for who, text in row.sealed.items() if who != holder}
    )
