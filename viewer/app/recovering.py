"""Recovery in place: the store is here, but its key store, or every password, is lost.

Nobody can log in, so there is no gate to pass: the recovery key is the authority. What happened is
in the trail, in a new segment where the one before is another key store's, and signed at once.
"""

from __future__ import annotations

from pathlib import Path

import attrs

from viewer.app import forking
from viewer.crypto.errors import NotAuthentic
from viewer.model.errors import BitewingError
from viewer.session.accounts import Practice, User
from viewer.session.audit.events import PROGRAM, Actor, Entry, EventKind, Outcome
from viewer.session.audit.trail import Trail
from viewer.session.clock import Clock, SystemClock
from viewer.session.errors import AccountsTampered, RecoveryKeyRefused, TrailDamaged
from viewer.session.fork import TRAIL
from viewer.session.keystore import KeyStore
from viewer.session.ledger import FILE, unproved_book
from viewer.session.permissions import KeyName
from viewer.session.recovery import RecoveryKey
from viewer.vault.records import VaultHead, VaultKeys
from viewer.vault.store import Vault


@attrs.frozen
class Recovered:
    """What there is again.

    `accounts` could not be authenticated: somebody looks at the list. `knows_heads`: the key store
    still knew where the list of images stood, so a store that was set back would be refused.
    `opens`: the list of images opened; else “bitewing check --repair” is next.
    """

    officer: User
    accounts: tuple[User, ...]
    segment: int
    knows_heads: bool
    opens: bool


def recover(
    store: Path,
    keystore: KeyStore,
    recovery: RecoveryKey,
    officer: str,
    password: str,
    clock: Clock | None = None,
) -> Recovered:
    """Let an account that manages accounts in again, with a new password, by the recovery key.

    All others get a password from it, and a rotation of every key is due. Killed anywhere, a second
    call does it again. A catalog or trail that was set back is not authorised by this where the
    heads outside are known (`restoring.accept_folder` is for that).

    Raises
    ------
    RecoveryKeyRefused
        It is not this practice's; that is in the trail if the trail can be written.
    AccountRefused, WeakPassword, AccountsTampered, AccountsUnwritable, NoKeyStore
        Nothing was changed.
    TrailUnwritable
        The accounts are recovered, but that could not be recorded: call it again.
    """
    clock = clock or SystemClock()
    _note(store, keystore, clock, Outcome.INTENT, "with the recovery sheet")
    try:
        practice = Practice.recover(store, keystore, recovery, officer, password)
    except NotAuthentic:
        _note(store, keystore, clock, Outcome.REFUSED, "not this practice's recovery sheet")
        raise RecoveryKeyRefused from None
    user = practice.user(officer)
    knows_heads = forking.outside_head(keystore, practice.id) is not None
    head = _found_head(store, practice, user, password)
    why = _words(knows_heads, head)
    actor = Actor(user.id, user.display_name, user.role.title)
    trail = open_or_begin_trail(
        store, keystore, practice, forking.Grounds(actor, why, clock.wall()), clock
    )
    try:
        digests = (head.digest,) if head else ()
        trail.append(Entry(EventKind.PRACTICE_RECOVERED, actor, why=why, digests=digests))
        segment = trail.segment
    finally:
        trail.close()
    return Recovered(user, tuple(practice.users()), segment, knows_heads, head is not None)


def open_or_begin_trail(
    store: Path,
    keystore: KeyStore,
    practice: Practice,
    grounds: forking.Grounds,
    clock: Clock,
) -> Trail:
    """Open the trail if it is this workstation's and whole; else begin its next segment.

    Where the head outside knew a later state, that is a fork: signed, and in the trail.
    """
    before = keystore.read_head(practice.id, forking.TRAIL_HEAD)
    try:
        return Trail.open(store, keystore, practice.id, clock)
    except TrailDamaged:
        trail = Trail.create(store, keystore, practice.id, practice.trail_public, clock)
        after = keystore.read_head(practice.id, forking.TRAIL_HEAD)
        if before is not None and after is not None:
            forking.authorise(store, keystore, trail, practice.id, TRAIL, (before, after), grounds)
    return trail


def _found_head(store: Path, practice: Practice, user: User, password: str) -> VaultHead | None:
    """Return where the list of images stands as it lies there; None where it does not open."""
    with practice.open_keys(user.id, password) as ring:
        epochs = ring.keys[KeyName.IMAGES]
        try:
            with Vault.open(store, VaultKeys(practice.id, epochs, max(epochs))) as vault:
                return vault.head()
        except BitewingError:
            return None


def _words(knows_heads: bool, head: VaultHead | None) -> str:  # noqa: FBT001 - two facts
    found = f"the list of images is at step {head.generation}" if head else "it does not open"
    if knows_heads:
        return f"recovery sheet; {found}, and is compared with the step kept outside"
    return f"recovery sheet; no step of the list of images was kept outside; {found}, unproved"


def _note(store: Path, keystore: KeyStore, clock: Clock, outcome: Outcome, why: str) -> None:
    """Write an attempt into the trail, where this key store can: a lost one cannot."""
    try:
        practice_id = unproved_book((store / FILE).read_bytes()).practice_id
        trail = Trail.open(store, keystore, practice_id, clock)
    except (OSError, AccountsTampered, BitewingError):
        return
    try:
        trail.append(Entry(EventKind.PRACTICE_RECOVERED, PROGRAM, outcome, why=why))
    finally:
        trail.close()
