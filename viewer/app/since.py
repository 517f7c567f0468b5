"""What the practice at this machine knows of the time after a snapshot: a restore does it again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from viewer.crypto.errors import NotAuthentic
from viewer.model.ids import PatientId
from viewer.session.accounts import KeyRing
from viewer.session.audit.events import EventFilter, EventKind, Outcome
from viewer.session.audit.reader import TrailReader
from viewer.session.errors import AccountsTampered
from viewer.session.ledger import FILE
from viewer.session.permissions import KeyName
from viewer.session.recovered import opened_copy
from viewer.session.recovery import RecoveryKey
from viewer.vault.backup.since import NOTHING_KNOWN, Since, known_to
from viewer.vault.records import VaultKeys

_AT_ONCE = 500


def known_since(store: Path, asides: list[Path], recovery: RecoveryKey) -> Since:
    """Return what the newest store that was set aside knows, and what the trail here tells.

    Parameters
    ----------
    asides : list of Path
        The folders that were set aside, the newest first.
    """
    for aside in asides:
        with _keys_of(aside, recovery) as found:
            if found is None:
                continue
            practice_id, ring = found
            epochs = ring.keys[KeyName.IMAGES]
            since = known_to(aside, VaultKeys(practice_id, epochs, max(epochs)))
            told = _told_by_trail(store, ring)
            return since if told is None else since.and_erased(told)
    return NOTHING_KNOWN


@contextmanager
def _keys_of(aside: Path, recovery: RecoveryKey) -> Iterator[tuple[str, KeyRing] | None]:
    try:
        copy = opened_copy((aside / FILE).read_bytes(), recovery)
    except (OSError, NotAuthentic, AccountsTampered):  # given up, or of another sheet
        yield None
        return
    with copy.keys as ring:
        yield copy.practice_id, ring


def _told_by_trail(store: Path, ring: KeyRing) -> set[PatientId] | None:
    """Return whom the trail's entries say were erased; None where it cannot be read."""
    keys = ring.keys[KeyName.TRAIL]
    reader = TrailReader(store, *(keys[number] for number in sorted(keys, reverse=True)))
    wanted, told = EventFilter(kinds=frozenset({EventKind.PATIENT_ERASED})), set[PatientId]()
    try:
        reader.refresh()
        total = reader.count(wanted)
        for first in range(0, total, _AT_ONCE):
            for event in reader.page(wanted, first, _AT_ONCE):
                entry = event.entry
                if entry.outcome is Outcome.DONE and entry.patient_id is not None:
                    told.add(entry.patient_id)
    except OSError:
        return None
    finally:
        reader.close()
    return told if total else None
