"""The append-only trail: each record sealed, chained and on disk before `append` returns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from viewer.crypto.secret import Secret
from viewer.session.audit.events import Entry, Event, EventFilter
from viewer.session.clock import Clock
from viewer.session.keystore import KeyStore


class Trail:
    """One workstation's trail in `<store>/trail/`. Safe from threads and other processes."""

    workstation: str
    public_key_line: str
    """The line an offline verifier needs (C2SP note verifier key); also in `trail/public.key`."""

    @classmethod
    def create(
        cls,
        folder: Path,
        keystore: KeyStore,
        practice_id: str,
        trail_public: bytes,
        clock: Clock,
    ) -> Trail:
        """Begin a trail, or after a recovery its next segment. `folder` is the store's folder."""
        raise NotImplementedError

    @classmethod
    def open(
        cls, folder: Path, keystore: KeyStore, practice_id: str, clock: Clock
    ) -> Trail:
        """Open the newest segment. Raises TrailDamaged, TrailUnwritable, DeviceSecretMissing."""
        raise NotImplementedError

    def append(self, entry: Entry) -> Event:
        """Commit an entry. Raises TrailUnwritable: then the caller does NOT do the thing."""
        raise NotImplementedError

    def checkpoint(self) -> None:
        """Sign what there is and keep the head outside (also by itself: 256 events, 60 s…)."""
        raise NotImplementedError

    def checkpoint_if_due(self) -> None:
        """For the desk's poll."""
        raise NotImplementedError

    def forget_record_key(self) -> None:
        """At lock and logoff: what was written so far can now be read with the trail key alone."""
        raise NotImplementedError

    def close(self) -> None:
        """Checkpoint and let go of keys and files."""
        raise NotImplementedError


class TrailReader:
    """Decrypted events, newest first, for whoever holds the trail key. Wipe it at lock."""

    def __init__(self, folder: Path, trail_key: Secret) -> None:
        raise NotImplementedError

    def refresh(self) -> None:
        """Read what was appended since."""
        raise NotImplementedError

    def count(self, wanted: EventFilter) -> int:
        """How many events match."""
        raise NotImplementedError

    def page(
        self, wanted: EventFilter, first: int = 0, count: int = 200
    ) -> Sequence[Event]:
        """A page, newest first."""
        raise NotImplementedError

    def close(self) -> None:
        """Forget keys and events."""
        raise NotImplementedError
