"""Opening a store against the head kept outside, and going on from an older state by right.

A store that is older than it was is refused, with an alarm in the trail, unless a signed statement
leads from exactly the head that is kept outside to where the store stands. `authorise` makes one:
after a restore, a repair from an older copy, or a person's decision.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import attrs

from viewer.model.errors import BitewingError
from viewer.session.audit.events import PROGRAM, Actor, Entry, EventKind, Outcome
from viewer.session.audit.outside import HEAD_NAME
from viewer.session.audit.trail import Trail
from viewer.session.clock import Clock
from viewer.session.fork import CATALOG, SignedFork, find_fork, keep_fork, sign_fork
from viewer.session.keystore import Head, KeyStore
from viewer.session.ledger import FILE, unproved_book
from viewer.vault.errors import RolledBack
from viewer.vault.records import VaultHead, VaultKeys
from viewer.vault.store import Vault

CATALOG_HEAD = CATALOG
TRAIL_HEAD = HEAD_NAME


@attrs.frozen
class Grounds:
    """Who authorises a fork, why and when."""

    actor: Actor
    why: str
    when: datetime


def outside_head(keystore: KeyStore, practice_id: str) -> VaultHead | None:
    """Return where the catalog stood when it was last seen, if it ever was."""
    outside = keystore.read_head(practice_id, CATALOG_HEAD)
    return VaultHead(outside.size, outside.digest) if outside else None


def head_of(head: VaultHead) -> Head:
    """Return a catalog's head as it is kept outside."""
    return Head(head.generation, head.digest)


def open_store(folder: Path, keystore: KeyStore, trail: Trail, keys: VaultKeys) -> Vault:
    """Open the vault where the head kept outside, or a signed fork, says that it stands.

    Raises
    ------
    RolledBack
        It was set back; an alarm is in the trail.
    StoreInUse, StoreDamaged, StoreFault, TrailUnwritable
        It could not be opened.
    """
    expected = outside_head(keystore, keys.practice_id)
    try:
        return Vault.open(folder, keys, expected)
    except RolledBack:
        if expected is None:
            raise
        vault = _opened_by_fork(folder, keystore, keys, head_of(expected))
        if vault is not None:
            return vault
        why = "the list of images is older than it was"
        trail.append(Entry(EventKind.SET_BACK, outcome=Outcome.REFUSED, why=why))
        raise


def _opened_by_fork(
    folder: Path, keystore: KeyStore, keys: VaultKeys, outside: Head
) -> Vault | None:
    signed = find_fork(folder, keystore, keys.practice_id, CATALOG, outside)
    if signed is None:
        return None
    end = signed.fork.end
    vault = Vault.open(folder, keys)  # nothing is collected: it is not the newest that was seen
    try:
        if vault.has_passed(VaultHead(end.size, end.digest)):
            keystore.write_head(keys.practice_id, CATALOG_HEAD, end)
            return vault
    except BaseException:
        vault.close()
        raise
    vault.close()
    return None


def authorise(
    folder: Path,
    keystore: KeyStore,
    trail: Trail,
    practice_id: str,
    history: str,
    steps: tuple[Head, Head],
    grounds: Grounds,
) -> SignedFork:
    """Sign a fork and put it into the trail and the folder: after that the store opens with it.

    The catalog's head outside is replaced when the store is opened next; whoever has installed
    what it leads to may replace it at once (`settle`). The head it leads to must be a fresh one
    (`Vault.go_on_from_here`, `mend_store` and a restore see to that).

    Raises
    ------
    TrailUnwritable
        Nothing was authorised.
    """
    signed = sign_fork(
        keystore,
        practice_id,
        history,
        steps,
        grounds.when,
        grounds.actor.user_id or "",
        grounds.why,
    )
    trail.append(
        Entry(EventKind.HISTORY_FORKED, grounds.actor, why=signed.words, digests=(signed.digest,))
    )
    keep_fork(folder, signed)
    return signed


def settle(keystore: KeyStore, practice_id: str, signed: SignedFork) -> None:
    """Keep the end of a catalog's fork outside, once what it leads to is in its place."""
    keystore.write_head(practice_id, CATALOG_HEAD, signed.fork.end)


def go_on_from_here(
    folder: Path, keystore: KeyStore, trail: Trail, keys: VaultKeys, grounds: Grounds
) -> SignedFork | None:
    """Authorise the catalog as it lies in the folder; None where it was not set back at all.

    Raises
    ------
    StoreInUse, StoreDamaged, StoreFault, TrailUnwritable
        Nothing was authorised.
    """
    expected = outside_head(keystore, keys.practice_id)
    with Vault.open(folder, keys) as vault:
        if expected is None or vault.has_passed(expected):
            return None
        end = vault.go_on_from_here()
        steps = head_of(expected), head_of(end)
        signed = authorise(folder, keystore, trail, keys.practice_id, CATALOG, steps, grounds)
        settle(keystore, keys.practice_id, signed)
    return signed


def note_set_back(folder: Path, keystore: KeyStore, clock: Clock, what: str) -> bool:
    """Put an alarm into the trail where a part was set back before anybody could log in.

    Returns whether the trail could take it: one that was set back itself takes nothing.
    """
    try:
        practice_id = unproved_book((folder / FILE).read_bytes()).practice_id
        trail = Trail.open(folder, keystore, practice_id, clock)
    except (OSError, BitewingError):
        return False
    try:
        trail.append(Entry(EventKind.SET_BACK, PROGRAM, Outcome.REFUSED, why=what))
    except BitewingError:
        return False
    finally:
        trail.close()
    return True
